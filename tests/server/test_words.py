"""Requests in words through a real server process and the real jail; the scripted engine writes the programs."""

import asyncio
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcRequestCancelled

from tests.server.conftest import URI
from tests.server.raw import Raw

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
        assert actions(1) == []


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
            e.open("x = \n", "file:///b.py")
            assert len(await asyncio.wait_for(e.texts(0, 4, "file:///b.py"), 20)) == 1

    asyncio.run(scenario())


def test_whoever_types_is_answered_in_the_middle_of_it(editor) -> None:
    async def scenario() -> None:
        async with editor(text=RIGHT + "#" * 400 + "\n", seconds_per_token=0.005) as e:  # two seconds a sample
            e.open(HEAD)
            e.open("x = \n", "file:///b.py")
            await e.until(lambda: ("ready", "scripted") in e.statuses)
            request = asyncio.ensure_future(generated(e, samples=3))
            await asyncio.sleep(0.5)
            assert len(await e.texts(0, 4, "file:///b.py")) == 1
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


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"uri": 3},
        {"uri": "file:///not/open.py"},
        {"uri": URI},
        {"uri": URI, "position": {"line": "x", "character": 0}},
        {"uri": URI, "position": {"line": 0, "character": 0}},
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
