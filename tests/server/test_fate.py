import pytest
from codegpt_server.fate import MOST_PENDING, Fates

from codegpt.complete import Completion, Completions
from codegpt.engine.protocol import Generation, StopReason
from codegpt.reuse import TYPED
from codegpt.usage import Outcome, Shown

A, B = "file:///a.py", "file:///b.py"


def answer(*texts: str, of: Generation | None = None) -> Completions:
    written = of or Generation(texts[0] if texts else "", (), 0.0, StopReason.STOP)
    return Completions(tuple(Completion(text, written, (), 0.0) for text in texts), "" if texts else "silence")


def told(rows: list[Shown]) -> list[tuple[Outcome, int]]:
    return [(row.outcome, row.accepted) for row in rows]


def given(fates: Fates, completions: Completions, uri: str = A) -> tuple[int, list[tuple[Outcome, int]]]:
    number, rows = fates.answered(uri, completions, "python", False, 0.1)
    return number, told(rows)


def test_taken_whole() -> None:
    fates = Fates()
    number, rows = fates.answered(A, answer("alpha\nbeta"), "python", True, 0.25)
    assert (number, rows) == (1, [])
    [row] = fates.accepted(1)
    assert row == Shown(row.at, "python", True, 250.0, 2, 10, Outcome.ACCEPTED, 10)
    assert fates.accepted(1) == []  # once
    assert fates.all_over() == []


def test_the_second_of_several_is_taken() -> None:
    fates = Fates()
    given(fates, answer("alpha", "be"))
    assert told(fates.accepted(1, 1)) == [(Outcome.ACCEPTED, 2)]


def test_typed_along_with_it_is_one_suggestion() -> None:
    fates = Fates()
    first = answer("alpha")
    given(fates, first)
    assert given(fates, answer("ha", of=first.items[0].generation)) == (1, [])
    assert told(fates.accepted(1)) == [(Outcome.ACCEPTED, 2)]  # the rest was typed


def test_typed_to_its_end() -> None:
    fates = Fates()
    given(fates, answer("alpha"))
    assert given(fates, Completions((), TYPED)) == (0, [(Outcome.TYPED, 0)])


def test_another_answer_or_none_and_it_was_rejected() -> None:
    fates = Fates()
    given(fates, answer("alpha"))
    assert given(fates, answer("beta")) == (2, [(Outcome.REJECTED, 0)])
    assert given(fates, answer()) == (0, [(Outcome.REJECTED, 0)])
    assert given(fates, answer()) == (0, [])


def test_another_document_is_another_matter() -> None:
    fates = Fates()
    given(fates, answer("alpha"))
    assert given(fates, answer("beta"), B) == (2, [])
    assert told(fates.over(A, Outcome.REJECTED)) == [(Outcome.REJECTED, 0)]
    assert told(fates.all_over()) == [(Outcome.REJECTED, 0)]


def test_taken_word_by_word() -> None:
    fates = Fates()
    given(fates, answer("alpha beta"))
    fates.partly_accepted(1, 6)
    fates.partly_accepted(1, 5)  # the editor counts from the beginning of it
    fates.partly_accepted(1, 10_000)
    fates.partly_accepted(99, 3)
    assert given(fates, answer("gamma")) == (2, [(Outcome.PARTLY, 10)])


def test_what_a_telling_editor_did_not_show_does_not_count() -> None:
    fates = Fates()
    given(fates, answer("alpha"))
    fates.seen(1)
    assert given(fates, answer("beta")) == (2, [(Outcome.REJECTED, 0)])
    assert given(fates, answer("gamma")) == (3, [])  # the second was never shown
    assert told(fates.accepted(3)) == [(Outcome.ACCEPTED, 5)]  # nobody takes what is not there


def test_only_so_many_documents_are_followed() -> None:
    fates = Fates()
    rows = [given(fates, answer("alpha"), f"file:///{number}.py")[1] for number in range(MOST_PENDING + 2)]
    assert [len(each) for each in rows] == [0] * MOST_PENDING + [1, 1]
    assert len(fates.all_over()) == MOST_PENDING


@pytest.mark.parametrize(
    ("pieces", "partly"),
    [
        (["alpha"], 5),
        (["alpha", " beta"], 10),
        (["a"], 0),  # a key
        (["()"], 0),  # what an editor closes by itself
        (["gamma"], 0),
        (["alpha beta\n    gamma"], 0),  # all of it: an editor says so by its command
        (["alpha", "alpha"], 5),
    ],
)
def test_what_comes_in_at_once_as_its_beginning_is_taken(pieces: list[str], partly: int) -> None:
    fates = Fates()
    given(fates, answer("() beta" if pieces == ["()"] else "alpha beta\n    gamma"))
    for piece in pieces:
        fates.inserted(A, piece)
        fates.inserted(B, piece)
    assert told(fates.all_over()) == [(Outcome.PARTLY if partly else Outcome.REJECTED, partly)]


def test_a_piece_that_an_editor_tells_of_too_is_taken_once() -> None:
    fates = Fates()
    number, _ = given(fates, answer("alpha beta"))
    fates.inserted(A, "alpha")
    fates.partly_accepted(number, 5)
    assert told(fates.all_over()) == [(Outcome.PARTLY, 5)]
