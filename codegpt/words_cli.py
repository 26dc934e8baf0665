"""`codegpt generate`: a request in words, and candidates that were run before they are shown."""

import json
import re
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from codegpt.checkpoints import DEFAULT_MODEL
from codegpt.engine.protocol import Cancelled
from codegpt.errors import InputError, SandboxUnavailable
from codegpt.generate import Task
from codegpt.interface import Interface, interface_of_signature
from codegpt.languages import LANGUAGES
from codegpt.sandbox.backends import Backend
from codegpt.sandbox.client import Sandbox
from codegpt.sandbox.opening import open_sandbox
from codegpt.sandbox.program import Tests
from codegpt.sandbox_cli import BACKEND
from codegpt.shown import as_data, as_text, remarks
from codegpt.source_file import offset_of, read_document

if TYPE_CHECKING:
    from codegpt.load import LoadedModel

NOT_TOGETHER = (
    ({"at", "signature"}, "--at takes the signature that stands in the file; leave out --function"),
    ({"at", "script"}, "--at completes a function and --script writes a program; give one"),
    ({"signature", "script"}, "--function and --script are two different things; give one"),
    ({"script", "tests"}, "--tests calls a function, and --script is none; give examples as Input: and Output:"),
)


@click.command()
@click.argument("words", default="")
@click.option("--at", metavar="FILE:LINE:COL", help="Write the body of the function whose signature ends there.")
@click.option("--function", "signature", metavar="'f(x: int) -> str'", help="The signature, instead of a proposed one.")
@click.option("--script", is_flag=True, help="A program that reads standard input and prints.")
@click.option("--language", default="python", show_default=True, help="An editor's name of it.")
@click.option(
    "--tests",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A pytest file, or asserts; what passes it comes first.",
)
@click.option("--samples", default=32, show_default=True, type=click.IntRange(1, 1000), help="Answers drawn at most.")
@click.option("--budget-s", default=60.0, show_default=True, type=click.FloatRange(1.0), help="Seconds at most.")
@click.option("--temperature", default=0.8, show_default=True, type=click.FloatRange(0.0, 2.0, min_open=True))
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0))
@click.option("--show", default=3, show_default=True, type=click.IntRange(1), help="Candidates at most.")
@click.option("--model", default=DEFAULT_MODEL, show_default=True, help="Name, hub id, directory or GGUF file.")
@click.option(
    "--workspace",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A directory that you trust: candidates may import its modules and packages.",
)
@BACKEND
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object instead.")
@click.pass_context
def generate(context: click.Context, **options: Any) -> None:
    """Write what WORDS ask for: several candidates, run in the jail, best first, each with its evidence."""
    for pair, why in NOT_TOGETHER:
        if all(options[name] for name in pair):
            raise InputError(why)
    if not options["words"].strip() and not options["at"]:
        raise InputError("say in words what is wanted, or give --at FILE:LINE:COL")
    if options["language"] not in LANGUAGES:
        raise InputError(f"{options['language']!r} is no language; there are {', '.join(sorted(LANGUAGES))}")
    _generate(**options)


def _generate(
    words: str,
    at: str | None,
    signature: str | None,
    script: bool,
    language: str,
    tests: Path | None,
    samples: int,
    budget_s: float,
    temperature: float,
    seed: int,
    show: int,
    model: str,
    workspace: Path | None,
    backend: str,
    as_json: bool,
) -> None:
    from codegpt.generate import GenerateOptions, Progress, generate
    from codegpt.load import load_model

    started = time.monotonic()
    loaded = load_model(model)
    if loaded.warning:
        click.echo(f"codegpt: {loaded.warning}", err=True)
    task = _task(words, at, signature, script, language, tests, loaded)
    options = GenerateOptions(samples, temperature=temperature, seed=seed, budget_s=budget_s)
    with _jail(backend, workspace) as (jail, why), _until_interrupted() as cancelled, _bar(samples) as bar:
        if jail is None and task.trial is not None:
            task = replace(task, trial=None, why_not_run=why)

        def told(progress: Progress) -> None:
            found = f"{progress.programs} programs, {progress.passing} pass, {progress.behaviours} behaviours"
            bar.update(bar.task_ids[0], completed=progress.drawn, total=progress.of, found=found)

        run = None if jail is None else jail.run_all
        result = generate(task, loaded.engine, loaded.chat, run, options, told, cancelled)
    if as_json:
        facts = {"model": loaded.engine.info.name, "seconds": round(time.monotonic() - started, 3)}
        click.echo(json.dumps(as_data(task, result, show) | facts))
    else:
        click.echo(as_text(task, result, show), nl=False)
        for line in remarks(task, result):
            click.echo(line, err=True)


def _task(
    words: str,
    at: str | None,
    signature: str | None,
    script: bool,
    language: str,
    tests: Path | None,
    loaded: "LoadedModel",
) -> Task:
    from codegpt.task import function_task, place_at, placed_task, propose_interface, script_task, wants_script

    if at:
        match = re.fullmatch(r"(?P<file>.+?):(?P<place>\d+:\d+)", at)
        if match is None:
            raise InputError(f"{at!r} is no place; write FILE:LINE:COL, for instance app.py:12:5")
        document = read_document(Path(match["file"]))
        if document.language != "python":
            raise InputError(f"{match['file']} is not Python; --at completes functions of Python")
        place = place_at(document, offset_of(document, match["place"]))
        return placed_task(words, place, loaded.engine, _tests(tests, place.interface))
    if language != "python" or script or (signature is None and wants_script(words)):
        return script_task(words, language)
    interface = (
        propose_interface(words, loaded.engine, loaded.chat) if signature is None else interface_of_signature(signature)
    )
    if interface is None:
        raise InputError("the model proposed no signature; give one with --function 'name(x: int) -> str'")
    return function_task(words, interface, _tests(tests, interface))


def _tests(file: Path | None, interface: Interface) -> Tests | None:
    """A person's tests: a pytest file that imports the program by a name, or asserts about the function."""
    if file is None:
        return None
    text = read_document(file).text
    imported = re.search(rf"^from[ \t]+(\w+)[ \t]+import[ \t].*\b{re.escape(interface.name)}\b", text, re.M)
    if imported or re.search(r"^(?:async )?def test", text, re.M):
        return Tests(text, interface.name, style="pytest", module=imported[1] if imported else "candidate")
    return Tests(text, interface.name, (interface.name,))


@contextmanager
def _jail(backend: str, workspace: Path | None) -> Iterator[tuple[Sandbox | None, str]]:
    """An open jail, or None and why there is none."""
    try:
        jail = open_sandbox(Backend(backend), trusted=workspace)
    except SandboxUnavailable as error:
        yield None, str(error)
        return
    with jail:
        yield jail, ""


@contextmanager
def _until_interrupted() -> Iterator[Cancelled]:
    """Ctrl-C ends the drawing, and what is there is shown; a second one ends the program."""
    stopped = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        if stopped.is_set():
            raise KeyboardInterrupt
        stopped.set()

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield stopped.is_set
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _bar(samples: int) -> Iterator[Bar]:
    """How far it is, on standard error where that is a terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[found]}"))
    with Bar(*columns, TimeElapsedColumn(), console=console, transient=True, disable=not console.is_terminal) as bar:
        bar.add_task("samples", total=samples, found="")
        yield bar
