"""Guesses of the next tokens out of the text itself.

Code repeats itself: what followed the last few tokens the last time may follow them again. A guess is never believed;
one pass through the model computes what follows each of its tokens, and what the model would have written anyway is
kept. So the text is the same, and only the number of passes is smaller (prompt lookup; Saxena 2023, and the
verification of Leviathan et al., arXiv 2211.17192, for a draft that is certain).
"""

from array import array
from collections.abc import Sequence
from typing import NamedTuple

LONGEST_MATCH = 4
"""So many of the last tokens are looked for at most."""

SURE = LONGEST_MATCH + 1
"""Said of a guess that is what was suggested before, of which some was typed since."""

_SHARED = 40
"""So many characters before a cursor tell where in an earlier text it stands."""

_TYPE = "i"
_BYTES = array(_TYPE).itemsize


class Guess(NamedTuple):
    """Tokens that may follow, and how many of the last ones were found before them."""

    ids: Sequence[int]
    matched: int


class Said(NamedTuple):
    """The text before a cursor, and what was suggested there."""

    before: str
    suggested: str

    def after(self, before: str) -> str:
        """What of the suggestion is still to come after this text; "" where that went another way, or elsewhere."""
        tail = before[-_SHARED:]
        near = self.before[-_SHARED:] + self.suggested
        found = near.rfind(tail) if tail else -1
        rest = near[found + len(tail) :] if found >= 0 else ""
        return rest if len(rest) <= len(self.suggested) else ""


class Guesser:
    """What followed the last tokens the last time that they came.

    The tokens lie as bytes, so that looking back over thousands of them takes microseconds, and nothing is kept up.
    """

    def __init__(self) -> None:
        self._written = bytearray()

    def extend(self, ids: Sequence[int]) -> None:
        """Take further tokens of the sequence."""
        self._written += array(_TYPE, ids).tobytes()

    def guess(self, most: int) -> Guess:
        """At most so many tokens; none where the last token was never seen before."""
        for length in range(min(LONGEST_MATCH, len(self._written) // _BYTES), 0, -1):
            found = self._before_the_end(self._written[-length * _BYTES :])
            if found >= 0:
                begin = found + length * _BYTES
                followed = self._written[begin : begin + most * _BYTES]
                return Guess(array(_TYPE, bytes(followed)).tolist(), length)
        return Guess((), 0)

    def _before_the_end(self, tokens: bytearray) -> int:
        """Where these stood last, before they stand at the end; -1 for nowhere."""
        end = len(self._written) - _BYTES
        while (found := self._written.rfind(tokens, 0, end)) % _BYTES and found >= 0:  # in the midst of two tokens
            end = found + len(tokens) - 1
        return found
