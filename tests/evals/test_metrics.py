"""Rates and paired comparisons: exact values from tables."""

import pytest
from codegpt_evals.metrics import Paired, paired, rate


def test_rate_with_its_wilson_interval() -> None:
    result = rate([True] * 81 + [False] * 182)  # 81 of 263: Newcombe 1998, table I
    assert result.value == pytest.approx(0.3080, abs=1e-4)
    assert (result.low, result.high) == (pytest.approx(0.2553, abs=1e-4), pytest.approx(0.3662, abs=1e-4))


def test_no_outcomes_have_no_rate() -> None:
    with pytest.raises(ValueError, match="no outcomes"):
        rate([])


def test_paired() -> None:
    first = [True] * 6 + [False] * 1 + [True] * 3
    second = [False] * 6 + [True] * 1 + [True] * 3
    assert paired(first, second) == Paired(6, 1, pytest.approx(0.125))
    assert paired([True], [True]) == Paired(0, 0, 1.0)
