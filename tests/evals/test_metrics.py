"""Rates, pass@k and paired comparisons: exact values from tables and from counting."""

from itertools import combinations

import pytest
from codegpt_evals.metrics import Paired, Rate, ks_for, mean_difference, mean_pass_at_k, paired, pass_at_k, rate
from hypothesis import given
from hypothesis import strategies as st


def test_rate_with_its_wilson_interval() -> None:
    result = rate([True] * 81 + [False] * 182)  # 81 of 263: Newcombe 1998, table I
    assert result.value == pytest.approx(0.3080, abs=1e-4)
    assert (result.low, result.high) == (pytest.approx(0.2553, abs=1e-4), pytest.approx(0.3662, abs=1e-4))


def test_no_outcomes_have_no_rate() -> None:
    with pytest.raises(ValueError, match="no outcomes"):
        rate([])


@given(st.integers(1, 8), st.data())
def test_pass_at_k_is_the_share_of_draws_with_a_right_one(n: int, data: st.DataObject) -> None:
    correct, k = data.draw(st.integers(0, n)), data.draw(st.integers(1, n))
    draws = [any(draw) for draw in combinations([True] * correct + [False] * (n - correct), k)]
    assert pass_at_k(n, correct, k) == pytest.approx(sum(draws) / len(draws))


@pytest.mark.parametrize(("n", "correct", "k"), [(1, 1, 2), (5, 0, 0), (3, 4, 1), (3, -1, 1), (0, 0, 1)])
def test_pass_at_k_is_refused_without_samples_enough(n: int, correct: int, k: int) -> None:
    with pytest.raises(ValueError, match="needs at least"):
        pass_at_k(n, correct, k)


def test_ks_are_those_that_every_problem_has_samples_for() -> None:
    assert ks_for([(20, 3), (12, 0)]) == [1, 2, 3, 5, 10]
    assert ks_for([(1, 1)]) == [1]
    assert ks_for([]) == []


def test_mean_over_problems_that_have_unequal_numbers_of_samples() -> None:
    found = mean_pass_at_k([(4, 2), (2, 0), (2, 2)], [1, 2])
    assert found[1].value == pytest.approx((0.5 + 0 + 1) / 3)
    assert found[2].value == pytest.approx((5 / 6 + 0 + 1) / 3)
    assert 0 <= found[1].low < found[1].value < found[1].high <= 1


def test_an_interval_over_problems_covers_what_the_normal_one_covers() -> None:
    found = mean_pass_at_k([(1, 1)] * 50 + [(1, 0)] * 50, [1])[1]
    assert found.low == pytest.approx(0.5 - 1.96 * 0.05, abs=0.015)
    assert found.high == pytest.approx(0.5 + 1.96 * 0.05, abs=0.015)
    assert found == mean_pass_at_k([(1, 1)] * 50 + [(1, 0)] * 50, [1])[1]


def test_where_there_is_nothing_to_resample() -> None:
    assert mean_pass_at_k([(1, 1)], [1]) == {1: Rate(1.0, 1.0, 1.0)}
    assert mean_pass_at_k([(1, 0)] * 3, [1]) == {1: Rate(0.0, 0.0, 0.0)}
    all_alike = mean_pass_at_k([(10, 1)] * 164, [3])[3]
    assert all_alike.low <= all_alike.value <= all_alike.high


def test_families_are_drawn_whole() -> None:
    """100 holes of 10 programs, all alike within one: as uncertain as 10 problems, not as 100."""
    counts = [(1, int(program % 2)) for program in range(10) for _ in range(10)]
    families = [str(program) for program in range(10) for _ in range(10)]
    apart, together = mean_pass_at_k(counts, [1])[1], mean_pass_at_k(counts, [1], families)[1]
    alone = mean_pass_at_k(counts[::10], [1])[1]
    assert apart.value == together.value == 0.5
    assert together.low == pytest.approx(alone.low, abs=1e-9)
    assert together.high - together.low > 2.5 * (apart.high - apart.low)


def test_families_of_unequal_size() -> None:
    found = mean_pass_at_k([(1, 1)] * 9 + [(1, 0)], [1], ["a"] * 9 + ["b"])[1]
    assert (found.low, found.value, found.high) == (0.0, 0.9, 1.0)


def test_a_difference() -> None:
    first, second = [True, False, False, False], [True, True, False, True]
    assert mean_difference(first, second, list("abcd")).value == 0.5
    assert mean_difference(first, second, list("abab")).value == 0.5
    assert mean_difference(first, first, list("abcd")) == Rate(0.0, 0.0, 0.0)
    found = mean_difference([False] * 100, [True, False] * 50, [str(at) for at in range(100)])
    assert found.low == pytest.approx(0.5 - 1.96 * 0.05, abs=0.015)


def test_paired() -> None:
    first = [True] * 6 + [False] * 1 + [True] * 3
    second = [False] * 6 + [True] * 1 + [True] * 3
    assert paired(first, second) == Paired(6, 1, pytest.approx(0.125))
    assert paired([True], [True]) == Paired(0, 0, 1.0)
