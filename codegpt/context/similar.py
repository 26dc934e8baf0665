"""Text of other files that is like the text at the cursor, by BM25 over windows of lines.

The words are identifiers, as SQLite's full-text index counts them (FTS5, `bm25`). A window that says nearly the same
as the text around the cursor is left out: the model would only repeat it.
"""

import re
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from codegpt.document import Document

WINDOW_LINES = 16
STEP_LINES = 8
QUERY_LINES = 10
"""Lines before the cursor that are looked for; a window of `WINDOW_LINES` that has them says how it may go on."""

MOST_WORDS = 32
ENOUGH = 1 / 3
"""Of the words that are looked for, the share that makes a window as good as any."""
TOO_ALIKE, SAME = 0.5, 0.8
"""Of the lines that two texts have together, the share that both have: with the text at the cursor, with each other."""

_WORD = re.compile(r"[^\W\d]\w{2,}")


@dataclass(frozen=True)
class Window:
    """Some lines of a file.

    Attributes:
        start, end: offsets in its text, in code points.
        score: from 0 to 1, by the best that was found and by how many of the words it has.
    """

    path: str
    text: str
    start: int
    end: int
    score: float


class Similar:
    """An index of the windows of some texts, which may become others: what stays is not indexed again."""

    def __init__(self) -> None:
        """Nothing is in it."""
        self._connection = sqlite3.connect(":memory:", check_same_thread=False)
        self._begin()

    def _begin(self) -> None:
        self._rows: dict[int, tuple[str, str, int, int]] = {}
        self._numbers: dict[tuple[str, str], range] = {}
        self._next = 0
        self._connection.execute("DROP TABLE IF EXISTS windows")
        self._connection.execute("CREATE VIRTUAL TABLE windows USING fts5(text, tokenize=\"unicode61 tokenchars '_'\")")

    def of(self, texts: Mapping[str, str]) -> "Similar":
        """The same, with the windows of these texts and no others; about 10 ms for 100,000 new characters."""
        gone = self._numbers.keys() - texts.items()
        numbers = [number for each in gone for number in self._numbers[each]]
        if len(numbers) > len(self._rows) // 2:  # to take a row away is as much work as to put it in
            self._begin()
        else:
            self._connection.executemany("DELETE FROM windows WHERE rowid = ?", [(number,) for number in numbers])
            for number in numbers:
                del self._rows[number]
            for each in gone:
                del self._numbers[each]
        for path, text in sorted(texts.items() - self._numbers.keys()):
            self._add(path, text)
        return self

    def _add(self, path: str, text: str) -> None:
        windows = _windows(text)
        self._numbers[path, text] = numbers = range(self._next, self._next + len(windows))
        self._next = numbers.stop
        self._rows |= {number: (path, *window) for number, window in zip(numbers, windows, strict=True)}
        rows = [(number, " ".join(_WORD.findall(self._rows[number][1]))) for number in numbers]
        self._connection.executemany("INSERT INTO windows (rowid, text) VALUES (?, ?)", rows)

    def like(self, document: Document, offset: int, most: int = 8) -> list[Window]:
        """The windows that are most like the text before a place, best first, of those that overlap the best."""
        last = document.line_at(offset)
        begin = document.line_starts[max(0, last - QUERY_LINES)]
        words = list(dict.fromkeys(reversed(_WORD.findall(document.text, begin, offset))))[:MOST_WORDS]
        if not words:
            return []
        around = document.text[begin : offset + offset - begin]
        query = " OR ".join(f'"{word}"' for word in words)
        rows = self._connection.execute(
            "SELECT bm25(windows), rowid FROM windows WHERE windows MATCH ? ORDER BY bm25(windows)", (query,)
        ).fetchall()
        least = max((rank for rank, _ in rows[: 4 * most]), default=0.0)
        best = sorted((rank, self._rows[number]) for rank, number in rows if rank <= least)
        found: list[Window] = []
        for rank, (path, text, start, end) in best:
            taken = any(
                (path == each.path and start < each.end and each.start < end) or alike(text, each.text) >= SAME
                for each in found
            )
            if not taken and len(found) < most and alike(text, around) < TOO_ALIKE:
                shared = len(set(words).intersection(_WORD.findall(text))) / len(words)
                found.append(Window(path, text, start, end, min(1.0, shared / ENOUGH) * rank / rows[0][0]))
        return found


def _windows(text: str) -> list[tuple[str, int, int]]:
    document = Document(text)
    starts = [*document.line_starts, len(text)]
    found = []
    for first in range(0, max(1, len(starts) - 1 - STEP_LINES), STEP_LINES):
        start, end = starts[first], starts[min(first + WINDOW_LINES, len(starts) - 1)]
        if text[start:end].strip():
            found.append((text[start:end], start, end))
    return found


def alike(one: str, other: str) -> float:
    """Of the lines that two texts have together, the share that both have (Jaccard); 0 of texts without any."""
    ours, theirs = _lines(one), _lines(other)
    return len(ours & theirs) / len(ours | theirs) if ours or theirs else 0.0


@lru_cache(maxsize=256)
def _lines(text: str) -> frozenset[str]:
    return frozenset(line.strip() for line in text.split("\n") if len(line.strip()) > 2)
