import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from codegpt.context.cursor import Around
from codegpt.context.project import Snapshot
from codegpt.engine.scripted import ScriptedEngine
from codegpt.load import LoadedModel
from codegpt.training.corpus import SourceText
from codegpt.training.judging import Answers, Blank, Change, blanks_of, change
from codegpt.training.repository import Repository

TEXT = "".join(f"def area_{n}(width, height):\n    return width * height + {n}\n\n\n" for n in range(10, 40))


@pytest.fixture
def repository() -> Repository:
    learnt = SourceText("shop", "a.py", "def total(items):\n    return sum(items)\n")
    return Repository(Path("/shop"), (learnt,), (SourceText("shop", "b.py", TEXT),), {})


def test_holes_are_of_what_is_held_out_and_the_same_each_time(repository: Repository) -> None:
    found = blanks_of(repository, 12)
    assert found == blanks_of(repository, 12)
    assert len(found) == 12
    for each in found:
        assert TEXT.startswith(each.before)
        assert TEXT.endswith(each.after)
        assert each.around.path == "b.py"
        assert TEXT[len(each.before) :].startswith(each.wanted)
        assert "\n" not in each.wanted


def test_comments_are_no_holes_and_long_files_have_more(repository: Repository) -> None:
    licence = "".join(f"# line {n} of a licence that all of the files begin with\n" for n in range(12))
    inner = "def f(x):\n    # a remark that stands alone on its line\n    return x + 1000\n"
    held_out = (
        SourceText("shop", "b.py", licence + "\n" + TEXT),
        SourceText("shop", "c.py", licence + inner),
        SourceText("shop", "empty.py", licence),
    )
    found = blanks_of(replace(repository, held_out=held_out), 1000)
    counts = Counter(each.around.path for each in found)
    assert counts == {"b.py": 15, "c.py": 1}
    assert [(each.around.path, len(each.before)) for each in found] == sorted(
        (each.around.path, len(each.before)) for each in found
    )
    assert all(len(each.before) >= len(licence) for each in found)
    assert not any("remark" in each.wanted for each in found)
    fewer = blanks_of(replace(repository, held_out=held_out), 5)
    assert len(fewer) == 5
    assert {each.digest for each in fewer} < {each.digest for each in found}


def test_what_is_right_is_what_would_be_shown(repository: Repository, tmp_path: Path) -> None:
    blanks = [each for each in blanks_of(repository, 40) if each.wanted.startswith("return")][:3]
    known = {each.before.rstrip(): each.wanted for each in blanks}
    told: list[int] = []

    def script(prompt: object, _row: int) -> str:
        before = str(prompt.parts[-1]).rstrip()[-30:]  # type: ignore[attr-defined]
        return "    " + next((wanted for text, wanted in known.items() if text.endswith(before)), "pass") + "\n"

    answers = Answers(tmp_path / "answers.jsonl")
    right = LoadedModel(ScriptedEngine(script), None)
    wrong = LoadedModel(ScriptedEngine("pass\n"), None)
    assert answers.of(blanks, "right", lambda: right, told.append) == [True] * 3
    assert answers.of(blanks, "wrong", lambda: wrong, told.append) == [False] * 3
    assert told == [1, 2, 3, 1, 2, 3]


def test_answers_are_kept_hole_by_hole(repository: Repository, tmp_path: Path) -> None:
    blanks, path = blanks_of(repository, 6), tmp_path / "kept" / "answers.jsonl"
    asked: list[int] = []

    def load() -> LoadedModel:
        asked.append(1)
        return LoadedModel(ScriptedEngine("pass\n"), None)

    first = Answers(path).of(blanks[:4], "m", load, lambda _: None)
    with path.open("a") as file:
        file.write('{"model": "m", "hole": "half')  # as after a kill
    lines = path.read_text().splitlines()
    assert len(lines) == 5
    assert json.loads(lines[0]) == {
        "model": "m", "hole": blanks[0].digest, "path": "b.py", "at": len(blanks[0].before), "right": False,
    }  # fmt: skip
    assert Answers(path).of(blanks[:4], "m", load, lambda _: None) == first
    assert len(asked) == 1
    assert Answers(path).of(blanks, "m", load, lambda _: None) == [False] * 6
    assert Answers(path).of(blanks, "other", load, lambda _: None) == [False] * 6
    assert len(asked) == 3
    assert len(Answers(path).of(blanks, "m", lambda: pytest.fail("asked again"), lambda _: None)) == 6


def blanks_in(*paths: str) -> list[Blank]:
    project = Snapshot({})
    return [Blank(str(number), "", Around(project, "shop", path), "x") for number, path in enumerate(paths)]


def test_a_change_is_paired_and_its_interval_over_files() -> None:
    alone = blanks_in(*map(str, range(100)))
    assert change(alone[:10], [True] * 10, [True] * 10) == Change(10, 10, 1.0, 1.0, 0, 0, 0.0, 0.0, 0.0)
    before, after = [False] * 50 + [True] * 50, [False] * 30 + [True] * 70
    found = change(alone, before, after)
    assert found[:7] == (100, 100, 0.5, 0.7, 20, 0, 0.7 - 0.5)
    assert 0.11 < found.low < 0.15 < 0.25 < found.high < 0.29
    together = change(blanks_in(*[str(number // 10) for number in range(100)]), before, after)
    assert together[:6] == (100, 10, 0.5, 0.7, 20, 0)
    assert together.low == 0.0
    assert together.high > 0.4
