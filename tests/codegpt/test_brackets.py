import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codegpt.brackets import Closer, close, open_between, open_between_plain, unmatched
from codegpt.languages import LANGUAGES

PYTHON, SCRIPT = LANGUAGES["python"], LANGUAGES["javascript"]


def test_brackets_without_a_partner() -> None:
    assert unmatched("f(a[1], {", PYTHON) == (["(", "{"], [])
    assert unmatched("a) + b](", PYTHON) == (["("], [Closer(")", 1), Closer("]", 6)])
    assert unmatched("'(' # [\n{", PYTHON) == (["{"], [])
    assert unmatched("/* ( */ `[\n` // {", SCRIPT) == ([], [])
    assert unmatched("#\n(\n#", PYTHON) == (["("], [])  # a comment of no words
    assert unmatched("( ]", None) == (["("], [Closer("]", 2)])


def test_closing_takes_what_was_left_open_inside() -> None:
    opened = ["(", "[", "{"]
    assert close(opened, ")") and opened == []
    assert not close(opened, "]")


@pytest.mark.parametrize(
    ("above", "before", "rest", "below", "opened"),
    [
        ("f(\n", "a, [", "]\n", ")\n", ()),
        ("f(\n", "a, [", "\n", "", ("(", "[")),
        ('"""\n(\n', "(", "\n", "", ()),
        ("", "f(", ' """\n', ')\n"""\n)\n', ()),
        ("", "f(", " # )\n", "", ("(",)),
        ("", "", "", "", ()),
        ("#\n", "f(", " #\n", "#\n", ("(",)),
    ],
)
def test_what_is_open_at_a_cursor(above: str, before: str, rest: str, below: str, opened: tuple[str, ...]) -> None:
    assert open_between(above, before, rest, below, PYTHON) == opened
    assert open_between_plain(above + before, rest + below, PYTHON) == opened


LINES = st.text("ab ()[]{}'\"`#/*\\", max_size=8)
ENDED = st.lists(LINES.map(lambda line: line + "\n") | LINES.map(lambda line: line + "\r\n"), max_size=5).map("".join)


@settings(max_examples=400, deadline=None)
@given(ENDED, LINES, LINES, st.sampled_from(["\n", "\r\n", ""]), ENDED, st.sampled_from([PYTHON, SCRIPT, None]))
def test_what_is_kept_from_key_to_key_changes_nothing(
    above: str, before: str, rest: str, end: str, below: str, language: object
) -> None:
    below = below if end else ""
    found = open_between(above, before, rest + end, below, language)
    assert found == open_between_plain(above + before, rest + end + below, language)
