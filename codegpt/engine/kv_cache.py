"""Cached keys and values: what two prompts share is kept, one row becomes n, several prompts become one batch.

Shapes: a layer's keys and values are (B, H, T, D) with B rows, H heads, T tokens, D features a head.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

GROW_TOKENS = 256
"""How many tokens of room a full layer makes besides what it needs now."""


class GrowingLayer(DynamicLayer):
    """A layer that appends in place: its keys and values are views of buffers with room at the end.

    `DynamicLayer` copies all of them for every token.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._key_room: Tensor | None = None
        self._value_room: Tensor | None = None

    def update(
        self, key_states: Tensor, value_states: Tensor, *args: object, **kwargs: object
    ) -> tuple[Tensor, Tensor]:
        """Append (B, H, T, D) and return all there is."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        assert self.keys is not None and self.values is not None
        self.keys, self._key_room = _append(self.keys, self._key_room, key_states)
        self.values, self._value_room = _append(self.values, self._value_room, value_states)
        return self.keys, self.values


def _append(held: Tensor, room: Tensor | None, new: Tensor) -> tuple[Tensor, Tensor]:
    """`held` and `new` as a view of `room`, or of a larger buffer where that is full or is no longer held's."""
    length = held.shape[-2] if held.numel() else 0
    end = length + new.shape[-2]
    if room is None or end > room.shape[-2] or held.data_ptr() != room.data_ptr() or held.shape[0] != room.shape[0]:
        room = new.new_empty((*new.shape[:-2], end + GROW_TOKENS, new.shape[-1]))
        if length:
            room[..., :length, :] = held
    room[..., length:end, :] = new
    return room[..., :end, :], room


def empty_cache() -> DynamicCache:
    """A cache of growing layers, made as the model first writes to them."""
    cache = DynamicCache()
    cache.layer_class_to_replicate = GrowingLayer
    return cache


def common_prefix(first: Sequence[int], second: Sequence[int]) -> int:
    """How many tokens two sequences share from their start."""
    shared = 0
    for left, right in zip(first, second, strict=False):
        if left != right:
            break
        shared += 1
    return shared


def truncate(cache: DynamicCache, length: int) -> None:
    """Keep the first `length` tokens of every layer, also where an interrupted pass left the layers uneven."""
    for layer in _filled_layers(cache):
        assert layer.keys is not None and layer.values is not None
        layer.keys = layer.keys[..., :length, :]
        layer.values = layer.values[..., :length, :]


def _filled_layers(cache: DynamicCache) -> list[DynamicLayer]:
    """The layers that hold anything; sliding-window and recurrent layers are never made, see `DynamicCache()`."""
    return [layer for layer in cache.layers if isinstance(layer, DynamicLayer) and layer.is_initialized]


class Batch(NamedTuple):
    """Rows that decode together.

    Attributes:
        cache: keys and values of all rows, padded on the left to the longest one.
        attention_mask: (B, T) of 0 and 1, or None where no row is padded.
        lengths: (B,) cached tokens of each row without the padding; the position of its next token.
    """

    cache: DynamicCache
    attention_mask: Tensor | None
    lengths: Tensor


def join(caches: Sequence[DynamicCache], lengths: Sequence[int], n: int) -> Batch:
    """One batch out of the caches of single prompts, each repeated for `n` rows; the inputs are not changed."""
    longest = max(lengths)
    joined = DynamicCache()
    for layers in zip(*(_filled_layers(cache) for cache in caches), strict=True):
        keys = [_pad_left(layer.keys, longest).expand(n, -1, -1, -1) for layer in layers]
        values = [_pad_left(layer.values, longest).expand(n, -1, -1, -1) for layer in layers]
        layer = GrowingLayer()
        layer.update(torch.cat(keys), torch.cat(values))
        joined.layers.append(layer)
    device = _filled_layers(joined)[0].device
    row_lengths = torch.tensor([length for length in lengths for _ in range(n)], device=device)
    mask = None
    if min(lengths) != longest:
        mask = (torch.arange(longest, device=device)[None, :] >= longest - row_lengths[:, None]).long()
    return Batch(joined, mask, row_lengths)


def select_rows(batch: Batch, rows: Sequence[int]) -> Batch:
    """The batch with these of its rows only, in this order; the cache is changed in place."""
    kept = torch.tensor(rows, device=batch.lengths.device)
    batch.cache.batch_select_indices(kept)
    mask = None if batch.attention_mask is None else batch.attention_mask[kept]
    return Batch(batch.cache, mask, batch.lengths[kept])


def lengthen(batch: Batch) -> Batch:
    """The batch once every row has been given one token more."""
    mask = batch.attention_mask
    if mask is not None:
        mask = torch.cat([mask, mask.new_ones(len(mask), 1)], dim=1)
    return Batch(batch.cache, mask, batch.lengths + 1)


def merge(batches: Sequence[Batch]) -> Batch:
    """The rows of all batches in one, in order, with no more padding than the longest row asks for."""
    lengths = torch.cat([batch.lengths for batch in batches])
    longest = int(lengths.max())
    merged = DynamicCache()
    for layers in zip(*(_filled_layers(batch.cache) for batch in batches), strict=True):
        layer = GrowingLayer()
        layer.update(
            torch.cat([_pad_left(each.keys, longest) for each in layers]),
            torch.cat([_pad_left(each.values, longest) for each in layers]),
        )
        merged.layers.append(layer)
    mask = None
    if int(lengths.min()) != longest:
        mask = (torch.arange(longest, device=lengths.device)[None, :] >= longest - lengths[:, None]).long()
    return Batch(merged, mask, lengths)


def _pad_left(tensor: Tensor, length: int) -> Tensor:
    """A (B, H, T, D) of `length` tokens: padded on the left, or without what is padding there."""
    return torch.nn.functional.pad(tensor, (0, 0, length - tensor.shape[-2], 0))
