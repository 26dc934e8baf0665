"""Judging in the jail: tests, calls against the canonical solution, scripts; what passes and what does not."""

import pytest
from codegpt_evals.checks import CallsCheck, Check, StdioCheck, TestsCheck, passed_all
from codegpt_evals.mbpp_tests import check_of_asserts
from codegpt_evals.problem import Problem
from codegpt_evals.trials import generous, run_program, scaled

from codegpt.cases import Case
from codegpt.sandbox.client import Sandbox
from codegpt.sandbox.program import LANGUAGE_LIMITS, Call, Limits

LIMITS = Limits()


def verdict(check: Check, program: str, sandbox: Sandbox) -> str:
    if isinstance(check, CallsCheck) and not check.expected:
        told = check.told(sandbox.run(check.ask(LIMITS)))
        assert told is not None
        check = told
    return run_program(check, program, LIMITS, sandbox).judged.verdict


@pytest.mark.parametrize("task_id", ["double", "negate", "7", "span/1/L1", "sum"])
def test_canonical_solutions_pass_and_controls_do_not(
    problems: dict[str, Problem], sandbox: Sandbox, task_id: str
) -> None:
    problem = problems[task_id]
    assert problem.check is not None
    assert verdict(problem.check, problem.program(problem.canonical), sandbox) == "passed"
    assert verdict(problem.check, problem.control, sandbox) not in ("passed", "unavailable", "infrastructure error")


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        ("def f(x):\n    return [x, x + 0.1]\n", "passed"),
        ("def f(x):\n    return [x, x + 0.1 + 1e-9]\n", "passed"),
        ("def f(x):\n    return [x, x + 0.11]\n", "wrong answer"),
        ("def f(x):\n    return (x, x + 0.1)\n", "wrong answer"),
        ("class Any(list):\n    __eq__ = lambda a, b: True\ndef f(x):\n    return Any()\n", "wrong answer"),
        ("import os\ndef f(x):\n    os._exit(0)\n", "exited early"),
        ("def f(x):\n    while True: pass\n", "timeout"),
        ("def g(x):\n    return 1\n", "exception"),
    ],
)
def test_calls_are_compared_with_the_canonical_solution(sandbox: Sandbox, program: str, expected: str) -> None:
    calls = (Call("f", (1,)), Call("f", (2,)))
    check = CallsCheck("python", "def f(x):\n    return [x, x + 0.1]\n", calls, calls)
    assert verdict(check, program, sandbox) == expected


def test_a_reference_that_gives_no_values_tells_nothing(sandbox: Sandbox) -> None:
    calls = (Call("f", (1,)),)
    for reference in ("def f(x):\n    return object()\n", "def f(x):\n    exit()\n", "nonsense("):
        check = CallsCheck("python", reference, calls, calls)
        assert check.told(sandbox.run(check.ask(LIMITS))) is None


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        ("print(int(input()) * 2)\n", "passed"),
        ("print(4)\n", "wrong answer"),
        ("print(int(input()) * 2); raise SystemExit(1)\n", "exited early"),
        ("print(int(input()) * 2); 1 / 0\n", "exception"),
        ("", "wrong answer"),
    ],
)
def test_scripts_are_judged_case_by_case(sandbox: Sandbox, program: str, expected: str) -> None:
    check = StdioCheck("python", (Case("2\n", "4\n"), Case("5\n", "10\n")))
    assert verdict(check, program, sandbox) == expected


BESIDE = {
    "a class of the program": (
        "class P:\n    def __init__(self, n): self.n = n\ndef f(p):\n    return p.n\n",
        ["assert f(P(3)) == 3"],
        "",
        "class P:\n    def __init__(self, n): self.n = n\ndef f(p):\n    return p.n + 1\n",
    ),
    "a name that only the program imports": (
        "import math\ndef f():\n    return math.pi\n",
        ["assert f() == math.pi"],
        "",
        "import math\ndef f():\n    return math.e\n",
    ),
    "whether there is a match": (
        "import re\ndef f(s):\n    return re.search('a', s)\n",
        ["assert f('abc')", "assert not f('xyz')"],
        "",
        "def f(s):\n    return 1\n",
    ),
    "a class as an argument": (
        "def f(xs, t):\n    return [x for x in xs if isinstance(x, t)]\n",
        ["assert f([1, 'a'], str) == ['a']"],
        "",
        "def f(xs, t):\n    return xs\n",
    ),
    "the expected value first": (
        "class P:\n    n = 3\ndef f(p):\n    return p.n\n",
        ["assert 3 == f(P())"],
        "",
        "class P:\n    n = 4\ndef f(p):\n    return p.n\n",
    ),
    "another comparison": (
        "class P:\n    n = 3\ndef f(p):\n    return p.n\n",
        ["assert f(P()) < 4"],
        "",
        "class P:\n    n = 4\ndef f(p):\n    return p.n\n",
    ),
    "a setup that needs the program": (
        "class N:\n    v = 4\ndef f(n):\n    return n.v\n",
        ["assert f(root) == 4"],
        "root = N()",
        "class N:\n    v = 5\ndef f(n):\n    return n.v\n",
    ),
}


@pytest.mark.parametrize("name", BESIDE)
def test_asserts_that_cannot_run_in_another_jail_run_beside_the_program(sandbox: Sandbox, name: str) -> None:
    code, asserts, setup, wrong = BESIDE[name]
    check, entry = check_of_asserts(code, asserts, setup)
    assert isinstance(check, CallsCheck)
    assert entry == "f"
    assert verdict(check, code, sandbox) == "passed"
    assert verdict(check, wrong, sandbox) == "wrong answer"


def test_what_is_expected_is_not_beside_the_program() -> None:
    code, asserts, setup, _ = BESIDE["the expected value first"]
    check, _ = check_of_asserts(code, asserts, setup)
    assert isinstance(check, CallsCheck)
    assert "3" not in check.appended
    assert "3" in check.reference_appended


@pytest.mark.parametrize(
    ("name", "cheat"),
    [
        ("another comparison", "class P: n = 4\ndef f(p): return p.n\ndef bool(x): return 1 == 1\n"),
        ("a class of the program", "class P:\n    def __init__(self, n): pass\ndef f(p): return codegpt_assert_0()\n"),
    ],
)
def test_a_program_cannot_answer_for_the_assert(sandbox: Sandbox, name: str, cheat: str) -> None:
    code, asserts, setup, _ = BESIDE[name]
    check, _ = check_of_asserts(code, asserts, setup)
    assert verdict(check, code, sandbox) == "passed"
    assert verdict(check, cheat, sandbox) != "passed"


def test_asserts_run_in_a_jail_of_their_own_where_they_can() -> None:
    check, entry = check_of_asserts("def f(x):\n    return x\n", ["assert f(y) == {1} | set()"], "import re\ny = {1}")
    assert check == TestsCheck("python", "assert f(y) == {1} | set()", "f", ("f",), "import re\ny = {1}")
    assert entry == "f"


def test_digests_tell_checks_apart() -> None:
    calls, others = (Call("f", (1,)),), (Call("f", (1.0,)),)
    checks: list[Check] = [
        TestsCheck("python", "assert f(1)", "f"),
        TestsCheck("python", "assert f(1)", "f", ("g",)),
        TestsCheck("javascript", "assert f(1)", "f"),
        CallsCheck("python", "r", calls, calls),
        CallsCheck("python", "r", others, calls),
        CallsCheck("python", "s", calls, calls),
        StdioCheck("python", (Case("", ""),)),
        StdioCheck("python", (Case("", "1"),)),
    ]
    assert len({check.digest for check in checks}) == len(checks)
    assert CallsCheck("python", "r", calls, calls, expected=(1,)).digest == checks[3].digest


def test_no_judgement_is_no_pass() -> None:
    with pytest.raises(ValueError, match="without jobs"):
        passed_all([])


def test_limits_are_scaled_from_the_canonical_solution() -> None:
    python = LANGUAGE_LIMITS["python"]
    assert scaled(python, 0.1) == python
    assert (scaled(python, 1.1).cpu_s, scaled(python, 1.1).wall_s) == (5, 15.0)
    assert (generous(python).cpu_s, generous(python).wall_s, generous(python).memory_bytes) == (40, 120.0, 512 << 20)
