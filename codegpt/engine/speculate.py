"""Guesses of the next tokens out of the text itself, and whether they pay.

Code repeats itself: what followed the last few tokens the last time may follow them again. A guess is never believed;
one pass through the model computes what follows each of its tokens, and what the model would have written anyway is
kept. So the text is the same, and only the number of passes is smaller (prompt lookup; Saxena 2023, and the
verification of Leviathan et al., arXiv 2211.17192, for a draft that is certain).
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

LONGEST_MATCH = 4
"""So many of the last tokens are looked for at most."""

GUESS_TOKENS = (1, 3)
"""How long a guess may be: two and four tokens are what one pass computes best."""

_WEIGHT = 0.1
"""Of what was just seen, in what is expected."""

_TRY_AGAIN = 16
"""After so many guesses that would not have paid, one is tried: the text may have changed."""


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


class Pace:
    """What passes of each size take, and how often guesses were right; decides how much to guess.

    It learns over the life of an engine: what pays differs between machines, models and texts.
    """

    def __init__(self) -> None:
        self._seconds: dict[int, float] = {}  # by the tokens of a pass
        self._right = [0.0] + [1 - 0.5**matched for matched in range(1, LONGEST_MATCH + 1)]  # by the tokens matched
        self._passed_over = 0

    def guess_tokens(self, matched: int) -> int:
        """How many tokens to guess after a match of so many: the most tokens a second are expected of it."""
        best, best_rate = 0, self._rate(0, matched)
        for tokens in GUESS_TOKENS:
            if 1 + tokens not in self._seconds:
                return tokens  # never tried
            if (rate := self._rate(tokens, matched)) > best_rate:
                best, best_rate = tokens, rate
        if best or not matched:
            return best
        self._passed_over += 1
        return GUESS_TOKENS[0] if self._passed_over % _TRY_AGAIN == 0 else 0

    def _rate(self, tokens: int, matched: int) -> float:
        """Tokens a second with a guess of so many."""
        right = self._right[matched]
        written = sum(right**at for at in range(tokens + 1))
        return written / self._seconds.get(1 + tokens, 1.0)

    def took(self, tokens: int, seconds: float) -> None:
        """A pass of so many tokens took so long."""
        known = self._seconds.get(tokens, seconds)
        if seconds < known / 2:  # the first one was compiling
            known = seconds
        self._seconds[tokens] = known + _WEIGHT * (min(seconds, 2 * known) - known)

    def saw(self, matched: int, right: bool) -> None:
        """A guessed token was right, or was not; those behind a wrong one are not counted."""
        self._right[matched] += _WEIGHT * (right - self._right[matched])
