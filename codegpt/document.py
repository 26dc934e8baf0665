r"""Text and positions: the only place that converts between UTF-16, UTF-8 and code-point offsets.

A `Document` is an immutable snapshot. Inside codegpt every offset counts code points of `Document.text`; a
`Position` counts lines and the units of an `Encoding` within the line, as LSP does. Lines end at ``\n``,
``\r\n`` and ``\r`` and at nothing else (LSP 3.17, "Text Documents"): form feed, U+2028 or U+0085 are ordinary
characters. `str.splitlines` must therefore never be used on source text.

Positions clamp: a line below 0 is the start of the document, a line past the last one its end; a character below 0 is
the start of its line, one past the end of the line is the end of the line *before its terminator*; one inside a
surrogate pair or inside a UTF-8 sequence is the start of that character.
"""

import re
from bisect import bisect_right
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate
from typing import Literal

Encoding = Literal["utf-8", "utf-16", "utf-32"]
"""How the characters of a line are counted: bytes, UTF-16 units, or code points."""

_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, order=True)
class Position:
    """A place in a document: 0-based line, and 0-based units of some `Encoding` within it."""

    line: int
    character: int


@dataclass(frozen=True)
class Span:
    """A half-open range of code-point offsets, `start <= end`."""

    start: int
    end: int


@dataclass(frozen=True)
class Edit:
    """Replace `span` of a document by `text`."""

    span: Span
    text: str


@dataclass(frozen=True)
class Document:
    """An immutable snapshot of one text file or editor buffer."""

    text: str
    uri: str = ""
    language: str = ""
    version: int = 0

    @cached_property
    def line_starts(self) -> tuple[int, ...]:
        """The offset at which each line begins; never empty."""
        if "\r" in self.text or "\0" in self.text:
            return (0, *(match.end() for match in _LINE_END.finditer(self.text)))
        lines = self.text.replace("\n", "\n\0").split("\0")  # the same ten times as fast, for every key
        return (0, *accumulate(map(len, lines[:-1])))

    @cached_property
    def _is_ascii(self) -> bool:
        return self.text.isascii()

    @cached_property
    def utf8(self) -> bytes:
        """The text as UTF-8; a lone surrogate becomes `?`, so byte offsets exist for every text."""
        return encode_utf8(self.text)

    def line_span(self, line: int) -> Span:
        """The offsets of a line without its terminator; `line` must exist."""
        start = self.line_starts[line]
        if line + 1 == len(self.line_starts):
            return Span(start, len(self.text))
        end = self.line_starts[line + 1] - 1
        if self.text[end] == "\n" and end > start and self.text[end - 1] == "\r":
            end -= 1
        return Span(start, end)

    def line_text(self, line: int) -> str:
        """The text of a line without its terminator; `line` must exist."""
        span = self.line_span(line)
        return self.text[span.start : span.end]

    def line_at(self, offset: int) -> int:
        """The 0-based line that holds `offset`."""
        return bisect_right(self.line_starts, offset) - 1

    def offset_at(self, position: Position, encoding: Encoding) -> int:
        """The code-point offset of a position, clamped as the module describes."""
        if position.line < 0:
            return 0
        if position.line >= len(self.line_starts):
            return len(self.text)
        span = self.line_span(position.line)
        if position.character <= 0:
            return span.start
        if self._is_ascii or encoding == "utf-32":
            return min(span.start + position.character, span.end)
        return span.start + _code_points(self.text[span.start : span.end], position.character, encoding)

    def position_at(self, offset: int, encoding: Encoding) -> Position:
        r"""The position of a code-point offset; an offset inside ``\r\n`` is the end of that line."""
        offset = min(max(offset, 0), len(self.text))
        line = self.line_at(offset)
        span = self.line_span(line)
        before = self.text[span.start : min(offset, span.end)]
        return Position(line, _units(before, encoding))

    def byte_at(self, offset: int) -> int:
        """The offset in `utf8` of a code-point offset."""
        return offset if self._is_ascii else len(encode_utf8(self.text[:offset]))

    def offset_of_byte(self, byte: int) -> int:
        """The code-point offset of an offset in `utf8`; inside a character, the start of that character."""
        if self._is_ascii:
            return min(byte, len(self.text))
        return len(self.utf8[:byte].decode("utf-8", "ignore"))

    def apply(self, edit: Edit, version: int | None = None) -> "Document":
        """The document after one edit; several are applied one after the other, as LSP's `didChange` asks."""
        text = self.text[: edit.span.start] + edit.text + self.text[edit.span.end :]
        return replace(self, text=text, version=self.version if version is None else version)


def encode_utf8(text: str) -> bytes:
    """UTF-8 of any str; a lone surrogate, which UTF-8 cannot hold, becomes `?`."""
    return text.encode("utf-8", "replace")


def _width(character: str, encoding: Encoding) -> int:
    if encoding == "utf-16":
        return 2 if character > "\uffff" else 1
    code = ord(character)
    return 1 if code < 0x80 or 0xD800 <= code < 0xE000 else 2 if code < 0x800 else 3 if code < 0x10000 else 4


def _units(text: str, encoding: Encoding) -> int:
    """How many units of `encoding` the text takes."""
    if encoding == "utf-32" or text.isascii():
        return len(text)
    if encoding == "utf-16":
        return len(text) + sum(character > "\uffff" for character in text)
    return len(encode_utf8(text))


def _code_points(text: str, units: int, encoding: Encoding) -> int:
    """How many whole characters of `text` fit into `units`."""
    used = 0
    for index, character in enumerate(text):
        used += _width(character, encoding)
        if used > units:
            return index
    return len(text)
