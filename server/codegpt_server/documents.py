"""The server's only store of open texts: pygls keeps them, in snapshots of ours.

pygls splits lines with `str.splitlines`, which also splits at form feeds and U+2028, so its incremental edits corrupt
such files. Its workspace asks a factory for every document; ours makes documents that hold a `codegpt.Document`.
"""

from dataclasses import replace
from itertools import pairwise

from lsprotocol import types
from pygls.workspace import TextDocument, Workspace

from codegpt.document import Document, Edit, Encoding, Span
from codegpt_server.convert import to_encoding, to_position


class SnapshotDocument(TextDocument):
    """A pygls document whose text and positions are those of a `codegpt.Document`."""

    def __init__(self, uri: str, source: str | None, version: int | None, language_id: str | None, encoding: Encoding):
        super().__init__(uri, source=None, version=version, language_id=language_id)
        self._encoding: Encoding = encoding
        self._snapshot = Document(source or "", uri, language_id or "", version or 0)

    @property
    def snapshot(self) -> Document:
        """The text as it is now; it never changes afterwards."""
        if self._snapshot.version != (self.version or 0):
            self._snapshot = replace(self._snapshot, version=self.version or 0)
        return self._snapshot

    @property
    def source(self) -> str:
        """The whole text."""
        return self._snapshot.text

    @property
    def lines(self) -> list[str]:
        """The lines with their ends, which are those of LSP and no others."""
        starts = [*self._snapshot.line_starts, len(self.source)]
        return [self.source[begin:end] for begin, end in pairwise(starts)]

    def offset_at_position(self, client_position: types.Position) -> int:
        """The code-point offset of a position of the client."""
        return self._snapshot.offset_at(to_position(client_position), self._encoding)

    def apply_change(self, change: types.TextDocumentContentChangeEvent) -> None:
        """Apply one change of a `didChange`."""
        if isinstance(change, types.TextDocumentContentChangePartial):
            start = self.offset_at_position(change.range.start)
            end = max(start, self.offset_at_position(change.range.end))
        else:
            start, end = 0, len(self.source)
        self._snapshot = self._snapshot.apply(Edit(Span(start, end), change.text))


class SnapshotWorkspace(Workspace):
    """A workspace that makes `SnapshotDocument`s."""

    def _create_text_document(
        self, doc_uri: str, source: str | None = None, version: int | None = None, language_id: str | None = None
    ) -> TextDocument:
        encoding = to_encoding(self.position_encoding)
        return SnapshotDocument(doc_uri, source, version, language_id, encoding)
