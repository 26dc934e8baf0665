"""Rates with intervals, pass@k, and whether two rates on the same problems differ; pure."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

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


def mean_pass_at_k(
    counts: Sequence[tuple[int, int]], ks: Sequence[int], families: Sequence[str] | None = None
) -> dict[int, Rate]:
    """Mean pass@k over problems, with bootstrap intervals over families of problems.

    Args:
        counts: (samples, right samples) of each problem.
        ks: as many as every problem has samples for.
        families: of each problem, such as the program that a hole was made in; by default each is one of its own.

    Raises:
        ValueError: a problem has fewer samples than k.
    """
    table = np.array([[pass_at_k(n, correct, k) for k in ks] for n, correct in counts])  # (problems, ks)
    return dict(zip(ks, _means(table, families or list(map(str, range(len(table))))), strict=True))


def mean_difference(first: Sequence[float], second: Sequence[float], families: Sequence[str]) -> Rate:
    """How much larger the second mean or share is, on the same problems; with a bootstrap interval over families."""
    table = np.array(second, dtype=float) - np.array(first, dtype=float)
    return _means(table[:, None], families)[0]


def mean_rate(values: Sequence[float]) -> Rate:
    """The mean over problems, with its bootstrap interval."""
    return _means(np.array(values, dtype=float)[:, None], list(map(str, range(len(values)))))[0]


def _means(table: NDArray[np.float64], families: Sequence[str]) -> list[Rate]:
    """The mean of each column, with its 95% percentile interval: families are drawn whole, as many as there are."""
    names, member_of = np.unique(np.asarray(families), return_inverse=True)
    sums = np.zeros((len(names), table.shape[1]))
    np.add.at(sums, member_of, table)
    sizes = np.bincount(member_of)
    drawn = np.random.default_rng(0).multinomial(len(names), np.full(len(names), 1 / len(names)), size=RESAMPLES)
    means = (drawn @ sums) / (drawn @ sizes)[:, None]  # (resamples, columns)
    lows, highs = np.percentile(means, [2.5, 97.5], axis=0)
    middle = table.mean(axis=0)  # the ends step back to it, where all agree and rounding puts them beyond
    ends = zip(middle, np.minimum(lows, middle), np.maximum(highs, middle), strict=True)
    return [Rate(*map(float, found)) for found in ends]


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
