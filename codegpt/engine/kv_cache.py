"""Cached keys and values: what two prompts share is kept, one row becomes n, several prompts become one batch.

Shapes: a layer's keys and values are (B, H, T, D) with B rows, H heads, T tokens, D features a head.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from codegpt.engine.attention import PIECE_TOKENS

GROW_TOKENS = 256
"""How many tokens of room a full layer makes besides what it needs now."""


def _room_tokens(needed: int) -> int:
    """Some more, and a multiple of what attention may cut it into."""
    return -(-(needed + GROW_TOKENS) // PIECE_TOKENS) * PIECE_TOKENS


class KvCache:
    """The keys and values of some rows in all layers; every row has as many tokens.

    A forward pass appends to one layer after the other and then advances. One that stops on its way leaves nothing
    behind: what was appended and not advanced over is written over by the next.

    Attributes:
        length: the tokens that all layers hold.
    """

    def __init__(self) -> None:
        self.length = 0
        self._room = 0  # tokens that a room has at the end of a pass; all have as many
        self._rooms: list[Tensor] = []  # of each layer: (2, B, H, at least T, D), keys and values

    @property
    def layers(self) -> list[Tensor]:
        """Of each layer (2, B, H, T, D): keys and values."""
        return [room[..., : self.length, :] for room in self._rooms]

    def room_for(self, layer: int, tokens: int, new: tuple[int, int, int], like: Tensor) -> Tensor:
        """Where `tokens` more may be written: (2, B, H, at least T + `tokens`, D).

        Args:
            layer: one that there is, or the next.
            new: B, H and D of a layer that is not there yet.
            like: gives such a layer its type and device.
        """
        needed = self.length + tokens
        if needed > self._room:
            self._room = _room_tokens(needed)
        if layer == len(self._rooms):
            rows, heads, features = new
            self._rooms.append(like.new_empty(2, rows, heads, self._room, features))
        room = self._rooms[layer]
        if room.shape[-2] < self._room:
            larger = room.new_empty(*room.shape[:-2], self._room, room.shape[-1])
            larger[..., : self.length, :] = room[..., : self.length, :]
            room = self._rooms[layer] = larger
        return room

    def append(self, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Write (B, H, T, D) behind what a layer holds; gives all of its keys and values, with those."""
        rows, heads, tokens, features = keys.shape
        room = self.room_for(layer, tokens, (rows, heads, features), keys)
        end = self.length + tokens
        room[0, ..., self.length : end, :] = keys
        room[1, ..., self.length : end, :] = values
        return room[0, ..., :end, :], room[1, ..., :end, :]

    def advance(self, tokens: int) -> None:
        """Hold what was appended to all layers."""
        self.length += tokens

    def truncate(self, length: int) -> None:
        """Hold the first `length` tokens, if there are more."""
        self.length = min(self.length, length)

    def head(self, length: int) -> "KvCache":
        """The first `length` tokens, in the same memory; to be read only."""
        head = KvCache()
        head._rooms, head._room, head.length = self._rooms, self._room, min(length, self.length)
        return head

    @property
    def nbytes(self) -> int:
        """The memory it takes, with the room for more."""
        return sum(room.nbytes for room in self._rooms)

    def gather(self, parts: Sequence["Rows"], length: int) -> None:
        """Hold rows of other caches, the last tokens at `length`; what is lacking on the left becomes zeros."""
        self.length, self._room = length, _room_tokens(length)
        count = sum(len(part.rows) for part in parts)
        for layer, first in enumerate(parts[0].cache._rooms):
            room = first.new_empty(2, count, first.shape[2], self._room, first.shape[-1])
            begin = 0
            for part in parts:
                held = part.cache.length
                source = part.cache._rooms[layer][..., max(0, held - length) : held, :]
                target = room[:, begin : begin + len(part.rows), :, :length]
                target[..., : length - source.shape[-2], :] = 0  # masked, but nothing times "not a number" is none
                whole = source if source.shape[1] == 1 else source[:, list(part.rows)]
                target[..., length - source.shape[-2] :, :] = whole
                if part.spent:
                    part.cache._rooms[layer] = room.new_empty(0)
                begin += len(part.rows)
            self._rooms.append(room)


class Rows(NamedTuple):
    """Some rows of a cache, in this order and as often as they are named.

    Attributes:
        spent: the cache is not used any more, and its memory is given back on the way.
    """

    cache: KvCache
    rows: Sequence[int]
    spent: bool = False


def common_prefix(first: Sequence[int], second: Sequence[int]) -> int:
    """How many tokens two sequences share from their start."""
    shared = 0
    for left, right in zip(first, second, strict=False):
        if left != right:
            break
        shared += 1
    return shared


class Batch(NamedTuple):
    """Rows that decode together.

    Attributes:
        cache: keys and values of all rows, padded on the left to the longest one.
        lengths: cached tokens of each row without the padding; the position of its next token.
    """

    cache: KvCache
    lengths: Sequence[int]

    def position_ids(self) -> Tensor:
        """(B, 1): of the next token of each row."""
        return torch.tensor(self.lengths)[:, None]

    def attention_mask(self) -> Tensor | None:
        """(B, T + 1) of 0 and 1, with the next token; None where no row is padded."""
        longest = max(self.lengths)
        if min(self.lengths) == longest:
            return None
        return (torch.arange(longest + 1)[None, :] >= longest - torch.tensor(self.lengths)[:, None]).long()

    def longer(self) -> "Batch":
        """The batch once every row has been given one token more."""
        return Batch(self.cache, [length + 1 for length in self.lengths])


def gather(parts: Sequence[Rows], lengths: Sequence[int]) -> Batch:
    """A batch of rows of several caches, in order, with no more padding than the longest row asks for.

    Args:
        lengths: of each row, without padding.
    """
    cache = KvCache()
    cache.gather(parts, max(lengths))
    return Batch(cache, lengths)
