"""Literals in the middle of prose: where one begins and ends, and its value.

As Python writes them, and words of other languages for the same: `true`, `null`, `undefined`, `Infinity`, keys of an
object without quotes. Sums of numbers are computed, within reason. Nothing is ever evaluated but literals.
"""

import ast
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from codegpt.sandbox.codec import Value

_WORDS: dict[str, Value] = {
    "true": True,
    "false": False,
    "null": None,
    "none": None,
    "undefined": None,
    "nil": None,
    "TRUE": True,
    "FALSE": False,
    "NaN": float("nan"),
    "nan": float("nan"),
    "inf": float("inf"),
    "Infinity": float("inf"),
}
_EMPTY: dict[str, Callable[[], Value]] = {
    "set": set,
    "list": list,
    "dict": dict,
    "tuple": tuple,
    "frozenset": frozenset,
}
_LARGEST = 1 << 64

_QUOTED = re.compile(r"""[rbuRBU]?("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')""")
_NUMBER = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F]+|\d[\d_]*(?:\.(?!\s|$)\d*)?|\.\d+)(?:[eE][-+]?\d+)?(?![\w%])")
_WORD = re.compile(r"(?:True|False|None|" + "|".join(_WORDS) + r")\b(?!\s*\()|(?:" + "|".join(_EMPTY) + r")\(\)")
_OPENERS = {"(": ")", "[": "]", "{": "}"}


class NotLiteral(ValueError):
    """There is no literal."""


UNREADABLE = (SyntaxError, ValueError, ArithmeticError, RecursionError, MemoryError)
"""What reading somebody's text as Python, and its sums, may raise; `NotLiteral` is one."""
LONGEST = 4000
"""Characters of a literal."""


@dataclass(frozen=True)
class Term:
    """A literal in a text, and where it ends."""

    value: Value
    end: int

    @classmethod
    def at(cls, text: str, start: int) -> "Term":
        """The literal that begins at `start`.

        Raises:
            NotLiteral: none does, or one of which nobody can say what is meant, such as ``("a")``.
        """
        end = _end_of(text, start)
        written = text[start:end]
        value = read_literal(written)
        if written.startswith("(") and not isinstance(value, tuple):
            raise NotLiteral("a value in parentheses")
        return cls(value, end)


class ReadCall(NamedTuple):
    """The arguments of a call, and where it ends."""

    args: tuple[Value, ...]
    kwargs: dict[str, Value]
    end: int


def read_call(text: str, start: int) -> ReadCall:
    """The arguments in the parentheses that open at `start`.

    Raises:
        NotLiteral: they do not close, or hold anything but literals.
    """
    end = closing(text, start)
    try:
        call = ast.parse("f" + " ".join(text[start:end].split("\n")), mode="eval").body
        if not isinstance(call, ast.Call) or any(keyword.arg is None for keyword in call.keywords):
            raise NotLiteral("no plain call")
        kwargs = {str(keyword.arg): value_of(keyword.value) for keyword in call.keywords}
        return ReadCall(tuple(map(value_of, call.args)), kwargs, end)
    except UNREADABLE as error:
        raise NotLiteral("no call") from error


def read_literal(text: str) -> Value:
    """The value of a literal.

    Raises:
        NotLiteral: it is none.
    """
    try:
        return value_of(ast.parse(" ".join(text.strip().split("\n")), mode="eval").body)
    except UNREADABLE as error:
        raise NotLiteral("no literal") from error


def value_of(node: ast.expr, known: Mapping[str, Value] | None = None) -> Value:
    """The value of a literal's syntax tree.

    Args:
        known: names that have a value.

    Raises:
        NotLiteral: it is none.
    """
    known = known or {}
    if isinstance(node, ast.Constant) and node.value is not ...:
        if isinstance(node.value, int) and abs(node.value) >= _LARGEST_WRITTEN:
            raise NotLiteral("a number that nobody can write")
        return node.value
    if isinstance(node, ast.Name):
        return _named(node.id, known)
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        items = [value_of(each, known) for each in node.elts]
        return items if isinstance(node, ast.List) else tuple(items) if isinstance(node, ast.Tuple) else _set(items)
    if isinstance(node, ast.Dict):
        return _dict(node, known)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        number = _number(value_of(node.operand, known))
        signed: Value = -number if isinstance(node.op, ast.USub) else number
        return signed
    if isinstance(node, ast.BinOp):
        return _sum(node, known)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not (node.args or node.keywords):
        made = _EMPTY.get(node.func.id)
        if made is not None:
            return made()
    raise NotLiteral("not a literal")


def _named(name: str, known: Mapping[str, Value]) -> Value:
    if name in known:
        return known[name]
    if name in _WORDS:
        return _WORDS[name]
    raise NotLiteral(f"{name} is a name")


def _set(items: list[Value]) -> Value:
    try:
        return set(items)
    except TypeError as error:
        raise NotLiteral("an unhashable member") from error


def _dict(node: ast.Dict, known: Mapping[str, Value]) -> Value:
    keys = []
    for key in node.keys:
        if key is None:
            raise NotLiteral("a dict in a dict")
        bare = isinstance(key, ast.Name) and key.id not in known and key.id not in _WORDS
        keys.append(key.id if bare else value_of(key, known))  # type: ignore[attr-defined]
    try:
        return dict(zip(keys, [value_of(each, known) for each in node.values], strict=True))
    except TypeError as error:
        raise NotLiteral("an unhashable key") from error


def _sum(node: ast.BinOp, known: Mapping[str, Value]) -> Value:
    left, right = (_number(value_of(each, known)) for each in (node.left, node.right))
    total: Value
    if isinstance(node.op, ast.Add):
        total = left + right
    elif isinstance(node.op, ast.Sub):
        total = left - right
    elif isinstance(node.op, ast.Mult) and abs(left) < _LARGEST and abs(right) < _LARGEST:
        total = left * right
    else:
        raise NotLiteral("more than a sum")
    return total


def _number(value: Value) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float | complex):
        raise NotLiteral("not a number")
    return value


def _end_of(text: str, start: int) -> int:
    if text[start : start + 1] in _OPENERS:
        return closing(text, start)
    for kind in (_QUOTED, _NUMBER, _WORD):
        if match := kind.match(text, start):
            return match.end()
    raise NotLiteral("nothing begins here")


def closing(text: str, start: int) -> int:
    """The offset behind what closes the bracket at `start`; brackets in quotes do not count.

    Raises:
        NotLiteral: nothing does.
    """
    waiting: list[str] = []
    at = start
    while at < min(len(text), start + LONGEST):
        character = text[at]
        if character in _OPENERS:
            waiting.append(_OPENERS[character])
        elif waiting and character == waiting[-1]:
            waiting.pop()
            if not waiting:
                return at + 1
        elif character in ")]}":
            break
        elif character in "'\"":
            quoted = _QUOTED.match(text, at)
            if quoted is None:
                break
            at = quoted.end() - 1
        at += 1
    raise NotLiteral("a bracket that is not closed")


def text_of(value: Value, write: Callable[[float], str] = repr) -> str:
    """A value as Python writes it, sets and dicts in an order of their own.

    Args:
        write: of floats.
    """
    if isinstance(value, bool | str | bytes | complex) or value is None:
        return repr(value)
    if isinstance(value, float):
        return write(value)
    if isinstance(value, int):
        return str(value) if abs(value) < _LARGEST_WRITTEN else hex(value)
    if isinstance(value, list):
        return f"[{_listed(value, write)}]"
    if isinstance(value, tuple):
        return f"({_listed(value, write)},)" if len(value) == 1 else f"({_listed(value, write)})"
    if isinstance(value, dict):
        return (
            "{"
            + ", ".join(sorted(f"{text_of(key, write)}: {text_of(item, write)}" for key, item in value.items()))
            + "}"
        )
    if not value:
        return f"{type(value).__name__}()"
    members = ", ".join(sorted(text_of(each, write) for each in value))
    return f"{{{members}}}" if isinstance(value, set) else f"frozenset({{{members}}})"


_LARGEST_WRITTEN = 10**300  # Python refuses to read or write thousands of digits


def _listed(items: Sequence[Any], write: Callable[[float], str]) -> str:
    return ", ".join(text_of(each, write) for each in items)


def nine_digits(value: float) -> str:
    """A float that is the same text as one that is hardly different, and as the integer that it equals."""
    if not math.isfinite(value):
        return repr(value)
    rounded = float(f"{value:.9g}")
    return str(int(rounded)) if rounded == int(rounded) and abs(rounded) < 1e15 else repr(rounded)
