"""Literals in prose: what they are worth, where they end, and what is none."""

import math

import pytest

from codegpt.literals import NotLiteral, Term, closing, read_call, read_literal, text_of


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("-2.50", -2.5),
        ("0x1F", 31),
        ("1_000", 1000),
        ("1e3", 1000.0),
        ("'it''s'", "its"),
        ('"a\\nb"', "a\nb"),
        ("true", True),
        ("False", False),
        ("null", None),
        ("undefined", None),
        ("[1, [2, 'x']]", [1, [2, "x"]]),
        ("(1, 2)", (1, 2)),
        ("('a',)", ("a",)),
        ("()", ()),
        ("{1, 2}", {1, 2}),
        ("{}", {}),
        ("set()", set()),
        ("{'a': 1}", {"a": 1}),
        ("{a: 1}", {"a": 1}),
        ("[-1, +2]", [-1, 2]),
        ("[\n 1,\n 2]", [1, 2]),
        ("b'x'", b"x"),
        ("'𝔘'", "𝔘"),
        ("1 + 2 * 3 - 1", 6),
    ],
)
def test_values(text: str, value: object) -> None:
    found = read_literal(text)
    assert found == value and type(found) is type(value)


def test_numbers_that_are_none() -> None:
    assert math.isnan(read_literal("[NaN]")[0])  # type: ignore[index,arg-type]
    assert read_literal("-Infinity") == -math.inf


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "f(3)",
        "[a]",
        "__import__('os')",
        "1 if 2 else 3",
        "...",
        "{[1]: 2}",
        "{**x}",
        "2 ** 99",
        "[1",
        "'a",
        "\0",
    ],
)
def test_what_is_none(text: str) -> None:
    with pytest.raises(NotLiteral):
        read_literal(text)


@pytest.mark.parametrize(
    "text",
    ["-'a'", "'a' * 3", f"{10**30} * {10**30}", "(" * 500, "lambda: 1", "[x for x in y]", "f'{1}'", "True + 1"],
)
def test_what_costs_too_much_or_computes(text: str) -> None:
    with pytest.raises(NotLiteral):
        read_literal(text)


@pytest.mark.parametrize(
    ("text", "value", "rest"),
    [
        ("3, which", 3, ", which"),
        ("3.", 3, "."),
        ("3.0.", 3.0, "."),
        ("'a' because", "a", " because"),
        ("[1, ']'] and", [1, "]"], " and"),
        ("True if", True, " if"),
        ("set() here", set(), " here"),
    ],
)
def test_where_they_end(text: str, value: object, rest: str) -> None:
    found = Term.at(text, 0)
    assert (found.value, text[found.end :]) == (value, rest)


@pytest.mark.parametrize("text", ["('Venus')", "(3)", "3rd", "12%", "nullable", "Truex", "", " 3", "[1, 2", "]"])
def test_where_nobody_can_say(text: str) -> None:
    with pytest.raises(NotLiteral):
        Term.at(text, 0)


def test_calls() -> None:
    read = read_call("f([1, ')'], key={'a': (2,)}) == 3", 1)
    assert read.args == ([1, ")"],) and read.kwargs == {"key": {"a": (2,)}}
    assert read.end == len("f([1, ')'], key={'a': (2,)})")
    assert read_call("f()", 1).args == ()
    for text in ("f(x)", "f(*[1])", "f(**{})", "f(1"):
        with pytest.raises(NotLiteral):
            read_call(text, 1)
    assert read_call("f(1))(", 1).args == (1,)


def test_brackets_in_quotes_do_not_close() -> None:
    assert closing("(')')x", 0) == 5
    for text in ("(]", "('", "(", "([)]"):
        with pytest.raises(NotLiteral):
            closing(text, 0)


@pytest.mark.parametrize(
    "text",
    [
        "9" * 400,
        f"{'9' * 290} + 0.5 * {'9' * 290}",
        f"{'9' * 299}0.5 + {'8' * 299}",
        "1" + " + 1" * 5000,
        "0x" + "f" * 4000,
        "[" * 1000 + "]" * 1000,
        "-" * 5000 + "1",
        "(1e308+1e308j) * 2",
    ],
)
def test_what_python_cannot_hold_is_no_literal(text: str) -> None:
    for read in (read_literal, lambda each: read_call(f"({each})", 0)):
        try:
            read(text)
        except NotLiteral:
            continue


def test_a_bracket_that_is_too_far_away() -> None:
    with pytest.raises(NotLiteral):
        closing("[" + " " * 50_000 + "]", 0)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"b", "a", "c"}, "{'a', 'b', 'c'}"),
        (set(), "set()"),
        (frozenset({2, 1}), "frozenset({1, 2})"),
        ({"b": 1, "a": [2.0]}, "{'a': [2.0], 'b': 1}"),
        ((1,), "(1,)"),
        (0.1 + 0.2, "0.30000000000000004"),
        (10**400, hex(10**400)),
        (math.nan, "nan"),
    ],
)
def test_values_as_text(value: object, expected: str) -> None:
    assert text_of(value) == expected  # type: ignore[arg-type]
