"""First lines against what stood there."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from codegpt_evals import comparing
from codegpt_evals.first_lines import FirstLine, differences, figures, first_line
from codegpt_evals.problem import Hole, Problem
from codegpt_evals.records import Sample, to_line
from codegpt_evals.tasks import Task


@pytest.mark.parametrize(
    ("wanted", "found", "exact", "similarity", "recall"),
    [
        ("x = f(a)\nmore", "x = f(a)  \nother", 1.0, 1.0, 1.0),
        ("fetch(url)", "fetch(path)", 0.0, 0.6364, 0.5),
        ("fetch(url)", "", 0.0, 0.0, 0.0),
        ("a, a, b", "a", 0.0, 0.1429, 0.5),
        ("1 + 1", "1 + 1", 1.0, 1.0, 1.0),
        ("1 + 1", "2", 0.0, 0.0, 0.0),
        ("é😀", "é", 0.0, 0.5, 1.0),
    ],
)
def test_one_line(wanted: str, found: str, exact: float, similarity: float, recall: float) -> None:
    assert first_line("P/1", wanted, found) == FirstLine("P/1", exact, similarity, recall)


def test_several() -> None:
    lines = [FirstLine(f"P/{number}", float(number < 3), 0.5, 1.0) for number in range(4)]
    found = figures(lines)
    assert found["exact"].value == 0.75 and 0.0 < found["exact"].low < 0.75 < found["exact"].high <= 1.0
    assert found["similarity"] == (0.5, 0.5, 0.5)


def test_differences_are_paired() -> None:
    first = {f"P/{number}": FirstLine(f"P/{number}", 0.0, 0.2, 0.0) for number in range(10)}
    second = {f"P/{number}": FirstLine(f"P/{number}", 1.0, 0.7, 0.0) for number in range(3, 12)}
    found = differences(first, second)
    assert found["exact"] == (1.0, 1.0, 1.0) and found["recall"] == (0.0, 0.0, 0.0)
    assert found["similarity"] == pytest.approx((0.5, 0.5, 0.5))


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hole = Hole("", "\n", "f(1)\ng(2)", one_line=True)
    ids = ("starlette/line/0", "starlette/body/1", "textual/line/0")
    problems = [Problem(task_id, "python", hole, hole.middle, "", None) for task_id in ids]
    monkeypatch.setattr(
        comparing, "load_task", lambda _task: Task("repo-holes", tuple(problems), len(problems), {}, {})
    )
    for name, found in (("none", ("f(1)", "h", "h")), ("all", ("f(1)", "f(1)", "h"))):
        samples = [Sample(task_id, 0, completion=text, raw=text) for task_id, text in zip(ids, found, strict=True)]
        (tmp_path / name).mkdir()
        (tmp_path / name / "samples.jsonl").write_text("".join(map(to_line, samples)))
    out = tmp_path / "lines.jsonl"
    ran = CliRunner().invoke(
        comparing.first_lines,
        [str(tmp_path / "none"), str(tmp_path / "all"), "--out", str(out)],
        catch_exceptions=False,
    )
    assert ran.exit_code == 0
    runs = json.loads(ran.stdout.splitlines()[-1])["runs"]
    assert (runs["none"]["exact"][0], runs["all"]["exact"][0]) == (0.3333, 0.6667)
    assert runs["all"]["more"]["exact"][0] == 0.3333
    assert runs["none"]["more"] is None
    assert {
        part: (runs["all"][part]["holes"], runs["all"][part]["more"]["exact"][0])
        for part in ("development", "reported", "line", "body")
    } == {"development": (2, 0.5), "reported": (1, 0.0), "line": (2, 0.0), "body": (1, 1.0)}
    assert "arguments" not in runs["all"]
    assert len(out.read_text().splitlines()) == 6 and "f(1)" not in out.read_text()
