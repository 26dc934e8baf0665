from itertools import islice

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from codegpt.training.corpus import SourceText
from codegpt.training.rows import Place, Rows, pack
from codegpt.training.samples import Recipe, Sample
from codegpt.training.tokenizer import PAD, Coder

RECIPE = Recipe(length=64)


def test_rows_are_whole_samples_and_padding() -> None:
    packed = pack([Sample([1, 1, 1]), Sample([2, 2], 1), Sample([3, 3, 3, 3], 3), Sample([4])], 5, 9)
    assert packed[..., 0].tolist() == [[3, 3, 3, 3, 4], [2, 2, 1, 1, 1]]
    assert packed[..., 1].tolist() == [[0, 1, 1, 1, 0], [0, 1, 0, 0, 0]]
    assert pack([Sample([1])], 3, 9)[..., 0].tolist() == [[1, 9, 9]]
    assert pack([], 3, 9).shape == (0, 3, 2)


@given(st.lists(st.lists(st.integers(1, 8), min_size=1, max_size=10), max_size=30))
def test_packing_loses_nothing(samples: list[list[int]]) -> None:
    rows = pack([Sample(ids, len(ids) // 2) for ids in samples], 10, 0)
    ids, middle = rows[..., 0], rows[..., 1]
    assert sorted(ids[ids != 0].tolist()) == sorted(token for sample in samples for token in sample)
    assert middle.sum() == sum(len(ids) // 2 for ids in samples)
    assert len(rows) <= max(1, len(samples))


def test_the_same_seed_gives_the_same_rows_from_any_place(texts: list[SourceText], coder: Coder) -> None:
    rows = Rows(texts, coder, RECIPE, 7)
    first = list(islice(rows.after(Place()), 900))
    assert len({place.epoch for place, _ in first}) > 1
    for at in (0, 1, 417, 898):
        place, expected = first[at][0], first[at + 1][1]
        _, again = next(Rows(texts, coder, RECIPE, 7).after(place))
        assert (again == expected).all()
    _, other = next(Rows(texts, coder, RECIPE, 8).after(Place()))
    assert (other != first[0][1]).any()


def test_rows_are_nearly_full_and_an_epoch_is_cut_otherwise(texts: list[SourceText], coder: Coder) -> None:
    rows = Rows(texts, coder, RECIPE, 7)
    one, two = rows.shard(0, 0), rows.shard(1, 0)
    assert one.dtype == np.uint16
    assert one.shape[1] == RECIPE.length + 1
    assert (one[..., 0] == coder.control[PAD]).mean() < 0.1
    again = {tuple(row) for row in one[..., 0].tolist()}.intersection(tuple(row) for row in two[..., 0].tolist())
    assert len(again) < 0.05 * len(one)


def test_a_corpus_without_a_row_has_an_end(coder: Coder) -> None:
    assert list(Rows([SourceText("p", "a.py", "\n")] * 3, coder, RECIPE, 0).after(Place())) == []
