"""The four shapes in which people write problems down, as a schema; and what makes each of them a `Problem`.

A file of problems has one JSON object a line. `codegpt-evals schema` prints the JSON Schema made of these classes.
"""

import json
import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from codegpt.cases import Case
from codegpt.errors import InputError
from codegpt.request import Request
from codegpt_evals.checks import StdioCheck, TestsCheck
from codegpt_evals.mbpp_tests import check_of_asserts
from codegpt_evals.problem import Hole, Problem

Language = Literal["python", "javascript"]
Text = Annotated[str, Field(min_length=1)]


class Shape(BaseModel):
    """What the shapes share: unknown members are left alone, and no member is converted from another type."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")

    task_id: str | int = Field(description="names the problem within its file")

    @property
    def name(self) -> str:
        """The task id as text."""
        return str(self.task_id)


class HumanEvalShape(Shape):
    """A function to be completed from its signature and docstring; tests define `check(candidate)`."""

    prompt: Text = Field(description="code up to and with the docstring; the completion follows it")
    canonical_solution: str = Field(description="what follows the prompt in a right program")
    test: Text = Field(description="defines check(candidate); in JavaScript, counted assertions on the function itself")
    entry_point: str = Field(default="", description="the function's name; by default the last one that prompt defines")
    language: Language = "python"

    def problem(self) -> Problem:
        """Ask for the rest of the program."""
        entry = self.entry_point or _last_defined(self.prompt, self.language, self.name)
        canonical = self.prompt + self.canonical_solution
        names = tuple(name for name in _defined(self.prompt, self.language) if name != entry)
        return Problem(
            self.name,
            self.language,
            Request("", self.prompt, self.language),
            self.canonical_solution,
            returns_nothing(canonical, entry, self.prompt, self.language),
            TestsCheck(self.language, self.test, entry, names),
            head=self.prompt,
        )


class MbppShape(Shape):
    """A function to be written from words and the asserts it has to meet."""

    text: str = Field(default="", description="what is wanted, in words; or `prompt`")
    prompt: str = Field(default="", description="the same, as the sanitized set calls it")
    code: Text = Field(description="a right program")
    test_list: list[str] = Field(min_length=1, description="asserts; they are shown to the model")
    challenge_test_list: list[str] = Field(default=[], description="more asserts, not shown")
    test_setup_code: str = Field(default="", description="run before the asserts")
    test_imports: list[str] = Field(default=[], description="likewise")

    def problem(self) -> Problem:
        """Ask in words, with the asserts."""
        words = (self.text or self.prompt).strip()
        if not words:
            raise ValueError("text: what is wanted, in words, is missing")
        asserts = "\n".join(self.test_list)
        code = self.code.replace("\r\n", "\n")
        setup = "\n".join([*self.test_imports, self.test_setup_code.replace("\r\n", "\n")]).strip()
        check, entry = check_of_asserts(code, [*self.test_list, *self.challenge_test_list], setup)
        return Problem(
            self.name,
            "python",
            Request(f"{words}\nIt has to pass these tests:\n\n{asserts}"),
            code,
            returns_nothing(code, entry, "", "python"),
            check,
        )


class InfillingShape(Shape):
    """A hole between `prompt` and `suffix`; with `test`, what fills it is also run."""

    prompt: str = Field(description="the text before the hole")
    suffix: str = Field(description="the text after it")
    canonical_solution: Text = Field(description="what stood there")
    test: str = Field(default="", description="defines check(candidate)")
    entry_point: str = Field(default="", description="the function that the tests call; needed with `test`")
    language: str = "python"

    def problem(self, one_line: bool = False) -> Problem:
        """Ask for what belongs into the hole."""
        canonical = self.prompt + self.canonical_solution + self.suffix
        check, control = None, ""
        if self.test:
            if not self.entry_point:
                raise ValueError("entry_point: needed, since there is a test")
            if self.language != "python":
                raise ValueError("language: tests of holes are run in Python alone; leave `test` out elsewhere")
            names = tuple(name for name in _defined(canonical, self.language) if name != self.entry_point)
            check = TestsCheck(self.language, self.test, self.entry_point, names)
            control = returns_nothing(canonical, self.entry_point, "", "python")
        return Problem(
            self.name,
            self.language,
            Hole(self.prompt, self.suffix, self.canonical_solution, one_line),
            self.canonical_solution,
            control,
            check,
            self.prompt,
            self.suffix,
        )


class StdioCase(BaseModel):
    """One run."""

    model_config = ConfigDict(frozen=True, strict=True)

    input: str
    output: str


class ContestShape(Shape):
    """A program that reads standard input and prints an answer."""

    statement: Text = Field(description="what is wanted, in words, with the forms of input and output")
    public_tests: list[StdioCase] = Field(default=[], description="shown to the model")
    hidden_tests: list[StdioCase] = Field(min_length=1, description="not shown")
    solution: Text = Field(description="a right program")
    language: Language = "python"

    def problem(self) -> Problem:
        """Ask in words, with the public tests as examples."""
        cases = tuple(Case(case.input, case.output) for case in (*self.public_tests, *self.hidden_tests))
        examples = "".join(
            f"\n\nExample input:\n{case.input.rstrip()}\nExample output:\n{case.output.rstrip()}"
            for case in self.public_tests
        )
        words = f"Write a program that reads standard input and prints the answer.\n\n{self.statement}{examples}"
        control = "print(None)\n" if self.language == "python" else "console.log(undefined)\n"
        return Problem(
            self.name,
            self.language,
            Request(words, language=self.language),
            self.solution,
            control,
            StdioCheck(self.language, cases),
        )


SHAPES: dict[str, type[HumanEvalShape | MbppShape | InfillingShape | ContestShape]] = {
    "humaneval": HumanEvalShape,
    "mbpp": MbppShape,
    "infilling": InfillingShape,
    "contest": ContestShape,
}


def problems_of(text: str, source: str) -> list[Problem]:
    """The problems of a file of JSON lines; `source` names it in messages.

    Raises:
        InputError: a line is not a problem; the message names the line, the member and what is wrong.
    """
    problems: dict[str, Problem] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        problem = _problem_of(line, f"{source}:{number}")
        if problem.task_id in problems:
            raise InputError(f"{source}:{number}: task_id {problem.task_id} was given before")
        problems[problem.task_id] = problem
    if not problems:
        raise InputError(f"{source} holds no problems")
    return list(problems.values())


def _problem_of(line: str, place: str) -> Problem:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise InputError(f"{place}: not JSON: {error}") from None
    if not isinstance(row, dict):
        raise InputError(f"{place}: not a JSON object")
    shape = shape_of(row)
    try:
        return SHAPES[shape].model_validate(row).problem()
    except ValidationError as error:
        first = error.errors()[0]
        member = ".".join(map(str, first["loc"]))
        raise InputError(f"{place}: as a problem of the {shape} shape: {member}: {first['msg']}") from None
    except (ValueError, SyntaxError) as error:
        raise InputError(f"{place}: as a problem of the {shape} shape: {error}") from None


def shape_of(row: dict[str, Any]) -> str:
    """Which shape a row has, by the member that only that shape has."""
    marks = {"suffix": "infilling", "test_list": "mbpp", "hidden_tests": "contest", "statement": "contest"}
    return next((shape for mark, shape in marks.items() if mark in row), "humaneval")


_JS_FUNCTION = re.compile(
    r"^(?:const|let|var)\s+(\w+)\s*=\s*(?:async\s*)?(?:function\b|\(|\w+\s*=>)|^function\s+(\w+)", re.M
)
_PY_FUNCTION = re.compile(r"^(?:async\s+)?def\s+(\w+)", re.M)


def _defined(code: str, language: str) -> list[str]:
    """The functions that code defines at its top level, in order; the code may stop in the middle."""
    pattern = _PY_FUNCTION if language == "python" else _JS_FUNCTION
    return [next(filter(None, match.groups())) for match in pattern.finditer(code)]


def _last_defined(code: str, language: str, task_id: str) -> str:
    names = _defined(code, language)
    if not names:
        raise ValueError(f"entry_point: missing, and the prompt of {task_id} defines no function")
    return names[-1]


def returns_nothing(canonical: str, entry: str, prompt: str, language: str) -> str:
    """The known-wrong control: the canonical program, but its function returns nothing."""
    if language == "python":
        return f"{canonical.rstrip()}\n\n\ndef {entry}(*args, **kwargs):\n    return None\n"
    return f"{prompt.rstrip()}\n  return undefined;\n}}\n"
