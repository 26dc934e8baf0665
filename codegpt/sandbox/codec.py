"""The closed codec: the only values that cross between a program in the jail and the outside.

Values travel as JSON. What JSON has not (tuples, sets, dicts with any keys, bytes, complex, huge integers, NaN) is an
object with exactly one key, its tag. Decoding builds exact builtin types and nothing else, so that an object with a
lying `__eq__` cannot arrive; pickle is nowhere. `inside/child.py` and `inside/values.js` hold the other ends.

======  =========================================  =====================
tag     payload                                    value
======  =========================================  =====================
``t``   array                                      tuple
``s``   array                                      set
``z``   array                                      frozenset
``d``   array of [key, value]                      dict
``m``   array of [key, value]                      JavaScript's Map, dict here
``b``   hex digits                                 bytes
``i``   hex integer, such as "-0x1f"               int of 10**18 or more
``f``   "nan", "inf", "-inf"                       float
``c``   [real, imaginary]                          complex
``u``   0                                          JavaScript's undefined, None here
======  =========================================  =====================
"""

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Hashable
from typing import Any, TypeAlias

Container: TypeAlias = list[Any] | tuple[Any, ...] | set[Any] | frozenset[Any] | dict[Any, Any]
Value: TypeAlias = bool | int | float | complex | str | bytes | Container | None
Tree: TypeAlias = Any  # parsed JSON

MAX_DEPTH = 64
LONGEST_DECIMAL = 10**18  # longer integers travel in hex: reading decimal digits takes quadratic time
_HEX_INTEGER = re.compile("-?0x[0-9a-f]+")
_HEX_BYTES = re.compile("(?:[0-9a-f]{2})*")
MOST_ALIKE = 64  # keys of one set or dict that may share a hash


class NotPlainData(ValueError):
    """A value outside the codec, or text that is not its form."""


def encode(value: Value, depth: int = 0) -> Tree:
    """`value` as a tree for `json.dumps`.

    Raises:
        NotPlainData: for any other type, a subclass of a builtin type among them, and for nesting past `MAX_DEPTH`.
    """
    kind = type(value)
    if value is None or kind is bool or kind is str:
        return value
    if isinstance(value, int) and kind is int:
        return value if -LONGEST_DECIMAL < value < LONGEST_DECIMAL else {"i": hex(value)}
    if isinstance(value, float) and kind is float:
        return value if math.isfinite(value) else {"f": repr(value)}
    if isinstance(value, complex) and kind is complex:
        return {"c": [encode(value.real), encode(value.imag)]}
    if isinstance(value, bytes) and kind is bytes:
        return {"b": value.hex()}
    if depth >= MAX_DEPTH:
        raise NotPlainData(f"nested deeper than {MAX_DEPTH}")
    if isinstance(value, dict) and kind is dict:
        return {"d": [[encode(key, depth + 1), encode(item, depth + 1)] for key, item in value.items()]}
    if isinstance(value, list | tuple | set | frozenset) and kind in _TAG_OF:
        items = [encode(item, depth + 1) for item in value]
        return {_TAG_OF[kind]: items} if _TAG_OF[kind] else items
    raise NotPlainData(f"{kind.__name__} is not plain data")


_TAG_OF: dict[type, str] = {list: "", tuple: "t", set: "s", frozenset: "z"}


def decode(tree: Tree, depth: int = 0) -> Value:
    """The value that a parsed JSON tree stands for; every part has an exact builtin type.

    Raises:
        NotPlainData: for anything that `encode` would not have written.
    """
    if isinstance(tree, list):
        return _array(tree, depth)
    if not isinstance(tree, dict):
        return _scalar(tree)
    if len(tree) != 1:
        raise NotPlainData("an object that is not one tag")
    [(tag, payload)] = tree.items()
    if tag not in _DECODERS:
        raise NotPlainData("an unknown tag")
    return _DECODERS[tag](payload, depth)


def _scalar(tree: Tree) -> Value:
    if isinstance(tree, float) and not math.isfinite(tree):
        raise NotPlainData("a number out of range")
    if tree is None or isinstance(tree, bool | int | float | str):
        return tree
    raise NotPlainData("not JSON")


def _array(payload: Tree, depth: int) -> list[Value]:
    if not isinstance(payload, list):
        raise NotPlainData("a tag without its array")
    if depth >= MAX_DEPTH:
        raise NotPlainData(f"nested deeper than {MAX_DEPTH}")
    return [decode(item, depth + 1) for item in payload]


def _hashable(items: list[Value]) -> list[Hashable]:
    """The items, if a set of them takes linear time: integers chosen to collide would hang whoever decodes them."""
    try:
        shared = Counter(map(hash, items))
    except TypeError as error:
        raise NotPlainData("an unhashable key") from error
    if shared and shared.most_common(1)[0][1] > MOST_ALIKE:
        raise NotPlainData("keys that collide")
    return items  # type: ignore[return-value]


def _dict(payload: Tree, depth: int) -> Value:
    if not isinstance(payload, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in payload):
        raise NotPlainData("a dict without its pairs")
    keys = _hashable(_array([key for key, _ in payload], depth))
    return dict(zip(keys, _array([item for _, item in payload], depth), strict=True))


def _bytes(payload: Tree, depth: int) -> Value:
    if not isinstance(payload, str) or not _HEX_BYTES.fullmatch(payload):
        raise NotPlainData("bytes that are not hex")
    return bytes.fromhex(payload)


def _integer(payload: Tree, depth: int) -> Value:
    if not isinstance(payload, str) or not _HEX_INTEGER.fullmatch(payload):
        raise NotPlainData("an integer that is not hex")
    return int(payload, 16)


def _float(payload: Tree, depth: int) -> Value:
    if payload not in ("nan", "inf", "-inf"):
        raise NotPlainData("an unknown float")
    return float(payload)


def _complex(payload: Tree, depth: int) -> Value:
    parts = [decode(part) for part in payload] if isinstance(payload, list) and len(payload) == 2 else []
    if not parts or not all(type(part) is float for part in parts):
        raise NotPlainData("a complex number without two floats")
    return complex(*parts)  # type: ignore[arg-type]


def _undefined(payload: Tree, depth: int) -> Value:
    if type(payload) is not int or payload != 0:
        raise NotPlainData("an unknown undefined")
    return None


_DECODERS: dict[str, Callable[[Tree, int], Value]] = {
    "t": lambda payload, depth: tuple(_array(payload, depth)),
    "s": lambda payload, depth: set(_hashable(_array(payload, depth))),
    "z": lambda payload, depth: frozenset(_hashable(_array(payload, depth))),
    "d": _dict,
    "m": _dict,
    "b": _bytes,
    "i": _integer,
    "f": _float,
    "c": _complex,
    "u": _undefined,
}


def _refuse_constant(name: str) -> Tree:
    raise NotPlainData(f"{name} is not JSON")


def _one_of_each(pairs: list[tuple[str, Tree]]) -> dict[str, Tree]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise NotPlainData("a key given twice")
    return members


_PARSER = json.JSONDecoder(parse_constant=_refuse_constant, object_pairs_hook=_one_of_each)


def parse(line: bytes) -> Tree:
    """One line of JSON from a process that is not trusted.

    Raises:
        NotPlainData: if it is not strict JSON in ASCII, names a key twice, or nests too deep to be read.
    """
    try:
        return _PARSER.decode(line.decode("ascii"))
    except NotPlainData:
        raise
    except (ValueError, RecursionError) as error:
        raise NotPlainData("not a line of JSON") from error
