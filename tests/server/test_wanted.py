from pathlib import Path

import pytest
from codegpt_server.wanted import edit_of, inserted, new_file, wanted_at
from lsprotocol import types

from codegpt.document import Document, Edit, Span

NONE = types.ClientCapabilities()
ALL = types.ClientCapabilities(
    workspace=types.WorkspaceClientCapabilities(
        workspace_edit=types.WorkspaceEditClientCapabilities(
            document_changes=True,
            resource_operations=[types.ResourceOperationKind.Create],
            change_annotation_support=types.ChangeAnnotationsSupportOptions(),
        )
    )
)


def at(source: str, language: str = "python") -> tuple[Document, Span]:
    """A document, and the selection between one or two `‸`."""
    start = source.index("‸")
    end = source.rindex("‸") - 1 if source.count("‸") > 1 else start
    return Document(source.replace("‸", ""), "file:///a.py", language, 3), Span(start, end)


def written(source: str, program: str, language: str = "python") -> str:
    wanted = wanted_at(*at(source, language))
    assert wanted is not None
    return wanted.document.apply(Edit(wanted.span, inserted(wanted, program))).text


@pytest.mark.parametrize(
    ("source", "program", "after"),
    [
        (
            "def f(x):\n    ‸\n\n\ny = 1\n",
            "def f(x):\n    return x\n",
            "def f(x):\n    return x\n\n\ny = 1\n",
        ),
        ("def f(x):‸", "def f(x):\n    return x\n", "def f(x):\n    return x"),
        ("def f(x):\r\n    ‸\r\ny\r\n", "def f(x):\n    return x\n", "def f(x):\r\n    return x\r\ny\r\n"),
        (
            'def f(x):\n    """Same. f(1) == 1"""\n‸\ny = 1\n',
            'def f(x):\n    """Same. f(1) == 1"""\n    return x\n',
            'def f(x):\n    """Same. f(1) == 1"""\n    return x\ny = 1\n',
        ),
        (
            'd‸ef f(x):\n    """Same. f(1) == 1"""\n\n\ny = 1\n',
            'def f(x):\n    """Same. f(1) == 1"""\n    return x\n',
            'def f(x):\n    """Same. f(1) == 1"""\n    return x\n\n\ny = 1\n',
        ),
        (
            '‸d‸ef f(x):\n    """Same. f(1) == 1"""\n',
            'def f(x):\n    """Same. f(1) == 1"""\n    return x\n',
            'def f(x):\n    """Same. f(1) == 1"""\n    return x\n',
        ),
        (
            'def f(x):\n    ‸"""Same. f(1) == 1"""\n',
            'def f(x):\n    """Same. f(1) == 1"""\n    return x\n',
            'def f(x):\n    """Same. f(1) == 1"""\n    return x\n',
        ),
        (
            'class A:\n    def f(self):\n        """One.\n\n        Al‸ways.\n        """\n\n    def g(self): ...\n',
            '    def f(self):\n        """One.\n\n        Always.\n        """\n        return 1\n',
            'class A:\n    def f(self):\n        """One.\n\n        Always.\n        """\n        return 1\n\n'
            "    def g(self): ...\n",
        ),
        (
            "def f(x):\n‸    y = 2\n    return 3\n‸\n\nz\n",
            "def f(x):\n    return x\n",
            "def f(x):\n    return x\n\n\nz\n",
        ),
        (
            "class A:\n    def f(self):\n        ‸\n",
            "    def f(self):\n        return 1\n",
            "class A:\n    def f(self):\n        return 1\n",
        ),
        ("# add two numbers. add(1, 2) == 3\n‸\ny\n", "def add(a, b):\n    return a + b\n",
         "# add two numbers. add(1, 2) == 3\ndef add(a, b):\n    return a + b\n\ny\n"),
        ("# add two\n# numbers up‸\ny\n", "def add(): ...\n", "# add two\n# numbers up\ndef add(): ...\ny\n"),
    ],
)  # fmt: skip
def test_where_an_answer_goes(source: str, program: str, after: str) -> None:
    assert written(source, program) == after


@pytest.mark.parametrize(
    "source",
    [
        "x = 1‸\n",
        "# TODO‸\n",
        "def f():\n    return 1\n‸",
        "if x:\n    ‸\n",
        "x = ‸1 + 2‸\n",
        "d‸ef‸ f(x):\n    return x\n",
        'd‸ef ‸f(x):\n    """Same. f(1) == 1"""\n',
        "‸",
        "def f(:\n    ‸\n",
        "def f(x):‸\n    return x\n",
        "def f‸(x):\n    return x\n",
        'def f(x):\n    """Same‸."""\n    return x\n',
        'def f(x):\n    ‸"""Same."""\n    return x\n',
        "def f(x):\n    ‸return x\n",
    ],
)
def test_where_nothing_is_wanted(source: str) -> None:
    assert wanted_at(*at(source)) is None


@pytest.mark.parametrize(
    ("source", "after"),
    [
        ("x = 1\n‸\n", "x = 1\ndef g(): ...\n"),
        ("‸", "def g(): ..."),
        (
            "def f():\n    for x in y:\n        ‸\n        z\n\nw\n",
            "def f():\n    for x in y:\n        \n        z\n\n\ndef g(): ...\n\nw\n",
        ),
        (
            "class A:\n    def f(self):\n        return ‸1\n",
            "class A:\n    def f(self):\n        return 1\n\n\ndef g(): ...\n",
        ),
        ("x = ‸1\ny\n", "x = 1\n\n\ndef g(): ...\ny\n"),
        ('d = {\n    "a": 1‸,\n    "b": 2,\n}\ny\n', 'd = {\n    "a": 1,\n    "b": 2,\n}\n\n\ndef g(): ...\ny\n'),
        ("if x:\n    a()‸\n    b()\n", "if x:\n    a()\n    b()\n\n\ndef g(): ...\n"),
        ('t = """\n‸\n"""\n', 't = """\n\n"""\n\n\ndef g(): ...\n'),
    ],
)
def test_words_go_behind_what_the_cursor_is_in(source: str, after: str) -> None:
    wanted = wanted_at(*at(source), "something else")
    assert wanted is not None
    assert (wanted.words, wanted.title, wanted.examples) == ("something else", "what the comment says", 0)
    assert wanted.document.apply(Edit(wanted.span, inserted(wanted, "def g(): ...\n"))).text == after


def test_the_title_and_the_examples_of_a_function() -> None:
    wanted = wanted_at(*at('def f(x):\n    """Same.\n\n    >>> f(1)\n    1\n    >>> f(2)\n    2\n    """\n    ‸\n'))
    assert wanted is not None
    assert (wanted.title, wanted.examples) == ("the body of f", 2)


def test_other_languages_have_comments_too() -> None:
    wanted = wanted_at(*at("// add two numbers\n‸\n", "javascript"))
    assert wanted is not None
    assert wanted.words == "add two numbers"
    assert wanted_at(*at("// add two numbers\n‸\n", "plaintext")) is None


def test_an_edit_is_shown_with_its_label_where_the_editor_can() -> None:
    wanted = wanted_at(*at("def f(x):\n    ‸\n"))
    assert wanted is not None
    place = types.Range(types.Position(0, 9), types.Position(1, 4))
    program = "def f(x):\n    return x\n"
    plain = edit_of(wanted, program, "examples passed", "utf-16", NONE)
    assert plain == types.WorkspaceEdit(changes={"file:///a.py": [types.TextEdit(place, "\n    return x")]})
    shown = edit_of(wanted, program, "examples passed", "utf-16", ALL)
    assert shown.change_annotations == {"codegpt": types.ChangeAnnotation("examples passed", needs_confirmation=True)}
    [change] = shown.document_changes or []
    assert isinstance(change, types.TextDocumentEdit)
    assert change.text_document == types.OptionalVersionedTextDocumentIdentifier("file:///a.py", 3)
    [edit] = change.edits
    assert (edit.annotation_id, edit.range, edit.new_text) == ("codegpt", place, "\n    return x")


def test_what_goes_in_is_what_was_run() -> None:
    program = 'T = """a  \nb"""\n\n\ndef f():\n    return T\n'
    assert written("# a text of two lines‸\n", program) == f"# a text of two lines\n{program}"
    assert written("class A:\n    # a text of two lines‸\n", program) == (
        'class A:\n    # a text of two lines\n    T = """a  \nb"""\n\n\n    def f():\n        return T\n'
    )


def test_a_translation_has_a_place_beside_a_file_alone(tmp_path: Path) -> None:
    (tmp_path / "a_f.js").write_text("kept")
    there = Document("def f(): ...\n", (tmp_path / "a.py").as_uri(), "python")
    assert new_file(there, "f", "javascript", "x\n", "parses only", NONE) is None
    assert new_file(there, "f", "javascript", "x\n", "parses only", ALL) is not None  # the editor refuses
    for uri in ("untitled:Untitled-1", "vscode-notebook-cell:/a.ipynb#W0"):
        assert new_file(Document("", uri, "python"), "f", "javascript", "x\n", "parses only", ALL) is None


def test_a_translation_is_a_new_file() -> None:
    document = Document("def f(): ...\n", "file:///src/a.py", "python")
    made = new_file(document, "f", "javascript", "function f() {}\n", "parses only", ALL)
    assert made is not None
    create, change = made.document_changes or []
    assert isinstance(create, types.CreateFile) and isinstance(change, types.TextDocumentEdit)
    assert create.uri == change.text_document.uri == "file:///src/a_f.js"
    assert create.options == types.CreateFileOptions(overwrite=False, ignore_if_exists=False)
    plain = new_file(document, "f", "javascript", "x\n", "parses only", NONE)
    assert plain is not None
    assert list(plain.changes or {}) == ["file:///src/a_f.js"]
