"""Programs that are run for their verdicts: each one once, side by side, and in a journal that survives a kill.

A verdict is named by the check and the program, so the same program is never run twice against the same check, in this
run or in one that goes on after it. A program that ran out of time, or that the machine failed, is run once more when
nothing else is running, and that verdict counts.
"""

import json
import math
import platform
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path

from codegpt.errors import InputError, SandboxUnavailable
from codegpt.sandbox import verdict
from codegpt.sandbox.backends import Backend
from codegpt.sandbox.client import Sandbox
from codegpt.sandbox.codec import NotPlainData
from codegpt.sandbox.doctor import machine
from codegpt.sandbox.outcome import End
from codegpt.sandbox.program import LANGUAGE_LIMITS, Limits
from codegpt.sandbox.verdict import Judgement, Verdict
from codegpt_evals import checks
from codegpt_evals.checks import CallsCheck, Check, passed_all
from codegpt_evals.records import VerdictRow, append, digest, read

ONCE_MORE = (Verdict.TIMEOUT, Verdict.INFRASTRUCTURE_ERROR)
_ENDS_ONCE_MORE = (End.CPU_TIME, End.WALL_TIME, End.INFRASTRUCTURE)


@dataclass(frozen=True)
class Ran:
    """What came of one program: its verdict, and the wall time of all its jobs and of the longest one."""

    judged: Judgement
    seconds: float = 0.0
    longest: float = 0.0


@dataclass(frozen=True)
class Trial:
    """One program, the check it has to meet, and what it may use."""

    check: Check
    program: str
    limits: Limits

    @property
    def key(self) -> str:
        """Names the verdict."""
        return f"{self.check.digest}:{digest(self.program)}"


def judged_by(backend: Backend) -> str:
    """Names what programs are run in and judged by: the kind of jail, its versions, and the text of the judges."""
    sources = [Path(checks.__file__), Path(verdict.__file__), *sorted(INSIDE.glob("*.[jp]*"))]
    known = [platform.python_version(), json.dumps(machine()), *(path.read_text(encoding="utf-8") for path in sources)]
    return f"{backend}/{digest(chr(0).join(known))}"


INSIDE = Path(verdict.__file__).with_name("inside")


class Journal:
    """The verdicts there are, by key; others `judged_by` something else are not looked at."""

    def __init__(self, path: Path, judged_by: str) -> None:
        self._path = path
        self._judged_by = judged_by
        self._rows = {row.key: row for row in read(path, VerdictRow)}

    def get(self, trial: Trial) -> VerdictRow | None:
        """The verdict of a trial, if it was run."""
        return self._rows.get(f"{self._judged_by}:{trial.key}")

    def add(self, trial: Trial, ran: "Ran") -> None:
        """Keep a verdict; a kill does not lose it any more."""
        key, times = f"{self._judged_by}:{trial.key}", (round(ran.seconds, 4), round(ran.longest, 4))
        row = VerdictRow(key, ran.judged.verdict, ran.judged.detail, *times)
        append(self._path, [row])
        self._rows[row.key] = row


def missing(trials: Iterable[Trial], journal: Journal) -> list[Trial]:
    """The trials whose verdicts are not known, each once."""
    return list({trial.key: trial for trial in trials if journal.get(trial) is None}.values())


class Runner:
    """Runs programs in a sandbox and keeps their verdicts."""

    def __init__(self, sandbox: Sandbox, journal: Journal) -> None:
        self._sandbox = sandbox
        self.journal = journal
        self._known: dict[str, Check | None] = {}  # by digest, with what the canonical program gives

    def run(self, trials: Iterable[Trial], advance: Callable[[int], None] = lambda _count: None) -> None:
        """Run what has no verdict yet, each program once; `advance` is told of so many trials more that are done."""
        trials = list(trials)
        todo = missing(trials, self.journal)
        alike = Counter(trial.key for trial in trials)
        advance(len(trials) - sum(alike[trial.key] for trial in todo))
        self._inform(todo)
        again: list[Trial] = []
        with ThreadPoolExecutor(self._sandbox.workers) as pool:
            waiting = {pool.submit(self._run_one, trial): trial for trial in todo}
            try:
                for future in as_completed(waiting):
                    ran = future.result()
                    if ran.judged.verdict in ONCE_MORE:
                        again.append(waiting[future])
                        continue
                    self.journal.add(waiting[future], ran)
                    advance(alike[waiting[future].key])
            finally:
                pool.shutdown(cancel_futures=True)
        for trial in again:
            ran = self._run_one(trial)
            if ran.judged.verdict is not Verdict.INFRASTRUCTURE_ERROR:  # that is no verdict: the next run tries again
                self.journal.add(trial, ran)
            advance(alike[trial.key])

    def _inform(self, trials: Iterable[Trial]) -> None:
        """Ask the canonical programs for what is expected, once each."""
        asked = {
            trial.check.digest: trial.check
            for trial in trials
            if isinstance(trial.check, CallsCheck) and trial.check.digest not in self._known
        }
        jobs = [check.ask(generous(LANGUAGE_LIMITS["python"])) for check in asked.values()]
        for (name, check), job, first in zip(asked.items(), jobs, list(self._sandbox.run_all(jobs)), strict=True):
            outcome = self._sandbox.run(job) if first.end in _ENDS_ONCE_MORE else first
            if outcome.end is End.INFRASTRUCTURE:
                raise SandboxUnavailable(f"the machine failed to run a canonical solution: {outcome.detail}")
            self._known[name] = check.told(outcome)

    def _run_one(self, trial: Trial) -> Ran:
        check = self._known.get(trial.check.digest, trial.check)
        if check is None:
            return Ran(Judgement(Verdict.UNAVAILABLE, "the canonical solution does not give the expected values"))
        return run_program(check, trial.program, trial.limits, self._sandbox)


def run_program(check: Check, program: str, limits: Limits, sandbox: Sandbox) -> Ran:
    """Run one program; the first job that it fails is the last.

    Raises:
        SandboxUnavailable: the sandbox has ended, or has no runner for the language.
    """
    judgements: list[Judgement] = []
    seconds = longest = 0.0
    try:
        for number, job in enumerate(check.jobs(program, limits)):
            outcome = sandbox.run(job)
            seconds += outcome.wall_s
            longest = max(longest, outcome.wall_s)
            judgements.append(check.judge(number, outcome))
            if not judgements[-1].passed:
                break
    except (InputError, NotPlainData) as error:
        return Ran(Judgement(Verdict.UNAVAILABLE, str(error)), seconds, longest)
    return Ran(passed_all(judgements), seconds, longest)


CPU_S = 40
FACTOR = 4
WALL_FOR_CPU = 3


def generous(limits: Limits) -> Limits:
    """The limits of a program that is taken to be right, and whose time is not known yet."""
    return replace(limits, cpu_s=CPU_S, wall_s=float(WALL_FOR_CPU * CPU_S))


def scaled(limits: Limits, canonical_s: float) -> Limits:
    """Limits in which a right program has time: `FACTOR` times what the canonical one took, and at least `limits`."""
    cpu_s = max(limits.cpu_s, math.ceil(FACTOR * canonical_s))
    return replace(limits, cpu_s=cpu_s, wall_s=max(limits.wall_s, float(WALL_FOR_CPU * cpu_s)))
