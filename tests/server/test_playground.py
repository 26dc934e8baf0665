"""Who is let in to the playground, and what a session is."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from codegpt_server import playground
from codegpt_server.playground import Playground
from codegpt_server.settings import Settings
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from codegpt.engine.scripted import ScriptedEngine
from codegpt.errors import InputError
from codegpt.load import LoadedModel

Scenario = Callable[[Playground, int], Coroutine[Any, Any, None]]


@pytest.fixture(autouse=True)
def page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    folder = tmp_path / "page"
    folder.mkdir()
    (folder / "index.html").write_text("<!doctype html>")
    (folder / "main.js").write_text("1")
    (tmp_path / "secret.txt").write_text("hunter2")
    monkeypatch.setattr(playground, "PAGE", folder)
    return folder


def served(scenario: Scenario) -> list[int]:
    """Run a scenario; how often the model was loaded."""
    loads: list[int] = []

    def load(_settings: Settings) -> LoadedModel:
        loads.append(1)
        return LoadedModel(ScriptedEngine("+ 1"), None)

    async def run() -> None:
        made = Playground(Settings(context=False), load)
        async with await made.start() as server:
            await scenario(made, server.sockets[0].getsockname()[1])

    asyncio.run(run())
    return loads


async def get(port: int, path: str, host: str | None = None) -> tuple[int, str]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {host or f'127.0.0.1:{port}'}\r\nConnection: close\r\n\r\n".encode())
    answer = (await reader.read()).decode()
    writer.close()
    return int(answer.split()[1]), answer


def session(made: Playground, port: int, token: str | None = None, origin: str | None = None) -> connect:
    address = f"ws://127.0.0.1:{port}/session?token={made.token if token is None else token}"
    return connect(address, origin=f"http://127.0.0.1:{port}" if origin is None else origin)  # type: ignore[arg-type]


async def ask(socket: ClientConnection, identity: int, method: str, params: Any) -> Any:
    await socket.send(json.dumps({"jsonrpc": "2.0", "id": identity, "method": method, "params": params}))
    while True:
        message = json.loads(await socket.recv())
        if message.get("id") == identity and "method" not in message:
            return message


async def suggested(socket: ClientConnection, text: str) -> list[str]:
    await ask(socket, 1, "initialize", {"processId": None, "rootUri": None, "capabilities": {}})
    item = {"uri": "untitled:1", "languageId": "python", "version": 0, "text": text}
    for method, params in (("initialized", {}), ("textDocument/didOpen", {"textDocument": item})):
        await socket.send(json.dumps({"jsonrpc": "2.0", "method": method, "params": params}))
    place = {"textDocument": {"uri": "untitled:1"}, "position": {"line": 0, "character": 99}}
    answer = await ask(socket, 2, "textDocument/inlineCompletion", {**place, "context": {"triggerKind": 2}})
    return [item["insertText"] for item in answer["result"]["items"]]


def test_each_socket_is_a_session_and_all_share_one_model() -> None:
    async def scenario(made: Playground, port: int) -> None:
        assert made.address == f"http://127.0.0.1:{port}/#{made.token}"
        async with session(made, port) as one, session(made, port) as other:
            assert await suggested(one, "x = ") == ["+ 1"]
            assert await suggested(other, "y = ") == ["+ 1"]
            await one.send(json.dumps({"jsonrpc": "2.0", "method": "exit"}))
            await one.wait_closed()
            place = {"textDocument": {"uri": "untitled:1"}, "position": {"line": 0, "character": 4}}
            again = await ask(other, 3, "textDocument/inlineCompletion", {**place, "context": {"triggerKind": 1}})
            assert len(again["result"]["items"]) == 1

    assert served(scenario) == [1]


@pytest.mark.parametrize(
    ("token", "origin"),
    [("", None), ("wrong", None), ("ä", None), (None, "http://evil.example"), (None, ""), (None, "null")],
)
def test_a_socket_needs_the_token_and_our_own_page(token: str | None, origin: str | None) -> None:
    async def scenario(made: Playground, port: int) -> None:
        with pytest.raises(InvalidStatus) as refused:
            async with session(made, port, token, origin):
                pass
        assert refused.value.response.status_code == 403

    assert served(scenario) == []


def test_the_files_of_the_page_and_no_others() -> None:
    async def scenario(_made: Playground, port: int) -> None:
        status, answer = await get(port, "/")
        assert (status, answer.endswith("<!doctype html>")) == (200, True)
        assert "Content-Security-Policy: default-src 'none'" in answer
        assert (await get(port, "/main.js"))[0] == 200
        for path in ("/secret.txt", "/../secret.txt", "/%2e%2e/secret.txt", "/page/main.js", "/nothing"):
            status, answer = await get(port, path)
            assert (status, "hunter2" in answer) == (404, False)

    served(scenario)


def test_another_name_for_this_machine_is_refused() -> None:
    async def scenario(_made: Playground, port: int) -> None:
        assert (await get(port, "/", f"evil.example:{port}"))[0] == 403
        assert (await get(port, "/", f"localhost:{port}"))[0] == 200

    served(scenario)


def test_a_page_that_is_not_built_and_a_port_that_is_taken(page: Path) -> None:
    async def scenario(_made: Playground, port: int) -> None:
        with pytest.raises(InputError, match=f"port {port} cannot be used"):
            await Playground(Settings(), lambda _: LoadedModel(ScriptedEngine(""), None), port).start()

    served(scenario)
    (page / "index.html").unlink()
    with pytest.raises(InputError, match="make playground"):
        Playground(Settings(), lambda _: LoadedModel(ScriptedEngine(""), None))
