"""Programs that are the same in other clothes, and those that are not."""

import pytest

from codegpt.program_text import normal_form, parses

PROGRAM = "def f(x):\n    return [x, 'a']\n"


@pytest.mark.parametrize(
    "other",
    [
        'def f( x ) :\n\n  # says it\n  return [ x , "a" ]',
        'def f(x):\n    """Doc."""\n    return [\n        x,\n        "a"\n    ]\n',
        "# first\ndef f(x): return [x, 'a']  # last",
    ],
)
def test_the_same(other: str) -> None:
    assert normal_form(other, "python") == normal_form(PROGRAM, "python")


@pytest.mark.parametrize(
    "other",
    [
        "def f(y):\n    return [y, 'a']\n",
        "def f(x):\n    return [x, 'a ']\n",
        "def f(x):\n    return [x, b'a']\n",
        "def f(x):\n    return x, 'a'\n",
        "def f(x):\n    return [x, 'a'\n",
        "def f(x):\n    [x, 'a']\n",
        "",
    ],
)
def test_another(other: str) -> None:
    assert normal_form(other, "python") != normal_form(PROGRAM, "python")


def test_blocks_count() -> None:
    inside = "def f():\n    if a:\n        b()\n        c()\n"
    behind = "def f():\n    if a:\n        b()\n    c()\n"
    assert normal_form(inside, "python") != normal_form(behind, "python")


def test_other_languages_and_text() -> None:
    assert normal_form("f( 1 ) // x", "javascript") == normal_form("/* y */ f(1)", "javascript")
    assert normal_form(" x ( ", "python") == "x ("
    assert normal_form(" a\n", "no language") == "a"
    assert normal_form("(" * 5000 + ")" * 5000, "python")
    assert normal_form("x = '\ud800𝔘'", "python")


def test_parses() -> None:
    assert parses("def f():\n    pass\n", "python") and parses("", "python")
    assert not parses("def f(:\n", "python") and not parses("f(", "javascript")
    assert parses("f(", "no language")
