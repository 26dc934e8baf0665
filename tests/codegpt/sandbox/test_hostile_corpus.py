"""The hostile corpus: its form, not its runs."""

import re
from collections import Counter

import pytest

from codegpt.sandbox.corpus.hostile import ESCAPED, Hostile, hostile_programs
from codegpt.sandbox.verdict import Verdict

CANARIES = {
    "FILE": "/outside/secret",
    "ENV": "SECRET_OF_THE_CALLER",
    "PORT": "40001",
    "UDP_PORT": "40002",
    "UNIX": "/outside/socket",
    "ABSTRACT": "abstract-canary",
    "OUT": "/outside/out",
    "PID": "4000001",
}
PROGRAMS = hostile_programs(CANARIES)
PYTHON = [program for program in PROGRAMS if program.language == "python"]
NEVER = {Verdict.PASSED, Verdict.INFRASTRUCTURE_ERROR}


def by_name(program: Hostile) -> str:
    return program.name


def test_there_are_enough_of_every_theme() -> None:
    counts = Counter(program.theme for program in PROGRAMS)
    assert len(PROGRAMS) >= 115
    assert set(counts) == {"resources", "files", "network", "kernel", "process", "cheating", "javascript"}
    assert min(counts.values()) >= 15
    assert counts["cheating"] >= 40


def test_names_are_unique_and_kebab_case() -> None:
    names = [program.name for program in PROGRAMS]
    assert len(set(names)) == len(names)
    assert [name for name in names if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)] == []


def test_sources_are_all_different() -> None:
    assert len({program.source for program in PROGRAMS}) == len(PROGRAMS)


@pytest.mark.parametrize("program", PROGRAMS, ids=by_name)
def test_a_program_is_well_formed(program: Hostile) -> None:
    assert program.mode in ("functions", "script")
    assert program.language == ("javascript" if program.theme == "javascript" else "python")
    assert program.expect
    assert program.expect <= {*Verdict} - NEVER
    assert program.tries
    assert "\n: " not in program.source  # a header that was not read as one
    assert not re.search("@[A-Z_]+@", program.source)


def test_few_programs_cost_the_time_of_a_timeout() -> None:
    assert len([program for program in PROGRAMS if Verdict.TIMEOUT in program.expect]) <= 14


def test_most_programs_have_one_verdict() -> None:
    assert len([program for program in PROGRAMS if len(program.expect) == 1]) > 0.6 * len(PROGRAMS)


@pytest.mark.parametrize("program", PYTHON, ids=by_name)
def test_python_sources_compile_unless_they_are_meant_not_to(program: Hostile) -> None:
    try:
        compile(program.source, program.name, "exec", dont_inherit=True)
    except SyntaxError:
        assert Verdict.SYNTAX_ERROR in program.expect
    else:
        assert Verdict.SYNTAX_ERROR not in program.expect or "raise SyntaxError" in program.source


@pytest.mark.parametrize("program", [program for program in PYTHON if program.mode == "functions"], ids=by_name)
def test_a_function_program_defines_f_or_never_gets_that_far(program: Hostile) -> None:
    answers = ("def f(", "async def f(", "def __getattr__(", "class ")
    never_loads = ("os._exit", "sys.exit", "raise ", "while ", "os.write", "os.read", "time.sleep")
    assert any(line.startswith((*answers, *never_loads)) for line in program.source.splitlines())


def test_every_canary_is_aimed_at() -> None:
    marked = hostile_programs({name: f"<{name}>" for name in CANARIES})
    for name in CANARIES:
        assert any(f"<{name}>" in program.source for program in marked), name


@pytest.mark.parametrize("name", CANARIES)
def test_a_missing_canary_is_an_error(name: str) -> None:
    with pytest.raises(KeyError, match=name):
        hostile_programs({other: value for other, value in CANARIES.items() if other != name})


def test_a_success_would_be_told() -> None:
    """Most attacks can tell; those that only look at the judge have nothing to tell but the answers."""
    telling = [program for program in PROGRAMS if program.theme != "cheating" and ESCAPED in program.source]
    assert len(telling) >= 100


def test_a_known_program_is_read_as_it_is_written() -> None:
    program = next(program for program in PROGRAMS if program.name == "secret-file-by-its-path")
    assert program == Hostile(
        name="secret-file-by-its-path",
        theme="files",
        language="python",
        mode="functions",
        expect=frozenset({"exception"}),
        tries="reads a file whose path is known",
        source='def f(x):\n    return "ESCAPED " + open("/outside/secret").read()\n',
    )


def test_the_order_is_always_the_same() -> None:
    assert hostile_programs(CANARIES) == PROGRAMS
    assert [program.theme for program in PROGRAMS] == sorted(program.theme for program in PROGRAMS)
