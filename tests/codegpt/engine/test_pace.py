"""What pays on a machine: guesses of a length, and prompts of a length."""

import pytest

from codegpt.engine.pace import FEWEST_TOKENS, GUESS_TOKENS, Pace
from codegpt.engine.speculate import LONGEST_MATCH, SURE


def paced(one: float, two: float, four: float, eight: float = 1.0) -> Pace:
    pace = Pace()
    for tokens, seconds in ((1, one), (2, two), (4, four), (8, eight)):
        for _ in range(50):
            pace.took(tokens, seconds)
    return pace


def test_a_pass_of_more_tokens_is_tried_before_it_is_judged() -> None:
    pace = Pace()
    pace.took(1, 0.02)
    assert pace.guess_tokens(2) == GUESS_TOKENS[0]
    pace.took(2, 0.02)
    assert pace.guess_tokens(2) == GUESS_TOKENS[1]
    pace.took(4, 0.02)
    assert pace.guess_tokens(2) == GUESS_TOKENS[2]


def test_what_costs_nothing_is_taken_and_what_costs_all_is_not() -> None:
    assert paced(0.02, 0.02, 0.02).guess_tokens(LONGEST_MATCH) == 3
    assert paced(0.02, 0.04, 0.08).guess_tokens(LONGEST_MATCH) == 0
    assert paced(0.02, 0.021, 0.2).guess_tokens(LONGEST_MATCH) == 1
    assert paced(0.02, 0.03, 0.05).guess_tokens(0) == 0
    assert paced(0.02, 0.02, 0.02, 0.02).guess_tokens(LONGEST_MATCH) == 7
    assert paced(0.02, 0.03, 0.05, 0.08).guess_tokens(LONGEST_MATCH) == 7
    assert paced(0.02, 0.03, 0.05, 0.08).guess_tokens(1) == 0


def test_what_was_suggested_before_is_believed_more_than_what_the_text_repeats() -> None:
    pace = paced(0.02, 0.036, 0.06, 0.11)
    assert (pace.guess_tokens(2), pace.guess_tokens(SURE)) == (0, 3)
    for _ in range(60):
        pace.saw(SURE, False)
    assert pace.guess_tokens(SURE) == 0


def test_guesses_that_are_always_wrong_stop_and_are_tried_again_at_times() -> None:
    pace = paced(0.02, 0.03, 0.04)
    for _ in range(60):
        pace.saw(2, False)
    asked = [pace.guess_tokens(2) for _ in range(32)]
    assert (asked.count(0), asked.count(1)) == (30, 2)
    assert pace.guess_tokens(LONGEST_MATCH) > 0  # of another match it knows nothing bad
    for _ in range(60):
        pace.saw(2, True)
    assert pace.guess_tokens(2) == 3


def test_one_slow_pass_is_forgotten() -> None:
    pace = paced(0.02, 0.02, 0.02)
    pace.took(1, 9.0)
    assert pace.guess_tokens(LONGEST_MATCH) == 3
    first = Pace()
    for seconds in (9.0, 0.02):  # the first one was compiling
        for tokens in (1, 2, 4, 8):
            first.took(tokens, seconds)
    assert first.guess_tokens(LONGEST_MATCH) == 7


def test_how_long_a_prompt_takes() -> None:
    pace = Pace()
    assert pace.seconds_to_read(1000) == 0.0
    pace.read(FEWEST_TOKENS - 1, 9.0)  # tells nothing
    assert pace.seconds_to_read(1000) == 0.0
    pace.read(256, 1.0)
    assert pace.seconds_to_read(512) == pytest.approx(2.0)
    for _ in range(9):
        pace.read(256, 2.0)
    assert pace.seconds_to_read(512) == pytest.approx(4.0, rel=0.01)
