"""A suggestion that somebody types along with is still the one; pure.

What was made is kept with the place it was shown at. Where the text since then is the beginning of it, what is left of
it is shown again, and no model is asked; where it is all of it, the model has said already that there is no more.
Brackets and quotes that the editor itself has put behind the cursor are no text of somebody else: what is left ends
before them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from codegpt.complete import Completion, Completions
from codegpt.document import Document
from codegpt.engine.protocol import StopReason
from codegpt.languages import LANGUAGES
from codegpt.postprocess import Place, drop_unopened_closers, stop_at_scope_end

MOST = 8
"""Places that are kept: who goes back some keys and types on finds what was shown there."""

TYPED = "the suggestion was typed to its end"

_CLOSES = {"(": ")", "[": "]", "{": "}", '"': '"', "'": "'", "`": "`"}


@dataclass(frozen=True)
class _Shown:
    """What was shown at an offset of a text."""

    document: Document
    offset: int
    completions: Completions


@dataclass(frozen=True)
class Reuse:
    """What was shown last, the latest first."""

    shown: tuple[_Shown, ...] = ()

    def add(self, document: Document, offset: int, completions: Completions) -> "Reuse":
        """With what is shown at `offset` now; where nothing is shown, nothing is kept."""
        if not completions.items:
            return self
        others = (each for each in self.shown if each.offset != offset or each.document.text != document.text)
        return Reuse((_Shown(document, offset, completions), *others)[:MOST])

    def only(self, uri: str) -> "Reuse":
        """What was shown in one document."""
        return Reuse(tuple(each for each in self.shown if each.document.uri == uri))

    def find(self, document: Document, offset: int) -> Completions | None:
        """What is left of what was shown last and has been typed along with; None where the model is to be asked."""
        for each in self.shown:
            if each.document.uri == document.uri and each.offset <= offset:
                left = tuple(_left_of(each, document, offset))
                if any(item.text.strip() for item in left):
                    return replace(each.completions, items=tuple(item for item in left if item.text.strip()))
                if any(not item.text and _is_whole(item) for item in left):
                    return replace(each.completions, items=(), why_none=TYPED, cuts=())
        return None


def _left_of(shown: _Shown, document: Document, offset: int) -> Iterator[Completion]:
    """Of every item that goes on with what was typed, the rest; none where anything else was edited."""
    before, now = shown.document.text, document.text
    typed = now[shown.offset : offset]
    grown = len(now) - len(before) - len(typed)
    begun = [item for item in shown.completions.items if item.text.startswith(typed)]
    if not begun or not 0 <= grown <= len(typed):
        return
    closed = now[offset : offset + grown]
    if not now.startswith(before[: shown.offset]) or not now.endswith(before[shown.offset :]):
        return
    if not all(closer in map(_CLOSES.get, typed) for closer in closed):
        return
    place = Place(now[:offset], now[offset:], shown.completions.extent, LANGUAGES.get(document.language))
    for item in begun:
        left = _before(item.text[len(typed) :], closed, place)
        yield replace(item, text=left, begins=item.begins + len(typed))


def _is_whole(item: Completion) -> bool:
    """Whether the model, or a rule, has ended it, and neither the clock nor a limit."""
    ended = item.generation.stop_reason in (StopReason.STOP, StopReason.END_OF_TEXT)
    return ended and stop_at_scope_end.__name__ not in {cut.rule for cut in item.cuts}


def _before(left: str, closed: str, place: Place) -> str:
    """As much of it as goes before what the editor has closed."""
    for closer in closed:
        left = drop_unopened_closers(left, place)[0] if closer in ")]}" else left.partition(closer)[0]
    return left
