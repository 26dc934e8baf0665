"""The cache holds what was appended and advanced over; batches and what they were made of do not share memory."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from codegpt.engine.kv_cache import GROW_TOKENS, Batch, KvCache, Rows, common_prefix, gather

LAYERS, HEADS, SIZE = 2, 2, 3


def states(length: int, rows: int = 1, seed: int = 0) -> Tensor:
    return torch.randn(rows, HEADS, length, SIZE, generator=torch.Generator().manual_seed(seed))


def append(cache: KvCache, length: int, rows: int = 1, seed: int = 0) -> None:
    """Append other keys and values to every layer, and hold them."""
    for layer in range(LAYERS):
        cache.append(layer, states(length, rows, 4 * seed + 2 * layer), states(length, rows, 4 * seed + 2 * layer + 1))
    cache.advance(length)


def filled(*lengths: int, rows: int = 1, seed: int = 0) -> KvCache:
    cache = KvCache()
    for number, length in enumerate(lengths):
        append(cache, length, rows, seed + number)
    return cache


def expected(length: int, rows: int = 1, seed: int = 0) -> list[Tensor]:
    """What the layers hold once so much was appended with this seed."""
    return [torch.stack([states(length, rows, 4 * seed + 2 * layer + half) for half in (0, 1)]) for layer in (0, 1)]


def same(first: list[Tensor], second: list[Tensor]) -> bool:
    return len(first) == len(second) and all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def copied(cache: KvCache) -> list[Tensor]:
    return [layer.clone() for layer in cache.layers]


def storages(cache: KvCache) -> set[int]:
    return {layer.untyped_storage().data_ptr() for layer in cache.layers}


LENGTHS = st.one_of(st.integers(1, 5), st.sampled_from([GROW_TOKENS - 1, GROW_TOKENS, GROW_TOKENS + 1]))
STEPS = st.one_of(
    LENGTHS.map(lambda length: ("append", [length])),
    LENGTHS.map(lambda length: ("begin", [length])),
    st.integers(0, GROW_TOKENS + 4).map(lambda length: ("truncate", [length])),
    st.lists(st.integers(0, 2), min_size=1, max_size=3).map(lambda rows: ("select", rows)),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(STEPS, max_size=8))
def test_whatever_is_done_to_it_it_holds_what_plain_tensors_hold(steps: list[tuple[str, list[int]]]) -> None:
    cache, plain, rows = KvCache(), [torch.empty(2, 3, HEADS, 0, SIZE)] * LAYERS, 3
    for number, (step, numbers) in enumerate(steps):
        if step == "append":
            append(cache, numbers[0], rows, number)
            plain = [torch.cat(pair, dim=3) for pair in zip(plain, expected(numbers[0], rows, number), strict=True)]
        elif step == "begin":  # and stop after the first layer
            keys, values = cache.append(0, states(numbers[0], rows, 50), states(numbers[0], rows, 51))
            assert torch.equal(keys, torch.cat([plain[0][0], states(numbers[0], rows, 50)], dim=-2))
            assert torch.equal(values, torch.cat([plain[0][1], states(numbers[0], rows, 51)], dim=-2))
        elif step == "truncate":
            cache.truncate(numbers[0])
            plain = [layer[..., : numbers[0], :] for layer in plain]
        elif cache.length:
            chosen = [row % rows for row in numbers]
            cache = gather([Rows(cache, chosen, spent=number % 2 == 0)], [cache.length] * len(chosen)).cache
            plain, rows = [layer[:, chosen] for layer in plain], len(chosen)
        assert cache.length == plain[0].shape[3]
        if cache.length:
            assert same(cache.layers, plain)


def test_an_empty_cache() -> None:
    cache = KvCache()
    cache.truncate(3)
    assert (cache.length, cache.layers) == (0, [])
    append(cache, 2)
    assert same(cache.layers, expected(2))


def test_within_its_room_it_grows_in_place() -> None:
    cache = filled(3)
    places = [layer.data_ptr() for layer in cache.layers]
    more = 320 - 3  # three and room for 256 more, in pieces of 64
    for number in range(more):
        append(cache, 1, seed=number)
        assert [layer.data_ptr() for layer in cache.layers] == places
    before = copied(cache)
    append(cache, 1, seed=more)
    assert all(place != layer.data_ptr() for place, layer in zip(places, cache.layers, strict=True))
    assert same([layer[..., :-1, :] for layer in cache.layers], before)


def test_room_for_more_may_be_written_from_outside() -> None:
    cache = filled(3)
    room = cache.room_for(1, 2, (1, HEADS, SIZE), torch.empty(0))
    assert room.shape == (2, 1, HEADS, 320, SIZE)
    room[..., 3:5, :] = 7.0
    cache.advance(2)
    assert cache.layers[1][..., 3:, :].unique().tolist() == [7.0]
    assert cache.room_for(1, 320, (1, HEADS, SIZE), torch.empty(0)).shape[3] == 640  # 5 + 320 + 256, in pieces of 64
    assert cache.layers[1][..., 3:, :].unique().tolist() == [7.0]


def test_what_is_appended_is_copied() -> None:
    cache, keys, values = KvCache(), states(2), states(2, seed=1)
    cache.append(0, keys, values)
    cache.advance(2)
    keys.zero_()
    values.zero_()
    assert torch.equal(cache.layers[0], torch.stack([states(2), states(2, seed=1)]))


def test_it_has_the_number_type_of_what_it_was_given() -> None:
    keys, values = KvCache().append(0, states(2).bfloat16(), states(2).bfloat16())
    assert (keys.dtype, values.dtype) == (torch.bfloat16,) * 2


def test_rows_of_several_prompts_are_padded_on_the_left_and_repeated() -> None:
    short, long = filled(1, seed=1), filled(3, seed=2)
    batch = gather([Rows(short, [0, 0]), Rows(long, [0, 0])], [1, 1, 3, 3])
    assert batch.position_ids().tolist() == [[1], [1], [3], [3]]
    mask = batch.attention_mask()
    assert mask is not None
    assert mask.tolist() == [[0, 0, 1, 1], [0, 0, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1]]
    for joined, one, other in zip(batch.cache.layers, short.layers, long.layers, strict=True):
        padded = torch.cat([torch.zeros(2, 1, HEADS, 2, SIZE), one], dim=3)
        assert torch.equal(joined, torch.cat([padded, padded, other, other], dim=1))


def test_a_row_that_was_padded_loses_what_padding_is_not_needed_any_more() -> None:
    short, long = filled(2, seed=1), filled(5, seed=2)
    both = gather([Rows(short, [0]), Rows(long, [0])], [2, 5])
    third = filled(3, seed=3)
    batch = gather([Rows(both.cache, [0], spent=True), Rows(third, [0])], [2, 3])
    assert batch.cache.length == 3
    for held, one, other in zip(batch.cache.layers, short.layers, third.layers, strict=True):
        padded = torch.cat([torch.zeros(2, 1, HEADS, 1, SIZE), one], dim=3)
        assert torch.equal(held, torch.cat([padded, other], dim=1))


def test_rows_of_one_length_need_no_mask() -> None:
    batch = gather([Rows(filled(2, seed=1), [0]), Rows(filled(2, seed=2), [0])], [2, 2])
    assert batch.attention_mask() is None
    assert batch.position_ids().tolist() == [[2], [2]]
    longer = batch.longer()
    assert (longer.position_ids().tolist(), longer.cache) == ([[3], [3]], batch.cache)


@pytest.mark.parametrize("n", [1, 2])
def test_a_batch_and_the_prompt_it_was_made_of_do_not_share_memory(n: int) -> None:
    prompt = filled(4)
    batch = gather([Rows(prompt, [0] * n)], [4] * n)
    assert storages(batch.cache).isdisjoint(storages(prompt))
    joined = copied(batch.cache)
    prompt.truncate(1)
    append(prompt, 5, seed=8)
    assert same(batch.cache.layers, joined)
    known = copied(prompt)
    append(batch.cache, 5, rows=n, seed=9)
    batch.cache.truncate(1)
    append(batch.cache, 2, rows=n, seed=10)
    assert same(prompt.layers, known)


def test_rows_of_one_batch_do_not_share_memory() -> None:
    batch = gather([Rows(filled(2), [0, 0])], [2, 2])
    append(batch.cache, 1, rows=2, seed=3)
    first, second = batch.cache.layers[0][0]
    assert torch.equal(first[:, :2], second[:, :2])
    assert not torch.equal(first[:, 2:], second[:, 2:])


def test_a_spent_cache_gives_its_memory_back() -> None:
    cache = filled(4)
    gather([Rows(cache, [0], spent=True)], [4])
    assert [layer.numel() for layer in cache._rooms] == [0, 0]


def test_chosen_rows_keep_their_padding_and_order() -> None:
    six = gather(
        [Rows(filled(2, seed=1), [0, 0]), Rows(filled(4, seed=2), [0, 0]), Rows(filled(3), [0, 0])],
        [2] * 2 + [4] * 2 + [3] * 2,
    )
    before = copied(six.cache)
    batch: Batch = gather([Rows(six.cache, [5, 0, 2])], [3, 2, 4])
    assert same(batch.cache.layers, [layer[:, [5, 0, 2]] for layer in before])
    mask = batch.attention_mask()
    assert mask is not None
    assert mask.tolist() == [[0, 1, 1, 1, 1], [0, 0, 1, 1, 1], [1, 1, 1, 1, 1]]


@pytest.mark.parametrize(
    ("first", "second", "shared"),
    [([], [], 0), ([1], [], 0), ([1, 2], [1, 2, 3], 2), ([1, 2, 3], [1, 9, 3], 1), ([4], [5], 0)],
)
def test_the_common_prefix(first: list[int], second: list[int], shared: int) -> None:
    assert common_prefix(first, second) == shared
    assert common_prefix(second, first) == shared
