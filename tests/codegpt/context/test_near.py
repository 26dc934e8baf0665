"""The names around a cursor."""

import pytest

from codegpt.context.near import CALLED, HALF_AT, LOOKED_BACK, likeness, names_near, stems_of, words_of
from codegpt.document import Document
from codegpt.languages import LANGUAGES

PYTHON = LANGUAGES["python"]


def near(text: str) -> dict[str, float]:
    offset = text.index("‸")
    return dict(names_near(Document(text.replace("‸", "")), offset, PYTHON))


def test_the_line_itself_counts_one_and_others_less() -> None:
    text = "far = 1\n" + "\n" * (HALF_AT - 1) + "here = ‸\n\nbelow\n"
    assert near(text) == {"here": 1.0, "far": 0.5, "below": 1 / (1 + 2 / HALF_AT)}


def test_the_word_that_is_being_typed_is_none() -> None:
    assert near("value = oth‸er + rest") == {"value": 1.0, "rest": 1.0}
    assert near("value = ‸other") == {"value": 1.0}


@pytest.mark.parametrize(
    ("text", "called"),
    [
        ("f(‸)", "f"),
        ("a.method(1, b[2], ‸", "method"),
        ("f(a, [g(1), ‸", "f"),
        ("f(a)(‸", ""),
        ("f(a, (‸", "f"),
        ("f('(', ‸", "f"),
        ("x = [‸", ""),
        ("f(1)\n‸", ""),
        ("f(  # g(\n    ‸", "f"),
    ],
)
def test_the_function_whose_arguments_are_written(text: str, called: str) -> None:
    assert [name for name, weight in near(text).items() if weight == CALLED] == [name for name in [called] if name]


def test_of_a_line_without_end_what_is_near_counts() -> None:
    line = "far, " + "x, " * LOOKED_BACK + "near(‸" + ", x" * LOOKED_BACK + ", far"
    assert near(line) == {"x": 1.0, "near": CALLED}
    assert near("far(" + "x, " * LOOKED_BACK + "‸") == {"x": 1.0}
    assert near("far\n" + "x, " * LOOKED_BACK + "‸\nfar")["far"] == 1 / (1 + 1 / HALF_AT)


def test_any_text_and_no_language() -> None:
    assert dict(names_near(Document(""), 0, None)) == {}
    assert dict(names_near(Document("😀 ä = ß\r\n"), 5, None)) == {"ä": 1.0, "ß": 1.0}


def test_the_words_of_a_name() -> None:
    assert words_of("make_dict_unstructure_fn") == ("make", "dict", "unstructure")
    assert words_of("HTTPServerError") == ("http", "server", "error")
    assert words_of("größe_ändern") == ("größe", "ändern") and words_of("a_b") == () == words_of("")


def test_names_are_alike_by_their_words() -> None:
    stems = stems_of({"parsed_project": 0.5, "unstructHook": 1.0, "f": 1.0, "called": CALLED})
    assert stems == {"parse": 0.5, "proje": 0.5, "unstr": 1.0, "hook": 1.0, "calle": 1.0}
    assert likeness("parse_string", stems) == 0.25
    assert likeness("make_unstructure_hook", stems) == 2 / 3
    assert likeness("x", stems) == 0.0
