"""The other files of a workspace, as they reach the prompts of a real server."""

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from codegpt_server.surroundings import Editor, Surroundings
from lsprotocol import types

from codegpt.document import Document
from codegpt.indexing.index import Index
from codegpt.indexing.update import current_index
from tests.server.raw import Raw

SECRET = "ghp_" + "a1B2" * 9
TEXTS = {
    "app/core.py": "def fetch(url: str) -> bytes:\n    return b''\n",
    "app/secrets.py": "def hidden(): ...\n",
    ".env": f"TOKEN={SECRET}\n",
}
HERE = "from app.core import fetch\nfrom app.secrets import hidden\n\nhidden(fetch(\n"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CODEGPT_CACHE", str(tmp_path / "cache"))
    for path, text in TEXTS.items():
        (tmp_path / "work" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "work" / path).write_text(text, encoding="utf-8")
    return tmp_path / "work"


def test_what_other_files_define_is_in_the_prompt(editor, root: Path) -> None:
    async def scenario() -> None:
        async with editor(root=root) as e:
            await e.until(lambda: "indexed" in e.indexes)
            here = (root / "app/here.py").as_uri()
            e.open(HERE, here)
            await e.ask(3, 13, uri=here)
            [prompt] = e.prompts()
            assert prompt.startswith("# Path: app/core.py\n# def fetch(url: str) -> bytes: ...\nfrom app.core")
            assert "def hidden" not in prompt  # a file of that name is not read
            core = (root / "app/core.py").as_uri()  # what is open counts as it is now
            e.open(f"TOKEN = '{SECRET}'\ndef fetch(url: str, retries: int) -> bytes: ...\n", core)
            await e.ask(3, 13, uri=here)
            assert "# def fetch(url: str, retries: int) -> bytes: ..." in e.prompts()[1]
            env = (root / ".env").as_uri()
            e.open(f"TOKEN={SECRET} and more", env, "plaintext")
            await e.ask(3, 13, uri=here)
            assert len(e.prompts()) == 3 and not any(SECRET in prompt for prompt in e.prompts())

    asyncio.run(scenario())


def test_an_open_file_that_git_ignores_is_not_told(editor, root: Path) -> None:
    (root / ".git").mkdir()
    (root / ".gitignore").write_text("private.py\n")

    async def scenario() -> None:
        async with editor(root=root) as e:
            await e.until(lambda: "indexed" in e.indexes)
            e.open("def fetch_private(url): ...\n\n\nfetch_private(url)\n", (root / "private.py").as_uri())
            here = (root / "app/here.py").as_uri()
            e.open(HERE, here)
            await e.ask(3, 13, uri=here)
            assert "def fetch(url" in e.prompts()[0] and "fetch_private" not in e.prompts()[0]

    asyncio.run(scenario())


def test_an_index_that_is_damaged_meanwhile_costs_no_suggestion(editor, root: Path) -> None:
    async def scenario() -> None:
        async with editor(text="url", root=root) as e:
            await e.until(lambda: "indexed" in e.indexes)
            [path] = (root.parent / "cache/index").glob("*.sqlite")
            content = path.read_bytes()
            path.write_bytes(content[:4096] + b"\x7f" * (len(content) - 4096))
            here = (root / "app/here.py").as_uri()
            e.open(HERE, here)
            for _ in range(2):
                answer = await e.ask(3, 13, uri=here)
                assert [item.insert_text for item in answer.items] == ["url"]

    asyncio.run(scenario())


def test_a_file_that_is_saved_is_looked_at_again(editor, root: Path) -> None:
    async def scenario() -> None:
        async with editor(root=root) as e:
            await e.until(lambda: "indexed" in e.indexes)
            (root / "app/core.py").write_text("def fetch(address: str) -> bytes: ...\n")
            core = types.TextDocumentIdentifier((root / "app/core.py").as_uri())
            e.client.text_document_did_save(types.DidSaveTextDocumentParams(core))
            await e.until(lambda: e.indexes.count("indexed") == 2)
            here = (root / "app/here.py").as_uri()
            e.open(HERE, here)
            await e.ask(3, 13, uri=here)
            assert "def fetch(address: str)" in e.prompts()[0]

    asyncio.run(scenario())


@pytest.mark.parametrize(("options", "workspace"), [({"context": False}, True), (None, False)])
def test_nothing_is_looked_at_where_it_is_not_wanted(
    editor, root: Path, options: dict[str, bool] | None, workspace: bool
) -> None:
    async def scenario() -> None:
        async with editor(options=options, root=root if workspace else None) as e:
            here = (root / "app/here.py").as_uri()
            e.open(HERE, here)
            await e.ask(3, 13, uri=here)
            assert e.prompts()[0].startswith("from app.core")
            assert not any(state.startswith("index") for state, _ in e.statuses)

    asyncio.run(scenario())


def test_a_document_of_another_folder_has_no_surroundings(editor, root: Path) -> None:
    async def scenario() -> None:
        async with editor(root=root) as e:
            await e.until(lambda: "indexed" in e.indexes)
            for uri in ((root.parent / "other.py").as_uri(), "untitled:Untitled-1", "file:///" + "x" * 5000):
                e.open(HERE, uri)
                await e.ask(3, 13, uri=uri)
            assert all(prompt.startswith("from app.core") for prompt in e.prompts()) and len(e.prompts()) == 3

    asyncio.run(scenario())


def test_an_index_that_is_none_costs_no_suggestion(editor, root: Path) -> None:
    (root.parent / "cache").mkdir()
    (root.parent / "cache/index").write_text("a file where a folder is to be")

    async def scenario() -> None:
        async with editor(text="url", root=root) as e:
            here = (root / "app/here.py").as_uri()
            e.open(HERE, here)
            answer = await e.ask(3, 13, uri=here)
            assert [item.insert_text for item in answer.items] == ["url"]

    asyncio.run(scenario())


def test_the_indexer_ends_with_its_server(editor, root: Path) -> None:
    def indexers() -> list[int]:
        listed = subprocess.run(["ps", "-eo", "pid,args"], capture_output=True, text=True, check=True).stdout
        return [int(line.split()[0]) for line in listed.splitlines() if "indexing.update" in line and str(root) in line]

    async def scenario() -> int:
        async with editor(root=root) as e:
            await e.until(lambda: "indexed" in e.indexes)
            [found] = indexers()
            server = int(Path(f"/proc/{found}/stat").read_text().rpartition(")")[2].split()[1])
            os.kill(server, signal.SIGKILL)
            begun = time.monotonic()
            while indexers() and time.monotonic() - begun < 20:
                await asyncio.sleep(0.05)
            return len(indexers())

    async def killed() -> int:
        try:
            return await scenario()
        except Exception:  # the editor misses its server
            return len(indexers())

    assert asyncio.run(killed()) == 0


def test_a_document_that_context_fails_on_is_completed_without(editor, root: Path) -> None:
    (root / "src").mkdir()
    (root / "src/main.rs").write_text("fn main() {}\n")

    async def scenario() -> None:
        async with editor(root=root) as e:
            await e.until(lambda: "indexed" in e.indexes)
            here = (root / "src/deep.rs").as_uri()
            e.open(f"use {'a::{' * 1500}b{'}' * 1500};\nfn f() {{\n    \n}}\n", here, "rust")
            await asyncio.wait_for(e.ask(2, 4, uri=here), 60)
            assert len(e.prompts()) == 1

    asyncio.run(scenario())


@pytest.mark.parametrize("error", [sqlite3.OperationalError("disk I/O error"), PermissionError(".venv")])
def test_an_index_that_cannot_be_read_costs_no_suggestion(
    root: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    current_index(root).close()
    document = Document(HERE, (root / "app/here.py").as_uri(), "python")
    editor = Editor({document.uri: document})
    surroundings = Surroundings(root)
    monkeypatch.setattr(surroundings, "_is_kept", True)

    def fails(_index: Index) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(Index, "_look", fails)
        for _ in range(2):
            with surroundings.place(document, 0, editor) as known:
                assert known is None
    with surroundings.place(document, 0, editor) as known:
        assert known is not None and known.around.project.has("app/core.py")


def test_a_home_folder_is_not_indexed(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(root))
    monkeypatch.setattr(subprocess, "Popen", lambda *_args, **_more: pytest.fail("it is"))
    for folder in (root, root.parent, Path("/")):
        surroundings = Surroundings(folder)
        surroundings.start(lambda _words: None)
        document = Document(HERE, (root / "app/here.py").as_uri(), "python")
        with surroundings.place(document, 0, Editor({document.uri: document})) as known:
            assert known is None


def test_each_of_several_folders_has_its_own_files_and_rules(tmp_path: Path) -> None:
    definitions = {"one": "def shared(apples): ...\n", "two": "def shared(pears): ...\n"}
    for name, text in definitions.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "core.py").write_text(text)
    (tmp_path / "two/.codegptignore").write_text("left_alone.py\n")
    folders = [{"uri": (tmp_path / name).as_uri(), "name": name} for name in definitions]
    log, here = tmp_path / "log", "from core import shared\n\nshared(\n"
    slow = (sys.executable, str(Path(__file__).parent / "slow_server.py"), str(log), "4)", "0")
    uris = {name: (tmp_path / name / "here.py").as_uri() for name in definitions}

    def prompt_in(name: str) -> str:
        place = {"textDocument": {"uri": uris[name]}, "position": {"line": 2, "character": 7}}
        client.ask(name, "textDocument/inlineCompletion", {**place, "context": {"triggerKind": 1}})
        return str(json.loads(log.with_suffix(".prompts").read_text().splitlines()[-1]))

    with Raw(*slow, env={**os.environ, "CODEGPT_CACHE": str(tmp_path / "cache")}) as client:
        able = {"workspace": {"workspaceFolders": True}}
        options = {"ahead": False}
        client.begin(workspaceFolders=folders, capabilities=able, initializationOptions=options)
        for uri in uris.values():
            client.open(here, uri)
        until = time.monotonic() + 30
        while "apples" not in (prompt := prompt_in("one")) or "pears" not in (other := prompt_in("two")):
            assert time.monotonic() < until
        assert "pears" not in prompt and "apples" not in other
        for name, found in (("one", ["4)"]), ("two", [])):
            uri = (tmp_path / name / "left_alone.py").as_uri()
            client.open(here, uri)
            items = client.inline(f"{name} left alone", 2, 7, uri)["result"]["items"]
            assert [item["insertText"] for item in items] == found
        gone = {"event": {"added": [], "removed": folders[1:]}}
        client.send({"method": "workspace/didChangeWorkspaceFolders", "params": gone})
        assert "pears" not in prompt_in("two") and "apples" in prompt_in("one")
