"""Brackets without a partner, in a piece of code that may begin and end anywhere; pure, and without a tree.

A text may begin inside a string or comment of one line, so a quote of one character is judged within its line.
"""

import re
from functools import cache, lru_cache
from typing import NamedTuple

from codegpt.languages import Language, Quote

BRACKET = re.compile(r"[()\[\]{}]")
OPENERS = {")": "(", "]": "[", "}": "{"}
"""What each closing bracket closes."""

_SHORT = ('"', "'")
_MARKS = frozenset((*OPENERS, *OPENERS.values()))
_PAIR = re.compile(r"\(\)|\[\]|\{\}")


class Closer(NamedTuple):
    """A closing bracket, and where it stands."""

    mark: str
    offset: int


class Unmatched(NamedTuple):
    """The brackets of a text that have no partner in it, in order."""

    opened: list[str]
    closers: list[Closer]


def unmatched(text: str, language: Language | None) -> Unmatched:
    """Read a text from its beginning to its end."""
    found = Unmatched([], [])
    for match in _marks(language).finditer(text):
        mark = match.group()
        if mark in _MARKS:
            _take(found, mark, match.start())
    return found


def close(opened: list[str], closer: str) -> bool:
    """Take the innermost bracket that `closer` closes, and what was left open in it, off `opened`."""
    if OPENERS[closer] not in opened:
        return False
    while opened.pop() != OPENERS[closer]:
        pass
    return True


def open_between(above: str, before: str, rest: str, below: str, language: Language | None) -> tuple[str, ...]:
    """The brackets that are open at a cursor and that nothing after it closes, outermost first.

    Args:
        above, below: the lines above and below the cursor's, with their ends; from key to key they are the same, and
            what was found in them is kept.
        before, rest: the cursor's line up to the cursor and from there on.
    """
    opened = _joined(above, before, language).opened
    for closer in _joined(rest, below, language).closers:
        close(opened, closer.mark)
    return tuple(opened)


def open_between_plain(prefix: str, suffix: str, language: Language | None) -> tuple[str, ...]:
    """The slow twin of `open_between`, of all that stands before and after the cursor."""
    opened = unmatched(prefix, language).opened
    for closer in unmatched(suffix, language).closers:
        close(opened, closer.mark)
    return tuple(opened)


def _joined(first: str, second: str, language: Language | None) -> Unmatched:
    """Of two texts in a row; the first ends with a line end, or the second is empty."""
    kept = _reduced(first, language)
    if kept.ends_at and kept.ends_at in second:
        return unmatched(first + second, language)
    found = Unmatched([], [])
    for mark in kept.marks if kept.ends_at else kept.marks + _reduced(second, language).marks:
        _take(found, mark, 0)
    return found


def _take(found: Unmatched, mark: str, offset: int) -> None:
    if mark not in OPENERS:
        found.opened.append(mark)
    elif not close(found.opened, mark):
        found.closers.append(Closer(mark, offset))


class _Reduced(NamedTuple):
    """The brackets of a text without the pairs, which do the same to whatever is open before them: nothing.

    Attributes:
        ends_at: what closes the string or comment that the text ends in, where it goes on over lines; "" for none.
    """

    marks: str
    ends_at: str


@lru_cache(maxsize=8)
def _reduced(text: str, language: Language | None) -> _Reduced:
    found = [match.group() for match in _marks(language).finditer(text)]
    marks, shorter = "", "".join(mark for mark in found if mark in _MARKS)
    while marks != shorter:
        marks, shorter = shorter, _PAIR.sub("", shorter)
    last = found[-1] if found else ""
    is_open = last not in _MARKS and bool(last) and text.endswith(last) and text.endswith(("\r", "\n"))
    return _Reduced(marks, next(q.closes for q in _long(language) if last.startswith(q.opens)) if is_open else "")


@cache
def _marks(language: Language | None) -> re.Pattern[str]:
    """Matches comments and strings, which hide the brackets in them, and brackets.

    A quote of one character must be closed within its line; others may run over lines, and where they are not closed
    they hide all that follows.
    """
    hidden = [_over_lines(quote) for quote in _long(language)]
    if language is not None:
        hidden.append(rf"{re.escape(language.line_comment)}[^\r\n]*+")
    quotes = _SHORT if language is None else [quote.opens for quote in language.quotes if quote.opens in _SHORT]
    hidden += [rf"{mark}(?:\\[^\r\n]|[^\\{mark}\r\n])*+{mark}" for mark in quotes]
    return re.compile("|".join((*hidden, BRACKET.pattern)))


def _long(language: Language | None) -> tuple[Quote, ...]:
    """The comments and strings of a language that may run over lines."""
    if language is None:
        return ()
    comments = [Quote(*language.block_comment, escapes=False)] if language.block_comment else []
    return (*comments, *(quote for quote in language.quotes if quote.opens not in _SHORT))


def _over_lines(quote: Quote) -> str:
    closes = re.escape(quote.closes)
    escape = r"\\[\s\S]|" if quote.escapes else ""
    return rf"{re.escape(quote.opens)}(?:{escape}(?!{closes})[\s\S])*+(?:{closes})?"
