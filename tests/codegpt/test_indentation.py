import pytest

from codegpt.document import Document
from codegpt.indentation import new_line


@pytest.mark.parametrize(
    ("source", "language", "put_in"),
    [
        ("x = 1‸\n", "python", "\n"),
        ("x = 1‸", "python", "\n"),
        ("def f():‸\n", "python", "\n    "),
        ("class A:\n  x = 1\n\n  def f(self):‸\n", "python", "\n    "),
        ("def f():\n\tif x:‸\n", "python", "\n\t\t"),
        ("def f():\n    return 1‸\n", "python", "\n"),
        ("def f():\n    if x:\n        raise Y‸\n", "python", "\n    "),
        ("def f():\n    returned = 1‸\n", "python", "\n    "),
        ("f(‸\n", "python", "\n    "),
        ("if (x) {‸\n}\n", "javascript", "\n  "),
        ("if (x) {\n    y\n    if (z) {‸\n    }\n}\n", "javascript", "\n        "),
        ("switch (x) {\n  case 1:‸\n", "javascript", "\n  "),
        ("/*\n * a comment\n */\nif (x) {‸\n", "javascript", "\n  "),
        ("items.each do‸\n", "ruby", "\n  "),
        ("func f() {‸\n}\n", "go", "\n\t"),
        ("a\r\nb:‸\r\n", "python", "\r\n    "),
        ("a‸\r\nb\r\n", "python", "\r\n"),
        ("a\rb‸", "python", "\r"),
    ],
)
def test_new_line(source: str, language: str, put_in: str) -> None:
    offset = source.index("‸")
    assert new_line(Document(source.replace("‸", ""), "", language), offset) == put_in
