"""Attention of some queries over keys: all keys at once, or in pieces that a GPU looks at side by side.

A few queries over a thousand keys are too little work for a GPU as one piece: it goes through the keys one block after
the other while most of it has nothing to do. So the keys are cut into pieces, each of which is attended to alone, and
the answers are weighed by how much of the whole sum each piece holds ("Flash-Decoding", Dao et al. 2023).

Shapes: queries (B, K, Q, D), keys and values (B, K, N, D); `seen` (B, Q, N) says which key a query sees.
"""

from typing import Protocol

import torch
from torch import Tensor

PIECE_TOKENS = 64


class Attention(Protocol):
    """A way to attend."""

    def mask_of(self, seen: Tensor, dtype: torch.dtype) -> Tensor:
        """What is seen, in the form that the call wants."""
        ...

    def __call__(self, queries: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None) -> Tensor:
        """(B, K, Q, D); without a mask all see all."""
        ...


class Whole:
    """All keys at once, by torch; the slow twin of `InPieces`."""

    def mask_of(self, seen: Tensor, dtype: torch.dtype) -> Tensor:
        """(B, 1, Q, N), to be added; of one row for all where `seen` is of one."""
        return torch.zeros(seen.shape, dtype=dtype, device=seen.device).masked_fill_(~seen, -torch.inf)[:, None]

    def __call__(self, queries: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None) -> Tensor:
        """See `Attention`."""
        return torch.nn.functional.scaled_dot_product_attention(queries, keys, values, attn_mask=mask)


class InPieces:
    """Pieces of `PIECE_TOKENS` keys, of which there are whole ones only.

    Args:
        heads: K.
    """

    def __init__(self, heads: int) -> None:
        self._heads = heads

    def mask_of(self, seen: Tensor, dtype: torch.dtype) -> Tensor:
        """(B * K, pieces, Q, `PIECE_TOKENS`), to be added; finite, since a piece of which nothing is seen has a sum."""
        pieces = _in_pieces(seen, -1).transpose(1, 2).repeat_interleave(self._heads, dim=0)
        mask = torch.zeros(pieces.shape, dtype=dtype, device=seen.device)
        return mask.masked_fill_(~pieces, torch.finfo(dtype).min / 2)

    def __call__(self, queries: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None) -> Tensor:
        """See `Attention`."""
        rows, heads, count, _ = queries.shape
        cut_keys, cut_values = (_in_pieces(each.flatten(0, 1), 1) for each in (keys, values))
        spread = queries.flatten(0, 1)[:, None].expand(-1, cut_keys.shape[1], -1, -1)
        answers, sums = _with_sums(spread, cut_keys, cut_values, mask)  # (B * K, pieces, Q, D), (B * K, pieces, Q)
        shares = sums.softmax(dim=1)[..., None]
        return (answers * shares).sum(dim=1).to(queries.dtype).view(rows, heads, count, -1)


def _in_pieces(x: Tensor, dim: int) -> Tensor:
    """One dimension as two."""
    pieces: Tensor = x.unflatten(dim, (-1, PIECE_TOKENS))  # type: ignore[no-untyped-call]
    return pieces


def _with_sums(queries: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
    """Attention, and the logarithm of each query's sum over its keys."""
    if queries.is_cuda:
        answers, sums, *_ = torch.ops.aten._scaled_dot_product_efficient_attention(queries, keys, values, mask, True)
        return answers, sums[..., : queries.shape[2]]  # there is room for a multiple of 32 queries
    scores = queries @ keys.transpose(-1, -2) * queries.shape[-1] ** -0.5
    scores = scores if mask is None else scores + mask
    return scores.softmax(dim=-1) @ values, scores.logsumexp(dim=-1)
