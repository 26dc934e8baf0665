"""Guesses of the next tokens out of the text itself.

Code repeats itself: what followed the last few tokens the last time may follow them again. A guess is never believed;
one pass through the model computes what follows each of its tokens, and what the model would have written anyway is
kept. So the text is the same, and only the number of passes is smaller (prompt lookup; Saxena 2023, and the
verification of Leviathan et al., arXiv 2211.17192, for a draft that is certain).
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

LONGEST_MATCH = 4
"""So many of the last tokens are looked for at most."""


class Guess(NamedTuple):
    """Tokens that may follow, and how many of the last ones were found before them."""

    ids: Sequence[int]
    matched: int


class Guesser:
    """What followed each run of tokens the last time."""

    def __init__(self) -> None:
        self._ids: list[int] = []
        self._after: dict[tuple[int, ...], int] = {}

    def extend(self, ids: Iterable[int]) -> None:
        """Take further tokens of the sequence."""
        for token in ids:
            at = len(self._ids)
            for length in range(1, min(LONGEST_MATCH, at) + 1):
                self._after[tuple(self._ids[at - length :])] = at
            self._ids.append(token)

    def guess(self, most: int) -> Guess:
        """At most so many tokens; none where the last token was never seen before."""
        for length in range(min(LONGEST_MATCH, len(self._ids)), 0, -1):
            at = self._after.get(tuple(self._ids[len(self._ids) - length :]))
            if at is not None:
                return Guess(self._ids[at : at + most], length)
        return Guess((), 0)
