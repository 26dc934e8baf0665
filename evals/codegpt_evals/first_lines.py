"""How near the first line of a filling is to what stood there; pure.

Three measures, as in CrossCodeEval (Ding et al., arXiv 2310.11248): the line is the same, how much of it would have
to be edited (1 - Levenshtein's distance over the longer length), and how many of its identifiers are there.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein

from codegpt_evals.holes import fillings
from codegpt_evals.metrics import Rate, mean_difference, mean_rate
from codegpt_evals.problem import Hole, Problem
from codegpt_evals.records import Sample

_NAME = re.compile(r"[^\W\d]\w*")


@dataclass(frozen=True)
class FirstLine:
    """One hole; the three measures are from 0 to 1. No text of it is kept, so it may be published."""

    task_id: str
    exact: float
    similarity: float
    recall: float


MEASURES = ("exact", "similarity", "recall")


def first_line(task_id: str, wanted: str, found: str) -> FirstLine:
    """Compare the first lines of two fillings; white space at their ends does not count."""
    wanted, found = (text.split("\n", 1)[0].rstrip() for text in (wanted, found))
    names, has = _NAME.findall(wanted), set(_NAME.findall(found))
    return FirstLine(
        task_id,
        float(wanted == found),
        round(Levenshtein.normalized_similarity(wanted, found), 4),
        round(sum(name in has for name in set(names)) / len(set(names)), 4) if names else float(wanted == found),
    )


def first_lines_of(problems: Mapping[str, Problem], samples: Sequence[Sample]) -> dict[str, FirstLine]:
    """What the editor would show for each hole, against what stood there."""
    found: dict[str, FirstLine] = {}
    for sample in samples:
        hole = problems[sample.task_id].asks
        assert isinstance(hole, Hole)
        shown = fillings(problems[sample.task_id], sample).shown
        found[sample.task_id] = first_line(sample.task_id, hole.middle, shown)
    return found


def figures(lines: Sequence[FirstLine]) -> dict[str, Rate]:
    """The means, with bootstrap intervals over holes."""
    return {measure: mean_rate([getattr(line, measure) for line in lines]) for measure in MEASURES}


def differences(first: Mapping[str, FirstLine], second: Mapping[str, FirstLine]) -> dict[str, Rate]:
    """How much larger the means of the second are, on the holes that both have; paired."""
    both = [task_id for task_id in first if task_id in second]
    return {
        measure: mean_difference(
            [getattr(first[task_id], measure) for task_id in both],
            [getattr(second[task_id], measure) for task_id in both],
            both,
        )
        for measure in MEASURES
    }
