"""Contest problems made of HumanEval: the same functions as programs over standard input, with hidden tests.

Taken are the problems whose arguments and values are plain JSON. Each argument is one line of JSON, and so is the
answer. Public tests are the docstring's examples that are written as `>>>`, hidden ones the inputs of HumanEval+'s
reduced set. What is printed for an input is what the canonical solution returns, asked in the jail when the tests are
made.
"""

import ast
import json
import re
from dataclasses import dataclass
from typing import Any

from codegpt.errors import SandboxUnavailable
from codegpt.sandbox.opening import open_sandbox
from codegpt.sandbox.outcome import End, Returned
from codegpt.sandbox.program import Call, Calls, Job, Limits, Program
from codegpt_evals.datasets import HUMANEVAL_PLUS_MINI
from codegpt_evals.problem import Problem
from codegpt_evals.shapes import ContestShape, StdioCase
from codegpt_evals.tasks.published import Published

_LIMITS = Limits(cpu_s=20, wall_s=60.0)
_KNOWN_BAD = ("HumanEval/32",)
_EXAMPLE = re.compile(r"^\s*>>>\s*(?P<call>.+?)\s*\n\s*(?P<value>\S.*?)\s*$", re.M)


@dataclass(frozen=True)
class _Source:
    """One HumanEval problem, on its way to standard input."""

    row: dict[str, Any]
    public: tuple[tuple[Any, ...], ...]

    @property
    def inputs(self) -> list[tuple[Any, ...]]:
        """The public inputs, then the hidden ones."""
        hidden = [tuple(args) for args in (*self.row["base_input"], *self.row["plus_input"])]
        return [*self.public, *(args for args in hidden if args not in self.public)]

    @property
    def job(self) -> Job:
        """Asks the canonical solution for every value."""
        program = Program(self.row["prompt"] + self.row["canonical_solution"])
        return Job(program, Calls(tuple(Call(self.row["entry_point"], args) for args in self.inputs)), _LIMITS)


def _read(text: str) -> list[Problem]:
    rows = [json.loads(line) for line in text.split("\n") if line]
    sources = [_Source(row, public_inputs(row)) for row in rows if row["task_id"] not in _KNOWN_BAD]
    plain = [source for source in sources if all(map(is_json, source.inputs))]
    try:
        with open_sandbox() as sandbox:
            outcomes = list(sandbox.run_all(source.job for source in plain))
    except SandboxUnavailable as error:
        raise SandboxUnavailable(f"the contest's tests are made in the jail: {error}") from error
    problems = []
    for source, outcome in zip(plain, outcomes, strict=True):
        if outcome.end in (End.INFRASTRUCTURE, End.CPU_TIME, End.WALL_TIME):
            raise SandboxUnavailable(f"the contest's tests could not be made: {outcome.detail}; run again")
        values = [reply.result.value for reply in outcome.replies if isinstance(reply.result, Returned)]
        if len(values) == len(source.inputs) and all(map(is_json, values)):
            problems.append(_shape(source, values).problem())
    return problems


def public_inputs(row: dict[str, Any]) -> tuple[tuple[Any, ...], ...]:
    """The arguments of the examples in a docstring, of those whose arguments are literals."""
    found = []
    for match in _EXAMPLE.finditer(row["prompt"]):
        try:
            call = ast.parse(match["call"], mode="eval").body
            if isinstance(call, ast.Call) and not call.keywords and ast.unparse(call.func) == row["entry_point"]:
                found.append(tuple(ast.literal_eval(arg) for arg in call.args))
        except (SyntaxError, ValueError):
            continue
    return tuple(args for at, args in enumerate(found) if is_json(args) and args not in found[:at])


def is_json(value: Any) -> bool:
    """Whether JSON hands a value on as it is: no sets, no tuples within, no NaN; a tuple of arguments may hold some."""
    items = list(value) if isinstance(value, tuple) else value
    try:
        return bool(json.loads(json.dumps(items, allow_nan=False)) == items) and "(" not in _outside_quotes(items)
    except (TypeError, ValueError):
        return False


def _outside_quotes(items: Any) -> str:
    return re.sub(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"", "", repr(items))


def _shape(source: _Source, values: list[Any]) -> ContestShape:
    row = source.row
    cases = [
        StdioCase(input="".join(json.dumps(arg) + "\n" for arg in args), output=json.dumps(value) + "\n")
        for args, value in zip(source.inputs, values, strict=True)
    ]
    count = len(source.public)
    arguments = len(source.inputs[0])
    form = "is the argument" if arguments == 1 else f"are the {arguments} arguments, one a line"
    return ContestShape(
        task_id=row["task_id"].replace("HumanEval", "Contest"),
        statement=f"{described(row)}\n\nInput: {form}, as JSON. Output: the value, as one line of JSON.",
        public_tests=cases[:count],
        hidden_tests=cases[count:],
        solution=program_of(row),
    )


def described(row: dict[str, Any]) -> str:
    """The signature and docstring of the last function of a prompt, as text."""
    return str(row["prompt"].strip())


def program_of(row: dict[str, Any]) -> str:
    """The canonical solution as a program over standard input."""
    return (
        f"{row['prompt']}{row['canonical_solution']}\n\nimport json\nimport sys\n\n"
        f"print(json.dumps({row['entry_point']}(*map(json.loads, sys.stdin))))\n"
    )


contest = Published((HUMANEVAL_PLUS_MINI,), _read, "made of HumanEval and HumanEval+")
