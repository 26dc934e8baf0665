"""MBPP: all 974 problems; the 427 whose words and tests were cleaned by hand; those with one assert shown of three."""

import json

from codegpt_evals.datasets import MBPP, MBPP_SANITIZED
from codegpt_evals.problem import Problem
from codegpt_evals.shapes import problems_of
from codegpt_evals.tasks.published import Published


def _read(text: str) -> list[Problem]:
    return problems_of(text, MBPP.file)


def _read_sanitized(text: str) -> list[Problem]:
    """One JSON array."""
    return problems_of("\n".join(map(json.dumps, json.loads(text))), MBPP_SANITIZED.file)


def _read_one(text: str) -> list[Problem]:
    """The first assert is shown, the others judge."""
    rows = json.loads(text)
    for row in rows:
        row["test_list"], row["challenge_test_list"] = row["test_list"][:1], row["test_list"][1:]
    return problems_of("\n".join(map(json.dumps, rows)), MBPP_SANITIZED.file)


mbpp = Published((MBPP,), _read, "Austin et al., arXiv 2108.07732")
mbpp_sanitized = Published((MBPP_SANITIZED,), _read_sanitized, "Austin et al., arXiv 2108.07732")
mbpp_sanitized_one = Published((MBPP_SANITIZED,), _read_one, "Austin et al., arXiv 2108.07732")
