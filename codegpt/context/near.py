"""The names around a cursor, and how much each of them matters there."""

import re
from collections.abc import Mapping
from functools import lru_cache

from codegpt.document import Document
from codegpt.languages import Language
from codegpt.openings import openings

LINES_BEFORE = 40
LINES_AFTER = 12
HALF_AT = 6
"""Lines from the cursor at which a name counts half."""

CALLED = 4.0
"""How much more than anything else the function counts whose arguments are being written."""

LOOKED_BACK = 4000
"""Characters in which names are looked for, and the parenthesis that the cursor stands in."""

_NAME = re.compile(r"[^\W\d]\w*")
_LAST_NAME = re.compile(r"([^\W\d]\w*)\s*\Z")


def names_near(document: Document, offset: int, language: Language | None) -> Mapping[str, float]:
    """Each name near a place and its weight, 1 for one in the line itself; the word that is being typed is none."""
    here = document.line_at(offset)
    lines = range(max(0, here - LINES_BEFORE), min(len(document.line_starts), here + LINES_AFTER + 1))
    found: dict[str, float] = {}
    for line in lines:
        span = document.line_span(line)
        weight = 1 / (1 + abs(line - here) / HALF_AT)
        first, last = max(span.start, offset - LOOKED_BACK), min(span.end, offset + LOOKED_BACK)
        for match in _NAME.finditer(document.text, first, last):
            if not match.start() <= offset <= match.end():
                found[match[0]] = max(found.get(match[0], 0.0), weight)
    if called := _called(document, offset, language):
        found[called] = CALLED
    return found


def _called(document: Document, offset: int, language: Language | None) -> str:
    """The function whose parentheses the cursor stands in; "" where it stands in none."""
    if language is None:
        return ""
    first = document.line_starts[document.line_at(max(0, offset - LOOKED_BACK))]
    before = document.text[max(first, offset - LOOKED_BACK) : offset]
    for bracket in reversed(openings(before, language).brackets):
        if bracket.mark == "(" and (match := _LAST_NAME.search(before, max(0, bracket.offset - 100), bracket.offset)):
            return match[1]
    return ""


def stems_of(near: Mapping[str, float]) -> Mapping[str, float]:
    """The words that names near the cursor are made of, cut to `STEM`, each with the weight of its name."""
    found: dict[str, float] = {}
    for name, weight in near.items():
        for word in words_of(name):
            found[word[:STEM]] = max(found.get(word[:STEM], 0.0), min(1.0, weight))
    return found


def likeness(name: str, stems: Mapping[str, float]) -> float:
    """How many of the words that a name is made of are among others; from 0 to 1."""
    words = words_of(name)
    return sum(stems.get(word[:STEM], 0.0) for word in words) / len(words) if words else 0.0


STEM = 5
"""Characters of a word that count: `parse` and `parsed` are alike."""


@lru_cache(maxsize=1 << 14)
def words_of(name: str) -> tuple[str, ...]:
    """The words of a name in any case, of three characters or more, as small letters."""
    return tuple(word.lower() for word in _WORD.findall(name) if len(word) >= SHORTEST_WORD)


SHORTEST_WORD = 3
_WORD = re.compile(r"[A-Z]?[^\W_A-Z]+|[A-Z]+(?![a-z])")
