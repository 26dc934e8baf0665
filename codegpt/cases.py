r"""Runs of a program over standard input: what goes in, what has to come out, and where a request says so.

Read are blocks such as ``Input:`` with ``Output:``, on the same line or over several lines, up to an empty line.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

from codegpt.sandbox.verdict import same

TOLERANCE = 1e-6
"""Relative and absolute, where a float is expected; EvalPlus compares within 1e-7 and 1e-6."""


@dataclass(frozen=True)
class Case:
    """One run: standard input, and what has to be printed."""

    stdin: str
    stdout: str


_HEADER = re.compile(r"\b(?P<what>input|output)(?:[ \t]?\d+)?[ \t]*+:(?P<rest>.*)", re.I)
_FENCE = re.compile(r"[ \t]*```\w*[ \t]*$")
_NO_OUTPUT = re.compile(
    r"[ \t]*(?:explanations?|notes?|constraints?)\b[^\n]*:|[ \t]*(?:notes?|constraints?)[ \t]*$|[ \t]*\"{3}", re.I
)
_NO_TEXT = re.compile(
    r"(?=.*\w\s+\w)(?!.*[\d\"'])"
    r"(?:.*\b(?:per|their|its|numbers?|integers?|strings?|lists?|lines?|words?|values?|characters?)\b)"
    r"|\s*\w+ = \S",
    re.I,
)
"""Behind ``Input:``, and yet nothing that is typed in: a kind of thing, or the arguments of a function by name."""


def cases_in(text: str) -> tuple[Case, ...]:
    """The runs that words describe, in their order, each input once."""
    found: dict[str, Case] = {}
    read: dict[str, list[str]] = {}
    what = ""
    for line in [*text.replace("\r\n", "\n").split("\n"), "", "input:"]:
        header = _HEADER.search(line)
        if _FENCE.match(line):
            continue
        if header is not None and (header["what"].lower() == "input" or what == "input"):
            if header["what"].lower() == "input":
                _keep(read, found)
                read = {}
            what = header["what"].lower()
            read[what] = [rest] if (rest := header["rest"].strip(" \t\r")) else []
        elif what == "output" and (not line.strip() or _NO_OUTPUT.match(line)):
            what = ""
        elif what:
            read[what].append(line)
    return tuple(found.values())


def _keep(read: dict[str, list[str]], found: dict[str, Case]) -> None:
    if any(len(lines) == 1 and _NO_TEXT.match(lines[0]) for lines in read.values()):
        return
    stdin, stdout = ("\n".join(read.get(what, [])) for what in ("input", "output"))
    if _lines(stdout):
        found.setdefault(_lines(stdin), Case(_lines(stdin), _lines(stdout)))


def _lines(text: str) -> str:
    """Without the indentation that all lines share; ends with a line end."""
    lines = [line.rstrip() for line in text.strip("\n").split("\n")]
    written = [line for line in lines if line]
    margin = min((len(line) - len(line.lstrip()) for line in written), default=0)
    shown = "\n".join(line[margin:] for line in lines).strip("\n")
    return shown + "\n" if shown else ""


def same_output(printed: str, expected: str) -> bool:
    """Whether two outputs are the same: as data where JSON is expected, else word by word.

    Numbers may differ by `TOLERANCE` where the expected one is written with a point or an exponent; true is not 1.
    """
    try:
        wanted = json.loads(expected)
    except (ValueError, RecursionError):
        left, right = printed.split(), expected.split()
        return len(left) == len(right) and all(map(_same_word, left, right))
    try:
        return same(bools_apart(json.loads(printed)), bools_apart(wanted), TOLERANCE)
    except (ValueError, RecursionError):
        return False


def bools_apart(value: Any) -> Any:
    """JSON with its booleans as something that equals no number: JSON has no tuples."""
    if isinstance(value, bool):
        return ("bool", str(value))
    if isinstance(value, list):
        return [bools_apart(each) for each in value]
    if isinstance(value, dict):
        return {key: bools_apart(each) for key, each in value.items()}
    return value


_FLOAT = re.compile(r"[+-]?(?:\d+\.\d*|\.\d+|\d+(?=[eE]))(?:[eE][+-]?\d+)?")


def _same_word(left: str, right: str) -> bool:
    if left == right:
        return True
    try:
        return _FLOAT.fullmatch(right) is not None and same(float(left), float(right), TOLERANCE)
    except ValueError:
        return False
