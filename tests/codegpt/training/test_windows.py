from itertools import islice

import pytest

from codegpt.engine.tokens import Tokens
from codegpt.prompt import parse_fim
from codegpt.training.corpus import SourceText
from codegpt.training.gpt import IGNORED
from codegpt.training.windows import Sizes, Window, Windows, batch_of

SIZES = Sizes(prefix=48, suffix=24, middle=16)


@pytest.mark.parametrize("fim", ["qwen2.5-coder/spm", "qwen2.5-coder/psm", None])
def test_a_window_is_a_prompt_of_the_product_and_its_answer(
    texts: list[SourceText], tokenizer_json: str, fim: str | None
) -> None:
    tokens = Tokens(tokenizer_json)
    windows = Windows(texts[:2], tokens, parse_fim(fim) if fim else None, SIZES)
    found = list(islice(windows.endless(0), 120))
    whole = "".join(each.text for each in texts[:2])
    for each in found:
        assert len(each.ids) <= 48 + 24 + 16 + 4
        learnt = tokens.decode([token for token in each.ids[each.read :] if token not in tokens.end_ids])
        assert learnt in whole
    ended = sum(each.ids[-1] == tokens.markup["<|endoftext|>"] for each in found)
    assert 0.5 < ended / len(found) < 1
    starts = {tokens.decode(each.ids[:2]) for each in found}
    assert starts == {"<|fim_prefix|><|fim_suffix|>"} if fim == "qwen2.5-coder/spm" else len(starts) > 1


def test_they_are_the_same_for_a_seed_and_go_through_all_files(texts: list[SourceText], tokenizer_json: str) -> None:
    windows = Windows(texts[:3], Tokens(tokenizer_json), None, SIZES)
    first, again = (list(islice(windows.endless(3), 40)) for _ in range(2))
    assert first == again
    assert first != list(islice(windows.endless(4), 40))
    assert windows.stretches == round(sum(len(each.text) for each in texts[:3]) / (0.75 * 3 * 72))


def test_what_is_only_read_is_not_learnt() -> None:
    ids, labels = batch_of([Window([5, 6, 7, 8], 2), Window([9, 3], 0)])
    assert ids.tolist() == [[5, 6, 7, 8], [9, 3, 0, 0]]
    no = IGNORED
    assert labels.tolist() == [[no, 7, 8, no], [3, no, no, no]]
