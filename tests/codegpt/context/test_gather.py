"""What goes into the prompt of other places."""

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from codegpt.context.cursor import Around, Cursor
from codegpt.context.fit import Window
from codegpt.context.gather import NO_WINDOW, Context, gather, skeleton
from codegpt.context.outline import Entry
from codegpt.context.project import Snapshot
from codegpt.context.snippets import lines_entry
from codegpt.context.sources import SOURCES
from codegpt.document import Document

TEXTS = {
    "app/core.py": "class Engine:\n    size: int\n\n    def run(self, times: int) -> str:\n        return ''\n",
    "app/tools.py": 'def fetch(url: str) -> bytes:\n    """Gets it. Slowly."""\n    return b""\n',
    "app/more.py": "".join(f"def helper_{number}(argument: int) -> int:\n    return 1\n\n" for number in range(40)),
}
TEXT = "from .core import Engine\nfrom .tools import fetch\nfrom .more import *\n\nmotor = Engine()\nmotor.run(fetch("


AROUND = Around(Snapshot(TEXTS), "app", "app/here.py")


def of(text: str, budget: int, sources: Sequence[str] = tuple(SOURCES), window: Window = NO_WINDOW) -> Context:
    cursor = Cursor(Document(text, "app/here.py", "python"), len(text), AROUND)
    return gather(cursor, budget, len, window, sources)


def test_files_in_their_order_with_their_bodies_folded() -> None:
    context = of(TEXT, 400, ["imported"])
    assert [chunk.path for chunk in context.chunks] == ["app/core.py", "app/more.py", "app/tools.py"]
    assert context.chunks[0].text == "class Engine:\n    size: int\n    def run(self, times: int) -> str: ...\n"
    assert context.chunks[2].text == "def fetch(url: str) -> bytes: ...  # Gets it\n"


def test_what_is_like_the_text_at_the_cursor_stands_nearest_to_it() -> None:
    alike = "def cool(motor):\n    motor.stop()\n    motor.wait(5)\n    motor.run(fetch(HERE))\n    return motor\n"
    texts = {**TEXTS, "app/a_far.py": alike, "app/b_near.py": alike.replace("HERE", "URL, HERE, TIMES")}
    text = TEXT.replace("motor.run(fetch(", "motor.stop()\nmotor.wait(URL, TIMES)\nmotor.run(fetch(")
    cursor = Cursor(Document(text, "app/here.py", "python"), len(text), Around(Snapshot(texts), "app", "app/here.py"))
    found = gather(cursor, 700, len, NO_WINDOW, ["imported", "similar"])
    assert [chunk.path for chunk in found.chunks][-2:] == ["app/a_far.py", "app/b_near.py"]
    assert found.chunks[0].path == "app/core.py"


def test_what_two_files_define_alike_is_said_once() -> None:
    texts = {"app/core.py": TEXTS["app/core.py"], "old/core.py": TEXTS["app/core.py"]}
    text = "import app.core, old.core\n\nEngine("
    cursor = Cursor(Document(text, "here.py", "python"), len(text), Around(Snapshot(texts), "app", "here.py"))
    assert [chunk.path for chunk in gather(cursor, 700, len, NO_WINDOW, ["imported"]).chunks] == ["app/core.py"]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2000))
def test_the_budget_is_exact_and_more_of_it_is_used(budget: int) -> None:
    context = of(TEXT, budget)
    assert context.tokens == sum(len(chunk.path) + 2 + len(chunk.text) for chunk in context.chunks) <= budget
    if budget > 1000:
        assert context.tokens > budget / 2


def test_the_best_come_first_where_there_is_little_room() -> None:
    assert [chunk.path for chunk in of(TEXT, 70).chunks] == ["app/tools.py"]
    assert of(TEXT, 0) == of(TEXT, 5) == Context()


def test_it_is_the_same_every_time() -> None:
    assert of(TEXT, 500) == of(TEXT, 500)


def test_what_is_shown_anyway_is_left_out() -> None:
    context = of(TEXT, 2000, ["imported"], Window("", "def fetch(url: str) -> bytes:\n    return b''\n"))
    assert "app/tools.py" not in {chunk.path for chunk in context.chunks if "def fetch" in chunk.text}


def test_of_the_file_itself_what_the_window_does_not_show() -> None:
    for end in ("\n", "\r\n"):
        written = f"from .tools import (\n    fetch,\n)\n\n{'x = 1' * 9}\nget(".replace("\n", end)
        cursor = Cursor(Document(written, "app/here.py", "python"), len(written), AROUND)
        assert gather(cursor, 500, len, Window(written, ""), ["header"]) == Context()
        [chunk] = gather(cursor, 500, len, Window(written[-20:], ""), ["header"]).chunks
        assert (chunk.path, chunk.text.split()) == ("app/here.py", ["from", ".tools", "import", "(", "fetch,", ")"])


def test_a_longer_name_in_the_window_is_another() -> None:
    texts, text = {"app/tools.py": "MAX = 1\n"}, "from app.tools import MAX\n\nuse(MAX, "
    cursor = Cursor(Document(text, "a.py", "python"), len(text), Around(Snapshot(texts), "", "a.py"))
    assert len(gather(cursor, 500, len, Window("MAX = 10\n", ""), ["imported"]).chunks) == 1
    assert gather(cursor, 500, len, Window("MAX = 1\n", ""), ["imported"]) == Context()


def test_what_is_defined_twice_alike_is_told_once() -> None:
    texts = {"app/tools.py": "def fetch(url): ...\ndef fetch(url): ...\ndef fetch(url, retries): ...\n"}
    text = "from .tools import fetch\n\nfetch("
    cursor = Cursor(Document(text, "app/here.py", "python"), len(text), Around(Snapshot(texts), "app", "app/here.py"))
    [chunk] = gather(cursor, 500, len, NO_WINDOW, ["imported"]).chunks
    assert chunk.text == "def fetch(url): ...\ndef fetch(url, retries): ...\n"


def test_sources_are_switched_off() -> None:
    every = of(TEXT, 2000)
    assert {piece.source for chunk in every.chunks for piece in chunk.pieces} <= set(SOURCES)
    without = of(TEXT, 2000, [source for source in SOURCES if source != "imported"])
    assert "imported" not in {piece.source for chunk in without.chunks for piece in chunk.pieces}
    assert of(TEXT, 2000, []) == Context()


def test_pieces_of_text_stand_apart_and_do_not_repeat_what_is_there() -> None:
    entries = [
        Entry("f", "function", "", "def f(a):", "Does.", 0, 20),
        lines_entry("    x = f(1)\n    y = 2\n", 30, 50),
        Entry("g", "method", "A", "def g(self):", "", 60, 80),
    ]
    assert skeleton(entries) == "def f(a): ...  # Does.\n\nx = f(1)\ny = 2\n\nclass A:\n    def g(self): ...\n"
    nested = [
        Entry("A", "class", "", "class A:", "", 0, 100),
        Entry("B", "class", "A", "class B:", "", 10, 50),
        Entry("m", "method", "B", "def m(self):", "", 20, 40),
        Entry("n", "method", "A", "def n(self):", "", 60, 90),
    ]
    assert skeleton(nested) == "class A:\n    class B:\n        def m(self): ...\n    def n(self): ...\n"
    context = of("from app.more import helper_1\n\nhelper_1(1)\nhelper_2(", 4000)
    for chunk in context.chunks:
        spans = sorted((p.entry.start, p.entry.end) for p in chunk.pieces if p.entry.kind == "lines")
        assert all(end <= start for (_, end), (start, _) in pairwise(spans))


def test_the_file_itself_is_not_read_as_it_was_saved() -> None:
    texts = {
        "pkg/__init__.py": "from .a import A\n",
        "pkg/a.py": "from pkg import helper, A\n\nclass A:\n    field = helper(SECRET)\n",
    }
    holed = "from pkg import helper, A\n\nclass A:\n    field = helper("
    cursor = Cursor(Document(holed, "pkg/a.py", "python"), len(holed), Around(Snapshot(texts), "", "pkg/a.py"))
    for source in SOURCES:
        assert not any("SECRET" in chunk.text for chunk in gather(cursor, 2000, len, NO_WINDOW, [source]).chunks)
