"""The jail's end of the closed codec, on the C parts of `json` alone: importing that would double the start-up time.

The tags are those of `codegpt/sandbox/codec.py`.
"""

from _json import encode_basestring_ascii as quote
from _json import make_scanner

MAX_DEPTH = 64
LONGEST_DECIMAL = 10**18


class NotPlainData(Exception):
    """The value has no form in the codec; the argument names its type."""


def encode(value, depth=0):
    """The JSON text of a value."""
    kind = type(value)
    if value is None:
        return "null"
    if kind is bool:
        return "true" if value else "false"
    if kind is int:
        return repr(value) if -LONGEST_DECIMAL < value < LONGEST_DECIMAL else '{"i":"%s"}' % hex(value)
    if kind is str:
        return quote(value)
    if kind is float:
        return repr(value) if value - value == 0 else '{"f":"%r"}' % value
    if kind is bytes:
        return '{"b":"%s"}' % value.hex()
    if kind is complex:
        return '{"c":[%s,%s]}' % (encode(value.real), encode(value.imag))
    if depth >= MAX_DEPTH:
        raise NotPlainData("value nested too deep")
    if kind is list:
        return "[%s]" % ",".join([encode(item, depth + 1) for item in value])
    if kind is dict:
        pairs = ["[%s,%s]" % (encode(key, depth + 1), encode(item, depth + 1)) for key, item in value.items()]
        return '{"d":[%s]}' % ",".join(pairs)
    if kind in _TAGS:
        return '{"%s":[%s]}' % (_TAGS[kind], ",".join([encode(item, depth + 1) for item in value]))
    for base, plain in _PLAIN.items():
        if issubclass(kind, base):
            return encode(plain(value), depth)  # type: ignore[operator]
    raise NotPlainData(kind.__name__)


# A subclass of a builtin type (a Counter, a named tuple, a member of an IntEnum) crosses as that type, whatever methods
# of its own it has: they stay here.
_PLAIN = {
    int: int.__pos__,
    float: float.__pos__,
    str: str.__str__,
    bytes: lambda value: bytes.__getitem__(value, slice(None)),
    complex: complex.__pos__,
    dict: dict.copy,
    list: lambda value: list.__getitem__(value, slice(None)),
    tuple: lambda value: tuple.__getitem__(value, slice(None)),
    set: lambda value: set(set.__iter__(value)),
    frozenset: lambda value: frozenset(frozenset.__iter__(value)),
}
_TAGS: "dict[type, str]" = {tuple: "t", set: "s", frozenset: "z"}

_DECODERS = {
    "t": tuple,
    "s": set,
    "z": frozenset,
    "d": dict,
    "m": dict,
    "b": bytes.fromhex,
    "i": lambda digits: int(digits, 16),
    "f": float,
    "c": lambda parts: complex(*parts),
    "u": lambda _: None,
}


def _untag(members):
    if len(members) == 1:
        for tag, payload in members.items():
            if tag in _DECODERS:
                return _DECODERS[tag](payload)  # type: ignore[operator]
    return members


class _Settings:  # what the scanner reads off a json.JSONDecoder
    strict = True
    object_hook = staticmethod(_untag)
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = float
    memo: "dict[str, str]" = {}


def decode(line):
    """The message on a line that the supervisor wrote, its values decoded."""
    return make_scanner(_Settings())(line, 0)[0]  # type: ignore[arg-type]
