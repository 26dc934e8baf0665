"""Cached keys and values: what two prompts share is kept, one row becomes n, several prompts become one batch.

Shapes: a layer's keys and values are (B, H, T, D) with B rows, H heads, T tokens, D features a head.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer


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
        cache: prompts' keys and values, padded on the left to the longest prompt.
        attention_mask: (B, T) of 0 and 1, or None where no row is padded.
        lengths: (B,) tokens of each row's prompt without the padding.
    """

    cache: DynamicCache
    attention_mask: Tensor | None
    lengths: Tensor


def join(caches: Sequence[DynamicCache], lengths: Sequence[int], n: int) -> Batch:
    """One batch out of the caches of single prompts, each repeated for `n` rows; the inputs are not changed."""
    longest = max(lengths)
    pairs = []
    for layers in zip(*(_filled_layers(cache) for cache in caches), strict=True):
        keys = [_pad_left(layer.keys, longest).expand(n, -1, -1, -1) for layer in layers]
        values = [_pad_left(layer.values, longest).expand(n, -1, -1, -1) for layer in layers]
        pairs.append((torch.cat(keys), torch.cat(values)))
    device = pairs[0][0].device
    row_lengths = torch.tensor([length for length in lengths for _ in range(n)], device=device)
    mask = None
    if min(lengths) != longest:
        mask = (torch.arange(longest, device=device)[None, :] >= longest - row_lengths[:, None]).long()
    return Batch(DynamicCache(pairs), mask, row_lengths)


def select_rows(batch: Batch, rows: Sequence[int]) -> Batch:
    """The batch with these of its rows only, in this order; the cache is changed in place."""
    kept = torch.tensor(rows, device=batch.lengths.device)
    batch.cache.batch_select_indices(kept)
    mask = None if batch.attention_mask is None else batch.attention_mask[kept]
    return Batch(batch.cache, mask, batch.lengths[kept])


def _pad_left(tensor: Tensor, length: int) -> Tensor:
    return torch.nn.functional.pad(tensor, (0, 0, length - tensor.shape[-2], 0))
