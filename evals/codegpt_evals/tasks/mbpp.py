"""MBPP: all 974 problems, and the 427 whose words and tests were cleaned by hand."""

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


mbpp = Published((MBPP,), _read, "Austin et al., arXiv 2108.07732")
mbpp_sanitized = Published((MBPP_SANITIZED,), _read_sanitized, "Austin et al., arXiv 2108.07732")
