"""Sources that show text as it stands elsewhere: how others call a function, what is alike, what was edited last."""

import re
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from posixpath import dirname
from textwrap import dedent

from codegpt.context.cursor import Cursor, Piece
from codegpt.context.near import CALLED
from codegpt.context.outline import Entry
from codegpt.context.resolve import folders_shared, resolve
from codegpt.context.similar import Similar

USED, SIMILAR, RECENT, HEADER, HEADER_OUTSIDE = 0.5, 3.0, 0.5, 1.5, 0.4
"""How sure it is that a piece matters, by how it was found; see `sources`."""


def used(cursor: Cursor) -> Iterator[Piece]:
    """How other files call the function whose arguments are being written, nearest files first."""
    name = next((name for name, weight in cursor.near.items() if weight == CALLED), "")
    if not name:
        return
    call = re.compile(rf"\b{re.escape(name)}\s*\(")
    paths = sorted(cursor.project.mentioning(name), key=lambda path: (-folders_shared(path, cursor.path), path))
    found = 0
    for path in paths[:MOST_CALLERS]:
        text = cursor.project.text(path, LARGEST_NEIGHBOUR) if path != cursor.path else ""
        for match in call.finditer(text):
            piece = _lines_at(text, match.start())
            if found < MOST_CALLS and not _IMPORTS.match(piece.signature):
                found += 1
                yield Piece(path, piece, used.__name__, USED * CALLED / (1 + found))
                break


MOST_CALLERS, MOST_CALLS = 8, 3
_IMPORTS = re.compile(r"(?:from|import|use|require|#include)\b")


def _lines_at(text: str, offset: int, lines: int = 3) -> Entry:
    """The line of a place and the next ones, as a piece of text."""
    start = text.rfind("\n", 0, offset) + 1
    end = start
    for _ in range(lines):
        end = text.find("\n", end) + 1 or len(text)
    return lines_entry(text[start:end], start, end)


def lines_entry(text: str, start: int, end: int) -> Entry:
    """Lines of a file that define nothing."""
    return Entry("", LINES, "", dedent(text).rstrip(), "", start, end)


LINES, IMPORT = "lines", "import"
"""The kinds of entries that are no definitions: text, and a statement that imports."""


def similar(cursor: Cursor) -> Iterator[Piece]:
    """What is like the text at the cursor in the files that are open, imported, or beside this one."""
    texts = neighbours(cursor)
    for window in similar_in(texts).like(cursor.document, cursor.offset, MOST_ALIKE):
        entry = lines_entry(window.text, window.start, window.end)
        yield Piece(window.path, entry, similar.__name__, SIMILAR * window.score)


MOST_ALIKE = 4
MOST_NEIGHBOURS = 10
LARGEST_NEIGHBOUR = 60_000
"""Bytes; a larger one takes too long to look through before a key is answered."""


def neighbours(cursor: Cursor) -> dict[str, str]:
    """The texts that are looked through: what is open, what uses the same names, is imported, or lies beside it."""
    found = dict(cursor.around.opened)
    imported = (path for each in cursor.imports for path in resolve(each, cursor.path, cursor.language, cursor.project))
    for path in (*_kindred(cursor), *imported, *cursor.project.within(dirname(cursor.path))):
        if len(found) >= MOST_NEIGHBOURS:
            break
        if path != cursor.path and path not in found:
            found[path] = cursor.project.text(path, LARGEST_NEIGHBOUR)
    return {path: text for path, text in found.items() if path != cursor.path and 0 < len(text) <= LARGEST_NEIGHBOUR}


MOST_KINDRED = 8
COMMON = 50
"""Files; a name that more of them use does not tell one from another."""


def _kindred(cursor: Cursor) -> list[str]:
    """The files that use the most of the names near the cursor that few others use."""
    scores: dict[str, float] = defaultdict(float)
    for name, weight in sorted(cursor.near.items()):
        paths = cursor.project.mentioning(name)
        for path in paths if len(paths) <= COMMON else ():
            scores[path] += weight / len(paths)
    scores.pop(cursor.path, None)
    return sorted(scores, key=lambda path: (-scores[path], path))[:MOST_KINDRED]


_KEPT = threading.local()


def similar_in(texts: Mapping[str, str]) -> Similar:
    """The index of some texts; most of them are the same from key to key, so a thread has one."""
    if not hasattr(_KEPT, "index"):
        _KEPT.index = Similar()
    kept: Similar = _KEPT.index
    return kept.of(texts)


def recent(cursor: Cursor) -> Iterator[Piece]:
    """What was edited last, elsewhere than in the text around the cursor."""
    for number, region in enumerate(cursor.around.recent):
        entry = lines_entry(region.text, region.start, region.start + len(region.text))
        yield Piece(region.file, entry, recent.__name__, RECENT / (1 + number))


def header(cursor: Cursor) -> Iterator[Piece]:
    """What the file itself imports, for where the window around the cursor does not show it."""
    for span, imported in cursor.header:
        inside = any(resolve(each, cursor.path, cursor.language, cursor.project) for each in imported)
        text = cursor.document.text[span.start : span.end]
        if len(text) <= LONGEST_IMPORT:
            entry = Entry("", IMPORT, "", text, "", span.start, span.end)
            yield Piece(cursor.path, entry, header.__name__, HEADER if inside else HEADER_OUTSIDE)


LONGEST_IMPORT = 1000
