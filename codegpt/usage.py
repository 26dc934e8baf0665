"""What became of suggestions, counted on this machine: numbers alone, no text, no file, and nothing leaves it.

One small SQLite file in the user's data directory; several servers may write to it. A row is written once it is known
what became of a suggestion, by a thread that nobody waits for.
"""

import queue
import sqlite3
import threading
import time
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import astuple, dataclass, fields
from enum import StrEnum
from pathlib import Path

from platformdirs import user_data_path

VERSION = 1
KEPT_DAYS = 400
_DAY_S = 86_400.0


class Outcome(StrEnum):
    """What became of a suggestion: taken whole, a part of it, typed by hand all the same, or none of these."""

    ACCEPTED = "accepted"
    PARTLY = "partly"
    TYPED = "typed"
    REJECTED = "rejected"


@dataclass(frozen=True)
class Shown:
    """One suggestion that was shown.

    Attributes:
        at: seconds since 1970.
        invoked: somebody had asked in so many words.
        ms: from the request to the answer.
        lines, characters: of what was shown first.
        accepted: characters that were put in without being typed.
    """

    at: float
    language: str
    invoked: bool
    ms: float
    lines: int
    characters: int
    outcome: Outcome
    accepted: int = 0


def usage_path() -> Path:
    """Where it is counted; `CODEGPT_CACHE` has no say in it, as this is no cache."""
    return user_data_path("codegpt", appauthor=False) / "usage.sqlite3"


def write(path: Path, rows: Sequence[Shown]) -> None:
    """Add some rows, and drop those that are older than `KEPT_DAYS`.

    Raises:
        sqlite3.Error, OSError: the file cannot be written, or is another version's.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(_opened(path)) as connection, connection:
        marks = ", ".join("?" * len(_COLUMNS))
        connection.executemany(f"INSERT INTO shown ({', '.join(_COLUMNS)}) VALUES ({marks})", map(astuple, rows))
        connection.execute("DELETE FROM shown WHERE at < ?", (time.time() - KEPT_DAYS * _DAY_S,))


def read(path: Path, since: float = 0.0) -> list[Shown]:
    """The rows from a time on, oldest first; none where there is no file.

    Raises:
        sqlite3.Error: it is none of ours.
    """
    if not path.exists():
        return []
    with closing(_opened(path)) as connection:
        found = connection.execute(f"SELECT {', '.join(_COLUMNS)} FROM shown WHERE at >= ? ORDER BY at", (since,))
        return [
            Shown(at, language, bool(invoked), ms, lines, characters, Outcome(outcome), accepted)
            for at, language, invoked, ms, lines, characters, outcome, accepted in found
        ]


_COLUMNS = tuple(field.name for field in fields(Shown))


def _opened(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=5)
    try:
        [version] = connection.execute("PRAGMA user_version").fetchone()
        if version > VERSION:
            raise sqlite3.DatabaseError(f"{path} is of a newer codegpt")
        if version == 0:
            with connection:
                connection.execute(
                    "CREATE TABLE IF NOT EXISTS shown (at REAL, language TEXT, invoked INTEGER, ms REAL, lines INTEGER,"
                    " characters INTEGER, outcome TEXT, accepted INTEGER)"
                )
                connection.execute("CREATE INDEX IF NOT EXISTS shown_at ON shown (at)")
                connection.execute(f"PRAGMA user_version = {VERSION}")
    except BaseException:
        connection.close()
        raise
    return connection


class Counter:
    """Writes rows in a thread of its own, some seconds' worth at a time; what cannot be written is lost."""

    def __init__(self, path: Path, every_s: float = 5.0) -> None:
        self._path, self._every_s = path, every_s
        self._rows: queue.SimpleQueue[Shown | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def add(self, row: Shown) -> None:
        """Count one more."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._loop, name="codegpt-usage", daemon=True)
            self._thread.start()
        self._rows.put(row)

    def stop(self) -> None:
        """Write what is left."""
        if self._thread is not None:
            self._rows.put(None)
            self._thread.join(timeout=2)

    def _loop(self) -> None:
        row = self._rows.get()
        while row is not None:
            rows, end = [row], time.monotonic() + self._every_s
            with suppress(queue.Empty):
                while (row := self._rows.get(timeout=max(0.0, end - time.monotonic()))) is not None:
                    rows.append(row)
                end = 0.0
            with suppress(sqlite3.Error, OSError):
                write(self._path, rows)
            row = self._rows.get() if end else None
