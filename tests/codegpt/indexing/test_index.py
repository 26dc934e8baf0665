"""The facts of a workspace on disk, against the same in memory."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import given, settings
from hypothesis import strategies as st

from codegpt.context.imports import Import
from codegpt.context.outline import Entry
from codegpt.context.project import Facts, Parsed, Snapshot
from codegpt.errors import InputError
from codegpt.indexing import index as index_module
from codegpt.indexing.index import Index, index_path
from codegpt.indexing.update import current_index, update

TEXTS = {
    "app/__init__.py": "from .core import run as start\n",
    "app/core.py": (
        'import os\n\n\nclass Engine:\n    """Runs."""\n\n    size: int\n\n'
        "    def run(self, times: int) -> None:\n        os.run()\n"
    ),
    "app/other.py": "from app.core import Engine\n\n\ndef use():\n    Engine().run(3)\n",
    "web/a.ts": "import {b} from './b';\nexport class A { run(): void { b(); } }\n",
    "web/b.ts": "export function b(): number { return 1; }\n",
    "bad.py": "def f(:\n",
}


def lay(root: Path, texts: dict[str, str]) -> None:
    for path, text in texts.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8", newline="")


def made(root: Path, texts: dict[str, str]) -> Index:
    lay(root / "work", texts)
    index = Index(root / "index.sqlite", root / "work", writing=True)
    update(index, root / "work")
    return index


def assert_same(index: Index, snapshot: Snapshot) -> None:
    names = {"run", "Engine", "use", "b", "A", "os", "none", "start"}
    names |= {
        entry.name for path in snapshot.texts for facts in [snapshot.facts(path)] if facts for entry in facts.entries
    }
    for path in (*snapshot.texts, "none.py"):
        assert index.has(path) == snapshot.has(path)
        assert index.facts(path) == snapshot.facts(path)
        assert index.text(path) == snapshot.text(path)
        for cut in range(path.count("/") + 1):
            suffix = path.split("/", cut)[-1]
            assert list(index.ending(suffix)) == list(snapshot.ending(suffix))
        directory = path.rpartition("/")[0]
        assert list(index.within(directory)) == list(snapshot.within(directory))
    for name in names:
        assert list(index.defining(name)) == list(snapshot.defining(name))
        assert list(index.mentioning(name)) == list(snapshot.mentioning(name))


def test_it_says_what_the_snapshot_says(tmp_path: Path) -> None:
    assert_same(made(tmp_path, TEXTS), Snapshot(TEXTS))


PIECES = st.sampled_from(
    [
        "def f(a): g(a)\n",
        "class A(B):\n    x: int\n    def f(self): self.g()\n",
        "from .b import f\n",
        "x = f\n",
        "é = '😀'\r\n",
        "(",
    ]
)
TREES = st.dictionaries(
    st.sampled_from(["a.py", "b.py", "p/a.py", "p/q/a.py", "p/b.ts", "c.go"]), st.lists(PIECES, max_size=5).map("".join)
)


@settings(max_examples=25, deadline=None)
@given(TREES, TREES)
def test_after_any_change_it_says_what_a_new_one_would(
    tmp_path_factory: pytest.TempPathFactory, before: dict[str, str], after: dict[str, str]
) -> None:
    root = tmp_path_factory.mktemp("project")
    index = made(root, before)
    for path in before.keys() - after.keys():
        (root / "work" / path).unlink()
    for path, text in after.items():
        if before.get(path) != text:
            lay(root / "work", {path: text})
            os.utime(root / "work" / path, ns=(1, len(text)))  # a clock that is too coarse shall not decide
    update(index, root / "work")
    assert_same(index, Snapshot(after))
    index.close()


def test_only_what_has_changed_is_parsed_again(tmp_path: Path) -> None:
    index = made(tmp_path, TEXTS)
    assert update(index, tmp_path / "work").parsed == 0
    lay(tmp_path / "work", {"app/other.py": "def other(): pass\n"})
    (tmp_path / "work" / "web" / "a.ts").unlink()
    updated = update(index, tmp_path / "work")
    assert (updated.files, updated.parsed, updated.gone) == (5, 1, 1)
    assert [each.path for each in index.defining("other")] == ["app/other.py"]
    assert list(index.defining("use")) == []


def test_what_is_skipped_is_said_and_not_tried_again(tmp_path: Path) -> None:
    lay(tmp_path / "work", {"big.py": "x = 1\n" * 200_000})
    (tmp_path / "work" / "latin.py").write_bytes(b"# \xe9\n")
    index = made(tmp_path, {"a.py": "x = 1\n"})
    assert index.skipped() == {"big.py": "larger than 1 MiB", "latin.py": "not UTF-8"}
    assert index.facts("big.py") is None and index.text("big.py") == ""
    assert update(index, tmp_path / "work").parsed == 0


def test_a_reader_sees_one_state(tmp_path: Path) -> None:
    index = made(tmp_path, TEXTS)
    reader = Index(tmp_path / "index.sqlite", tmp_path / "work")
    with reader.reading():
        assert reader.has("app/core.py")
        (tmp_path / "work" / "app" / "core.py").unlink()
        update(index, tmp_path / "work")
        assert not index.has("app/core.py")
        assert reader.has("app/core.py") and list(reader.defining("Engine"))
    assert not reader.has("app/core.py")


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\0" + b"\1" * 5000])
def test_what_is_no_index_is_made_anew(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "index.sqlite").write_bytes(content)
    assert_same(made(tmp_path, TEXTS), Snapshot(TEXTS))


def test_damaged_pages_are_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODEGPT_CACHE", str(tmp_path / "cache"))
    root = tmp_path / "work"
    lay(root, TEXTS)
    current_index(root).close()
    path = index_path(root)
    content = bytearray(path.read_bytes())
    content[4096:] = b"\x7f" * (len(content) - 4096)  # the head is whole
    path.write_bytes(content)
    assert_same(current_index(root), Snapshot(TEXTS))


def test_a_full_disk_takes_nothing_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODEGPT_CACHE", str(tmp_path / "cache"))
    root = tmp_path / "work"
    lay(root, TEXTS)
    current_index(root).close()

    def full(_index: Index) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(Index, "versions", full)
        with pytest.raises(InputError, match=r"cannot be kept in .*: database or disk is full"):
            current_index(root)
    assert_same(Index(index_path(root), root), Snapshot(TEXTS))


def test_another_version_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made(tmp_path, TEXTS).close()
    monkeypatch.setattr(index_module, "FORMAT", 999)
    reader = Index(tmp_path / "index.sqlite", tmp_path / "work")
    assert not reader.is_made
    reader.close()
    index = Index(tmp_path / "index.sqlite", tmp_path / "work", writing=True)
    assert index.is_made and index.versions() == {}


def test_a_file_that_was_made_anew_is_another(tmp_path: Path) -> None:
    made(tmp_path, TEXTS).close()
    reader = Index(tmp_path / "index.sqlite", tmp_path / "work")
    assert reader.is_made
    Index(tmp_path / "index.sqlite", tmp_path / "work", writing=True).remove()
    assert not reader.is_made
    made(tmp_path, TEXTS).close()
    assert not reader.is_made


def test_what_cannot_be_read_takes_nothing_from_what_can(tmp_path: Path) -> None:
    index = made(tmp_path, {"b.py": "x = 1\n", "c.py": "y = 1\n"})
    (tmp_path / "work/a.py").write_bytes(b"x = '\xe9'\n")
    for texts in (["", "", ""], ["", "x = 1\n", ""], ["", "x = 1\n", "y = 1\n"]):
        with index.reading(1):
            assert [index.text(path) for path in ("a.py", "b.py", "c.py")] == texts


def test_an_index_that_another_process_has_only_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODEGPT_CACHE", str(tmp_path / "cache"))
    root = tmp_path / "work"
    lay(root, TEXTS)
    index_path(root).parent.mkdir(parents=True)
    with (
        FileLock(f"{index_path(root)}.lock"),
        pytest.raises(InputError, match="indexed for the first time by another process; try again in a moment"),
    ):
        current_index(root)


def test_an_environment_that_is_made_later(tmp_path: Path) -> None:
    index = made(tmp_path, {"a.py": "import lib\n"})
    assert list(index.outside(Import("lib", "", "lib"), "python")) == []
    site = "work/.venv/lib/python3.11/site-packages"
    lay(tmp_path, {"work/.venv/pyvenv.cfg": "home = /usr/bin\n", f"{site}/lib.py": "def helper(): ...\n"})
    writer = Index(tmp_path / "index.sqlite", tmp_path / "work", writing=True)
    update(writer, tmp_path / "work")
    with index.reading():
        assert list(index.outside(Import("lib", "", "lib"), "python")) == [str(tmp_path / site / "lib.py")]


def test_all_or_nothing_is_written(tmp_path: Path) -> None:
    index = made(tmp_path, TEXTS)
    before = index.versions()
    no_text = Parsed(Facts("python", (Entry("\ud800", "function", "", "def f():", "", 0, 1),)), ())
    with pytest.raises(UnicodeEncodeError):
        index.write({"app/core.py": (before["app/core.py"], no_text)}, ["web/a.ts"])
    assert index.versions() == before
    assert_same(index, Snapshot(TEXTS))


def test_a_name_that_everything_defines_is_looked_for_in_vain(tmp_path: Path) -> None:
    texts = {f"f{number}.py": "def run(): pass\n" for number in range(51)}
    assert list(made(tmp_path, texts).defining("run")) == [] == list(Snapshot(texts).defining("run"))


def test_secrets_do_not_come_out(tmp_path: Path) -> None:
    index = made(tmp_path, {"a.py": "password = 'Xk29!kdkd'\n"})
    assert index.text("a.py") == "password = 'REDACTED'\n"


def test_kill_9_at_any_time(tmp_path: Path) -> None:
    texts = {f"d{number % 7}/f{number}.py": f"def f{number}(a):\n    return g{number}(a)\n" for number in range(600)}
    lay(tmp_path / "work", texts)
    command = [sys.executable, "-m", "codegpt.indexing.update", str(tmp_path / "work")]
    environment = {**os.environ, "CODEGPT_CACHE": str(tmp_path / "cache")}
    path = tmp_path / "cache" / "index" / index_path(tmp_path / "work").name
    counts = []
    for _ in range(4):
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
        assert process.stdout is not None and process.stdin is not None
        process.stdout.readline()  # so it has written something
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdin.close()
        process.stdout.close()
        connection = sqlite3.connect(path)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        counts.append(connection.execute("SELECT count(*) FROM files").fetchone()[0])
        connection.close()
    assert counts == sorted(counts) and counts[0] > 0
    index = Index(path, tmp_path / "work", writing=True)
    update(index, tmp_path / "work")
    assert_same(index, Snapshot(texts))


def test_two_processes_on_one_workspace(tmp_path: Path) -> None:
    lay(tmp_path / "work", TEXTS)
    command = [sys.executable, "-m", "codegpt.indexing.update", str(tmp_path / "work")]
    environment = {**os.environ, "CODEGPT_CACHE": str(tmp_path / "cache")}
    one, other = (
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
        for _ in range(2)
    )
    said: list[tuple[int, str]] = []

    def listen(number: int, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        said.extend((number, line) for line in process.stdout)

    threads = [threading.Thread(target=listen, args=pair) for pair in enumerate((one, other))]
    for thread in threads:
        thread.start()
    begun = time.monotonic()
    while not said and time.monotonic() - begun < 60:
        time.sleep(0.01)
    while '"files"' not in said[-1][1] and time.monotonic() - begun < 60:
        time.sleep(0.01)
    assert len({number for number, _ in said}) == 1  # one works, the other waits
    working = (one, other)[said[0][0]]
    waiting = (other, one)[said[0][0]]
    working.kill()
    assert waiting.stdin is not None
    waiting.stdin.write("changed\n")  # it looks again
    waiting.stdin.flush()
    while len({number for number, _ in said}) == 1 and time.monotonic() - begun < 60:
        time.sleep(0.01)
    assert len({number for number, _ in said}) == 2
    for process in (one, other):
        assert process.stdin is not None and process.stdout is not None
        process.stdin.close()
        process.wait(30)
    for thread in threads:
        thread.join()
    for process in (one, other):
        assert process.stdout is not None
        process.stdout.close()
    assert waiting.returncode == 0


def test_libraries_of_the_environment(tmp_path: Path) -> None:
    site = "work/.venv/lib/python3.11/site-packages"
    lay(
        tmp_path,
        {
            "work/.venv/pyvenv.cfg": "home = /usr/bin\n",
            f"{site}/lib/__init__.py": "from .core import helper\nfrom .more import *\n",
            f"{site}/lib/core.py": "def helper(a: int) -> str: ...\n",
            f"{site}/lib/more.py": "def other(b): ...\n",
            f"{site}/lib/unused.py": "def unused(): ...\n",
        },
    )
    index = made(tmp_path, {"a.py": "from lib import helper, other\nimport json\n"})
    root = tmp_path / site / "lib"
    assert list(index.outside(Import("lib", "helper", "helper"), "python")) == [str(root / "__init__.py")]
    core, more = index.facts(str(root / "core.py")), index.facts(str(root / "more.py"))
    assert core is not None and [each.signature for each in core.entries] == ["def helper(a: int) -> str:"]
    assert more is not None and index.facts(str(root / "unused.py")) is None
    assert list(index.defining("helper")) == [] and list(index.ending("core.py")) == []
    [standard] = index.outside(Import("json", "", "json"), "python")
    facts = index.facts(standard)
    assert facts is not None and "dumps" in {each.name for each in facts.entries}
    assert update(index, tmp_path / "work").parsed == 0
    lay(tmp_path / "work", {"a.py": "x = 1\n"})
    update(index, tmp_path / "work")
    assert index.facts(str(root / "core.py")) is None  # nobody names it any more


def test_an_answer_is_found_anew_when_a_file_was_written(tmp_path: Path) -> None:
    root = tmp_path / "work"
    root.mkdir()
    writer, reader = Index(tmp_path / "i.sqlite", root, writing=True), Index(tmp_path / "i.sqlite", root)
    (root / "a.py").write_text("x = 1\n")
    found = iter(("one", "two"))
    assert [reader.remember("q", lambda: next(found)) for _ in range(2)] == ["one", "one"]
    update(writer, root)
    assert [reader.remember("q", lambda: next(found)) for _ in range(2)] == ["two", "two"]
