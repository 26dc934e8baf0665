"""What a client may do wrong, and what it is told."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.server.raw import URI, Raw

PLACE = {"textDocument": {"uri": URI}, "position": {"line": 0, "character": 4}}


def code(answer: dict[str, Any]) -> int:
    found: int = answer["error"]["code"]
    return found


@pytest.mark.parametrize(
    ("message", "identity", "wanted"),
    [
        (b"{", None, -32700),
        (b"\xff\xfe", None, -32700),
        (b"", None, -32700),
        (b"[" * 100_000, None, -32700),
        (b"[]", None, -32600),
        (b"3", None, -32600),
        (b"null", None, -32600),
        (b'{"id": 1, "method": "shutdown"}', None, -32600),  # no version
        (b'{"jsonrpc": "2.0", "id": 1, "method": 3}', 1, -32600),
        (b'{"jsonrpc": "2.0", "id": 1}', 1, -32600),
        (b'{"jsonrpc": "2.0", "id": [], "method": "shutdown"}', None, -32600),
        (b'{"jsonrpc": "2.0", "id": 7, "method": "textDocument/nothing"}', 7, -32601),
        (b'{"jsonrpc": "2.0", "id": "a", "method": "textDocument/inlineCompletion"}', "a", -32602),
        (b'{"jsonrpc": "2.0", "id": "a", "method": "textDocument/inlineCompletion", "params": {}}', "a", -32602),
        (b'{"jsonrpc": "2.0", "id": 8, "method": "textDocument/inlineCompletion", "params": [1]}', 8, -32602),
        (b'{"jsonrpc": "2.0", "id": 8, "method": "workspace/executeCommand", "params": {"command": "x"}}', 8, -32602),
        (b'{"jsonrpc": "2.0", "id": 8, "method": "initialize", "params": {"capabilities": {}}}', 8, -32600),
    ],
)
def test_the_right_error(message: bytes, identity: Any, wanted: int) -> None:
    with Raw() as client:
        client.begin()
        client.send(message)
        answer = client.answer(identity)
        assert (code(answer), answer["id"]) == (wanted, identity)
        assert set(answer["error"]) == {"code", "message"}  # no traceback
        client.open("x = \n")
        assert len(client.inline(99, 0, 4)["result"]["items"]) == 1  # and it goes on
        exit_code, errors = client.end()
        assert exit_code == 1
        assert "Traceback" not in errors


def test_before_initialize_and_after_shutdown() -> None:
    with Raw() as client:
        assert code(client.ask(1, "textDocument/inlineCompletion", {**PLACE, "context": {"triggerKind": 2}})) == -32002
        assert code(client.ask(2, "shutdown")) == -32002
        client.open("x = \n")  # is dropped
        client.begin()
        assert client.inline(3, 0, 4)["result"]["items"] == []
        assert client.ask(4, "shutdown")["result"] is None
        assert code(client.inline(5, 0, 4)) == -32600
        assert code(client.ask(6, "initialize", {"processId": None, "rootUri": None, "capabilities": {}})) == -32600
        client.send({"method": "exit"})
        assert client.process.wait(timeout=20) == 0


def test_exit_before_anything_is_no_orderly_end() -> None:
    with Raw() as client:
        client.send({"method": "exit"})
        assert client.process.wait(timeout=20) == 1


def test_notifications_that_nobody_knows_or_that_are_wrong_are_no_matter() -> None:
    with Raw() as client:
        client.begin()
        client.send({"method": "$/nothing", "params": {}})
        client.send({"method": "nothing/at/all", "params": {"secret": "hunter2"}})
        client.send({"method": "textDocument/didOpen", "params": {"textDocument": {"text": "hunter2"}}})
        client.send({"method": "textDocument/didChange", "params": {**PLACE, "contentChanges": [{"text": 3}]}})
        client.send({"method": "$/cancelRequest", "params": {"id": "nothing"}})
        client.send({"method": "textDocument/didPartiallyAcceptCompletion", "params": {"item": []}})
        client.send({"method": "textDocument/didShowCompletion", "params": None})
        client.send({"method": "workspace/didChangeConfiguration", "params": {"settings": "x"}})
        client.send({"id": "nobody asked", "result": {"x": 1}})
        client.send({"id": None, "error": {"code": 1, "message": "x"}})
        client.open("x = \n")
        assert len(client.inline(1, 0, 4)["result"]["items"]) == 1
        _, errors = client.end()
        assert "hunter2" not in errors
        assert "Traceback" not in errors


def test_commands_with_the_wrong_arguments_are_told_so() -> None:
    with Raw() as client:
        client.begin()
        for number, (name, arguments) in enumerate(
            [
                ("codegpt.accepted", ["x"]),
                ("codegpt.accepted", [1, 2, 3]),
                ("codegpt.snooze", [True]),
                ("codegpt.toggle", [3]),
            ]
        ):
            answer = client.ask(10 + number, "workspace/executeCommand", {"command": name, "arguments": arguments})
            assert code(answer) == -32602
        assert client.ask(20, "workspace/executeCommand", {"command": "codegpt.accepted"})["result"] is None


def test_a_message_that_is_too_large_is_skipped_and_said_to_be() -> None:
    with Raw() as client:
        client.begin()
        size = 65 * 2**20
        client.bytes(b"Content-Length: %d\r\n\r\n" % size)
        for _ in range(65):
            client.bytes(b" " * 2**20)
        assert code(client.answer(None)) == -32600
        client.open("x = \n")
        assert len(client.inline(1, 0, 4)["result"]["items"]) == 1


def test_what_else_is_printed_does_not_reach_the_protocol() -> None:
    start = (
        "import sys; from codegpt.engine.scripted import ScriptedEngine; from codegpt.load import LoadedModel\n"
        "from codegpt_server.__main__ import run_until_the_editor_ends\n"
        "from codegpt_server.handlers import create_server; from codegpt_server.settings import Settings\n"
        "def load(settings):\n    print('noise'); import os; os.write(1, b'more noise\\n')\n"
        "    return LoadedModel(ScriptedEngine('+ 1'), None)\n"
        "run_until_the_editor_ends(create_server(Settings(), load))"
    )
    with Raw(sys.executable, "-u", "-c", start) as client:
        client.begin()
        client.open("x = \n")
        assert len(client.inline(1, 0, 4)["result"]["items"]) == 1
        assert client.end() == (1, "noise\nmore noise\n")


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_server_ends_when_its_editor_is_gone_though_the_pipe_is_not() -> None:
    editor = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        with Raw() as client:
            client.begin(processId=editor.pid)
            editor.kill()
            editor.wait()
            assert client.process.wait(timeout=30) == 1
    finally:
        editor.kill()


def test_a_client_that_does_not_read_its_answers_any_more_ends_the_server() -> None:
    with Raw() as client:
        client.begin()
        client.open("x = \n")
        assert client.process.stdout is not None
        client.process.stdout.close()
        end = time.monotonic() + 20
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "codegpt/nothing"}).encode()
        while client.process.poll() is None and time.monotonic() < end:
            try:
                client.write(body)
            except BrokenPipeError:
                break
            time.sleep(0.05)
        assert client.process.wait(timeout=20) == 1


def test_what_waits_when_the_server_is_shut_down_is_answered() -> None:
    slow = str(Path(__file__).with_name("slow_server.py"))
    with Raw(sys.executable, slow, "/dev/null", "x" * 5000, "0.01") as client:
        client.begin()
        for uri in ("file:///a.py", "file:///b.py"):
            client.open("x = \n", uri)
        place = {"position": {"line": 0, "character": 4}, "context": {"triggerKind": 1}}
        for number, uri in enumerate(("file:///a.py", "file:///b.py"), start=1):
            params = {**place, "textDocument": {"uri": uri}}
            client.send({"id": number, "method": "textDocument/inlineCompletion", "params": params})
        time.sleep(0.5)
        client.send({"id": 3, "method": "shutdown"})
        answers = {}
        while len(answers) < 3:
            message = client.until(lambda message: "method" not in message)
            answers[message["id"]] = message
        assert answers[3]["result"] is None
        for number in (1, 2):
            assert answers[number].get("result") == {"items": []} or code(answers[number]) == -32802
