"""The project that a file lies in, as the server knows it while the file is typed again."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from codegpt.context.cursor import Around, Cursor
from codegpt.context.edits import Edits
from codegpt.document import Document
from codegpt.indexing.files import project_of
from codegpt.indexing.index import NEW_TEXTS, Index
from codegpt.indexing.update import current_index


@dataclass(frozen=True)
class Workspace:
    """What a document lies in, and where in it."""

    index: Index
    path: str

    @contextmanager
    def place(self, document: Document, offset: int, edits: Edits, new_texts: int = NEW_TEXTS) -> Iterator[Cursor]:
        """A place of the file in it, in one state of the index, as in the server.

        Args:
            new_texts: so many other files are read at most that were not read before.
        """
        line, text = document.line_at(offset), document.text
        places = Edits(tuple((self.path, at) for _, at in edits.places))
        recent = places.regions({self.path: text}, (self.path, line))
        with self.index.reading(new_texts):
            around = Around(self.index, self.index.root.name, self.path, recent=recent)
            yield Cursor(document, offset, around)


def workspace_of(path: Path) -> Workspace:
    """The project that a file lies in, indexed.

    Raises:
        InputError: its index cannot be written.
    """
    root = project_of(path)
    return Workspace(current_index(root), path.resolve().relative_to(root).as_posix())
