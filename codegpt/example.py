"""One example of a function: a call, what has to come of it, and how Python writes such a thing."""

import ast
import builtins
import doctest
import sys
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from codegpt.cases import bools_apart
from codegpt.literals import UNREADABLE, NotLiteral, value_of
from codegpt.sandbox.codec import Value
from codegpt.sandbox.outcome import Raised, Reply, Returned
from codegpt.sandbox.program import Call
from codegpt.sandbox.verdict import Raises, same

TOLERANCE = 1e-6
"""Relative and absolute, where a float is expected."""


@dataclass(frozen=True)
class Shown:
    """What an interactive session shows; ``...`` in it stands for anything, as in a doctest."""

    text: str


Expected: TypeAlias = Value | Raises | Shown


@dataclass(frozen=True)
class Example:
    """One call, and what has to come of it.

    Attributes:
        text: as people read it.
        appended: code that is put behind the program and defines what is called; "" for the program's own functions.
        bools_apart: whether true is something else than 1, as it is not in Python.
        in_place: nothing is returned, and `expected` is what becomes of the first argument.
        inner: calls of the program's function that `appended` makes.
    """

    call: Call
    expected: Expected
    text: str
    appended: str = ""
    bools_apart: bool = False
    in_place: bool = False
    inner: tuple[Call, ...] = ()

    @property
    def calls(self) -> tuple[Call, ...]:
        """Of the program's own function."""
        return self.inner if self.appended else (self.call,)

    def holds(self, reply: Reply) -> bool:
        """Whether a program's answer is what the example says."""
        result = reply.result
        if isinstance(self.expected, Raises):
            return isinstance(result, Raised) and self.expected.name in (result.name, *result.bases)
        if not isinstance(result, Returned):
            return False
        if isinstance(self.expected, Shown):
            if not isinstance(result.value, str):
                return False
            flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
            return doctest.OutputChecker().check_output(self.expected.text, result.value, flags)
        if self.in_place:
            after = self.call.args if result.args is None else result.args
            return result.value is None and after != () and same(after[0], self.expected, TOLERANCE)
        if self.bools_apart:
            return same(bools_apart(result.value), bools_apart(self.expected), TOLERANCE)
        return same(result.value, self.expected, TOLERANCE)


def in_place(example: Example) -> Example:
    """The example as one of a function that returns nothing: what it makes of its first argument."""
    if example.appended or example.expected is None or isinstance(example.expected, Raises | Shown):
        return example
    return replace(example, text=example.text.replace(" == ", " leaves it as ", 1), in_place=True)


def without_contradictions(examples: Sequence[Example]) -> tuple[Example, ...]:
    """Each call once; none of those that are said to give different values."""
    by_call: dict[str, list[Example]] = {}
    for example in examples:
        by_call.setdefault(f"{example.call!r} {example.appended}", []).append(example)
    return tuple(
        same_call[0]
        for same_call in by_call.values()
        if all(_agree(each.expected, same_call[0].expected) for each in same_call)
    )


def _agree(one: Expected, other: Expected) -> bool:
    if isinstance(one, Raises | Shown) or isinstance(other, Raises | Shown):
        return one == other
    return same(one, other, TOLERANCE)


def call_of(node: ast.AST, function: str, known: Mapping[str, Value]) -> Call:
    """A call of the function with literals.

    Args:
        known: names that have a value.

    Raises:
        NotLiteral: it is none.
    """
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.func.id != function:
        raise NotLiteral("not a call of the function")
    named = {keyword.arg: value_of(keyword.value, known) for keyword in node.keywords if keyword.arg}
    if len(named) != len(node.keywords):
        raise NotLiteral("a call with **")
    return Call(function, tuple(value_of(arg, known) for arg in node.args), named)


def comparison(node: ast.expr, function: str, known: Mapping[str, Value]) -> tuple[Call, Value] | None:
    """The call and the value of ``f(1) == 2``, ``2 == f(1)``, ``f(1) is True``, ``f(1)`` and ``not f(1)``.

    None where it is no such comparison with literals.

    Args:
        known: names that have a value.
    """
    try:
        if isinstance(node, ast.Call):
            return call_of(node, function, known), True
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return call_of(node.operand, function, known), False
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], ast.Eq | ast.Is):
            left, right = node.left, node.comparators[0]
            if isinstance(left, ast.Call):
                return call_of(left, function, known), value_of(right, known)
            return call_of(right, function, known), value_of(left, known)
    except UNREADABLE:
        pass
    return None


def of_assert(test: ast.expr, function: str, *, closed: bool = True) -> Example | None:
    """What an assert says of the function: about one call of it, else as a function of its own, put beside the program.

    Modules of Python's own are imported there. None where it does not name the function.

    Args:
        closed: none either where it names something that is neither the function nor Python's own: a program that does
            what is asked for need not have it.
    """
    text = ast.unparse(test)
    compared = comparison(test, function, {}) if isinstance(test, ast.Compare) else None  # else any truth will do
    if compared is not None:
        return Example(*compared, text)
    names = {node.id: node.ctx for node in ast.walk(test) if isinstance(node, ast.Name)}
    given = {name for name, context in names.items() if isinstance(context, ast.Store)} | {function, *dir(builtins)}
    modules = sorted((names.keys() - given) & sys.stdlib_module_names)
    if function not in names or (closed and names.keys() - given - {*modules}):
        return None
    name = f"codegpt_assert_{zlib.crc32(text.encode('utf-8', 'surrogatepass')):08x}"
    imports = "".join(f"    import {module}\n" for module in modules)
    code = f"\n\ndef {name}():\n{imports}    return bool({text})\n"
    return Example(Call(name), True, text, code, inner=tuple(_calls_in(test, function)))


def _calls_in(node: ast.expr, function: str) -> Iterator[Call]:
    for each in ast.walk(node):
        try:
            yield call_of(each, function, {})
        except UNREADABLE:
            continue
