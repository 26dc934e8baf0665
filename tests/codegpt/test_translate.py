"""Translations: what is the same in both languages, and `codegpt translate` with the real jail."""

import json
import math
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from codegpt import load
from codegpt.chat import ChatTemplate
from codegpt.cli import cli
from codegpt.console import run
from codegpt.document import Document
from codegpt.engine.protocol import Cancelled, never
from codegpt.engine.scripted import ScriptedEngine, prompt_text
from codegpt.errors import InputError
from codegpt.generate import Run
from codegpt.interface import interface_of_signature
from codegpt.load import LoadedModel
from codegpt.prompt import Prompt
from codegpt.sandbox.codec import Value
from codegpt.sandbox.outcome import End, Outcome, Raised, Reply, Returned
from codegpt.sandbox.program import Call, Calls, Job
from codegpt.sandbox.verdict import Raises
from codegpt.translate import NotTheSame, header, original_in, parts_of, proposed_calls, same_in_javascript, translation
from codegpt.trial import FunctionTrial

FILE = """
import math


def mean(values: list[float]) -> float:
    \"\"\"mean([1, 3]) == 2\"\"\"
    return sum(values) / len(values)


class A:
    def method(self) -> int:
        return 1


def other(x):
    return x
"""
DOCUMENT = Document(FILE, language="python")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (2**53 - 1, 2**53 - 1),
        (-(2**53) + 1, -(2**53) + 1),
        (True, True),
        (None, None),
        ((1, [2.5, "a"]), [1, [2.5, "a"]]),
        ({"a": (1,)}, {"a": [1]}),
        (frozenset({1}), {1}),
        ((), []),
    ],
)
def test_what_is_the_same(value: Value, expected: Value) -> None:
    assert repr(same_in_javascript(value)) == repr(expected)


@pytest.mark.parametrize("value", [2**53, [2**53], b"a", 1j, {1: 2}, {(1, 2)}, {"a": {2: 1}}])
def test_what_is_not(value: Value) -> None:
    with pytest.raises(NotTheSame):
        same_in_javascript(value)


def test_special_numbers_stay() -> None:
    assert same_in_javascript(math.inf) == math.inf


@pytest.mark.parametrize(
    ("signature", "expected"),
    [
        ("f(a, b=None, c: bool = True)", "function f(a, b = null, c = true) {\n"),
        ("f()", "function f() {\n"),
        ("f(a=(1, 2), b=[None], c='x')", 'function f(a = [1, 2], b = [null], c = "x") {\n'),
        ("f(a=b'')", ""),
        ("f(a=g)", ""),
        ("f(new)", ""),
        ("f(*a)", ""),
        ("f(a=float('inf'))", ""),
    ],
)
def test_what_it_begins_with(signature: str, expected: str) -> None:
    assert header(interface_of_signature(signature), "javascript") == expected
    assert header(interface_of_signature(signature), "go") == ""


def test_the_original() -> None:
    original = original_in(DOCUMENT, "mean")
    assert original.source.startswith("def mean") and original.source.endswith("len(values)\n")
    assert original.file == FILE and original.interface.names == ("values",)
    with pytest.raises(InputError, match="no 'nothing' is defined there; there are A, mean, method, other"):
        original_in(DOCUMENT, "nothing")
    for name in ("A", "method"):
        with pytest.raises(InputError, match="is no function at the top level"):
            original_in(DOCUMENT, name)


def test_a_place() -> None:
    assert parts_of("a:b.py:f") == ("a:b.py", "f")
    for text in ("f", "a.py:", "a.py:1", ":f"):
        with pytest.raises(InputError, match="FILE:FUNCTION"):
            parts_of(text)


def says(*values: object) -> Run:
    """A jail in which the calls come to these values, in turns."""

    def run_(jobs: Sequence[Job], cancelled: Cancelled = never) -> Iterator[Outcome]:
        for job in jobs:
            assert isinstance(job.task, Calls)
            results = [values[at % len(values)] for at in range(len(job.task.calls))]
            replies = [
                Reply(each if isinstance(each, Raised | Returned) else Returned(each), 0.0)  # type: ignore[arg-type]
                for each in results
            ]
            yield Outcome(End.COMPLETE, replies=tuple(replies))

    return run_


def test_the_originals_values_are_expected() -> None:
    made = translation(original_in(DOCUMENT, "mean"), "javascript", says(2.0, Raised("ZeroDivisionError"), 2**60))
    trial = made.task.trial
    assert isinstance(trial, FunctionTrial) and trial.language == "javascript"
    assert trial.examples[0].expected == 2.0 and trial.examples[0].call.args == ([1, 3],)
    assert trial.examples[1].expected == Raises("Error")
    assert made.inputs == len(trial.examples) and made.left_out == made.inputs // 2
    assert "not: mean([1, 3]) gives 2.0" in made.task.failure(0)
    assert made.task.request.begins == "function mean(values) {\n" and "def mean" in made.task.request.words


@pytest.mark.parametrize("name", ["CallTimeout", "RecursionError", "MemoryError"])
def test_what_is_the_machines_fault_is_not_asked_of_a_translation(name: str) -> None:
    made = translation(original_in(DOCUMENT, "mean"), "javascript", says(2.0, Raised(name)))
    assert isinstance(made.task.trial, FunctionTrial) and made.left_out == made.inputs
    assert all(each.expected == 2.0 for each in made.task.trial.examples)


def test_what_it_does_to_its_arguments_is_not_compared() -> None:
    made = translation(original_in(DOCUMENT, "mean"), "javascript", says(Returned(None, ([1],))))
    assert made.task.trial is None and "none of its values is the same" in made.task.why_not_run
    assert (made.inputs, made.left_out) == (0, 40)


def test_where_nothing_can_be_compared_it_says_why() -> None:
    untyped, typed = original_in(DOCUMENT, "other"), original_in(DOCUMENT, "mean")
    assert "neither type hints" in translation(untyped, "javascript", says(1)).task.why_not_run
    assert translation(typed, "go", says(1)).task.why_not_run == "programs in Go are not run"
    assert translation(typed, "javascript", None).task.why_not_run == "there is no jail here"


def test_where_there_is_nothing_to_call_it_with_the_model_is_asked() -> None:
    prompts = []

    def script(prompt: Prompt, row: int) -> str:
        prompts.append(prompt_text(prompt))
        return f"{row}) == 1\nassert other('a') == 'a'\n\n"

    untyped = original_in(DOCUMENT, "other")
    calls = proposed_calls(untyped, ScriptedEngine(script), None)
    assert [call.args for call in calls] == [("a",), (0,), (1,), (2,), (3,)]
    assert prompts[0] == "def other(x):\n    return x\n    pass\n\n\n# Tests of other\nassert other("
    made = translation(untyped, "javascript", says("a", 0), lambda: calls)
    trial = made.task.trial
    assert isinstance(trial, FunctionTrial) and [each.expected for each in trial.examples][:2] == ["a", 0]
    assert [each.call.args for each in trial.examples][:5] == [call.args for call in calls]

    def never_asked() -> list[Call]:
        raise AssertionError

    assert translation(original_in(DOCUMENT, "mean"), "javascript", says(2.0), never_asked).task.trial is not None


SUM = "  return values.reduce((a, b) => a + b, 0)"
RIGHT = f"  if (!values.length) throw new Error('empty');\n{SUM} / values.length;\n}}\n```"
WRONG = f"{SUM};\n}}\n```"


@pytest.fixture
def say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str, str]]:
    """Types `codegpt translate ...`; gives the exit code and what was printed."""
    engine = ScriptedEngine(lambda _prompt, row: RIGHT if row % 3 == 2 else WRONG)
    chat = ChatTemplate("{% for message in messages %}{{ message.content }}{% endfor %}")
    monkeypatch.setattr(load, "load_model", lambda model, fim="": LoadedModel(engine, None, "", chat))
    monkeypatch.chdir(tmp_path)
    Path("app.py").write_text(FILE)

    def type_(*arguments: str) -> tuple[int, str, str]:
        result = CliRunner().invoke(cli, ["translate", *arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            return run(cli, "codegpt", ["translate", *arguments]), result.stdout, str(result.exception)
        return result.exit_code, result.stdout, result.stderr

    return type_


@pytest.mark.skipif(shutil.which("bwrap") is None or shutil.which("node") is None, reason="needs bubblewrap and node")
def test_the_one_that_does_the_same_comes_first(say: Callable[..., tuple[int, str, str]]) -> None:
    code, out, err = say("app.py:mean", "--to", "javascript", "--samples", "4", "--show", "1")
    assert code == 0 and out.startswith("// 1: examples passed (") and "throw new Error" in out
    assert out.partition("\n")[2].startswith("function mean(values) {\n")
    assert "Compared with the original on " in err
    _, out, _ = say("app.py:other", "--to", "javascript", "--samples", "2", "--json")
    evidence = json.loads(out)["candidates"][0]["evidence"]
    assert evidence["level"] == "parses only" and "neither type hints" in evidence["reason"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["app.py", "--to", "javascript"], "write FILE:FUNCTION"),
        (["app.py:mean", "--to", "python"], "no language to translate Python to"),
        (["app.py:mean", "--to", "cobol"], "no language to translate Python to"),
        (["no.py:mean", "--to", "go"], "no.py does not exist"),
        (["app.py:nothing", "--to", "go"], "no 'nothing' is defined there"),
    ],
)
def test_bad_input_is_one_clear_line(
    say: Callable[..., tuple[int, str, str]], arguments: list[str], message: str
) -> None:
    code, out, error = say(*arguments)
    assert code == 2 and out == "" and message in error
