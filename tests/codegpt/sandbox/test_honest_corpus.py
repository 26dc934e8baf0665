"""The honest corpus says what is true: its programs are run here, in this process, for they are our own.

Every family is sampled; programs that exit are read, not run. Those in JavaScript run where node is installed.
"""

import ast
import copy
import io
import json
import shutil
import subprocess
import sys
import threading
import types
import warnings
from collections import Counter
from contextlib import redirect_stderr, redirect_stdout

import pytest

from codegpt.sandbox.corpus.honest import FAMILIES, Honest, honest_programs

THOUSAND = honest_programs(1000, 7)
VERDICTS = {"passed", "wrong answer", "exception", "exited early", "syntax error", "unavailable"}
RUN = ("passed", "wrong answer", "exception")
SAMPLES = 2

FREE = {"__future__"}
LIGHT = {"abc", "bisect", "collections", "contextlib", "copy", "datetime", "functools", "heapq", "io", "itertools"}
LIGHT |= {"math", "operator", "sys", "time", "zlib"}
MIDDLE = {"typing", "re", "enum", "hashlib", "json", "string", "textwrap", "threading"}
HEAVY = {"asyncio", "concurrent", "dataclasses", "decimal", "fractions", "os", "pathlib", "queue", "random"}
HEAVY |= {"statistics", "tempfile"}


def _family(program: Honest) -> str:
    return program.name.rpartition("-")[0]


def _sample(*verdicts: str) -> list[Honest]:
    """Two programs of every family in Python with one of these verdicts."""
    taken: Counter[str] = Counter()
    sample = []
    for program in THOUSAND:
        taken[_family(program)] += 1
        if program.verdict in verdicts and program.language == "python" and taken[_family(program)] <= SAMPLES:
            sample.append(program)
    return sorted(sample, key=lambda program: program.name)


def _alike(value: object, wanted: object) -> bool:
    """Equal in value and in exact type, all the way down; 0.0 is not -0.0."""
    if type(value) is not type(wanted):
        return False
    if isinstance(value, list | tuple) and isinstance(wanted, list | tuple):
        return len(value) == len(wanted) and all(map(_alike, value, wanted))
    if isinstance(value, dict) and isinstance(wanted, dict):
        return value == wanted and all(_alike(value[key], wanted[key]) for key in wanted)
    if isinstance(value, float | complex):
        return repr(value) == repr(wanted)
    return value == wanted


def _run(program: Honest) -> list[str]:
    """What came of loading and of each call: right, wrong, or raised."""
    module = sys.modules["candidate"]  # by its name dataclasses find what an annotation kept as text refers to
    seen: list[str] = []

    def work() -> None:
        try:
            exec(compile(program.source, "candidate.py", "exec", dont_inherit=True), module.__dict__)
        except Exception:
            seen.append("raised")
            return
        for arguments, wanted in zip(program.calls, program.expected, strict=True):
            try:
                value = module.__dict__[program.entry](*copy.deepcopy(arguments))
            except Exception:
                seen.append("raised")
            else:
                seen.append("right" if _alike(value, wanted) else "wrong")

    # A thread of its own has the whole depth of recursion to itself, as a program in the jail has.
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return seen


@pytest.fixture
def aside(monkeypatch: pytest.MonkeyPatch) -> object:
    """What programs change in the interpreter, put back; their warnings ignored; the module name made known."""
    monkeypatch.setitem(sys.modules, "candidate", types.ModuleType("candidate"))
    limit = sys.getrecursionlimit()
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as err:
        warnings.simplefilter("ignore")
        yield out, err
    sys.setrecursionlimit(limit)


def test_the_draw_is_deterministic() -> None:
    assert honest_programs(1000, 7) == THOUSAND
    assert honest_programs(50, 3) == honest_programs(50, 3)
    assert honest_programs(50, 3) != honest_programs(50, 4)


@pytest.mark.parametrize("count", [0, 1, 10, 333, 2500])
def test_as_many_as_asked_for_with_names_of_their_own(count: int) -> None:
    programs = honest_programs(count, 1)
    assert len(programs) == len({program.name for program in programs}) == count


@pytest.mark.parametrize(("count", "seed"), [(1000, 7), (1000, 8), (1700, 9)])
def test_every_family_is_drawn(count: int, seed: int) -> None:
    drawn = Counter(map(_family, honest_programs(count, seed)))
    assert drawn.keys() == FAMILIES.keys()
    assert len(FAMILIES) >= 48
    assert min(drawn.values()) >= 3


def test_the_weights_are_per_thousand() -> None:
    assert sum(family.per_thousand for family in FAMILIES.values()) == 1000
    assert Counter(map(_family, THOUSAND)) == {name: family.per_thousand for name, family in FAMILIES.items()}


def test_the_mix_of_verdicts() -> None:
    mix = Counter(program.verdict for program in THOUSAND)
    assert mix.keys() == VERDICTS
    assert 700 <= mix["passed"] <= 740
    assert min(mix.values()) >= 15
    assert Counter(program.language for program in THOUSAND)["javascript"] == 30


def _weight(program: Honest) -> str:
    """How heavy the imports are: the heaviest module decides."""
    if program.language != "python":
        return "javascript"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            nodes = list(ast.walk(ast.parse(program.source)))
        except SyntaxError:
            return "nothing"
    roots = {alias.name.partition(".")[0] for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    roots |= {str(node.module).partition(".")[0] for node in nodes if isinstance(node, ast.ImportFrom)}
    if roots - FREE - LIGHT - MIDDLE - HEAVY:
        return "absent"
    if roots & HEAVY:
        return "heavy"
    if roots & MIDDLE:
        return "middle"
    return "light" if roots & LIGHT else "nothing"


def test_the_mix_of_imports() -> None:
    mix = Counter(map(_weight, THOUSAND))
    assert mix["absent"] == sum(program.verdict == "unavailable" for program in THOUSAND)
    assert 430 <= mix["nothing"] <= 470
    assert 235 <= mix["light"] <= 265
    assert 135 <= mix["middle"] <= 165
    assert mix["heavy"] + mix["absent"] + mix["javascript"] <= 165


def test_the_programs_are_many_and_well_formed() -> None:
    assert len({(program.source, repr(program.calls)) for program in THOUSAND}) >= 900
    for program in THOUSAND:
        assert program.calls
        assert len(program.calls) == len(program.expected)
        assert "@entry@" not in program.source
        program.source.encode()  # no program holds a lone surrogate itself, only escapes of one


@pytest.mark.parametrize("program", _sample(*RUN), ids=lambda program: program.name)
def test_the_statements_are_true(program: Honest, aside: tuple[io.StringIO, io.StringIO]) -> None:
    seen = _run(program)
    if program.verdict == "passed":
        assert seen == ["right"] * len(program.calls)
    elif program.verdict == "wrong answer":
        assert set(seen) | {"right"} == {"right", "wrong"}
    else:
        assert set(seen) | {"right"} == {"right", "raised"}
    out, err = aside
    assert len(out.getvalue().encode()) + len(err.getvalue().encode()) < 4096


@pytest.mark.parametrize("program", [p for p in THOUSAND if p.verdict == "syntax error"], ids=lambda p: p.name)
def test_broken_programs_do_not_compile(program: Honest) -> None:
    with pytest.raises(SyntaxError):
        compile(program.source, program.name, "exec")


@pytest.mark.parametrize("program", _sample("exited early", "unavailable"), ids=lambda program: program.name)
def test_programs_that_cannot_be_judged_compile(program: Honest) -> None:
    compile(program.source, program.name, "exec")
    leaves = ("sys.exit(", "SystemExit", "exit()", "quit()", "exit(0)")
    assert program.verdict == "unavailable" or any(word in program.source for word in leaves)


_DRIVER = """
const restore = (key, value) =>
  typeof value === "bigint" ? { big: value.toString() } : value instanceof Map ? Object.fromEntries(value) : value;
const log = console.log;
console.log = () => {};
for (const call of CALLS) {
  try { log(JSON.stringify([ENTRY(...call)], restore)); } catch (error) { log(JSON.stringify(error.name)); }
}
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
@pytest.mark.parametrize("program", [p for p in THOUSAND if p.language == "javascript"], ids=lambda p: p.name)
def test_the_statements_on_javascript_are_true(program: Honest) -> None:
    driver = _DRIVER.replace("CALLS", json.dumps(program.calls)).replace("ENTRY", program.entry)
    done = subprocess.run(["node", "-e", program.source + driver], capture_output=True, check=True, timeout=60)
    lines = [
        json.loads(line, object_hook=lambda found: int(found["big"]) if "big" in found else found)
        for line in done.stdout.splitlines()
    ]
    seen = [
        "raised" if line == "TypeError" else "right" if line == [wanted] else "wrong"
        for line, wanted in zip(lines, program.expected, strict=True)
    ]
    usual = {"passed": "right", "wrong answer": "wrong", "exception": "raised"}[program.verdict]
    assert usual in seen
    assert set(seen) <= {"right", usual}
