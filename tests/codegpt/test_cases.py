"""Runs of a program: where a request describes them, and when two outputs are the same."""

import pytest

from codegpt.cases import Case, cases_in, same_output


def test_blocks() -> None:
    text = "Add two numbers.\n\nInput:\n  1 2\n  3\nOutput:\n  6\n\nExample input 2: 5\nExample output 2: 5\n\nNo more."
    assert cases_in(text) == (Case("1 2\n3\n", "6\n"), Case("5\n", "5\n"))


def test_fences_and_repetitions() -> None:
    text = "Sample Input:\n```\na\n```\nSample Output:\n```text\nb\nc\n```\ninput: a\noutput: d"
    assert cases_in(text) == (Case("a\n", "b\nc\n"),)


def test_no_input_is_an_input() -> None:
    assert cases_in("Input:\n\nOutput: 3") == (Case("", "3\n"),)
    assert cases_in("Input: 3\nOutput:\n") == ()
    assert cases_in("The input is a number, the output another.") == ()


def test_a_kind_of_input_is_no_input() -> None:
    assert cases_in("Input: one number per line\nOutput: their sum") == ()
    assert cases_in("Input: 3\nOutput: a list of words") == ()
    assert cases_in("Input: the quick fox\nOutput: xof") == (Case("the quick fox\n", "xof\n"),)
    assert cases_in("Input: n = 3, k = 1\nOutput: 4") == ()
    assert cases_in("Input:\nwords\nand lines\nOutput: 2") == (Case("words\nand lines\n", "2\n"),)


def test_what_explains_an_output_is_none_of_it() -> None:
    text = "Input: 3\nOutput: 4\nExplanation: one more\nthan 3\n\nInput: 1\nOutput: 2\nConstraints:\nx < 3\n"
    assert cases_in(text) == (Case("3\n", "4\n"), Case("1\n", "2\n"))


def test_the_end_of_a_docstring_is_no_output() -> None:
    assert cases_in('Input: 3\nOutput: 4\n    """\n') == (Case("3\n", "4\n"),)


def test_line_ends_of_windows() -> None:
    assert cases_in("Input:\r\n```\r\na\r\n```\r\nOutput:\r\n```\r\nb\r\n```\r\n") == (Case("a\n", "b\n"),)


@pytest.mark.parametrize(
    ("printed", "expected", "same"),
    [
        ("1 2\n3", "1  2 3\n", True),
        ("[1.5, 2]", "[1.50000001, 2]", True),
        ("[1.5, 2]", "[1.51, 2]", False),
        ("0.1", "1e-1", True),
        ("1", "1.0", True),
        ("10", "11", False),
        ("[1,2]", "[1, 2]", True),
        ('{"b": 1, "a": 2}', '{"a": 2, "b": 1}', True),
        ('"a b"', '"a   b"', False),
        ("a b", '"a b"', False),
        ("1.5000000001 x", "1.5 x", True),
        ("1.6 x", "1.5 x", False),
        ("15 x", "16 x", False),
        ("a.b", "a.c", False),
        ("1", "true", False),
        ("[[true]]", "[[1]]", False),
        ('{"a": [true, 0]}', '{"a": [true, 0]}', True),
        ("10000001.0", "10000000", False),
        ("10000000.0", "10000000", True),
        ("12345678901234567891.0 x", "12345678901234567890 x", False),
        ("1e-7 x", "1.0e-7 x", True),
        ("1e5 x", "100000 x", False),
        ("100000 x", "1e5 x", True),
        ("nan x", "inf x", False),
        ("", "", True),
        ("", "0", False),
        ("3\n", "3", True),
        ("a  b \n\n", "a b\n", True),
        ("a", "a b", False),
        ("0.3000000001", "0.3", True),
        ("0.31", "0.3", False),
        ("1", "true", False),
        ("[1, 2.0000000001]", "[1, 2.0]", True),
        ('{"a": [true]}', '{"a": [1]}', False),
        ("[" * 100_000, "[1]", False),
        ("x 1.0", "x 1.00", True),
        ("x 1e0", "x 1", False),
    ],
)
def test_same_output(printed: str, expected: str, same: bool) -> None:
    assert same_output(printed, expected) is same
