import pytest

from codegpt.document import Document
from codegpt.languages import LANGUAGES
from codegpt.postprocess import Extent, Place
from codegpt.syntax import parse
from codegpt.whole import drop_what_breaks


@pytest.mark.parametrize(
    ("source", "text", "broken"),
    [
        ("x = ‸\n", "1 + 2", False),
        ("x = ‸\n", "1 +", True),
        ("x = ‸\n", "1 2", True),
        ("x = ‸\n", "f(a, b", False),  # goes on in the next line
        ("x = f(‸)\n", "a, b", False),
        ("x = f(‸)\n", "a b", True),
        ("x = f(‸\n", "a, b", False),  # was open before
        ("def f():\n    ‸\n", "return 1", False),
        ("def f():\n    ‸\n", "if x:", False),
        ("def f():\n    ‸\n", "if x", True),
        ("def f():\n    ‸\n", "x = 1\n    return x", False),
        ("if ‸:\n    y\n", "x > 1", False),
        ("if ‸\n    y\n", "x > 1:", False),
        ("x = 'a‸'\n", "bc", False),
        ("x = (1 2)\ny = ‸\n", "3", False),  # what was broken before stays so
        ("for x in y:\n    ‸\n        return x\n", "if x:", False),
        ("for x in y:\n    ‸\n        return x\n", "print(x)", True),  # nothing opens the line below
        ("for x in y:\n    ‸\n\n        # why\n        return x\n", "print(x)", True),
        ("for x in y:\n    ‸\n    return x\n", "print(x)", False),
        ("for x in y:\n    ‸\nreturn x\n", "print(x)", False),
        ("for x in y:\n    ‸\n        # said\n", "print(x)", False),  # a comment may stand anywhere
        ("for x in y:\n    ‸\n        return x\n", "# said", False),
        ("def f(a):‸\n    return a\n", "  # said", False),
        ("def f(a):‸\n    return a\n", " pass", True),
        ("f(a,\n  ‸\n     c)\n", "b,", False),
        ('x = """\n‸\n    deep\n"""\n', "shallow", False),
        ("def f():\n‸\n\treturn x\n", "    y = 1", True),  # a tab is eight columns
        ("def f():\n‸\n\treturn x\n", "\ty = 1", False),
        ("x = 1‸\n\x0cdef f():\n    pass\n", " + 1", False),  # a form feed is no depth
        ("‸\n    pass\n", "x = 'a\u2028b'", True),  # and no end of a line is one
        ("‸", "", False),
    ],
)
def test_python(source: str, text: str, broken: bool) -> None:
    assert _kept(source, text, "python") == ("" if broken else text)


@pytest.mark.parametrize(
    ("source", "text", "broken"),
    [
        ("const x = ‸;\n", "f(1)", False),
        ("const x = ‸;\n", "f(1) g", True),
        ("if (x) ‸\n", "{", False),
        ("function f() {\n  ‸\n}\n", "log.error(", False),
        ("function f() {\n  ‸\n}\n", "return 1;", False),
        ("function f() {\n  ‸\n}\n", "return 1; }", True),
    ],
)
def test_javascript(source: str, text: str, broken: bool) -> None:
    assert _kept(source, text, "javascript") == ("" if broken else text)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("x = 1\n    return x", "x = 1\n    return x"),
        ("x = 1\n    return x y", "x = 1"),
        ("x = 1\n    if x:\n        y z", "x = 1"),
        ("x 1\n    return x", ""),
    ],
)
def test_of_a_block_the_lines_stay_that_leave_it_whole(text: str, kept: str) -> None:
    assert _kept("def f():\n    ‸\n", text, "python", Extent.BLOCK) == kept


def test_of_a_block_above_a_deeper_line_the_lines_stay_that_are_as_deep() -> None:
    text = "for a in b:\n        print(a)\n    return 1"
    assert _kept("def f():\n    ‸\n        a += 1\n", text, "python", Extent.BLOCK) == "for a in b:\n        print(a)"


def _kept(source: str, text: str, language: str, extent: Extent = Extent.LINE) -> str:
    offset = source.index("‸")
    document = Document(source.replace("‸", ""), "", language)
    syntax = parse(document)
    assert syntax is not None
    place = Place(document.text[:offset], document.text[offset:], extent, LANGUAGES[language])
    return drop_what_breaks(text, place, syntax)


def test_ruby_is_not_judged() -> None:
    assert _kept("def f\n  ‸\nend\n", "items.each do |x|", "ruby") == "items.each do |x|"
