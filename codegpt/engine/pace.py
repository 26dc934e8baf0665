"""How fast this machine is with this model, and so what pays: how much to guess, how much to read.

It is learnt over the life of an engine: machines, models and texts differ.
"""

from codegpt.engine.speculate import LONGEST_MATCH, SURE

_TRY_AGAIN = 16
"""After so many guesses that would not have paid, one is tried: the text may have changed."""

_WEIGHT = 0.1
"""Of what was just seen, in what is expected."""

GUESS_TOKENS = (1, 3, 7)
"""How long a guess may be: two, four and eight tokens are what one pass computes best."""

_SURE_AT_FIRST = 0.9

FEWEST_TOKENS = 32
"""Of a prompt, from which its speed is learnt."""

_READ_WEIGHT = 0.5


class Pace:
    """What passes of each size take, how often guesses were right, and how fast prompts are read."""

    def __init__(self) -> None:
        self._seconds: dict[int, float] = {}  # by the tokens of a pass
        # By the tokens matched; the last one is of what was suggested before.
        self._right = [0.0] + [1 - 0.5**matched for matched in range(1, LONGEST_MATCH + 1)] + [_SURE_AT_FIRST]
        assert len(self._right) == SURE + 1
        self._passed_over = 0
        self._read_tokens_per_s = 0.0

    def read(self, tokens: int, seconds: float) -> None:
        """So many tokens of a prompt took so long; a few tell nothing of many."""
        if tokens >= FEWEST_TOKENS:
            speed = tokens / seconds
            known = self._read_tokens_per_s or speed
            self._read_tokens_per_s = known + _READ_WEIGHT * (speed - known)

    def seconds_to_read(self, tokens: int) -> float:
        """About how long so many tokens of a prompt take; 0.0 where nothing is known yet."""
        return tokens / self._read_tokens_per_s if self._read_tokens_per_s else 0.0

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
