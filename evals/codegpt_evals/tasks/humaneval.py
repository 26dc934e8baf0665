"""HumanEval, HumanEval+ with its many more inputs, and HumanEval-X in JavaScript."""

import json
from dataclasses import replace
from typing import Any

from codegpt.sandbox.program import Call
from codegpt_evals.checks import CallsCheck
from codegpt_evals.datasets import HUMANEVAL, HUMANEVAL_PLUS, HUMANEVAL_X_JS
from codegpt_evals.problem import Problem
from codegpt_evals.shapes import HumanEvalShape, problems_of
from codegpt_evals.tasks.published import Published


def _read(text: str) -> list[Problem]:
    return problems_of(text, HUMANEVAL.file)


def _read_js(text: str) -> list[Problem]:
    """The rows say nowhere that they are in JavaScript."""
    rows = [{**json.loads(line), "language": "javascript"} for line in text.split("\n") if line]
    return problems_of("\n".join(map(json.dumps, rows)), HUMANEVAL_X_JS.file)


def _read_plus(text: str) -> list[Problem]:
    rows = [json.loads(line) for line in text.split("\n") if line]
    return [plus_problem(row) for row in rows]


def plus_problem(row: dict[str, Any]) -> Problem:
    """A problem whose answers must give what the canonical solution gives, on HumanEval's inputs and on many more."""
    problem = HumanEvalShape.model_validate(row).problem()
    entry = row["entry_point"]
    calls = tuple(Call(entry, tuple(args)) for args in (*row["base_input"], *row["plus_input"]))
    return replace(problem, check=CallsCheck("python", problem.program(problem.canonical), calls, calls))


humaneval = Published((HUMANEVAL,), _read, "Chen et al., arXiv 2107.03374")
humaneval_x_js = Published(
    (HUMANEVAL_X_JS,),
    _read_js,
    "Zheng et al., arXiv 2303.17568",
    {
        "JavaScript/112": "the canonical solution returns (z, true), which is true; its tests want a pair",
        "JavaScript/155": "the canonical solution finds no digit in 0; its tests want one",
        "JavaScript/162": "needs the npm package js-md5",
    },
)
humaneval_plus = Published(
    (HUMANEVAL_PLUS,),
    _read_plus,
    "Liu et al., arXiv 2305.01210",
    {"HumanEval/32": "any root of the polynomial is right, and values are compared with the canonical one's"},
)
