"""Growing layers hold what transformers' own layers hold; batches and what they were made of do not share memory."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

from codegpt.engine.kv_cache import (
    GROW_TOKENS,
    Batch,
    GrowingLayer,
    common_prefix,
    empty_cache,
    join,
    select_rows,
    truncate,
)

LAYERS, HEADS, SIZE = 2, 2, 3


def states(length: int, rows: int = 1, seed: int = 0) -> Tensor:
    return torch.randn(rows, HEADS, length, SIZE, generator=torch.Generator().manual_seed(seed))


def append(cache: DynamicCache, length: int, rows: int = 1, seed: int = 0) -> None:
    """Append to every layer other keys and values."""
    for layer in range(LAYERS):
        keys, values = states(length, rows, 4 * seed + 2 * layer), states(length, rows, 4 * seed + 2 * layer + 1)
        cache.update(keys, values, layer)


def filled(*lengths: int, seed: int = 0) -> DynamicCache:
    cache = empty_cache()
    for number, length in enumerate(lengths):
        append(cache, length, seed=seed + number)
    return cache


def held(cache: DynamicCache) -> list[Tensor]:
    """The keys and values of all layers that hold anything."""
    found = []
    for layer in cache.layers:
        assert isinstance(layer, DynamicLayer)
        if layer.is_initialized:
            assert layer.keys is not None
            assert layer.values is not None
            found += [layer.keys, layer.values]
    return found


def copied(cache: DynamicCache) -> list[Tensor]:
    return [tensor.clone() for tensor in held(cache)]


def same(first: list[Tensor], second: list[Tensor]) -> bool:
    return len(first) == len(second) and all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def storages(cache: DynamicCache) -> set[int]:
    return {tensor.untyped_storage().data_ptr() for tensor in held(cache)}


LENGTHS = st.one_of(st.integers(1, 5), st.sampled_from([GROW_TOKENS - 1, GROW_TOKENS, GROW_TOKENS + 1]))


@settings(max_examples=60, deadline=None)
@given(st.lists(LENGTHS, min_size=1, max_size=8), st.integers(1, 3))
def test_a_growing_layer_holds_what_a_dynamic_layer_holds(lengths: list[int], rows: int) -> None:
    growing, dynamic = GrowingLayer(), DynamicLayer()  # type: ignore[no-untyped-call]
    for number, length in enumerate(lengths):
        keys, values = states(length, rows, 2 * number), states(length, rows, 2 * number + 1)
        returned = growing.update(keys, values)
        expected = dynamic.update(keys, values)
        assert same(list(returned), list(expected))
        assert growing.keys is returned[0]
        assert growing.values is returned[1]
        assert growing.get_seq_length() == dynamic.get_seq_length()
        assert growing.get_mask_sizes(1) == dynamic.get_mask_sizes(1)


STEPS = st.one_of(
    LENGTHS.map(lambda length: ("append", [length])),
    st.integers(0, GROW_TOKENS + 4).map(lambda length: ("truncate", [length])),
    st.lists(st.integers(0, 2), min_size=1, max_size=3).map(lambda rows: ("select", rows)),
    st.just(("reset", [0])),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(STEPS, max_size=8))
def test_whatever_is_done_to_it_a_growing_cache_stays_right(steps: list[tuple[str, list[int]]]) -> None:
    growing, dynamic = empty_cache(), DynamicCache()
    rows = 3
    for number, (step, numbers) in enumerate(steps):
        chosen = [row % rows for row in numbers]
        if step == "select" and growing.get_seq_length():
            rows = len(chosen)
        for cache in (growing, dynamic):
            if step == "append":
                append(cache, numbers[0], rows, number)
            elif step == "truncate":
                truncate(cache, numbers[0])
            elif step == "select":
                cache.batch_select_indices(torch.tensor(chosen))
            else:
                cache.reset()  # type: ignore[no-untyped-call]
        assert growing.get_seq_length() == dynamic.get_seq_length()
        assert same(held(growing), held(dynamic))


def test_an_empty_cache_makes_growing_layers() -> None:
    cache = empty_cache()
    assert (len(cache.layers), cache.get_seq_length()) == (0, 0)
    append(cache, 2)
    assert [type(layer) for layer in cache.layers] == [GrowingLayer] * LAYERS
    assert cache.get_seq_length() == 2


def test_within_its_room_a_layer_grows_in_place() -> None:
    cache = filled(3)
    places = [tensor.data_ptr() for tensor in held(cache)]
    for number in range(GROW_TOKENS):
        append(cache, 1, seed=number)
        assert [tensor.data_ptr() for tensor in held(cache)] == places
    before = copied(cache)
    append(cache, 1, seed=GROW_TOKENS)
    after = held(cache)
    assert all(place != tensor.data_ptr() for place, tensor in zip(places, after, strict=True))
    assert same([tensor[..., :-1, :] for tensor in after], before)
    assert {tensor.shape for tensor in after} == {(1, HEADS, GROW_TOKENS + 4, SIZE)}


def test_what_is_appended_is_copied() -> None:
    layer, keys, values = GrowingLayer(), states(2), states(2, seed=1)
    layer.update(keys, values)
    keys.zero_()
    values.zero_()
    assert layer.keys is not None
    assert layer.values is not None
    assert torch.equal(layer.keys, states(2))
    assert torch.equal(layer.values, states(2, seed=1))


def test_a_layer_has_the_number_type_of_what_it_was_given() -> None:
    layer = GrowingLayer()
    keys, values = layer.update(states(2).bfloat16(), states(2).bfloat16())
    assert (keys.dtype, values.dtype, layer.dtype) == (torch.bfloat16,) * 3


def test_a_truncated_cache_grows_over_what_it_gave_up() -> None:
    cache = filled(5)
    places = [tensor.data_ptr() for tensor in held(cache)]
    kept = [tensor[..., :2, :].clone() for tensor in held(cache)]
    truncate(cache, 2)
    append(cache, 4, seed=7)
    assert [tensor.data_ptr() for tensor in held(cache)] == places
    assert same([tensor[..., :2, :] for tensor in held(cache)], kept)
    assert same([tensor[..., 2:, :] for tensor in held(cache)], held(filled(4, seed=7)))


@pytest.mark.parametrize("length", [0, 5, 9])
def test_truncating_to_nothing_or_to_more_than_there_is(length: int) -> None:
    cache = filled(5)
    truncate(cache, length)
    append(cache, 3, seed=7)
    expected = filled(5, seed=0) if length else empty_cache()
    append(expected, 3, seed=7)
    assert same(held(cache), held(expected))


def test_truncating_an_empty_cache_does_nothing() -> None:
    cache = empty_cache()
    truncate(cache, 3)
    append(cache, 2)
    assert same(held(cache), held(filled(2)))


def test_layers_that_an_interrupted_pass_left_uneven_are_made_even() -> None:
    cache = filled(4)
    cache.update(states(3, seed=50), states(3, seed=51), 0)
    truncate(cache, 4)
    assert same(held(cache), held(filled(4)))
    append(cache, 2, seed=1)
    assert same(held(cache), held(filled(4, 2)))


def test_selected_rows_go_on_from_their_own_past() -> None:
    cache = empty_cache()
    append(cache, 3, rows=4)
    expected = [tensor[[2, 0]] for tensor in held(cache)]
    cache.batch_select_indices(torch.tensor([2, 0]))
    append(cache, 2, rows=2, seed=5)
    new = empty_cache()
    append(new, 2, rows=2, seed=5)
    assert same(held(cache), [torch.cat(pair, dim=-2) for pair in zip(expected, held(new), strict=True)])


def test_the_first_rows_alone_do_not_write_into_the_room_of_all() -> None:
    layer = GrowingLayer()
    layer.update(states(3, rows=3), states(3, rows=3, seed=1))
    everything = layer.keys
    assert everything is not None
    assert layer.values is not None
    layer.keys, layer.values = everything[:1], layer.values[:1]
    keys, _ = layer.update(states(1, seed=2), states(1, seed=3))
    assert torch.equal(keys, torch.cat([states(3, rows=3)[:1], states(1, seed=2)], dim=-2))
    assert torch.equal(everything, states(3, rows=3))


def test_join_pads_on_the_left_and_repeats_each_prompt() -> None:
    short, long = filled(1, seed=1), filled(3, seed=2)
    batch = join([short, long], [1, 3], 2)
    assert batch.lengths.tolist() == [1, 1, 3, 3]
    assert batch.attention_mask is not None
    assert batch.attention_mask.tolist() == [[0, 0, 1], [0, 0, 1], [1, 1, 1], [1, 1, 1]]
    assert [type(layer) for layer in batch.cache.layers] == [GrowingLayer] * LAYERS
    for joined, one, other in zip(held(batch.cache), held(short), held(long), strict=True):
        padded = torch.cat([torch.zeros(1, HEADS, 2, SIZE), one], dim=-2)
        assert torch.equal(joined, torch.cat([padded, padded, other, other]))


def test_prompts_of_one_length_need_no_mask() -> None:
    batch = join([filled(2, seed=1), filled(2, seed=2)], [2, 2], 1)
    assert batch.attention_mask is None
    assert batch.lengths.tolist() == [2, 2]


@pytest.mark.parametrize("n", [1, 2])
def test_a_batch_and_the_prompts_it_was_made_of_do_not_share_memory(n: int) -> None:
    prompt = filled(4)
    batch = join([prompt], [4], n)
    assert storages(batch.cache).isdisjoint(storages(prompt))
    joined = copied(batch.cache)
    truncate(prompt, 1)
    append(prompt, 5, seed=8)
    assert same(held(batch.cache), joined)
    known = copied(prompt)
    append(batch.cache, 5, rows=n, seed=9)
    truncate(batch.cache, 1)
    append(batch.cache, 2, rows=n, seed=10)
    assert same(held(prompt), known)


def test_rows_of_one_batch_do_not_share_memory() -> None:
    batch = join([filled(2)], [2], 2)
    append(batch.cache, 1, rows=2, seed=3)
    first, second = held(batch.cache)[0]
    assert torch.equal(first[:, :2], second[:, :2])
    assert not torch.equal(first[:, 2:], second[:, 2:])


def some_batch() -> Batch:
    """Six rows: two for each of three prompts, of 2, 4 and 3 tokens."""
    return join([filled(2, seed=1), filled(4, seed=2), filled(3, seed=3)], [2, 4, 3], 2)


def test_selected_rows_keep_their_cache_mask_and_length() -> None:
    before = copied(some_batch().cache)
    batch = select_rows(some_batch(), [5, 0, 2])
    assert same(held(batch.cache), [tensor[[5, 0, 2]] for tensor in before])
    assert batch.lengths.tolist() == [3, 2, 4]
    assert batch.attention_mask is not None
    assert batch.attention_mask.tolist() == [[0, 1, 1, 1], [0, 0, 1, 1], [1, 1, 1, 1]]
    once_more = select_rows(batch, [1])
    assert same(held(once_more.cache), [tensor[[0]] for tensor in before])
    assert once_more.lengths.tolist() == [2]
    assert once_more.attention_mask is not None
    assert once_more.attention_mask.tolist() == [[0, 0, 1, 1]]


def test_selected_rows_of_a_batch_without_mask() -> None:
    batch = select_rows(join([filled(2)], [2], 3), [2, 1])
    assert batch.attention_mask is None
    assert batch.lengths.tolist() == [2, 2]


def test_selected_rows_leave_the_prompts_alone() -> None:
    prompt = filled(4)
    known = copied(prompt)
    batch = select_rows(join([prompt], [4], 3), [0])
    append(batch.cache, 3, seed=9)
    assert same(held(prompt), known)
    assert same([tensor[..., :4, :] for tensor in held(batch.cache)], known)


@pytest.mark.parametrize(
    ("first", "second", "shared"),
    [([], [], 0), ([1], [], 0), ([1, 2], [1, 2, 3], 2), ([1, 2, 3], [1, 9, 3], 1), ([4], [5], 0)],
)
def test_the_common_prefix(first: list[int], second: list[int], shared: int) -> None:
    assert common_prefix(first, second) == shared
    assert common_prefix(second, first) == shared
