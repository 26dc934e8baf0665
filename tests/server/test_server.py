"""The server as an editor sees it: a real process, the scripted engine, real messages."""

import asyncio
import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcRequestCancelled

SERVER = str(Path(sys.executable).with_name("codegpt-server"))


def test_initialize_is_answered_before_torch_is_loaded() -> None:
    """How long that takes is measured by benchmarks/server_overhead.py."""
    params = {"processId": None, "rootUri": None, "capabilities": {}}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}).encode()
    with subprocess.Popen([SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        server.stdin.flush()
        header = server.stdout.readline()
        loaded = Path(f"/proc/{server.pid}/maps").read_text() if sys.platform == "linux" else ""
        server.kill()
        server.communicate()
    assert header.startswith(b"Content-Length:")
    assert "libtorch" not in loaded


def test_capabilities(editor) -> None:
    async def scenario() -> None:
        async with editor() as e:
            assert e.capabilities.inline_completion_provider is not None
            assert e.capabilities.completion_provider is not None
            assert e.capabilities.position_encoding == types.PositionEncodingKind.Utf16

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("encoding", "character"),
    [
        (types.PositionEncodingKind.Utf8, 15),
        (types.PositionEncodingKind.Utf16, 13),
        (types.PositionEncodingKind.Utf32, 12),
    ],
)
def test_inline_completion_in_every_encoding(editor, encoding: types.PositionEncodingKind, character: int) -> None:
    async def scenario() -> None:
        async with editor(text="+ 1", encodings=[encoding]) as e:
            e.open('x = len("😀") \n')
            answer = await e.ask(0, character)
            assert [item.insert_text for item in answer.items] == ["+ 1"]
            at = types.Position(0, character)
            assert answer.items[0].range == types.Range(at, at)

    asyncio.run(scenario())


def test_completion_for_editors_without_inline_completion(editor) -> None:
    async def scenario() -> None:
        async with editor(text="name(a)\nmore") as e:
            e.open("x = 1\nso_\n")
            answer = await e.client.text_document_completion_async(
                types.CompletionParams(types.TextDocumentIdentifier("file:///project/example.py"), types.Position(1, 3))
            )
            assert isinstance(answer, types.CompletionList)
            [item] = answer.items
            assert item.label == "so_name(a)"
            assert item.filter_text == "so_"
            assert item.text_edit == types.TextEdit(
                types.Range(types.Position(1, 0), types.Position(1, 3)), "so_name(a)"
            )

    asyncio.run(scenario())


def test_cancel_stops_the_work(editor) -> None:
    async def scenario() -> None:
        async with editor(text="x" * 1000, seconds_per_token=0.02) as e:
            e.open("a = \n")
            request = e.ask(0, 4, msg_id="cancel-me")
            await e.until(lambda: ("ready", "scripted") in e.statuses)
            await asyncio.sleep(0.2)
            e.client.cancel_request(types.CancelParams("cancel-me"))
            with pytest.raises(JsonRpcRequestCancelled):
                await request
            await e.until(lambda: len(e.generations()) == 1)
            reason, tokens = e.generations()[0].split()
            assert reason == "cancelled"
            assert int(tokens) < 40
            assert (await e.ask(0, 4, msg_id="after")).items  # the next request is not affected

    asyncio.run(scenario())


def test_the_newest_request_of_a_document_wins(editor) -> None:
    async def scenario() -> None:
        async with editor(text="x" * 20, seconds_per_token=0.01) as e:
            e.open("a = \n")
            older = [e.ask(0, 4) for _ in range(4)]
            newest = e.ask(0, 4)
            assert [item.insert_text for item in (await newest).items] == ["x" * 20]
            assert [list((await request).items) for request in older] == [[], [], [], []]
            assert [line for line in e.generations() if not line.startswith("cancelled")] == ["end_of_text 20"]

    asyncio.run(scenario())


def test_the_server_ends_with_its_editor_even_in_the_middle_of_a_completion(tmp_path: Path) -> None:
    log = tmp_path / "generations"
    slow = [sys.executable, str(Path(__file__).parent / "slow_server.py"), str(log), "x" * 10_000, "0.02"]
    item = {"uri": "file:///a.py", "languageId": "python", "version": 0, "text": "a = \n"}
    place = {"textDocument": {"uri": "file:///a.py"}, "position": {"line": 0, "character": 4}}
    with subprocess.Popen(slow, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as server:
        assert server.stdin is not None
        for message in (
            {"id": 1, "method": "initialize", "params": {"processId": None, "rootUri": None, "capabilities": {}}},
            {"method": "initialized", "params": {}},
            {"method": "textDocument/didOpen", "params": {"textDocument": item}},
            {"id": 2, "method": "textDocument/inlineCompletion", "params": {**place, "context": {"triggerKind": 2}}},
        ):
            body = json.dumps({"jsonrpc": "2.0", **message}).encode()
            server.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        server.stdin.flush()
        time.sleep(1.5)  # the completion takes 200 s
        assert server.poll() is None
        server.stdin.close()
        assert server.wait(timeout=10) == 1  # it was not asked to shut down
    # It may be gone before the engine's thread has noted, all or at all, that it was cancelled; but it did not finish.
    noted = log.read_text() if log.exists() else ""
    assert noted == "" or noted.startswith("cancelled ")


def test_a_document_that_changed_meanwhile_gets_nothing(editor) -> None:
    async def scenario() -> None:
        async with editor(text="x" * 20, seconds_per_token=0.01) as e:
            e.open("a = \n")
            request = e.ask(0, 4)
            await asyncio.sleep(0.02)
            e.change((0, 4), (0, 4), "b")
            assert not (await request).items
            assert await e.texts(0, 5) == ["x" * 20]

    asyncio.run(scenario())


def test_a_document_that_was_reopened_with_other_text_gets_nothing(editor) -> None:
    async def scenario() -> None:
        async with editor(text="x" * 20, seconds_per_token=0.02) as e:
            e.open("a = \n")
            request = e.ask(0, 4)
            await asyncio.sleep(0.05)
            uri = "file:///project/example.py"
            e.client.text_document_did_close(types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(uri)))
            e.open("other\n")  # with the same version
            assert not (await request).items

    asyncio.run(scenario())


def test_the_two_kinds_of_request_do_not_cancel_each_other(editor) -> None:
    async def scenario() -> None:
        async with editor(text="x" * 20, seconds_per_token=0.01) as e:
            e.open("a = \n")
            inline = e.ask(0, 4)
            place = types.TextDocumentIdentifier("file:///project/example.py")
            menu = await e.client.text_document_completion_async(types.CompletionParams(place, types.Position(0, 4)))
            assert len((await inline).items) == len(menu.items) == 1

    asyncio.run(scenario())


def test_form_feeds_and_line_separators_do_not_end_lines(editor) -> None:
    """An editor's line 3 is the server's line 3: after an edit there, the server knows where that line ends."""

    async def scenario() -> None:
        async with editor(text="+ 1") as e:
            e.open('a = 1\n\x0cdef f():\n    s = "x\u2028y"\n    pass\n')
            e.change((3, 4), (3, 8), "return s ")
            for line, end in [(0, 5), (2, 13), (3, 13)]:
                [item] = (await e.ask(line, 99)).items
                assert item.range.start == types.Position(line, end)

    asyncio.run(scenario())


def test_positions_out_of_range_are_answered(editor) -> None:
    async def scenario() -> None:
        async with editor(text="+ 1") as e:
            e.open("a = 1 \n")
            for line, character in [(0, 999), (99, 0), (99, 99)]:
                assert await e.texts(line, character) == ["+ 1"]

    asyncio.run(scenario())


def test_a_document_that_is_not_open_gets_nothing(editor) -> None:
    async def scenario() -> None:
        async with editor() as e:
            assert not (await e.ask(0, 0, uri="file:///etc/hostname")).items

    asyncio.run(scenario())


def test_a_model_that_is_not_there_is_said_once_and_nothing_is_downloaded(editor, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("CODEGPT_CACHE", str(tmp_path / "empty"))

    async def scenario() -> None:
        async with editor("-m", "codegpt_server", "--model", "qwen2.5-coder-1.5b-instruct") as e:
            e.open("a = \n")
            assert await e.texts(0, 4) == []
            assert [state for state, _ in e.statuses] == ["loading", "failed"]
            [message] = e.messages
            assert message.startswith("codegpt: qwen2.5-coder-1.5b-instruct")
            assert "codegpt models pull" in message

    asyncio.run(scenario())
    assert not (tmp_path / "empty").exists()


STANDS_IN = """
from codegpt_server.__main__ import run_until_the_editor_ends
from codegpt_server.handlers import create_server
from codegpt_server.settings import Settings
from codegpt.engine.scripted import ScriptedEngine
from codegpt.load import LoadedModel
small = LoadedModel(ScriptedEngine(lambda prompt, row: "1"), None, "it is small", stands_in_for="the-large-one")
run_until_the_editor_ends(create_server(Settings(), lambda settings: small))
"""


def test_a_smaller_model_that_stands_in_is_in_the_status_and_interrupts_nobody(editor) -> None:
    async def scenario() -> None:
        async with editor("-c", STANDS_IN) as e:
            e.open("a = \n")
            assert await e.texts(0, 4) == ["1"]
            assert e.statuses[-1] == ("ready", "scripted: it is small")
            assert (e.offer, e.messages) == ("the-large-one", [])

    asyncio.run(scenario())


def test_wrong_settings_are_named_and_the_rest_is_used(editor) -> None:
    async def scenario() -> None:
        async with editor(options={"timeout_s": "soon", "colour": 1}) as e:
            await e.until(lambda: len(e.messages) == 2)
            assert e.messages == [
                "codegpt: setting 'timeout_s' must be a number of seconds from 0.05 to 3600",
                "codegpt: unknown setting 'colour'; known: ahead, candidates, confidence, context, disabled_languages, "
                "enabled, fim, max_lines, model, timeout_s, trusted, wait_s",
            ]

    asyncio.run(scenario())


def test_scripted_server_and_help() -> None:
    shown = subprocess.run([SERVER, "--help"], capture_output=True, text=True, check=True)
    assert "--scripted TEXT" in shown.stdout
    wrong = subprocess.run([SERVER, "--nope"], capture_output=True, text=True, check=False)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert re.fullmatch(r"codegpt-server: No such option '--nope'\..*\n", wrong.stderr)


def test_what_there_was_no_time_for_is_read_while_nobody_asks(editor) -> None:
    async def scenario() -> None:
        text = "x = 1\n" * 60
        async with editor(text="y", seconds_per_token=0.01, options={"wait_s": 1.0, "ahead": True}) as e:
            e.open(text)
            assert await e.texts(60, 0) == ["y"]
            read = e.log.with_suffix(".read")
            await e.until(lambda: read.exists() and read.read_text().endswith("\n"))
            assert read.read_text().splitlines() == ["360 of 360"]

    asyncio.run(scenario())


def test_whoever_asks_does_not_wait_for_what_is_read_ahead(editor) -> None:
    async def scenario() -> None:
        text = "x = 1\n" * 200
        async with editor(text="y", seconds_per_token=0.01, options={"wait_s": 1.0, "ahead": True}) as e:
            e.open(text)
            assert await e.texts(200, 0) == ["y"]
            await asyncio.sleep(0.2)  # reading all of it takes ten seconds
            asked = time.monotonic()
            assert await e.texts(199, 0) == ["y"]
            assert time.monotonic() - asked < 2
            read = e.log.with_suffix(".read")
            done, _, of = read.read_text().splitlines()[0].partition(" of ")
            assert 1 < int(done) < 200 < int(of)

    asyncio.run(scenario())


def test_what_the_cursor_rests_at_is_read(editor) -> None:
    async def scenario() -> None:
        async with editor(text="y", seconds_per_token=0.001, options={"ahead": True}) as e:
            await e.until(lambda: ("ready", "scripted") in e.statuses)
            e.open("x = 1\n" * 20)
            read = e.log.with_suffix(".read")
            place = {"textDocument": {"uri": "file:///project/example.py"}, "position": {"line": 20, "character": 0}}
            for unfit in (
                None,
                {},
                [],
                {**place, "position": {"line": "20", "character": 0}},
                {**place, "position": 3},
            ):
                e.client.protocol.notify("codegpt/cursor", unfit)
            e.client.protocol.notify("codegpt/cursor", {**place, "textDocument": {"uri": "file:///nobody/has.py"}})
            e.client.protocol.notify("codegpt/cursor", place)
            await e.until(lambda: read.exists() and read.read_text().endswith("\n"))
            assert read.read_text() == "120 of 120\n"
            assert await e.texts(20, 0) == ["y"]

    asyncio.run(scenario())
