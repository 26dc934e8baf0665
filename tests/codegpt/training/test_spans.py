import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codegpt.training.spans import (
    Hole,
    Kinds,
    brackets,
    characters,
    choose,
    line,
    lines,
    node,
    nodes_of_syntax,
    rest_of_line,
    stretches,
    where_code_begins,
)

TEXT = "def f(a, b):\n    if a:\n        return b\n\n    return [a, b]\n"


def holes(cut: Callable[[str, random.Random], Hole | None], text: str = TEXT) -> set[str]:
    found = (cut(text, random.Random(seed)) for seed in range(2000))
    return {text[hole.start : hole.end] for hole in found if hole}


@pytest.mark.parametrize(
    ("top", "rest"),
    [
        ("", ""),
        ("", "x = 1\n"),
        ("#!/usr/bin/env python\n# a licence\n\n# more of it\n", "import os\n# not at the top\n"),
        ("/* a licence\n * of two lines */\n\n// and a remark\n", "let x\n"),
        ("", '"""A docstring."""\n'),
        ("# a\r\n", "x\r\n"),
        ("#" * 10**5 + "\n" * 10**5, ""),
    ],
)
def test_where_code_begins(top: str, rest: str) -> None:
    assert where_code_begins(top + rest) == len(top)


def test_a_line_is_whole_with_its_indentation_or_without() -> None:
    whole = [each for each in TEXT.split("\n") if each]
    assert holes(line) == {*whole, *(each.lstrip() for each in whole)}


def test_the_rest_of_a_line_ends_with_it_and_begins_anywhere_but_most_with_a_word() -> None:
    found = holes(rest_of_line)
    assert {"if a:", "return b", "return [a, b]", "a, b]", "b):", "def f(a, b):", "f(a, b):", "eturn b"} <= found
    assert all("\n" not in each and each.strip() for each in found)


def test_brackets_are_filled_to_the_closing_one() -> None:
    assert holes(brackets) == {"a, b", ", b", "b"}
    assert holes(brackets, "f(\n    g(1),\n)[") == {"\n    g(1),\n", "g(1),\n", "(1),\n", "1),\n", "),\n", ",\n", "1"}
    assert brackets("f(] + ()", random.Random(0)) is None


def test_lines_are_whole() -> None:
    found = holes(lines)
    assert {"if a:", "if a:\n        return b", "    if a:", "def f(a, b):\n    if a:", "return [a, b]"} <= found
    assert {"    if a:", "    if a:\n        return b"} <= found
    assert all(not each.endswith("\n") for each in found)
    starts = ("def", "if", "    if", "return", "        return", "    return")
    assert all(each.startswith(starts) for each in found)


def test_nodes_of_the_syntax_are_what_may_be_missing() -> None:
    found = {TEXT[start:end] for start, end in nodes_of_syntax(TEXT, "a.py")}
    assert {"return b", "return [a, b]", "if a:\n        return b"} <= found
    assert nodes_of_syntax(TEXT, "a.unknown") == ()
    assert {TEXT[each.start : each.end] for each in [node([(4, 5)], random.Random(0))] if each} == {"f"}
    assert node([], random.Random(0)) is None


def test_nodes_count_code_points() -> None:
    text = "x = 'ä𝒳'\nreturn_ = f(x)\n"
    assert "f(x)" in {text[start:end] for start, end in nodes_of_syntax(text, "a.py")}


def test_characters_reach_from_one_end_to_the_other() -> None:
    found = holes(characters)
    assert len(found) > 250
    assert max(map(len, found)) > len(TEXT) * 0.9


@given(st.text(min_size=1, max_size=80), st.integers(0, 9))
def test_any_text_has_a_hole_within(text: str, seed: int) -> None:
    hole = choose(text, (), Kinds(), random.Random(seed))
    assert 0 <= hole.start <= hole.end <= len(text)


def test_kinds_count_against_each_other() -> None:
    only = Kinds(characters=0, line=0, rest_of_line=0, brackets=0, lines=0, node=1)
    assert choose(TEXT, [(4, 5)], only, random.Random(0)) == choose(TEXT, [(4, 5)], only, random.Random(9))


def test_stretches_are_whole_lines_and_together_the_text() -> None:
    text = TEXT * 300
    found = list(stretches(text, 200, 100, random.Random(0)))
    assert "".join(text[start:stop] for start, stop in found) == text
    assert all(text[stop - 1] == "\n" and 100 <= stop - start <= 430 for start, stop in found[:-1])
    assert 0.5 < sum(text.startswith("def", start) for start, _ in found) / len(found) < 0.7
    assert list(stretches("\n \n", 200, 100, random.Random(0))) == []
