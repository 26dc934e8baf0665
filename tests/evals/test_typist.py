"""The simulated person: every key leaves a file that an editor could hold, and in the end the file is whole."""

from random import Random

import pytest
from codegpt_evals.typist import NEAR_LINES, Event, Kind, places, type_again
from hypothesis import given, settings
from hypothesis import strategies as st

from codegpt.document import Document

SOURCE = (
    "import os\n\n\ndef f(x):\n    y = g([x])\n    return y\n\n\n"
    "class A:\n    def b(self):\n        return (1,\n            2)\n"
)


def events(text: str, answer: str | None = "", *, count: int = 1, seed: int = 0, accepts: bool = True) -> list[Event]:
    """All events, with the same first line shown each time; None for what is right."""
    typing = type_again(Document(text, language="python"), count, seed, accepts=accepts)
    found = [next(typing)]
    while True:
        try:
            found.append(typing.send(found[-1].wanted if answer is None else answer))
        except StopIteration:
            return found


TEXTS = st.lists(st.sampled_from(["a", "b(", "c)", "[1]", "  ", "\t", "\n", "\n", "\r\n", "{x: (y)}", "é😀"])).map(
    "".join
)


@settings(max_examples=200, deadline=None)
@given(TEXTS, st.integers(0, 5), st.integers(1, 3), st.sampled_from(["", None, "b("]))
def test_the_file_is_whole_in_the_end(text: str, seed: int, count: int, answer: str | None) -> None:
    if not places(text, count, Random(0)):
        assert list(type_again(Document(text), count, seed)) == []
        return
    found = events(text, answer, count=count, seed=seed)
    assert found[-1].document.text == text
    for event in found:
        before, after = event.document.text[: event.offset], event.document.text[event.offset :]
        assert after.startswith(event.wanted) is (event.wanted == "") or event.wanted == ""
        assert "\n" not in event.wanted
        assert before + after == event.document.text


def test_keys_of_one_line() -> None:
    found = events("f(g([x]))", seed=1)
    shown = [event.document.text[: event.offset] + "|" + event.document.text[event.offset :] for event in found]
    assert shown == [
        "|",
        "f|",
        "f(|)",
        "f(g|)",
        "f(g(|))",
        "f(g([|]))",
        "f(g([x|]))",
        "f(g([x]|))",
        "f(g([x])|)",
        "f(g([x]))|",
    ]
    assert [event.wanted for event in found[:3]] == ["f(g([x]))", "(g([x]))", "g([x])"]
    assert {event.kind for event in found[1:]} == {Kind.KEY}
    assert sum(event.keys for event in found) == sum(event.by_hand for event in found) == 9


def test_a_right_line_is_taken() -> None:
    found = events("value = f(1)\n", None)
    assert [(event.kind, event.keys, event.by_hand) for event in found] == [
        (Kind.OPEN, 0, 0),
        (Kind.ACCEPT, 1, 12),
    ]
    refused = events("value = f(1)\n", None, accepts=False)
    assert [event.kind for event in refused] == [Kind.OPEN] + [Kind.KEY] * 12


def test_a_wrong_line_is_not() -> None:
    found = events("value = f(1)\n", "value = f(2)")
    assert Kind.ACCEPT not in {event.kind for event in found}


def test_the_editor_indents() -> None:
    text = "if x:\n    if y:\n        z\n"
    found = events(text, seed=3)
    assert found[0].kind is Kind.OPEN
    newlines = [event for event in found if event.kind is Kind.NEWLINE]
    assert newlines
    for event in newlines:
        assert (event.keys, event.by_hand) == (1, 1)
        line = event.document.text[: event.offset].rpartition("\n")[2]
        assert line.strip() == ""
        assert event.wanted[:1] not in (" ", "\t")


def test_a_place_begins_behind_its_indentation() -> None:
    found = events("    a\n", seed=0)
    assert [(event.offset, event.wanted) for event in found] == [(4, "a"), (5, "")]


def test_one_change_further_up_while_a_place_is_typed() -> None:
    text = "".join(f"line{number} = {number}\n" for number in range(200))
    found = events(text, seed=4)
    edits = [at for at, event in enumerate(found) if event.kind is Kind.EDIT_ABOVE]
    assert len(edits) == 1
    before, edit = found[edits[0] - 1], found[edits[0]]
    assert (edit.keys, edit.by_hand) == (0, 0)
    assert edit.document.text[edit.offset :] == before.document.text[before.offset :]
    put_in = edit.offset - before.offset
    assert 9 < put_in < 16
    assert edit.document.text.count("\n", 0, edit.offset) == before.document.text.count("\n", 0, before.offset) + 1
    changed = next(
        at for at, pair in enumerate(zip(before.document.text, edit.document.text, strict=False)) if len(set(pair)) > 1
    )
    assert edit.document.text.count("\n", changed, edit.offset) <= NEAR_LINES + 13


def test_places_do_not_overlap_and_begin_and_end_with_content() -> None:
    text = "".join("\n" if number % 3 == 0 else f"x{number}\n" for number in range(100))
    lines = text.splitlines()
    found = places(text, 6, Random(1))
    assert len(found) == 6
    taken = [line for start, end in found for line in range(start, end)]
    assert len(taken) == len(set(taken))
    assert all(lines[start] and lines[end - 1] for start, end in found)
    assert places("\n \n", 3, Random(1)) == []


@pytest.mark.parametrize("seed", [0, 1])
def test_the_same_seed_gives_the_same_keys(seed: int) -> None:
    text = SOURCE * 10
    assert events(text, count=2, seed=seed) == events(text, count=2, seed=seed)
    assert events(text, count=2, seed=seed) != events(text, count=2, seed=seed + 1)
    kinds = [event.kind for event in events(text, count=2, seed=seed)]
    assert (kinds[0], kinds.count(Kind.JUMP), kinds.count(Kind.OPEN)) == (Kind.OPEN, 1, 1)
