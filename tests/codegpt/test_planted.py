"""Hostile programs among the samples, in the real jail: what is seen of every other candidate stays as it was."""

import shutil
from collections.abc import Iterator, Sequence

import pytest

from codegpt.chat import ChatTemplate
from codegpt.engine.scripted import ScriptedEngine
from codegpt.examples import examples_in
from codegpt.generate import Candidates, GenerateOptions, Task, generate
from codegpt.request import Request
from codegpt.sandbox.canaries import Canaries, canaries
from codegpt.sandbox.client import Sandbox
from codegpt.sandbox.corpus.hostile import ESCAPED, hostile_programs
from codegpt.sandbox.opening import available_views
from codegpt.sandbox.program import Call
from codegpt.selection import Seen
from codegpt.trial import FunctionTrial

HONEST = (
    "def f(x):\n    return 2 * x\n",
    "def f(x):\n    return x + x if x else 0\n",
    "def f(x):\n    return x\n",
    "def f(x):\n    return 6 // (x - 3)\n",
    "def f(x):\n    return [x][x - 2]\n",
)
TASK = Task(
    Request("Double a number. The function is called `f`."),
    FunctionTrial(examples=examples_in("f(1) == 2\nf(4) == 8", "f"), inputs=tuple(Call("f", (x,)) for x in range(5))),
)
EVERY = 3
"""Of the attacks, one in so many is planted; each costs up to seconds."""


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    if shutil.which("bwrap") is None:
        pytest.skip("not run: install bubblewrap")
    with Sandbox(views=available_views()) as opened:
        yield opened


@pytest.fixture(scope="module")
def put_out() -> Iterator[Canaries]:
    with canaries() as found:
        yield found


def drawn(sandbox: Sandbox, programs: Sequence[str]) -> Candidates:
    engine = ScriptedEngine(lambda _prompt, row: f"{programs[row]}\n```", ())
    chat = ChatTemplate("{% for message in messages %}{{ message.content }}{% endfor %}")
    options = GenerateOptions(len(programs), at_once=len(programs), margin=float("inf"), repairs=0)
    return generate(TASK, engine, chat, sandbox.run_all, options)


def seen(result: Candidates) -> dict[str, Seen]:
    return {each.candidate.program.strip(): result.seen[each.candidate.number] for each in result.ranked}


def test_what_is_planted_changes_nothing_else(sandbox: Sandbox, put_out: Canaries) -> None:
    attacks = [
        attack.source
        for attack in hostile_programs(put_out.places)
        if attack.language == "python" and attack.mode == "functions" and "```" not in attack.source
    ][::EVERY]
    assert len(attacks) >= 40
    alone = drawn(sandbox, HONEST)
    among = drawn(sandbox, [each for pair in zip(attacks, HONEST * len(attacks), strict=False) for each in pair])
    before, after = seen(alone), seen(among)
    assert len(before) == len(HONEST)
    assert {program: after[program] for program in before} == before
    assert among.ranked[0].candidate.program.strip() in [each.strip() for each in HONEST[:2]]
    planted = {program: was for program, was in after.items() if program not in before}
    assert len(planted) >= 40
    assert [program for program, was in planted.items() if was.examples and all(was.examples)] == []
    said = repr([*planted.values()])
    assert (ESCAPED in said, put_out.secret in said, put_out.touched()) == (False, False, "")
