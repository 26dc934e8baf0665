"""What a document says beside the line that is being written."""

import pytest

from codegpt.context.cursor import Around, Cursor
from codegpt.context.project import Snapshot
from codegpt.document import Document


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("a.py", "class A:\n    def one(self): ...\n    x = ‸\n    def two(self): ...\n", "A one two"),
        (
            "a.py",
            "class A:\n    def one(self):\n        if x:‸\n            y\n\n    def two(self): ...\n",
            "A one two",
        ),
        ("a.py", 'class A:\n    """Doc\n    more."""‸\n\n    def one(self): ...\n\n\ndef g(): ...\n', "A one g"),
        ("a.py", "class A:\n    x = f(‸\n        1,\n    )\n\n    def one(self): ...\n\n\ndef g(): ...\n", "A one g"),
        ("a.py", "x = f(‸\n\n\ndef g(): ...\n", "g"),
        (
            "a.js",
            "class A {\n  one() {\n    for (const x of y) {‸\n      f(x);\n    }\n  }\n  two() {}\n}\n",
            "A one two",
        ),
        ("a.js", "class A {\n  one() {\n    if (x) { y();\n    }‸\n  }\n  two() {}\n}\n", "A one two"),
        ("a.go", "package a\nfunc A() {\n\tif x {‸\n\t\ty()\n\t}\n}\nfunc B() {}\n", "A B"),
    ],
)
def test_what_is_defined_around_the_line_of_the_cursor(path: str, text: str, expected: str) -> None:
    offset = text.index("‸")
    cursor = Cursor(Document(text.replace("‸", ""), path), offset, Around(Snapshot({}), "", path))
    assert {entry.name for entry in cursor.entries} == set(expected.split())
    for entry in cursor.entries:
        assert entry.name in cursor.document.text[entry.start : entry.start + 20]
