r"""Examples: what a request itself says of the program, as calls that can be run and what has to come of them.

Read from docstrings and prose: doctests; ``f(2) == 3``, ``f([1]) returns 2``, ``f('a') -> 'b'``; ``Input: ...`` with
``Output: ...``; ``For n = 3 the output should be 5``. Values are literals, of Python or as other languages write them
(``true``, ``null``). A doctest of more than one plain call runs as the session that it is, beside the program.

Not covered: words that stand for values ("the empty list"), names without quotes, and a value in parentheses of which
nobody can say whether a tuple is meant. What two examples contradict each other about is left out.
"""

import ast
import doctest
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeAlias

from codegpt.cases import bools_apart
from codegpt.literals import LONGEST, UNREADABLE, NotLiteral, Term, read_call, read_literal, text_of, value_of
from codegpt.sandbox.codec import Value
from codegpt.sandbox.outcome import Raised, Reply, Returned
from codegpt.sandbox.program import Call
from codegpt.sandbox.verdict import Raises, same

TOLERANCE = 1e-6
"""Relative and absolute, where a float is expected."""
LONGEST_TEXT = 100_000
"""Characters of words or of a docstring that are looked at."""
MOST_CALLS = 500
"""In them."""


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
    """

    call: Call
    expected: Expected
    text: str
    appended: str = ""
    bools_apart: bool = False

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
        if self.bools_apart:
            return same(bools_apart(result.value), bools_apart(self.expected), TOLERANCE)
        return same(result.value, self.expected, TOLERANCE)


def examples_in(text: str, function: str, parameters: Sequence[str] = ()) -> tuple[Example, ...]:
    """The examples that words or a docstring give of a function, in their order, each call once.

    Args:
        parameters: the names of its parameters, for inputs that are given by name or without a call.
    """
    sessions, prose = _sessions(text[:LONGEST_TEXT].replace("`", ""))
    found = [*_from_sessions(sessions, function), *_from_prose(prose, function, parameters)]
    return without_contradictions(found)


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


# Doctests


def _sessions(text: str) -> tuple[list[list[doctest.Example]], str]:
    """The doctests of a text, those that follow one another together, and the rest of it."""
    sessions: list[list[doctest.Example]] = []
    prose: list[str] = []
    for paragraph in re.split(r"\n[ \t]*\n", text):
        found = _doctests(paragraph)
        examples = [each for each in found if isinstance(each, doctest.Example)]
        if any(each.want or each.exc_msg for each in examples):
            sessions.append(examples)
            prose += [each for each in found if isinstance(each, str)]
        else:
            prose.append(paragraph.replace(">>> ", ""))
    return sessions, "\n\n".join(prose)


def _doctests(text: str) -> list[str | doctest.Example]:
    try:
        return doctest.DocTestParser().parse(text)
    except ValueError:  # the indentation of an answer, or no space behind the prompt
        return [text]


def _from_sessions(sessions: Sequence[Sequence[doctest.Example]], function: str) -> Iterator[Example]:
    for session in sessions:
        known: dict[str, Value] = {}
        direct = [_direct(each, function, known) for each in session]
        plain = all(
            example is not None if each.want or each.exc_msg is not None else _only_sets_up(each, known)
            for example, each in zip(direct, session, strict=True)
        )
        name = f"codegpt_session_{zlib.crc32(repr([each.source for each in session]).encode()):08x}"
        for at, (example, each) in enumerate(zip(direct, session, strict=True)):
            if example is not None and plain:
                yield example
            elif each.exc_msg is not None or each.want:
                expected = Shown(each.want) if each.exc_msg is None else Raises(_class_of(each.exc_msg))
                text = f"{each.source.strip()}  # {(each.exc_msg or each.want).strip()}"
                yield Example(Call(name, (at,)), expected, text, _session_code(name, session))


def _direct(each: doctest.Example, function: str, known: dict[str, Value]) -> Example | None:
    """The example as one call of the function; what an assignment gives a name is remembered in `known`."""
    try:
        [statement] = ast.parse(each.source).body
        if isinstance(statement, ast.Assign) and not each.want:
            [target] = statement.targets
            if isinstance(target, ast.Name):
                known[target.id] = value_of(statement.value, known)
            return None
        if not isinstance(statement, ast.Expr):
            return None
        if each.exc_msg is not None:
            raised = Raises(_class_of(each.exc_msg))
            call = _call(statement.value, function, known)
            return Example(call, raised, f"{each.source.strip()} raises {raised.name}")
        wanted = read_literal(each.want)
        compared = comparison(statement.value, function, known)
        if compared is not None and wanted is True:
            return Example(*compared, each.source.strip())
        call = _call(statement.value, function, known)
        return Example(call, wanted, f"{each.source.strip()} == {each.want.strip()}")
    except UNREADABLE:
        return None


def _only_sets_up(each: doctest.Example, known: Mapping[str, Value]) -> bool:
    """Whether a statement imports something, or gives a name a value that was understood."""
    try:
        [statement] = ast.parse(each.source).body
        if isinstance(statement, ast.Assign):
            [target] = statement.targets
            value_of(statement.value, known)
            return isinstance(target, ast.Name)
        return isinstance(statement, ast.Import | ast.ImportFrom)
    except UNREADABLE:
        return False


def _class_of(message: str) -> str:
    """The name of an exception's class, of the last line of its traceback."""
    return message.partition(":")[0].strip().rpartition(".")[2]


def _call(node: ast.expr, function: str, known: Mapping[str, Value]) -> Call:
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
            return _call(node, function, known), True
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return _call(node.operand, function, known), False
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], ast.Eq | ast.Is):
            left, right = node.left, node.comparators[0]
            if isinstance(left, ast.Call):
                return _call(left, function, known), value_of(right, known)
            return _call(right, function, known), value_of(left, known)
    except UNREADABLE:
        pass
    return None


def _session_code(name: str, session: Sequence[doctest.Example]) -> str:
    """A function of how many statements to run, whose value is what the last of them shows."""
    sources = [each.source for each in session]
    return (
        f"\n\ndef {name}(last):\n"
        "    import contextlib, io, sys\n"
        "    names, shown = dict(globals()), io.StringIO()\n"
        f"    for number, source in enumerate({sources!r}[: last + 1]):\n"
        "        shown = io.StringIO()\n"
        "        with contextlib.redirect_stdout(shown):\n"
        "            exec(compile(source, '<example>', 'single'), names)\n"
        "    return shown.getvalue()\n"
    )


# Prose

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
    r"[ \t]*+(?:$|[;#)\n(\[—]|//|because\b|since\b|as\b|\.(?!\.|\d)|(?:,|and\b)(?![ \t]*[-\d\"'\[({]))", re.M
)
_SUM = re.compile(r"(?P<sum>-?[\d.]+(?:[ \t]*[-+*][ \t]*[\d.]*\d)+)")
_RESULT = re.compile(r"[ \t]*==?[ \t]*(?=\S)")
_INPUT_AT = re.compile(r"\binputs?\b[^\S\n]*+\d*[^\S\n]*+[:=]", re.I)
_OUTPUT_AT = re.compile(r"\boutputs?\b[^\S\n]*+\d*[^\S\n]*+[:=][^\S\n]*+(?P<value>[^\n]+)", re.I)


def _from_prose(text: str, function: str, parameters: Sequence[str]) -> Iterator[Example]:
    """By position, whatever way they are written in."""
    found = [*_calls(text, function), *_blocks(text, function, parameters), *_assignments(text, function, parameters)]
    for _, call, value in sorted(found, key=lambda each: each[0]):
        yield Example(call, value, f"{_shown(call)} == {text_of(value)}")


_Found: TypeAlias = tuple[int, Call, Value]


def _calls(text: str, function: str) -> Iterator[_Found]:
    """``f(2) == 3`` and its kin."""
    for match in islice(re.finditer(rf"(?<![\w.]){re.escape(function)}[ \t]*(?=\()", text), MOST_CALLS):
        if re.search(r"\b(?:def|function|class)\s+$", text[max(0, match.start() - 20) : match.start()]):
            continue
        try:
            read = read_call(text, match.end())
        except NotLiteral:
            continue
        wanted = _value_after(text, read.end, _GIVES)
        if wanted is not None:
            yield match.start(), Call(function, read.args, read.kwargs), wanted.value


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
    except NotLiteral:
        return None
    return term if _ENDS.match(text, term.end) else None


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
