from pathlib import Path

import pytest

from codegpt.engine.scripted import ScriptedEngine
from codegpt.load import LoadedModel
from codegpt.training.corpus import SourceText
from codegpt.training.judging import Change, blanks_of, change, right
from codegpt.training.repository import Repository

TEXT = "".join(f"def area_{n}(width, height):\n    return width * height + {n}\n\n\n" for n in range(10, 40))


@pytest.fixture
def repository() -> Repository:
    learnt = SourceText("shop", "a.py", "def total(items):\n    return sum(items)\n")
    return Repository(Path("/shop"), (learnt,), (SourceText("shop", "b.py", TEXT),), {})


def test_holes_are_of_what_is_held_out_and_the_same_each_time(repository: Repository) -> None:
    found = blanks_of(repository, 20)
    assert found == blanks_of(repository, 20)
    assert len(found) == 20
    for each in found:
        assert TEXT.startswith(each.before)
        assert TEXT.endswith(each.after)
        assert each.around.path == "b.py"
        assert TEXT[len(each.before) :].startswith(each.wanted)
        assert "\n" not in each.wanted


def test_what_is_right_is_what_would_be_shown(repository: Repository) -> None:
    blanks = [each for each in blanks_of(repository, 40) if each.wanted.startswith("return")][:3]
    known = {each.before.rstrip(): each.wanted for each in blanks}
    told: list[int] = []

    def script(prompt: object, _row: int) -> str:
        before = str(prompt.parts[-1]).rstrip()[-30:]  # type: ignore[attr-defined]
        return "    " + next((wanted for text, wanted in known.items() if text.endswith(before)), "pass") + "\n"

    assert right(blanks, LoadedModel(ScriptedEngine(script), None), told.append) == [True] * 3
    assert right(blanks, LoadedModel(ScriptedEngine("pass\n"), None)) == [False] * 3
    assert told == [1, 2, 3]


def test_a_change_is_paired() -> None:
    assert change([True] * 10, [True] * 10) == Change(10, 1.0, 1.0, 0.0, 0.0, 0.0)
    found = change([False] * 50 + [True] * 50, [False] * 30 + [True] * 70)
    assert (found.holes, found.before, found.after, found.more) == (100, 0.5, 0.7, 0.2)
    assert 0.11 < found.low < 0.15 < 0.25 < found.high < 0.29
