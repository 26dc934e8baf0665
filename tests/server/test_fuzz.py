"""Some of `fuzzing`; `make fuzz` does more."""

import pytest

from tests.server.fuzzing import fuzz_edits, fuzz_messages, oracle_offset


@pytest.mark.parametrize(
    ("line", "character", "offset"),
    [(0, 0, 0), (0, 1, 1), (0, 9, 1), (1, 0, 3), (1, 1, 3), (1, 2, 4), (1, 9, 5), (2, 0, 6), (9, 0, 7)],
)
def test_the_oracle(line: int, character: int, offset: int) -> None:
    assert oracle_offset("a\r\n😀b\rc", line, character) == offset


def test_mutated_messages() -> None:
    endured = fuzz_messages(2000, seed=7)
    assert (endured.messages, endured.answers > 500) == (2000, True)


def test_random_edits() -> None:
    assert fuzz_edits(600, seed=7) >= 0
