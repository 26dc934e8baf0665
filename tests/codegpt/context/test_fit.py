import re
import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codegpt.context.fit import CountTokens, Window, fit_window
from codegpt.document import Document


def words(text: str) -> int:
    return len(re.findall(r"\w+|\s+|[^\w\s]", text))


COUNTERS: dict[str, CountTokens] = {"characters": len, "words": words}

texts = st.one_of(
    st.lists(
        st.sampled_from(["a", "foo", " ", "    ", "\n", "\r\n", "\r", "(", "😀", "\u2028", "x" * 50]), max_size=60
    ).map("".join),
    st.builds(lambda line, times: line * times, st.text("ab \n", max_size=12), st.integers(0, 200)),
)


@settings(max_examples=400, deadline=None)
@given(texts, st.data(), st.integers(0, 80), st.integers(0, 80), st.sampled_from(sorted(COUNTERS)))
def test_the_window_is_around_the_cursor_and_within_the_budget(
    text: str, data: st.DataObject, prefix_tokens: int, suffix_tokens: int, counter: str
) -> None:
    count = COUNTERS[counter]
    offset = data.draw(st.integers(0, len(text)))
    window = fit_window(Document(text), offset, prefix_tokens, suffix_tokens, count)
    assert text[:offset].endswith(window.prefix)
    assert text[offset:].startswith(window.suffix)
    assert count(window.prefix) <= prefix_tokens
    assert count(window.suffix) <= suffix_tokens


@settings(max_examples=200, deadline=None)
@given(texts, st.data())
def test_what_fits_as_a_whole_is_taken_as_a_whole(text: str, data: st.DataObject) -> None:
    offset = data.draw(st.integers(0, len(text)))
    assert fit_window(Document(text), offset, len(text), len(text), len) == Window(text[:offset], text[offset:])


@settings(max_examples=200, deadline=None)
@given(texts, st.data(), st.integers(0, 40))
def test_the_suffix_depends_on_the_text_after_the_cursor_alone(text: str, data: st.DataObject, budget: int) -> None:
    offset = data.draw(st.integers(0, len(text)))
    after = text[offset:]
    if after.startswith("\n"):
        return  # may be the second half of \r\n
    expected = fit_window(Document(after), 0, 10, budget, len).suffix
    assert fit_window(Document(text), offset, 10, budget, len).suffix == expected


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_exact_edges(newline: str) -> None:
    line = "12345678" + "9" * (2 - len(newline)) + newline  # ten characters
    text = line * 200
    document = Document(text)
    # Room for 100 lines: the edge is at line 64 for the cursor on line 150.
    assert fit_window(document, 1500, 1000, 25, len) == Window(text[640:1500], text[1500:1520])
    # Room for 10 lines at line 150: a multiple of eight lines, 144.
    assert fit_window(document, 1500, 100, 0, len) == Window(text[1440:1500], "")
    # Room for three lines at line 150: 144 is too far, 150 itself is next to nothing.
    assert fit_window(document, 1500, 30, 0, len).prefix == text[1470:1500]
    # Not even for a line.
    assert fit_window(document, 1505, 4, 3, len) == Window(text[1501:1505], text[1505:1508])


def test_just_below_an_edge_there_is_still_context() -> None:
    text = "".join(f"line {number:3}: twenty\n" for number in range(200))  # 17 characters each
    document = Document(text)
    for line in range(200):
        offset = document.line_starts[line] + 1
        taken = fit_window(document, offset, 600, 0, len).prefix
        assert len(taken) == offset or len(taken) >= 300


def test_the_edge_stands_still_while_characters_and_lines_are_typed() -> None:
    head = "".join(f"    value_{number} = {number}\n" for number in range(300))
    tail = "def after():\n    return 1\n" * 50
    document, offset = Document(head + tail), len(head)
    edges, suffixes = [], set()
    for key in "    if x:\n        y = 1\n" * 40:
        document = Document(document.text[:offset] + key + document.text[offset:])
        offset += 1
        window = fit_window(document, offset, 2000, 300, len)
        edges.append(offset - len(window.prefix))
        suffixes.add(window.suffix)
    assert len(suffixes) == 1
    assert edges == sorted(edges)
    moves = [after - before for before, after in pairwise(edges) if after != before]
    assert moves == [960]  # 1,000 characters typed into a budget of 2,000


def test_at_the_ends_and_in_an_empty_file() -> None:
    assert fit_window(Document(""), 0, 10, 10, len) == Window("", "")
    assert fit_window(Document("a\nb\n"), 0, 10, 10, len) == Window("", "a\nb\n")
    assert fit_window(Document("a\nb\n"), 4, 10, 10, len) == Window("a\nb\n", "")
    assert fit_window(Document("a\nb\n"), 2, 0, 0, len) == Window("", "")


@pytest.mark.parametrize("text", ["x" * 1_000_000, "\n" * 1_000_000, "x\n" * 500_000, "{" * 500_000 + "\n" * 500_000])
def test_a_megabyte_is_quick_and_few_characters_are_counted(text: str) -> None:
    counted = 0

    def count(piece: str) -> int:
        nonlocal counted
        counted += len(piece)
        return len(piece) // 8

    document = Document(text)
    started = time.monotonic()
    window = fit_window(document, 500_000, 1024, 384, count)
    assert time.monotonic() - started < 2
    assert counted < 1_000_000
    assert 4096 <= len(window.prefix) <= 8199
    assert 384 * 8 - 1 <= len(window.suffix) <= 385 * 8


def test_at_the_next_key_only_the_line_of_the_cursor_is_counted_anew() -> None:
    lines, after = "".join(f"line_{number} = {number}\n" for number in range(300)), "end = 1\n" * 40
    counted: list[set[str]] = []
    for line in ("value = f", "value = fo"):
        texts: set[str] = set()

        def count(text: str, texts: set[str] = texts) -> int:
            texts.add(text)
            return words(text)

        document = Document(lines + line + "\n" + after)
        fit_window(document, len(lines) + len(line), 400, 100, count)
        counted.append(texts)
    first, second = counted
    assert second - first == {"value = fo"}
    assert len(second & first) > 5
