"""`codegpt sandbox`: run a program in the jail, ask whether the jail holds, and try it on both corpora."""

import ast
import contextlib
import json
import keyword
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO

import click
from click.core import ParameterSource
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from codegpt.errors import InputError
from codegpt.languages import language_of
from codegpt.sandbox.backends import Backend
from codegpt.sandbox.codec import NotPlainData, Value, encode
from codegpt.sandbox.doctor import examine
from codegpt.sandbox.interpreter import PYTEST
from codegpt.sandbox.opening import open_sandbox
from codegpt.sandbox.outcome import Outcome, Raised, Returned, Unencodable
from codegpt.sandbox.program import LONGEST_SOURCE, Call, Calls, Job, Program, Stdin, Task, Tests
from codegpt.sandbox.selftest import Report, Row, selftest
from codegpt.sandbox.verdict import Judgement, Verdict, judge_end, judge_raised, judge_tests

DID_NOT_PASS = 1
FINISHED = "finished"
LONGEST_QUOTED = 60
TAKEN = {*sys.stdlib_module_names, *PYTEST, "test_program"}  # the last is the tests' own
# Option and option, or option and language, of which one would be ignored.
NOT_TOGETHER = (
    ({"call", "tests"}, "--call and --tests are two different runs; give one"),
    ({"call", "stdin"}, "--stdin is read by scripts only; leave out --stdin or --call"),
    ({"tests", "stdin"}, "--stdin is read by scripts only; leave out --stdin or --tests"),
    ({"backend", "unsafe_no_sandbox"}, "--backend chooses a jail and --unsafe-no-sandbox means none; give one"),
    ({"tests", "javascript"}, "--tests runs pytest files; FILE is javascript"),
    ({"workspace", "javascript"}, "--workspace is for programs in python and FILE is javascript; leave it out"),
)
CHOICES = click.Choice([Backend.BWRAP.value, Backend.LANDLOCK.value])
BACKEND = click.option(
    "--backend",
    type=CHOICES,
    default=Backend.BWRAP.value,
    show_default=True,
    help="The kind of jail; no other is tried.",
)


@click.group("sandbox")
def sandbox() -> None:
    """Run programs that nobody has read, where they can do no harm."""


@sandbox.command("run")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--call", "call", metavar="'f(1, [2])'", help="Call a function with plain data; print its value.")
@click.option(
    "--tests",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="pytest file that imports the program by its file's name.",
)
@click.option("--stdin", "stdin", type=click.File("rb"), help="Standard input of the script; nothing if not given.")
@click.option("--language", help="python or javascript, whatever the file's name says.")
@click.option(
    "--workspace",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A directory that you trust: its Python modules and the packages of its .venv can be imported; "
    "files named like secrets are masked.",
)
@BACKEND
@click.option(
    "--unsafe-no-sandbox", is_flag=True, help="Run it as yourself, with all your rights. Nothing is jailed or masked."
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object, the program's output in it.")
@click.pass_context
def run(
    context: click.Context,
    file: Path,
    call: str | None,
    tests: Path | None,
    stdin: BinaryIO | None,
    language: str | None,
    workspace: Path | None,
    backend: str,
    unsafe_no_sandbox: bool,
    as_json: bool,
) -> int:
    """Run FILE, which is Python or JavaScript, in a jail: as a script, or one call of it, or tests of it.

    Exit code 0 if it finished or its tests passed, 1 if not, 2 if it could not be tried.
    """
    program = Program(_text(file), _language(file) if language is None else language)
    given = {name for name in context.params if context.get_parameter_source(name) is not ParameterSource.DEFAULT}
    for pair, why in NOT_TOGETHER:
        if pair <= given | {program.language}:
            raise InputError(why)
    kind = Backend.UNSAFE if unsafe_no_sandbox else Backend(backend)
    task = _task(file, call, tests, stdin)
    if unsafe_no_sandbox:
        click.echo("codegpt: no sandbox: the program runs with all your rights", err=True)
    with open_sandbox(kind, trusted=workspace, workers=1) as jails:
        outcome = jails.run(Job(program, task))
    verdict, detail = _judge(outcome)
    if as_json:
        click.echo(json.dumps({"verdict": verdict, "detail": detail, "sandbox": kind, **_facts(outcome)}))
    else:
        _show(outcome, verdict, detail)
    return 0 if verdict in (Verdict.PASSED, FINISHED) else DID_NOT_PASS


def _text(file: Path) -> str:
    if not file.is_file():
        raise InputError(f"{file}: not a regular file")
    with file.open("rb") as opened:
        content = opened.read(LONGEST_SOURCE + 1)
    if len(content) > LONGEST_SOURCE:
        raise InputError(f"{file}: more than {LONGEST_SOURCE} bytes, which is as long as a file may be")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise InputError(f"{file}: not UTF-8 text") from error


def _language(file: Path) -> str:
    found = language_of(str(file))
    if found is None:
        raise InputError(f"{file}: its name does not say its language; use --language")
    return found.id


def _task(file: Path, call: str | None, tests: Path | None, stdin: BinaryIO | None) -> Task:
    if call is not None:
        return Calls((_parse_call(call),))
    if tests is not None:
        return Tests(_text(tests), entry="", style="pytest", module=_module_name(file))
    return Stdin(stdin.read() if stdin else b"")


def _module_name(file: Path) -> str:
    """The name by which tests import the program."""
    name = file.stem
    if not name.isidentifier() or keyword.iskeyword(name):
        raise InputError(f"{file}: tests cannot import a module of this name; rename the file")
    if name in TAKEN:
        raise InputError(f"{file}: a module of this name would hide one that pytest needs; rename the file")
    return name


def _parse_call(text: str) -> Call:
    """A call written out with literals."""
    try:
        node = ast.parse(text.strip(), mode="eval").body
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            raise ValueError
        args = tuple(ast.literal_eval(argument) for argument in node.args)
        kwargs = {each.arg: ast.literal_eval(each.value) for each in node.keywords if each.arg}
        if len(kwargs) < len(node.keywords):
            raise ValueError("a name given twice, or **")
        for value in (*args, *kwargs.values()):
            encode(value)
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError, NotPlainData) as error:
        quoted = text if len(text) <= LONGEST_QUOTED else f"{text[:LONGEST_QUOTED]}..."
        raise InputError(f"{quoted!r} is not a call with plain data, such as f(1, [2], name='x')") from error
    return Call(node.func.id, args, kwargs)


def _judge(outcome: Outcome) -> tuple[str, str]:
    """The verdict of tests; of anything else, where there is no right answer to compare with, how it ended."""
    if outcome.report is not None:
        judgement: Judgement | None = judge_tests(outcome)
    else:
        judgement = judge_end(outcome)
    result = outcome.replies[0].result if outcome.replies else None
    if judgement is None and isinstance(result, Raised):
        judgement = judge_raised(result)
    if judgement is not None:
        return judgement.verdict, judgement.detail
    if isinstance(result, Unencodable):
        return FINISHED, f"with a {result.type_name}, which is not plain data"
    if outcome.exit_code:
        return Verdict.EXITED_EARLY, f"exit code {outcome.exit_code}"
    return FINISHED, ""


def _facts(outcome: Outcome) -> dict[str, object]:
    result = outcome.replies[0].result if outcome.replies else None
    return {
        "value": encode(result.value) if isinstance(result, Returned) else None,
        "report": asdict(outcome.report) if outcome.report else None,
        "exit_code": outcome.exit_code,
        "stdout": outcome.stdout.decode(errors="replace"),
        "stderr": outcome.stderr.decode(errors="replace"),
        "wall_s": round(outcome.wall_s, 3),
    }


def _show(outcome: Outcome, verdict: str, detail: str) -> None:
    for stream, data in ((sys.stdout, outcome.stdout), (sys.stderr, outcome.stderr)):
        if stream.isatty():  # a terminal obeys what is written to it, and nobody has read this program
            stream.write(
                "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in data.decode(errors="replace"))
            )
        else:
            stream.flush()
            stream.buffer.write(data)
        stream.flush()
    result = outcome.replies[0].result if outcome.replies else None
    if isinstance(result, Returned):
        click.echo(_shown(result.value))
    said = f"{verdict}: {detail}" if detail else verdict
    click.echo(f"codegpt: {_plain(said)} ({outcome.wall_s:.2f} s)", err=True)


def _plain(text: str) -> str:
    """One line without anything that a terminal would obey."""
    return "".join(c if c.isprintable() else "\ufffd" for c in " ".join(text.split()))


def _shown(value: Value) -> str:
    """A value as Python writes it, or what it is if it has a number of more digits than Python writes."""
    try:
        text = repr(value)
    except ValueError:
        if isinstance(value, int):
            return f"an integer of {value.bit_length()} bits"
        return "a value with a number of thousands of digits; use --json"
    return text if text.isprintable() else ascii(value)


@sandbox.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
def doctor(as_json: bool) -> int:
    """Say what kinds of jail work here, by trying to get out of them. Exit code 1 if the default one does not hold."""
    facts = examine()
    if as_json:
        click.echo(json.dumps(asdict(facts)))
        return 0 if facts.backends[0].holds else DID_NOT_PASS
    console = Console()
    table = Table(show_header=False, box=None)
    for name, value in facts.machine.items():
        table.add_row(name, Text(value, overflow="fold"))
    console.print(table)
    for backend in facts.backends:
        state = Text("holds", "green") if backend.holds else Text(f"refused: {backend.why_not}", "red")
        console.print(Text.assemble(f"\n{backend.name}: ", state))
        attempts = Table(show_header=False, box=None, padding=(0, 2, 0, 2))
        for what, got in backend.attempts.items():
            attempts.add_row(what, Text(f"LEAKS: {got}", "red") if got else Text("refused", "green"))
        console.print(attempts)
    return 0 if facts.backends[0].holds else DID_NOT_PASS


@sandbox.command("selftest")
@click.option("--programs", default=1000, show_default=True, type=click.IntRange(1, 100_000), help="Ordinary programs.")
@click.option("--seed", default=7, show_default=True, help="Which ordinary programs.")
@click.option("--busy", is_flag=True, help="Keep every core busy with other work meanwhile.")
@click.option("--require", type=click.Choice(["strong"]), help="strong: namespaces and seccomp, and every program run.")
@BACKEND
@click.option("--json", "as_json", is_flag=True, help="Print the last line only.")
def run_selftest(programs: int, seed: int, busy: bool, require: str | None, backend: str, as_json: bool) -> int:
    """Run programs whose verdicts are known, attacks among them; the last line is JSON.

    Exit code 1 if a verdict is wrong, an attack gets out or something is left behind.
    """
    if require == "strong" and backend != Backend.BWRAP:
        raise InputError(f"--require strong: {backend} is the weaker kind of jail")
    with _busy_cores(busy), _bars() as bars:
        tasks = {}

        def progress(stage: str, done: int, of: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=of)
            bars.update(tasks[stage], completed=done, total=of)

        report = selftest(Backend(backend), programs, seed, progress)
    if not as_json:
        _show_report(report)
    if report.not_run:
        click.echo(f"codegpt: not run: {report.not_run} programs, for want of an interpreter", err=True)
    click.echo(json.dumps(report.summary()))
    return 0 if report.holds and not (require and report.not_run) else DID_NOT_PASS


def _bars() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


@contextlib.contextmanager
def _busy_cores(wanted: bool) -> Iterator[None]:
    count = len(os.sched_getaffinity(0)) if wanted else 0
    spinners = [subprocess.Popen([sys.executable, "-S", "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for spinner in spinners:
            spinner.kill()
            spinner.wait()


def _show_report(report: Report) -> None:
    console = Console()
    for title, rows in (("attacks", report.hostile), ("ordinary programs", report.honest)):
        table = Table(title=title, box=None, title_justify="left")
        for heading in ("group", "programs", "wrong", "escapes", "verdicts"):
            table.add_column(heading, justify="right" if heading in ("programs", "wrong", "escapes") else "left")
        for group, members in _grouped(rows, by_verdict=title != "attacks"):
            verdicts = Counter(row.verdict for row in members)
            wrong, escapes = sum(not row.right for row in members), sum(bool(row.escape) for row in members)
            said = ", ".join(f"{name} {count}" for name, count in verdicts.most_common())
            table.add_row(group, str(len(members)), str(wrong), str(escapes), said)
        console.print(table)
        console.print()
    for row in (*report.hostile, *report.honest):
        if row.escape or not row.right:
            line = (
                f"{row.name}: {row.verdict} ({row.detail}), expected {' or '.join(sorted(row.expected))} {row.escape}"
            )
            console.print(Text(_plain(line), "red"))
    different = {row.name.partition(" ")[0]: row for row in (*report.hostile, *report.honest) if row.difference}
    if different:
        table = Table(title="different in this kind of jail", box=None, title_justify="left")
        for heading in ("program", "verdict", "why"):
            table.add_column(heading)
        for name, row in sorted(different.items()):
            table.add_row(name, row.verdict, row.difference)
        console.print(table)
    for each in report.left:
        console.print(Text(f"left behind: {each}", "red"))


def _grouped(rows: tuple[Row, ...], by_verdict: bool) -> list[tuple[str, list[Row]]]:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(next(iter(row.expected)) if by_verdict else row.group, []).append(row)
    return sorted(groups.items())
