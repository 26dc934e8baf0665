"""What a function takes and gives, from code that may not be finished."""

import pytest

from codegpt.errors import InputError
from codegpt.interface import Interface, Parameter, docstring_of, interface_of, interface_of_signature

FINISHED = (
    'def mean(values: list[float], *, exact: bool = False, start=0.5) -> float:\n    """The mean."""\n    return 0\n'
)


@pytest.mark.parametrize(
    "code",
    [
        "def f(a, b: int = 3) -> str:",
        "def f(a, b: int = 3) -> str:\n",
        'import x\n\ndef g():\n    pass\n\n\ndef f(a, b: int = 3) -> str:\n    """Do it."""\n',
        "async def f(a, b: int = 3) -> str:\n    ...\n",
        "def f(a, b: int = 3) -> str:\n    # a comment\n",
    ],
)
def test_however_much_of_it_is_there(code: str) -> None:
    assert interface_of(code) == Interface("f", (Parameter("a"), Parameter("b", "int", "3")), "str")


def test_as_python_writes_it() -> None:
    assert str(interface_of("def f(a, b: int = 3, c=()) -> list[str]: ...")) == "f(a, b: int = 3, c=()) -> list[str]"
    assert str(Interface("f")) == "f()"


def test_a_method() -> None:
    code = 'class A:\n    def f(self): ...\n\n    def g(self, x: int) -> \'A\':\n        """Go."""\n'
    assert interface_of(code) == Interface("g", (Parameter("x", "int"),), "'A'", "A")
    static = "class A:\n    @staticmethod\n    def g(x): ...\n"
    assert interface_of(static) == Interface("g", (Parameter("x"),), "", "A")


@pytest.mark.parametrize("code", ["", "x = 1", "class A:\n    pass\n", "def f(", "(" * 500, "\0"])
def test_none(code: str) -> None:
    assert interface_of(code) is None and docstring_of(code) == ""


def test_docstrings() -> None:
    assert docstring_of('def f():\n    """One.\n\n    Two.\n    """\n') == "One.\n\nTwo."
    assert docstring_of("def f():") == ""


@pytest.mark.parametrize("text", ["f(a: int) -> str", "def f(a: int) -> str:", "  f(a:int)->str  "])
def test_signatures(text: str) -> None:
    assert interface_of_signature(text) == Interface("f", (Parameter("a", "int"),), "str")


@pytest.mark.parametrize("text", ["", "f", "f(a", "f(a)\nimport os", "1(2)"])
def test_what_is_no_signature(text: str) -> None:
    with pytest.raises(InputError, match="is no signature"):
        interface_of_signature(text)
