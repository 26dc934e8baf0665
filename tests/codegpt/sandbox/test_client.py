import contextlib
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from codegpt.errors import SandboxUnavailable
from codegpt.sandbox.backends import FILTER, Backend, Launch
from codegpt.sandbox.client import Sandbox
from codegpt.sandbox.codec import NotPlainData
from codegpt.sandbox.jail import Jail
from codegpt.sandbox.landlock import REQUIRED_ABI, abi
from codegpt.sandbox.opening import available_views
from codegpt.sandbox.outcome import CALL_TIMEOUT, End, Outcome, Raised, Returned, Unencodable
from codegpt.sandbox.program import Call, Calls, Job, Limits, Program, Stdin
from codegpt.sandbox.verdict import Judgement, Raises, Verdict, judge_calls, judge_script

ECHO = Program("def echo(*args, **kwargs):\n    return [args, kwargs]\n")
PATIENT = Limits(cpu_s=30, wall_s=60.0)
SLEEP = Job(Program("import time\ndef f():\n    time.sleep(50)\n"), Calls((Call("f"),)), PATIENT)
REPLIES = 4  # the descriptor of the reply pipe in the jail


def ask(sandbox: Sandbox, source: str, *args: Any, limits: Limits | None = None, **kwargs: Any) -> Outcome:
    """The outcome of one call of `f`."""
    return sandbox.call(Program(textwrap.dedent(source)), [Call("f", args, kwargs)], limits)


def value(outcome: Outcome) -> Any:
    (reply,) = outcome.replies
    assert isinstance(reply.result, Returned), outcome
    return reply.result.value


def script(sandbox: Sandbox, source: str, data: bytes = b"", limits: Limits | None = None) -> Outcome:
    return sandbox.run(Job(Program(textwrap.dedent(source)), Stdin(data), limits))


@pytest.mark.parametrize(
    "sent",
    [
        None,
        True,
        0,
        -1,
        10**18,
        -(10**300),
        1.0,
        -0.0,
        0.1,
        float("inf"),
        "",
        "é字😀𝒳\ud800\x00\n\r\u2028",
        b"\x00\xff",
        1.5 - 2j,
        [],
        [[1, [2]], (3, (4,))],
        frozenset({1.5}),
        {"b": 1, "a": {(1, 2): {3}}, None: []},
        {"t": 1},
    ],
    ids=repr,
)
def test_values_cross_as_they_are(sandbox: Sandbox, sent: Any) -> None:
    outcome = sandbox.call(ECHO, [Call("echo", (sent,), {"key": sent, "other": 1})])
    args, kwargs = value(outcome)
    assert repr(args) == repr((sent,))
    assert repr(kwargs) == repr({"key": sent, "other": 1})
    assert (outcome.end, outcome.stdout, outcome.stderr, outcome.raised) == (End.COMPLETE, b"", b"", None)


def test_sets_and_nan_cross(sandbox: Sandbox) -> None:
    sent = ({1, 2, 3}, {1, "a", (2, None)}, {"x": float("nan")})
    outcome = sandbox.call(ECHO, [Call("echo", (sent,))])
    assert judge_calls(outcome, [[(sent,), {}]]) == Judgement(Verdict.PASSED, "1 of 1 calls")


@pytest.mark.parametrize("name", "tszdbifcu")
def test_one_keyword_argument_of_any_name(sandbox: Sandbox, name: str) -> None:
    assert value(sandbox.call(ECHO, [Call("echo", (), {name: "nan"})])) == [(), {name: "nan"}]


def test_a_list_of_sixty_three_levels_is_answered(sandbox: Sandbox) -> None:
    sent: list[Any] = []
    for _ in range(62):
        sent = [sent]
    assert value(ask(sandbox, "def f(x):\n    return len(x)\n", sent)) == 1
    assert value(ask(sandbox, "def f(x):\n    return x\n", sent)) == sent


def test_an_argument_as_deep_as_arguments_may_be(sandbox: Sandbox) -> None:
    sent: list[Any] = [1]
    for _ in range(63):
        sent = [sent]
    assert value(ask(sandbox, "def f(x):\n    return len(x)\n", sent)) == 1


def test_calls_are_answered_in_one_process(sandbox: Sandbox) -> None:
    source = "seen = []\ndef f(x):\n    seen.append(x)\n    return list(seen)\ndef g():\n    return len(seen)\n"
    outcome = sandbox.call(Program(source), [Call("f", (1,)), Call("f", (2,)), Call("g")])
    assert [reply.result for reply in outcome.replies] == [Returned([1]), Returned([1, 2]), Returned(2)]
    assert judge_calls(outcome, [[1], [1, 2], 2]).passed
    assert all(0 <= reply.seconds < 5 for reply in outcome.replies)
    assert 0 < outcome.wall_s < 6


def test_no_calls(sandbox: Sandbox) -> None:
    outcome = sandbox.call(ECHO, [])
    assert (outcome.end, outcome.replies) == (End.COMPLETE, ())
    assert not judge_calls(outcome, []).passed


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n"])
def test_line_ends_and_astral_characters_in_the_source(sandbox: Sandbox, end: str) -> None:
    source = end.join(["def f(x):", "    # 字😀", "    return '😀' + x", ""])
    assert value(sandbox.call(Program(source), [Call("f", ("𝒳",))])) == "😀𝒳"


def test_arguments_that_were_changed_come_back(sandbox: Sandbox) -> None:
    source = "def f(a, b, c, d):\n    a.sort()\n    b['x'] = 1\n    c.add(2)\n"
    (reply,) = ask(sandbox, source, [3, 1], {}, set(), "kept").replies
    assert reply.result == Returned(None, ([1, 3], {"x": 1}, {2}, "kept"))
    (reply,) = ask(sandbox, "def f(a):\n    return a\n", (1, "a")).replies
    assert reply.result == Returned((1, "a"), None)


def test_exceptions_are_named_with_their_builtin_ancestors(sandbox: Sandbox) -> None:
    source = """
        class Mine(KeyError, ValueError): pass
        class Mute(Exception):
            def __str__(self): raise RuntimeError
        def f(what):
            raise {"mine": Mine("a"), "mute": Mute(), "long": ValueError("x" * 300), "base": BaseException("b")}[what]
        """
    program = Program(textwrap.dedent(source))
    calls = [Call("f", (what,)) for what in ("mine", "mute", "long", "base")]
    calls += [Call("f", (1, 2)), Call("missing")]
    results = [reply.result for reply in sandbox.call(program, calls).replies]
    above = ("LookupError", "ValueError", "Exception", "BaseException")
    assert results[:4] == [
        Raised("Mine", ("KeyError", *above), "'a'"),
        Raised("Mute", ("Exception", "BaseException"), ""),
        Raised("ValueError", ("Exception", "BaseException"), "x" * 200),
        Raised("BaseException", (), "b"),
    ]
    assert isinstance(results[4], Raised)
    assert isinstance(results[5], Raised)
    assert [results[4].name, results[5].name] == ["TypeError", "AttributeError"]


def test_calls_go_on_after_an_exception(sandbox: Sandbox) -> None:
    outcome = sandbox.call(Program("def f(x):\n    return 1 / x\n"), [Call("f", (0,)), Call("f", (2,))])
    assert judge_calls(outcome, [Raises("ArithmeticError"), 0.5]) == Judgement(Verdict.PASSED, "2 of 2 calls")


@pytest.mark.parametrize(
    ("expression", "name"),
    [
        ("(i for i in ())", "generator"),
        ("object()", "object"),
        ("[f]", "function"),
        ("range(3)", "range"),
        ("bytearray(b'a')", "bytearray"),
    ],
)
def test_values_that_are_not_plain_data(sandbox: Sandbox, expression: str, name: str) -> None:
    outcome = ask(sandbox, f"def f():\n    return {expression}\n")
    assert [reply.result for reply in outcome.replies] == [Unencodable(name)]
    assert judge_calls(outcome, [1]).verdict is Verdict.WRONG_ANSWER


def test_an_argument_that_is_not_plain_data_is_not_sent(sandbox: Sandbox) -> None:
    with pytest.raises(NotPlainData, match=r"^object is not plain data$"):
        sandbox.call(ECHO, [Call("echo", (object(),))])


def test_output_is_kept_beside_the_values(sandbox: Sandbox) -> None:
    outcome = ask(
        sandbox, "import sys\ndef f():\n    print('out', flush=True)\n    print('err', file=sys.stderr)\n    return 5\n"
    )
    assert (value(outcome), outcome.stdout, outcome.stderr) == (5, b"out\n", b"err\n")


READ_ALL = "import sys, hashlib\ndata = sys.stdin.buffer.read()\nprint(len(data), hashlib.sha256(data).hexdigest())\n"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", b"0 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n"),
        (bytes(range(256)), b"256 40aff2e9d2d8922e47afd4648e6967497158785fbd1da870e7110266bf944880\n"),
        (bytes(1 << 20), b"1048576 30e14955ebf1352266dc2ff8067e68104607e750abb9d3b36582b8af909fcb58\n"),
    ],
    ids=["empty", "binary", "1 MiB"],
)
def test_a_script_reads_its_input(sandbox: Sandbox, data: bytes, expected: bytes) -> None:
    outcome = script(sandbox, READ_ALL, data)
    assert (outcome.end, outcome.exit_code, outcome.stdout, outcome.stderr) == (End.COMPLETE, 0, expected, b"")
    assert judge_script(outcome, expected).passed


def test_a_script_need_not_read_its_input(sandbox: Sandbox) -> None:
    outcome = script(sandbox, "print(1)", bytes(1 << 20))
    assert (outcome.end, outcome.exit_code, outcome.stdout) == (End.COMPLETE, 0, b"1\n")


def test_a_script_is_the_main_program(sandbox: Sandbox) -> None:
    source = """
        import sys, threading, time
        def late():
            time.sleep(0.05)
            print("😀", input())
        if __name__ == "__main__":
            print(sys.argv, sys.modules["__main__"].late is late)
            threading.Thread(target=late).start()
        """
    outcome = script(sandbox, source, "字\n".encode())
    assert outcome.stdout.decode() == "['/tmp/main.py'] True\n😀 字\n"
    assert judge_script(outcome, "['/tmp/main.py'] True\n😀 字".encode()).passed


@pytest.mark.parametrize(
    ("source", "code", "stderr"),
    [
        ("print(1)", 0, b""),
        ("print(1); import sys; sys.exit()", 0, b""),
        ("print(1); raise SystemExit(3)", 3, b""),
        ("print(1); import sys; sys.exit('why')", 1, b"why\n"),
        ("print(1, flush=True); import os; os._exit(7)", 7, b""),
    ],
)
def test_exit_codes(sandbox: Sandbox, source: str, code: int, stderr: bytes) -> None:
    outcome = script(sandbox, source)
    assert (outcome.end, outcome.exit_code, outcome.stdout, outcome.stderr) == (End.COMPLETE, code, b"1\n", stderr)
    assert outcome.raised is None
    assert judge_script(outcome, b"1").passed is (code == 0)


def test_a_script_that_raises(sandbox: Sandbox) -> None:
    outcome = script(sandbox, "print(1)\n{}['a']\n")
    assert outcome.raised == Raised("KeyError", ("LookupError", "Exception", "BaseException"), "'a'")
    assert (outcome.end, outcome.exit_code, outcome.stdout) == (End.COMPLETE, 1, b"1\n")
    assert outcome.stderr.endswith(b"KeyError: 'a'\n")
    assert judge_script(outcome, b"1") == Judgement(Verdict.EXCEPTION, "KeyError: 'a'")


@pytest.mark.parametrize(
    ("body", "verdict", "detail"),
    [
        ("return 1", Verdict.PASSED, "1 of 1 calls"),
        ("return 2", Verdict.WRONG_ANSWER, "call 1: 2"),
        ("return 1 / 0", Verdict.EXCEPTION, "call 1: ZeroDivisionError: division by zero"),
        ("return", Verdict.WRONG_ANSWER, "call 1: None"),
        ("import os; os._exit(0)", Verdict.EXITED_EARLY, "exit code 0"),
        ("import os; os._exit(3)", Verdict.EXITED_EARLY, "exit code 3"),
        ("import sys; sys.exit(0)", Verdict.EXITED_EARLY, "call 1: SystemExit: 0"),
        ("import ctypes; ctypes.string_at(0)", Verdict.EXITED_EARLY, "killed by SIGSEGV"),
        ("import os; os.abort()", Verdict.EXITED_EARLY, "killed by SIGABRT"),
        ("import numpy", Verdict.UNAVAILABLE, "call 1: ModuleNotFoundError: No module named 'numpy'"),
        ("return len(bytearray(1 << 30))", Verdict.MEMORY, "call 1: MemoryError"),
        ("return 'x' * (2 << 20)", Verdict.OUTPUT_LIMIT, "a reply of more than 1048576 bytes"),
        ("print('x' * (65 << 10), flush=True)", Verdict.OUTPUT_LIMIT, "more than 65536 bytes of output"),
        (
            "import sys; print('x' * (65 << 10), file=sys.stderr)",
            Verdict.OUTPUT_LIMIT,
            "more than 65536 bytes of output",
        ),
        (
            "import sys\n    for _ in range(33):\n        print('x' * 1023, flush=True)\n"
            "        print('x' * 1023, file=sys.stderr)",
            Verdict.OUTPUT_LIMIT,
            "more than 65536 bytes of output",
        ),
        (f"import os; os.write({REPLIES}, b'nonsense\\n')", Verdict.VIOLATION, "a reply that is not a line of JSON"),
        (f"import os; os.write({REPLIES}, b'[1]\\n')", Verdict.VIOLATION, "a reply that is not an object"),
        (
            f'import os; os.write({REPLIES}, b\'{{"id":"0","value":1,"given":null}}\\n\'); return 2',
            Verdict.VIOLATION,
            "a reply to another call",
        ),
        (
            f'import os; os.write({REPLIES}, b\'{{"value":1,"given":null}}\\n\'); return 2',
            Verdict.VIOLATION,
            "a reply to another call",
        ),
        (f"import os, time; os.close({REPLIES}); time.sleep(9)", Verdict.VIOLATION, "the reply pipe was closed"),
    ],
)
def test_what_becomes_of_a_call(sandbox: Sandbox, body: str, verdict: Verdict, detail: str) -> None:
    assert judge_calls(ask(sandbox, f"def f():\n    {body}\n"), [1]) == Judgement(verdict, detail)


def test_a_program_may_close_its_output(sandbox: Sandbox) -> None:
    assert value(ask(sandbox, "import sys\ndef f():\n    sys.stdout.close()\n    return 1\n")) == 1
    assert value(ask(sandbox, "import sys\ndef f():\n    sys.stdout = None\n    return 1\n")) == 1


def test_sixty_four_kilobytes_of_output_are_no_fault(sandbox: Sandbox) -> None:
    outcome = ask(sandbox, "def f():\n    print('x' * ((64 << 10) - 1), flush=True)\n    return 1\n")
    assert judge_calls(outcome, [1]).passed
    assert outcome.stdout == b"x" * 65535 + b"\n"


TWICE = """
import os, posix
write = os.write
def again(descriptor, data):
    return write(descriptor, bytes(data) + {extra!r})
def f():
    posix.write = again
    return 1
"""


@pytest.mark.parametrize("extra", [b'{"id":"0","value":1,"given":null}\n', b"\n", b"{"])
def test_an_extra_reply_after_the_right_one(sandbox: Sandbox, extra: bytes) -> None:
    judgement = judge_calls(ask(sandbox, TWICE.format(extra=extra)), [1])
    assert judgement == Judgement(Verdict.VIOLATION, "a reply that nobody asked for")


def test_an_extra_reply_between_two_calls(sandbox: Sandbox) -> None:
    outcome = sandbox.call(Program(TWICE.format(extra=b'{"id":"0","value":1,"given":null}\n')), [Call("f"), Call("f")])
    assert judge_calls(outcome, [1, 1]) == Judgement(Verdict.VIOLATION, "a reply that nobody asked for")


@pytest.mark.parametrize(
    "reply",
    [
        '{"id":%s,"value":1}',
        '{"id":%s,"value":1,"given":null,"more":1}',
        '{"id":%s,"value":1,"given":5}',
        '{"id":%s,"value":1,"given":[[1]]}',
        '{"id":%s,"value":1,"given":[[{"x":1}],{"d":[]}]}',
        '{"id":%s,"value":1,"given":[[1],[]]}',
        '{"id":%s,"value":{"x":1},"given":null}',
        '{"id":%s,"value":NaN,"given":null}',
        '{"id":%s,"value":1e999,"given":null}',
        '{"id":%s,"value":1,"given":null,"value":2}',
        '{"id":%s,"id":"0","value":1,"given":null}',
        '{"id":%s,"unencodable":5}',
        '{"id":%s,"raised":"ValueError"}',
        '{"id":%s,"raised":"ValueError","bases":"x","message":""}',
        '{"id":%s,"raised":5,"bases":[],"message":""}',
        '{"id":%s}',
        '{"id":null}',
        "{}",
    ],
)
def test_replies_under_the_right_id_but_of_a_wrong_form(sandbox: Sandbox, reply: str) -> None:
    source = f"""
        import os, posix, re
        write = os.write
        def forge(descriptor, data):
            identity = re.search(rb'"id":("[0-9a-f]+")', bytes(data))[1]
            write(descriptor, {reply!r}.replace("%s", identity.decode()).encode() + b"\\n")
            return len(data)
        def f():
            posix.write = forge
        """
    assert judge_calls(ask(sandbox, source), [1]).verdict is Verdict.VIOLATION


def test_a_reply_too_large_for_the_memory_that_is_left(sandbox: Sandbox) -> None:
    time = Limits(cpu_s=10, wall_s=30.0)  # encoding so much takes a slow machine longer than the usual two seconds
    judgement = judge_calls(ask(sandbox, "def f():\n    return [0] * 30_000_000\n", limits=time), [1])
    assert judgement.verdict in (Verdict.MEMORY, Verdict.OUTPUT_LIMIT)


def test_a_program_that_computes_for_too_long(sandbox: Sandbox) -> None:
    spin = "import signal\nsignal.signal(signal.SIGXCPU, {handler})\ndef f():\n    while True:\n        pass\n"
    for handler in ("signal.SIG_DFL", "signal.SIG_IGN"):
        outcome = ask(sandbox, spin.format(handler=handler), limits=Limits(cpu_s=1))
        assert judge_calls(outcome, [1]) == Judgement(Verdict.TIMEOUT, "1 s of CPU time")
        assert 0.9 < outcome.wall_s < 4
    outcome = script(sandbox, "while True:\n    pass\n", limits=Limits(cpu_s=1))
    assert judge_script(outcome, b"") == Judgement(Verdict.TIMEOUT, "1 s of CPU time")


@contextlib.contextmanager
def busy_core(others: int) -> Iterator[None]:
    """This process on one core, which it shares with others that never rest."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    spinning = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(others)]
    try:
        yield
    finally:
        for process in spinning:
            process.kill()
            process.wait()
        os.sched_setaffinity(0, before)


def test_a_program_that_waits_for_a_core_is_not_late() -> None:
    spin = "import time\ndef f():\n    while time.process_time() < {}:\n        pass\n    return 1\n"
    sleep = "import time\ndef f():\n    time.sleep(50)\n"
    with busy_core(others=2), Sandbox(views=available_views()) as sandbox:
        outcome = ask(sandbox, spin.format(0.5), limits=Limits(wall_s=0.6))
        assert value(outcome) == 1 and outcome.wall_s > 0.6
        outcome = ask(sandbox, sleep, limits=Limits(wall_s=0.6))
        assert judge_calls(outcome, [1]) == Judgement(Verdict.TIMEOUT, "0.6 s of wall time")
        assert outcome.wall_s < 2.4


def test_a_program_that_sleeps_for_too_long(sandbox: Sandbox) -> None:
    outcome = ask(sandbox, "import time\ndef f():\n    time.sleep(50)\n", limits=Limits(wall_s=0.5))
    assert judge_calls(outcome, [1]) == Judgement(Verdict.TIMEOUT, "0.5 s of wall time")
    assert 0.5 <= outcome.wall_s < 3
    outcome = script(sandbox, "import time\nprint(1, flush=True)\ntime.sleep(50)\n", limits=Limits(wall_s=0.5))
    assert judge_script(outcome, b"1") == Judgement(Verdict.TIMEOUT, "0.5 s of wall time")
    assert outcome.stdout == b"1\n"


@pytest.mark.parametrize(
    ("source", "verdict", "detail"),
    [
        ("def f(:\n", Verdict.SYNTAX_ERROR, "SyntaxError: invalid syntax (candidate.py, line 1)"),
        (
            "def f():\nreturn 1\n",
            Verdict.SYNTAX_ERROR,
            "IndentationError: expected an indented block after function definition on line 1 (candidate.py, line 2)",
        ),
        ("import numpy\n", Verdict.UNAVAILABLE, "ModuleNotFoundError: No module named 'numpy'"),
        ("import child\n", Verdict.UNAVAILABLE, "ModuleNotFoundError: No module named 'child'"),
        ("import values\n", Verdict.UNAVAILABLE, "ModuleNotFoundError: No module named 'values'"),
        ("import remote\n", Verdict.UNAVAILABLE, "ModuleNotFoundError: No module named 'remote'"),
        ("import checker\n", Verdict.UNAVAILABLE, "ModuleNotFoundError: No module named 'checker'"),
        ("import confine\n", Verdict.UNAVAILABLE, "ModuleNotFoundError: No module named 'confine'"),
        ("import pytest\n", Verdict.UNAVAILABLE, "ModuleNotFoundError: No module named 'pytest'"),
        ("x = bytearray(1 << 30)\n", Verdict.MEMORY, "MemoryError"),
        ("raise ValueError('no')\n", Verdict.EXCEPTION, "ValueError: no"),
        ("import sys; sys.exit(0)\n", Verdict.EXITED_EARLY, "SystemExit: 0"),
        ("import os; os._exit(0)\n", Verdict.EXITED_EARLY, "exit code 0"),
        ("import socket; socket.socket()\n", Verdict.EXCEPTION, "PermissionError: [Errno 13] Permission denied"),
        ("import os; os.fork()\n", Verdict.EXCEPTION, "PermissionError: [Errno 1] Operation not permitted"),
        (f"import os; os.write({REPLIES}, b'{{}}\\n')\n", Verdict.VIOLATION, "a reply of an unknown form"),
    ],
)
def test_a_program_that_cannot_be_loaded(sandbox: Sandbox, source: str, verdict: Verdict, detail: str) -> None:
    assert judge_calls(ask(sandbox, source), [1]) == Judgement(verdict, detail)


@pytest.mark.parametrize(
    ("source", "verdict"),
    [
        ("print(\n", Verdict.SYNTAX_ERROR),
        ("import numpy\n", Verdict.UNAVAILABLE),
        ("x = bytearray(1 << 30)\n", Verdict.MEMORY),
        ("import ctypes; ctypes.string_at(0)\n", Verdict.EXITED_EARLY),
        ("print('x' * 100_000)\n", Verdict.OUTPUT_LIMIT),
        ("print(2)\n", Verdict.WRONG_ANSWER),
        ("print(1)\n", Verdict.PASSED),
    ],
)
def test_what_becomes_of_a_script(sandbox: Sandbox, source: str, verdict: Verdict) -> None:
    assert judge_script(script(sandbox, source), b"1\n").verdict is verdict


def test_the_environment_of_a_program_is_the_jails_own(monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox) -> None:
    monkeypatch.setenv("CODEGPT_TEST_SECRET", "a key")
    monkeypatch.setenv("PYTHONSTARTUP", "/tmp/other.py")
    with Sandbox(workers=1, views=sandbox.views) as other:
        environment = value(ask(other, "import os\ndef f():\n    return dict(os.environ)\n"))
    own = dict(other.views["python"].environment)
    assert {name: environment.pop(name) for name in own} == own
    assert environment in ({}, {"PWD": "/tmp"})
    assert own["HOME"] == "/tmp"
    assert "a key" not in own.values()


def test_a_program_sees_neither_home_nor_processes_nor_the_outside(sandbox: Sandbox, tmp_path: Path) -> None:
    places = ["/proc", "/sys", "/etc", "/home", "/root", "/bin", "/var", str(Path.home()), str(tmp_path), __file__]
    source = """
        import os
        def f(places):
            return [place for place in places if os.path.exists(place)], sorted(os.listdir("/tmp"))
        """
    assert value(ask(sandbox, source, places)) == ([], [])
    assert value(ask(sandbox, "import os\ndef f():\n    return os.getpid(), os.getuid(), os.getcwd()\n")) == (
        2,
        1000,
        "/tmp",
    )


def test_a_program_writes_only_to_its_own_scratch(sandbox: Sandbox) -> None:
    source = """
        import os
        def f(places):
            refused = []
            for place in places:
                try:
                    open(place + "/left", "w").close()
                except OSError:
                    refused.append(place)
            return refused, os.listdir("/tmp")
        """
    refused, left = value(ask(sandbox, source, ["/", "/tmp", "/jail", "/python", "/dev"]))
    assert (refused, left) == (["/", "/jail", "/python", "/dev"], ["left"])
    assert value(ask(sandbox, "import os\ndef f():\n    return os.listdir('/tmp')\n")) == []


def test_strings_hash_alike_in_every_run(sandbox: Sandbox) -> None:
    outcomes = [script(sandbox, "print(hash('a'), hash(b'b'))") for _ in range(2)]
    assert outcomes[0].stdout == outcomes[1].stdout
    assert len(outcomes[0].stdout.split()) == 2


def test_forty_jobs_at_once_from_several_threads(sandbox: Sandbox) -> None:
    def double(number: int) -> Any:
        return value(ask(sandbox, "def f(x):\n    return x * 2\n", number))

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(double, range(40))) == [number * 2 for number in range(40)]


def test_outcomes_come_in_the_order_of_the_jobs(sandbox: Sandbox) -> None:
    source = "import time\ndef f(x):\n    time.sleep(x / 50)\n    return x\n"
    jobs = [Job(Program(source), Calls((Call("f", (number,)),))) for number in (9, 0, 5, 1)]
    assert [value(outcome) for outcome in sandbox.run_all(jobs)] == [9, 0, 5, 1]


def test_who_says_so_hears_no_more_and_what_waits_is_never_run(sandbox: Sandbox) -> None:
    sleep = "import time\ndef f(x):\n    time.sleep(x)\n    return x\n"
    jobs = [Job(Program(sleep), Calls((Call("f", (seconds,)),))) for seconds in (0, *[2] * 40)]
    enough = threading.Event()
    outcomes = sandbox.run_all(jobs, cancelled=enough.is_set)
    assert value(next(outcomes)) == 0
    enough.set()
    assert list(outcomes) == []
    begun = time.monotonic()
    assert value(ask(sandbox, "def f():\n    return 1\n")) == 1
    assert time.monotonic() - begun < 20  # and not the forty, which take that long on any two cores


def test_who_listens_no_longer_is_not_worked_for(sandbox: Sandbox) -> None:
    sleep = "import time\ndef f(x):\n    time.sleep(x)\n    return x\n"
    jobs = [Job(Program(sleep), Calls((Call("f", (seconds,)),))) for seconds in (0, *[2] * 40)]
    listening = sandbox.run_all(jobs)
    assert value(next(listening)) == 0
    listening.close()
    begun = time.monotonic()
    assert value(ask(sandbox, "def f():\n    return 1\n")) == 1
    assert time.monotonic() - begun < 20


def test_a_language_without_a_runner(sandbox: Sandbox) -> None:
    with pytest.raises(SandboxUnavailable, match=r"^no runner for rust; programs in python and javascript can be run$"):
        Program("fn main() {}", "rust")
    with Sandbox(workers=1, views={"python": sandbox.views["python"]}) as other:
        with pytest.raises(SandboxUnavailable, match=r"^no runner for javascript on this machine$"):
            other.submit(Job(Program("", "javascript"), Stdin()))
        assert value(ask(other, "def f():\n    return 1\n")) == 1


TURNS = """
def f(x):
    while x == 2:
        pass
    while x == 3:
        try:
            while True:
                pass
        except Exception:
            pass
    return x
"""


def test_a_call_that_does_not_end_costs_no_other_its_answer(sandbox: Sandbox) -> None:
    limits = Limits(call_cpu_s=0.1)
    outcome = sandbox.call(Program(TURNS), [Call("f", (x,)) for x in (1, 2, 3, 4)], limits)
    assert outcome.end is End.COMPLETE
    late = Raised(CALL_TIMEOUT, ("BaseException",))
    assert [reply.result for reply in outcome.replies] == [Returned(1), late, late, Returned(4)]
    assert outcome.replies[1].seconds > 0.1


def test_a_call_that_catches_everything_ends_with_the_whole(sandbox: Sandbox) -> None:
    program = Program(TURNS.replace("except Exception", "except BaseException"))
    outcome = sandbox.call(program, [Call("f", (x,)) for x in (1, 3, 4)], Limits(cpu_s=1, call_cpu_s=0.1))
    assert outcome.end is End.CPU_TIME and [reply.result for reply in outcome.replies] == [Returned(1)]


def test_a_future_that_was_cancelled_stops_nothing(sandbox: Sandbox) -> None:
    with Sandbox(workers=1, views=sandbox.views) as other:
        other.submit(Job(ECHO, Calls((Call("echo"),)))).cancel()
        assert other.submit(Job(ECHO, Calls((Call("echo"),)))).result(timeout=10).end is End.COMPLETE


def test_no_job_after_close(sandbox: Sandbox) -> None:
    other = Sandbox(workers=1, views=sandbox.views)
    other.close()
    with pytest.raises(SandboxUnavailable, match=r"^the sandbox is closed$"):
        other.submit(SLEEP)
    other.close()


Process = tuple[int, str]  # id and time of start: ids are used again


def parents() -> dict[Process, int]:
    """Every living process and the id of its parent."""
    found = {}
    for entry in Path("/proc").iterdir():
        try:
            fields = (entry / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        except (OSError, ValueError):
            continue
        if entry.name.isdigit() and fields[0] not in "ZX":
            found[int(entry.name), fields[19]] = int(fields[1])
    return found


def descendants(pid: int) -> set[Process]:
    living = parents()
    below: set[Process] = set()
    ids = {pid}
    while new := {process for process, parent in living.items() if parent in ids} - below:
        below |= new
        ids = {each for each, _ in below} | {pid}
    return below


def command(process: Process) -> str:
    try:
        return Path(f"/proc/{process[0]}/cmdline").read_bytes().partition(b"\0")[0].decode()
    except OSError:
        return ""


def until(condition: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def jails_of(supervisor: int, count: int) -> set[Process]:
    """The processes of the supervisor's jails, once `count` programs are running."""

    def running() -> int:
        return sum(command(process).startswith("/python/") for process in descendants(supervisor))

    assert until(lambda: running() == count, 20)
    found = descendants(supervisor)
    assert sum(Path(command(process)).name == "bwrap" for process in found) >= count
    return found


def assert_lost(futures: list["Future[Outcome]"]) -> None:
    for future in futures:
        outcome = future.result(timeout=5)
        assert (outcome.end, outcome.detail) == (End.INFRASTRUCTURE, "the supervisor ended")
        assert judge_calls(outcome, [None]).verdict is Verdict.INFRASTRUCTURE_ERROR


def test_closing_ends_what_is_running(sandbox: Sandbox) -> None:
    other = Sandbox(workers=2, views=sandbox.views)
    futures = [other.submit(SLEEP) for _ in range(3)]
    jails = jails_of(other.pid, 2)
    started = time.monotonic()
    other.close()
    assert time.monotonic() - started < 5
    assert_lost(futures)
    assert until(lambda: not jails & parents().keys(), 1)


@pytest.mark.parametrize(("low", "expected"), [(False, 0), (True, 19)])
def test_the_priority_of_programs(sandbox: Sandbox, low: bool, expected: int) -> None:
    with Sandbox(workers=1, views=sandbox.views, low_priority=low) as other:
        other.submit(SLEEP)
        jails = jails_of(other.pid, 1)
        own = os.getpriority(os.PRIO_PROCESS, 0)
        assert {os.getpriority(os.PRIO_PROCESS, pid) for pid, _ in jails} == {min(own + expected, 19)}


def test_the_jails_end_with_the_supervisor(sandbox: Sandbox) -> None:
    with Sandbox(workers=2, views=sandbox.views) as other:
        futures = [other.submit(SLEEP) for _ in range(3)]
        jails = jails_of(other.pid, 2)
        os.kill(other.pid, signal.SIGKILL)
        assert until(lambda: not jails & parents().keys(), 1)
        assert_lost(futures)
        with pytest.raises(SandboxUnavailable, match=r"^the sandbox is closed$"):
            other.submit(SLEEP)


OWNER = """
import time
from codegpt.sandbox.client import Sandbox
from codegpt.sandbox.opening import available_views
from codegpt.sandbox.program import Call, Calls, Job, Limits, Program
job = Job(Program("import time\\ndef f():\\n    time.sleep(50)"), Calls((Call("f"),)), Limits(30, 60.0))
sandbox = Sandbox(workers=2, views=available_views())
futures = [sandbox.submit(job) for _ in range(2)]
print(sandbox.pid, flush=True)
time.sleep(60)
"""


def test_the_jails_end_with_the_process_that_owns_them(sandbox: Sandbox) -> None:
    with subprocess.Popen([sys.executable, "-c", OWNER], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        try:
            supervisor = int(owner.stdout.readline())
            left = jails_of(supervisor, 2) | {process for process in parents() if process[0] == supervisor}
        finally:
            owner.kill()
        assert until(lambda: not left & parents().keys(), 1)


def test_closing_from_another_thread(sandbox: Sandbox) -> None:
    other = Sandbox(workers=1, views=sandbox.views)
    future = other.submit(SLEEP)
    jails_of(other.pid, 1)
    closer = threading.Thread(target=other.close)
    closer.start()
    assert_lost([future])
    closer.join(5)
    assert not closer.is_alive()


@pytest.mark.parametrize("backend", [Backend.BWRAP, Backend.LANDLOCK])
@pytest.mark.parametrize("how", ["close", "kill"])
def test_jails_that_are_just_being_made_end_too(backend: Backend, how: str) -> None:
    if backend is Backend.LANDLOCK and abi() < REQUIRED_ABI:
        pytest.skip(f"not run: Landlock {REQUIRED_ABI} is needed")
    before = set(children_of_anybody("bwrap", "sleep_for_ever"))
    program = Program("def f():\n    sleep_for_ever = 'sleep_for_ever'\n    import time\n    time.sleep(500)\n")
    for delay in (0.0, 0.005, 0.01, 0.02, 0.03, 0.05):
        opened = Sandbox(backend, views=available_views(), workers=8)
        futures = [opened.submit(Job(program, Calls((Call("f"),)))) for _ in range(16)]
        time.sleep(delay)
        if how == "kill":
            os.kill(opened.pid, signal.SIGKILL)
        opened.close()
        assert {future.result(timeout=20).end for future in futures} == {End.INFRASTRUCTURE}
    time.sleep(1)
    new = set(children_of_anybody("bwrap", "sleep_for_ever")) - before
    # what were left would stay for minutes; a jail of somebody else's, on the same machine, ends
    assert until(lambda: not new & set(children_of_anybody("bwrap", "sleep_for_ever")), 20)


def children_of_anybody(*names: str) -> list[str]:
    """Processes that are a bubblewrap or run one of our programs, whoever their parent is by now."""
    found = []
    for directory in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            command = (directory / "cmdline").read_bytes().decode(errors="replace")
            name = (directory / "comm").read_text().strip()
            if name in names or "__import__(sys.argv.pop(1)).main()" in command:
                found.append(f"{directory.name} {name}")
    return found


def test_a_supervisor_that_is_stopped_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("codegpt.sandbox.client.TO_END_S", 0.5)
    opened = Sandbox(Backend.BWRAP, views=available_views(), workers=1)
    os.killpg(opened.pid, signal.SIGSTOP)
    started = time.monotonic()
    opened.close()
    assert time.monotonic() - started < 10


def test_a_jail_that_cannot_be_started_keeps_no_descriptors() -> None:
    broken = Launch(("/nowhere/at/all",), {}, {FILTER: b"x"}, names_init=True)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(20):
        with pytest.raises(FileNotFoundError):
            Jail(broken, Limits(), stdin=b"x")
    assert len(list(Path("/proc/self/fd").iterdir())) == before
