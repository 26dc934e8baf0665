"""What the server knows of the workspace around a document: its index, what is open, what was edited last.

The index is kept by a process of its own (`codegpt.indexing.update`), so that no parser of ours holds up a keystroke;
it ends with the server. Nothing outside the workspace folder is looked at, but the packages that its files import.
"""

import json
import logging
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from pathlib import Path

from pygls.uris import to_fs_path

from codegpt.context.cursor import Around, Cursor
from codegpt.context.edits import Edits
from codegpt.context.project import Live
from codegpt.context.redaction import blanked
from codegpt.document import Document
from codegpt.indexing.files import is_ignored
from codegpt.indexing.index import NEW_TEXTS, Index, index_path

logger = logging.getLogger(__name__)

MOST_OPEN = 12
LARGEST_OPEN = 200_000
"""Characters; what is open and larger is not looked through for every key."""


@dataclass(frozen=True)
class Editor:
    """What an editor holds at a moment.

    Attributes:
        opened: all documents that are open, by URI, the one that was looked at last first.
    """

    opened: Mapping[str, Document] = field(default_factory=dict)
    edits: Edits = field(default_factory=Edits)


class Surroundings:
    """One folder; until it is indexed, nothing is known of its other files."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.indexed = False  # whether it is to be
        self._is_kept = False
        self._process: subprocess.Popen[str] | None = None
        self._index: Index | None = None
        self._paths: dict[str, str | None] = {}

    def start(self, told: Callable[[str], None]) -> None:
        """Have the index of the folder kept from now on; a home folder or a whole disk is no workspace.

        Args:
            told: hears how far it is, in a few words, from another thread.
        """
        self.indexed = True
        if self.root.parent == self.root or self.root in (Path.home(), Path.home().resolve().parent):
            logger.warning("%s is no workspace: its files are not indexed", self.root)
            return
        self._is_kept = True
        command = [sys.executable, "-P", "-m", "codegpt.indexing.update", str(self.root)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        threading.Thread(target=_listen, args=(self._process, told), daemon=True).start()

    def changed(self) -> None:
        """A file was saved, made or removed: look again."""
        self._paths = {}
        process = self._process
        if process is not None and process.stdin is not None:
            with suppress(OSError, ValueError):  # it has ended; what it made is still there
                process.stdin.write("changed\n")
                process.stdin.flush()

    def stop(self) -> None:
        """Let the index be as it is."""
        if self._process is not None and self._process.stdin is not None:
            with suppress(OSError, ValueError):
                self._process.stdin.close()

    @contextmanager
    def place(
        self, document: Document, offset: int, editor: Editor, new_texts: int = NEW_TEXTS
    ) -> Iterator[Cursor | None]:
        """A cursor in its project, in one state of the index; in the thread of the engine alone, and not for long.

        None where it is in no workspace, or the index is not there. Where the index fails later, the block ends there.

        Args:
            new_texts: so many files are read at most that were not read before.
        """
        path = self.path(document.uri)
        index = self._opened() if path and self._is_kept else None
        if index is None:
            yield None
            return
        readable = (
            (found, other.text)
            for uri, other in editor.opened.items()
            if len(other.text) <= LARGEST_OPEN and (found := self.path(uri))
        )
        texts = {found: _blanked(text) for found, text in islice(readable, MOST_OPEN)}
        places = Edits(tuple((found, line) for uri, line in editor.edits.places if (found := self.path(uri))))
        recent = places.regions(texts, (path, document.line_at(offset)))
        opened = {found: text for found, text in texts.items() if found != path}
        begun = False
        try:
            with index.reading(new_texts):
                begun = True
                yield Cursor(document, offset, Around(Live(index, opened), index.root.name, path, opened, recent))
        except (sqlite3.Error, OSError) as error:  # the disk, or another version of codegpt
            logger.warning("the index cannot be read: %s", error)
            self._index = None
        if not begun:
            yield None

    def _opened(self) -> Index | None:
        try:
            if self._index is None or not self._index.is_made:
                if self._index is not None:
                    self._index.close()
                path = index_path(self.root)
                self._index = Index(path, self.root) if path.exists() else None
            return self._index if self._index is not None and self._index.is_made else None
        except sqlite3.Error as error:
            logger.warning("the index cannot be opened: %s", error)
            self._index = None
            return None

    def holds(self, uri: str) -> bool:
        """Whether a document lies in the folder."""
        return self._known(uri) is not None

    def path(self, uri: str) -> str:
        """Of a document in the folder; "" for one outside, or one that its name or an ignore file keeps out."""
        return self._known(uri) or ""

    def _known(self, uri: str) -> str | None:
        known = self._paths  # another thread may put an empty one in its place
        if uri not in known:
            known[uri] = _path_in(self.root, to_fs_path(uri))
        return known[uri]


def _path_in(root: Path, local: str | None) -> str | None:
    """From there; "" where it is to be left alone, None where it is not beneath it."""
    with suppress(OSError, ValueError):
        if local is not None:
            path = Path(local).resolve().relative_to(root).as_posix()
            return "" if is_ignored(root, path) else path
    return None


_blanked = lru_cache(maxsize=MOST_OPEN + 1)(blanked)
"""What is open is the same from key to key, but for one."""


def _listen(process: "subprocess.Popen[str]", told: Callable[[str], None]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        with suppress(ValueError, KeyError):
            said = json.loads(line)
            if "failed" in said:
                logger.warning("the workspace is not indexed: %s", said["failed"])
                continue
            told(f"{said['done']} of {said['of']} files" if "done" in said else "")
