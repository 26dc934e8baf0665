"""HumanEval infilling: holes in HumanEval's canonical solutions, of one line, of several, and of any characters."""

import json

from codegpt_evals import datasets
from codegpt_evals.datasets import Dataset
from codegpt_evals.problem import Problem
from codegpt_evals.shapes import InfillingShape
from codegpt_evals.tasks.published import Published

_DATASETS: dict[str, Dataset] = {
    "single": datasets.INFILLING_SINGLE,
    "multi": datasets.INFILLING_MULTI,
    "random": datasets.INFILLING_RANDOM,
    "random-light": datasets.INFILLING_RANDOM_LIGHT,
}


def infilling(kind: str) -> Published:
    """One of the four sets."""
    one_line = kind == "single"

    def read(text: str) -> list[Problem]:
        rows = [json.loads(line) for line in text.split("\n") if line]
        return [InfillingShape.model_validate(row).problem(one_line) for row in rows]

    return Published((_DATASETS[kind],), read, "Bavarian et al., arXiv 2207.14255")
