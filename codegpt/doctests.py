"""Doctests as examples: plain calls as what they are, everything else as the session that it is, beside the program."""

import ast
import doctest
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence

from codegpt.example import Example, Shown, call_of, comparison
from codegpt.literals import UNREADABLE, read_literal, value_of
from codegpt.sandbox.codec import Value
from codegpt.sandbox.program import Call
from codegpt.sandbox.verdict import Raises


def sessions_in(text: str) -> tuple[list[list[doctest.Example]], str]:
    """The doctests of a text, those of a paragraph together, and the rest of it."""
    sessions: list[list[doctest.Example]] = []
    prose: list[str] = []
    for paragraph in re.split(r"\n[ \t]*\n", text):
        found = _doctests(paragraph)
        examples = [each for each in found if isinstance(each, doctest.Example)]
        shows = any(each.want or each.exc_msg for each in examples)
        if shows or (examples and all(map(_is_set_up, examples))):
            sessions.append([each for each in examples if not each.options.get(doctest.SKIP)])
            prose += [each for each in found if isinstance(each, str)]
        else:
            prose.append(paragraph.replace(">>> ", ""))
    return sessions, "\n\n".join(prose)


def _doctests(text: str) -> list[str | doctest.Example]:
    try:
        return doctest.DocTestParser().parse(text)
    except ValueError:  # the indentation of an answer, or no space behind the prompt
        return [text]


def of_sessions(sessions: Sequence[Sequence[doctest.Example]], function: str) -> Iterator[Example]:
    """Of each session its calls, where they are plain ones; else what it shows, behind all that comes before it."""
    every = [each for session in sessions for each in session][:MOST]
    name = f"codegpt_session_{zlib.crc32(repr([each.source for each in every]).encode('utf-8', 'replace')):08x}"
    code = _session_code(name, every)
    known: dict[str, Value] = {}
    used: dict[str, int] = {}
    first = 0
    for session in sessions:
        direct = [_direct(each, function, known) for each in session]
        plain = all(
            example is not None if each.want or each.exc_msg is not None else _only_sets_up(each, known)
            for example, each in zip(direct, session, strict=True)
        )
        plain = plain and not _uses_again(session, known, used)
        for at, (example, each) in enumerate(zip(direct, session, strict=True), start=first):
            if at == MOST:
                return
            if example is not None and plain:
                yield example
            elif each.exc_msg is not None or each.want:
                expected = Shown(each.want) if each.exc_msg is None else Raises(_class_of(each.exc_msg))
                text = f"{each.source.strip()}  # {(each.exc_msg or each.want).strip()}"
                yield Example(Call(name, (at,)), expected, text, code)
        first += len(session)
        if not plain:
            known = {}  # what its names stand for by now, nobody knows


MOST = 200
"""Statements of doctests in a text."""


def _uses_again(session: Sequence[doctest.Example], known: Mapping[str, Value], used: dict[str, int]) -> bool:
    """Whether something that a call may change is given to a second one; `used` counts."""
    for each in session:
        try:
            tree = ast.parse(each.source)
        except UNREADABLE:
            return True
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and isinstance(known.get(node.id), list | dict | set):
                used[node.id] = 0 if isinstance(node.ctx, ast.Store) else used.get(node.id, 0) + 1
                if used[node.id] > 1:
                    return True
    return False


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
            call = call_of(statement.value, function, known)
            return Example(call, raised, f"{each.source.strip()} raises {raised.name}")
        wanted = read_literal(each.want)
        compared = comparison(statement.value, function, known)
        if compared is not None and wanted is True:
            return Example(*compared, each.source.strip())
        call = call_of(statement.value, function, known)
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


def _is_set_up(each: doctest.Example) -> bool:
    try:
        return all(isinstance(node, ast.Import | ast.ImportFrom | ast.Assign) for node in ast.parse(each.source).body)
    except UNREADABLE:
        return False


def _class_of(message: str) -> str:
    """The name of an exception's class, of the last line of its traceback."""
    return message.partition(":")[0].strip().rpartition(".")[2]


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
        "            try:\n"
        "                exec(compile(source, '<example>', 'single'), names)\n"
        "            except Exception:\n"
        "                if number == last:\n"
        "                    raise\n"
        "    return shown.getvalue()\n"
    )
