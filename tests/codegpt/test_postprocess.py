import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codegpt.languages import LANGUAGES
from codegpt.postprocess import (
    MAX_BLOCK_LINES,
    RULES,
    Extent,
    Place,
    cut_repeated_lines,
    drop_control_characters,
    drop_typed_space,
    drop_unfinished_line,
    ended,
    finish,
)

LINE, BLOCK = Extent.LINE, Extent.BLOCK

TYPED = "white space that is already typed"
OUTER = "the model would leave this block"
ONE_LINE = "the completion is for this line only"
BLOCK_END = "the block ends here"
UNOPENED = "a bracket closes that is not open here"
COPY = "it repeats the text below the cursor"
REST = "it repeats the rest of this line"
LOOP = "the model repeats itself"


def place(source: str, extent: Extent = LINE, language: str = "") -> Place:
    """The place of the cursor `‸` in a source."""
    prefix, suffix = source.split("‸")
    return Place(prefix, suffix, extent, LANGUAGES.get(language))


@pytest.mark.parametrize(
    ("language", "source", "raw", "expected", "reasons"),
    [
        ("python", "import‸\n", " os\n\n\ndef f():\n", " os", [ONE_LINE]),
        ("python", "x = ‸\n", " 5\ny = 6", "5", [TYPED, ONE_LINE]),
        ("python", "x = ‸\n", "5", "5", []),
        ("python", "x =‸\n", " 5", " 5", []),
        # Pairs that the editor has closed.
        ("python", "foo(‸)\n", "a, b)", "a, b", [UNOPENED]),
        ("python", "foo(‸\n", "a, b)", "a, b)", []),
        ("python", "foo(‸)\n", "bar())", "bar()", [UNOPENED]),
        ("python", "foo(bar(‸))\n", "baz()))", "baz()", [UNOPENED]),
        ("python", "foo(‸, b)\n", "a, b)", "a", [UNOPENED, REST]),
        ("python", "foo(‸b)\n", "a, b)", "a, ", [UNOPENED, REST]),
        ("python", "foo(‸b)\n", "ab)", "ab", [UNOPENED]),
        ("python", "x = [‸]\n", "1, (2, 3)]\n", "1, (2, 3)", [ONE_LINE, UNOPENED]),
        ("python", "x[‸]\n", "i]", "i", [UNOPENED]),
        ("python", "x = y‸]\n", "[0]", "[0]", []),
        ("python", 'print("‸")\n', 'hello")', "hello", [UNOPENED, REST]),
        ("python", 'x = "‸"\n', 'hello"', "hello", [REST]),
        ("python", "foo(‸)\n", 'a, ")", b', 'a, ")", b', []),
        ("python", "foo(‸)\n", r"""'\')', c)""", r"""'\')', c""", [UNOPENED]),
        ("javascript", "foo(‸);\n", "a);", "a", [UNOPENED]),
        ("javascript", "const x = ‸;\n", " 5;\n", "5", [TYPED, ONE_LINE, REST]),
        ("javascript", "const o = { a: ‸, b };\n", " 1, b };", "1", [TYPED, UNOPENED, REST]),
        ("python", "def f(x)‸:\n    pass\n", " -> int:\n    return", " -> int", [ONE_LINE, REST]),
        ("python", "return ‸b\n", " a + b", "a + ", [TYPED, REST]),
        ("python", "foo‸bar\n", "foobar", "foobar", []),
        # Comments and strings hide brackets.
        ("python", "return x‸\n", "  # :)", "  # :)", []),
        ("python", "foo(‸\n# :)\n", "a)", "a)", []),
        ("python", "# (see below\nx = ‸\n", " 1)", "1", [TYPED, UNOPENED]),
        ("python", '"""(a"""\nx = ‸\n', " 1)", "1", [TYPED, UNOPENED]),
        ("python", "return a‸\n", " // (b)", " // (b)", []),
        ("javascript", "return x‸\n", "; // 1)", "; // 1)", []),
        ("rust", "fn f<'a>‸\n", "(x: &'a str)", "(x: &'a str)", []),
        ("go", 'x := "‸"\n', ':)"', ":)", [REST]),
        ("go", 'f("‸")\n', ":) a", ":) a", []),
        ("python", "f(x)  # see‸\n", " 1) a", " 1) a", []),
        ("python", "f(x)  # (see‸\n", " a)", " a)", []),
        ("", "return x‸\n", "  # :)", "  # :", [UNOPENED]),
        # Copies of what stands below.
        ("python", "a = 1\n‸\nb = 2\n", "b = 2\nc = 3\n", "", [ONE_LINE, COPY]),
        ("python", "if x:\n    ‸\n    return y\n", "    return y", "", [TYPED, COPY]),
        ("python", "x = 5  # ‸\n", " five\n", "five", [TYPED, ONE_LINE]),
        # Terminal escapes, control and bidirectional characters, and white space.
        (
            "python",
            "x =‸\n",
            " \x1b[31m5\x1b[0m\x00\u202e\u2028\U000e0041",
            " 5",
            ["control, terminal or bidirectional characters"],
        ),
        ("python", "x =‸\n", " 5  \t", " 5", ["white space at the end"]),
        ("python", "x =‸\n", "   ", "", ["white space at the end"]),
        ("python", "x = ‸\n", "12, 12, 12, 12, 12, 12, 12, 12, 12, ", "12,", [LOOP, "white space at the end"]),
        ("python", "‸", "", "", []),
    ],
)
def test_a_line(language: str, source: str, raw: str, expected: str, reasons: list[str]) -> None:
    finished = finish(raw, place(source, LINE, language))
    assert (finished.text, [cut.reason for cut in finished.cuts]) == (expected, reasons)


@pytest.mark.parametrize(
    ("language", "source", "raw", "expected", "reasons"),
    [
        # After a header.
        ("python", "def f():‸\n", "\n    return 1\n\n\ndef g():\n", "\n    return 1", [BLOCK_END]),
        ("python", "def f():‸\n", " return 1\nprint()\n", " return 1", [BLOCK_END]),
        ("python", "def f():‸\n", "\n\ndef g():\n", "", [BLOCK_END]),
        ("python", "    if x:‸\n", "\n        a()\n    else:\n        b()\n", "\n        a()", [BLOCK_END]),
        ("python", "d = {‸\n", '\n    "a": 1,\n    "b": [\n        2,\n    ],\n}\nx = 1\n',
         '\n    "a": 1,\n    "b": [\n        2,\n    ],\n}', [BLOCK_END]),
        ("python", "d = {‸\n}\n", '\n    "a": 1,\n}\n', '\n    "a": 1,', [UNOPENED]),
        ("javascript", "function f() {‸\n", "\n  return 1;\n}\n\nfunction g() {}\n", "\n  return 1;\n}", [BLOCK_END]),
        ("javascript", "function f() {‸\n}\n", "\n  return 1;\n}\n\nfunction g() {}\n", "\n  return 1;",
         [BLOCK_END, UNOPENED]),
        ("javascript", "a.then((x) => {‸\n});\n", "\n  f(x);\n});\n", "\n  f(x);", [UNOPENED]),
        ("javascript", "a.then((x) => {‸\n", "\n  f(x);\n});\n", "\n  f(x);\n});", ["white space at the end"]),
        ("javascript", "  if (a) {‸\n", "\n    b();\n  } else {\n    c();\n  }\n",
         "\n    b();\n  } else {\n    c();\n  }",
         ["white space at the end"]),
        ("go", "func f() error {\n\tif err != nil {‸\n}\n", "\n\t\treturn err\n\t}\n\treturn nil\n}\n",
         "\n\t\treturn err\n\t}", [BLOCK_END]),
        ("go", "func f() error {\n\tif err != nil {‸\n\t}\n}\n", "\n\t\treturn err\n\t}\n}\n", "\n\t\treturn err",
         [BLOCK_END, UNOPENED]),
        ("ruby", "def f‸\n", "\n  1\nend\n\ndef g\nend\n", "\n  1\nend", [BLOCK_END]),
        ("ruby", "def f‸\nend\n", "\n  1\nend\n", "\n  1", [BLOCK_END]),
        ("ruby", "def f‸\n  old\nend\n", "\n  1\nend\n", "\n  1", [BLOCK_END]),
        ("ruby", "class A\n  def f‸\nend\n", "\n    1\n  end\nend\n", "\n    1\n  end", [BLOCK_END]),
        ("ruby", "x = xs.map do |y|‸\n", "\n  y\nend.compact\nputs x\n", "\n  y\nend.compact", [BLOCK_END]),
        # On a blank line.
        ("python", "def f():\n    ‸\n", "    x = 1\n    return x\n\n\ndef g():\n", "x = 1\n    return x",
         [TYPED, BLOCK_END]),
        ("python", "def f():\n‸\n", "    x = 1\n    return x\n\n\ndef g():\n", "    x = 1\n    return x", [BLOCK_END]),
        ("python", "def f():\n‸\n", "\n    x = 1\n    return x\n\ndef g():\n", "\n    x = 1\n    return x",
         [BLOCK_END]),
        ("python", "def f():\n    ‸\n", "\n    return x\n", "return x", [TYPED, "white space at the end"]),
        ("python", "def f():\n    ‸\n", "def g():\n    pass\n", "", [OUTER]),
        ("python", "def f():\n    ‸\n", "  x\n", "", [OUTER]),
        ("python", "    try:\n        a()\n    ‸\n", "    except E:\n        b()\n    c()\n",
         "except E:\n        b()\n    c()",
         [TYPED, "white space at the end"]),
        ("python", "‸\n", "@dec\ndef f():\n    pass\n\n\ndef g():\n    pass\n", "@dec\ndef f():\n    pass",
         [BLOCK_END]),
        ("python", "‸\n", "x = 1\ny = 2\n\nz = 3\n", "x = 1\ny = 2", [BLOCK_END]),
        ("python", "def f():\n    ‸\n", "    x = g(\n        1,\n    )\n    y\n", "x = g(\n        1,\n    )\n    y",
         [TYPED, "white space at the end"]),
        ("javascript", "function f() {\n  ‸\n}\n", "  if (a) {\n    b();\n  }\n  c();\n}\n",
         "if (a) {\n    b();\n  }\n  c();", [TYPED, BLOCK_END]),
        ("ruby", "def f\n  ‸\nend\n", "  [1].each do |x|\n    p x\n  end\nend\n", "[1].each do |x|\n    p x\n  end",
         [TYPED, BLOCK_END]),
        ("ruby", "def f\n  ‸\nend\n", "  if a\n    b\n  end\n  c\n", "if a\n    b\n  end\n  c", [TYPED,
         "white space at the end"]),
        # The text below: the same words deeper down are another line.
        ("python", "def f():\n    ‸\n    return x\n", "    x = 1\n    return x\n", "x = 1", [TYPED, COPY]),
        ("python", "def f():\n    ‸\n    return x\n", "    if a:\n        return x\n    b\n",
         "if a:\n        return x\n    b",
         [TYPED, "white space at the end"]),
        ("ruby", "loop do‸\nend\n", "\n  if a\n    b\n  end\n  c\nend\n", "\n  if a\n    b\n  end\n  c", [BLOCK_END]),
        # Loops; nested closers are none.
        ("python", "‸\n", "f()\nf()\nf()\nf()\n", "f()", [LOOP]),
        ("python", "    ‸\n", "    f()\n    f()\n    f()\n", "f()", [TYPED, LOOP]),
        ("python", "‸\n", "a\nb\na\nb\na\nb\n", "a\nb", [LOOP]),
        ("javascript", "‸\n", "if (a) {\n    if (b) {\n      if (c) {\n        d();\n      }\n    }\n  }\n}",
         "if (a) {\n    if (b) {\n      if (c) {\n        d();\n      }\n    }\n  }", [UNOPENED]),
    ],
)  # fmt: skip
def test_a_block(language: str, source: str, raw: str, expected: str, reasons: list[str]) -> None:
    finished = finish(raw, place(source, BLOCK, language))
    assert (finished.text, [cut.reason for cut in finished.cuts]) == (expected, reasons)


def test_a_block_has_a_greatest_length() -> None:
    raw = "".join(f"x{number}\n" for number in range(40))
    finished = finish(raw, place("‸", BLOCK))
    assert finished.text == raw[: raw.index(f"x{MAX_BLOCK_LINES}")].rstrip()
    assert finished.cuts[0] == ("stop_at_scope_end", f"a block has at most {MAX_BLOCK_LINES} lines", 64)


@pytest.mark.parametrize(
    ("extent", "source", "raw", "left_out", "expected", "rules"),
    [
        (LINE, "x = ‸\n", " 5\ny", {"drop_typed_space"}, " 5", ["stop_at_line_end"]),
        (LINE, "x = ‸\n", " 5\ny", {"stop_at_line_end"}, "5\ny", ["drop_typed_space"]),
        (LINE, "x =‸\n", " \x1b[31m5 ", {"drop_control_characters"}, " \x1b[31m5", ["trim_end"]),
        (LINE, "x =‸\n", " \x1b[31m5 ", {"trim_end"}, " 5 ", ["drop_control_characters"]),
        (LINE, "foo(‸)\n", "a, b)", {"drop_unopened_closers"}, "a, b", ["drop_rest_of_line"]),
        (LINE, "foo(‸)\n", "a, b)", {"drop_rest_of_line"}, "a, b", ["drop_unopened_closers"]),
        (LINE, "foo(‸)\n", "a, b)", {"drop_unopened_closers", "drop_rest_of_line"}, "a, b)", []),
        (BLOCK, "def f():‸\n", "\n    1\n2\n", {"stop_at_scope_end"}, "\n    1\n2", ["trim_end"]),
        (BLOCK, "def f():‸\n", "\n    1)\n2\n", {"stop_at_scope_end"}, "\n    1", ["drop_unopened_closers"]),
        (BLOCK, "‸\nb\n", "a\nb\n", {"drop_copy_of_next_line"}, "a\nb", ["trim_end"]),
        (BLOCK, "‸\n", "f()\nf()\nf()\n", {"cut_repeated_lines"}, "f()\nf()\nf()", ["trim_end"]),
        (LINE, "x =‸\n", "ab ab ab ab ab ab ab ab ab", {"cut_repeated_pieces"}, "ab ab ab ab ab ab ab ab ab", []),
        (LINE, "x =‸\n", "ab ab ab ab ab ab ab ab ab", set(), "ab", ["cut_repeated_pieces", "trim_end"]),
    ],
)
def test_a_rule_that_is_left_out_does_not_cut_and_the_others_do(
    extent: Extent, source: str, raw: str, left_out: set[str], expected: str, rules: list[str]
) -> None:
    finished = finish(raw, place(source, extent, "python"), frozenset(left_out))
    assert (finished.text, [cut.rule for cut in finished.cuts]) == (expected, rules)


def test_unknown_names_leave_nothing_out() -> None:
    at = place("f(‸)\n", LINE, "python")
    unknown = frozenset({"", "no_such_rule", "STOP_AT_LINE_END", "ended"})
    assert finish("a)\nb", at, unknown) == finish("a)\nb", at)
    assert finish("a)\nb", at).text == "a"


def test_with_every_rule_left_out_only_line_ends_change() -> None:
    every = frozenset(rule.__name__ for rule in (*RULES, drop_control_characters, drop_typed_space))
    assert finish(" a)\n\x00b  \n", place("x\r\n ‸)", LINE), every) == (" a)\r\n\x00b  \r\n", ())


def test_a_cut_names_its_rule_and_counts_its_characters() -> None:
    assert finish("a, b)  # x", place("foo(‸)")).cuts == (("drop_unopened_closers", UNOPENED, 6),)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_become_those_of_the_document(end: str) -> None:
    at = place(f"a{end}def f():‸{end}b{end}", BLOCK, "python")
    assert finish("\n    x\r\n    y\r    z\n", at).text == f"{end}    x{end}    y{end}    z"


def test_line_end_is_the_one_nearest_before_the_cursor_else_after_it() -> None:
    assert place("a\nb\r\n‸c\n").line_end == "\r\n"
    assert place("a‸b\r\nc\n").line_end == "\r\n"
    assert place("‸").line_end == "\n"


def test_the_lines_of_a_place() -> None:
    at = place("a\r\n \tb \t‸ c \r\r\n  d \n\n e\n")
    assert (at.line_before, at.line_after, at.typed_space) == (" \tb \t", " c ", " \t")
    assert at.lines_below == ("  d", " e")
    assert place("f(a[{‸}\n # )", LINE, "python").open_brackets == ("(", "[")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a\nb\nc", "a\nb\n"), ("a\n", "a\n"), ("abc", "abc"), ("\n  abc", "\n  abc"), ("a\r\nb", "a\r\n"), ("", "")],
)
def test_an_unfinished_line_goes_unless_it_is_all_there_is(text: str, expected: str) -> None:
    assert drop_unfinished_line(text) == expected


@pytest.mark.parametrize(
    ("source", "extent", "text", "expected"),
    [
        ("x =‸\n", LINE, " 1", False),
        ("x =‸\n", LINE, " 1\n", True),
        ("    ‸\n", LINE, "    x", False),
        ("    ‸\n", LINE, "\n", False),
        ("    ‸\n", BLOCK, "x", False),
        ("    ‸\n", BLOCK, "x\n", True),
        ("def f():‸\n", BLOCK, "\n    x\ny", False),
        ("def f():‸\n", BLOCK, "\n    x\ny\n", True),
        ("def f():‸\n", BLOCK, "\n    x)", False),
        ("def f():‸\n", BLOCK, "\n    x)\n", True),
        ("‸\nfoo\n", BLOCK, "bar\nfoo", False),
        ("‸\nfoo\n", BLOCK, "bar\nfoo\n", True),
        ("‸\n", BLOCK, "f()\nf()\nf()\n", True),
        # What follows may end the block before the third blank line, and then there is no third equal run.
        ("    ‸\n", BLOCK, "    a\n\n    a\n\n    a\n\n", False),
        ("    ‸\n", BLOCK, "    a\n\n    a\n\n    a\n\n    a\n", True),
        ("‸, b)\n", BLOCK, "a, b)\n", True),
        ("f(‸ b\n", BLOCK, "a b\n", False),
    ],
)
def test_ended_judges_whole_lines(source: str, extent: Extent, text: str, expected: bool) -> None:
    assert ended(text, place(source, extent)) is expected


# Small alphabets, so that copies, closers, dedents and loops do come up.
PIECES = st.sampled_from(
    ["a", "b", "x = 1", "return x", "end", "(", ")", "[", "]", "{", "}", "};", "def f():", "if a {", "# :)", "// )",
     "'", '"', '"""', "/*", "*/", "`", "\\", ";", ", b)", "\x1b[31m", "\x1b", "\x1b]0;", "\x07", "\x00",
     "\u202e", "\u2028", "é", "😀", "ab ab "]
)  # fmt: skip
SPACES = st.sampled_from(["", " ", "  ", "    ", "\t", "        ", "\n", "\r\n", "\r", "\n    ", "\n\n"])
TEXTS = st.lists(st.one_of(PIECES, SPACES), max_size=24).map("".join)
LINES = st.lists(
    st.builds(
        lambda space, pieces, end: space + "".join(pieces) + end,
        st.sampled_from(["", "  ", "    ", "\t"]),
        st.lists(PIECES, max_size=2),
        st.sampled_from(["\n", "\r\n", "\r"]),
    ),
    max_size=14,
).map("".join)
RAW = st.one_of(TEXTS, LINES, st.builds(lambda line, times: line * times, LINES, st.integers(1, 4)))
KNOWN = st.sampled_from([None, LANGUAGES["python"], LANGUAGES["javascript"], LANGUAGES["ruby"]])
PLACES = st.builds(Place, TEXTS, TEXTS, st.sampled_from(Extent), KNOWN)


@settings(max_examples=1000, deadline=None)
@given(RAW, RAW, PLACES)
def test_stopping_early_does_not_change_the_result(text: str, more: str, at: Place) -> None:
    if ended(text, at):
        assert finish(text + more, at).text == finish(text, at).text


@settings(max_examples=500, deadline=None)
@given(RAW, RAW, PLACES)
def test_what_has_ended_stays_ended(text: str, more: str, at: Place) -> None:
    if ended(text, at):
        assert ended(text + more, at)


@settings(max_examples=700, deadline=None)
@given(RAW, PLACES)
def test_finishing_twice_is_finishing_once(text: str, at: Place) -> None:
    once = finish(text, at).text
    if once:
        assert finish(at.typed_space + once, at).text == once


@settings(max_examples=500, deadline=None)
@given(RAW, PLACES)
def test_what_is_inserted_is_safe_and_fits_in(text: str, at: Place) -> None:
    finished = finish(text, at)
    inserted = finished.text
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]", inserted)
    assert set(re.findall(r"\r\n|\r|\n", inserted)) <= {at.line_end}
    assert inserted.strip() or not inserted
    lines = re.split(r"\r\n|\r|\n", inserted)
    assert len(lines) <= (1 if at.extent is LINE else MAX_BLOCK_LINES)
    if inserted and at.lines_below and any(map(str.isalnum, at.lines_below[0])):
        copied = lines[1:] if at.line_before.strip() else [at.line_before + lines[0], *lines[1:]]
        assert at.lines_below[0] not in [line.rstrip() for line in copied]
    assert (inserted == text) or finished.cuts or inserted == re.sub(r"\r\n|\r|\n", at.line_end, text)


@given(st.text())
def test_no_escape_survives_in_any_text(text: str) -> None:
    kept, _ = drop_control_characters(text, place("‸"))
    assert not any((ord(c) < 32 and c not in "\t\r\n") or 0x7F <= ord(c) < 0xA0 for c in kept)
    assert drop_control_characters(kept, place("‸"))[0] == kept


def test_an_operating_system_command_does_not_swallow_the_next_line() -> None:
    assert drop_control_characters("\x1b]0;title\na\x07b", place("‸"))[0] == "\nab"
    assert drop_control_characters("\x1b]0;title\x07a", place("‸"))[0] == "a"


def test_the_smallest_loop_that_is_complete_first_decides() -> None:
    text = "x\ny\n" + "c\n" * 3
    assert cut_repeated_lines(text * 3, place("‸", BLOCK))[0] == "x\ny\nc"


def test_a_megabyte_around_the_cursor_is_read_once() -> None:
    line = "    call(argument, [1, 2], 'text')  # remark\n"
    around = line * (1_000_000 // len(line))
    at = Place(around, around, BLOCK, LANGUAGES["python"])
    started = time.monotonic()
    for _ in range(200):
        ended("    x = 1\n    y = 2\n", at)
    assert time.monotonic() - started < 5
