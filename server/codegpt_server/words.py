"""Requests in words: drawn at the lowest urgency, run in the jail where the workspace is trusted, answered as edits.

Between two layers of the model, and while programs run, whoever types is answered first (`turns`).
"""

import asyncio
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from codegpt.engine.protocol import (
    Cancelled,
    Engine,
    GenerateOnly,
    Generation,
    SamplingParams,
    Watch,
    never,
)
from codegpt.errors import InputError, SandboxUnavailable
from codegpt.generate import Candidates, GenerateOptions, Progress, Run, Task, generate
from codegpt.load import LoadedModel
from codegpt.prompt import Prompt
from codegpt.sandbox.client import Sandbox
from codegpt.sandbox.opening import open_sandbox
from codegpt.sandbox.workspace import module_in
from codegpt.task import Asked, asked_in_words, task_for, task_with_proposals
from codegpt.translate import original_in, proposed_calls, translation
from codegpt.workspace_tests import find_tests
from codegpt_server.turns import Turns, Urgency
from codegpt_server.wanted import Wanted

UNTRUSTED = "the workspace is not trusted: nothing was run"
DEFAULT_SAMPLES, DEFAULT_BUDGET_S = 32, 60.0
AT_ONCE = 8
"""Rows that are drawn together: between two layers of so few, nobody who types waits long."""

TaskOf = Callable[[LoadedModel, Engine, Run | None], Task]


@dataclass(frozen=True)
class Trusted:
    """Where programs may be run that import what lies there; a root of None is no folder, but trusted."""

    root: Path | None


class GivesWay(GenerateOnly):
    """An engine that lets others have their turn in the middle of what it writes, and keeps nothing of it."""

    def __init__(self, engine: Engine, give_way: Callable[[], None]) -> None:
        super().__init__(engine.info)
        self._engine, self._give_way = engine, give_way

    def count_tokens(self, text: str) -> int:
        """See `Engine`."""
        return self._engine.count_tokens(text)

    def generate(
        self,
        prompts: Sequence[Prompt],
        params: SamplingParams,
        *,
        n: int = 1,
        watch: Watch | None = None,
        cancelled: Cancelled = never,
        rows_at_once: int = 0,
    ) -> list[list[Generation]]:
        """See `Engine`."""

        def looked() -> bool:
            self._give_way()
            return cancelled()

        at_once = rows_at_once or n * len(prompts)
        return self._engine.generate(prompts, params, n=n, watch=watch, cancelled=looked, rows_at_once=at_once)


async def draw(
    turns: Turns,
    loaded: LoadedModel,
    task_of: TaskOf,
    trusted: Trusted | None,
    options: GenerateOptions,
    told: Callable[[Progress], None],
    cancelled: Cancelled,
) -> tuple[Task, Candidates]:
    """Candidates for a task, ranked.

    Args:
        trusted: None where nothing may be run.
        told: hears how far it is, in the thread of the event loop.

    Raises:
        CodeGPTError: the task cannot be made.
    """
    loop, gone = asyncio.get_running_loop(), threading.Event()
    jail = _Jail(trusted)

    def over() -> bool:
        turns.give_way()
        return gone.is_set() or cancelled()

    def work() -> tuple[Task, Candidates]:
        engine = GivesWay(loaded.engine, turns.give_way)
        task = task_of(loaded, engine, jail.run)
        if jail.run is None:
            task = replace(task, trial=None, why_not_run=jail.why)
        return task, generate(task, engine, loaded.chat, jail.run, options, tell, over)

    def tell(progress: Progress) -> None:
        loop.call_soon_threadsafe(told, progress)

    try:
        await loop.run_in_executor(None, jail.open)
        return await turns.run(Urgency.IN_WORDS, work)
    finally:
        gone.set()  # where the request was cancelled, the work goes on until it sees that
        loop.run_in_executor(None, jail.close)


class _Jail:
    """Opened and closed beside the engine's thread; nothing is run without it."""

    def __init__(self, trusted: Trusted | None) -> None:
        self._trusted = trusted
        self._sandbox: Sandbox | None = None
        self._changing = threading.Lock()
        self._closed = False
        self.why = UNTRUSTED

    @property
    def run(self) -> Run | None:
        """Does jobs; None where there is no jail."""
        return None if self._sandbox is None else self._sandbox.run_all

    def open(self) -> None:
        """Try the jail."""
        with self._changing:  # who closes it meanwhile waits until it is open
            if self._trusted is not None and not self._closed:
                try:
                    self._sandbox = open_sandbox(trusted=self._trusted.root, low_priority=True)
                except SandboxUnavailable as error:
                    self.why = str(error)

    def close(self) -> None:
        """End all that runs in it."""
        with self._changing:
            self._closed = True
            if self._sandbox is not None:
                self._sandbox.close()


def writing(wanted: Wanted, file: Path | None, trusted: Trusted | None) -> TaskOf:
    """The task of a request at a place.

    Args:
        file: that the document is saved in, if it is.
    """
    root = trusted.root if trusted and file and trusted.root and file.is_relative_to(trusted.root) else None

    def task_of(loaded: LoadedModel, engine: Engine, run: Run | None) -> Task:
        place = wanted.place
        if place is None:
            asked = asked_in_words(wanted.words, wanted.document.language, engine, loaded.chat)
        else:
            asked = Asked(wanted.words, "python", place.interface, place)
            if root is not None and file is not None:
                tests = None if place.interface.owner else find_tests(place.interface.name, file, root)
                asked = replace(asked, tests=tests, module=module_in(root, file))
        return task_for(asked, engine) if run is None else task_with_proposals(asked, engine, loaded.chat)

    return task_of


def translating(wanted: Wanted, function: str, language: str) -> TaskOf:
    """The task of a translation of a function of a document.

    Raises:
        InputError: the document has no such function, or is no Python.
    """
    if wanted.document.language != "python":
        raise InputError("functions of Python are translated")
    original = original_in(wanted.document, function)

    def task_of(loaded: LoadedModel, engine: Engine, run: Run | None) -> Task:
        return translation(original, language, run, partial(proposed_calls, original, engine, loaded.chat)).task

    return task_of


def said(progress: Progress) -> str:
    """How far it is, in a few words."""
    found = f"{progress.drawn} of {progress.of} samples, {progress.programs} programs"
    return f"{found}, {progress.passing} pass, {progress.behaviours} behaviours" if progress.behaviours else found
