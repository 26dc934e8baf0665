import enum
import importlib.util
import json
import math
import time
from collections import Counter, OrderedDict, defaultdict, namedtuple
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codegpt.sandbox import inside
from codegpt.sandbox.codec import MAX_DEPTH, NotPlainData, decode, encode, parse

MODULUS = 2**61 - 1  # of the hash of numbers: its multiples all hash to 0


def load_values() -> ModuleType:
    """The jail's end of the codec; in the jail it is a module of the top level."""
    path = Path(inside.__file__).parent / "values.py"
    spec = importlib.util.spec_from_file_location("values", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


values = load_values()


def shape(value: Any) -> Any:
    """A value with the exact type of each part; NaN equals NaN, -0.0 is not 0.0, dicts keep their order."""
    kind = type(value).__name__
    if isinstance(value, dict):
        return kind, [(shape(key), shape(item)) for key, item in value.items()]
    if isinstance(value, list | tuple):
        return kind, [shape(item) for item in value]
    if isinstance(value, set | frozenset):
        return kind, sorted(map(shape, value), key=repr)
    return kind, hex(value) if type(value) is int else repr(value)


def nested(depth: int, innermost: Any) -> Any:
    for _ in range(depth):
        innermost = [innermost]
    return innermost


# JSON writes an astral character as two surrogates, so two strings that differ only in that are one on the wire.
texts = st.text(st.characters(exclude_categories=()), max_size=8).filter(
    lambda text: text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass") == text
)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(10**19), 10**19),
    st.sampled_from([10**18 - 1, 10**18, 1 - 10**18, -(10**18), 2**63, 16**3000, -(16**3000)]),
    st.floats(),
    st.complex_numbers(),
    st.builds(complex, st.floats(), st.floats()),
    texts,
    st.binary(max_size=8),
)
keys = st.recursive(
    scalars,
    lambda parts: st.lists(parts, max_size=3).map(tuple) | st.frozensets(parts, max_size=3),
    max_leaves=6,
)
plain_data = st.recursive(
    keys | st.sets(keys, max_size=4),
    lambda parts: (
        st.lists(parts, max_size=4)
        | st.lists(parts, max_size=4).map(tuple)
        | st.dictionaries(keys, parts, max_size=4)
        | st.lists(st.tuples(keys, parts), max_size=4).map(dict)
    ),
    max_leaves=20,
)

TABLE: list[tuple[Any, Any]] = [
    (None, None),
    (True, True),
    (False, False),
    (0, 0),
    (-5, -5),
    (10**18 - 1, 999999999999999999),
    (1 - 10**18, -999999999999999999),
    (10**18, {"i": "0xde0b6b3a7640000"}),
    (-(10**18), {"i": "-0xde0b6b3a7640000"}),
    (16**30, {"i": "0x1" + "0" * 30}),
    (0.0, 0.0),
    (-0.0, -0.0),
    (1.0, 1.0),
    (1e300, 1e300),
    (0.1, 0.1),
    (math.nan, {"f": "nan"}),
    (math.inf, {"f": "inf"}),
    (-math.inf, {"f": "-inf"}),
    ("", ""),
    ("é字😀\n\x00", "é字😀\n\x00"),
    ("\ud800", "\ud800"),
    ([], []),
    ([1, [2, []]], [1, [2, []]]),
    ((), {"t": []}),
    ((1, (2,)), {"t": [1, {"t": [2]}]}),
    (set(), {"s": []}),
    ({7}, {"s": [7]}),
    (frozenset(), {"z": []}),
    (frozenset({(1,)}), {"z": [{"t": [1]}]}),
    ({}, {"d": []}),
    ({"b": 1, "a": [2]}, {"d": [["b", 1], ["a", [2]]]}),
    ({(1, 2): {None: 3}}, {"d": [[{"t": [1, 2]}, {"d": [[None, 3]]}]]}),
    ({"t": [1]}, {"d": [["t", [1]]]}),
    (b"", {"b": ""}),
    (b"\x00\xff", {"b": "00ff"}),
    (1.5 - 2j, {"c": [1.5, -2.0]}),
    (complex(math.nan, -math.inf), {"c": [{"f": "nan"}, {"f": "-inf"}]}),
]


@pytest.mark.parametrize(("value", "tree"), TABLE)
def test_a_value_and_its_tree(value: Any, tree: Any) -> None:
    assert shape(encode(value)) == shape(tree)
    assert shape(decode(tree)) == shape(value)


@pytest.mark.parametrize(("value", "tree"), TABLE)
def test_a_value_at_the_end_in_the_jail(value: Any, tree: Any) -> None:
    assert shape(decode(parse(values.encode(value).encode("ascii")))) == shape(value)
    assert shape(values.decode(json.dumps(tree))) == shape(value)


def test_undefined_is_none_and_never_written() -> None:
    assert decode({"u": 0}) is None
    assert values.decode('{"u":0}') is None
    assert encode(None) is None


def test_true_is_not_one_on_the_wire() -> None:
    wire = json.dumps(encode([True, 1, 1.0, False, 0, 0.0, -0.0]))
    assert wire == "[true, 1, 1.0, false, 0, 0.0, -0.0]"
    assert shape(decode(parse(wire.encode()))) == shape([True, 1, 1.0, False, 0, 0.0, -0.0])
    assert values.encode([True, 1, 1.0, -0.0]) == "[true,1,1.0,-0.0]"


@given(plain_data)
@settings(deadline=None)
def test_there_and_back(value: Any) -> None:
    line = json.dumps(encode(value)).encode("ascii")
    assert b"\n" not in line
    assert shape(decode(parse(line))) == shape(value)


@given(plain_data)
@settings(deadline=None)
def test_out_of_the_jail(value: Any) -> None:
    line = values.encode(value).encode("ascii")
    assert b"\n" not in line
    assert shape(decode(parse(line))) == shape(value)


@given(plain_data)
@settings(deadline=None)
def test_into_the_jail(value: Any) -> None:
    assert shape(values.decode(json.dumps(encode(value)))) == shape(value)


class Color(enum.IntEnum):
    RED = 1


class Lying:
    """Equal to everything, and says that it is an integer."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]
    __class__ = int  # type: ignore[assignment]


SUBCLASSES = [
    (Color.RED, "Color", "1"),
    (type("Text", (str,), {})("a"), "Text", '"a"'),
    (type("Number", (int,), {"__eq__": lambda *_: True, "__hash__": int.__hash__})(1), "Number", "1"),
    (
        type("Number", (int,), {"__pos__": lambda *_: 5, "__int__": lambda *_: 5, "__repr__": lambda _: "5"})(1),
        "Number",
        "1",
    ),
    (type("Real", (float,), {})(-0.0), "Real", "-0.0"),
    (type("Plane", (complex,), {})(1), "Plane", '{"c":[1.0,0.0]}'),
    (type("Raw", (bytes,), {})(b"a"), "Raw", '{"b":"61"}'),
    (type("Items", (list,), {"__iter__": lambda _: iter([5])})([1]), "Items", "[1]"),
    (type("Bag", (set,), {})([1]), "Bag", '{"s":[1]}'),
    (type("Frozen", (frozenset,), {})([1]), "Frozen", '{"z":[1]}'),
    (namedtuple("Point", "x y")(1, 2), "Point", '{"t":[1,2]}'),
    (OrderedDict(a=1), "OrderedDict", '{"d":[["a",1]]}'),
    (Counter("aa"), "Counter", '{"d":[["a",2]]}'),
    (defaultdict(int, a=1), "defaultdict", '{"d":[["a",1]]}'),
]


@pytest.mark.parametrize(("value", "name", "text"), SUBCLASSES)
def test_a_subclass_crosses_as_the_builtin_type_and_is_not_sent_in(value: Any, name: str, text: str) -> None:
    assert values.encode(value) == text
    assert values.encode([value]) == f"[{text}]"
    with pytest.raises(NotPlainData, match=f"^{name} is not plain data$"):
        encode(value)


NOT_PLAIN = [
    (bytearray(b"a"), "bytearray"),
    (memoryview(b"a"), "memoryview"),
    (range(3), "range"),
    (Fraction(1, 2), "Fraction"),
    (object(), "object"),
    (NotImplemented, "NotImplementedType"),
    (..., "ellipsis"),
    (len, "builtin_function_or_method"),
    (int, "type"),
    ({}.keys(), "dict_keys"),
    (iter([]), "list_iterator"),
    (Lying(), "Lying"),
]


@pytest.mark.parametrize(("value", "name"), NOT_PLAIN)
def test_no_other_type_is_written(value: Any, name: str) -> None:
    for whole in (value, [value], (1, value), {"key": value}):
        with pytest.raises(NotPlainData, match=f"^{name} is not plain data$"):
            encode(whole)
        with pytest.raises(values.NotPlainData, match=f"^{name}$"):
            values.encode(whole)


def test_a_list_that_holds_itself() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(NotPlainData, match=r"^nested deeper than 64$"):
        encode(endless)
    with pytest.raises(values.NotPlainData, match=r"^value nested too deep$"):
        values.encode(endless)


@pytest.mark.parametrize(
    "tree",
    [
        {},
        {"t": [], "s": []},
        {"d": [], "x": 0},
        {"x": []},
        {"T": []},
        {"": []},
        {"__class__": "int"},
        {"t": None},
        {"t": 1},
        {"t": "ab"},
        {"t": {"t": []}},
        {"s": {}},
        {"s": "ab"},
        {"z": 1},
        {"d": {}},
        {"d": None},
        {"d": [1]},
        {"d": ["ab"]},
        {"d": [[1]]},
        {"d": [[1, 2, 3]]},
        {"d": [{"t": [1, 2]}]},
        {"b": "0"},
        {"b": "0g"},
        {"b": "é"},
        {"b": None},
        {"b": 5},
        {"b": ["00"]},
        {"i": "g"},
        {"i": ""},
        {"i": "0x"},
        {"i": "--1"},
        {"i": 5},
        {"i": None},
        {"i": ["1"]},
        {"f": "NaN"},
        {"f": "Infinity"},
        {"f": "+inf"},
        {"f": "1.5"},
        {"f": 1.5},
        {"f": ["nan"]},
        {"c": []},
        {"c": [1.0]},
        {"c": [1.0, 2.0, 3.0]},
        {"c": [1, 2]},
        {"c": [1.0, True]},
        {"c": [1.0, "2"]},
        {"c": {"f": "nan"}},
        {"c": "1j"},
        {"u": 1},
        {"u": None},
        {"u": "0"},
        {"u": []},
        math.nan,
        math.inf,
        -math.inf,
        (1, 2),
        b"a",
        object(),
    ],
)
def test_malformed_trees(tree: Any) -> None:
    for whole in (tree, [tree], {"t": [tree]}, {"d": [["key", tree]]}):
        with pytest.raises(NotPlainData):
            decode(whole)


@pytest.mark.parametrize(
    "tree",
    [
        {"i": "1_0"},
        {"i": " 1f"},
        {"i": "1f\n"},
        {"i": "+1f"},
        {"i": "\u0661"},
        {"b": "00 ff"},
        {"b": " 00"},
        {"b": "00\n"},
        {"u": False},
        {"u": 0.0},
        {"u": -0.0},
    ],
)
def test_spellings_that_neither_end_writes(tree: Any) -> None:
    with pytest.raises(NotPlainData):
        decode(tree)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b" ",
        b"NaN",
        b"[Infinity]",
        b"[-Infinity]",
        b"nan",
        b"[1,]",
        b"{'t': []}",
        b"[1] [2]",
        b"[1",
        b'"a',
        b'"\n"',
        b'"\\x41"',
        b"01",
        b"1.",
        b"0x1f",
        b"True",
        b"// 1",
        b'{"t": [], "t": []}',
        b'{"a": {"t": 1, "t": 1}}',
        b'{"id": 1, "\\u0069d": 2}',
        '"é"'.encode(),
        '"é"'.encode("latin-1"),
        b"\xef\xbb\xbf1",
        b"\xff\xfe1\x00",
        b"\x00",
        b"1" * 10**6,
        b"[-" + b"9" * 10**6 + b"]",
    ],
)
def test_lines_that_are_not_strict_json(line: bytes) -> None:
    started = time.monotonic()
    with pytest.raises(NotPlainData):
        parse(line)
    assert time.monotonic() - started < 0.5


def test_a_number_out_of_range() -> None:
    for line in (b"1e999", b"[-1e999]", b'{"c": [1e999, 0.0]}'):
        with pytest.raises(NotPlainData):
            decode(parse(line))


@pytest.mark.parametrize("opening", [b"[", b'{"t":', b'{"t":[', b'{"d":[[1,'])
def test_a_hundred_thousand_brackets(opening: bytes) -> None:
    for line in (opening * 10**5, b"[" * 10**5 + b"]" * 10**5):
        with pytest.raises(NotPlainData):
            decode(parse(line))


@pytest.mark.parametrize("innermost", [1, "a", math.nan, 10**20], ids=repr)
def test_sixty_four_levels_cross_and_no_more(innermost: Any) -> None:
    value = nested(MAX_DEPTH, innermost)
    assert shape(decode(parse(json.dumps(encode(value)).encode()))) == shape(value)
    assert shape(values.decode(json.dumps(encode(value)))) == shape(value)
    assert shape(decode(parse(values.encode(value).encode()))) == shape(value)
    with pytest.raises(NotPlainData, match=r"^nested deeper than 64$"):
        encode([value])
    with pytest.raises(NotPlainData, match=r"^nested deeper than 64$"):
        decode(nested(MAX_DEPTH + 1, 1))
    with pytest.raises(values.NotPlainData, match=r"^value nested too deep$"):
        values.encode([value])


@pytest.mark.parametrize("levels", [MAX_DEPTH - 1, MAX_DEPTH])
@pytest.mark.parametrize("innermost", [[], (), {}, set(), frozenset(), b"a", 1j, complex(math.inf, 1)], ids=repr)
def test_both_ends_agree_about_what_is_too_deep(levels: int, innermost: Any) -> None:
    value = nested(levels, innermost)

    def refused(write: Callable[[], Any]) -> bool:
        try:
            write()
        except (NotPlainData, values.NotPlainData):
            return True
        return False

    tree = nested(levels, encode(innermost))
    ends = [refused(lambda: encode(value)), refused(lambda: decode(tree)), refused(lambda: values.encode(value))]
    assert ends in ([True] * 3, [False] * 3)


def test_tags_are_levels_too() -> None:
    tuples, dicts = [1], [1]
    for _ in range(MAX_DEPTH - 1):
        tuples, dicts = [{"t": tuples}], [{"d": [[0, each] for each in dicts]}]
    decode(tuples[0])
    decode(dicts[0])
    for tree in ({"t": [tuples]}, {"d": [[0, {"t": dicts}]]}):
        with pytest.raises(NotPlainData, match=r"^nested deeper than 64$"):
            decode(tree)


@pytest.mark.parametrize("key", [[], {"s": []}, {"d": []}, {"t": [[]]}, {"t": [{"t": [{"s": [1]}]}]}])
def test_unhashable_keys(key: Any) -> None:
    for tree in ({"s": [key]}, {"z": [1, key]}, {"d": [[key, 1]]}):
        with pytest.raises(NotPlainData, match=r"^an unhashable key$"):
            decode(tree)


def plain(integer: int) -> Any:
    return {"i": hex(integer)}


def in_tuple(integer: int) -> Any:
    return {"t": [plain(integer)]}


def in_frozenset(integer: int) -> Any:
    return {"z": [plain(integer)]}


@pytest.mark.parametrize(
    ("shape", "others", "rest"),
    [(plain, 0, 0), (plain, 0, 5), (in_tuple, 0, 0), (in_frozenset, 0, 0), (plain, 40_000, 7)],
    ids=["zero", "five", "in tuples", "in frozensets", "among others"],
)
def test_keys_chosen_to_collide(shape: Callable[[int], Any], others: int, rest: int) -> None:
    """They are refused in about the time that as many honest keys take; a set of them takes a thousand times that."""
    numbers = range(1, 50_001 - others)
    colliding = [*range(others), *(shape(number * MODULUS + rest) for number in numbers)]
    honest = [*range(others), *(shape(number * MODULUS + others + number) for number in numbers)]
    for tag in ("s", "z", "d"):
        kept, refused = ({tag: [[k, 0] for k in keys] if tag == "d" else keys} for keys in (honest, colliding))
        started = time.monotonic()
        decode(kept)
        usual = time.monotonic() - started
        with pytest.raises(NotPlainData, match=r"^keys that collide$"):
            decode(refused)
        assert time.monotonic() - started - usual < 10 * usual


@pytest.mark.parametrize(
    "honest",
    [
        list(range(50_000)),
        list(range(-25_000, 25_000)),
        [number << 40 for number in range(50_000)],
        [number / 8 for number in range(50_000)],
        [f"key {number}" for number in range(50_000)],
        [number.to_bytes(4, "big") for number in range(50_000)],
        [(number % 250, number // 250) for number in range(50_000)],
        [(number, str(number)) for number in range(50_000)],
        [2.0**number for number in range(-1000, 1000)],
    ],
    ids=["ints", "negative ints", "high bits", "floats", "strings", "bytes", "pairs", "mixed pairs", "powers of two"],
)
def test_large_honest_sets_and_dicts(honest: list[Any]) -> None:
    started = time.monotonic()
    assert decode(encode(set(honest))) == set(honest)
    assert decode(encode(frozenset(honest))) == frozenset(honest)
    assert decode(encode(dict.fromkeys(honest, 1))) == dict.fromkeys(honest, 1)
    assert time.monotonic() - started < 5
