"""Text that is like the text at the cursor."""

from itertools import pairwise

from codegpt.context.similar import WINDOW_LINES, Similar
from codegpt.document import Document

LOOP = "for order in orders:\n    total = price_of(order)\n    ledger.append(total)\n    notify(order)\n"
OTHER = "import os\n\n\ndef read(path):\n    return os.path.join(path)\n"


def test_the_window_that_shares_most_words_comes_first() -> None:
    similar = Similar({"a.py": OTHER * 10, "b.py": f"def bill(orders):\n{LOOP}"})
    text = "for order in orders:\n    total = price_of(order)\n"
    best, *_ = similar.like(Document(text), len(text))
    assert (best.path, best.start, best.score) == ("b.py", 0, 1.0)
    assert best.text.endswith("notify(order)\n")


def test_what_says_the_same_is_left_out() -> None:
    similar = Similar({"b.py": LOOP})
    assert similar.like(Document(LOOP), len(LOOP)) == []


def test_windows_do_not_overlap() -> None:
    lines = [f"name_{number} = value_{number}\n" for number in range(100)]
    found = Similar({"a.py": "".join(lines)}).like(
        Document("".join(lines[40:46])), 10**6 and len("".join(lines[40:46]))
    )
    spans = sorted((each.start, each.end) for each in found)
    assert all(end <= start for (_, end), (start, _) in pairwise(spans))
    assert all(each.text.count("\n") <= WINDOW_LINES for each in found)


def test_nothing_to_look_for_and_nothing_to_look_in() -> None:
    assert Similar({}).like(Document("value"), 5) == []
    assert Similar({"a.py": "", "b.py": "\n\n"}).like(Document("value"), 5) == []
    assert Similar({"a.py": LOOP}).like(Document("# 😀 \" OR ' ( *\n"), 10) == []


def test_words_are_no_query_language() -> None:
    found = Similar({"a.py": "NEAR = AND + NOT\n"}).like(Document("NOT AND NEAR OR"), 15)
    assert [each.path for each in found] == ["a.py"]
