import subprocess
import sys
import time
from pathlib import Path

import click
import pytest

from codegpt.console import INTERRUPTED, begun, run, run_and_exit
from codegpt.errors import InputError, ModelNotFound


@click.command()
@click.option("--number", type=int, default=0)
@click.argument("what")
def act(number: int, what: str) -> int | None:
    """Do something."""
    match what:
        case "input":
            raise InputError("a\n  b\r\n\tc\u2028d")
        case "escape":
            raise InputError("a\x1b[31mb\x9b\udc80é😀")
        case "model":
            raise ModelNotFound("no such model")
        case "usage":
            raise click.UsageError("wrong")
        case "abort":
            raise click.Abort
        case "interrupt":
            raise KeyboardInterrupt
        case "exit":
            raise click.exceptions.Exit(7)
        case "bug":
            raise ZeroDivisionError("a bug is not dressed up")
        case "number":
            return number
    click.echo("done")
    return None


@click.group()
def group() -> None:
    """A group."""


group.add_command(act)


@pytest.mark.parametrize(
    ("arguments", "code", "out", "err"),
    [
        (["ok"], 0, "done\n", ""),
        (["number", "--number", "5"], 5, "", ""),
        (["exit"], 7, "", ""),
        (["input"], 2, "", "tool: a b c d\n"),
        (["escape"], 2, "", "tool: a\ufffd[31mb\ufffd\ufffdé😀\n"),
        (["model"], 2, "", "tool: no such model\n"),
        (["usage"], 2, "", "tool: wrong\n"),
        ([], 2, "", "tool: Missing argument 'WHAT'.\n"),
        (["ok", "--number", "x"], 2, "", "tool: Invalid value for '--number': 'x' is not a valid integer.\n"),
        (["ok", "more\nlines"], 2, "", "tool: Got unexpected extra argument (more lines)\n"),
    ],
)
def test_how_a_command_ends(
    arguments: list[str], code: int, out: str, err: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(act, "tool", arguments) == code
    assert capsys.readouterr() == (out, err)


@pytest.mark.parametrize("what", ["abort", "interrupt"])
def test_ctrl_c(what: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(act, "tool", [what]) == INTERRUPTED == 130
    captured = capsys.readouterr()
    assert (captured.out, captured.err.strip()) == ("", "tool: interrupted")


def test_help_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(act, "tool", ["--help"]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("Usage: tool [OPTIONS] WHAT\n\n  Do something.\n")
    assert captured.err == ""


def test_a_group_alone_shows_its_help_over_several_lines(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(group, "tool", []) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("Usage: tool [OPTIONS] COMMAND [ARGS]...\n\n  A group.\n")
    assert run(group, "tool", ["nope"]) == 2
    assert capsys.readouterr() == ("", "tool: No such command 'nope'.\n")


def test_a_bug_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        run(act, "tool", ["bug"])


def test_run_and_exit_leaves_with_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["x", "number", "--number", "3"])
    with pytest.raises(SystemExit) as raised:
        run_and_exit(act, "tool")
    assert raised.value.code == 3


def test_a_reader_that_goes_away_is_no_traceback() -> None:
    script = (
        "import click; from codegpt.console import run_and_exit\n"
        "@click.command()\ndef c():\n    for _ in range(100000): click.echo('x' * 50)\n"
        "run_and_exit(c, 'tool')"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout and process.stderr
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 1


def test_a_path_that_cannot_be_used_is_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    command = click.Command("x", callback=lambda: (tmp_path / "folder").open())
    (tmp_path / "folder").mkdir()
    assert run(command, "x", []) == 2
    assert capsys.readouterr().err == f"x: {tmp_path}/folder: Is a directory\n"


def test_a_command_begins_when_its_process_does() -> None:
    program = "import time; t = time.monotonic(); from codegpt import console; import click; time.sleep(0.3)\n"
    program += "@click.command()\ndef f(): print(0.2 < time.monotonic() - console.begun() < time.monotonic() - t)\n"
    done = subprocess.run(
        [sys.executable, "-c", program + "console.run_and_exit(f, 'f')"], capture_output=True, text=True, input=""
    )
    assert (done.stdout, done.returncode) == ("True\n", 0)
    before = time.monotonic()
    assert before <= begun() <= time.monotonic()
