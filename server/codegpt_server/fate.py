"""What becomes of the suggestions that an editor was given: followed from key to key, counted once it is over; pure.

A suggestion that is typed along with is one suggestion. Editors say that one was taken by executing its command, and
some say more (`textDocument/didShowCompletion`, `textDocument/didPartiallyAcceptCompletion`). Of one that does not,
what it was given counts as shown, and what comes in at once as the beginning of it counts as taken.
"""

import time
from dataclasses import dataclass, replace

from codegpt.complete import Completions
from codegpt.engine.protocol import Generation
from codegpt.reuse import TYPED
from codegpt.usage import Outcome, Shown

MOST_PENDING = 64
"""Documents with a suggestion of which it is not known yet what becomes of it."""


@dataclass(frozen=True)
class Pending:
    """A suggestion that an editor shows, or may.

    Attributes:
        written: what the model wrote, which stays the same while it is typed along with.
        left: the length of each text that is offered now.
        rest: the text of the first that is left now.
        partly: so much of it was taken piece by piece.
    """

    number: int
    written: Generation
    row: Shown
    left: tuple[int, ...]
    rest: str
    partly: int = 0
    seen: bool = False


class Fates:
    """Of all documents; every method gives the rows that are to be counted now."""

    def __init__(self) -> None:
        self._pending: dict[str, Pending] = {}
        self._last = 0
        self._clients_tell = False

    def answered(
        self, uri: str, completions: Completions, language: str, invoked: bool, total_s: float
    ) -> tuple[int, list[Shown]]:
        """An editor was given an answer; the number of the suggestion, 0 for none."""
        known = self._pending.get(uri)
        if not completions.items:
            return 0, self.over(uri, Outcome.TYPED if completions.why_none == TYPED else Outcome.REJECTED)
        first = completions.items[0]
        left = tuple(len(item.text) for item in completions.items)
        if known is not None and known.written is first.generation:
            self._pending[uri] = replace(known, left=left, rest=first.text)
            return known.number, []
        rows = self.over(uri, Outcome.REJECTED)
        self._last += 1
        lines = first.text.count("\n") + 1
        row = Shown(time.time(), language, invoked, 1000 * total_s, lines, len(first.text), Outcome.REJECTED)
        self._pending[uri] = Pending(self._last, first.generation, row, left, first.text)
        while len(self._pending) > MOST_PENDING:
            rows += self.over(next(iter(self._pending)), Outcome.REJECTED)
        return self._last, rows

    def seen(self, number: int) -> None:
        """An editor shows it; from now on only what is said to be shown counts."""
        self._clients_tell = True
        uri = self._of(number)
        if uri is not None:
            self._pending[uri] = replace(self._pending[uri], seen=True)

    def accepted(self, number: int, which: int = 0) -> list[Shown]:
        """All that was left of it was taken."""
        uri = self._of(number)
        if uri is None:
            return []
        pending = self._pending[uri]
        length = pending.left[which] if 0 <= which < len(pending.left) else pending.left[0]
        self._pending[uri] = replace(pending, partly=pending.partly + length, seen=True)
        return self.over(uri, Outcome.ACCEPTED)

    def partly_accepted(self, number: int, characters: int) -> None:
        """So much of it was taken, as a word or a line."""
        uri = self._of(number)
        if uri is not None:
            pending = self._pending[uri]
            taken = min(max(0, characters), pending.row.characters)
            self._pending[uri] = replace(pending, partly=max(pending.partly, taken), seen=True)

    def inserted(self, uri: str, text: str) -> None:
        """A text came into a document in one piece; a word or a line of what is shown comes so, and a key does not."""
        pending = self._pending.get(uri)
        if pending is None or len(text) < 2 or not any(map(str.isalnum, text)):
            return
        rest = pending.rest.removeprefix(text)
        if rest and rest != pending.rest:
            self._pending[uri] = replace(pending, rest=rest, partly=pending.partly + len(text), seen=True)

    def over(self, uri: str, outcome: Outcome) -> list[Shown]:
        """The suggestion of a document is there no more, if there is one."""
        pending = self._pending.pop(uri, None)
        if pending is None or (self._clients_tell and not pending.seen):
            return []
        if outcome is not Outcome.ACCEPTED and pending.partly:
            outcome = Outcome.PARTLY
        return [replace(pending.row, outcome=outcome, accepted=pending.partly)]

    def all_over(self) -> list[Shown]:
        """The editor ends."""
        return [row for uri in list(self._pending) for row in self.over(uri, Outcome.REJECTED)]

    def _of(self, number: int) -> str | None:
        return next((uri for uri, pending in self._pending.items() if pending.number == number), None)
