"""What is still open at the end of a text: a string or comment, and brackets; read from the characters alone.

This is the evidence for places where a syntax tree is broken, above all a quote or a bracket that the user has just
typed. Where the tree is whole it knows better: here a regular expression literal, a heredoc, text between JSX tags and
code inside an interpolated string are not told apart from ordinary code and strings.
"""

import re
from dataclasses import dataclass
from functools import cache

from codegpt.languages import Language, Quote

_CLOSING = {"(": ")", "[": "]", "{": "}"}


@dataclass(frozen=True)
class Opening:
    """A mark without its counterpart, and the offset at which it stands."""

    mark: str
    offset: int
    comment: bool = False


@dataclass(frozen=True)
class Openings:
    """What is open at the end of a text: at most one quote, and the brackets, outermost first."""

    quote: Opening | None
    brackets: tuple[Opening, ...]

    @property
    def closing(self) -> str:
        """The text that closes every open bracket, innermost first."""
        return "".join(_CLOSING[bracket.mark] for bracket in reversed(self.brackets))


def openings(text: str, language: Language) -> Openings:
    """Read `text` from its start and say what is open at its end. Linear in the length of the text."""
    brackets: list[Opening] = []
    for match in _marks(language).finditer(text):
        mark, start = match[0], match.start()
        group = match.lastgroup
        if mark in _CLOSING:
            brackets.append(Opening(mark, start))
        elif group is None:
            # A closing bracket: one that closes nothing is a stray, and is skipped.
            if brackets and _CLOSING[brackets[-1].mark] == mark:
                brackets.pop()
        elif group.startswith("open") and match.end() == len(text):
            index = int(group.removeprefix("open"))
            opened = _quotes(language)[index].opens
            return Openings(Opening(opened, start, comment=index < _comments(language)), tuple(brackets))
    return Openings(None, tuple(brackets))


def _comments(language: Language) -> int:
    return 1 if language.block_comment is None else 2


def _quotes(language: Language) -> tuple[Quote, ...]:
    """The comments first, then the strings, in the order in which they are tried."""
    comments = [Quote(language.line_comment, "\n", escapes=False)]
    if language.block_comment is not None:
        comments.append(Quote(*language.block_comment, multiline=True, escapes=False))
    return (*comments, *language.quotes)


@cache
def _marks(language: Language) -> re.Pattern[str]:
    """One alternative per quote; its last group is `closed<i>`, or `open<i>` where the end is missing."""
    alternatives = [_quote_pattern(index, quote) for index, quote in enumerate(_quotes(language))]
    return re.compile("|".join((*alternatives, r"[()\[\]{}]")), re.DOTALL)


def _quote_pattern(index: int, quote: Quote) -> str:
    r"""Possessive throughout, so that an unclosed quote costs one pass and not one per position.

    A single-line quote that meets the line end is neither closed nor at the end of the text: it is dropped.
    """
    first, closes = re.escape(quote.closes[0]), re.escape(quote.closes)
    special = first + ("" if quote.multiline else r"\r\n") + (r"\\" if quote.escapes else "")
    parts = [f"[^{special}]++"]
    if quote.escapes:
        parts.append(r"\\.?")
    if len(quote.closes) > 1:
        parts.append(f"(?!{closes}){first}")
    return f"(?P<open{index}>{re.escape(quote.opens)}(?:{'|'.join(parts)})*+)(?P<closed{index}>{closes})?"
