"""What an editor is shown from key to key, by a real process with the scripted engine."""

import asyncio
import json
from pathlib import Path

import pytest
from lsprotocol import types

from codegpt.usage import Outcome, read, usage_path
from tests.server.conftest import URI


@pytest.fixture(autouse=True)
def own_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def test_who_types_along_sees_the_rest_and_the_model_is_not_asked(editor) -> None:
    async def scenario() -> None:
        async with editor(text="alpha + 1") as e:
            e.open("x = \n")
            assert await e.texts(0, 4) == ["alpha + 1"]
            for at, key in enumerate("alpha"):
                e.change((0, 4 + at), (0, 4 + at), key)
                assert await e.texts(0, 5 + at) == ["alpha + 1"[at + 1 :]]
            assert len(e.generations()) == 1
            assert (await e.explained())["made_by"] == "reuse"
            e.change((0, 9), (0, 9), "b")
            assert await e.texts(0, 10) == ["alpha + 1"]
            assert len(e.generations()) == 2

    asyncio.run(scenario())


def test_what_follows_a_suggestion_is_made_while_nobody_types(editor) -> None:
    async def scenario() -> None:
        async with editor(text="y = 1", options={"ahead": True}) as e:
            e.open("x = 1\n")
            assert await e.texts(1, 0) == ["y = 1"]
            await e.until(lambda: len(e.generations()) == 2)  # of the line below
            e.change((1, 0), (1, 0), "y = 1\n")  # taken, and Enter
            assert await e.texts(2, 0) == ["y = 1"]
            assert (await e.explained())["made_by"] == "reuse"

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("text", "at", "why"),
    [
        ("x = fo\n", (0, 5), "the cursor is inside a word"),
        ("x = open('a/b')\n", (0, 13), "the cursor is in a string that is no prose"),
    ],
)
def test_a_key_asks_for_nothing_where_it_would_not_help(editor, text: str, at: tuple[int, int], why: str) -> None:
    async def scenario() -> None:
        async with editor(text="a") as e:
            e.open(text)
            assert await e.texts(*at) == []
            assert e.why == why
            assert (await e.explained())["text"].splitlines()[1] == f"No suggestion: {why}."
            assert e.generations() == []
            assert len(await e.texts(*at, invoked=True)) == 1
            assert e.why == ""

    asyncio.run(scenario())


def test_deleting_asks_for_nothing_until_something_is_typed(editor) -> None:
    async def scenario() -> None:
        async with editor(text="+ 1") as e:
            e.open("x = ab \n")
            e.change((0, 6), (0, 7), "")
            assert await e.texts(0, 6) == []
            assert e.why == "text was deleted"
            e.change((0, 6), (0, 6), " ")
            assert await e.texts(0, 7) == ["+ 1"]

    asyncio.run(scenario())


def test_who_invokes_is_shown_several_to_cycle_through(editor) -> None:
    async def scenario() -> None:
        async with editor(text="a + 1|b + 2|a + 1|c + 3", options={"candidates": 4}) as e:
            e.open("x = \n")
            assert await e.texts(0, 4, invoked=True) == ["a + 1", "b + 2", "c + 3"]
            assert await e.texts(0, 4) == ["a + 1", "b + 2", "c + 3"]  # what is known
            e.change((0, 4), (0, 4), "b")
            assert await e.texts(0, 5) == [" + 2"]

    asyncio.run(scenario())


def test_who_invokes_gets_a_block_of_as_many_lines_as_are_set(editor) -> None:
    async def scenario() -> None:
        async with editor(text="1\n" + "y = 2\n" * 10, options={"max_lines": 3}) as e:
            e.open("x = \n")
            assert await e.texts(0, 4) == ["1"]
            assert await e.texts(0, 4, invoked=True) == ["1"]  # after a header it would be a block
            e.open("if x:\n", "file:///b.py")
            e.open("\n", "file:///c.py")
            assert await e.texts(0, 0, "file:///c.py", invoked=True) == ["1\ny = 2\ny = 2"]

    asyncio.run(scenario())


def test_the_selected_entry_of_a_menu_is_gone_on_from(editor) -> None:
    async def scenario() -> None:
        async with editor(text="(path)") as e:
            e.open("x = op\n")
            place = types.Range(types.Position(0, 4), types.Position(0, 6))
            answer = await e.ask(0, 6, selected=types.SelectedCompletionInfo(place, "open"))
            [item] = answer.items
            assert (item.insert_text, item.range) == ("open(path)", place)
            assert e.prompts() == ["x = open"]

    asyncio.run(scenario())


def test_off_on_and_snoozed(editor) -> None:
    async def scenario() -> None:
        async with editor(text="+ 1") as e:
            e.open("x = \n")
            assert dict((await e.command("codegpt.toggle")).items()) == {"on": False, "why": "codegpt is off"}
            assert (await e.texts(0, 4), await e.texts(0, 4, invoked=True)) == ([], [])
            assert e.why == "codegpt is off"
            await e.command("codegpt.toggle")
            assert await e.texts(0, 4) == ["+ 1"]
            await e.command("codegpt.toggle", "python")
            assert await e.texts(0, 4) == []
            assert e.why == "codegpt is off for python"
            await e.command("codegpt.toggle", "python")
            await e.command("codegpt.snooze", 5)
            assert (await e.texts(0, 4), e.why) == ([], "codegpt is snoozed")
            assert await e.texts(0, 4, invoked=True) == ["+ 1"]
            await e.command("codegpt.snooze", 0)
            assert await e.texts(0, 4) == ["+ 1"]

    asyncio.run(scenario())


def test_settings_count_from_the_next_key_on(editor) -> None:
    def said(settings: object) -> types.DidChangeConfigurationParams:
        return types.DidChangeConfigurationParams(settings)

    async def scenario() -> None:
        async with editor(text="+ 1", configuration=[{"disabled_languages": ["python"]}]) as e:
            e.open("x = \n")
            assert await e.texts(0, 4) == ["+ 1"]
            e.client.workspace_did_change_configuration(said({"codegpt": {"enabled": False}}))
            assert (await e.texts(0, 4), e.why) == ([], "codegpt is off")
            e.client.workspace_did_change_configuration(said(None))  # the editor is asked
            await asyncio.sleep(0.2)
            assert (await e.texts(0, 4), e.why) == ([], "codegpt is off for python")
            e.client.workspace_did_change_configuration(said({"codegpt": {"confidence": 2, "trusted": True}}))
            assert await e.texts(0, 4) == ["+ 1"]
            assert e.messages == [
                "codegpt: setting 'confidence' must be a number from 0 to 1",
                "codegpt: setting 'trusted' counts at the start alone, in initializationOptions",
            ]
            e.client.workspace_did_change_configuration(said({"codegpt": {"confidence": 0.95}}))
            e.change((0, 4), (0, 4), "y")
            assert (await e.texts(0, 5), e.why) == ([], "the model is not sure enough")

    asyncio.run(scenario())


def test_another_model_is_loaded_when_it_is_set(editor) -> None:
    async def scenario() -> None:
        async with editor(text="+ 1") as e:
            await e.until(lambda: ("ready", "scripted") in e.statuses)
            settings = {"codegpt": {"model": "another"}}
            e.client.workspace_did_change_configuration(types.DidChangeConfigurationParams(settings))
            await e.until(lambda: len(e.statuses) == 4)
            assert e.statuses[2:] == [("loading", "another"), ("ready", "scripted")]
            e.open("x = \n")
            assert await e.texts(0, 4) == ["+ 1"]

    asyncio.run(scenario())


def test_files_that_are_ignored_or_secret_are_left_alone(editor, tmp_path: Path) -> None:
    root = tmp_path / "project"
    root.mkdir()
    (root / ".codegptignore").write_text("private/\n")

    async def scenario() -> None:
        async with editor(text="+ 1", root=root) as e:
            for name, why in [
                ("app.py", ""),
                ("private/app.py", "the file is ignored"),
                (".env.py", "the file holds secrets, by its name"),
            ]:
                uri = (root / name).as_uri()
                e.open("x = \n", uri)
                for invoked in (False, True):
                    assert await e.texts(0, 4, uri, invoked) == ([] if why else ["+ 1"])
                assert e.why == why
            elsewhere = (tmp_path / "id_rsa.py").as_uri()
            e.open("x = \n", elsewhere)
            assert (await e.texts(0, 4, elsewhere), e.why) == ([], "the file holds secrets, by its name")
            for uri in (
                "file:///home/me/.kube/config.py",
                "git:/project/.env?x",
                "vscode-notebook-cell:/a/secrets.ipynb#W0",
            ):
                e.open("x = \n", uri)
                assert (await e.texts(0, 4, uri), e.why) == ([], "the file holds secrets, by its name")
            e.open("x = \n", "untitled:Untitled-1")
            assert await e.texts(0, 4, "untitled:Untitled-1") == ["+ 1"]

    asyncio.run(scenario())


def test_nothing_is_read_ahead_of_what_is_left_alone_or_off(editor) -> None:
    async def scenario() -> None:
        async with editor(text="+ 1", options={"ahead": True, "disabled_languages": ["go"]}) as e:
            await e.until(lambda: ("ready", "scripted") in e.statuses)
            e.open("PASSWORD = hunter2\n", "file:///project/.env", "python")
            e.open("x := \n", "file:///project/a.go", "go")
            for uri in ("file:///project/.env", "file:///project/a.go"):
                for invoked in (False, True):
                    assert await e.texts(0, 5, uri, invoked) == []
                place = {"textDocument": {"uri": uri}, "position": {"line": 0, "character": 5}}
                e.client.protocol.notify("codegpt/cursor", place)
            e.open("x = \n")
            assert await e.texts(0, 4) == ["+ 1"]
            await e.until(lambda: len(e.generations()) == 2)  # of this one, and of the line below it
            read = e.log.with_suffix(".read").read_text().splitlines()
            assert not any("PASSWORD" in prompt or ":=" in prompt for prompt in e.prompts())
            assert len(read) == 1

    asyncio.run(scenario())


def test_a_folder_with_odd_characters_is_the_one_that_it_is(editor, tmp_path: Path) -> None:
    root = tmp_path / "C#" / "a b%20c?"
    (root / "private").mkdir(parents=True)
    (root / ".codegptignore").write_text("private/\n")

    async def scenario() -> None:
        async with editor(text="+ 1", root=root) as e:
            await e.until(lambda: "indexed" in e.indexes)
            for name, why in (("app.py", ""), ("private/app.py", "the file is ignored")):
                uri = (root / name).as_uri()
                e.open("x = \n", uri)
                assert (await e.texts(0, 4, uri), e.why) == ([] if why else ["+ 1"], why)

    asyncio.run(scenario())


def test_the_cells_of_a_notebook_are_one_document(editor) -> None:
    cells = [f"vscode-notebook-cell:/project/a.ipynb#{name}" for name in ("W0", "W1", "W2")]
    kinds = [types.NotebookCellKind.Code, types.NotebookCellKind.Markup, types.NotebookCellKind.Code]

    async def scenario() -> None:
        async with editor(text="+ 1") as e:
            e.client.notebook_document_did_open(
                types.DidOpenNotebookDocumentParams(
                    types.NotebookDocument(
                        "file:///project/a.ipynb",
                        "jupyter-notebook",
                        1,
                        [types.NotebookCell(kind, uri) for kind, uri in zip(kinds, cells, strict=True)],
                    ),
                    [
                        types.TextDocumentItem(cells[0], "python", 1, "x = 1"),
                        types.TextDocumentItem(cells[1], "markdown", 1, "# Title"),
                        types.TextDocumentItem(cells[2], "python", 1, "y = "),
                    ],
                )
            )
            answer = await e.ask(0, 4, uri=cells[2])
            [item] = answer.items
            assert (item.insert_text, item.range.start) == ("+ 1", types.Position(0, 4))
            assert e.prompts() == ["x = 1\n\ny ="]
            assert await e.texts(0, 7, cells[1]) == ["+ 1"]
            assert e.prompts()[1:] == ["# Title"]

    asyncio.run(scenario())


def test_what_becomes_of_suggestions_is_counted(editor) -> None:
    async def scenario() -> None:
        async with editor(text="alpha|beta", options={"candidates": 2}) as e:
            e.open("x = \n")
            answer = await e.ask(0, 4, invoked=True)
            assert [item.insert_text for item in answer.items] == ["beta", "alpha"]  # the likelier one first
            command = answer.items[1].command
            assert (command.command, command.arguments) == ("codegpt.accepted", (1, 1))
            await e.command(command.command, *command.arguments)
            e.change((0, 4), (0, 4), "alpha + ")
            answer = await e.ask(0, 12)
            item = {"insertText": "alpha", "command": {"arguments": answer.items[0].command.arguments}}
            e.client.protocol.notify("textDocument/didShowCompletion", {"item": item})
            e.client.protocol.notify("textDocument/didPartiallyAcceptCompletion", {"item": item, "acceptedLength": 3})

    asyncio.run(scenario())
    rows = read(usage_path())
    assert [(row.outcome, row.accepted, row.invoked) for row in rows] == [
        (Outcome.ACCEPTED, 5, True),
        (Outcome.PARTLY, 3, False),
    ]


def test_an_explanation_says_how_long_and_of_what(editor) -> None:
    async def scenario() -> None:
        async with editor(text="+ 1\nmore") as e:
            assert (await e.explained())["text"] == "Nothing was asked yet."
            e.open("s = '😀' \n")
            assert await e.texts(0, 9) == ["+ 1"]
            said = await e.explained()
            assert json.dumps(said)
            assert (said["uri"], said["position"]) == (URI, {"line": 0, "character": 8})
            assert (said["shown"], said["made_by"], said["extent"], said["confidence"]) == (1, "model", "line", 0.905)
            assert [cut["rule"] for cut in said["cuts"]] == ["stop_at_line_end"]
            assert set(said["milliseconds"]) == {"waiting", "planning", "writing", "all"}

    asyncio.run(scenario())


def test_documents_of_any_size_are_answered(editor) -> None:
    async def scenario() -> None:
        async with editor(text="+ 1") as e:
            e.open("x = 1\n" * 50_000 + "y = \n", "file:///long.py")
            assert await e.texts(50_000, 4, "file:///long.py") == ["+ 1"]
            e.open("x = '" + "a" * 1_000_000 + "' \n", "file:///wide.py")
            assert await e.texts(0, 1_000_007, "file:///wide.py") == ["+ 1"]
            e.open("", "file:///empty.py")
            assert await e.texts(0, 0, "file:///empty.py") == ["+ 1"]

    asyncio.run(scenario())
