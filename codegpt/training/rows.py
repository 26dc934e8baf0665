"""Rows of a fixed length, packed with whole samples, in an order that a seed settles and any place can be found in.

The files are shuffled anew in every epoch and taken a shard at a time; a shard's rows depend on the seed, the epoch and
the shard alone. Samples of one row see those before them, which costs a small model little and keeps attention plain.
"""

import random
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from codegpt.training.corpus import SourceText
from codegpt.training.samples import Package, Piece, Recipe, Sample, encoded, pieces
from codegpt.training.tokenizer import PAD, Coder

FILES_OF_SHARD = 4096
"""So many that what one file says comes rarely; of few, a model learns what they say, and forgets it with the next."""

Ids = npt.NDArray[np.uint16]
"""(..., 2): a token, and whether (1 or 0) it belongs to what fills a hole."""


@dataclass(frozen=True)
class Place:
    """Where in the order of all rows: the next one to come."""

    epoch: int = 0
    shard: int = 0
    row: int = 0


class Rows:
    """All rows of a corpus, without end.

    Args:
        seed: the same gives the same rows.
    """

    def __init__(self, texts: Sequence[SourceText], coder: Coder, recipe: Recipe, seed: int) -> None:
        self._texts, self._coder, self._recipe, self._seed = texts, coder, recipe, seed
        by_package: dict[str, dict[str, str]] = {}
        for each in texts:
            by_package.setdefault(each.package, {})[each.path] = each.text
        self._packages = {name: Package(name, files) for name, files in by_package.items()}

    @property
    def shards(self) -> int:
        """Of an epoch."""
        return -(-len(self._texts) // FILES_OF_SHARD)

    def shard(self, epoch: int, number: int) -> Ids:
        """(rows, length + 1, 2): what a row reads, and one token further what it is to say."""
        order = np.random.default_rng((self._seed, epoch)).permutation(len(self._texts))
        rng = random.Random(f"{self._seed} {epoch} {number}")
        found: list[Piece] = []
        for index in order[number * FILES_OF_SHARD : (number + 1) * FILES_OF_SHARD]:
            source = self._texts[index]
            found += pieces(source, self._packages[source.package], self._recipe, rng)
        length = self._recipe.length
        rows = pack(encoded(found, self._coder, length), length + 1, self._coder.control[PAD])
        return rows[np.random.default_rng((self._seed, epoch, number)).permutation(len(rows))]

    def after(self, place: Place) -> Iterator[tuple[Place, Ids]]:
        """Every row from a place on, each with the place of the next one; ends only where there is none at all."""
        epoch, shard, first = place.epoch, place.shard, place.row
        empty = 0
        while empty < self.shards:
            rows = self.shard(epoch, shard)
            empty = 0 if len(rows) else empty + 1
            for number in range(first, len(rows)):
                yield Place(epoch, shard, number + 1), rows[number]
            epoch, shard, first = (epoch, shard + 1, 0) if shard + 1 < self.shards else (epoch + 1, 0, 0)


def pack(samples: Sequence[Sample], length: int, pad: int) -> Ids:
    """Rows of whole samples, the longest placed first, each in the row with the least room that it fits in."""
    rows: list[list[Sample]] = []
    rooms: list[tuple[int, int]] = []  # the room that is left in a row, and the row's number; sorted
    for sample in sorted(samples, key=lambda each: len(each.ids), reverse=True):
        at = bisect_left(rooms, (len(sample.ids), -1))
        room, number = rooms.pop(at) if at < len(rooms) else (length, len(rows))
        if number == len(rows):
            rows.append([])
        rows[number].append(sample)
        left = (room - len(sample.ids), number)
        rooms.insert(bisect_left(rooms, left), left)
    packed = np.zeros((len(rows), length, 2), dtype=np.uint16)
    packed[..., 0] = pad
    for number, (row, held) in enumerate(zip(packed, rows, strict=True)):
        end, first = 0, number % len(held)
        held = held[first:] + held[:first]  # the longest is not always the one that nothing stands before
        for ids, middle in held:
            start, end = end, end + len(ids)
            row[start:end, 0] = ids
            row[end - middle : end, 1] = 1
    return packed
