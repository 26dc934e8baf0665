"""Where a person edited last; pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from codegpt.document import Document

MOST = 4
NEAR_LINES = 12
"""Edits of one file that are not farther apart are one place."""

BEFORE, AFTER = 3, 8
"""Lines of a place that are shown."""


@dataclass(frozen=True)
class Region:
    """Some lines of a file, and the offset that they begin at."""

    file: str
    text: str
    start: int


@dataclass(frozen=True)
class Edits:
    """Places by file and line, the last one first."""

    places: tuple[tuple[str, int], ...] = ()

    def edited(self, file: str, line: int, more: int = 0) -> "Edits":
        """With one edit more.

        Args:
            more: lines that the file has more by it, below 0 for less; what stands below has moved.
        """
        moved = ((name, at + more if name == file and at > line else at) for name, at in self.places)
        others = tuple(place for place in moved if place[0] != file or abs(place[1] - line) > NEAR_LINES)
        return Edits(((file, line), *others)[:MOST])

    def regions(self, texts: Mapping[str, str], here: tuple[str, int]) -> tuple[Region, ...]:
        """The text at each place; not of what lies around `here`, nor of files that are not there."""
        found = []
        for file, line in self.places:
            if file not in texts or (file == here[0] and abs(line - here[1]) <= 4 * NEAR_LINES):
                continue
            document = Document(texts[file])
            last = len(document.line_starts) - 1
            begin = document.line_starts[min(last, max(0, line - BEFORE))]
            end = document.line_span(min(last, line + AFTER)).end
            if document.text[begin:end].strip():
                found.append(Region(file, document.text[begin:end], begin))
        return tuple(found)
