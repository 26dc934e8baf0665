"""The folders that an editor has open: which of them a document lies in, and whether it is one to be left alone."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from pygls.uris import to_fs_path

from codegpt.context.cursor import Cursor
from codegpt.document import Document
from codegpt.indexing.index import NEW_TEXTS
from codegpt.secret_files import is_secret
from codegpt_server.surroundings import Editor, Surroundings

IGNORED = "the file is ignored"
SECRET = "the file holds secrets, by its name"


class Folders:
    """Each has surroundings of its own."""

    def __init__(self) -> None:
        self._by_root: dict[Path, Surroundings] = {}

    def keep(self, uris: Iterable[str], indexed: bool, told: Callable[[str], None]) -> None:
        """Have these folders and no others.

        Args:
            indexed: whether other files are to be known.
            told: see `Surroundings.start`.
        """
        kept = dict(self._by_root)  # the engine's thread looks at the other one
        roots = {Path(path).resolve() for uri in uris if (path := to_fs_path(uri))}
        for root in [root for root, each in kept.items() if root not in roots or each.indexed != indexed]:
            kept.pop(root).stop()
        for root in sorted(roots - kept.keys()):
            kept[root] = Surroundings(root)
            if indexed:
                kept[root].start(told)
        self._by_root = kept

    def why_left_alone(self, uri: str) -> str:
        """Why a document is neither completed nor told of, in a few words; "" for any other."""
        if any(map(is_secret, PurePosixPath(unquote(urlsplit(uri).path)).parts)):
            return SECRET
        around = self._around(uri)
        return IGNORED if around is not None and not around.path(uri) else ""

    def root_of(self, uri: str) -> Path | None:
        """The folder that a document is in."""
        around = self._around(uri)
        return around.root if around is not None and around.path(uri) else None

    def place(
        self, document: Document, offset: int, editor: Editor, new_texts: int = NEW_TEXTS
    ) -> AbstractContextManager[Cursor | None]:
        """See `Surroundings.place`."""
        around = self._around(document.uri)
        return nullcontext() if around is None else around.place(document, offset, editor, new_texts)

    def changed(self) -> None:
        """A file was saved, made or removed: look again."""
        for around in self._by_root.values():
            around.changed()

    def stop(self) -> None:
        """Let the indexes be as they are."""
        for around in self._by_root.values():
            around.stop()

    def _around(self, uri: str) -> Surroundings | None:
        """Of the folders that a document is in the innermost one."""
        inside = [around for around in self._by_root.values() if around.holds(uri)]
        return max(inside, key=lambda around: len(around.root.parts), default=None)
