"""Rates with intervals, and whether two rates on the same problems differ; pure."""

from collections.abc import Sequence
from typing import NamedTuple

from scipy.stats import binomtest


class Rate(NamedTuple):
    """A share of problems with its 95% Wilson interval."""

    value: float
    low: float
    high: float


def rate(outcomes: Sequence[bool]) -> Rate:
    """The share of True.

    Raises:
        ValueError: there are no outcomes.
    """
    if not outcomes:
        raise ValueError("no outcomes, no rate")
    interval = binomtest(sum(outcomes), len(outcomes)).proportion_ci(confidence_level=0.95, method="wilson")
    return Rate(sum(outcomes) / len(outcomes), float(interval.low), float(interval.high))


class Paired(NamedTuple):
    """Two systems on the same problems: who alone solves how many, and the exact McNemar p-value."""

    only_first: int
    only_second: int
    p_value: float


def paired(first: Sequence[bool], second: Sequence[bool]) -> Paired:
    """Compare outcomes problem by problem."""
    only_first = sum(a and not b for a, b in zip(first, second, strict=True))
    only_second = sum(b and not a for a, b in zip(first, second, strict=True))
    differing = only_first + only_second
    return Paired(only_first, only_second, float(binomtest(only_first, differing).pvalue) if differing else 1.0)
