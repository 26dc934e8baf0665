"""What is remembered of what was told."""

from codegpt.context.gather import NOTHING, Chunk, Context
from codegpt.context.told import JUMP_LINES, MOST_DOCUMENTS, MOST_OF_A_DOCUMENT, NEAR_LINES, Told

ONE, TWO, THREE = (Context((Chunk(f"{name}.py", "x = 1\n", 5, ()),)) for name in ("one", "two", "three"))


def test_the_last_ones_of_each_document() -> None:
    told = Told()
    assert told.of("a", 0) == []
    for context in (ONE, TWO, ONE):
        told.add("a", context, 0)
    assert told.of("a", 0) == [ONE, TWO]
    told.add("a", THREE, 0)
    assert told.of("a", 0) == [THREE, ONE]
    assert len(told.of("a", 0)) == MOST_OF_A_DOCUMENT
    assert told.of("b", 0) == []


def test_nothing_is_not_worth_keeping() -> None:
    told = Told()
    told.add("a", NOTHING, 0)
    assert told.of("a", 0) == []


def test_documents_of_long_ago_are_forgotten() -> None:
    told = Told()
    for number in range(MOST_DOCUMENTS + 1):
        told.add(str(number), ONE, 0)
        told.add("always", TWO, 0)
    assert told.of("0", 0) == told.of("1", 0) == []
    assert told.of("2", 0) == told.of(str(MOST_DOCUMENTS), 0) == [ONE]
    assert told.of("always", 0) == [TWO]


def test_what_was_looked_for_near_a_line() -> None:
    told = Told()
    told.add("a", ONE, 10)
    told.add("a", TWO, 30)
    told.add("a", ONE, 12)  # told again; it was looked for at line 10
    steps = (-NEAR_LINES - 1, -NEAR_LINES, NEAR_LINES, NEAR_LINES + 2)
    assert [told.near("a", 10 + step) for step in steps] == [None, ONE, ONE, None]
    assert told.near("a", 30) == TWO
    assert told.near("b", 10) is None


def test_after_a_jump_nothing_is_to_be_told_again() -> None:
    told = Told()
    told.add("a", ONE, 10)
    assert [told.of("a", 10 + step) for step in (JUMP_LINES, JUMP_LINES + 1)] == [[ONE], []]
    told.add("a", ONE, 25)  # typing goes on there
    assert (told.of("a", 25 + JUMP_LINES), told.of("a", 25 - JUMP_LINES - 1)) == ([ONE], [])
