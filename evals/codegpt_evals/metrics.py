"""Rates with intervals, pass@k, and whether two rates on the same problems differ; pure."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest, bootstrap

RESAMPLES = 2000
KS = (1, 2, 3, 5, 10, 20, 50, 100, 200)


class Rate(NamedTuple):
    """A share or a mean over problems, with its 95% interval."""

    value: float
    low: float
    high: float


def rate(outcomes: Sequence[bool]) -> Rate:
    """The share of True, with its Wilson interval.

    Raises:
        ValueError: there are no outcomes.
    """
    if not outcomes:
        raise ValueError("no outcomes, no rate")
    interval = binomtest(sum(outcomes), len(outcomes)).proportion_ci(confidence_level=0.95, method="wilson")
    return Rate(sum(outcomes) / len(outcomes), float(interval.low), float(interval.high))


def pass_at_k(n: int, correct: int, k: int) -> float:
    """The chance that one of k samples is right, drawn without putting back from n of which so many are right.

    The unbiased estimator of Chen et al. (arXiv 2107.03374).

    Raises:
        ValueError: n < k, where the formula would say 1.0 of problems that nobody tried.
    """
    if not 1 <= k <= n or not 0 <= correct <= n:
        raise ValueError(f"pass@{k} needs at least {k} samples; there are {n}")
    if n - correct < k:
        return 1.0
    return float(1.0 - np.prod(1.0 - k / np.arange(n - correct + 1, n + 1)))


def ks_for(counts: Sequence[tuple[int, int]], wanted: Sequence[int] = KS) -> list[int]:
    """Those k for which every problem has samples enough."""
    fewest = min((n for n, _ in counts), default=0)
    return [k for k in wanted if k <= fewest]


def mean_pass_at_k(counts: Sequence[tuple[int, int]], ks: Sequence[int]) -> dict[int, Rate]:
    """Mean pass@k over problems, with bootstrap intervals over problems.

    Args:
        counts: (samples, right samples) of each problem.
        ks: as many as every problem has samples for.

    Raises:
        ValueError: a problem has fewer samples than k.
    """
    table = np.array([[pass_at_k(n, correct, k) for k in ks] for n, correct in counts])  # (problems, ks)
    means = table.mean(axis=0)
    lows, highs = _interval(table)
    rates = zip(means.tolist(), lows.tolist(), highs.tolist(), strict=True)
    return {k: Rate(*found) for k, found in zip(ks, rates, strict=True)}


def _interval(table: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The 95% percentile interval of each column's mean; where all problems agree there is nothing to resample."""
    if len(table) < 2 or not table.size:
        mean = table.mean(axis=0)
        return mean, mean
    found = bootstrap((table,), np.mean, axis=0, n_resamples=RESAMPLES, method="percentile", rng=0, batch=100)
    mean, interval = table.mean(axis=0), found.confidence_interval
    return np.minimum(interval.low, mean), np.maximum(interval.high, mean)  # rounding, where all problems agree


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
