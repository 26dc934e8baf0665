"""What a function takes and gives, from code that may not be finished."""

import pytest

from codegpt.errors import InputError
from codegpt.interface import Interface, Parameter, docstring_of, interface_of, interface_of_signature, open_function

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
    parameters = (Parameter("a"), Parameter("b", "int", "3"))
    assert interface_of(code) == Interface("f", parameters, "str", is_async=code.startswith("async"))


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


@pytest.mark.parametrize(
    ("code", "name", "owner", "line"),
    [
        ("def f(x):", "f", "", 0),
        ('x = 1\n\n@cache\n@other\ndef f(x):\n    """Doc."""', "f", "", 2),
        ("class A:\n    def m(self):", "m", "A", 1),
        ("if x:\n    def g(y: str):", "g", "", 1),
        ('try:\n    def g():\n        """Doc."""', "g", "", 1),
        ('def f(x):\n    """Doc.\n\n    def helper(): ...\n    """', "f", "", 0),
        ("async def f():", "f", "", 0),
    ],
)
def test_a_function_that_is_open(code: str, name: str, owner: str, line: int) -> None:
    found = open_function(code)
    assert found is not None
    assert (found.interface.name, found.interface.owner, found.line) == (name, owner, line)


@pytest.mark.parametrize(
    "code",
    [
        "",
        "x = 1",
        "def f():\n    return 1",
        'def f():\n    """Doc."""\n    return 1',
        "def f():\n    pass\n\nx = 1",
        "def f():\n    def g():",
        "def f():\n    def g():\n        return 1",
        "class A:\n    x = 1",
        "def f(",
        "def f():\n    ...",
    ],
)
def test_no_function_is_open(code: str) -> None:
    assert open_function(code) is None


def test_the_docstring_is_that_of_the_function_itself() -> None:
    code = 'class A:\n    def m(self):\n        """of m"""\n\n\ndef f():\n    """of f"""\n'
    assert docstring_of(code) == "of f" and docstring_of("x = 1") == "" == docstring_of("def f():\n    pass")


@pytest.mark.parametrize(
    ("signature", "names", "needs"),
    [
        ("total(*numbers: int) -> int", (), False),
        ("f(x, /, y=1, *, key: str, more=2, **others)", ("x", "y"), True),
        ("f(x, *, key=1)", ("x",), False),
    ],
)
def test_parameters_of_every_kind_are_kept(signature: str, names: tuple[str, ...], needs: bool) -> None:
    found = interface_of_signature(signature)
    assert str(found) == signature and found.names == names and found.needs_names is needs
