"""Where a key asks for no suggestion, as none would help there; pure, and from the characters of one line alone.

Somebody who asks in so many words is always answered.
"""

import re

from codegpt.document import Document
from codegpt.languages import LANGUAGES, Language
from codegpt.openings import openings

DELETED = "text was deleted"
IN_WORD = "the cursor is inside a word"
IN_STRING = "the cursor is in a string that is no prose"

_WORD_AND_SPACE = re.compile(r"\w\W*\s")
LONGEST_LINE = 2_000
"""Characters before the cursor; nobody writes a longer line by hand."""


def why_silent(document: Document, offset: int, deleted: bool = False) -> str:
    """Why a key at `offset` asks for nothing, in a few words; "" where it asks.

    Args:
        deleted: whether the last edit took text away and put none there.
    """
    if deleted:
        return DELETED
    text = document.text
    if _is_word(text[max(0, offset - 1) : offset]) and _is_word(text[offset : offset + 1]):
        return IN_WORD
    start = document.line_starts[document.line_at(offset)]
    language = LANGUAGES.get(document.language)
    if language and offset - start <= LONGEST_LINE and _in_name(text[start:offset], language):
        return IN_STRING
    return ""


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _in_name(line: str, language: Language) -> bool:
    """Whether a line ends inside a string, and what is in it so far is neither prose nor an interpolation."""
    quote = openings(line, language).quote
    if quote is None or quote.comment or len(quote.mark) > 1:
        return False
    inside = line[quote.offset + len(quote.mark) :]
    return inside.count("{") <= inside.count("}") and not _WORD_AND_SPACE.search(inside)
