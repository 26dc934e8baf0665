"""The table of languages: ids, extensions, grammars loaded when asked for, and one query each."""

import subprocess
import sys

import pytest
from tree_sitter import Parser

from codegpt.languages import LANGUAGES, definition_query, grammar, language_of, query


def test_the_language_ids() -> None:
    assert sorted(LANGUAGES) == [
        "c",
        "cpp",
        "go",
        "java",
        "javascript",
        "javascriptreact",
        "python",
        "ruby",
        "rust",
        "typescript",
        "typescriptreact",
    ]
    assert all(key == language.id for key, language in LANGUAGES.items())


def test_no_extension_belongs_to_two_languages() -> None:
    extensions = [extension for language in LANGUAGES.values() for extension in language.extensions]
    assert len(extensions) == len(set(extensions))


@pytest.mark.parametrize(
    ("path", "language_id", "expected"),
    [
        ("a.py", "", "python"),
        ("/x/y.z/a.TSX", "", "typescriptreact"),
        ("file:///a/b%20c.rs", "", "rust"),
        ("a.h", "", "c"),
        ("a.h", "cpp", "cpp"),
        ("a.py", "no-such-language", "python"),
        ("", "go", "go"),
        ("a.jsx", "", "javascriptreact"),
        ("Makefile", "", None),
        ("a.txt", "plaintext", None),
        (".py", "", None),
        ("", "", None),
    ],
)
def test_language_of(path: str, language_id: str, expected: str | None) -> None:
    found = language_of(path, language_id)
    assert (found and found.id) == expected


@pytest.mark.parametrize("language", LANGUAGES.values(), ids=list(LANGUAGES))
def test_every_grammar_and_query_loads_once(language) -> None:
    assert grammar(language) is grammar(language)
    assert query(language) is query(language)
    captures = {query(language).capture_name(index) for index in range(query(language).capture_count)}
    assert captures >= {"name", "body", "reference", "definition.class"}
    assert definition_query(language).pattern_count == query(language).pattern_count
    root = Parser(grammar(language)).parse(b"").root_node
    assert not root.has_error


def test_jsx_is_parsed_by_the_javascript_grammar() -> None:
    assert grammar(LANGUAGES["javascriptreact"]) is grammar(LANGUAGES["javascript"])
    assert grammar(LANGUAGES["typescriptreact"]) is not grammar(LANGUAGES["typescript"])


def test_importing_the_table_loads_no_grammar() -> None:
    code = "import sys, codegpt.syntax; print([m for m in sys.modules if m.startswith('tree_sitter_')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
