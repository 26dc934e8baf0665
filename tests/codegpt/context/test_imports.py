"""What a file imports, as it is written."""

import pytest

from codegpt.context.imports import Import, imports, imports_at, statements
from codegpt.document import Document
from codegpt.languages import LANGUAGES
from codegpt.syntax import parse

CASES = {
    "python": (
        "import a.b as c, d\nfrom .x import (y as z,\n  w)\nfrom . import q\nfrom m import *\nif 1:\n    import e.f\n",
        ["a.b||c", "d||d", ".x|y|z", ".x|w|w", ".|q|q", "m|*|", "e.f||e.f"],
    ),
    "javascript": (
        "import d, {a as b, c} from './x';\nimport * as ns from 'ns';\nimport './side';\n"
        "const {e, f: g} = require('./y');\nconst h = require('z');\nexport {i} from './w';\nexport * from './v';\n",
        [
            "./x|default|d",
            "./x|a|b",
            "./x|c|c",
            "ns||ns",
            "./side||",
            "./y|e|e",
            "./y|f|g",
            "z||h",
            "./w|i|i",
            "./v|*|",
        ],
    ),
    "typescript": ("import type {A} from './x';\nimport B = require('./b');\n", ["./x|A|A", "./b||B"]),
    "go": ('import "fmt"\nimport (\n\tx "a/b"\n\t. "c"\n\t_ "d/e"\n)\n', ["fmt||fmt", "a/b||x", "c|*|", "d/e||_"]),
    "rust": (
        "use crate::a::{b, c as d, e::*, self};\nuse super::f;\nmod g;\nmod h { }\npub use i::j;\nuse k;\n",
        ["crate::a|b|b", "crate::a|c|d", "crate::a::e|*|", "crate::a||a", "super|f|f", "self::g||g", "i|j|j", "|k|k"],
    ),
    "java": (
        "import a.b.C;\nimport static a.b.D.e;\nimport a.b.*;\n",
        ["a.b|C|C", "a.b.D|e|e", "a.b|*|"],
    ),
    "c": ('#include "x/y.h"\n#include <stdio.h>\n', ["x/y.h||", "<stdio.h>||"]),
    "cpp": ('#include "x.hpp"\n', ["x.hpp||"]),
    "ruby": (
        "require 'a/b'\nrequire_relative 'c'\nload 'x.rb'\nputs 'd'\n",
        ["a/b||", "./c||", "x.rb||"],
    ),
}


def test_every_grammar_has_a_case() -> None:
    assert {LANGUAGES[language].grammar.module for language in CASES} == {
        language.grammar.module for language in LANGUAGES.values()
    }


@pytest.mark.parametrize("language", CASES)
def test_imports(language: str) -> None:
    text, expected = CASES[language]
    syntax = parse(Document(text, language=language))
    assert syntax is not None
    assert [f"{each.module}|{each.name}|{each.bound}" for each in imports(syntax)] == expected


def test_what_is_no_import() -> None:
    syntax = parse(Document('x = "import a"\n# import b\nrequire("c")\n', language="python"))
    assert syntax is not None and imports(syntax) == ()
    syntax = parse(Document("from a import (b,\n\ndef f():\n    pass\n", language="python"))
    assert syntax is not None and Import("a", "b", "b") in imports(syntax)


def test_statements_at_the_top() -> None:
    text = (
        '"""Ä."""\nimport a, b\nfrom .c import (d,\n  e)\nif TYPE_CHECKING:\n    import f\ntry:\n    import g\n'
        "except ImportError:\n    def g(): ...\n\ndef h():\n    import i\n"
    )
    syntax = parse(Document(text, language="python"))
    assert syntax is not None
    found = [
        (text[span.start : span.end], [each.bound for each in made])
        for span, made in statements(syntax, imports_at(syntax))
    ]
    assert found == [
        ("import a, b", ["a", "b"]),
        ("from .c import (d,\n  e)", ["d", "e"]),
        ("if TYPE_CHECKING:\n    import f", ["f"]),
    ]
