"""The language server: handlers that translate, ask the worker, and translate back."""

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from codegpt.complete import Completions
from codegpt.context.edits import Edits
from codegpt.document import Document, Encoding
from codegpt.errors import CodeGPTError
from codegpt.load import LoadedModel
from codegpt.planning import CompletionOptions
from codegpt_server.convert import to_completion_items, to_encoding, to_inline_items, to_position
from codegpt_server.documents import SnapshotDocument, SnapshotWorkspace
from codegpt_server.inflight import Inflight
from codegpt_server.settings import Settings, parse_settings
from codegpt_server.surroundings import NEW_TEXTS_AHEAD, Editor, Surroundings
from codegpt_server.worker import Asked, Worker

logger = logging.getLogger(__name__)

STATUS = "codegpt/status"
"""The notification that tells an editor's status bar what the server is doing."""

CURSOR = "codegpt/cursor"
"""The notification by which an editor may say where the cursor rests, after opening a file or coming back to it.

Its parameters are a `TextDocumentPositionParams`. The text around the cursor is then read before anybody asks.
"""

READ_AHEAD = "codegpt/readAhead"
"""The kind of what is done for nobody; there is one of it at a time, for whichever document was asked about last."""

ModelLoader = Callable[[Settings], LoadedModel]


class CodeGPTServer(LanguageServer):
    """A language server that completes code with the model that `load` returns."""

    def __init__(self, settings: Settings, load: ModelLoader) -> None:
        super().__init__("codegpt-server", version("codegpt-lsp"))
        self.settings = settings
        self.problems: list[str] = []
        self.load = load
        self.worker = Worker()
        self.was_shut_down = False
        self.inflight = Inflight()
        self.background: asyncio.Task[None] | None = None
        self.surroundings = Surroundings()
        self.edits = Edits()
        self.looked_at: list[str] = []

    @property
    def encoding(self) -> Encoding:
        """How the client counts characters."""
        return to_encoding(self.workspace.position_encoding)

    def snapshot(self, uri: str) -> Document | None:
        """The document as the editor has it now; None where it is not open."""
        document = self.workspace.get_text_document(uri)
        is_open = document in self.workspace.text_documents.values()
        return document.snapshot if is_open and isinstance(document, SnapshotDocument) else None

    @property
    def options(self) -> CompletionOptions:
        """What every suggestion is asked with."""
        return CompletionOptions(timeout_s=self.settings.timeout_s, wait_s=self.settings.wait_s)

    async def suggest(self, kind: str, uri: str, position: types.Position) -> tuple[Document, int, Completions] | None:
        """Complete at a position of a document; None where it is not open, has changed, or a newer request came."""
        document = self.snapshot(uri)
        if document is None:
            return None
        offset = document.offset_at(to_position(position), self.encoding)
        options = self.options
        self.inflight.cancel(READ_AHEAD, "")
        with self.inflight.request(kind, uri) as cancelled:
            around = partial(self.surroundings.around, document, offset, self.editor(uri))
            completions = await self.worker.complete(Asked(document, offset, options, cancelled.is_set, around))
        if not cancelled.is_set():
            self.background = asyncio.create_task(self.read_ahead(document, offset, options))
        current = self.snapshot(uri)  # None where it was closed; a reopened one may have the same version
        if cancelled.is_set() or current != document:
            return None
        return document, offset, completions

    async def read_ahead(self, document: Document, offset: int, options: CompletionOptions) -> None:
        """Read what a suggestion was made without, until the next one is asked for."""
        around = partial(
            self.surroundings.around, document, offset, self.editor(document.uri), new_texts=NEW_TEXTS_AHEAD
        )
        with self.inflight.request(READ_AHEAD, "") as cancelled:
            await self.worker.read_ahead(Asked(document, offset, options, cancelled.is_set, around))

    def editor(self, uri: str) -> Editor:
        """What is open, the document of `uri` first and then those that were asked about before it."""
        opened = self.workspace.text_documents
        self.looked_at = [uri, *(other for other in self.looked_at if other != uri and other in opened)]
        ordered = [*(each for each in self.looked_at if each in opened), *opened]
        documents = ((each, self.snapshot(each)) for each in dict.fromkeys(ordered))
        return Editor({each: found for each, found in documents if found is not None}, self.edits)

    def look_around(self) -> None:
        """Begin to index the workspace folder, where there is one and it is wanted."""
        root = self.workspace.root_path
        if self.settings.context and root:
            loop = asyncio.get_running_loop()

            def told(words: str) -> None:
                loop.call_soon_threadsafe(self.report, *(("indexing", words) if words else ("indexed", "")))

            self.surroundings.start(Path(root), told)

    async def load_model(self) -> None:
        """Load the model in the worker and tell the person what they should know."""
        for problem in self.problems:
            self.tell(types.MessageType.Warning, problem)
        self.report("loading", self.settings.model)
        try:
            loaded = await self.worker.load(lambda: self.load(self.settings))
        except CodeGPTError as error:
            self.tell(types.MessageType.Error, str(error))
            self.report("failed", str(error))
            return
        if loaded.warning:
            self.tell(types.MessageType.Warning, loaded.warning)
        self.report("ready", loaded.engine.info.name)

    def stop_work(self) -> None:
        """Cancel what is being worked on and begin nothing more; for the end of the server."""
        self.inflight.cancel_all()
        self.worker.stop()
        self.surroundings.stop()

    def report(self, state: str, detail: str) -> None:
        """Notify the client of the server's state: `loading`, `ready`, `failed`, `indexing` or `indexed`."""
        self.protocol.notify(STATUS, {"state": state, "detail": detail})

    def tell(self, kind: types.MessageType, text: str) -> None:
        """Show a line in the editor."""
        self.window_show_message(types.ShowMessageParams(kind, f"codegpt: {text}"))


def edited(edits: Edits, uri: str, change: types.TextDocumentContentChangePartial) -> Edits:
    """The edits with one more."""
    start, end = change.range.start.line, change.range.end.line
    return edits.edited(uri, start, change.text.count("\n") - (end - start))


def create_server(settings: Settings, load: ModelLoader) -> CodeGPTServer:
    """A server with its handlers; nothing is loaded before the client says `initialized`."""
    server = CodeGPTServer(settings, load)

    @server.feature(types.INITIALIZE)
    def initialize(ls: CodeGPTServer, params: types.InitializeParams) -> None:
        workspace = ls.workspace
        ls.settings, ls.problems = parse_settings(params.initialization_options, ls.settings)
        ls.protocol._workspace = SnapshotWorkspace(  # pygls has no public way to choose the workspace
            workspace.root_uri,
            workspace._sync_kind,
            list(workspace.folders.values()),
            workspace.position_encoding,
        )

    @server.feature(types.INITIALIZED)
    async def initialized(ls: CodeGPTServer, _params: types.InitializedParams) -> None:
        ls.look_around()
        await ls.load_model()

    @server.feature(types.TEXT_DOCUMENT_INLINE_COMPLETION, types.InlineCompletionOptions())
    async def inline_completion(ls: CodeGPTServer, params: types.InlineCompletionParams) -> types.InlineCompletionList:
        found = await ls.suggest(types.TEXT_DOCUMENT_INLINE_COMPLETION, params.text_document.uri, params.position)
        items = to_inline_items(found[2].items, *found[:2], ls.encoding) if found else []
        return types.InlineCompletionList(items)

    @server.feature(types.TEXT_DOCUMENT_COMPLETION, types.CompletionOptions())
    async def completion(ls: CodeGPTServer, params: types.CompletionParams) -> types.CompletionList:
        found = await ls.suggest(types.TEXT_DOCUMENT_COMPLETION, params.text_document.uri, params.position)
        items = to_completion_items(found[2].items, *found[:2], ls.encoding) if found else []
        return types.CompletionList(is_incomplete=True, items=items)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def changed(ls: CodeGPTServer, params: types.DidChangeTextDocumentParams) -> None:
        for change in params.content_changes:
            if isinstance(change, types.TextDocumentContentChangePartial):
                ls.edits = edited(ls.edits, params.text_document.uri, change)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def saved(ls: CodeGPTServer, _params: types.DidSaveTextDocumentParams) -> None:
        ls.surroundings.changed()

    @server.feature(CURSOR)
    async def cursor_rests(ls: CodeGPTServer, params: Any) -> None:
        try:  # pygls gives what it has no type for as it came
            uri, line, character = params.textDocument.uri, params.position.line, params.position.character
            position = to_position(types.Position(line, character))
            document = ls.snapshot(uri)
            offset = document.offset_at(position, ls.encoding) if document else 0
        except (AttributeError, TypeError, ValueError):
            logger.warning("%s came with something else than a text document and a position", CURSOR)
            return
        if document:
            await ls.read_ahead(document, offset, ls.options)

    @server.feature(types.SHUTDOWN)
    def shutdown(ls: CodeGPTServer, _params: None) -> None:
        ls.was_shut_down = True
        ls.stop_work()

    return server
