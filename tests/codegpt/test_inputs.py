"""Inputs: plain data of the right types, the same from the same seed, and the examples first."""

import os
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import find, given
from hypothesis import strategies as st

from codegpt.inputs import change, inputs_for, strategy_of
from codegpt.interface import Interface, Parameter, interface_of_signature, named_only
from codegpt.sandbox.codec import encode
from codegpt.sandbox.program import Call

ANNOTATED = interface_of_signature("f(values: list[int], by: str, deep: bool = False) -> int")
PLAIN = Interface("f", (Parameter("values"), Parameter("by")))
EXAMPLES = (Call("f", ([1, 2], "a")), Call("f", ([], "bc")))


def test_the_examples_come_first_and_each_once() -> None:
    found = inputs_for(ANNOTATED, [*EXAMPLES, EXAMPLES[0]], 20)
    assert found[:2] == EXAMPLES
    assert len(found) == len({repr(call) for call in found}) == 20


def test_the_same_seed_gives_the_same_inputs() -> None:
    assert inputs_for(ANNOTATED, EXAMPLES, 20) == inputs_for(ANNOTATED, EXAMPLES, 20)
    assert inputs_for(PLAIN, EXAMPLES, 20) != inputs_for(PLAIN, EXAMPLES, 20, seed=1)


def test_without_types_the_examples_are_changed() -> None:
    found = inputs_for(PLAIN, EXAMPLES, 20)
    assert len(found) == 20
    for call in found:
        values, by = call.args
        assert isinstance(values, list) and isinstance(by, str)


def test_without_examples_the_types_are_drawn() -> None:
    found = inputs_for(ANNOTATED, [], 20)
    assert len(found) == 20
    for call in found:
        values, by, *deep = call.args
        assert isinstance(values, list) and all(type(each) is int for each in values) and isinstance(by, str)
        assert all(type(each) is bool for each in deep)
    assert {len(call.args) for call in found} == {2, 3}


def test_parameters_with_a_default_are_given_now_and_then() -> None:
    one = inputs_for(interface_of_signature("f(n: int = 10, more=False, other=None)"), [], 20)
    assert {len(call.args) for call in one} == {0, 1, 2}
    assert all(type(value) is kind for call in one for value, kind in zip(call.args, (int, bool), strict=False))
    assert inputs_for(interface_of_signature("f(x=g())"), [], 20) == (Call("f"),)
    assert inputs_for(interface_of_signature("f()"), [], 20) == (Call("f"),)


def test_without_either_there_are_none() -> None:
    assert inputs_for(PLAIN, [], 20) == ()
    assert inputs_for(named_only("f"), [], 20) == ()
    assert inputs_for(ANNOTATED, [Call("g", (1,))], 0) == ()
    assert inputs_for(Interface("f"), [Call("f")], 20) == (Call("f"),)


def test_arguments_by_name_and_values_that_cannot_cross_are_left_out() -> None:
    assert inputs_for(PLAIN, [Call("f", ([],), {"by": "a"})], 20) == ()
    assert inputs_for(PLAIN, [Call("f", (object(), "a"))], 20) == ()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("annotation", "kind"),
    [
        ("int", int),
        ("float", float),
        ("str", str),
        ("bool", bool),
        ("bytes", bytes),
        ("complex", complex),
        ("None", type(None)),
        ("list", list),
        ("List[int]", list),
        ("typing.Sequence[str]", list),
        ("'list[int]'", list),
        ("set[str]", set),
        ("frozenset[int]", frozenset),
        ("dict[str, list[int]]", dict),
        ("Mapping", dict),
        ("tuple", tuple),
        ("tuple[int, str]", tuple),
        ("Tuple[int, ...]", tuple),
        ("Optional[int]", (int, type(None))),
        ("int | None", (int, type(None))),
        ("Union[str, int]", (str, int)),
        ("Literal['a', 'b']", str),
        ("Any", (int, str)),
    ],
)
def test_types(annotation: str, kind: type) -> None:
    strategy = strategy_of(annotation)
    assert strategy is not None
    drawn: list[Any] = []
    find(strategy, lambda value: drawn.append(value) is None)
    assert drawn and all(isinstance(each, kind) for each in drawn)
    for each in drawn:
        encode(each)


@pytest.mark.parametrize(
    "annotation",
    [
        "",
        "Path",
        "list[Path]",
        "dict[int, str, str]",
        "Callable[[int], str]",
        "set[list[int]]",
        "dict[list[int], int]",
        "set[set[int]]",
        "dict[int | list[int], int]",
        "frozenset[tuple[list[int]]]",
        "int |",
        "Union[Path]",
        "a.b.c",
        "(" * 999,
    ],
)
def test_no_type_of_plain_data(annotation: str) -> None:
    assert strategy_of(annotation) is None


PLAIN_DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner) | st.sets(st.integers())
    ),
)


@given(PLAIN_DATA, st.integers())
def test_a_change_keeps_the_type_and_the_value_it_was_given(value: Any, seed: int) -> None:
    before = repr(value)
    assert type(change(value, Random(seed))) is type(value)
    assert repr(value) == before


@pytest.mark.parametrize(
    "value", [float("inf"), float("nan"), -1e308, pytest.param(10**4400, id="huge"), [float("inf")], {"a": 1e999}]
)
def test_odd_values_can_be_changed(value: Any) -> None:
    for seed in range(50):
        assert type(change(value, Random(seed))) is type(value)
    found = inputs_for(PLAIN, [Call("f", (value, "a"))], 10)
    assert all(len(repr(call)) < 1 << 16 for call in found)


def test_a_parameter_that_has_to_be_named_is_not_drawn() -> None:
    assert inputs_for(interface_of_signature("f(x: int, *, key: str)"), [], 10) == ()
    assert len(inputs_for(interface_of_signature("f(x: int, *, key: str = '')"), [], 10)) == 10


def test_nothing_is_written_to_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = (
        "from codegpt.inputs import inputs_for; from codegpt.interface import interface_of_signature as of\n"
        "print(inputs_for(of('f(a: str, b: list[int], c: dict[str, float])'), [], 5))"
    )
    here = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    runs = [
        subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=here, capture_output=True, text=True, check=True)
        for _ in range(2)
    ]
    assert runs[0].stdout == runs[1].stdout != "" and list(tmp_path.iterdir()) == []
