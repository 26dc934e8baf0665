"""The benchmarks by name, on rows like theirs."""

import gzip
import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
from codegpt_evals import tasks
from codegpt_evals.checks import CallsCheck, StdioCheck, TestsCheck
from codegpt_evals.datasets import Dataset
from codegpt_evals.gate import run_gate
from codegpt_evals.problem import Hole
from codegpt_evals.tasks import TASKS, load_task
from codegpt_evals.tasks.contest import is_json, public_inputs
from codegpt_evals.trials import Journal, Runner

from codegpt.cases import Case
from codegpt.errors import CheckpointError, InputError
from codegpt.request import Request
from codegpt.sandbox.client import Sandbox
from codegpt.sandbox.program import Call

PLUS = {
    "task_id": "HumanEval/9001",
    "prompt": 'def twice(x):\n    """Twice x.\n    >>> twice(2)\n    4\n    >>> twice("a")\n    \'aa\'\n    """\n',
    "entry_point": "twice",
    "canonical_solution": "    return x * 2\n",
    "test": "def check(candidate):\n    assert candidate(1) == 2\n",
    "base_input": [[1]],
    "plus_input": [[[1, 2]], [2]],
    "atol": 0,
}


def publish(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, task: str, text: str) -> None:
    """Put a file of our own in the place of a task's."""
    [known] = TASKS[task].datasets
    content = gzip.compress(text.encode()) if known.file.endswith(".gz") else text.encode()
    path = tmp_path / known.folder / known.file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    own = Dataset(known.folder, known.file, hashlib.sha256(content).hexdigest(), "", "MIT")
    monkeypatch.setitem(tasks.TASKS, task, replace(TASKS[task], datasets=(own,)))
    monkeypatch.setenv("CODEGPT_DATA", str(tmp_path))


def test_humaneval(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    publish(monkeypatch, tmp_path, "humaneval", json.dumps(PLUS))
    task = load_task("humaneval")
    [problem] = task.problems
    assert (problem.task_id, list(task.data), task.left_out) == ("HumanEval/9001", ["HumanEval.jsonl.gz"], {})
    assert isinstance(problem.check, TestsCheck)


def test_humaneval_plus_asks_the_canonical_solution(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    known_bad = {**PLUS, "task_id": "HumanEval/32"}
    publish(monkeypatch, tmp_path, "humaneval-plus", f"{json.dumps(PLUS)}\n{json.dumps(known_bad)}\n")
    task = load_task("humaneval-plus")
    [problem] = task.problems
    calls = (Call("twice", (1,)), Call("twice", ([1, 2],)), Call("twice", (2,)))
    assert problem.check == CallsCheck("python", str(PLUS["prompt"]) + "    return x * 2\n", calls, calls)
    assert list(task.left_out) == ["HumanEval/32"]


def test_mbpp_in_both_forms(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    row = {"task_id": 3, "code": "def f(): return 1", "test_list": ["assert f() == 1"]}
    publish(monkeypatch, tmp_path, "mbpp", json.dumps({**row, "text": "One."}))
    sanitized = {**row, "prompt": "One.", "test_imports": ["import math"], "source_file": "x"}
    publish(monkeypatch, tmp_path, "mbpp-sanitized", json.dumps([sanitized]))
    [problem], [cleaned] = load_task("mbpp").problems, load_task("mbpp-sanitized").problems
    assert problem.asks == cleaned.asks
    assert isinstance(cleaned.check, TestsCheck)
    assert (problem.task_id, cleaned.check.setup) == ("3", "import math")


def test_mbpp_with_one_assert_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asserts = ["assert f(1) == 1", "assert f(2) == 2", "assert f(3) == 3"]
    row = {"task_id": 3, "prompt": "It.", "code": "def f(x): return x", "test_list": asserts, "test_imports": []}
    publish(monkeypatch, tmp_path, "mbpp-sanitized-one", json.dumps([row]))
    [problem] = load_task("mbpp-sanitized-one").problems
    assert isinstance(problem.asks, Request) and isinstance(problem.check, TestsCheck)
    assert problem.asks.words == "It.\nIt has to pass these tests:\n\nassert f(1) == 1"
    assert all(each.removeprefix("assert ") in problem.check.tests for each in asserts)


@pytest.mark.parametrize("kind", ["single", "multi", "random", "random-light"])
def test_infilling(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str) -> None:
    row = {
        "task_id": "X/HumanEval/0/L0",
        "prompt": "def f():\n",
        "suffix": "",
        "canonical_solution": "    return 1\n",
        "test": "def check(candidate):\n    assert candidate() == 1\n",
        "entry_point": "f",
    }
    publish(monkeypatch, tmp_path, f"infilling-{kind}", json.dumps(row))
    [problem] = load_task(f"infilling-{kind}").problems
    assert isinstance(problem.asks, Hole)
    assert problem.asks.one_line is (kind == "single")


def test_humaneval_x_is_in_javascript(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    row = {
        "task_id": "JavaScript/0",
        "prompt": "/* One. */\nconst one = () => {\n",
        "canonical_solution": "  return 1;\n}\n",
        "test": "const testOne = () => {\n  console.assert(one() === 1)\n}\ntestOne()\n",
    }
    publish(monkeypatch, tmp_path, "humaneval-x-js", json.dumps(row))
    [problem] = load_task("humaneval-x-js").problems
    assert problem.asks == Request("", row["prompt"], "javascript")


def test_contests_are_made_of_functions(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, sandbox: Sandbox) -> None:
    sets = {**PLUS, "task_id": "HumanEval/9002", "canonical_solution": "    return {x}\n", "plus_input": [[2]]}
    publish(monkeypatch, tmp_path, "contest", f"{json.dumps(PLUS)}\n{json.dumps(sets)}\n")
    [problem] = load_task("contest").problems
    assert problem.task_id == "Contest/9001"
    assert problem.check == StdioCheck(
        "python",
        (Case("2\n", "4\n"), Case('"a"\n', '"aa"\n'), Case("1\n", "2\n"), Case("[1, 2]\n", "[1, 2, 1, 2]\n")),
    )
    assert isinstance(problem.asks, Request)
    assert 'Example input:\n"a"\nExample output:\n"aa"' in problem.asks.words
    assert "[1, 2, 1, 2]" not in problem.asks.words
    run_gate([problem], Runner(sandbox, Journal(tmp_path / "verdicts.jsonl", "bwrap"))).require()


def test_examples_of_a_docstring() -> None:
    prompt = (
        ">>> f(1, 'a')\n2\n  >>> f(1, 'a')\n2\n>>> g(3)\n4\n>>> f(x)\n5\n>>> f((1, 2), 3)\n6\n>>> f(k=1)\n7\n>>> f(\n"
    )
    assert public_inputs({"prompt": prompt, "entry_point": "f"}) == ((1, "a"),)


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        ((1, "(", None, True, 1.5, [1, {"a": []}]), True),
        (((1,),), False),
        ([(1, 2)], False),
        ({1: 2}, False),
        ({1, 2}, False),
        (float("nan"), False),
        (1j, False),
    ],
)
def test_what_json_hands_on(value: object, plain: bool) -> None:
    assert is_json(value) is plain


def test_a_users_own_file(data: Path) -> None:
    task = load_task("jsonl", data)
    assert [problem.task_id for problem in task.problems] == ["double", "negate", "7", "span/1/L1", "sum"]
    assert task.data == {"problems.jsonl": hashlib.sha256(data.read_bytes()).hexdigest()}


def test_wrong_names_and_files(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="there is no task nope; the tasks are humaneval, "):
        load_task("nope")
    with pytest.raises(InputError, match="the task jsonl needs --data FILE"):
        load_task("jsonl")
    with pytest.raises(InputError, match="humaneval has its own data"):
        load_task("humaneval", data)
    data.write_bytes(b"\xff")
    with pytest.raises(InputError, match="is not UTF-8 text"):
        load_task("jsonl", data)
    publish(monkeypatch, tmp_path, "humaneval", json.dumps(PLUS))
    (tmp_path / "humaneval" / "HumanEval.jsonl.gz").write_bytes(b"")
    with pytest.raises(CheckpointError, match="is not the published file"):
        load_task("humaneval")
