"""What is still open at the end of a text."""

import time

import pytest

from codegpt.languages import LANGUAGES
from codegpt.openings import Opening, Openings, openings


@pytest.mark.parametrize(
    ("language", "text", "quote"),
    [
        ("python", 'x = "abc', Opening('"', 4)),
        ("python", 'x = "abc"', None),
        ("python", 'x = "abc\\"', Opening('"', 4)),
        ("python", 'x = "abc\\', Opening('"', 4)),
        ("python", 'x = "abc\ny', None),
        ("python", '"""a "b" \n c', Opening('"""', 0)),
        ("python", '"""a""" + \'b', Opening("'", 10)),
        ("python", "x = 1  # it's", Opening("#", 7, comment=True)),
        ("python", "# it's\nx", None),
        ("javascript", "`a\n'", Opening("`", 0)),
        ("go", "x := `a\\` + b", None),
        ("rust", "fn f<'a>(x: &'a str", None),
        ("rust", 'r#"a "b" c', Opening('r#"', 0)),
        ("c", "/* a // *", Opening("/*", 0, comment=True)),
        ("c", "/* a */ b // c", Opening("//", 10, comment=True)),
        ("ruby", '"a\nb', Opening('"', 0)),
    ],
)
def test_an_open_quote(language: str, text: str, quote: Opening | None) -> None:
    assert openings(text, LANGUAGES[language]).quote == quote


def test_brackets_in_strings_and_comments_do_not_count() -> None:
    found = openings('f("(", [1, {  # (\n  "a": g(x)', LANGUAGES["python"])
    assert found == Openings(None, (Opening("(", 1), Opening("[", 7), Opening("{", 11)))
    assert found.closing == "}])"


def test_a_stray_closing_bracket_is_skipped() -> None:
    assert openings(")f(]", LANGUAGES["c"]) == Openings(None, (Opening("(", 2),))


@pytest.mark.parametrize("text", ['"""' + 'a\\"' * 100_000, '"' * 200_001, '"""' + '""a' * 100_000, "/*" * 100_000])
def test_hostile_text_takes_linear_time(text: str) -> None:
    started = time.perf_counter()
    for language in LANGUAGES.values():
        openings(text, language)
    assert time.perf_counter() - started < 5
