"""Programs that are run for their verdicts: each one once, side by side, and in a journal that survives a kill.

A verdict is named by the check and the program, so the same program is never run twice against the same check, in this
run or in one that goes on after it. A program that ran out of time, or that the machine failed, is run once more when
nothing else is running, and that verdict counts.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path

from codegpt.errors import SandboxUnavailable
from codegpt.sandbox.client import Sandbox
from codegpt.sandbox.codec import NotPlainData
from codegpt.sandbox.program import Limits
from codegpt.sandbox.verdict import Judgement, Verdict
from codegpt_evals.checks import CallsCheck, Check, passed_all
from codegpt_evals.records import VerdictRow, append, digest, read

ONCE_MORE = (Verdict.TIMEOUT, Verdict.INFRASTRUCTURE_ERROR)
AT_ONCE = 64
"""Verdicts written to the journal in one go at most; a kill costs no more than these."""


@dataclass(frozen=True)
class Trial:
    """One program, the check it has to meet, and what it may use."""

    check: Check
    program: str
    limits: Limits

    @property
    def key(self) -> str:
        """Names the verdict."""
        return f"{self.check.digest()}:{digest(self.program)}"


class Journal:
    """The verdicts there are, by key; `jail` names the kind of jail, whose verdicts are not another kind's."""

    def __init__(self, path: Path, jail: str) -> None:
        self._path = path
        self._jail = jail
        self._rows = {row.key: row for row in read(path, VerdictRow)}

    def get(self, trial: Trial) -> VerdictRow | None:
        """The verdict of a trial, if it was run."""
        return self._rows.get(f"{self._jail}:{trial.key}")

    def add(self, found: Sequence[tuple[Trial, Judgement, float]]) -> None:
        """Keep verdicts; they are on the disk when this returns."""
        rows = [
            VerdictRow(f"{self._jail}:{trial.key}", judged.verdict, judged.detail, round(seconds, 4))
            for trial, judged, seconds in found
        ]
        append(self._path, rows)
        self._rows.update({row.key: row for row in rows})


def missing(trials: Iterable[Trial], journal: Journal) -> list[Trial]:
    """The trials whose verdicts are not known, each once."""
    return list({trial.key: trial for trial in trials if journal.get(trial) is None}.values())


def run_trials(trials: Sequence[Trial], sandbox: Sandbox, journal: Journal, advance: Callable[[int], None]) -> None:
    """Run what is missing; `advance` is told of each so many that are done."""
    again = []
    with ThreadPoolExecutor(sandbox.workers) as pool:
        waiting = {pool.submit(run_trial, trial, sandbox): trial for trial in trials}
        done: list[tuple[Trial, Judgement, float]] = []
        try:
            for future in as_completed(waiting):
                trial = waiting[future]
                judged, seconds = future.result()
                if judged.verdict in ONCE_MORE:
                    again.append(trial)
                    continue
                done.append((trial, judged, seconds))
                if len(done) == AT_ONCE:
                    journal.add(done)
                    done.clear()
                advance(1)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
        finally:
            if done:
                journal.add(done)
    for trial in again:
        judged, seconds = run_trial(trial, sandbox)
        if judged.verdict is not Verdict.INFRASTRUCTURE_ERROR:  # that is no verdict: the next run tries again
            journal.add([(trial, judged, seconds)])
        advance(1)


def run_trial(trial: Trial, sandbox: Sandbox) -> tuple[Judgement, float]:
    """The verdict of one program and the seconds it took; the first job that it fails is the last."""
    judgements: list[Judgement] = []
    seconds = 0.0
    try:
        for number, job in enumerate(trial.check.jobs(trial.program, trial.limits)):
            outcome = sandbox.run(job)
            seconds += outcome.wall_s
            judgements.append(trial.check.judge(number, outcome))
            if not judgements[-1].passed:
                break
    except (SandboxUnavailable, NotPlainData) as error:
        return Judgement(Verdict.UNAVAILABLE, str(error)), seconds
    return passed_all(judgements), seconds


def informed(checks: Mapping[str, Check], sandbox: Sandbox, limits: Limits) -> Iterator[tuple[str, Check | None]]:
    """Checks that know what is expected: the canonical program is asked; None where it does not answer."""
    asking = {name: check for name, check in checks.items() if isinstance(check, CallsCheck)}
    outcomes = sandbox.run_all(check.ask(limits) for check in asking.values())
    for (name, check), outcome in zip(asking.items(), outcomes, strict=True):
        yield name, check.told(outcome)


def scaled(limits: Limits, canonical_s: float) -> Limits:
    """Limits in which a right program has time: four times what the canonical one took, and no less than `limits`."""
    cpu_s = max(limits.cpu_s, round(FACTOR * canonical_s + 0.5))
    return replace(limits, cpu_s=cpu_s, wall_s=max(limits.wall_s, WALL_FOR_CPU * cpu_s))


FACTOR = 4
WALL_FOR_CPU = 3
