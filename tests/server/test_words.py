"""Requests in words through a real server process and the real jail; the scripted engine writes the programs."""

import asyncio
import shutil
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcRequestCancelled

from tests.server.conftest import URI
from tests.server.raw import SERVER, Raw

HEAD = 'def double(x: int) -> int:\n    """Twice.\n\n    >>> double(2)\n    4\n    """\n'
RIGHT, WRONG = "    return 2 * x\n", "    return x\n"
has_jail = pytest.mark.skipif(sys.platform != "linux" or not shutil.which("bwrap"), reason="no jail here")


@pytest.fixture(autouse=True)
def own_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


async def generated(e: Any, **given: Any) -> dict[str, Any]:
    place = {"uri": URI, "position": {"line": 6, "character": 0}, "samples": 4}
    return dict((await e.command("codegpt.generate", {**place, **given})).items())


@has_jail
def test_a_trusted_workspace_runs_the_examples_and_says_what_passed(editor) -> None:
    async def scenario() -> None:
        async with editor(text=f"{WRONG}|{RIGHT}", options={"trusted": True}) as e:
            e.open(HEAD)
            await e.until(lambda: ("ready", "scripted") in e.statuses)
            found = await generated(e)
            first = found["candidates"][0]
            assert first["label"].startswith("examples passed (1 of 1)")
            assert first["program"] == HEAD + RIGHT
            assert first["evidence"]["level"] == "examples passed"
            [change] = first["edit"]["changes"][URI]
            assert change["newText"] == "\n" + RIGHT.rstrip()
            assert (found["trusted"], found["applied"], found["samples"]) == (True, False, 4)

    asyncio.run(scenario())


def test_an_untrusted_workspace_runs_nothing_and_says_so(editor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nothing")  # no jail could be started

    async def scenario() -> None:
        async with editor(text=RIGHT) as e:
            e.open(HEAD)
            await e.until(lambda: ("ready", "scripted") in e.statuses)
            found = await generated(e)
            assert found["trusted"] is False
            assert [each["label"] for each in found["candidates"]] == [
                "parses only, the workspace is not trusted: nothing was run"
            ]

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("trusted", "runs"), [(True, "run its example"), (False, "run nothing: the workspace is not trusted")]
)
def test_a_code_action_says_what_it_will_do(trusted: bool, runs: str) -> None:
    with Raw() as client:
        client.begin(initializationOptions={"trusted": trusted})
        client.open(HEAD, URI)

        def actions(line: int) -> list[dict[str, Any]]:
            place = {"start": {"line": line, "character": 0}, "end": {"line": line, "character": 0}}
            params = {"textDocument": {"uri": URI}, "range": place, "context": {"diagnostics": []}}
            found: list[dict[str, Any]] = client.ask(10 + line, "textDocument/codeAction", params)["result"]
            return found

        title = f"codegpt: write the body of double (sample 32, {runs})"
        [action] = actions(6)
        place = {"start": {"line": 6, "character": 0}, "end": {"line": 6, "character": 0}}
        assert action == {
            "title": title,
            "kind": "refactor.rewrite",
            "command": {
                "title": title,
                "command": "codegpt.generate",
                "arguments": [{"uri": URI, "range": place, "apply": True}],
            },
        }
        assert [each["title"] for each in actions(1)] == [title]  # in the docstring
        client.open("x = 1\n", URI)
        assert actions(0) == []


@has_jail
def test_the_edit_is_applied(editor) -> None:
    async def scenario() -> None:
        async with editor(text=RIGHT, options={"trusted": True}) as e:
            applied: list[types.ApplyWorkspaceEditParams] = []

            @e.client.feature(types.WORKSPACE_APPLY_EDIT)
            def on_edit(params: types.ApplyWorkspaceEditParams) -> types.ApplyWorkspaceEditResult:
                applied.append(params)
                return types.ApplyWorkspaceEditResult(applied=True)

            e.open(HEAD)
            await e.until(lambda: ("ready", "scripted") in e.statuses)
            found = await generated(e, samples=2, apply=True)
            assert found["applied"] is True
            [params] = applied
            assert params.label.startswith("codegpt: examples passed (1 of 1)")

    asyncio.run(scenario())


@has_jail
def test_a_server_that_is_killed_takes_its_jails_with_it() -> None:
    with Raw(SERVER, "--scripted", "    while True: pass\n") as client:
        client.begin(initializationOptions={"trusted": True})
        client.open(HEAD, URI)
        place = {"uri": URI, "position": {"line": 6, "character": 0}, "samples": 1}
        params = {"command": "codegpt.generate", "arguments": [place]}
        client.send({"id": 1, "method": "workspace/executeCommand", "params": params})
        end = time.monotonic() + 30
        while not (beneath := _beneath(client.process.pid, "--unshare")) and time.monotonic() < end:
            time.sleep(0.05)
        assert beneath
        all_of_them = _beneath(client.process.pid)
        client.process.kill()
        while any(Path(f"/proc/{pid}/stat").exists() for pid in all_of_them) and time.monotonic() < end:
            time.sleep(0.05)
        assert [pid for pid in all_of_them if Path(f"/proc/{pid}/stat").exists()] == []


def _beneath(process: int, argument: str = "") -> list[int]:
    """The processes beneath one, of which the command line has something in it."""
    parents: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
    found, waiting = [], [process]
    while waiting:
        above = waiting.pop()
        for pid, parent in parents.items():
            if parent == above:
                waiting.append(pid)
                with suppress(OSError):
                    found += [pid] if argument in Path(f"/proc/{pid}/cmdline").read_text() else []
    return found


def test_progress_is_told_and_can_be_cancelled(editor) -> None:
    async def scenario() -> None:
        async with editor(text=RIGHT + "#" * 400 + "\n", seconds_per_token=0.005) as e:
            told: list[Any] = []
            seen = asyncio.Event()

            @e.client.feature("$/progress")
            def on_progress(params: types.ProgressParams) -> None:
                told.append(params.value)
                seen.set()

            e.open(HEAD)
            await e.until(lambda: ("ready", "scripted") in e.statuses)
            place = {"uri": URI, "position": {"line": 6, "character": 0}, "samples": 64}
            params = types.ExecuteCommandParams("codegpt.generate", [place], work_done_token="mine")
            request = asyncio.ensure_future(e.client.workspace_execute_command_async(params))
            await e.until(lambda: any(each["kind"] == "report" for each in told))
            assert told[0] == {"kind": "begin", "title": "codegpt", "cancellable": True, "percentage": 0}
            assert told[1]["message"].startswith("1 of 64 samples, 1 programs")
            e.client.window_work_done_progress_cancel(types.WorkDoneProgressCancelParams("mine"))
            found = await asyncio.wait_for(request, 20)
            assert found["samples"] < 64
            assert len(found["candidates"]) == 1  # what there is
            assert told[-1] == {"kind": "end"}

    asyncio.run(scenario())


def test_a_request_that_is_cancelled_leaves_the_engine_to_others(editor) -> None:
    async def scenario() -> None:
        async with editor(text=RIGHT + "#" * 2000 + "\n", seconds_per_token=0.005) as e:
            e.open(HEAD)
            await e.until(lambda: ("ready", "scripted") in e.statuses)
            place = {"uri": URI, "position": {"line": 6, "character": 0}, "samples": 64}
            params = types.ExecuteCommandParams("codegpt.generate", [place])
            send = e.client.protocol.send_request_async("workspace/executeCommand", params, "long")
            request = asyncio.ensure_future(send)
            await asyncio.sleep(0.5)
            e.client.cancel_request(types.CancelParams("long"))
            with pytest.raises(JsonRpcRequestCancelled):
                await request
            e.open("def g(x):\n    \n", "file:///b.py")
            assert len(await asyncio.wait_for(e.texts(1, 4, "file:///b.py"), 20)) == 1

    asyncio.run(scenario())


def test_whoever_types_is_answered_in_the_middle_of_it(editor) -> None:
    async def scenario() -> None:
        async with editor(text=RIGHT + "#" * 400 + "\n", seconds_per_token=0.005) as e:  # two seconds a sample
            e.open(HEAD)
            e.open("def g(x):\n    \n", "file:///b.py")
            await e.until(lambda: ("ready", "scripted") in e.statuses)
            request = asyncio.ensure_future(generated(e, samples=3))
            await asyncio.sleep(0.5)
            assert len(await e.texts(1, 4, "file:///b.py")) == 1
            assert not request.done()
            assert (await request)["samples"] == 3

    asyncio.run(scenario())


@has_jail
def test_a_comment_says_what_to_write_and_a_function_is_translated(editor) -> None:
    async def scenario() -> None:
        async with editor(text="triple(x: int) -> int:|    return 3 * x\n", options={"trusted": True}) as e:
            e.open("# three times a number\n\n" + HEAD + RIGHT)
            await e.until(lambda: ("ready", "scripted") in e.statuses)
            found = await generated(e, position={"line": 1, "character": 0}, samples=1)
            assert found["candidates"] == [] or "def triple" in found["candidates"][0]["program"]
            found = dict(
                (await e.command("codegpt.translate", {"uri": URI, "function": "double", "to": "javascript"})).items()
            )
            assert found["language"] == "javascript"

    asyncio.run(scenario())


def test_a_request_while_the_model_loads_waits_for_it(editor) -> None:
    async def scenario() -> None:
        async with editor(text=RIGHT) as e:
            e.open(HEAD)
            assert [each["program"] for each in (await generated(e))["candidates"]] == [HEAD + RIGHT]

    asyncio.run(scenario())


def test_a_model_that_cannot_be_had_fails_a_request_that_was_asked_rightly(editor, monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CODEGPT_CACHE", str(tmp_path / "empty"))

    async def scenario() -> None:
        async with editor("-m", "codegpt_server") as e:
            e.open(HEAD)
            with pytest.raises(JsonRpcException, match="codegpt models pull") as raised:
                await generated(e)
            assert raised.value.code == -32803

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"uri": 3},
        {"uri": "file:///not/open.py"},
        {"uri": URI},
        {"uri": URI, "position": {"line": "x", "character": 0}},
        {"uri": URI, "range": {"start": {"line": 1, "character": 4}, "end": {"line": 1, "character": 9}}},
        {"uri": URI, "position": {"line": 6, "character": 0}, "samples": 10**9},
        {"uri": URI, "position": {"line": 6, "character": 0}, "samples": True},
        {"uri": URI, "position": {"line": 6, "character": 0}, "budget_s": -1},
    ],
)
def test_wrong_requests_are_told_so(editor, given: dict[str, Any]) -> None:
    async def scenario() -> None:
        async with editor(text=RIGHT) as e:
            e.open(HEAD)
            await e.until(lambda: ("ready", "scripted") in e.statuses)
            for name in ("codegpt.generate", "codegpt.translate"):
                with pytest.raises(JsonRpcException) as raised:
                    await e.command(name, given)
                assert raised.value.code == -32602

    asyncio.run(scenario())
