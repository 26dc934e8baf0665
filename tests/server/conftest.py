"""An editor for tests: pygls' own client, talking to a real server process over stdio."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from codegpt_server.protocol import plain_converter
from lsprotocol import types
from pygls.lsp.client import LanguageClient

URI = "file:///project/example.py"


class Editor:
    """One open document in one server."""

    def __init__(self, client: LanguageClient, answer: types.InitializeResult, log: Path) -> None:
        self.client = client
        self.capabilities = answer.capabilities
        self.log = log
        self.version = 0
        self.messages: list[str] = []
        self.statuses: list[tuple[str, str]] = []
        self.indexes: list[str] = []
        self.why = self.offer = ""

    def open(self, text: str, uri: str = URI, language: str = "python") -> None:
        self.client.text_document_did_open(
            types.DidOpenTextDocumentParams(types.TextDocumentItem(uri, language, self.version, text))
        )

    def change(self, start: tuple[int, int], end: tuple[int, int], text: str) -> None:
        self.version += 1
        place = types.Range(types.Position(*start), types.Position(*end))
        self.client.text_document_did_change(
            types.DidChangeTextDocumentParams(
                types.VersionedTextDocumentIdentifier(self.version, URI),
                [types.TextDocumentContentChangePartial(place, text)],
            )
        )

    def ask(
        self,
        line: int,
        character: int,
        msg_id: str | None = None,
        uri: str = URI,
        invoked: bool = False,
        selected: types.SelectedCompletionInfo | None = None,
    ) -> "asyncio.Future[Any]":
        kinds = types.InlineCompletionTriggerKind
        params = types.InlineCompletionParams(
            types.InlineCompletionContext(kinds.Invoked if invoked else kinds.Automatic, selected),
            types.TextDocumentIdentifier(uri),
            types.Position(line, character),
        )
        request = self.client.protocol.send_request_async("textDocument/inlineCompletion", params, msg_id)
        return asyncio.ensure_future(request)

    async def texts(self, line: int, character: int, uri: str = URI, invoked: bool = False) -> list[str]:
        answer = await self.ask(line, character, uri=uri, invoked=invoked)
        return [item.insert_text for item in answer.items]

    async def command(self, name: str, *arguments: Any) -> Any:
        params = types.ExecuteCommandParams(name, list(arguments))
        return await self.client.workspace_execute_command_async(params)

    async def explained(self) -> dict[str, Any]:
        return dict((await self.command("codegpt.explain")).items())

    async def until(self, condition: Callable[[], bool], timeout_s: float = 20) -> None:
        async with asyncio.timeout(timeout_s):
            while not condition():
                await asyncio.sleep(0.005)

    def prompts(self) -> list[str]:
        log = self.log.with_suffix(".prompts")
        return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()] if log.exists() else []

    def generations(self) -> list[str]:
        return self.log.read_text(encoding="utf-8").splitlines() if self.log.exists() else []


OpenEditor = Callable[..., AbstractAsyncContextManager[Editor]]


@pytest.fixture
def editor(tmp_path: Path) -> OpenEditor:
    """`async with editor(command...)`: a server started with the command, or one that slowly suggests a text."""

    @asynccontextmanager
    async def start(
        *command: str,
        text: str = "return a + b",
        seconds_per_token: float = 0.0,
        encodings: list[types.PositionEncodingKind] | None = None,
        configuration: list[Any] | None = None,
        options: dict[str, Any] | None = None,
        root: Path | None = None,
    ) -> AsyncIterator[Editor]:
        log = tmp_path / "generations"
        slow = (str(Path(__file__).parent / "slow_server.py"), str(log), text, str(seconds_per_token))
        client = LanguageClient("test-editor", "1", converter_factory=plain_converter)
        await client.start_io(sys.executable, *(command or slow))
        answer = await client.initialize_async(
            types.InitializeParams(
                capabilities=types.ClientCapabilities(
                    general=types.GeneralClientCapabilities(position_encodings=encodings),
                    workspace=types.WorkspaceClientCapabilities(configuration=configuration is not None),
                ),
                initialization_options={"ahead": False, **(options or {})},
                root_uri=None if root is None else root.as_uri(),
            )
        )
        opened = Editor(client, answer, log)

        @client.feature(types.WINDOW_SHOW_MESSAGE)
        def on_message(params: types.ShowMessageParams) -> None:
            opened.messages.append(params.message)

        @client.feature("codegpt/status")
        def on_status(status: Any) -> None:
            said = (status["state"], status["detail"])
            opened.statuses += [] if opened.statuses[-1:] == [said] else [said]
            opened.indexes += [] if opened.indexes[-1:] == [status["index"]] else [status["index"]]
            opened.why, opened.offer = status["why"], status["offer"]

        @client.feature("workspace/configuration")
        def on_configuration(_params: types.ConfigurationParams) -> list[Any]:
            return configuration or []

        client.initialized(types.InitializedParams())
        try:
            yield opened
        finally:
            await client.shutdown_async(None)
            client.exit(None)
            await client.stop()

    return start
