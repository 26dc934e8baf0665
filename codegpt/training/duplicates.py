"""Near-duplicates: of texts whose sets of token runs overlap much, the first is kept; MinHash (Broder 1997).

The estimate is of the Jaccard index of the sets of runs of `RUN` lexical tokens; files that share only a licence header
or an idiom stay far below the threshold.
"""

import zlib
from collections.abc import Iterable

from datasketch import MinHash, MinHashLSH

from codegpt.training.overlap import lexical_tokens

RUN = 5
"""Lexical tokens."""

THRESHOLD = 0.7
PERMUTATIONS = 96


class Seen:
    """The texts so far, by their signatures."""

    def __init__(self, threshold: float = THRESHOLD) -> None:
        self._index = MinHashLSH(threshold=threshold, num_perm=PERMUTATIONS)
        self._count = 0

    def add(self, text: str) -> bool:
        """Keep a text; False where one much like it is kept already."""
        signature = _signature(text)
        if self._index.query(signature):
            return False
        self._index.insert(self._count, signature, check_duplication=False)
        self._count += 1
        return True


def _signature(text: str) -> MinHash:
    signature = MinHash(num_perm=PERMUTATIONS, hashfunc=zlib.crc32)
    signature.update_batch(sorted(_shingles(text)))
    return signature


def _shingles(text: str) -> Iterable[bytes]:
    tokens = lexical_tokens(text)
    return {" ".join(tokens[at : at + RUN]).encode() for at in range(max(1, len(tokens) - RUN + 1))}
