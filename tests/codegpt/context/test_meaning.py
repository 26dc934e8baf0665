"""What names mean."""

import pytest

from codegpt.context.imports import DEFAULT, Import
from codegpt.context.meaning import declared, known_as, lineage, meant, members_of, names_behind, returned_by
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
        ("let it = Store::new();", ["new", "Store"]),
        ("it = Store.new\nx = 1", ["new", "Store"]),
        ("it = Store.create(1)", ["create", "Store"]),
        ("const Store& it", ["Store"]),
        ("Store* it = 0;", ["Store"]),
        ("func (it *store.Store) X()", ["store", "Store"]),
        ("var it store.Store", ["store", "Store"]),
        ("it = other\nx = it", []),
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
        ("func New(n int) *Store", ["Store"]),
    ],
)
def test_what_a_function_says_it_returns(signature: str, expected: list[str]) -> None:
    assert list(returned_by(entry(signature))) == expected


def test_a_class_and_what_it_inherits_from() -> None:
    found = list(lineage(PROJECT, of("b.py", "C")))
    assert [(each.path, each.entry.name) for each in found] == [("b.py", "C"), ("b.py", "B"), ("a.py", "A")]
    assert [member.name for each in found for member in members_of(PROJECT, each)] == ["two", "one"]
    assert list(names_behind(found[0].entry)) == ["B", "metaclass", "M"]


def test_a_base_that_is_named_by_its_module() -> None:
    texts = {
        "app/models.py": "def unrelated(): ...\n\n\nclass Model:\n    def save(self): ...\n",
        "one.py": "from app import models\n\n\nclass A(models.Model): ...\n",
        "two.py": "import app.models\n\n\nclass B(app.models.Model): ...\n",
        "three.py": "from app.models import Model as M\n\n\nclass C(M): ...\n",
    }
    project = Snapshot(texts)
    for path, name in (("one.py", "A"), ("two.py", "B"), ("three.py", "C")):
        facts = project.facts(path)
        assert facts is not None
        [found] = known_as(project, path, facts, name)
        assert [each.entry.name for each in lineage(project, found)] == [name, "Model"]
    facts = project.facts("one.py")
    assert facts is not None and known_as(project, "one.py", facts, "models") == []


def test_a_class_of_many_ways_is_told_once() -> None:
    names = [f"C{number}" for number in range(60)]
    classes = "".join(f"class {name}(m.C0, m.C1, m.C2):\n    x: int\n" for name in names)
    project = Snapshot({"m.py": f"import m\n{classes}"})
    facts = project.facts("m.py")
    assert facts is not None
    [found] = known_as(project, "m.py", facts, "C9")
    assert {each.entry.name for each in lineage(project, found, facts)} == {"C9"}  # a file does not import itself
    project = Snapshot({"a.py": f"import m\n{classes}", "m.py": f"import a as m\n{classes}"})
    facts = project.facts("a.py")
    assert facts is not None
    [found] = known_as(project, "a.py", facts, "C9")
    assert len(lineage(project, found)) == 7


def test_the_default_of_a_script() -> None:
    texts = {"a.ts": "export const HELP = 1;\nexport default class Foo {}\nfunction g() {}\n", "b.ts": ""}
    for bound in ("Foo", "Anything"):
        found = list(meant(Snapshot(texts), "b.ts", "typescript", Import("./a", DEFAULT, bound)))
        assert [each.entry.name for each in found] == ["Foo"]


def test_classes_that_inherit_from_each_other_end() -> None:
    assert {each.entry.name for each in lineage(PROJECT, of("loop.py", "D"))} == {"D", "E"}
