"""A project's facts on disk: written by one process at a time, read by any number, each of which sees one state.

One SQLite file in WAL mode a workspace, under the cache. What a killed writer had not committed is not there; a file of
another version, or one that is none, is made anew. Nothing in it is needed for longer than it takes to be made again.
"""

import hashlib
import json
import sqlite3
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from functools import lru_cache, wraps
from pathlib import Path
from typing import Any

from codegpt.checkpoints.homes import cache_root
from codegpt.context.imports import Import
from codegpt.context.outline import Entry
from codegpt.context.project import (
    LARGEST,
    MOST_DEFINITIONS,
    MOST_MENTIONS,
    Answer,
    Defined,
    Facts,
    Parsed,
    nearest_first,
)
from codegpt.context.redaction import redacted
from codegpt.indexing.files import Skipped, Version, read_source, version_of
from codegpt.indexing.libraries import outside, roots_of

FORMAT = 2
BUSY_S = 10.0
MOST_KEPT = 256
"""Files whose facts, or texts, are kept at hand: at the next key nearly the same are looked at."""
MOST_ANSWERS = 20_000
NEW_TEXTS, NEW_TEXTS_AHEAD = 1, 10
"""Files whose text is read at most for one key, and while nothing is typed; some 10 ms each."""

_SCHEMA = """
CREATE TABLE files (
    id INTEGER PRIMARY KEY AUTOINCREMENT, path TEXT NOT NULL UNIQUE, directory TEXT NOT NULL, last TEXT NOT NULL,
    size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, inode INTEGER NOT NULL,
    language TEXT NOT NULL, imports TEXT NOT NULL, skipped TEXT NOT NULL);
CREATE INDEX files_directory ON files (directory);
CREATE INDEX files_last ON files (last);
CREATE TABLE entries (
    file INTEGER NOT NULL, place INTEGER NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL, holder TEXT NOT NULL,
    signature TEXT NOT NULL, doc TEXT NOT NULL, "start" INTEGER NOT NULL, "end" INTEGER NOT NULL,
    PRIMARY KEY (file, place)) WITHOUT ROWID;
CREATE INDEX entries_name ON entries (name);
CREATE TABLE names (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE mentions (name INTEGER NOT NULL, file INTEGER NOT NULL, PRIMARY KEY (name, file)) WITHOUT ROWID;
CREATE INDEX mentions_file ON mentions (file);
"""
_ENTRY = 'name, kind, holder, signature, doc, "start", "end"'


def index_path(root: Path) -> Path:
    """Where the index of a workspace is."""
    digest = hashlib.sha256(str(root.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return cache_root() / "index" / f"{digest}.sqlite"


def _kept(ask: "Callable[[Index, str], Answer]") -> "Callable[[Index, str], Answer]":
    """Answer once for every state of the file: from key to key nearly the same is asked."""

    @wraps(ask)
    def answered(index: "Index", argument: str) -> Answer:
        return index.remember((ask.__name__, argument), lambda: ask(index, argument))

    return answered


class Index:
    """The facts of a workspace; a `Project` for whoever reads it.

    Use from one thread. What is read within one `reading` is one state, whoever writes meanwhile.
    """

    def __init__(self, path: Path, root: Path, *, writing: bool = False) -> None:
        """Open it, and make it where it is missing or of another version.

        Args:
            path: the SQLite file.
            root: the workspace.
            writing: whether this process may make it anew; only the holder of its lock may.

        Raises:
            sqlite3.Error: the disk is full, or the file cannot be made or read.
        """
        self.root = root
        self._roots = roots_of(root)
        self._path = path
        self._answers: dict[Hashable, Any] = {}
        self._state, self._is_reading = -1, False
        self._facts = lru_cache(MOST_KEPT)(self._facts_of)
        self._texts: dict[tuple[str, Version], str] = {}
        self._may_read: int | None = None
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._connection = self._opened()
        except sqlite3.OperationalError:  # locked, no room: no word about what the file is
            raise
        except sqlite3.DatabaseError:
            if not writing:
                raise
            self._unlink()
            self._connection = self._opened()
        if self._format() != FORMAT and writing:
            self.remove()
            self._connection = self._opened()
            with self._writing():
                for statement in _SCHEMA.split(";"):
                    self._connection.execute(statement)
                self._connection.execute(f"PRAGMA user_version = {FORMAT}")

    @property
    def is_made(self) -> bool:
        """Whether there is anything in it, and the file is still the one of its path: it may have been made anew."""
        with suppress(OSError):
            return self._path.stat().st_ino == self._inode and self._format() == FORMAT
        return False

    def _opened(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=BUSY_S, isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        self._inode = self._path.stat().st_ino
        return connection

    def remove(self) -> None:
        """Close it, and have it be made anew by whoever opens it next."""
        self.close()
        self._unlink()

    def _unlink(self) -> None:
        for ending in ("", "-wal", "-shm"):
            Path(f"{self._path}{ending}").unlink(missing_ok=True)

    def _format(self) -> int:
        [version] = self._connection.execute("PRAGMA user_version").fetchone()
        return int(version)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @contextmanager
    def reading(self, new_texts: int | None = None) -> Iterator["Index"]:
        """One state of it.

        Args:
            new_texts: so many files are read at most that were not read before; of others the text is "" this time.
        """
        self._connection.execute("BEGIN")
        try:
            self._look()
            self._is_reading, self._may_read = True, new_texts
            yield self
        finally:
            self._is_reading, self._may_read = False, None
            self._connection.execute("COMMIT")

    def _look(self) -> None:
        """Forget the answers of another state."""
        self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()  # so that a state is settled
        [state] = self._connection.execute("PRAGMA data_version").fetchone()
        if state != self._state:
            self._roots = roots_of(self.root)
        if state != self._state or len(self._answers) > MOST_ANSWERS:
            self._state, self._answers = state, {}

    def _known(self) -> dict[Hashable, Any]:
        if not self._is_reading:
            self._look()
        return self._answers

    @contextmanager
    def _writing(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")
        self._answers = {}

    # What is written.

    def versions(self) -> dict[str, Version]:
        """Of every file that is known, skipped ones among them."""
        rows = self._connection.execute("SELECT path, size, mtime_ns, inode FROM files")
        return {path: Version(size, mtime_ns, inode) for path, size, mtime_ns, inode in rows}

    def write(self, found: Mapping[str, tuple[Version, Parsed | str]], gone: Sequence[str] = ()) -> None:
        """Put files in place of what was known of them, all or none.

        Args:
            found: what each says, or why it is skipped.
            gone: what is not there any more.
        """
        with self._writing():
            for path in (*gone, *found):
                self._forget(path)
            for path, (version, what) in found.items():
                self._put(path, version, what)

    def _forget(self, path: str) -> None:
        row = self._connection.execute("SELECT id FROM files WHERE path = ?", (path,)).fetchone()
        if row is not None:
            for statement in ("entries WHERE file = ?", "mentions WHERE file = ?", "files WHERE id = ?"):
                self._connection.execute(f"DELETE FROM {statement}", row)

    def _put(self, path: str, version: Version, what: Parsed | str) -> None:
        directory, _, last = path.rpartition("/")
        last = "" if path.startswith("/") else last  # what is outside is found by its whole path alone
        facts = Facts("") if isinstance(what, str) else what.facts
        imported = json.dumps([[each.module, each.name, each.bound] for each in facts.imports])
        skipped = what if isinstance(what, str) else ""
        file = self._connection.execute(
            "INSERT INTO files VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (path, directory, last, version.size, version.mtime_ns, version.inode, facts.language, imported, skipped),
        ).lastrowid
        self._connection.executemany(
            "INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [(file, place, *asdict(entry).values()) for place, entry in enumerate(facts.entries)],
        )
        mentions = () if isinstance(what, str) else what.mentions
        self._connection.executemany("INSERT OR IGNORE INTO names VALUES (NULL, ?)", [(name,) for name in mentions])
        self._connection.executemany(
            "INSERT INTO mentions SELECT id, ? FROM names WHERE name = ?", [(file, name) for name in mentions]
        )

    # What is read.

    @_kept
    def has(self, path: str) -> bool:
        """See `project.Files`."""
        return self._connection.execute("SELECT 1 FROM files WHERE path = ?", (path,)).fetchone() is not None

    @_kept
    def ending(self, suffix: str) -> Sequence[str]:
        """See `project.Files`."""
        rows = self._connection.execute("SELECT path FROM files WHERE last = ?", (suffix.rpartition("/")[2],))
        found = [path for (path,) in rows if path == suffix or path.endswith(f"/{suffix}")]
        return sorted(found, key=nearest_first)

    @_kept
    def within(self, directory: str) -> Sequence[str]:
        """See `project.Files`."""
        rows = self._connection.execute("SELECT path FROM files WHERE directory = ? ORDER BY path", (directory,))
        return [path for (path,) in rows]

    def outside(self, wanted: Import, language: str) -> Sequence[str]:
        """See `project.Project`."""
        return outside(wanted, language, self._roots, self.has)

    def facts(self, path: str) -> Facts | None:
        """See `project.Project`."""
        file = self._file_of(path)
        return None if file is None else self._facts(file)

    @_kept
    def _file_of(self, path: str) -> int | None:
        row = self._connection.execute("SELECT id FROM files WHERE path = ?", (path,)).fetchone()
        return None if row is None else int(row[0])

    def _facts_of(self, file: int) -> Facts | None:
        """Of one version of a file: a number is never given twice."""
        [language, imported, skipped] = self._connection.execute(
            "SELECT language, imports, skipped FROM files WHERE id = ?", (file,)
        ).fetchone()
        if skipped:
            return None
        rows = self._connection.execute(f"SELECT {_ENTRY} FROM entries WHERE file = ? ORDER BY place", (file,))
        entries = tuple(Entry(*each) for each in rows)
        return Facts(language, entries, tuple(Import(*each) for each in json.loads(imported)))

    @_kept
    def defining(self, name: str) -> Sequence[Defined]:
        """See `project.Project`."""
        rows = self._connection.execute(
            f"SELECT path, {_ENTRY} FROM entries JOIN files ON file = id WHERE name = ? AND last != '' LIMIT ?",
            (name, MOST_DEFINITIONS + 1),
        ).fetchall()
        if len(rows) > MOST_DEFINITIONS:
            return ()
        return sorted((Defined(path, Entry(*entry)) for path, *entry in rows), key=lambda d: (d.path, d.entry.start))

    @_kept
    def mentioning(self, name: str) -> Sequence[str]:
        """See `project.Project`."""
        rows = self._connection.execute(
            "SELECT path FROM names JOIN mentions ON mentions.name = names.id JOIN files ON file = files.id"
            " WHERE names.name = ? ORDER BY path LIMIT ?",
            (name, MOST_MENTIONS),
        )
        return [path for (path,) in rows]

    def text(self, path: str, largest: int = LARGEST) -> str:
        """See `project.Project`."""
        with suppress(OSError, Skipped):
            which = path, version_of((self.root / path).stat())
            if which[1].size > largest:
                return ""
            if which not in self._texts and self._may_read != 0:
                self._may_read = None if self._may_read is None else self._may_read - 1
                while len(self._texts) >= MOST_KEPT:
                    del self._texts[next(iter(self._texts))]
                self._texts[which] = ""  # what cannot be read is not tried again
                self._texts[which] = redacted(read_source(self.root, path)[0])
            return self._texts.get(which, "")
        return ""

    def remember(self, question: Hashable, find: Callable[[], Answer]) -> Answer:
        """See `project.Project`."""
        known = self._known()
        if question not in known:
            known[question] = find()
        answer: Answer = known[question]
        return answer

    def skipped(self) -> dict[str, str]:
        """The files that were not read, and why."""
        return dict(self._connection.execute("SELECT path, skipped FROM files WHERE skipped != '' ORDER BY path"))
