"""The four shapes: what becomes of each, and one clear line for everything that is none."""

import json
from pathlib import Path

import pytest
from codegpt_evals.checks import StdioCheck, TestsCheck
from codegpt_evals.problem import Hole, Problem
from codegpt_evals.shapes import SHAPES, problems_of

from codegpt.cases import Case
from codegpt.errors import InputError
from codegpt.request import Request

Rows = dict[str, dict[str, object]]


def test_humaneval(problems: dict[str, Problem], rows: Rows) -> None:
    problem = problems["double"]
    assert problem.asks == Request("", str(rows["double"]["prompt"]))
    assert problem.check == TestsCheck("python", str(rows["double"]["test"]), "double", ("half",))
    assert problem.program("    pass\n") == f"{rows['double']['prompt']}    pass\n"
    assert problem.control.endswith("    return 2 * n\n\n\ndef double(*args, **kwargs):\n    return None\n")


def test_humaneval_in_javascript(problems: dict[str, Problem]) -> None:
    problem = problems["negate"]
    assert problem.asks == Request("", "const negate = (n) => {\n", "javascript")
    assert isinstance(problem.check, TestsCheck)
    assert (problem.check.language, problem.check.entry) == ("javascript", "negate")
    assert problem.control == "const negate = (n) => {\n  return undefined;\n}\n"


def test_mbpp(problems: dict[str, Problem]) -> None:
    problem = problems["7"]
    assert problem.asks == Request(
        "Write a function to add two numbers.\nIt has to pass these tests:\n\n"
        "assert add(1, 2) == 3\nassert add(0, 0) == 0"
    )
    assert isinstance(problem.check, TestsCheck)
    assert problem.check.tests == "assert add(1, 2) == 3\nassert add(0, 0) == 0\nassert add(-1, 1) == 0"
    assert problem.program("x") == "x"
    assert problem.canonical == "def add(a, b):\n    return a + b"


def test_infilling(problems: dict[str, Problem]) -> None:
    problem = problems["span/1/L1"]
    assert isinstance(problem.asks, Hole)
    assert problem.asks.document("python").text == (
        "def span(values):\n    low = min(values)\n\n    return high - low\n"
    )
    assert problem.asks.inserted("    high = 1") == "    high = 1\n"
    assert problem.program("") == "def span(values):\n    low = min(values)\n    return high - low\n"


def test_a_hole_within_a_line_is_left_as_it_is() -> None:
    hole = Hole("a = ", "\nb\n", "1")
    assert (hole.document("python").text, hole.inserted("2")) == ("a = \nb\n", "2")
    ends_in_the_middle = Hole("a = ", "b\n", "1\n")
    assert (ends_in_the_middle.document("python").text, ends_in_the_middle.inserted("2\n")) == ("a = b\n", "2\n")


def test_infilling_without_tests_is_judged_by_exact_match() -> None:
    row = {"task_id": "t", "prompt": "a", "suffix": "", "canonical_solution": "b", "language": "go"}
    [problem] = problems_of(json.dumps(row), "f")
    assert (problem.check, problem.language) == (None, "go")


def test_contest(problems: dict[str, Problem]) -> None:
    problem = problems["sum"]
    assert isinstance(problem.asks, Request)
    assert problem.asks.words == (
        "Write a program that reads standard input and prints the answer.\n\nAdd the numbers on all lines.\n\n"
        "Example input:\n1\n2\nExample output:\n3"
    )
    assert problem.check == StdioCheck("python", (Case("1\n2\n", "3\n"), Case("", "0\n"), Case("-5\n", "-5\n")))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "f:2: not JSON"),
        ("3", "f:2: not a JSON object"),
        ('{"task_id": "t"}', "f:2: as a problem of the humaneval shape: prompt: Field required"),
    ],
)
def test_a_line_that_is_no_problem_is_named(rows: Rows, line: str, message: str) -> None:
    with pytest.raises(InputError) as refused:
        problems_of(f"{json.dumps(rows['double'])}\n{line}\n", "f")
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("task_id", "change", "message"),
    [
        ("double", {"test": 3}, "f:1: as a problem of the humaneval shape: test: Input should be a valid string"),
        ("double", {"language": "cobol"}, "the humaneval shape: language: Input should be 'python' or 'javascript'"),
        ("double", {"prompt": "# nothing", "entry_point": ""}, "the humaneval shape: entry_point: missing"),
        ("7", {"test_list": []}, "the mbpp shape: test_list: List should have at least 1 item"),
        ("7", {"text": ""}, "the mbpp shape: text: what is wanted, in words, is missing"),
        (
            "7",
            {"test_list": ["assert sub(1) == 2"], "challenge_test_list": []},
            "the mbpp shape: test_list: the asserts call nothing that code",
        ),
        ("7", {"code": "def add("}, "f:1: as a problem of the mbpp shape: '(' was never closed"),
        ("span/1/L1", {"entry_point": ""}, "the infilling shape: entry_point: needed, since there is a test"),
        ("span/1/L1", {"language": "ruby"}, "the infilling shape: language: tests of holes are run in Python alone"),
        ("sum", {"hidden_tests": [{"input": 1, "output": ""}]}, "the contest shape: hidden_tests.0.input: Input"),
    ],
)
def test_a_member_that_is_wrong_is_named(rows: Rows, task_id: str, change: dict[str, object], message: str) -> None:
    with pytest.raises(InputError) as refused:
        problems_of(json.dumps({**rows[task_id], **change}), "f")
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_task_id_that_is_given_twice(rows: Rows) -> None:
    line = json.dumps(rows["double"])
    with pytest.raises(InputError, match="f:2: task_id double was given before"):
        problems_of(f"{line}\n{line}\n", "f")


def test_a_file_without_problems() -> None:
    with pytest.raises(InputError, match="f holds no problems"):
        problems_of("\n \n", "f")


def test_the_schema_names_every_member() -> None:
    for shape in SHAPES.values():
        assert set(shape.model_json_schema()["properties"]) == set(shape.model_fields)


def test_the_documentation_has_every_member() -> None:
    text = (Path(__file__).parents[2] / "docs" / "evals.md").read_text(encoding="utf-8")
    for shape in SHAPES.values():
        assert [name for name in shape.model_fields if f"`{name}`" not in text] == []
