"""Small problems of our own, in each shape, and a model that answers them from a script."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from codegpt_evals.problem import Problem
from codegpt_evals.shapes import problems_of

from codegpt.engine.scripted import ScriptedEngine, prompt_text
from codegpt.load import LoadedModel
from codegpt.prompt import Prompt
from codegpt.sandbox.client import Sandbox
from codegpt.sandbox.opening import open_sandbox

ROWS: dict[str, dict[str, object]] = {
    "double": {
        "task_id": "double",
        "prompt": 'def half(n):\n    return n // 2\n\n\ndef double(n):\n    """Twice n."""\n',
        "canonical_solution": "    return 2 * n\n",
        "test": "def check(candidate):\n    assert candidate(3) == 6\n    assert half(candidate(4)) == 4\n",
        "entry_point": "double",
    },
    "negate": {
        "task_id": "negate",
        "prompt": "const negate = (n) => {\n",
        "canonical_solution": "  return -n\n}\n",
        "test": "console.assert(negate(2) === -2)\n",
        "language": "javascript",
    },
    "7": {
        "task_id": 7,
        "text": "Write a function to add two numbers.",
        "code": "def add(a, b):\r\n    return a + b",
        "test_list": ["assert add(1, 2) == 3", "assert add(0, 0) == 0"],
        "challenge_test_list": ["assert add(-1, 1) == 0"],
    },
    "span/1/L1": {
        "task_id": "span/1/L1",
        "prompt": "def span(values):\n    low = min(values)\n",
        "suffix": "    return high - low\n",
        "canonical_solution": "    high = max(values)\n",
        "test": "def check(candidate):\n    assert candidate([1, 5, 3]) == 4\n",
        "entry_point": "span",
    },
    "sum": {
        "task_id": "sum",
        "statement": "Add the numbers on all lines.",
        "public_tests": [{"input": "1\n2\n", "output": "3\n"}],
        "hidden_tests": [{"input": "", "output": "0\n"}, {"input": "-5\n", "output": "-5\n"}],
        "solution": "import sys\n\nprint(sum(map(int, sys.stdin)))\n",
    },
}

ANSWERS = {
    "double": "    return n + n\n```\n",
    "negate": "  return 0 - n\n}\n```\n",
    "7": "def add(a, b):\n    return a - b\n",
    "span/1/L1": "    high = max(values)\n    return high - low\n",
    "sum": "print(sum(int(line) for line in open(0)))\n",
}
MARKS = {"Twice n": "double", "negate": "negate", "add two": "7", "low = min": "span/1/L1", "on all lines": "sum"}


def answer(prompt: Prompt, _row: int) -> str:
    [task_id] = [task_id for mark, task_id in MARKS.items() if mark in prompt_text(prompt)]
    return ANSWERS[task_id]


@pytest.fixture
def loaded() -> LoadedModel:
    return LoadedModel(ScriptedEngine(answer), None)


@pytest.fixture
def rows() -> dict[str, dict[str, object]]:
    return ROWS


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "problems.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS.values()))
    return path


@pytest.fixture
def problems(data: Path) -> dict[str, Problem]:
    return {problem.task_id: problem for problem in problems_of(data.read_text(), "problems.jsonl")}


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    with open_sandbox() as opened:
        yield opened
