"""Text that is like the text at the cursor."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from codegpt.context.similar import WINDOW_LINES, Similar, alike
from codegpt.document import Document

LOOP = "for order in orders:\n    total = price_of(order)\n    ledger.append(total)\n    notify(order)\n"
OTHER = "import os\n\n\ndef read(path):\n    return os.path.join(path)\n"


def test_the_window_that_shares_most_words_comes_first() -> None:
    similar = Similar().of({"a.py": OTHER * 10, "b.py": f"def bill(orders):\n{LOOP}"})
    text = "for order in orders:\n    total = price_of(order)\n"
    best, *_ = similar.like(Document(text), len(text))
    assert (best.path, best.start, best.score) == ("b.py", 0, 1.0)
    assert best.text.endswith("notify(order)\n")


def test_what_says_the_same_is_left_out() -> None:
    similar = Similar().of({"b.py": LOOP})
    assert similar.like(Document(LOOP), len(LOOP)) == []


def test_windows_do_not_overlap() -> None:
    lines = [f"name_{number} = value_{number}\n" for number in range(100)]
    found = (
        Similar()
        .of({"a.py": "".join(lines)})
        .like(Document("".join(lines[40:46])), 10**6 and len("".join(lines[40:46])))
    )
    spans = sorted((each.start, each.end) for each in found)
    assert all(end <= start for (_, end), (start, _) in pairwise(spans))
    assert all(each.text.count("\n") <= WINDOW_LINES for each in found)


def test_nothing_to_look_for_and_nothing_to_look_in() -> None:
    assert Similar().of({}).like(Document("value"), 5) == []
    assert Similar().of({"a.py": "", "b.py": "\n\n"}).like(Document("value"), 5) == []
    assert Similar().of({"a.py": LOOP}).like(Document("# 😀 \" OR ' ( *\n"), 10) == []


def test_words_are_no_query_language() -> None:
    found = Similar().of({"a.py": "NEAR = AND + NOT\n"}).like(Document("NOT AND NEAR OR"), 15)
    assert [each.path for each in found] == ["a.py"]


TEXTS = st.dictionaries(st.sampled_from("abcde"), st.sampled_from([LOOP, OTHER, OTHER * 8, LOOP * 5 + OTHER, ""]))


@settings(max_examples=50, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=5))
def test_after_any_change_it_finds_what_a_new_one_would(states: list[dict[str, str]]) -> None:
    document, kept = Document("for order in orders:\n    path = os.path\n"), Similar()
    for texts in states:
        found = kept.of(texts).like(document, len(document.text))
        assert found == Similar().of(texts).like(document, len(document.text))


def test_a_copy_is_shown_once() -> None:
    text = "".join(f"motor_{number} = engine.start(number_{number})\n" for number in range(9))
    texts = {"a.py": text, "copied/a.py": text + "# the same\n", "b.py": text.replace("engine.start", "engine.stop")}
    cursor = Document("motor_3 = engine.start(", language="python")
    assert [window.path for window in Similar().of(texts).like(cursor, 23)] == ["a.py", "b.py"]


def test_how_much_two_texts_are_alike() -> None:
    assert alike("one\ntwo\n", "  two\none") == 1.0
    assert alike("one\ntwo\nthree\n", "two\nfour\n") == 0.25
    assert alike("", "") == alike("a\n", "a\n") == 0.0  # such short lines say nothing
