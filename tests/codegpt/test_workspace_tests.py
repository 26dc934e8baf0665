"""Which tests of a workspace are about a function, and what is left of their file."""

from pathlib import Path

import pytest

from codegpt.workspace_tests import find_tests, given_tests, read_tests, subject_of

TEXT = """import pytest
from pkg.mod import f, g

VALUES = [1, 2]


@pytest.mark.parametrize("x", VALUES)
def test_g(x):
    assert g(x)


def test_f():
    assert f(1) == 2
    assert f(2) == 3


class TestOthers:
    def test_it(self):
        assert g(1)


def helper():
    return f(3)
"""


def test_the_tests_of_one_function_are_left() -> None:
    found = read_tests(TEXT, "f", frozenset({"pkg.mod", "mod"}))
    assert found is not None
    count, tests = found
    assert (count, tests.module, tests.entry, tests.style) == (2, "pkg.mod", "f", "pytest")
    assert "def test_f" in tests.source and "VALUES" in tests.source and "helper" in tests.source
    assert all(word not in tests.source for word in ("def test_g", "parametrize", "TestOthers"))


@pytest.mark.parametrize(
    ("text", "module"),
    [
        ("from mod import f\ndef test(): f()", "mod"),
        ("from mod import *\ndef test(): f()", "mod"),
        ("import mod\ndef test(): mod.f()", "mod"),
        ("import pkg.mod as m\ndef test(): m.f()", "pkg.mod"),
        ("from pkg import mod\ndef test(): mod.f()", "pkg.mod"),
        ("from mod import g\ndef test(): f()", None),
        ("from .mod import f\ndef test(): f()", None),
        ("from mod import f\ndef helper(): f()", None),
        ("def f(): pass\ndef test(): f()", None),
        ("", None),
    ],
)
def test_how_it_is_imported(text: str, module: str | None) -> None:
    found = read_tests(text, "f", frozenset({"pkg.mod", "mod"}))
    assert (found[1].module if found else None) == module


def test_the_file_that_calls_it_most_often(tmp_path: Path) -> None:
    source = tmp_path / "src/pkg/mod.py"
    source.parent.mkdir(parents=True)
    source.write_text("")
    tests = tmp_path / "tests/deep"
    tests.mkdir(parents=True)
    (tests / "test_one.py").write_text("from pkg.mod import f\ndef test(): f()")
    (tests / "mod_test.py").write_text("from pkg.mod import f\ndef test(): f(); f()")
    (tests / "test_broken.py").write_text("from pkg.mod import f\ndef test(: f(); f(); f()")
    (tests / "test_bytes.py").write_bytes(b"\xff\xfe")
    (tests / "other.py").write_text("from pkg.mod import f\ndef test(): f(); f(); f()")
    (tmp_path / "venv").mkdir()
    (tmp_path / "venv/test_far.py").write_text("from pkg.mod import f\ndef test(): f(); f(); f(); f()")
    (tmp_path / "test_link.py").symlink_to("/dev/zero")
    found = find_tests("f", source, tmp_path)
    assert found is not None and found.source.count("f()") == 2
    assert find_tests("g", source, tmp_path) is None
    assert find_tests("f", tmp_path / "elsewhere.py", tmp_path) is None
    assert find_tests("f", Path("/dev/null"), tmp_path) is None


def test_form_feeds_and_other_line_ends() -> None:
    one = "\x0c\r\ndef test_g():\r\n    assert g('\x85\u2028')\r\n\r\n"
    text = f"from mod import f\r\n{one}def test_f():\r\n    assert f()\r\n"
    found = read_tests(text, "f", frozenset({"mod"}))
    assert found is not None and "def test_f" in found[1].source and "test_g" not in found[1].source


@pytest.mark.parametrize(
    ("text", "style", "module"),
    [
        ("from pkg.app import f\ndef test(): f()", "pytest", "pkg.app"),
        ("from app import (\n    f,\n)\ndef test(): f()", "pytest", "app"),
        ("import app\ndef test(): app.f()", "pytest", "app"),
        ("import app as a\ndef test(): a.f()", "pytest", "app"),
        ("def test(): assert f()", "pytest", "candidate"),
        ("assert f(1) == 2", "check", "candidate"),
    ],
)
def test_tests_that_are_given(text: str, style: str, module: str) -> None:
    tests = given_tests(text, "f")
    assert (tests.style, tests.module, tests.source) == (style, module, text)
    with pytest.raises(ValueError, match="line 1"):
        given_tests("def (", "f")


@pytest.mark.parametrize(
    ("text", "function"),
    [
        (TEXT, "f"),
        ("assert add(1, len([2])) == 3\n", "add"),
        ("import app\n\n\ndef test_it():\n    x = []\n    x.append(1)\n    assert app.f(x) == g()\n", "f"),
        ("from math import sqrt\nfrom app import slope\nassert sqrt(slope(2)) == sqrt(3)\n", "slope"),
        (
            "from pytest import raises\nfrom .app import f\n\n\ndef test():\n    with raises(KeyError):\n        f()\n",
            "f",
        ),
        ("x = 1\n", ""),
    ],
)
def test_what_tests_are_about(text: str, function: str) -> None:
    assert subject_of(text) == function
