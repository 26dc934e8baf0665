"""Which files are worth learning from: each rule names why a file is left out; pure.

Covered: what other people own (vendored), what no person wrote (generated, minified, tables), what does not parse,
secrets. E-mail addresses are replaced, not dropped: they stand in comments of good code.
"""

import ast
import re
import warnings
from collections.abc import Callable, Collection

from codegpt.context.redaction import redacted

SHORTEST, LONGEST = 256, 120_000
"""Characters."""

LONGEST_LINE, LONGEST_AVERAGE_LINE = 400, 80
LEAST_LETTERS = 0.5
"""Of the characters that are no white space."""

MOST_OF_STRINGS = 0.6
"""Of a file may stand in string literals."""

ADDRESS = "name@example.com"

_VENDORED = re.compile(
    r"(?:^|/)_?(?:vendor|vendored|vendors|third_party|thirdparty|3rdparty|extern|externals?|ext_libs|bundled)/"
)
_GENERATED = re.compile(
    r"(?i)auto-?generated|generated (?:by|from|automatically|with)|do not (?:edit|modify)|@generated|"
    r"this file (?:is|was) generated"
)
_EMAIL = re.compile(r"\b[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,64}(?:\.[A-Za-z0-9-]{1,32})*\.[A-Za-z]{2,12}\b")
_BEGINNING = 1500
"""Characters in which a file says that it is generated."""


def without_addresses(text: str) -> str:
    """The text with one address in place of every e-mail address."""
    return _EMAIL.sub(ADDRESS, text)


def why_left_out(path: str, text: str, only: Collection[str] = ()) -> str:
    """The name of the first rule that a file breaks; "" for one that is kept.

    Args:
        only: of these; () for all. Some are of Python alone.
    """
    return next((name for name, broken in _RULES.items() if (not only or name in only) and broken(path, text)), "")


def _is_vendored(path: str, _text: str) -> bool:
    return _VENDORED.search(path) is not None


def _has_wrong_size(_path: str, text: str) -> bool:
    return not SHORTEST <= len(text) <= LONGEST


def _is_generated(path: str, text: str) -> bool:
    return path.endswith(("_pb2.py", "_pb2_grpc.py", "_generated.py")) or bool(_GENERATED.search(text[:_BEGINNING]))


def _is_minified(_path: str, text: str) -> bool:
    lines = text.split("\n")
    return max(map(len, lines)) > LONGEST_LINE or len(text) > LONGEST_AVERAGE_LINE * len(lines)


def _is_table(_path: str, text: str) -> bool:
    dense = "".join(text.split())
    return sum(map(str.isalpha, dense)) < LEAST_LETTERS * len(dense)


def _has_secret(_path: str, text: str) -> bool:
    return redacted(text) != text


def _does_not_parse(_path: str, text: str) -> bool:
    return _parsed(text) is None


def _is_all_strings(_path: str, text: str) -> bool:
    tree = _parsed(text)
    values = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)) if tree else ()
    return sum(len(value) for value in values if isinstance(value, str)) > MOST_OF_STRINGS * len(text)


def _parsed(text: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


_RULES: dict[str, Callable[[str, str], bool]] = {
    "vendored": _is_vendored,
    "too short or too long": _has_wrong_size,
    "generated": _is_generated,
    "minified": _is_minified,
    "a table": _is_table,
    "a secret": _has_secret,
    "does not parse": _does_not_parse,
    "all strings": _is_all_strings,
}
"""The cheap ones first."""
