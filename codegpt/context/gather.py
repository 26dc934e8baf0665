"""What goes into the prompt of other places: all sources asked, the best pieces that fit, what changes least first.

Byte for byte the same for the same document, place and project.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from textwrap import indent

from codegpt.context.cursor import Cursor, Piece
from codegpt.context.fit import CountTokens, Window
from codegpt.context.outline import Entry
from codegpt.context.redaction import redacted
from codegpt.context.similar import SAME, alike
from codegpt.context.snippets import LINES
from codegpt.context.sources import OF_THE_DOCUMENT, SOURCES

LEAST_SCORE = 0.05
"""What is worth less only distracts."""

MOST_MISSES = 12
"""So many pieces that do not fit any more end the search: what is left fits hardly anything."""


@dataclass(frozen=True)
class Chunk:
    """What one file contributes, in its own order.

    Attributes:
        tokens: of the path and the text.
        pieces: why each of them is there; chunks that say the same are equal.
    """

    path: str
    text: str
    tokens: int
    pieces: tuple[Piece, ...] = field(compare=False)


@dataclass(frozen=True)
class Context:
    """What stands before the text around the cursor, file by file: signatures first, last the text that is likest."""

    chunks: tuple[Chunk, ...] = ()

    @property
    def tokens(self) -> int:
        """Of all chunks."""
        return sum(chunk.tokens for chunk in self.chunks)


NOTHING = Context()
NO_WINDOW = Window("", "")


def gather(
    cursor: Cursor,
    budget_tokens: int,
    count_tokens: CountTokens,
    window: Window = NO_WINDOW,
    sources: Sequence[str] = tuple(SOURCES),
) -> Context:
    """The best pieces that fit.

    Args:
        window: the text around the cursor, which goes into the prompt anyway; what stands in it is left out.
        sources: names of those that are asked.
    """
    if budget_tokens <= 0:
        return NOTHING
    best = _best(cursor, sources)
    left, misses = budget_tokens, 0
    chosen: list[Piece] = []
    paths: set[str] = set()
    for piece in best:
        if _is_shown(piece, cursor, window) or any(_repeats(piece, other) for other in chosen):
            continue
        cost = count_tokens(skeleton([piece.entry]))
        cost += 0 if piece.path in paths else count_tokens(_as_imported(piece.path)) + _MARKUP
        if cost <= left:
            chosen.append(piece)
            paths.add(piece.path)
            left -= cost
        else:
            misses += 1
            if misses == MOST_MISSES:
                break
    return _fitted(chosen, budget_tokens, count_tokens)


def _is_shown(piece: Piece, cursor: Cursor, window: Window) -> bool:
    """Whether the text around the cursor has it: by its place, or for another file's by what it says."""
    if piece.path == cursor.path:
        begin, end = cursor.offset - len(window.prefix), cursor.offset + len(window.suffix)
        return begin <= piece.entry.start < end
    said = piece.entry.signature
    return any(said in text and re.search(rf"{re.escape(said)}(?!\w)", text) for text in (window.prefix, window.suffix))


_MARKUP = 2
"""Tokens beside a file's path."""


def _fitted(chosen: list[Piece], budget_tokens: int, count_tokens: CountTokens) -> Context:
    """The pieces by file; the last ones go where they take more together than each by itself."""
    while True:
        by_path = groupby(sorted(chosen, key=_place_of), key=lambda piece: piece.path)
        chunks = (_chunk(path, tuple(pieces), count_tokens) for path, pieces in by_path)
        context = Context(tuple(sorted(chunks, key=_likest)))
        if context.tokens <= budget_tokens:
            return context
        chosen = chosen[:-1]


def _likest(chunk: Chunk) -> float:
    """The worth of the text that a file contributes, 0 where it is signatures alone: those change least."""
    return max((piece.score for piece in chunk.pieces if piece.entry.kind == LINES), default=0.0)


def _place_of(piece: Piece) -> tuple[str, int, bool]:
    return piece.path, piece.entry.start, piece.entry.kind == LINES


def _chunk(path: str, pieces: tuple[Piece, ...], count_tokens: CountTokens) -> Chunk:
    path, text = _as_imported(path), redacted(skeleton([piece.entry for piece in pieces]))
    return Chunk(path, text, count_tokens(path) + _MARKUP + count_tokens(text), pieces)


def _as_imported(path: str) -> str:
    """A path outside the project without where this machine has it."""
    for directory in ("/site-packages/", "/node_modules/", "/lib/python"):
        if directory in path and path.startswith("/"):
            behind = path.rpartition(directory)[2]
            return behind.partition("/")[2] if directory == "/lib/python" else behind
    return path


def _best(cursor: Cursor, sources: Sequence[str]) -> list[Piece]:
    """Each definition once, at its highest score; the best first."""
    found: dict[tuple[str, int, bool], Piece] = {}
    for source in (SOURCES[name] for name in sources):
        for piece in cursor.found(source):
            if piece.path == cursor.path and source not in OF_THE_DOCUMENT:
                continue
            known = found.get(_place_of(piece))
            if piece.score >= LEAST_SCORE and (known is None or piece.score > known.score):
                found[_place_of(piece)] = piece
    return sorted(found.values(), key=lambda piece: (-piece.score, *_place_of(piece)))


def _repeats(piece: Piece, other: Piece) -> bool:
    """Whether two pieces say the same: an overload, a copy, or lines that overlap; not a class and its method."""
    one, two = piece.entry, other.entry
    if one.kind == two.kind == LINES and alike(one.signature, two.signature) >= SAME:
        return True
    if LINES in (one.kind, two.kind):
        return piece.path == other.path and one.start < two.end and two.start < one.end
    return (one.holder, one.signature) == (two.holder, two.signature)


def skeleton(entries: Sequence[Entry]) -> str:
    """Definitions of one file as its author would see them with all bodies folded; text stands by itself."""
    parts: list[str] = []
    around: list[Entry] = []  # the classes that hold the next one, outermost first
    named = ""  # the class that only its members are there of
    for entry in entries:
        while around and around[-1].end <= entry.start:
            around.pop()
        is_bare = bool(entry.holder) and entry.holder not in {each.name for each in around}
        if is_bare and named != entry.holder:
            parts.append(indent(f"class {entry.holder}:", "    " * len(around)))
        named = entry.holder if is_bare else ""
        text = indent(_folded(entry), "    " * (len(around) + is_bare))
        parts.append(f"\n{text}\n" if entry.kind == LINES else text)
        around += [entry] if entry.kind in _WITH_MEMBERS else []
    return "\n".join(parts).strip("\n") + "\n"


_WITH_MEMBERS = ("class", "interface", "enum", "impl", "module")


def _folded(entry: Entry) -> str:
    if entry.kind in _WITH_MEMBERS:
        lines = entry.signature.split("\n")
        head = next((number for number, line in enumerate(lines) if not line.startswith("@")), 0) + 1
        return "\n".join([*lines[:head], *([f'    """{entry.doc}"""'] if entry.doc else []), *lines[head:]])
    if entry.kind in ("function", "method"):
        doc = f"  # {entry.doc}" if entry.doc else ""
        return f"{entry.signature} ...{doc}"
    return entry.signature
