"""What names mean."""

import pytest

from codegpt.context.meaning import declared, known_as, lineage, members_of, names_behind, returned_by
from codegpt.context.outline import Entry
from codegpt.context.project import Defined, Snapshot

PROJECT = Snapshot(
    {
        "a.py": "class A:\n    def one(self): ...\n",
        "b.py": (
            "from a import A\n\n\nclass B(A, object):\n    def two(self): ...\n"
            "\n\nclass C(B, metaclass=M):\n    x: int\n"
        ),
        "loop.py": "from loop import D\n\n\nclass D(E): ...\n\n\nclass E(D): ...\n",
    }
)


def entry(signature: str, name: str = "f", kind: str = "function") -> Entry:
    return Entry(name, kind, "", signature, "", 0, len(signature))


def of(path: str, name: str) -> Defined:
    facts = PROJECT.facts(path)
    assert facts is not None
    [found] = known_as(PROJECT, path, facts, name)
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("it: Engine", ["Engine"]),
        ("it: Mapping[str, Engine] | None = None", ["Mapping", "str", "Engine", "None"]),
        ("def f(it: Engine, other: int)", ["Engine"]),
        ("self.it = app.Engine(1)", ["Engine"]),
        ("it = await connect()", ["connect"]),
        ("const it = new Engine(1)", ["Engine"]),
        ("it?: Engine;", ["Engine"]),
        ("it := Engine{}", ["Engine"]),
        ("Engine *it;", ["Engine"]),
        ("List<Engine> it", ["List"]),
        ("def it(self) -> Engine:", ["Engine"]),
        ("it = 1\nit: First\nit: Second", ["Second", "First"]),
        ("bit: Engine\nit.x = Engine\nit == f(1)", []),
        ("", []),
    ],
)
def test_what_a_variable_is_declared_as(text: str, expected: list[str]) -> None:
    assert list(declared(text, "it")) == expected


@pytest.mark.parametrize(
    ("signature", "expected"),
    [
        ("def f() -> Engine:", ["Engine"]),
        ("def f(\n    a: int,\n) -> list[Engine] | None:", ["list", "Engine", "None"]),
        ("function f(a: number): Engine", ["Engine"]),
        ("fn f(a: i32) -> Result<Engine>", ["Result", "Engine"]),
        ("def f(a: int):", []),
        ("function f(a)", []),
    ],
)
def test_what_a_function_says_it_returns(signature: str, expected: list[str]) -> None:
    assert list(returned_by(entry(signature))) == expected


def test_a_class_and_what_it_inherits_from() -> None:
    found = list(lineage(PROJECT, of("b.py", "C")))
    assert [(each.path, each.entry.name) for each in found] == [("b.py", "C"), ("b.py", "B"), ("a.py", "A")]
    assert [member.name for each in found for member in members_of(PROJECT, each)] == ["two", "one"]
    assert list(names_behind(found[0].entry)) == ["B", "metaclass", "M"]


def test_classes_that_inherit_from_each_other_end() -> None:
    assert {each.entry.name for each in lineage(PROJECT, of("loop.py", "D"))} == {"D", "E"}
