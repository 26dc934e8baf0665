import pytest
from hypothesis import given
from hypothesis import strategies as st

from codegpt.complete import Completion, Completions
from codegpt.document import Document, Edit, Span
from codegpt.engine.protocol import Generation, StopReason
from codegpt.postprocess import Cut
from codegpt.reuse import MOST, TYPED, Reuse

NOTHING = Generation("", (), 0.0, StopReason.STOP)


def suggestions(*texts: str) -> Completions:
    return Completions(tuple(Completion(text, NOTHING, (), -1.0) for text in texts))


def at(source: str, language: str = "python") -> tuple[Document, int]:
    offset = source.index("‸")
    return Document(source.replace("‸", ""), "file:///a.py", language), offset


def texts(found: Completions | None) -> list[str] | None:
    return None if found is None else [item.text for item in found.items]


@pytest.mark.parametrize(
    ("shown_at", "shown", "now", "left"),
    [
        ("x = ‸\n", ["alpha(1)"], "x = al‸\n", ["pha(1)"]),
        ("x = ‸\n", ["alpha(1)"], "x = ‸\n", ["alpha(1)"]),  # asked again
        ("x = ‸\n", ["alpha(1)"], "x = alpha(1)‸\n", []),  # all of it was typed
        ("x = ‸\n", ["alpha(1) "], "x = alpha(1)‸\n", None),  # a space is no suggestion
        ("x = ‸\n", ["alpha", "alphabet"], "x = alpha‸\n", ["bet"]),
        ("x = ‸\n", ["alpha(1)"], "x = be‸\n", None),  # something else
        ("x = ‸\n", ["alpha", "beta", "alto"], "x = al‸\n", ["pha", "to"]),
        ("x = ‸\n", ["alpha(1)"], "y = al‸\n", None),  # another edit before it
        ("x = ‸\ny\n", ["alpha(1)"], "x = al‸\nz\n", None),  # and behind it
        ("x = ‸\n", ["alpha(1)"], "x =‸ \n", None),  # to the left of it
        ("x = ‸\r\n", ["a:\r\n    b\r\n"], "x = a:\r\n    ‸\r\n", ["b\r\n"]),
        ("x = ‸\n", ["f(a, b).c"], "x = f(‸)\n", ["a, b"]),  # the editor has closed the bracket
        ("x = ‸\n", ["f([a, b])"], "x = f([‸])\n", ["a, b"]),
        ("x = ‸\n", ["f([a, b], c)"], "x = f([‸])\n", ["a, b"]),
        ("x = ‸\n", ["f([a, b], c)"], "x = f([a, b], ‸)\n", ["c"]),  # typed over one of them
        ("x = ‸\n", ["'abc' + d"], "x = '‸'\n", ["abc"]),
        ("x = ‸\n", ["'abc' + d"], "x = '‸'y\n", None),
        ("x = ‸\n", ["f(a)"], "x = f(‸]\n", None),  # no editor did that
        ("x = ‸ + 1\n", ["f(a)"], "x = f(‸) + 1\n", ["a"]),
        ("x = ‸\n", ["😀😀"], "x = 😀‸\n", ["😀"]),
    ],
)
def test_what_is_left(shown_at: str, shown: list[str], now: str, left: list[str] | None) -> None:
    assert texts(Reuse().add(*at(shown_at), suggestions(*shown)).find(*at(now))) == left


def test_the_latest_that_goes_on_counts() -> None:
    reuse = Reuse().add(*at("x‸\n"), suggestions("abc")).add(*at("xa‸\n"), suggestions("cd"))
    assert texts(reuse.find(*at("xa‸\n"))) == ["cd"]
    assert texts(reuse.find(*at("xab‸\n"))) == ["c"]  # back to what was shown before
    assert texts(reuse.find(*at("xac‸\n"))) == ["d"]


def test_asked_again_at_the_same_place_the_newer_answer_counts() -> None:
    reuse = Reuse().add(*at("x‸\n"), suggestions("abc")).add(*at("x‸\n"), suggestions("de"))
    assert len(reuse.shown) == 1
    assert reuse.find(*at("xa‸\n")) is None


def test_only_so_many_are_kept_and_nothing_shown_is_not() -> None:
    reuse = Reuse()
    for number in range(MOST + 3):
        reuse = reuse.add(*at(f"x{number} = ‸\n"), suggestions("abc")).add(*at("y‸\n"), Completions((), "nothing"))
    assert len(reuse.shown) == MOST
    assert reuse.find(*at("x2 = ‸\n")) is None
    assert texts(reuse.find(*at("x3 = a‸\n"))) == ["bc"]


def test_another_document_is_another_place() -> None:
    document, offset = at("x = ‸\n")
    reuse = Reuse().add(document, offset, suggestions("abc"))
    assert reuse.find(Document(document.text, "file:///b.py", "python"), offset) is None
    assert reuse.only("file:///a.py") == reuse
    assert reuse.only("file:///b.py") == Reuse()


@given(
    st.text("ab(\n", max_size=6), st.text("ab)\n", max_size=6), st.text("ab()[]\n", min_size=1, max_size=8), st.data()
)
def test_whatever_is_left_makes_the_suggestion_whole(before: str, after: str, shown: str, data: st.DataObject) -> None:
    document, offset = Document(before + after, "file:///a.py", "python"), len(before)
    reuse = Reuse().add(document, offset, suggestions(shown))
    typed = data.draw(st.text("ab()[]\n", max_size=4) | st.integers(0, len(shown)).map(lambda end: shown[:end]))
    now = document.apply(Edit(Span(offset, offset), typed))
    found = reuse.find(now, offset + len(typed))
    rest = shown[len(typed) :]
    if not shown.startswith(typed) or (rest and not rest.strip()):
        assert found is None
    else:
        assert texts(found) == ([rest] if rest else [])


@pytest.mark.parametrize(
    ("reason", "cuts", "asked_again"),
    [
        (StopReason.STOP, (), False),
        (StopReason.END_OF_TEXT, (), False),
        (StopReason.LENGTH, (), True),
        (StopReason.DEADLINE, (), True),
        (StopReason.STOP, (Cut("stop_at_scope_end", "a block of that many lines is enough", 9),), True),
        (StopReason.STOP, (Cut("drop_rest_of_line", "it repeats the rest of this line", 1),), False),
    ],
)
def test_typed_to_its_end_it_is_over_where_the_model_has_ended_it(
    reason: StopReason, cuts: tuple[Cut, ...], asked_again: bool
) -> None:
    shown = Completions((Completion("alpha", Generation("alpha", (), 0.0, reason), cuts, -1.0),))
    found = Reuse().add(*at("x = ‸\n"), shown).find(*at("x = alpha‸\n"))
    assert found == (None if asked_again else Completions((), TYPED))
