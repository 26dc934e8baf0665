"""Holes at places that use what another file defines."""

import hashlib
import io
import json
import zipfile
from itertools import pairwise
from pathlib import Path

import pytest
from codegpt_evals import tasks
from codegpt_evals.datasets import Package
from codegpt_evals.holes import plan_for
from codegpt_evals.problem import Hole
from codegpt_evals.repo_holes import KINDS, MOST_OF_A_FILE, cuts
from codegpt_evals.tasks import load_task
from codegpt_evals.tasks import repo_holes as task

from codegpt.context.project import Snapshot
from codegpt.errors import CheckpointError, DownloadError
from codegpt.planning import CompletionOptions
from codegpt.prompt import FIM_FORMATS, Fim, Layout

TEXTS = {
    "app/core.py": """class Engine:
    def unusual(self, times):
        return times

def fetch(url):
    return url
""",
    "app/use.py": """from .core import Engine, fetch
import os


def first(motor, items):
    for item in items:
        data = fetch(item)
        print(data)
    motor.unusual(len(items))
    self.unusual(1)
    "fetch(1)"
    os.getcwd()


def second(path):
    \"\"\"Docs stay.\"\"\"
    engine = Engine()
    return engine.run(path)
""",
}


def found(texts: dict[str, str] = TEXTS, wanted: int = 100) -> list[tuple[str, str, tuple[str, ...]]]:
    return [
        (cut.kind, texts[cut.path][cut.start : cut.end], cut.names)
        for cut in cuts(Snapshot(texts), texts, wanted, "seed")
    ]


def every() -> set[tuple[str, str, tuple[str, ...]]]:
    """With as many holes as overlap one another in one file, all are found in copies of it."""
    texts = {"app/core.py": TEXTS["app/core.py"], **{f"app/use{n}.py": TEXTS["app/use.py"] for n in range(40)}}
    return set(found(texts, 1000))


def test_all_kinds_where_they_use_what_another_file_defines() -> None:
    assert every() == {
        ("arguments", "item", ("fetch",)),
        ("arguments", "len(items)", ("unusual",)),
        ("line", "fetch(item)", ("fetch",)),
        ("line", "unusual(len(items))", ("unusual",)),
        ("line", "Engine()", ("Engine",)),
        ("block", "data = fetch(item)\n        print(data)", ("fetch",)),
        ("body", "engine = Engine()\n    return engine.run(path)", ("Engine",)),
    }


def test_they_do_not_overlap_and_are_the_same_every_time() -> None:
    chosen = cuts(Snapshot(TEXTS), TEXTS, 100, "seed")
    assert chosen == cuts(Snapshot(TEXTS), TEXTS, 100, "seed")
    assert len(chosen) <= MOST_OF_A_FILE
    assert all(one.end <= other.start for one, other in pairwise(chosen))
    assert len(cuts(Snapshot(TEXTS), TEXTS, 2, "seed")) == 2
    assert {cut.kind for cut in chosen} <= set(KINDS)


@pytest.mark.parametrize("text", ["", "x = (\n", "😀", "from .core import fetch\nfetch('" + "x" * 300 + "')\n"])
def test_files_without_any(text: str) -> None:
    assert found({"app/core.py": TEXTS["app/core.py"], "app/x.py": text}) == []


def wheel(texts: dict[str, str]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for path, text in texts.items():
            archive.writestr(path, text)
        archive.writestr("app/data.txt", b"\xff")
    return content.getvalue()


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """One package of our own in place of the twelve."""
    content = wheel(TEXTS)
    package = Package("repo-holes", "app-1.0-py3-none-any.whl", hashlib.sha256(content).hexdigest(), "", "MIT")
    read = task._reader((package,), (".py",), 50)
    monkeypatch.setitem(tasks.TASKS, "repo-holes", task.Published((package,), read, ""))
    monkeypatch.setenv("CODEGPT_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("CODEGPT_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "data" / "repo-holes" / package.file
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return path


def test_the_problems_lie_in_their_project(published: Path) -> None:
    problems = load_task("repo-holes").problems
    assert problems and all(problem.task_id.startswith("app/") for problem in problems)
    for problem in problems:
        hole = problem.asks
        assert isinstance(hole, Hole) and hole.around is not None
        assert hole.prefix + hole.middle + hole.suffix == TEXTS[hole.around.path]
        fim = Fim(FIM_FORMATS["qwen2.5-coder"], Layout.SPM)
        asked = plan_for(problem, len, fim, CompletionOptions())
        texts = [part for part in asked.prompt.parts if isinstance(part, str)]
        assert texts[0] == "app\n"
        assert "app/core.py\n" in texts[1] and texts[2] == "app/use.py\n"
        assert not any(hole.middle in text for text in texts[:1] + texts[2:] if "\n" in hole.middle)


def test_another_archive_is_refused(published: Path) -> None:
    published.write_bytes(wheel({"app/x.py": "x = 1\n"}))
    with pytest.raises(CheckpointError, match=r"app-1\.0-py3-none-any\.whl is not the published file"):
        load_task("repo-holes")


def test_one_that_cannot_be_fetched(published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    published.unlink()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(DownloadError, match=r"^app-1\.0-py3-none-any\.whl is not on this machine"):
        load_task("repo-holes")


def test_the_halves_are_of_different_packages() -> None:
    names = [package.file.split("-")[0] for package in (*task.CHOSEN_BY, *task.ONLY_REPORTED)]
    assert len(names) == len(set(names)) == 12
    assert json.dumps([package.sha256 for package in task.PACKAGES]).count('"') == 24
