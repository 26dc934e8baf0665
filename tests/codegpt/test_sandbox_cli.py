"""`codegpt sandbox`: the program's output on stdout, what became of it on stderr, 0, 1 or 2 as the exit code."""

import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from codegpt import sandbox_cli
from codegpt.cli import cli
from codegpt.console import run as run_command
from codegpt.sandbox.canaries import ATTEMPTS
from codegpt.sandbox.doctor import BackendFacts, Facts
from codegpt.sandbox.landlock import REQUIRED_ABI, abi
from codegpt.sandbox.outcome import End, Outcome, Raised, Reply, Returned, TestReport, Unencodable
from codegpt.sandbox.program import LONGEST_SOURCE, Call
from codegpt.sandbox.selftest import Report, Row
from codegpt.sandbox.verdict import Verdict

PROGRAM = """
import sys
def f(*args, **kwargs):
    return [args, kwargs]
def fails():
    print("printed")
    raise ValueError("\\x1b[31mred\\x07")
def strange():
    return object()
def huge():
    return 10**5000
def add(a, b):
    return a + b
if __name__ == "__main__":
    text = sys.stdin.read()
    print(text.upper(), end="")
    print("to stderr", file=sys.stderr)
    sys.exit(len(text) > 9)
"""
TESTS = """
from program import add
def test_add():
    assert add(2, 3) == {five}
"""
needs_bwrap = pytest.mark.skipif(shutil.which("bwrap") is None, reason="not run: install bubblewrap")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "program.py").write_text(PROGRAM)
    (tmp_path / "input").write_bytes("é\n".encode())
    (tmp_path / "long").write_bytes(b"0123456789")
    (tmp_path / "test_right.py").write_text(TESTS.format(five=5))
    (tmp_path / "test_wrong.py").write_text(TESTS.format(five=6))
    (tmp_path / "latin.py").write_bytes(b"caf\xe9 = 1\n")
    (tmp_path / "program.rb").write_text("puts 1\n")
    (tmp_path / "program.xyz").write_text("print(1)\n")
    (tmp_path / "program.js").write_text("function f(x) { return x * 2; }\nconsole.log('js');\n")
    (tmp_path / "empty").touch()
    monkeypatch.chdir(tmp_path)
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "120")
    return tmp_path


Said = tuple[int, str, str]


@pytest.fixture
def sandbox(folder: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs `codegpt sandbox` and returns the exit code, standard output and standard error."""

    def call(*arguments: str) -> Said:
        code = run_command(cli, "codegpt", ["sandbox", *arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


def without_seconds(text: str) -> str:
    """The last line of standard error without its time."""
    head, _, time = text.rstrip("\n").rpartition(" (")
    assert time.endswith(" s)")
    assert float(time.removesuffix(" s)")) >= 0
    return head


# --- run


@needs_bwrap
@pytest.mark.parametrize(
    ("arguments", "code", "out", "last"),
    [
        (["--stdin", "input"], 0, "É\n", "to stderr\ncodegpt: finished"),
        ([], 0, "", "to stderr\ncodegpt: finished"),
        (["--stdin", "long"], 1, "0123456789", "to stderr\ncodegpt: exited early: exit code 1"),
        (["--call", "add(2, 3)"], 0, "5\n", "codegpt: finished"),
        (["--call", " f(1, [2], name='x\\n') "], 0, "[(1, [2]), {'name': 'x\\n'}]\n", "codegpt: finished"),
        (
            ["--call", "f('\\x1b[31m', -1.5, {1: None})"],
            0,
            "[('\\x1b[31m', -1.5, {1: None}), {}]\n",
            "codegpt: finished",
        ),
        (["--call", "fails()"], 1, "printed\n", "codegpt: exception: ValueError: \ufffd[31mred\ufffd"),
        (["--call", "strange()"], 0, "", "codegpt: finished: with a object, which is not plain data"),
        (
            ["--call", "missing()"],
            1,
            "",
            "codegpt: exception: AttributeError: module 'candidate' has no attribute 'missing'",
        ),
        (["--tests", "test_right.py"], 0, "", "codegpt: passed: 1 assertions, 1 calls"),
    ],
)
def test_run(sandbox: Any, arguments: list[str], code: int, out: str, last: str) -> None:
    said = sandbox("run", "program.py", *arguments)
    assert (said[0], said[1], without_seconds(said[2])) == (code, out, last)


@needs_bwrap
def test_run_tests_that_fail(sandbox: Any) -> None:
    code, out, err = sandbox("run", "program.py", "--tests", "test_wrong.py")
    assert (code, out) == (1, "")
    said = "codegpt: wrong answer: AssertionError: assert 5 == 6 + where 5 = add(2, 3)"
    assert without_seconds(err) == said


@needs_bwrap
def test_run_as_json(sandbox: Any) -> None:
    code, out, err = sandbox("run", "program.py", "--stdin", "input", "--json")
    said = json.loads(out)
    assert (code, err, out.count("\n")) == (0, "", 1)
    assert 0 < said.pop("wall_s") < 9
    assert said == {
        "verdict": "finished",
        "detail": "",
        "sandbox": "bwrap",
        "value": None,
        "report": None,
        "exit_code": 0,
        "stdout": "É\n",
        "stderr": "to stderr\n",
    }


@needs_bwrap
def test_run_a_call_as_json(sandbox: Any) -> None:
    code, out, err = sandbox("run", "program.py", "--call", "f(1, x='a')", "--json")
    said = json.loads(out)
    assert (code, err) == (0, "")
    assert said["value"] == [{"t": [1]}, {"d": [["x", "a"]]}]
    assert (said["verdict"], said["exit_code"], said["stdout"], said["stderr"]) == ("finished", None, "", "")
    code, out, _ = sandbox("run", "program.py", "--call", "fails()", "--json")
    said = json.loads(out)
    assert (code, said["verdict"], said["value"]) == (1, "exception", None)
    assert said["detail"] == "ValueError: \x1b[31mred\x07"
    assert said["stdout"] == "printed\n"
    assert "\x1b" not in out


@needs_bwrap
def test_run_tests_as_json(sandbox: Any) -> None:
    code, out, _ = sandbox("run", "program.py", "--tests", "test_right.py", "--json")
    said = json.loads(out)
    assert (code, said["verdict"], said["detail"]) == (0, "passed", "1 assertions, 1 calls")
    assert said["report"] == {"outcome": "passed", "name": "", "message": "1 tests", "calls": 1, "assertions": 1}


@needs_bwrap
def test_a_number_too_long_to_be_printed(sandbox: Any) -> None:
    code, out, err = sandbox("run", "program.py", "--call", "huge()")
    assert (code, out, without_seconds(err)) == (0, "an integer of 16610 bits\n", "codegpt: finished")
    code, out, _ = sandbox("run", "program.py", "--call", "huge()", "--json")
    assert (code, json.loads(out)["value"]) == (0, {"i": hex(10**5000)})


@needs_bwrap
def test_the_language_is_that_of_the_name_or_the_option(sandbox: Any) -> None:
    assert sandbox("run", "program.xyz", "--language", "python")[:2] == (0, "1\n")
    if shutil.which("node") is None:
        pytest.skip("not run: install node")
    assert sandbox("run", "program.js")[:2] == (0, "js\n")
    assert sandbox("run", "program.js", "--call", "f(21)")[:2] == (0, "js\n42\n")


@needs_bwrap
def test_run_as_a_command_with_bytes(folder: Path) -> None:
    program = "import sys\nsys.stdout.buffer.write(sys.stdin.buffer.read()[::-1])\n"
    (folder / "bytes.py").write_text(program)
    codegpt = Path(sys.executable).with_name("codegpt")
    command = [codegpt, "sandbox", "run", "bytes.py", "--stdin", "-"]
    done = subprocess.run(command, input=bytes(range(256)), capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (0, bytes(range(255, -1, -1)))
    assert without_seconds(done.stderr.decode()) == "codegpt: finished"


@pytest.fixture
def workspace() -> Iterator[Path]:
    """Open to every user, which `tmp_path` is not: a root that runs the tests gives up being root."""
    with tempfile.TemporaryDirectory(prefix="codegpt-test-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@needs_bwrap
def test_run_with_a_workspace(sandbox: Any, workspace: Path) -> None:
    (workspace / "sibling.py").write_text("NUMBER = 42\n")
    Path("uses.py").write_text("import sibling\ndef f():\n    return sibling.NUMBER\n")
    assert sandbox("run", "uses.py", "--call", "f()", "--workspace", str(workspace))[:2] == (0, "42\n")
    code, out, err = sandbox("run", "uses.py", "--call", "f()")
    assert (code, out) == (1, "")
    assert without_seconds(err) == "codegpt: unavailable: ModuleNotFoundError: No module named 'sibling'"


@pytest.mark.skipif(abi() < REQUIRED_ABI, reason=f"not run: Landlock ABI {REQUIRED_ABI} is needed (Linux 6.12)")
def test_run_in_the_other_kind_of_jail(sandbox: Any) -> None:
    code, out, _ = sandbox("run", "program.py", "--call", "add(2, 3)", "--backend", "landlock", "--json")
    assert (code, json.loads(out)["sandbox"], json.loads(out)["value"]) == (0, "landlock", 5)


def test_run_without_a_sandbox_says_so(sandbox: Any) -> None:
    code, out, err = sandbox("run", "program.py", "--call", "add(2, 3)", "--unsafe-no-sandbox")
    first, last = err.splitlines()
    assert (code, out) == (0, "5\n")
    assert first == "codegpt: no sandbox: the program runs with all your rights"
    assert without_seconds(last) == "codegpt: finished"
    code, out, err = sandbox("run", "program.py", "--call", "add(2, 3)", "--unsafe-no-sandbox", "--json")
    assert json.loads(out)["sandbox"] == "none"
    assert err == "codegpt: no sandbox: the program runs with all your rights\n"


NO_CALL = "is not a call with plain data, such as f(1, [2], name='x')"


@pytest.mark.parametrize(
    "call",
    [
        "f",
        "f(",
        "f(x)",
        "f(*[1])",
        "f(**{'a': 1})",
        "f(1 + 1)",
        "f(...)",
        "f(g())",
        "a.f(1)",
        "f(1); g(2)",
        "f(a=1, a=2)",
        "f(**{})",
        "f(a=1, **{'b': 1})",
        "5",
        " ",
        "",
        "f({[]: 1})",
        "f(" + "[" * 90 + "]" * 90 + ")",
        "f(" + "-" * 6000 + "1)",
        "f(" + "-" * 2000 + "1)",
        "f(" + "1 + " * 20_000 + "1)",
        "f(" + "1 + " * 900 + "1j)",
        "f(" + "(" * 5000,
        "f(" + "9" * 5000 + ")",
        "f('\udcff\0')\0",
    ],
    ids=lambda call: repr(call[:20]),
)
def test_what_is_not_a_call(sandbox: Any, call: str) -> None:
    code, out, err = sandbox("run", "program.py", "--call", call)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("codegpt: ")
    assert err.endswith(f"{NO_CALL}\n")
    assert len(err) < 200


def test_calls_are_parsed() -> None:
    parsed = sandbox_cli._parse_call("f(1, -2, 'a', b'c', [None, True], (1,), {1: {2}}, set(), 1+2j, key={'a': 0.5})")
    args = (1, -2, "a", b"c", [None, True], (1,), {1: {2}}, set(), 1 + 2j)
    assert parsed == Call("f", args, {"key": {"a": 0.5}})


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["missing.py"], "Invalid value for 'FILE': File 'missing.py' does not exist."),
        (["."], "Invalid value for 'FILE': File '.' is a directory."),
        (["latin.py"], "latin.py: not UTF-8 text"),
        (["program.py", "--tests", "latin.py"], "latin.py: not UTF-8 text"),
        (["program.rb"], "no runner for ruby; programs in python and javascript can be run"),
        (["program.py", "--language", "ruby"], "no runner for ruby; programs in python and javascript can be run"),
        (["program.xyz"], "program.xyz: its name does not say its language; use --language"),
        (
            ["program.py", "--call", "add(2, 3)", "--tests", "test_right.py"],
            "--call and --tests are two different runs; give one",
        ),
        (["program.py", "--stdin", "missing"], "'missing': No such file or directory"),
        (["program.py", "--workspace", "missing"], "Directory 'missing' does not exist."),
        (["program.py", "--backend", "none"], "'none' is not one of 'bwrap', 'landlock'."),
    ],
)
def test_wrong_usage_is_one_line(sandbox: Any, arguments: list[str], line: str) -> None:
    code, out, err = sandbox("run", *arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("codegpt: ")
    assert err.endswith(f"{line}\n")


TWO_JAILS_OR_NONE = "--backend chooses a jail and --unsafe-no-sandbox means none; give one"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            ["program.py", "--stdin", "input", "--call", "f()"],
            "--stdin is read by scripts only; leave out --stdin or --call",
        ),
        (
            ["program.py", "--stdin", "input", "--tests", "test_right.py"],
            "--stdin is read by scripts only; leave out --stdin or --tests",
        ),
        (
            ["program.py", "--call", "", "--tests", "test_right.py"],
            "--call and --tests are two different runs; give one",
        ),
        (["program.py", "--unsafe-no-sandbox", "--backend", "landlock"], TWO_JAILS_OR_NONE),
        (["program.py", "--unsafe-no-sandbox", "--backend", "bwrap"], TWO_JAILS_OR_NONE),
        (["program.js", "--tests", "test_right.py"], "--tests runs pytest files; FILE is javascript"),
        (
            ["program.xyz", "--language", "javascript", "--tests", "test_right.py"],
            "--tests runs pytest files; FILE is javascript",
        ),
        (
            ["program.js", "--workspace", "."],
            "--workspace is for programs in python and FILE is javascript; leave it out",
        ),
        (
            ["program.py", "--unsafe-no-sandbox", "--call", "f("],
            "'f(' is not a call with plain data, such as f(1, [2], name='x')",
        ),
    ],
)
def test_nothing_given_is_ignored(sandbox: Any, arguments: list[str], line: str) -> None:
    assert sandbox("run", *arguments) == (2, "", f"codegpt: {line}\n")


@pytest.mark.parametrize("path", ["fifo.py", "/dev/zero", "/dev/null"])
def test_what_is_no_regular_file_is_not_read(sandbox: Any, folder: Path, path: str) -> None:
    os.mkfifo(folder / "fifo.py")
    line = f"codegpt: {path}: not a regular file\n"
    assert sandbox("run", path, "--language", "python") == (2, "", line)
    assert sandbox("run", "program.py", "--tests", path) == (2, "", line)


@needs_bwrap
def test_how_long_a_file_may_be(sandbox: Any, folder: Path) -> None:
    path = folder / "program.py"
    path.write_text(PROGRAM.ljust(LONGEST_SOURCE))
    assert sandbox("run", "program.py", "--call", "add(2, 3)")[:2] == (0, "5\n")
    os.truncate(path, LONGEST_SOURCE + 1)
    os.truncate(folder / "test_right.py", 1 << 40)
    why = f"more than {LONGEST_SOURCE} bytes, which is as long as a file may be"
    assert sandbox("run", "program.py") == (2, "", f"codegpt: program.py: {why}\n")
    path.write_text(PROGRAM)
    said = sandbox("run", "program.py", "--tests", "test_right.py")
    assert said == (2, "", f"codegpt: test_right.py: {why}\n")


NOT_IMPORTED = "tests cannot import a module of this name; rename the file"
HIDES = "a module of this name would hide one that pytest needs; rename the file"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        *((name, NOT_IMPORTED) for name in ("a-b", "a.b", "2", "class", "None")),
        *((name, HIDES) for name in ("json", "sys", "pytest", "_pytest", "pluggy", "packaging", "iniconfig")),
        *((name, HIDES) for name in ("pygments", "test_program")),
    ],
)
def test_names_that_tests_cannot_import(sandbox: Any, folder: Path, name: str, why: str) -> None:
    (folder / "program.py").rename(folder / f"{name}.py")
    said = sandbox("run", f"{name}.py", "--tests", "test_right.py")
    assert said == (2, "", f"codegpt: {name}.py: {why}\n")


def test_names_that_tests_can_import() -> None:
    for name in ("match", "é", "py", "tests", "pytest_helpers"):
        assert sandbox_cli._module_name(Path(f"{name}.py")) == name


def test_run_without_bubblewrap(sandbox: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    code, out, err = sandbox("run", "program.py")
    assert (code, out) == (2, "")
    assert err == (
        "codegpt: no jail: install bubblewrap (the package is called bubblewrap everywhere); "
        "the weaker second kind is --backend landlock\n"
    )


# --- what a terminal is shown


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def outcome_of(result: Returned | Raised | Unencodable | None = None, **given: Any) -> Outcome:
    return Outcome(End.COMPLETE, replies=() if result is None else (Reply(result, 0.0),), **given)


def terminals(monkeypatch: pytest.MonkeyPatch) -> tuple[Terminal, Terminal]:
    """Standard output and standard error of a test, as long as it lasts."""
    shown = Terminal(), Terminal()
    monkeypatch.setattr(sys, "stdout", shown[0])
    monkeypatch.setattr(sys, "stderr", shown[1])
    return shown


def test_a_terminal_gets_nothing_that_it_would_obey(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = terminals(monkeypatch)
    stdout = "a\tb\x1b]0;title\x07é字😀\r\n\u202eabc\x9b1m\n".encode() + b"\xff"
    sandbox_cli._show(outcome_of(stdout=stdout, stderr=b"\x1b[2J!\n"), "exception", "A: \x1b[31m\nb\u202ec")
    out, err = (stream.getvalue() for stream in terminal)
    assert out == "a\tb\ufffd]0;title\ufffdé字😀\ufffd\n\ufffdabc\ufffd1m\n\ufffd"
    assert err == "\ufffd[2J!\ncodegpt: exception: A: \ufffd[31m b\ufffdc (0.00 s)\n"


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ("é\x1b[31m\u202e\ud800", r"'é\x1b[31m\u202e\ud800'"),
        (b"\x1b", r"b'\x1b'"),
        ({"字": [None]}, "{'字': [None]}"),
        (-(10**5000), "an integer of 16610 bits"),
        (10**4299, str(10**4299)),
        ([1, {"a": (10**5000,)}], "a value with a number of thousands of digits; use --json"),
        ({10**5000: "字"}, "a value with a number of thousands of digits; use --json"),
    ],
    ids=["text", "bytes", "dict", "huge", "long", "holds huge", "huge key"],
)
def test_a_value_on_a_terminal(monkeypatch: pytest.MonkeyPatch, value: Any, line: str) -> None:
    terminal = terminals(monkeypatch)
    sandbox_cli._show(outcome_of(Returned(value)), "finished", "")
    assert [stream.getvalue() for stream in terminal] == [f"{line}\n", "codegpt: finished (0.00 s)\n"]


def test_a_file_gets_every_byte(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    sandbox_cli._show(outcome_of(stdout=b"\x1b[31m\xff\r\n", stderr=b"\x00\n"), "finished", "")
    out, err = capsysbinary.readouterr()
    assert (out, err) == (b"\x1b[31m\xff\r\n", b"\x00\ncodegpt: finished (0.00 s)\n")


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("a  b\n\tc ", "a b c"),
        ("\x1b[0m\x07", "\ufffd[0m\ufffd"),
        ("é字😀", "é字😀"),
        ("", ""),
        ("\x9b\u202e", "\ufffd\ufffd"),
    ],
)
def test_plain(text: str, plain: str) -> None:
    assert sandbox_cli._plain(text) == plain


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (outcome_of(), ("finished", "")),
        (outcome_of(exit_code=0), ("finished", "")),
        (outcome_of(exit_code=3), ("exited early", "exit code 3")),
        (outcome_of(Returned(1)), ("finished", "")),
        (outcome_of(Unencodable("A")), ("finished", "with a A, which is not plain data")),
        (outcome_of(Raised("KeyError", (), "'a'")), ("exception", "KeyError: 'a'")),
        (outcome_of(Raised("ModuleNotFoundError", (), "no")), ("unavailable", "ModuleNotFoundError: no")),
        (Outcome(End.NOT_LOADED, raised=Raised("SyntaxError", (), "x")), ("syntax error", "SyntaxError: x")),
        (Outcome(End.CPU_TIME), ("timeout", "CPU time")),
        (Outcome(End.INFRASTRUCTURE, "why"), ("infrastructure error", "why")),
        (outcome_of(report=TestReport("passed", calls=2, assertions=1)), ("passed", "1 assertions, 2 calls")),
        (outcome_of(report=TestReport("failed", "test_a", "why")), ("wrong answer", "test_a: why")),
    ],
)
def test_what_is_said_of_an_outcome(outcome: Outcome, said: tuple[str, str]) -> None:
    assert sandbox_cli._judge(outcome) == said


# --- doctor


@needs_bwrap
def test_doctor_as_json(sandbox: Any) -> None:
    code, out, err = sandbox("doctor", "--json")
    said = json.loads(out)
    assert (code, err, out.count("\n")) == (0, "", 1)
    assert said.keys() == {"machine", "backends"}
    assert {"kernel", "bubblewrap", "user namespaces", "Landlock", "node"} <= said["machine"].keys()
    assert [backend["name"] for backend in said["backends"]] == ["bwrap", "landlock"]
    assert said["backends"][0] == {
        "name": "bwrap",
        "holds": True,
        "why_not": "",
        "attempts": dict.fromkeys((*ATTEMPTS, "anything else"), ""),
    }
    second = said["backends"][1]
    assert second["holds"] is (abi() >= REQUIRED_ABI)
    assert bool(second["why_not"]) is not second["holds"]


@needs_bwrap
def test_doctor_as_text(sandbox: Any) -> None:
    code, out, err = sandbox("doctor")
    lines = [line.split() for line in out.splitlines()]
    assert (code, err) == (0, "")
    assert ["bwrap:", "holds"] in lines
    assert ["outside", "file", "refused"] in lines
    assert "LEAKS" not in out


@pytest.mark.parametrize("how", [[], ["--json"]])
def test_doctor_without_bubblewrap(
    sandbox: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, how: list[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    code, out, err = sandbox("doctor", *how)
    assert (code, err) == (1, "")
    assert "no jail: install bubblewrap" in " ".join(out.split())
    if how:
        said = json.loads(out)
        assert said["machine"]["bubblewrap"] == "not installed"
        assert said["machine"]["node"] == "not installed: no JavaScript"
        assert (said["backends"][0]["holds"], said["backends"][0]["attempts"]) == (False, {})


def test_doctor_names_a_leak(sandbox: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    leaks = BackendFacts("bwrap", False, "it leaks: fork", {"outside file": "", "fork": "got 64"})
    holds = BackendFacts("landlock", True, "", {"fork": ""})
    monkeypatch.setattr(sandbox_cli, "examine", lambda: Facts({"kernel": "[bold]Linux"}, (leaks, holds)))
    code, out, _ = sandbox("doctor")
    assert code == 1
    assert [line.split() for line in out.splitlines() if line.strip()] == [
        ["kernel", "[bold]Linux"],
        ["bwrap:", "refused:", "it", "leaks:", "fork"],
        ["outside", "file", "refused"],
        ["fork", "LEAKS:", "got", "64"],
        ["landlock:", "holds"],
        ["fork", "refused"],
    ]


# --- selftest

RIGHT = Row("read-a-file", "files", frozenset({"exception"}), "exception", "PermissionError")
TWO_JAILS = Row("read-a-file (two jails)", "files", frozenset({"exception"}), "exception", "PermissionError")
WRONG = Row("fork", "process", frozenset({"violation", "exception"}), "timeout", "\x1b[31mwhy")
ESCAPE = Row("connect", "network", frozenset({"exception"}), "exception", "", escape="a TCP connection arrived")
HONEST = Row("gcd-001", "gcd", frozenset({"passed"}), "passed", "3 of 3 calls")
MISJUDGED = Row("gcd-002", "gcd", frozenset({"passed"}), "wrong answer", "call 1: 2")
DIFFERENT = Row("temporary_file-001", "temporary_file", frozenset({"passed"}), "passed", "", difference="no scratch")


def report_of(
    hostile: tuple[Row, ...], honest: tuple[Row, ...], left: tuple[str, ...] = (), not_run: int = 0
) -> Report:
    return Report("bwrap", hostile, honest, 4000.4, 6000.6, 90.5, not_run, left)


@pytest.mark.parametrize(
    ("report", "holds"),
    [
        (report_of((RIGHT, TWO_JAILS), (HONEST, DIFFERENT)), True),
        (report_of((WRONG,), (HONEST,)), False),
        (report_of((ESCAPE,), (HONEST,)), False),
        (report_of((RIGHT,), (MISJUDGED,)), False),
        (report_of((RIGHT,), (HONEST,), ("process 5 (python) S",)), False),
        (report_of((RIGHT,), (HONEST,), not_run=3), True),
    ],
)
def test_whether_a_report_holds(report: Report, holds: bool) -> None:
    assert report.holds is holds


def test_the_summary_of_a_report() -> None:
    rows = (RIGHT, TWO_JAILS, WRONG, ESCAPE), (HONEST, HONEST, MISJUDGED, DIFFERENT)
    assert report_of(*rows, left=("process 5 (python) S",), not_run=2).summary() == {
        "backend": "bwrap",
        "hostile": 3,
        "escapes": 1,
        "wrong_verdicts": 1,
        "honest": 4,
        "honest_wrong": 1,
        "differences": 1,
        "verdicts_per_minute": 4000,
        "bare_starts_per_minute": 6001,
        "checks_per_minute": 90,
        "not_run": 2,
        "left": 1,
    }


def show(report: Report, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    monkeypatch.setenv("COLUMNS", "120")
    sandbox_cli._show_report(report)
    out = capsys.readouterr().out
    assert "\x1b" not in out
    return [line.split() for line in out.splitlines() if line.strip()]


def test_a_report_is_shown(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    rows = (RIGHT, TWO_JAILS, WRONG, ESCAPE), (HONEST, HONEST, MISJUDGED, DIFFERENT)
    lines = show(report_of(*rows, left=("process 5 (python) S",)), capsys, monkeypatch)
    assert lines == [
        ["attacks"],
        ["group", "programs", "wrong", "escapes", "verdicts"],
        ["files", "2", "0", "0", "exception", "2"],
        ["network", "1", "0", "1", "exception", "1"],
        ["process", "1", "1", "0", "timeout", "1"],
        ["ordinary", "programs"],
        ["group", "programs", "wrong", "escapes", "verdicts"],
        ["passed", "4", "1", "0", "passed", "3,", "wrong", "answer", "1"],
        ["fork:", "timeout", "(�[31mwhy),", "expected", "exception", "or", "violation"],
        ["connect:", "exception", "(),", "expected", "exception", "a", "TCP", "connection", "arrived"],
        ["gcd-002:", "wrong", "answer", "(call", "1:", "2),", "expected", "passed"],
        ["different", "in", "this", "kind", "of", "jail"],
        ["program", "verdict", "why"],
        ["temporary_file-001", "passed", "no", "scratch"],
        ["left", "behind:", "process", "5", "(python)", "S"],
    ]


def test_a_report_without_faults_names_no_program(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = show(report_of((RIGHT,), (HONEST,)), capsys, monkeypatch)
    assert [line[0] for line in lines] == ["attacks", "group", "files", "ordinary", "group", "passed"]


@pytest.mark.parametrize("report", [report_of((RIGHT,), (HONEST,)), report_of((ESCAPE,), (HONEST,))])
def test_selftest_ends_with_json(sandbox: Any, monkeypatch: pytest.MonkeyPatch, report: Report) -> None:
    asked = []

    def selftest(backend: str, programs: int, seed: int, progress: Any) -> Report:
        asked.append((backend, programs, seed))
        progress("attacks", 1, 1)
        return report

    monkeypatch.setattr(sandbox_cli, "selftest", selftest)
    code, out, err = sandbox("selftest", "--programs", "5", "--seed", "3", "--require", "strong")
    assert (code, err) == (0 if report.holds else 1, "")
    assert json.loads(out.splitlines()[-1]) == report.summary()
    assert asked == [("bwrap", 5, 3)]
    code, out, _ = sandbox("selftest", "--json", "--backend", "landlock")
    assert (code, json.loads(out)) == (0 if report.holds else 1, report.summary())
    assert asked[1] == ("landlock", 1000, 7)


def test_selftest_says_what_it_did_not_run(sandbox: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    report = report_of((RIGHT,), (HONEST,), not_run=3)
    monkeypatch.setattr(sandbox_cli, "selftest", lambda *_: report)
    said = "codegpt: not run: 3 programs, for want of an interpreter\n"
    assert sandbox("selftest", "--json") == (0, f"{json.dumps(report.summary())}\n", said)
    assert sandbox("selftest", "--json", "--require", "strong") == (1, f"{json.dumps(report.summary())}\n", said)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--require", "strong", "--backend", "landlock"], "--require strong: landlock is the weaker kind of jail"),
        (["--programs", "0"], "Invalid value for '--programs': 0 is not in the range 1<=x<=100000."),
        (["--backend", "none"], "Invalid value for '--backend': 'none' is not one of 'bwrap', 'landlock'."),
    ],
)
def test_selftest_refuses(sandbox: Any, arguments: list[str], line: str) -> None:
    assert sandbox("selftest", *arguments) == (2, "", f"codegpt: {line}\n")


def test_busy_cores_are_free_again() -> None:
    def spinning() -> int:
        commands = [path.read_bytes() for path in Path("/proc/self/task").glob("*/children")]
        return sum(len(command.split()) for command in commands)

    before = spinning()
    with sandbox_cli._busy_cores(True):
        assert spinning() > before
    assert spinning() == before
    with sandbox_cli._busy_cores(False):
        assert spinning() == before


def test_the_verdicts_are_told_by_their_values() -> None:
    assert sandbox_cli.FINISHED not in {verdict.value for verdict in Verdict}
