"""What each source finds."""

from collections.abc import Mapping
from types import MappingProxyType

import pytest

from codegpt.context.cursor import Around, Cursor, Piece
from codegpt.context.edits import Region
from codegpt.context.project import Snapshot
from codegpt.context.sources import SOURCES
from codegpt.document import Document

TEXTS = {
    "app/__init__.py": "from .core import Engine as Motor\nfrom .tools import *\n",
    "app/core.py": (
        "class Base:\n    def stop(self, now: bool) -> None:\n        pass\n\n"
        "class Engine(Base):\n    size: int\n\n    def __init__(self, size: int) -> None:\n        pass\n\n"
        "    def run(self, times: int) -> str:\n        return ''\n\n    def _inner(self) -> None:\n        pass\n"
    ),
    "app/tools.py": (
        "def fetch(url: str, *, retries: int = 3) -> bytes:\n    return b''\n\ndef unused() -> None:\n    pass\n"
    ),
    "app/caller.py": "from app.tools import fetch\n\ndata = fetch('a', retries=1)\nprint(data)\n",
    "tests/test_core.py": "",
}


def found(
    source: str,
    text: str,
    path: str = "app/here.py",
    opened: Mapping[str, str] = MappingProxyType({}),
    recent: tuple[Region, ...] = (),
    language: str = "python",
) -> list[Piece]:
    offset = text.index("‸")
    document = Document(text.replace("‸", ""), path, language)
    cursor = Cursor(document, offset, Around(Snapshot(TEXTS), "app", path, opened, recent))
    return list(cursor.found(SOURCES[source]))


def best(pieces: list[Piece]) -> list[str]:
    """The names, by worth."""
    return [piece.entry.name for piece in sorted(pieces, key=lambda piece: -piece.score)]


def test_what_is_imported_and_its_members() -> None:
    pieces = found("imported", "from .core import Engine\n\nmotor = Engine(‸)\n")
    assert best(pieces) == ["Engine", "__init__", "run", "_inner"]
    assert {piece.path for piece in pieces} == {"app/core.py"}


def test_a_member_that_is_named_near_the_cursor_counts_as_its_name() -> None:
    pieces = found("imported", "from .core import Engine\n\n" + "\n" * 30 + "motor.run(1)\nmotor.‸\n")
    assert best(pieces)[0] == "run"


def test_names_that_are_only_passed_on_are_followed() -> None:
    assert best(found("imported", "from app import Motor\nMotor(‸)\n"))[0] == "Engine"
    assert best(found("imported", "from app import fetch\nfetch(‸)\n"))[0] == "fetch"


def test_of_a_module_what_is_used_near_the_cursor() -> None:
    assert best(found("imported", "import app.tools\napp.tools.fetch(‸)\n")) == ["fetch"]
    assert best(found("imported", "from app import tools\ntools.fetch(‸)\n"))[0] == "fetch"


def test_a_cycle_of_imports_ends() -> None:
    texts = {"a.py": "from b import x\n", "b.py": "from a import x\n"}
    document = Document("from a import x\nx(", "c.py", "python")
    cursor = Cursor(document, len(document.text), Around(Snapshot(texts), "", "c.py"))
    assert list(SOURCES["imported"](cursor)) == []


def test_a_language_that_the_editor_calls_otherwise() -> None:
    assert best(found("imported", "from .core import Engine\nEngine(‸)\n", language=""))[0] == "Engine"
    assert best(found("imported", "from .core import Engine\nEngine(‸)\n", language="Python3"))[0] == "Engine"


TYPES = {
    "app/models.py": (
        "class Root:\n    def close(self) -> None: ...\n\n\n"
        "class Reporter(Root):\n    def report_end(self, path: str) -> None: ...\n"
        "\n    def _hide(self): ...\n\n\ndef current() -> Reporter: ...\n"
    ),
    "app/paths.py": "def join_paths(a, b): ...\n\n\ndef other(): ...\n",
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from .models import Reporter\ndef f(reporter: 'Reporter | None') -> None:\n    reporter.‸\n", "members"),
        (
            "from .models import Reporter\nclass A:\n    def f(self):\n        self.it = Reporter()\n"
            "        self.it.re‸\n",
            "members",
        ),
        ("from . import models\nit = models.Reporter(1)\nit.‸\n", "members"),
        ("from .models import current\nit = current()\nit.‸\n", "members"),
        (
            "from .models import Reporter\nclass A:\n    @property\n    def it(self) -> Reporter: ...\n"
            "    def f(self): self.it.‸\n",
            "members",
        ),
        ("from .models import Reporter\nReporter.‸\n", "members"),
        ("from .models import Reporter\nclass Mine(Reporter):\n    pass\nit = Mine()\nit.‸\n", "members"),
        ("from . import paths\npaths.‸\n", "paths"),
        ("import app.paths\napp.paths.‸\n", "paths"),
        ("it.‸\n", ""),
        ("it = Nothing()\nit.‸\n", ""),
        ("from .models import Reporter\nreporter: Reporter\nreporter‸\n", ""),
    ],
)
def test_the_members_of_what_stands_before_the_dot(text: str, expected: str) -> None:
    offset = text.index("‸")
    document = Document(text.replace("‸", ""), "app/here.py", "python")
    pieces = Cursor(document, offset, Around(Snapshot(TYPES), "app", "app/here.py")).found(SOURCES["received"])
    names = {"members": {"report_end", "_hide", "close"}, "paths": {"join_paths", "other"}, "": set()}
    assert {piece.entry.name for piece in pieces} == names[expected]


OTHERS = {
    "src/store.rs": "pub struct Store { n: i32 }\nimpl Store {\n    pub fn get(&self) -> i32 { 1 }\n}\n"
    + "".join(f"impl T{each} for Store {{ fn t{each}(&self) {{}} }}\n" for each in range(3)),
    "src/shape.rs": "pub trait Shape {\n    fn area(&self) -> f64;\n}\n",
    "store/store.go": "package store\ntype Store struct {}\nfunc (s *Store) Get() {\n}\nfunc New() *Store {\n}\n",
    "x/com/acme/Foo.java": "package com.acme;\npublic class Foo { public int bar() { return 1; } }\n",
    "web/store.ts": "export class Store { get(): number { return 1 } }\n",
}


@pytest.mark.parametrize(
    ("path", "text", "source", "expected"),
    [
        (
            "src/main.rs",
            "use crate::store::Store;\nfn f() {\n    let s = Store::new();\n    s.‸\n}\n",
            "received",
            "get",
        ),
        ("src/c.rs", "use crate::shape::Shape;\nstruct C;\nimpl Shape for C {\n    ‸\n}\n", "inherited", "area"),
        ("a.go", 'package a\nimport "x/store"\nfunc f() {\n\ts := store.New()\n\ts.‸\n}\n', "received", "Get"),
        ("x/app/A.java", "import com.acme.*;\nclass A { void f() { Foo x = new Foo(); x.‸ } }\n", "received", "bar"),
        ("web/a.ts", "import {Store} from './store';\nfunction f(s?: Store) { s?.‸ }\n", "received", "get"),
    ],
)
def test_members_in_other_languages(path: str, text: str, source: str, expected: str) -> None:
    offset = text.index("‸")
    cursor = Cursor(Document(text.replace("‸", ""), path), offset, Around(Snapshot(OTHERS), "", path))
    assert expected in {piece.entry.name for piece in cursor.found(SOURCES[source])}


def test_what_the_file_imports_is_told_where_the_window_does_not_show_it() -> None:
    text = "import json\nfrom .tools import (\n    fetch,\n)\n\nx = ‸\n"
    pieces = found("header", text)
    assert [(piece.entry.signature, piece.path) for piece in pieces] == [
        ("import json", "app/here.py"),
        ("from .tools import (\n    fetch,\n)", "app/here.py"),
    ]
    assert pieces[1].score > pieces[0].score


def test_a_name_whose_words_are_near_counts_more() -> None:
    pieces = found("imported", "from app import tools\nfetched_url = tools‸\n")
    assert best(pieces) == ["fetch", "unused"]


def test_what_uses_the_same_names_is_looked_through() -> None:
    texts = {f"far/m{number}.py": f"import tools\n\nledger = tools.close_ledger({number})\n" for number in range(2)}
    texts |= {f"far/n{number}.py": "x = 1\n" * 20 for number in range(30)}
    text = "import tools\n\nledger = tools.close_ledger(‸"
    cursor = Cursor(
        Document(text[:-1], "app/here.py", "python"), len(text) - 1, Around(Snapshot(texts), "", "app/here.py")
    )
    assert {piece.path for piece in cursor.found(SOURCES["similar"])} == {"far/m0.py", "far/m1.py"}


def test_what_a_class_inherits() -> None:
    text = "from .core import Base\n\nclass Mine(Base):\n    def f(self):\n        self.‸\n"
    assert best(found("inherited", text)) == ["Base", "stop"]
    assert found("inherited", "from .core import Base\n\ndef f():\n    ‸\n") == []


def test_how_others_call_it() -> None:
    [piece] = found("used", "from app.tools import fetch\nfetch(‸)\n")
    assert (piece.path, piece.entry.signature) == ("app/caller.py", "data = fetch('a', retries=1)\nprint(data)")
    assert found("used", "x = ‸\n") == []
    texts = {"app/b.py": "from c import import_rows\n\nreturn_ = import_rows(1, 2)\n"}
    cursor = Cursor(Document("import_rows(", "a.py", "python"), 12, Around(Snapshot(texts), "", "a.py"))
    assert [each.entry.signature for each in cursor.found(SOURCES["used"])] == ["return_ = import_rows(1, 2)"]


def test_what_is_alike_in_open_files_and_in_those_beside() -> None:
    text = "from app.tools import fetch\n\nother = fetch('b', ‸\n"
    assert found("similar", text)[0].path == "app/caller.py"
    opened = {"far/x.py": "other = fetch('b', retries=7)\nstore(other)\n"}
    assert {piece.path for piece in found("similar", text, opened=opened)} >= {"app/caller.py", "far/x.py"}


def test_what_was_edited_last() -> None:
    pieces = found("recent", "x = ‸\n", recent=(Region("b.py", "new = 1\n", 0), Region("a.py", "old = 1\n", 7)))
    assert [(piece.path, piece.entry.signature) for piece in pieces] == [("b.py", "new = 1"), ("a.py", "old = 1")]
    assert pieces[0].score > pieces[1].score


def test_the_module_that_a_test_is_about() -> None:
    assert set(best(found("tested", "def test_run():\n    ‸\n", "tests/test_core.py"))) >= {"Engine", "run", "Base"}
    assert found("tested", "def run():\n    ‸\n", "app/core.py") == []


def test_any_text_at_all() -> None:
    for text in ("‸", "(‸", "from . import (‸", "class A(‸", "\r\n😀‸\r\n", "def f(:\n ‸"):
        for source in SOURCES:
            found(source, text)
