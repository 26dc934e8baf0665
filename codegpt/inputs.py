"""Inputs on which candidates may differ: the examples' own, changed a little; and values drawn for the type hints.

Nobody says what is right on them: they only tell behaviours apart. Inputs that a function was never meant for do no
harm, as long as there are others (Li et al., arXiv 2203.07814). Everything is drawn from a seed.
"""

import ast
import math
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from itertools import chain, islice, zip_longest
from random import Random
from typing import Any, TypeAlias, cast

import hypothesis
from hypothesis import strategies as st

from codegpt.interface import Interface, Parameter
from codegpt.literals import NotLiteral, read_literal
from codegpt.sandbox.codec import NotPlainData, encode
from codegpt.sandbox.program import Call

MOST = 24
"""Inputs for a function: more found hardly another behaviour among the samples that were tried."""


LARGEST = 1 << 16
"""Characters of a call."""


def inputs_for(interface: Interface, examples: Sequence[Call], most: int = MOST, seed: int = 0) -> tuple[Call, ...]:
    """Calls of a function: first those of the examples, then changed ones and drawn ones in turns; each once."""
    known = [call for call in examples if call.function == interface.name and not call.kwargs]
    changed = _changed(known, Random(seed))
    drawn = _drawn(interface, seed, most)
    turns = (call for pair in zip_longest(changed, drawn) for call in pair if call is not None)
    found: dict[str, Call] = {}
    for call in islice(chain(known, turns), 50 * most):
        if len(found) == most:
            break
        if is_plain(call):
            found.setdefault(repr(call), call)
    return tuple(found.values())


def is_plain(call: Call) -> bool:
    """Whether its arguments can be sent to a jail, and are of a size that can be shown."""
    try:
        encode([list(call.args), *call.kwargs.values()])
        return len(repr(call)) <= LARGEST
    except (NotPlainData, ValueError, RecursionError):
        return False


# Changes


def _changed(examples: Sequence[Call], random: Random) -> Iterator[Call]:
    """For ever: an example with one or two arguments changed, or with arguments of several."""
    with_arguments = [call for call in examples if call.args]
    while with_arguments:
        call = random.choice(with_arguments)
        args = list(deepcopy(call.args))
        for _ in range(random.choice((1, 1, 2))):
            at = random.randrange(len(args))
            others = [each.args[at] for each in with_arguments if len(each.args) > at]
            args[at] = deepcopy(random.choice(others)) if random.random() < 0.2 else change(args[at], random)
        yield Call(call.function, tuple(args))


def change(value: Any, random: Random) -> Any:
    """A value of the same type that is a little different."""
    if value is None or isinstance(value, bool):
        return not value if isinstance(value, bool) else None
    if isinstance(value, int):
        return random.choice(
            (value + 1, value - 1, -value, 0, 1, 2 * value, value * 10, value // 2, random.randint(-20, 100))
        )
    if isinstance(value, float):
        whole = float(round(value)) if math.isfinite(value) else 1.0
        return random.choice((value + 1, value - 0.5, -value, 0.0, value * 1.5, whole, value / 3))
    if isinstance(value, str):
        return _changed_text(value, random)
    if isinstance(value, list):
        return _changed_list(value, random)
    if isinstance(value, tuple):
        return tuple(change(each, random) if random.random() < 0.5 else each for each in value)
    if isinstance(value, set | frozenset):
        return type(value)(_changed_list(sorted(value, key=repr), random))
    if isinstance(value, dict):
        return _changed_dict(value, random)
    return value


def _changed_text(text: str, random: Random) -> str:
    if not text:
        return random.choice(("a", " ", "ab", "A", "0"))
    at = random.randrange(len(text))
    changes: tuple[Callable[[], str], ...] = (
        lambda: text[:at] + text[at + 1 :],
        lambda: text[:at] + text[at] + text[at:],
        lambda: text[:at] + random.choice(text) + text[at + 1 :],
        lambda: text[::-1],
        lambda: text.swapcase(),
        lambda: text + random.choice(text),
        lambda: text[: len(text) // 2],
        lambda: "",
        lambda: text + " " + text,
        lambda: "".join(random.sample(text, len(text))),
    )
    return random.choice(changes)()


def _changed_list(items: list[Any], random: Random) -> list[Any]:
    if not items:
        return []
    at = random.randrange(len(items))
    changes: tuple[Callable[[], list[Any]], ...] = (
        lambda: items[:at] + items[at + 1 :],
        lambda: [*items[:at], items[at], *items[at:]],
        lambda: [*items[:at], change(items[at], random), *items[at + 1 :]],
        lambda: [*items[:at], change(items[at], random), *items[at + 1 :]],
        lambda: items[::-1],
        lambda: random.sample(items, len(items)),
        lambda: [*items, change(random.choice(items), random)],
        lambda: items[:1],
        list,
        lambda: items + items,
    )
    return random.choice(changes)()


def _changed_dict(items: dict[Any, Any], random: Random) -> dict[Any, Any]:
    if not items:
        return {}
    key = random.choice(list(items))
    changes: tuple[Callable[[], dict[Any, Any]], ...] = (
        lambda: {each: value for each, value in items.items() if each != key},
        lambda: {**items, key: change(items[key], random)},
        lambda: {change(each, random) if each == key else each: value for each, value in items.items()},
        dict,
    )
    return random.choice(changes)()


# Types


def _drawn(interface: Interface, seed: int, most: int) -> list[Call]:
    """Arguments of the annotated types, those with a default now and then.

    Nothing where a parameter without a default has no type of plain data.
    """
    least = sum(not each.default for each in interface.parameters)
    strategies: list[Strategy] = []
    for parameter in interface.parameters:
        strategy = _of(parameter)
        if strategy is None:
            break
        strategies.append(strategy)
    if interface.needs_names or not most or len(strategies) < least:
        return []
    if not strategies:
        return [] if interface.written else [Call(interface.name)]
    found: list[Call] = []
    how_many = st.integers(least, len(strategies)) if least < len(strategies) else st.just(least)

    @hypothesis.settings(database=None, deadline=None, suppress_health_check=tuple(hypothesis.HealthCheck))
    @hypothesis.given(st.tuples(*strategies), how_many)
    def collect(args: tuple[Any, ...], given: int) -> None:
        found.append(Call(interface.name, args[:given]))

    # Given all choices as bytes, Hypothesis neither looks at what else is imported nor writes to the disk, as it would
    # when it is to find a failure: the same seed gives the same calls everywhere.
    fuzz: Callable[[bytes], object] = cast(Any, collect).hypothesis.fuzz_one_input
    random = Random(seed)
    for _ in range(4 * most):
        if len(found) < most:
            fuzz(random.randbytes(_CHOICES))
    return found


_CHOICES = 512
"""Bytes that the choices of one call are made of; a call that needs more is left out."""

Strategy: TypeAlias = st.SearchStrategy[Any]

_INTEGERS = st.one_of(st.integers(-3, 12), st.integers(-20, 100), st.integers(-1000, 1000))
_CHARACTERS = st.sampled_from("abcxyzABCXYZ 0123456789.,-_()[]{}")
_TEXT = st.lists(_CHARACTERS, max_size=16).map("".join)  # st.text writes a table of Unicode to the disk
_STRATEGIES: dict[str, Strategy] = {
    "int": _INTEGERS,
    "float": st.floats(-1000, 1000, width=32).map(lambda value: round(value, 2)),
    "complex": st.complex_numbers(max_magnitude=1000, allow_nan=False),
    "bool": st.booleans(),
    "str": _TEXT,
    "bytes": st.binary(max_size=16),
    "None": st.none(),
    "Any": _INTEGERS | _TEXT,
    "object": _INTEGERS | _TEXT,
}
_LONGEST = 10
_CONTAINERS: dict[str, Callable[..., Strategy]] = {
    **dict.fromkeys(
        ("list", "List", "Sequence", "Iterable", "Collection", "MutableSequence"),
        lambda items=_STRATEGIES["int"]: st.lists(items, max_size=_LONGEST),
    ),
    **dict.fromkeys(("set", "Set", "AbstractSet"), lambda items=_STRATEGIES["int"]: st.sets(items, max_size=_LONGEST)),
    **dict.fromkeys(
        ("frozenset", "FrozenSet"), lambda items=_STRATEGIES["int"]: st.frozensets(items, max_size=_LONGEST)
    ),
    **dict.fromkeys(
        ("dict", "Dict", "Mapping", "MutableMapping"),
        lambda keys=_STRATEGIES["str"], values=_STRATEGIES["int"]: st.dictionaries(keys, values, max_size=_LONGEST),
    ),
}


def _of(parameter: Parameter) -> Strategy | None:
    """What draws values for a parameter: of its type, or else of its default's."""
    if parameter.annotation or not parameter.default:
        return strategy_of(parameter.annotation)
    try:
        return _STRATEGIES.get(type(read_literal(parameter.default)).__name__)
    except NotLiteral:
        return None


def strategy_of(annotation: str) -> Strategy | None:
    """What draws values of a type, as it is written in an annotation; None where it is no type of plain data."""
    try:
        return _strategy(ast.parse(annotation, mode="eval").body) if annotation else None
    except (SyntaxError, ValueError, RecursionError):
        return None


def _strategy(node: ast.expr) -> Strategy | None:
    if isinstance(node, ast.Constant):
        return strategy_of(node.value) if isinstance(node.value, str) else _STRATEGIES.get(repr(node.value))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _one_of([node.left, node.right])
    if isinstance(node, ast.Subscript):
        return _generic(_name(node.value), node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice])
    if _name(node) in ("tuple", "Tuple"):
        return st.lists(_INTEGERS, max_size=_LONGEST).map(tuple)
    return _CONTAINERS[_name(node)]() if _name(node) in _CONTAINERS else _STRATEGIES.get(_name(node))


def _name(node: ast.expr) -> str:
    """Without the module: `typing.List` is `List`."""
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _generic(name: str, inner: Sequence[ast.expr]) -> Strategy | None:
    if name in ("Union", "Optional"):
        return _one_of([*inner, *([ast.Constant(None)] if name == "Optional" else [])])
    if name == "Literal":
        values = [each.value for each in inner if isinstance(each, ast.Constant)]
        return st.sampled_from(values) if values else None
    of_any_length = len(inner) == 2 and isinstance(inner[1], ast.Constant) and inner[1].value is ...
    strategies = [_strategy(each) for each in (inner[:1] if of_any_length else inner)]
    known = [strategy for strategy in strategies if strategy is not None]
    if len(known) < len(strategies):
        return None
    if name in ("tuple", "Tuple"):
        return st.lists(known[0], max_size=_LONGEST).map(tuple) if of_any_length else st.tuples(*known)
    if name in _HASHED and not _hashable(inner[0]):
        return None
    try:
        return _CONTAINERS[name](*known) if name in _CONTAINERS else None
    except TypeError:  # more types than it takes
        return None


_HASHED = ("set", "Set", "AbstractSet", "frozenset", "FrozenSet", "dict", "Dict", "Mapping", "MutableMapping")


def _hashable(node: ast.expr) -> bool:
    """Whether values of an annotated type can be members of a set."""
    if isinstance(node, ast.BinOp):
        return _hashable(node.left) and _hashable(node.right)
    if isinstance(node, ast.Subscript):
        inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        return _hashable(node.value) and all(map(_hashable, inner))
    return _name(node) not in _CONTAINERS or _name(node) in ("frozenset", "FrozenSet")


def _one_of(nodes: Sequence[ast.expr]) -> Strategy | None:
    known = [strategy for strategy in map(_strategy, nodes) if strategy is not None]
    return st.one_of(known) if known else None
