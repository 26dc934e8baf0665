r"""Examples in prose: ``f(2) == 3``, ``f([1]) returns 2``, ``Input: ...`` with ``Output: ...``, ``For n = 3 ... be 5``.

Not covered: words that stand for values ("the empty list"), names without quotes, and a value in parentheses of which
nobody can say whether a tuple is meant.
"""

import ast
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TypeAlias

from codegpt.example import Example, of_assert
from codegpt.literals import LONGEST, UNREADABLE, NotLiteral, Term, read_call, read_literal, text_of
from codegpt.sandbox.codec import Value
from codegpt.sandbox.program import Call

MOST_CALLS = 500
"""In a text."""

_GIVES = re.compile(
    r"""\s*+(?:(?:[#]|//)\s*+)?
    (?: =+> | -+> | [➞→➜⇒↦] | ={1,3} | :
      | (?:(?:will|would|should|must|shall|can)\s+)?
        (?:returns?|gives?|yields?|outputs?|produces?|equals?|evaluates?\s+to|is|be)
        (?:\s+(?:be|is|equal\s+to|the\s+(?:list|string|number|value|tuple|array)))? :?
    )
    \s*+(?:(?:=>|->|returns?\b)\s*+)?""",
    re.X | re.I,
)
_OUTPUT = r"(?:the\s+)?(?:output|result|answer|function|value|return\s+value|returned\s+value)"
_GIVES_OUTPUT = re.compile(rf"\s*+(?:,\s*+)?(?:{_OUTPUT}\s++)?(?:(?:it|this)\s++)?{_GIVES.pattern}", re.X | re.I)
_ENDS = re.compile(
    r"[ \t]*+(?:$|[;#)\n(\[—]|//|because\b|since\b|as\b(?!\s+an?\b)|\.(?!\.|\d)|(?:,|and\b)(?![ \t]*[-\d\"'\[({]))",
    re.M,
)
_SUM = re.compile(r"(?P<sum>-?[\d.]+(?:[ \t]+[-+*][ \t]+[\d.]*\d|[+*][\d.]*\d)+)")
_WITHIN = re.compile(r"\b(?:def|function|class)\s+$|(?:[\w)\]][ \t]*(?:[-+*/%<>]|!=)|\bnot)[ \t]*$")
"""Before a call: it is defined there, or is only a part of what is said."""
_DOES = re.compile(r"\s*(?:returns?|gives?|yields?|outputs?|produces?|evaluates?|is|equals?)\b", re.I)
_CORRECTED = re.compile(
    r"[ \t]*[,;]?\s+(?:but|and|though|while|instead)\s+(?:it\s+)?(?:should|must|ought\s+to|has\s+to)\s+"
    r"(?:be|give|return|yield|output|produce|equal)\s+",
    re.I,
)
_TAKEN_BACK = re.compile(
    r"[ \t]*[,;.(]?\s*(?:but|instead|rather|it\s+should|(?:which|that|this)(?:'s|\s+is)\s+(?:wrong|not|incorrect))\b",
    re.I,
)
_RESULT = re.compile(r"[ \t]*==?[ \t]*(?=\S)")
_INPUT_AT = re.compile(r"\binputs?\b[^\S\n]*+\d*[^\S\n]*+[:=]", re.I)
_OUTPUT_AT = re.compile(r"\boutputs?\b[^\S\n]*+\d*[^\S\n]*+[:=][^\S\n]*+(?P<value>[^\n]+)", re.I)


def of_prose(text: str, function: str, parameters: Sequence[str], said_back: bool) -> Iterator[Example]:
    """By position, whatever way they are written in."""
    found = [
        *_calls(text, function, said_back),
        *_blocks(text, function, parameters),
        *_assignments(text, function, parameters),
    ]
    said = [(at, Example(call, value, f"{_shown(call)} == {text_of(value)}")) for at, call, value in found]
    for _, example in sorted([*said, *_asserts(text, function)], key=lambda each: each[0]):
        yield example


_Found: TypeAlias = tuple[int, Call, Value]


def _calls(text: str, function: str, said_back: bool) -> Iterator[_Found]:
    """``f(2) == 3`` and its kin."""
    for match in islice(re.finditer(rf"(?<![\w.]){re.escape(function)}[ \t]*(?=\()", text), MOST_CALLS):
        if _WITHIN.search(text[max(0, match.start() - 20) : match.start()]):
            continue
        try:
            read = read_call(text, match.end())
        except NotLiteral:
            continue
        if said_back and _DOES.match(text, read.end):
            continue
        wanted = _value_after(text, read.end, _GIVES)
        if wanted is not None:
            yield match.start(), Call(function, read.args, read.kwargs), wanted.value


def _asserts(text: str, function: str) -> Iterator[tuple[int, Example]]:
    """``assert f(2) == 3, "why"``, ``assert not f(2)``, ``assert set(f(2)) == {3}``."""
    for match in islice(re.finditer(r"^[ \t]*(assert\b[^\n]+)", text, re.M), MOST_CALLS):
        try:
            [statement] = ast.parse(match[1]).body
            test = statement.test if isinstance(statement, ast.Assert) else None
            compile(f"def f():\n    return bool({match[1].removeprefix('assert')})\n", "", "exec")
        except UNREADABLE:
            continue
        example = None if test is None else of_assert(test, function)
        if example is not None:
            yield match.start(1), example


def _value_after(text: str, at: int, gives: re.Pattern[str]) -> Term | None:
    """What is said to come out: a literal that nothing goes on from, behind words that say so."""
    said = gives.match(text, at)
    if said is None:
        return None
    at = said.end()
    try:
        term = Term.at(text, at)
        if total := _SUM.match(text, at):  # "19 - 5 - 6 = 8"
            term = Term(read_literal(total["sum"]), total.end())
        if result := _RESULT.match(text, term.end):
            term = Term.at(text, result.end())
        if corrected := _CORRECTED.match(text, term.end):
            term = Term.at(text, corrected.end())
    except NotLiteral:
        return None
    return term if _ENDS.match(text, term.end) and not _TAKEN_BACK.match(text, term.end) else None


def _blocks(text: str, function: str, parameters: Sequence[str]) -> Iterator[_Found]:
    """``Input: [1, 2]`` with ``Output: 3`` on the next line, or behind it."""
    for match in islice(_INPUT_AT.finditer(text), MOST_CALLS):
        output = _OUTPUT_AT.search(text, match.end(), match.end() + LONGEST)
        if output is None or _INPUT_AT.search(text, match.end(), output.start()):
            continue
        try:
            args = _inputs(text[match.end() : output.start()], parameters)
            term = Term.at(output["value"], 0)
        except NotLiteral:
            continue
        if args is not None and _ENDS.match(output["value"], term.end):
            yield match.start(), Call(function, args), term.value


def _inputs(text: str, parameters: Sequence[str]) -> tuple[Value, ...] | None:
    """Arguments as ``2, [3]``, or by name as ``n = 2, lst = [3]``; None where they are not those of the function."""
    lines = [line.strip() for line in text.strip().rstrip(",; \t\n").split("\n")]
    text = ", ".join(line.rstrip(",") for line in lines if line)
    read = read_call(f"({text})", 0)
    if read.kwargs:
        named = len(read.kwargs) == len(parameters) and not read.args
        return (
            tuple(read.kwargs[name] for name in parameters) if named and set(read.kwargs) == set(parameters) else None
        )
    return read.args if not parameters or len(read.args) == len(parameters) else None


def _assignments(text: str, function: str, parameters: Sequence[str]) -> Iterator[_Found]:
    """``For n = 3 the output should be 5``: all parameters by name, then what comes out."""
    if not parameters:
        return
    for match in islice(re.finditer(rf"(?<![\w.]){re.escape(parameters[0])}[ \t]*=(?!=)", text), MOST_CALLS):
        at, args = match.start(), []
        try:
            for number, name in enumerate(parameters):
                named = re.compile(rf"[ \t]*(?:,|and|,[ \t]*and)?[ \t]*{re.escape(name)}[ \t]*=[ \t]*").match(text, at)
                if named is None or (number == 0 and named.start() != at):
                    raise NotLiteral("another parameter")
                term = Term.at(text, named.end())
                args.append(term.value)
                at = term.end
        except NotLiteral:
            continue
        sentence = text.find("\n", at)
        wanted = _value_after(text[: sentence if sentence >= 0 else len(text)], at, _GIVES_OUTPUT)
        if wanted is not None:
            yield match.start(), Call(function, tuple(args)), wanted.value


def _shown(call: Call) -> str:
    named = [f"{name}={text_of(value)}" for name, value in call.kwargs.items()]
    return f"{call.function}({', '.join([*map(text_of, call.args), *named])})"
