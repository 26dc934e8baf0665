"""The language server: what is remembered of an editor, and the answers to what it asks."""

import asyncio
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from typing import Any, BinaryIO, NamedTuple

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from codegpt.complete import Completions
from codegpt.context.edits import Edits
from codegpt.document import Document, Edit, Encoding, Span
from codegpt.errors import CodeGPTError
from codegpt.indexing.index import NEW_TEXTS_AHEAD
from codegpt.inline import Asked, following, visible
from codegpt.load import LoadedModel
from codegpt.usage import Counter, Outcome, Shown, usage_path
from codegpt_server.convert import to_encoding, to_position
from codegpt_server.documents import SnapshotDocument, SnapshotWorkspace
from codegpt_server.explaining import Explanation, explain
from codegpt_server.fate import Fates
from codegpt_server.folders import Folders
from codegpt_server.inflight import Inflight
from codegpt_server.notebooks import joined
from codegpt_server.progress import progress
from codegpt_server.protocol import Protocol, log, plain_converter
from codegpt_server.settings import SECTION, Settings, parse_settings, section_of
from codegpt_server.status import Status
from codegpt_server.surroundings import Editor
from codegpt_server.switch import Switch
from codegpt_server.transport import Output, own_output, serve, until_gone
from codegpt_server.turns import Urgency
from codegpt_server.worker import Worker

AHEAD = "codegpt/ahead"
"""The kind of what is done for nobody; there is one of it at a time, for whichever document was asked about last."""

ModelLoader = Callable[[Settings], LoadedModel]

NOT_OPEN = "the document is not open"


class Place(NamedTuple):
    """A position in a document of the editor, and the same in the document that is completed: its notebook's.

    Attributes:
        document, offset: in the editor.
        whole, at: in the notebook; the same where there is none.
    """

    document: Document
    offset: int
    whole: Document
    at: int


class Answer(NamedTuple):
    """What an editor is given, and the number by which it speaks of it."""

    completions: Completions
    place: Place
    number: int


class CodeGPTServer(LanguageServer):
    """A language server that completes code with the model that `load` returns.

    Args:
        worker: with an engine that others use as well; None for one of its own.
        counted: whether it is counted what becomes of suggestions.
    """

    protocol: Protocol

    def __init__(
        self, settings: Settings, load: ModelLoader, worker: Worker | None = None, *, counted: bool = True
    ) -> None:
        every_notebook = types.NotebookDocumentFilterWithNotebook(notebook="*")
        super().__init__(
            "codegpt-server",
            version("codegpt-lsp"),
            notebook_document_sync=types.NotebookDocumentSyncOptions(notebook_selector=[every_notebook]),
            protocol_cls=Protocol,
            converter_factory=plain_converter,
        )
        self.defaults = settings
        self.settings = settings
        self.given: Mapping[str, Any] = {}
        self.problems: list[str] = []
        self.load = load
        self.worker = worker or Worker()
        self.was_shut_down = False
        self.inflight = Inflight()
        self.tasks: set[asyncio.Task[Any]] = set()
        self.folders = Folders()
        self.switch = Switch()
        self.edits = Edits()
        self.deleted: set[str] = set()
        self.looked_at: list[str] = []
        self.status = Status(self.protocol.notify)
        self.last = Explanation()
        self.fates = Fates()
        self.counter = Counter(usage_path()) if counted else None

    @property
    def encoding(self) -> Encoding:
        """How the client counts characters."""
        return to_encoding(self.workspace.position_encoding)

    def snapshot(self, uri: str) -> Document | None:
        """The document as the editor has it now; None where it is not open."""
        document = self.workspace.get_text_document(uri)
        is_open = document in self.workspace.text_documents.values()
        return document.snapshot if is_open and isinstance(document, SnapshotDocument) else None

    def place(self, uri: str, position: types.Position, selected: types.SelectedCompletionInfo | None) -> Place | None:
        """A position as offsets; with the selected entry of a menu put in already. None where it is not open."""
        document = self.snapshot(uri)
        if document is None:
            return None
        offset = document.offset_at(to_position(position), self.encoding)
        completed, at = document, offset
        if selected is not None:
            start, end = (
                document.offset_at(to_position(each), self.encoding)
                for each in (selected.range.start, selected.range.end)
            )
            completed = document.apply(Edit(Span(start, max(start, end)), selected.text))
            at = start + len(selected.text)
        notebook = self.workspace.get_notebook_document(cell_uri=uri)
        if notebook is None:
            return Place(document, offset, completed, at)
        uris = [cell.document for cell in notebook.cells if cell.kind == types.NotebookCellKind.Code]
        cells = [completed if each == uri else self.snapshot(each) for each in uris]
        if uri not in uris or None in cells:
            return Place(document, offset, completed, at)
        whole, begin = joined([cell for cell in cells if cell is not None], uris.index(uri), notebook.uri)
        return Place(document, offset, whole, begin + at)

    async def suggest(
        self,
        kind: str,
        uri: str,
        position: types.Position,
        *,
        invoked: bool = False,
        selected: types.SelectedCompletionInfo | None = None,
    ) -> Answer | None:
        """Complete at a position of a document; None where there is nothing to show."""
        begun = time.monotonic()
        place = self.place(uri, position, selected)
        if place is None:
            self.status.answered(NOT_OPEN)
            return None
        asked = Asked(place.whole, place.at, self.settings.options(invoked), invoked=invoked)
        asked = replace(asked, deleted=uri in self.deleted, confidence=self.settings.confidence)
        why = self.why_silent(place, invoked)
        if why:  # nothing of it is to be read, now or ahead
            self.inflight.cancel(kind, uri)
            self.inflight.cancel(AHEAD, "")
            self.note(asked, place, Completions((), why), "", begun)
            return None
        known = self.worker.known(asked)
        if known is not None:
            self.inflight.cancel(kind, uri)
            return self.answer(asked, place, known, "" if known.why_none else "reuse", begun)
        completions = await self.ask(kind, asked, uri)
        if completions is None or self.place(uri, position, selected) != place:
            return None
        self.worker.remember(asked, completions)
        return self.answer(asked, place, visible(asked, completions), "model", begun)

    async def ask(self, kind: str, asked: Asked, uri: str) -> Completions | None:
        """The model's answer; None where it was cancelled."""
        self.inflight.cancel(AHEAD, "")
        with self.inflight.request(kind, uri) as cancelled:
            around = partial(self.folders.place, asked.document, asked.offset, self.editor(uri))
            found = await self.worker.complete(replace(asked, cancelled=cancelled.is_set, place=around))
        return None if cancelled.is_set() else found

    def answer(self, asked: Asked, place: Place, found: Completions, made_by: str, begun: float) -> Answer | None:
        """Note what is answered, and go on with what may be wanted next."""
        number = self.note(asked, place, found, made_by, begun)
        if self.settings.ahead:
            self.in_background(self.look_ahead(asked, found))
        return Answer(found, place, number) if found.items else None

    def note(self, asked: Asked, place: Place, found: Completions, made_by: str, begun: float) -> int:
        """Keep why an answer is as it is, say so, and count it; the number by which the editor speaks of it."""
        total_s, uri = time.monotonic() - begun, place.document.uri
        line = place.document.line_at(place.offset)
        self.last = explain(
            found,
            made_by=made_by,
            uri=uri,
            line=line,
            character=place.offset - place.document.line_starts[line],
            invoked=asked.invoked,
            total_s=total_s,
        )
        self.status.answered(found.why_none)
        number, over = self.fates.answered(uri, found, place.document.language, asked.invoked, total_s)
        self.count(over)
        return number

    async def look_ahead(self, asked: Asked, completions: Completions | None = None) -> None:
        """Until the next suggestion is asked for: read what this one was made without, and make what follows it."""
        editor = self.editor(asked.document.uri)
        around = partial(self.folders.place, asked.document, asked.offset, editor, new_texts=NEW_TEXTS_AHEAD)
        with self.inflight.request(AHEAD, "") as cancelled:
            asked = replace(asked, cancelled=cancelled.is_set, place=around)
            await self.worker.read_ahead(asked)
            below = following(asked, completions) if completions else None
            if below is None or cancelled.is_set() or self.worker.known(below) is not None:
                return
            below = replace(below, invoked=False, options=self.settings.options(invoked=False))
            found = await self.worker.complete(below, Urgency.AHEAD)
            if not cancelled.is_set():
                self.worker.remember(below, found)

    def in_background(self, work: Any) -> None:
        """Do something that nobody waits for."""
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def why_silent(self, place: Place, invoked: bool) -> str:
        """Why nothing is suggested in a document, in a few words; "" where something may be."""
        off = self.switch.why_off(self.settings, place.document.language, invoked)
        return off or self.why_left_alone(place.document)

    def why_left_alone(self, document: Document) -> str:
        """Why a document, or the notebook that it is in, is none of our business, in a few words; "" for any other."""
        notebook = self.workspace.get_notebook_document(cell_uri=document.uri)
        uris = [document.uri, notebook.uri] if notebook else [document.uri]
        return next((why for why in map(self.folders.why_left_alone, uris) if why), "")

    def editor(self, uri: str) -> Editor:
        """What is open, the document of `uri` first and then those that were asked about before it."""
        documents = self.workspace.text_documents.values()
        opened = {each.uri: each.snapshot for each in documents if isinstance(each, SnapshotDocument)}
        self.looked_at = [uri, *(other for other in self.looked_at if other != uri and other in opened)]
        ordered = dict.fromkeys([*(each for each in self.looked_at if each in opened), *opened])
        return Editor({each: opened[each] for each in ordered}, self.edits)

    def changed(self, uri: str, changes: list[types.TextDocumentContentChangeEvent]) -> None:
        """Note where a document was edited, and whether text was taken away there; or that it was opened."""
        notebook = self.workspace.get_notebook_document(cell_uri=uri)
        self.worker.edited(notebook.uri if notebook else uri)
        partial_changes = [each for each in changes if isinstance(each, types.TextDocumentContentChangePartial)]
        for change in partial_changes:
            start, end = change.range.start.line, change.range.end.line
            self.edits = self.edits.edited(uri, start, change.text.count("\n") - (end - start))
        taken = [not each.text and each.range.start != each.range.end for each in partial_changes]
        (self.deleted.add if taken and all(taken) else self.deleted.discard)(uri)
        if len(changes) == 1:
            self.fates.inserted(uri, changes[0].text)

    def closed(self, uri: str) -> None:
        """Forget what was remembered of a document."""
        self.deleted.discard(uri)
        self.count(self.fates.over(uri, Outcome.REJECTED))

    def count(self, rows: list[Shown]) -> None:
        """Count what became of some suggestions."""
        if self.counter:
            for row in rows:
                self.counter.add(row)

    def look_around(self) -> None:
        """Keep the folders that the editor has open, and an index of each where that is wanted."""
        loop = asyncio.get_running_loop()
        folders = [folder.uri for folder in self.workspace.folders.values()]
        folders = folders or ([self.workspace.root_uri] if self.workspace.root_uri else [])

        def told(words: str) -> None:
            loop.call_soon_threadsafe(self.status.index, words)

        self.folders.keep(folders, self.settings.context, told)

    async def configure(self, settings: Any) -> None:
        """Take what an editor's configuration says now; where it only says that it has changed, ask for it."""
        given = section_of(settings)
        workspace = self.client_capabilities.workspace
        if given is None and workspace and workspace.configuration:
            [given] = await self.workspace_configuration_async(
                types.ConfigurationParams([types.ConfigurationItem(section=SECTION)])
            )
        if not isinstance(given, Mapping):
            return
        before = self.settings
        base = parse_settings(self.given, self.defaults).settings
        self.settings, problems = parse_settings(given, base, live=True)
        for problem in problems:
            self.tell(types.MessageType.Warning, problem)
        if self.settings.context != before.context:
            self.look_around()
        if (self.settings.model, self.settings.fim) != (before.model, before.fim):
            await self.load_model()

    async def load_model(self) -> None:
        """Load the model in the worker and tell the person what they should know."""
        self.status.model("loading", self.settings.model)
        loading = self.worker.load(lambda: self.load(self.settings))  # who asks from now on waits for it
        async with progress(self, f"codegpt: loading {self.settings.model}"):
            try:
                loaded = await loading
            except CodeGPTError as error:
                self.tell(types.MessageType.Error, str(error))
                self.status.model("failed", str(error))
                return
        name, absent = loaded.engine.info.name, loaded.stands_in_for
        if loaded.warning and not absent:  # that is so at every start, and in the status
            self.tell(types.MessageType.Warning, loaded.warning)
        self.status.model("ready", f"{name}: {loaded.warning}" if absent else name, absent)

    def start_io(self, stdin: BinaryIO | None = None, stdout: BinaryIO | None = None) -> None:
        """Answer what comes in until the stream or the client ends."""
        self.protocol.set_writer(Output(stdout or own_output()))

        async def serve_all() -> None:
            asyncio.get_running_loop().set_exception_handler(lambda _loop, context: log(context.get("exception")))
            self.in_background(until_gone(lambda: self.process_id))
            await serve(stdin or sys.stdin.buffer, self.protocol.receive, self.protocol.refuse_large)

        with suppress(SystemExit, KeyboardInterrupt):
            asyncio.run(serve_all())

    def stop_work(self) -> None:
        """Cancel what is being worked on and begin nothing more; for the end of the server."""
        self.inflight.cancel_all()
        self.worker.stop()
        self.folders.stop()
        self.count(self.fates.all_over())
        if self.counter:
            self.counter.stop()

    def tell(self, kind: types.MessageType, text: str) -> None:
        """Show a line in the editor."""
        self.window_show_message(types.ShowMessageParams(kind, f"codegpt: {text}"))

    def begin(self, params: types.InitializeParams) -> None:
        """Read the settings, and keep texts in a workspace of our own."""
        workspace = self.workspace
        options = params.initialization_options
        self.given = options if isinstance(options, Mapping) else {}
        self.settings, self.problems = parse_settings(options, self.defaults)
        self.protocol._workspace = SnapshotWorkspace(  # pygls has no public way to choose the workspace
            workspace.root_uri, workspace._sync_kind, list(workspace.folders.values()), workspace.position_encoding
        )
