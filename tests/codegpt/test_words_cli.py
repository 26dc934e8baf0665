"""`codegpt generate` as a person types it, with a scripted model and the real jail."""

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from codegpt import load
from codegpt.chat import ChatTemplate
from codegpt.cli import cli
from codegpt.console import run
from codegpt.engine.scripted import ScriptedEngine, prompt_text
from codegpt.load import LoadedModel
from codegpt.prompt import Prompt

CHAT = ChatTemplate(
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{{ '' }}{% endif %}"
)
BODIES = ("    return a + b\n```", "    return b + a\n```", "    return a - b\n```", "    return a +\n```")

pytestmark = pytest.mark.skipif(shutil.which("bwrap") is None, reason="needs bubblewrap")


def script(prompt: Prompt, row: int) -> str:
    if prompt_text(prompt).endswith("def "):
        return "add(a: int, b: int) -> int:\n    pass"
    if prompt_text(prompt).endswith("def add("):
        return "a: int, b: int) -> int:\n    pass"
    if "assert statements" in prompt_text(prompt):
        return "1, 2) == 4\nassert add(5, 3) == add(3, 5)\n"
    if "stack class" in prompt_text(prompt):
        return "class Stack(list):\n    push = list.append\n```"
    if "JavaScript" in prompt_text(prompt):
        return "function plus(a, b) {\n  return a + b;\n}\n```"
    if "Go code" in prompt_text(prompt):
        return "package main\n```"
    if "standard input" in prompt_text(prompt):
        return "print(sum(map(int, input().split())))\n```"
    return BODIES[row % len(BODIES)]


@pytest.fixture
def say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str, str]]:
    """Types `codegpt generate ...`; gives the exit code and what was printed."""
    engine = ScriptedEngine(script, ("<|im_start|>", "<|im_end|>"))
    monkeypatch.setattr(load, "load_model", lambda model, fim="": LoadedModel(engine, None, "", CHAT))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)

    def type_(*arguments: str) -> tuple[int, str, str]:
        result = CliRunner().invoke(cli, ["generate", *arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            code = run(cli, "codegpt", ["generate", *arguments])
            return code, result.stdout, str(result.exception)
        return result.exit_code, result.stdout, result.stderr

    return type_


def test_words_alone(say: Callable[..., tuple[int, str, str]]) -> None:
    code, out, err = say("Add two numbers. add(1, 2) == 3", "--samples", "8")
    assert code == 0
    assert out == (
        "# 1: examples passed (1 of 1), 4 of 8 samples behave alike\n"
        "def add(a: int, b: int) -> int:\n"
        '    """Add two numbers. add(1, 2) == 3\n    """\n'
        "    return a + b\n"
        "\n\n"
        "# 2: agreement only (0 of 1), 2 of 8 samples behave alike, fails 1 of the examples\n"
        "def add(a: int, b: int) -> int:\n"
        '    """Add two numbers. add(1, 2) == 3\n    """\n'
        "    return a - b\n"
    )
    assert "2 of 8 answers do not parse." in err and "8 samples;" in err


def test_without_examples_it_says_so_and_tells_the_two_best_apart(say: Callable[..., tuple[int, str, str]]) -> None:
    _, out, err = say("Add two numbers.", "--samples", "8", "--show", "1")
    assert out.startswith("# 1: agreement only, 4 of 8 samples behave alike, no examples given\n")
    assert "No examples given: ranked by agreement." in err and "the first gives" in err


def test_as_json(say: Callable[..., tuple[int, str, str]]) -> None:
    _, out, _ = say("Add two numbers. add(1, 2) == 3", "--samples", "4", "--json")
    result = json.loads(out)
    assert [each["evidence"]["level"] for each in result["candidates"]] == [
        "examples passed",
        "parses only",
    ]
    assert result["samples"] == 4 and result["model"] == "scripted"


def test_loading_the_model_is_part_of_the_budget(
    say: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    loads = load.load_model

    def slowly(model: str, fim: str = "") -> LoadedModel:
        time.sleep(1.0)
        return loads(model, fim)

    monkeypatch.setattr(load, "load_model", slowly)
    assert say("Add two numbers.", "--budget-s", "1") == (
        2,
        "",
        "1 s went by before anything could be drawn; give a larger --budget-s",
    )


def test_a_class(say: Callable[..., tuple[int, str, str]]) -> None:
    _, out, _ = say("A stack class with push.", "--samples", "4")
    assert out == (
        "# 1: parses only, a class, and no example of it: give a doctest, asserts or --tests\n"
        "class Stack(list):\n    push = list.append\n"
    )
    Path("test_stack.py").write_text(
        "from app import Stack\n\n\ndef test_it():\n    s = Stack()\n    s.push(1)\n    assert s.pop() == 1\n"
    )
    _, out, _ = say("A stack class with push.", "--samples", "4", "--tests", "test_stack.py")
    assert out.startswith("# 1: parses only, the tests were not run: Stack is a class: only functions, ")
    words = "A stack class with push.\n\n>>> s = Stack()\n>>> s.push(1)\n>>> s\n[1]"
    assert say(words, "--samples", "4")[1].startswith("# 1: examples passed (1 of 1)\nclass Stack(list):\n")


def test_in_a_file(say: Callable[..., tuple[int, str, str]]) -> None:
    text = 'import math\n\n\ndef add(a, b):\n    """add(2, 2) == 4"""\n    \n'
    Path("app.py").write_text(text)
    code, out, _ = say("--at", "app.py:6:5", "--samples", "4", "--show", "1")
    assert code == 0
    assert out.endswith('def add(a, b):\n    """add(2, 2) == 4"""\n    return a + b\n')


def test_a_persons_tests(say: Callable[..., tuple[int, str, str]]) -> None:
    Path("asserts.py").write_text("assert add(5, 3) == 2\n")
    _, out, _ = say("Two numbers.", "--tests", "asserts.py", "--samples", "4", "--show", "1")
    assert out.startswith("# 1: examples passed (1 of 1)") and out.endswith("    return a - b\n")
    Path("test_add.py").write_text("from app import add\n\ndef test_it():\n    assert add(5, 3) == 2\n")
    _, out, _ = say("Two numbers.", "--tests", "test_add.py", "--samples", "4", "--show", "1")
    assert out.startswith("# 1: examples passed (1 of 1)") and out.endswith("    return a - b\n")


def test_the_tests_of_a_workspace(say: Callable[..., tuple[int, str, str]]) -> None:
    Path("app.py").write_text("def add(a: int, b: int) -> int:\n    \n")
    Path("test_app.py").write_text("from app import add\n\ndef test_it():\n    assert add(5, 3) == 2\n")
    _, out, _ = say("--at", "app.py:2:5", "--workspace", ".", "--samples", "4", "--show", "1")
    assert out.startswith("# 1: examples passed (1 of 1)") and out.endswith("    return a - b\n")
    _, out, _ = say("--at", "app.py:2:5", "--samples", "4", "--show", "1")
    assert out.startswith("# 1: agreement only, ")
    Path("test_app.py").write_text("from app import A, add\n\ndef test_it():\n    assert A(add(5, 3))\n")
    Path("app.py").write_text("class A: pass\n\ndef add(a: int, b: int) -> int:\n    \n")
    _, out, _ = say("--at", "app.py:4:5", "--workspace", ".", "--samples", "4", "--show", "1")
    assert "agreement only" in out and "the tests were not run: " in out


def test_a_module_that_imports_from_its_package(say: Callable[..., tuple[int, str, str]]) -> None:
    Path().chmod(0o755)  # root's jails are nobody's
    Path("package").mkdir()
    Path("package/__init__.py").write_text("from .app import add\n")
    Path("package/near.py").write_text("NOTHING = 0\n")
    Path("package/app.py").write_text("from .near import NOTHING\n\ndef add(a: int, b: int) -> int:\n    \n")
    _, out, _ = say("add(5, 3) == 2", "--at", "package/app.py:4:5", "--workspace", ".", "--samples", "4", "--show", "1")
    assert out.startswith("# 1: examples passed (1 of 1)") and out.endswith("    return a - b\n")
    _, out, _ = say("add(5, 3) == 2", "--at", "package/app.py:4:5", "--samples", "4", "--show", "1")
    assert out.startswith(
        "# 1: parses only, the file itself does not load in the jail: ImportError: attempted relative"
    )


def test_a_script(say: Callable[..., tuple[int, str, str]]) -> None:
    _, out, _ = say("A script that prints the sum.\n\nInput: 1 2\nOutput: 3", "--samples", "2")
    assert out.startswith("# 1: examples passed (1 of 1)") and "input()" in out


@pytest.mark.skipif(shutil.which("node") is None, reason="not run: there is no node")
def test_a_function_in_javascript(say: Callable[..., tuple[int, str, str]]) -> None:
    _, out, _ = say("Add two numbers. plus(1, 2) == 3", "--language", "javascript", "--samples", "4", "--show", "1")
    assert out == (
        "// 1: examples passed (1 of 1), 4 of 4 samples behave alike\nfunction plus(a, b) {\n  return a + b;\n}\n"
    )
    _, out, _ = say("Add two numbers.", "--language", "go", "--samples", "2", "--show", "1")
    assert out.startswith("// 1: parses only, programs in Go are not run\n")


def test_where_nothing_says_what_to_call_it_with_the_model_does(say: Callable[..., tuple[int, str, str]]) -> None:
    _, out, _ = say("Add both.", "--function", "add(a, b)", "--samples", "8", "--show", "1")
    assert out.startswith("# 1: agreement only, 4 of 8 samples behave alike, no examples given\n")


def test_an_answer_ranks_the_last_result_anew(say: Callable[..., tuple[int, str, str]]) -> None:
    _, _, err = say("Add two numbers.", "--samples", "8")
    assert "--answer first|second|VALUE" in err
    code, out, err = say("--answer", "second", "--show", "1")
    assert code == 0 and out.startswith("# 1: examples passed (1 of 1), 2 of 8 samples behave alike\n")
    assert out.endswith("    return a - b\n") and err == "2 of 8 answers do not parse.\n"
    code, _, err = say("--answer", "first")
    assert code == 2 and "asks nothing" in err


def test_a_value_answers_too(say: Callable[..., tuple[int, str, str]]) -> None:
    _, out, _ = say("Add two numbers.", "--samples", "8", "--json")
    question = json.loads(out)["question"]
    assert question["second"].startswith("= ")
    _, out, _ = say("--answer", question["second"].removeprefix("= "), "--show", "1", "--json")
    assert "a - b" in json.loads(out)["candidates"][0]["program"]
    say("Add two numbers.", "--samples", "8")
    code, out, err = say("--answer", "third")
    assert (code, out) == (2, "") and "'third' is neither first nor second nor a value" in err


def test_a_follow_up_goes_on_from_the_last_result(say: Callable[..., tuple[int, str, str]]) -> None:
    say("Add two numbers. add(1, 2) == 3", "--samples", "4")
    code, out, _ = say("--follow-up", "No, take the second from the first: add(1, 2) == -1", "--samples", "4")
    assert code == 0 and out.startswith("# 1: examples passed (1 of 1)")
    assert "return a - b" in out.partition("# 2")[0]
    code, out, _ = say("--follow-up", "With three.", "--function", "add3(a, b, c)", "--samples", "1")
    assert "def add3(a, b, c):" in out


def test_without_a_last_result(say: Callable[..., tuple[int, str, str]]) -> None:
    for arguments in (("--answer", "first"), ("--follow-up", "x")):
        code, out, err = say(*arguments)
        assert (code, out) == (2, "") and "there is no last result" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "say in words what is wanted, or give --at FILE:LINE:COL"),
        (["x", "--language", "cobol"], "'cobol' is no language"),
        (["x", "--function", "f("], "'f(' is no signature"),
        (["x", "--at", "app.py"], "'app.py' is no place; write FILE:LINE:COL"),
        (["x", "--at", "no.py:1:1"], "no.py does not exist"),
        (["x", "--at", "a.py:1:1", "--script"], "give one"),
        (["x", "--script", "--function", "f()"], "give one"),
        (["x", "--follow-up", "y"], "say all of it there"),
        (["x", "--answer", "first"], "leave out the words"),
        (["--answer", "first", "--follow-up", "y"], "two steps"),
        (["--answer", "first", "--script"], "leave out --script"),
        (["x", "--language", "javascript", "--function", "f()"], "are for Python"),
    ],
)
def test_bad_input_is_one_clear_line(
    say: Callable[..., tuple[int, str, str]], arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, error = say(*arguments)
    assert code == 2 and out == "" and message in error
