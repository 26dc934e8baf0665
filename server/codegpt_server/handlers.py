"""What an editor may ask and say, and who answers it."""

from collections.abc import Mapping
from typing import Any

from lsprotocol import types

from codegpt.inline import Asked
from codegpt_server.commands import ACCEPTED, add_commands
from codegpt_server.convert import to_completion_items, to_inline_items
from codegpt_server.server import Answer, CodeGPTServer, ModelLoader
from codegpt_server.settings import Settings
from codegpt_server.worker import Worker

CURSOR = "codegpt/cursor"
"""The notification by which an editor may say where the cursor rests, after opening a file or coming back to it.

Its parameters are a `TextDocumentPositionParams`. The text around the cursor is then read before anybody asks.
"""

SHOWN, PARTLY_ACCEPTED = "textDocument/didShowCompletion", "textDocument/didPartiallyAcceptCompletion"
"""By these an editor may say what becomes of an item, as for Copilot's server; the item's command holds its number."""

Invoked = types.InlineCompletionTriggerKind.Invoked


def create_server(
    settings: Settings, load: ModelLoader, worker: Worker | None = None, *, counted: bool = True
) -> CodeGPTServer:
    """A server with its handlers; nothing is loaded before the client says `initialized`. See `CodeGPTServer`."""
    server = CodeGPTServer(settings, load, worker, counted=counted)
    _lifecycle(server)
    _documents(server)
    _suggestions(server)
    add_commands(server)
    return server


def _lifecycle(server: CodeGPTServer) -> None:
    @server.feature(types.INITIALIZE)
    def initialize(ls: CodeGPTServer, params: types.InitializeParams) -> None:
        ls.begin(params)

    @server.feature(types.INITIALIZED)
    async def initialized(ls: CodeGPTServer, _params: types.InitializedParams) -> None:
        for problem in ls.problems:
            ls.tell(types.MessageType.Warning, problem)
        ls.look_around()
        await ls.load_model()

    @server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    async def configured(ls: CodeGPTServer, params: types.DidChangeConfigurationParams) -> None:
        await ls.configure(params.settings)

    @server.feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    def folders_changed(ls: CodeGPTServer, _params: types.DidChangeWorkspaceFoldersParams) -> None:
        ls.look_around()

    @server.feature(types.SHUTDOWN)
    def shutdown(ls: CodeGPTServer, _params: None) -> None:
        ls.was_shut_down = True
        ls.stop_work()


def _documents(server: CodeGPTServer) -> None:
    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def opened(ls: CodeGPTServer, params: types.DidOpenTextDocumentParams) -> None:
        ls.changed(params.text_document.uri, [])

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def changed(ls: CodeGPTServer, params: types.DidChangeTextDocumentParams) -> None:
        ls.changed(params.text_document.uri, list(params.content_changes))

    @server.feature(types.NOTEBOOK_DOCUMENT_DID_CHANGE)
    def notebook_changed(ls: CodeGPTServer, params: types.DidChangeNotebookDocumentParams) -> None:
        cells = params.change.cells
        for content in (cells.text_content or []) if cells else []:
            ls.changed(content.document.uri, list(content.changes))

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def closed(ls: CodeGPTServer, params: types.DidCloseTextDocumentParams) -> None:
        ls.closed(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def saved(ls: CodeGPTServer, _params: types.DidSaveTextDocumentParams) -> None:
        ls.folders.changed()

    @server.feature(CURSOR)
    def cursor_rests(ls: CodeGPTServer, params: Any) -> None:
        try:
            position = types.Position(params["position"]["line"], params["position"]["character"])
            place = ls.place(params["textDocument"]["uri"], position, None)
        except (KeyError, TypeError, ValueError, AttributeError):
            return
        if place and ls.settings.ahead and not ls.why_silent(place, invoked=False):
            ls.in_background(ls.look_ahead(Asked(place.whole, place.at, ls.settings.options(invoked=False))))


def _suggestions(server: CodeGPTServer) -> None:
    @server.feature(types.TEXT_DOCUMENT_INLINE_COMPLETION, types.InlineCompletionOptions())
    async def inline_completion(ls: CodeGPTServer, params: types.InlineCompletionParams) -> types.InlineCompletionList:
        uri, context = params.text_document.uri, params.context
        kind, selected = types.TEXT_DOCUMENT_INLINE_COMPLETION, context.selected_completion_info
        invoked = context.trigger_kind == Invoked
        answer = await ls.suggest(kind, uri, params.position, invoked=invoked, selected=selected)
        if answer is None:
            return types.InlineCompletionList([])
        place, found = answer.place, answer.completions.items
        commands = _accepted(answer)
        return types.InlineCompletionList(
            to_inline_items(found, place.document, place.offset, ls.encoding, selected, commands)
        )

    @server.feature(types.TEXT_DOCUMENT_COMPLETION, types.CompletionOptions())
    async def completion(ls: CodeGPTServer, params: types.CompletionParams) -> types.CompletionList:
        answer = await ls.suggest(types.TEXT_DOCUMENT_COMPLETION, params.text_document.uri, params.position)
        if answer is None:
            return types.CompletionList(is_incomplete=True, items=[])
        place, found = answer.place, answer.completions.items
        items = to_completion_items(found, place.document, place.offset, ls.encoding, _accepted(answer))
        return types.CompletionList(is_incomplete=True, items=items)

    @server.feature(SHOWN)
    def shown(ls: CodeGPTServer, params: Any) -> None:
        number = _number_of(params)
        if number:
            ls.fates.seen(number)

    @server.feature(PARTLY_ACCEPTED)
    def partly_accepted(ls: CodeGPTServer, params: Any) -> None:
        length = params.get("acceptedLength") if isinstance(params, Mapping) else None
        if isinstance(length, int) and (number := _number_of(params)):
            ls.fates.partly_accepted(number, length)


def _accepted(answer: Answer) -> Any:
    return lambda which: types.Command("codegpt: taken", ACCEPTED, arguments=[answer.number, which])


def _number_of(params: Any) -> int | None:
    """The number of the suggestion that a notification about an item speaks of."""
    try:
        number = params["item"]["command"]["arguments"][0]
    except (KeyError, IndexError, TypeError):
        return None
    return number if type(number) is int else None
