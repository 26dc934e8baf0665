import textwrap
from typing import Any

import pytest

from codegpt.sandbox.client import Sandbox
from codegpt.sandbox.outcome import End, Outcome, TestReport
from codegpt.sandbox.program import Job, Limits, Program, Tests
from codegpt.sandbox.verdict import Judgement, Verdict, judge_tests

ADD = "def add(a, b):\n    return a + b\n"
NEVER_ASKED = "the tests never asked the program anything"


def check(sandbox: Sandbox, source: str, tests: str, entry: str, limits: Limits | None = None, **task: Any) -> Outcome:
    return sandbox.run(Job(Program(textwrap.dedent(source)), Tests(textwrap.dedent(tests), entry, **task), limits))


def run_pytest(sandbox: Sandbox, source: str, tests: str, **task: Any) -> Outcome:
    return check(sandbox, source, tests, "add", style="pytest", **task)


def passed(outcome: Outcome) -> tuple[int, int]:
    """The calls and the assertions of tests that passed."""
    assert judge_tests(outcome).passed, outcome
    assert outcome.report is not None
    return outcome.report.calls, outcome.report.assertions


# --- check(candidate)


def test_a_check_that_passes(sandbox: Sandbox) -> None:
    tests = "def check(candidate):\n    assert candidate(1, 2) == 3\n    assert candidate('a', b='b') == 'ab'\n"
    outcome = check(sandbox, ADD, tests, "add")
    assert outcome.report == TestReport("passed", calls=2, assertions=2)
    assert judge_tests(outcome) == Judgement(Verdict.PASSED, "2 assertions, 2 calls")
    assert outcome.end is End.COMPLETE


def test_plain_asserts(sandbox: Sandbox) -> None:
    assert passed(check(sandbox, ADD, "assert add(1, 2) == 3\nassert add(2, 2) == 4\n", "add")) == (2, 2)


def test_a_check_that_fails(sandbox: Sandbox) -> None:
    tests = "def check(candidate):\n    assert candidate(1, 2) == 3\n    assert candidate(1, 1) == 3, 'one and one'\n"
    outcome = check(sandbox, ADD, tests, "add")
    assert outcome.report == TestReport("failed", "AssertionError", "one and one", 2, 1)
    assert judge_tests(outcome) == Judgement(Verdict.WRONG_ANSWER, "AssertionError: one and one")


def test_the_setup_comes_first_and_the_program_replaces_what_it_defines(sandbox: Sandbox) -> None:
    setup = "import math\nLIMIT = 3\ndef add(a, b):\n    raise ValueError('the text of the task')\n"
    tests = "def check(candidate):\n    assert candidate(1, 2) == LIMIT == math.floor(3.5)\n    assert add(1, 1) == 2\n"
    assert passed(check(sandbox, ADD, tests, "add", setup=setup)) == (2, 2)


def test_entry_and_other_names(sandbox: Sandbox) -> None:
    source = "def encode(s):\n    return s[::-1]\ndef decode(s):\n    return s[::-1]\n"
    tests = "def check(candidate):\n    assert decode(encode('ab')) == 'ab'\n    assert candidate('ab') == 'ba'\n"
    assert passed(check(sandbox, source, tests, "decode", names=("encode", "decode"))) == (3, 2)
    assert passed(check(sandbox, source, tests, "decode", names=("encode",))) == (3, 2)
    missing = check(sandbox, source, tests, "decode")
    assert judge_tests(missing) == Judgement(Verdict.WRONG_ANSWER, "NameError: name 'encode' is not defined")


def test_a_program_whose_function_is_called_check(sandbox: Sandbox) -> None:
    assert passed(check(sandbox, "def check(x):\n    return x > 0\n", "assert check(1) is True\n", "check")) == (1, 1)


def test_a_function_that_the_program_does_not_define(sandbox: Sandbox) -> None:
    outcome = check(sandbox, ADD, "def check(candidate):\n    assert candidate(1) == 1\n", "subtract")
    assert judge_tests(outcome).verdict is Verdict.EXCEPTION
    assert "subtract" in judge_tests(outcome).detail


def test_functions_that_work_in_place(sandbox: Sandbox) -> None:
    source = """
        def f(items, counts, seen):
            items.sort()
            counts["n"] = len(items)
            seen.add(4)
            del items[0]
        """
    tests = """
        def check(candidate):
            items, counts, seen = [3, 1, 2], {"old": 1}, {5}
            assert candidate(items, counts, seen) is None
            assert items == [2, 3]
            assert counts == {"old": 1, "n": 3}
            assert seen == {4, 5}
        """
    assert passed(check(sandbox, source, tests, "f")) == (1, 4)


def test_in_place_by_keyword(sandbox: Sandbox) -> None:
    tests = "items = [2, 1]\nassert f(items=items) is None\nassert items == [1, 2]\n"
    judgement = judge_tests(check(sandbox, "def f(items):\n    items.sort()\n", tests, "f"))
    assert judgement.verdict is not Verdict.WRONG_ANSWER


def test_in_place_inside_other_values(sandbox: Sandbox) -> None:
    source = "def f(grid):\n    for row in grid:\n        row.sort()\n"
    tests = "row = [2, 1]\nassert f([row]) is None\nassert row == [1, 2]\n"
    assert judge_tests(check(sandbox, source, tests, "f")).verdict is not Verdict.WRONG_ANSWER
    tests = "row = [2, 1]\nassert f((row,)) is None\nassert row == [1, 2]\n"
    assert judge_tests(check(sandbox, source, tests, "f")).verdict is not Verdict.WRONG_ANSWER


@pytest.mark.parametrize(
    ("tests", "assertions"),
    [
        ("for i in range(5):\n    assert add(i, 1) == i + 1\n", 5),
        ("for i in ():\n    pass\nelse:\n    assert add(1, 1) == 2\n", 1),
        ("i = 0\nwhile i < 3:\n    i = add(i, 1)\n    assert i\n", 3),
        ("import contextlib\nwith contextlib.nullcontext():\n    assert add(1, 1) == 2\n", 1),
        ("try:\n    assert add(1, 1) == 2\nfinally:\n    assert add(1, 1) == 2\n", 2),
        ("try:\n    raise KeyError\nexcept KeyError:\n    assert add(1, 1) == 2\nelse:\n    assert 0\n", 1),
        ("if add(1, 1) == 2:\n    assert True\nelse:\n    assert False\n", 1),
        ("if add(1, 1) == 3:\n    assert False\nelif True:\n    assert True\n", 1),
        ("match add(1, 1):\n    case 2:\n        assert True\n    case _:\n        assert False\n", 1),
        ("def inner():\n    def deeper():\n        assert add(1, 1) == 2\n    deeper()\n    deeper()\ninner()\n", 2),
        ("class A:\n    assert add(1, 1) == 2\n    def f(self):\n        assert self\nA().f()\n", 2),
        ("import asyncio\nasync def f():\n    assert add(1, 1) == 2\nf().send\n"
         "try:\n    f().send(None)\nexcept StopIteration:\n    pass\n", 1),
        ("def check(candidate):\n    assert candidate(1, 1) == 2; assert candidate(1, 2) == 3\n", 2),
        ("assert all([add(1, 1) == 2, add(1, 2) == 3])\n", 1),
    ],
)  # fmt: skip
def test_assertions_are_counted_where_they_hold(sandbox: Sandbox, tests: str, assertions: int) -> None:
    assert passed(check(sandbox, ADD, tests, "add"))[1] == assertions


@pytest.mark.parametrize(
    "tests",
    [
        "",
        "pass\n",
        "add(1, 2)\n",
        "def check(candidate):\n    candidate(1, 2) == 3\n",
        "def check(candidate):\n    return candidate(1, 2) == 3\n",
        "assert True\n",
        "def check(candidate):\n    assert candidate\n",
        "for i in ():\n    assert add(i, i) == 0\nadd(1, 1)\n",
        "def test_never_called():\n    assert add(1, 1) == 2\n",
    ],
)
def test_tests_that_assert_nothing_or_call_nothing_do_not_pass(sandbox: Sandbox, tests: str) -> None:
    assert judge_tests(check(sandbox, ADD, tests, "add")) == Judgement(Verdict.WRONG_ANSWER, NEVER_ASKED)


RAISING = """
    class Mine(ValueError): pass
    class Above(Exception): pass
    class Below(Above): pass
    class Both(KeyError, ValueError): pass
    def f(kind):
        if kind:
            raise {"value": ValueError("bad"), "key": KeyError("k"), "mine": Mine("m"), "exit": SystemExit(3),
                   "below": Below("low"), "both": Both("b"), "os": OSError(2, "No such file", "x")}[kind]
        return 1
    """


@pytest.mark.parametrize(
    ("kind", "caught", "text"),
    [
        ("value", "ValueError", "bad"),
        ("value", "Exception", "bad"),
        ("key", "KeyError", "'k'"),
        ("key", "LookupError", "'k'"),
        ("mine", "ValueError", "m"),
        ("both", "KeyError", "'b'"),
        ("both", "ValueError", "'b'"),
        ("below", "Exception", "low"),
        ("os", "FileNotFoundError", "[Errno 2] No such file: 'x'"),
        ("exit", "SystemExit", "3"),
    ],
)
def test_exceptions_that_the_tests_expect(sandbox: Sandbox, kind: str, caught: str, text: str) -> None:
    tests = f"""
        def check(candidate):
            assert candidate("") == 1
            try:
                candidate({kind!r})
            except {caught} as error:
                assert str(error) == {text!r}
            else:
                assert False
        """
    assert passed(check(sandbox, RAISING, tests, "f")) == (2, 2)


@pytest.mark.parametrize(
    ("kind", "verdict", "detail"),
    [
        ("value", Verdict.EXCEPTION, "ValueError: bad"),
        ("key", Verdict.EXCEPTION, "KeyError: 'k'"),
        ("mine", Verdict.EXCEPTION, "Mine: m"),
        ("exit", Verdict.EXITED_EARLY, "SystemExit: 3"),
    ],
)
def test_exceptions_that_nobody_expects(sandbox: Sandbox, kind: str, verdict: Verdict, detail: str) -> None:
    tests = f"def check(candidate):\n    assert candidate('') == 1\n    candidate({kind!r})\n"
    assert judge_tests(check(sandbox, RAISING, tests, "f")) == Judgement(verdict, detail)


@pytest.mark.parametrize(
    ("tests", "verdict", "detail"),
    [
        ("assert add(1, 2) == 3\nraise KeyError('mine')\n", Verdict.WRONG_ANSWER, "KeyError: 'mine'"),
        ("assert add(1, 2) == 3\nimport numpy\n", Verdict.UNAVAILABLE, "No module named 'numpy'"),
        ("import candidate\n", Verdict.UNAVAILABLE, "No module named 'candidate'"),
    ],
)
def test_tests_that_raise_themselves(sandbox: Sandbox, tests: str, verdict: Verdict, detail: str) -> None:
    judgement = judge_tests(check(sandbox, ADD, tests, "add"))
    assert (judgement.verdict, judgement.detail) == (verdict, detail)


def test_tests_that_are_no_python_say_nothing_of_the_program(sandbox: Sandbox) -> None:
    assert judge_tests(check(sandbox, ADD, "assert add(1, 2 == 3\n", "add")).verdict is Verdict.UNAVAILABLE
    outcome = check(sandbox, ADD, "assert add(1, 2) == 3\n", "add", setup="def g(:\n")
    assert judge_tests(outcome).verdict is Verdict.UNAVAILABLE


@pytest.mark.parametrize(
    "ending",
    [
        "import os; os._exit(0)",
        "import os; os._exit(1)",
        "import ctypes; ctypes.string_at(0)",
        "import sys; sys.exit(0)",
        "raise SystemExit",
    ],
)
def test_tests_that_end_early_say_nothing_of_the_program(sandbox: Sandbox, ending: str) -> None:
    tests = f"def check(candidate):\n    assert candidate(1, 2) == 3\n    {ending}\n"
    assert judge_tests(check(sandbox, ADD, tests, "add")).verdict is Verdict.UNAVAILABLE


def test_tests_that_take_too_long(sandbox: Sandbox) -> None:
    tests = "import time\nassert add(1, 2) == 3\ntime.sleep(50)\n"
    judgement = judge_tests(check(sandbox, ADD, tests, "add", Limits(wall_s=0.5)))
    assert judgement == Judgement(Verdict.TIMEOUT, "0.5 s of wall time, in the tests")


@pytest.mark.parametrize(
    ("body", "verdict", "detail"),
    [
        ("import os; os._exit(0)", Verdict.EXITED_EARLY, "exit code 0"),
        ("import ctypes; ctypes.string_at(0)", Verdict.EXITED_EARLY, "killed by SIGSEGV"),
        ("import time; time.sleep(50)", Verdict.TIMEOUT, "1 s of wall time"),
        ("return bytearray(1 << 30)", Verdict.MEMORY, "MemoryError"),
        ("import numpy", Verdict.UNAVAILABLE, "ModuleNotFoundError: No module named 'numpy'"),
        ("import os; os.write(4, b'{}\\n')", Verdict.VIOLATION, "a reply to another call"),
        ("return 'x' * (2 << 20)", Verdict.OUTPUT_LIMIT, "a reply of more than 1048576 bytes"),
    ],
)
def test_programs_that_end_during_the_tests(sandbox: Sandbox, body: str, verdict: Verdict, detail: str) -> None:
    tests = "try:\n    add(1, 2)\nexcept ValueError:\n    pass\nassert True\n"
    outcome = check(sandbox, f"def add(a, b):\n    {body}\n", tests, "add", Limits(wall_s=1.0))
    assert judge_tests(outcome) == Judgement(verdict, detail)


def test_a_program_that_cannot_be_loaded(sandbox: Sandbox) -> None:
    outcome = check(sandbox, "def add(:\n", "assert add(1, 2) == 3\n", "add")
    assert judge_tests(outcome).verdict is Verdict.SYNTAX_ERROR
    outcome = run_pytest(sandbox, "def add(:\n", "def test_a():\n    pass\n")
    assert judge_tests(outcome).verdict is Verdict.SYNTAX_ERROR


@pytest.mark.parametrize(
    ("tests", "said"),
    [
        ("assert list(f('generator')) == []\n", "f returned a generator"),
        ("try:\n    f('generator')\nexcept Exception:\n    assert True\n", "f returned a generator"),
        ("assert f(object()) == 1\n", "f was given a object"),
        ("assert f(lambda: 1) == 1\n", "f was given a function"),
    ],
)
def test_what_cannot_cross_is_named(sandbox: Sandbox, tests: str, said: str) -> None:
    source = "def f(x):\n    return (i for i in ()) if x == 'generator' else 1\n"
    judgement = judge_tests(check(sandbox, source, tests, "f"))
    assert judgement == Judgement(
        Verdict.UNAVAILABLE, f"{said}: only plain data can cross between the tests and the program"
    )


def test_the_program_cannot_see_the_tests(sandbox: Sandbox) -> None:
    source = """
        import gc, sys
        def add(a, b):
            texts = [each for each in gc.get_objects() if isinstance(each, str) and "SECRET" in each]
            return [texts, [name for name in sys.modules if name in ("tests", "checker", "pytest")]]
        """
    assert passed(check(sandbox, source, "assert add(1, 2) == [[], []], 'SECRET'\n", "add")) == (1, 1)


# --- pytest


def test_a_file_that_passes(sandbox: Sandbox) -> None:
    tests = """
        from candidate import add
        import candidate
        def test_add():
            assert add(1, 2) == 3
        def test_by_module():
            assert candidate.add("a", b="b") == "ab"
            assert candidate.ZERO == 0
        """
    outcome = run_pytest(sandbox, ADD + "ZERO = 0\n", tests)
    assert outcome.report == TestReport("passed", "", "2 tests", calls=2, assertions=3)
    assert judge_tests(outcome) == Judgement(Verdict.PASSED, "3 assertions, 2 calls")


def test_parametrize_and_classes(sandbox: Sandbox) -> None:
    tests = """
        import pytest
        from candidate import add
        @pytest.mark.parametrize(("a", "b"), [(1, 2), (3, 4), ("x", "y")])
        def test_add(a, b):
            assert add(a, b) == a + b
        class TestAdd:
            start = 1
            def setup_method(self):
                self.more = add(self.start, 1)
            def test_more(self):
                assert self.more == 2
            @pytest.mark.parametrize("n", range(3))
            def test_n(self, n):
                assert add(n, n) == 2 * n
        """
    outcome = run_pytest(sandbox, ADD, tests)
    assert outcome.report == TestReport("passed", "", "7 tests", calls=10, assertions=7)


def test_fixtures(sandbox: Sandbox) -> None:
    tests = """
        import logging, os, pytest
        from candidate import add
        @pytest.fixture(scope="module")
        def three():
            yield add(1, 2)
        @pytest.fixture(autouse=True)
        def around():
            yield
        def test_own(three):
            assert three == 3
        def test_tmp_path(tmp_path):
            (tmp_path / "a").write_text(add("a", "b"))
            assert (tmp_path / "a").read_text() == "ab"
        def test_capsys(capsys):
            print(add(1, 2))
            assert capsys.readouterr().out == "3\\n"
        def test_environment(monkeypatch):
            monkeypatch.setenv("A", add("b", "c"))
            assert os.environ["A"] == "bc"
        def test_caplog(caplog):
            logging.getLogger("a").warning(add("b", "c"))
            assert caplog.messages == ["bc"]
        def test_request(request):
            assert request.node.name == add("test_", "request")
        """
    assert passed(run_pytest(sandbox, ADD, tests)) == (6, 6)


def test_raises(sandbox: Sandbox) -> None:
    tests = """
        import pytest
        from candidate import f, Mine
        def test_builtin():
            with pytest.raises(ValueError, match="^bad$") as caught:
                f("value")
            assert str(caught.value) == "bad"
        def test_key():
            with pytest.raises(KeyError, match="^'k'$"):
                f("key")
        def test_own():
            with pytest.raises(Mine, match="^m$"):
                f("mine")
            with pytest.raises(ValueError):
                f("mine")
        """
    assert passed(run_pytest(sandbox, RAISING, tests)) == (4, 3)


@pytest.mark.parametrize("kind", ["Above", "candidate.Above", "(KeyError, Above)"])
def test_raises_an_ancestor_of_the_programs_own(sandbox: Sandbox, kind: str) -> None:
    tests = f"""
        import candidate, pytest
        from candidate import f, Above, Below
        def test_below():
            assert f("") == 1
            with pytest.raises({kind}):
                f("below")
            assert issubclass(Below, Above)
        """
    assert passed(run_pytest(sandbox, RAISING, tests)) == (2, 2)


def test_a_file_that_only_expects_exceptions(sandbox: Sandbox) -> None:
    tests = """
        import pytest
        from candidate import f
        def test_value():
            with pytest.raises(ValueError):
                f("value")
        """
    assert judge_tests(run_pytest(sandbox, RAISING, tests)).passed


def test_a_file_of_unittest(sandbox: Sandbox) -> None:
    tests = """
        import unittest
        from candidate import add
        class AddTest(unittest.TestCase):
            def test_add(self):
                self.assertEqual(add(1, 2), {expected})
        """
    assert judge_tests(run_pytest(sandbox, ADD, tests.format(expected=3))).passed
    assert judge_tests(run_pytest(sandbox, ADD, tests.format(expected=4))).verdict is Verdict.WRONG_ANSWER


@pytest.mark.parametrize(
    ("body", "verdict", "detail"),
    [
        ("assert add(1, 2) == 4", Verdict.WRONG_ANSWER, "AssertionError: assert 3 == 4"),
        ("assert add(1, 2) == 4, 'four'", Verdict.WRONG_ANSWER, "AssertionError: four"),
        ("add(1, 'a')", Verdict.EXCEPTION, "TypeError: unsupported operand type(s) for +: 'int' and 'str'"),
        ("add(1, 2); {}['a']", Verdict.WRONG_ANSWER, "KeyError: 'a'"),
        ("assert add(1, 2); pytest.fail('no')", Verdict.WRONG_ANSWER, "Failed: no"),
        (
            "assert add(1, 2)\n    with pytest.raises(ValueError):\n        add(1, 2)",
            Verdict.WRONG_ANSWER,
            "Failed: DID NOT RAISE",
        ),
        ("pass", Verdict.WRONG_ANSWER, NEVER_ASKED),
        ("assert True", Verdict.WRONG_ANSWER, NEVER_ASKED),
        ("assert callable(add)", Verdict.WRONG_ANSWER, NEVER_ASKED),
    ],
)
def test_a_test_that_does_not_pass(sandbox: Sandbox, body: str, verdict: Verdict, detail: str) -> None:
    tests = f"import pytest\nfrom candidate import add\ndef test_add():\n    {body}\n"
    judgement = judge_tests(run_pytest(sandbox, ADD, tests))
    assert judgement.verdict is verdict
    assert judgement.detail.startswith(detail)


def test_a_test_without_assertions_says_that_nothing_is_raised(sandbox: Sandbox) -> None:
    assert passed(run_pytest(sandbox, ADD, "from candidate import add\ndef test_a():\n    add(1, 2)\n")) == (1, 1)


def test_two_failing_tests(sandbox: Sandbox) -> None:
    tests = """
        from candidate import add
        def test_right():
            assert add(1, 2) == 3
        def test_first():
            assert add(1, 2) == 4, "first"
        def test_second():
            assert add(1, 2) == 5, "second"
        """
    judgement = judge_tests(run_pytest(sandbox, ADD, tests))
    assert judgement.verdict is Verdict.WRONG_ANSWER
    assert judgement.detail.startswith("AssertionError: first")


def test_what_was_skipped_is_named(sandbox: Sandbox) -> None:
    tests = """
        import pytest
        from candidate import add
        def test_add():
            assert add(1, 2) == 3
        @pytest.mark.skip(reason="no disk")
        def test_skipped():
            assert add(1, 2) == 4
        def test_skips():
            pytest.skip("no net")
        """
    outcome = run_pytest(sandbox, ADD, tests)
    assert passed(outcome) == (1, 1)
    assert outcome.report is not None
    assert outcome.report.message.startswith("1 tests, skipped: ")
    assert "no disk" in outcome.report.message
    assert "no net" in outcome.report.message


@pytest.mark.parametrize("failing", ["assert add(1, 2) == 4", "pytest.xfail('known')", "add(1, 'a')", "{}['a']"])
def test_an_expected_failure_is_named_and_no_fault(sandbox: Sandbox, failing: str) -> None:
    tests = f"""
        import pytest
        from candidate import add
        def test_add():
            assert add(1, 2) == 3
        @pytest.mark.xfail(reason="known")
        def test_expected():
            {failing}
        """
    outcome = run_pytest(sandbox, ADD, tests)
    passed(outcome)
    assert outcome.report is not None
    assert "known" in outcome.report.message


def test_a_strictly_expected_failure_that_does_not_come(sandbox: Sandbox) -> None:
    tests = """
        import pytest
        from candidate import add
        def test_add():
            assert add(1, 2) == 3
        @pytest.mark.xfail(strict=True, reason="known")
        def test_expected():
            assert add(1, 2) == 3
        """
    assert judge_tests(run_pytest(sandbox, ADD, tests)).verdict is Verdict.WRONG_ANSWER


@pytest.mark.parametrize(
    "tests",
    [
        "import pytest\n@pytest.mark.skip(reason='no disk')\ndef test_a():\n    assert add(1, 2) == 3\n",
        "import pytest\npytest.skip('no disk', allow_module_level=True)\n",
        "import pytest\npytestmark = pytest.mark.skip(reason='no disk')\ndef test_a():\n    pass\n",
        "import pytest\npytest.importorskip('numpy', reason='no disk')\ndef test_a():\n    pass\n",
    ],
)
def test_skipping_everything_does_not_pass(sandbox: Sandbox, tests: str) -> None:
    outcome = run_pytest(sandbox, ADD, tests)
    judgement = judge_tests(outcome)
    assert judgement.verdict in (Verdict.WRONG_ANSWER, Verdict.UNAVAILABLE)
    assert "no disk" in judgement.detail


def test_a_file_without_tests(sandbox: Sandbox) -> None:
    outcome = run_pytest(sandbox, ADD, "from candidate import add\nassert add(1, 2) == 3\n")
    assert not judge_tests(outcome).passed


@pytest.mark.parametrize(
    ("tests", "said"),
    [
        ("def test_a(no_such_fixture):\n    assert add(1, 2) == 3\n", "no_such_fixture"),
        ("import numpy\ndef test_a():\n    assert add(1, 2) == 3\n", "No module named 'numpy'"),
        ("from candidate import missing\ndef test_a():\n    assert add(1, 2) == 3\n", "missing"),
        ("from other import add\ndef test_a():\n    assert add(1, 2) == 3\n", "No module named 'other'"),
        ("def test_a(:\n    pass\n", "SyntaxError: invalid syntax"),
        ("def test_a():\npass\n", "IndentationError"),
        ("import sys; sys.exit(0)\n", "pytest ended"),
        ("import pytest; pytest.exit('so')\n", "Exit: so"),
        ("import os; os._exit(0)\n", "the tests themselves ended: exit code 0"),
        ("def test_a():\n    import os; os._exit(0)\n", "the tests themselves ended: exit code 0"),
        ("def test_a():\n    assert add(1, 2) == 3\n    import pytest; pytest.exit('so')\n", "pytest ended"),
        ("1 / 0\ndef test_a():\n    assert add(1, 2) == 3\n", "ZeroDivisionError"),
        ("import pytest\n@pytest.fixture\ndef own():\n    1 / 0\ndef test_a(own):\n    pass\n", "division by zero"),
    ],
)
def test_files_that_say_nothing_of_the_program(sandbox: Sandbox, tests: str, said: str) -> None:
    judgement = judge_tests(run_pytest(sandbox, ADD, f"from candidate import add\n{tests}"))
    assert judgement.verdict is Verdict.UNAVAILABLE
    assert said in judgement.detail


def test_a_test_that_exits_is_a_failed_one(sandbox: Sandbox) -> None:
    tests = "import sys\nfrom candidate import add\ndef test_a():\n    assert add(1, 2) == 3\n    sys.exit(0)\n"
    assert judge_tests(run_pytest(sandbox, ADD, tests)) == Judgement(Verdict.WRONG_ANSWER, "SystemExit: 0")


RICH = """
    import decimal, functools, os, threading
    class Stack:
        def push(self, x): pass
    LIMIT = decimal.Decimal("1.5")
    LOCK = threading.Lock()
    STACK = Stack()
    _private = 1
    TABLE = list(range(300_000))
    SEEN = []
    @functools.lru_cache
    def cached(x):
        return x
    async def later():
        return 1
    def see(x):
        SEEN.append(x)
    def make():
        return Stack()
    def add(a, b):
        '''Add two numbers.'''
        return a + b
    """


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("s = Stack(); s.push(1); assert s", "Stack is a class"),
        ("assert isinstance(1, Stack)", "Stack is a class"),
        ("assert Stack.push", "Stack is a class"),
        ("assert STACK.push(1)", "STACK is a Stack"),
        ("assert STACK == 1", "STACK is a Stack"),
        ("assert make()", "make returned a Stack"),
        ("assert later()", "later returned a coroutine"),
        ("assert candidate.os.path", "os is a module"),
        ("assert LIMIT < 2", "LIMIT is a Decimal"),
        ("assert LIMIT + 1", "LIMIT is a Decimal"),
        ("assert 1 + LIMIT", "LIMIT is a Decimal"),
        ("assert -LIMIT", "LIMIT is a Decimal"),
        ("assert int(LIMIT) == 1", "LIMIT is a Decimal"),
        ("assert str(LIMIT) == '1.5'", "LIMIT is a Decimal"),
        ("assert f'{LIMIT}' == '1.5'", "LIMIT is a Decimal"),
        ("with LOCK:\n        assert add(1, 2) == 3", "LOCK is a lock"),
        ("cached.cache_clear(); assert cached(1) == 1", "cache_clear"),
        ("assert add.__doc__ == 'Add two numbers.'", "add"),
        ("import inspect; assert list(inspect.signature(add).parameters) == ['a', 'b']", "add"),
        ("monkeypatch.setattr(candidate, 'add', len); assert candidate.add('a') == 1", "replace candidate.add"),
        ("monkeypatch.setattr('candidate.add', len); assert candidate.add('a') == 1", "replace candidate.add"),
        ("candidate.LIMIT = 5; assert candidate.LIMIT", "replace candidate.LIMIT"),
        ("monkeypatch.delattr(candidate, 'add'); assert candidate", "candidate.add"),
        ("from unittest import mock\n    with mock.patch('candidate.add'):\n        assert 1", "replace candidate.add"),
        ("try:\n        Stack()\n    except Exception:\n        assert add(1, 2) == 3", "Stack is a class"),
    ],
)
def test_what_is_not_supported_is_named(sandbox: Sandbox, body: str, said: str) -> None:
    source = textwrap.dedent(RICH).replace("TABLE = list(range(300_000))\n", "")
    tests = f"""
import candidate
def test_it(monkeypatch):
    from candidate import LIMIT, LOCK, STACK, Stack, add, cached, later, make
    {body}
"""
    judgement = judge_tests(run_pytest(sandbox, source, tests))
    assert judgement.verdict is Verdict.UNAVAILABLE, judgement
    assert said in judgement.detail


@pytest.mark.parametrize("imports", ["from candidate import *", "from candidate import LIMIT, STACK, Stack, add"])
def test_what_is_imported_and_not_used_does_not_matter(sandbox: Sandbox, imports: str) -> None:
    source = textwrap.dedent(RICH).replace("TABLE = list(range(300_000))\n", "")
    assert passed(run_pytest(sandbox, source, f"{imports}\ndef test_add():\n    assert add(1, 2) == 3\n")) == (1, 1)


def test_a_large_constant_of_the_program_does_not_matter(sandbox: Sandbox) -> None:
    tests = "from candidate import add\ndef test_add():\n    assert add(1, 2) == 3\n"
    assert passed(run_pytest(sandbox, RICH, tests)) == (1, 1)


def test_a_value_that_the_program_changes_later(sandbox: Sandbox) -> None:
    source = textwrap.dedent(RICH).replace("TABLE = list(range(300_000))\n", "")
    tests = "import candidate\ndef test_see():\n    candidate.see(1)\n    assert candidate.SEEN == [1]\n"
    assert judge_tests(run_pytest(sandbox, source, tests)).verdict is not Verdict.WRONG_ANSWER


@pytest.mark.parametrize(
    "tests",
    [
        "@pytest.fixture\ndef three():\n    return add(1, 'a')\ndef test_a(three):\n    assert three == 3\n",
        "THREE = add(1, 'a')\ndef test_a():\n    assert THREE == 3\n",
        "class TestA:\n    def setup_method(self):\n        add(1, 'a')\n    def test_a(self):\n        assert 1\n",
    ],
    ids=["fixture", "module", "setup_method"],
)
def test_a_program_that_raises_before_the_test_begins(sandbox: Sandbox, tests: str) -> None:
    judgement = judge_tests(run_pytest(sandbox, ADD, f"import pytest\nfrom candidate import add\n{tests}"))
    assert judgement.verdict is Verdict.EXCEPTION
    assert "TypeError: unsupported operand" in judgement.detail


@pytest.mark.parametrize("module", ["candidate", "mine", "package.mine", "a.b.c", "json.mine"])
def test_the_program_has_the_name_that_the_tests_import(sandbox: Sandbox, module: str) -> None:
    tests = f"""
        import {module}
        import {module} as m
        from {module} import add
        def test_add():
            assert add(1, 2) == 3
            assert {module}.add is m.add is add
        """
    assert passed(run_pytest(sandbox, ADD, tests, module=module)) == (1, 2)


@pytest.mark.parametrize(
    ("body", "verdict", "detail"),
    [
        ("import os; os._exit(0)", Verdict.EXITED_EARLY, "exit code 0"),
        ("raise SystemExit(2)", Verdict.EXITED_EARLY, "SystemExit: 2"),
        ("import numpy", Verdict.UNAVAILABLE, "ModuleNotFoundError: No module named 'numpy'"),
        ("return bytearray(1 << 30)", Verdict.MEMORY, "MemoryError"),
    ],
)
def test_programs_that_end_during_a_test(sandbox: Sandbox, body: str, verdict: Verdict, detail: str) -> None:
    tests = "from candidate import add\ndef test_add():\n    assert add(1, 2) == 3\n"
    judgement = judge_tests(run_pytest(sandbox, f"def add(a, b):\n    {body}\n", tests))
    assert judgement == Judgement(verdict, detail)


@pytest.mark.parametrize(
    "test",
    [
        "def test_it(capsys):\n    shout('a')\n    assert capsys.readouterr().out == 'A\\n'\n",
        "def test_it(monkeypatch):\n    monkeypatch.setenv('NAME', 'a')\n    assert read('NAME') == 'a'\n",
        "def test_it(monkeypatch):\n    monkeypatch.setattr('random.random', lambda: 5)\n    assert throw() == 5\n",
        "def test_it(tmp_path):\n    (tmp_path / 'a').write_text('b')\n    assert load(str(tmp_path / 'a')) == 'b'\n",
        "def test_it():\n    with pytest.raises(Coded) as e:\n        code()\n    assert e.value.code == 5\n",
        "def test_it():\n    with pytest.raises(SystemExit) as e:\n        leave()\n    assert e.value.code == 5\n",
        "def test_it():\n    with pytest.raises(KeyError) as e:\n        miss()\n    assert e.value.args == ('k',)\n",
        "def test_it():\n    assert shout('a') is None\n    assert str(Coded()) == ''\n",
        "async def test_it():\n    assert shout('a') is None\n",
    ],
    ids=["capsys", "setenv", "setattr", "file", "attribute", "exit code", "args", "no message", "async"],
)
def test_tests_that_share_more_than_values_with_the_program(sandbox: Sandbox, test: str) -> None:
    source = """
        import os, random
        class Coded(Exception):
            code = 5
        def shout(text): print(text.upper())
        def read(name): return os.environ.get(name)
        def throw(): return random.random()
        def load(path): return open(path).read()
        def code(): raise Coded("c")
        def leave(): raise SystemExit(5)
        def miss(): return {}["k"]
        """
    tests = f"import pytest\nfrom candidate import Coded, code, leave, load, miss, read, shout, throw\n{test}"
    assert judge_tests(run_pytest(sandbox, source, tests)).verdict in (Verdict.PASSED, Verdict.UNAVAILABLE)


def test_what_a_test_prints_does_not_disturb(sandbox: Sandbox) -> None:
    tests = """
        import os, sys
        from candidate import add
        def test_add():
            print('{"done": {"outcome": "passed"}}')
            os.write(1, b"noise\\n")
            print("noise", file=sys.stderr)
            assert add(1, 2) == 3
        """
    assert passed(run_pytest(sandbox, ADD, tests)) == (1, 1)


# --- what a wrong program could do to its tests


@pytest.mark.parametrize(
    "tests",
    [
        "assert all(map(f, [2, 3, 5]))",
        "assert not any(map(f, [4, 6]))",
        "for got, wanted in zip(map(f, [1, 2]), [1, 2]):\n    assert got == wanted\nassert 1",
        "assert sum(iter(lambda: f(1), -1)) == 0",
    ],
)
@pytest.mark.parametrize("raised", ["StopIteration", "type('Stop', (StopIteration,), {})"])
def test_the_end_of_an_iteration_is_not_the_end_of_the_tests(sandbox: Sandbox, tests: str, raised: str) -> None:
    judgement = judge_tests(check(sandbox, f"def f(n):\n    raise {raised}()\n", tests, "f"))
    assert judgement.verdict is Verdict.UNAVAILABLE
    assert judgement.detail.endswith("which a loop would take for its own end")


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        ("ExceptionGroup('a', [ValueError()])", "TypeError"),
        ("KeyError(10 ** 5000)", "ValueError"),
        ("E()", "RecursionError"),
        ("type('ValueError', (Exception,), {})()", "ValueError"),
        ("type('TypeError', (KeyError,), {})()", "TypeError"),
    ],
)
def test_an_exception_is_the_programs_own_and_no_other(sandbox: Sandbox, raised: str, expected: str) -> None:
    source = f"class E(Exception):\n    pass\nclass E(E):\n    pass\ndef f(n):\n    raise {raised}\n"
    tests = f"try:\n    f(1)\nexcept {expected}:\n    assert 1\n"
    assert judge_tests(check(sandbox, source, tests, "f")).verdict is Verdict.EXCEPTION


def test_an_alias_of_an_exception_class(sandbox: Sandbox) -> None:
    source = "class ParseError(Exception):\n    pass\nError = ParseError\nBad = ValueError\n"
    source += "def add(n):\n    raise (Error if n else Bad)('x')\n"
    tests = "import candidate, pytest\ndef test_a():\n"
    tests += "    with pytest.raises(candidate.Error, match='x'):\n        candidate.add(1)\n"
    tests += "    with pytest.raises(candidate.Bad):\n        candidate.add(0)\n"
    assert passed(run_pytest(sandbox, source, tests)) == (2, 1)


def test_a_program_that_interrupts_its_tests(sandbox: Sandbox) -> None:
    tests = "from candidate import add\ndef test_a():\n    assert add(1, 2) == 3\n"
    outcome = run_pytest(sandbox, "def add(a, b):\n    raise KeyboardInterrupt\n", tests)
    assert judge_tests(outcome).verdict is Verdict.EXCEPTION


def test_tests_with_threads(sandbox: Sandbox) -> None:
    tests = """
        from concurrent.futures import ThreadPoolExecutor
        from candidate import add
        def test_a():
            with ThreadPoolExecutor(4) as pool:
                assert list(pool.map(add, range(50), range(50))) == [2 * n for n in range(50)]
        """
    assert passed(run_pytest(sandbox, ADD, tests)) == (50, 1)


def test_what_the_program_prints_appears_in_its_tests(sandbox: Sandbox) -> None:
    source = "import sys\ndef add(a, b):\n    print('adding', a)\n    print('!', file=sys.stderr)\n    return a + b\n"
    tests = """
        from candidate import add
        def test_a(capsys):
            assert add(1, 2) == 3
            assert tuple(capsys.readouterr()) == ("adding 1\\n", "!\\n")
        """
    assert passed(run_pytest(sandbox, source, tests)) == (1, 2)


def test_tests_that_write_a_report_of_their_own_break_nothing(sandbox: Sandbox) -> None:
    forged = """
        import os, sys
        os.write(int(sys.orig_argv[-1]), b'{"done": {"outcome": "passed", "more": 1}}\\n')
        while True:
            pass
        """
    assert judge_tests(check(sandbox, ADD, forged, "add")).verdict is Verdict.INFRASTRUCTURE_ERROR
    assert passed(check(sandbox, ADD, "assert add(1, 2) == 3", "add")) == (1, 1)  # the sandbox goes on
