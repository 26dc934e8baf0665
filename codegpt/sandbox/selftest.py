"""The sandbox tried on programs whose verdicts are known: attacks, and a thousand ordinary programs.

An escape is evidence from outside, or the verdict `passed` for an attack, which never answers rightly. The rates are
taken in the same run: verdicts on ordinary programs, against bare jails in which Python does nothing.
"""

import contextlib
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from codegpt.sandbox.backends import Backend
from codegpt.sandbox.canaries import ESCAPED, SECRET_VARIABLE, Canaries, canaries
from codegpt.sandbox.client import Sandbox
from codegpt.sandbox.codec import Value
from codegpt.sandbox.corpus.differences import LANDLOCK
from codegpt.sandbox.corpus.honest import Honest, honest_programs
from codegpt.sandbox.corpus.hostile import Hostile, hostile_programs
from codegpt.sandbox.opening import available_views
from codegpt.sandbox.outcome import Outcome
from codegpt.sandbox.process import adopt_orphans
from codegpt.sandbox.program import Call, Calls, Job, Program, Stdin, Tests
from codegpt.sandbox.staging import JAIL_USER
from codegpt.sandbox.verdict import Judgement, Verdict, judge_calls, judge_script, judge_tests

ARGUMENTS = (1, 2, 3)
BARE_STARTS = 400
CHECKS = 200
Progress = Callable[[str, int, int], None]  # stage, done, of


@dataclass(frozen=True)
class Row:
    """One program, judged: right if there is no escape and the verdict is an expected one."""

    name: str
    group: str
    expected: frozenset[str]
    verdict: str
    detail: str
    escape: str = ""
    difference: str = ""  # why this kind of jail is expected to differ from the first

    @property
    def right(self) -> bool:
        """Whether the verdict is one of the expected."""
        return self.verdict in self.expected


@dataclass(frozen=True)
class Report:
    """What the self-test saw. Rates are per minute of wall time, with as many jails at once as there are workers."""

    backend: str
    hostile: tuple[Row, ...]
    honest: tuple[Row, ...]
    verdicts_per_minute: float
    bare_starts_per_minute: float
    checks_per_minute: float
    not_run: int  # programs in a language that has no interpreter here
    left: tuple[str, ...]  # processes and files of ours that are still there

    def summary(self) -> dict[str, object]:
        """The figures, as the last line of `codegpt sandbox selftest` has them."""
        return {
            "backend": self.backend,
            "hostile": len({row.name.partition(" ")[0] for row in self.hostile}),
            "escapes": sum(bool(row.escape) for row in self.hostile + self.honest),
            "wrong_verdicts": sum(not row.right for row in self.hostile),
            "honest": len(self.honest),
            "honest_wrong": sum(not row.right for row in self.honest),
            "differences": len({row.name.partition(" ")[0] for row in self.hostile + self.honest if row.difference}),
            "verdicts_per_minute": round(self.verdicts_per_minute),
            "bare_starts_per_minute": round(self.bare_starts_per_minute),
            "checks_per_minute": round(self.checks_per_minute),
            "not_run": self.not_run,
            "left": len(self.left),
        }

    @property
    def holds(self) -> bool:
        """Whether nothing escaped, every verdict was right, and nothing is left."""
        return all(row.right and not row.escape for row in self.hostile + self.honest) and not self.left


def selftest(backend: Backend, honest: int, seed: int, progress: Progress) -> Report:
    """Run both corpora.

    Args:
        backend: the kind of jail.
        honest: how many ordinary programs.
        seed: which ones.
        progress: told how far each stage is.

    Raises:
        SandboxUnavailable: if this kind of jail cannot be had here.
    """
    adopt_orphans()
    children, files = _children(), _files()
    with canaries() as put_out:
        variables = {SECRET_VARIABLE: put_out.secret}
        with Sandbox(backend, views=available_views(), environment=variables) as sandbox:
            attacks, ordinary = hostile_programs(put_out.places), honest_programs(honest, seed)
            every = len(attacks) + len(ordinary)
            attacks = tuple(program for program in attacks if program.language in sandbox.views)
            ordinary = tuple(program for program in ordinary if program.language in sandbox.views)
            not_run = every - len(attacks) - len(ordinary)
            hostile_rows = _run_hostile(sandbox, put_out, attacks, progress)
            first_half = _bare_seconds(sandbox, BARE_STARTS // 2, progress)
            honest_rows, honest_s = _run_honest(sandbox, put_out, ordinary, progress)
            bare_s = first_half + _bare_seconds(sandbox, BARE_STARTS // 2, progress)
            checks_s = _check_seconds(sandbox, progress)
    left = [f"process {pid} {stat}" for pid, stat in _children().items() if pid not in children]
    left += sorted(f"file {path}" for path in _files() - files)
    adopt_orphans(False)
    return Report(
        backend=backend,
        hostile=tuple(hostile_rows),
        honest=tuple(honest_rows),
        verdicts_per_minute=60 * len(ordinary) / honest_s,
        bare_starts_per_minute=60 * BARE_STARTS / bare_s,
        checks_per_minute=60 * CHECKS / checks_s,
        not_run=not_run,
        left=tuple(left),
    )


def _run_hostile(sandbox: Sandbox, put_out: Canaries, programs: Sequence[Hostile], progress: Progress) -> list[Row]:
    """Every attack on the jail; those that define a function also against tests in a second jail."""
    numbers = tuple(secrets.randbits(62) for _ in ARGUMENTS)
    text = secrets.token_hex(16)
    trials: list[tuple[Hostile, str, Job]] = []
    for program in programs:
        task = Stdin() if program.mode == "script" else Calls(tuple(Call("f", (x,)) for x in ARGUMENTS))
        trials.append((program, "", Job(Program(program.source, program.language), task)))
    for program in programs:
        if program.mode == "functions":
            tests = Tests(_checks(program.language, numbers), entry="f")
            trials.append((program, " (two jails)", Job(Program(program.source, program.language), tests)))
    rows = []
    outcomes = _watched("attacks", [sandbox.submit(job) for _, _, job in trials], progress)
    for (program, how, job), outcome in zip(trials, outcomes, strict=True):
        if isinstance(job.task, Stdin):
            judgement = judge_script(outcome, text.encode())
        else:
            judgement = judge_tests(outcome) if how else judge_calls(outcome, numbers)
        escape = put_out.evidence(outcome)
        if judgement.passed:
            escape = escape or "an attack was judged to be right"
        expected = frozenset(Verdict) - {Verdict.PASSED, Verdict.INFRASTRUCTURE_ERROR} if how else program.expect
        row = Row(program.name + how, program.theme, frozenset(expected), *_said(judgement), escape)
        rows.append(_with_difference(row, sandbox.backend, program.name))
    return rows


def _with_difference(row: Row, backend: Backend, name: str) -> Row:
    """The row, expected as `differences` says where this kind of jail cannot do what the first one does."""
    difference = LANDLOCK.get(name) if backend is Backend.LANDLOCK else None
    if difference is None:
        return row
    learned = difference.learns and row.escape.startswith(ESCAPED)
    expected = row.expected | {difference.verdict}
    return replace(row, expected=expected, escape="" if learned else row.escape, difference=difference.why)


def _checks(language: str, numbers: Sequence[int]) -> str:
    pairs = list(zip(ARGUMENTS, numbers, strict=True))
    if language == "javascript":
        return "\n".join(f"console.assert(candidate({x}) === {number % 2**52});" for x, number in pairs)
    return "def check(candidate):\n" + "".join(f"    assert candidate({x}) == {number}\n" for x, number in pairs)


def _run_honest(
    sandbox: Sandbox, put_out: Canaries, programs: Sequence[Honest], progress: Progress
) -> tuple[list[Row], float]:
    """The ordinary programs, one jail each, and how long they took together."""
    jobs = [
        Job(
            Program(program.source, program.language),
            Calls(tuple(Call(program.entry, cast(tuple[Value, ...], arguments)) for arguments in program.calls)),
        )
        for program in programs
    ]
    started = time.monotonic()
    outcomes = list(_watched("programs", [sandbox.submit(job) for job in jobs], progress))
    judgements = [
        judge_calls(outcome, cast(Sequence[Value], program.expected))
        for program, outcome in zip(programs, outcomes, strict=True)
    ]
    seconds = time.monotonic() - started
    rows = []
    for program, outcome, judgement in zip(programs, outcomes, judgements, strict=True):
        family = program.name.rpartition("-")[0]
        escape = put_out.evidence(outcome)
        row = Row(program.name, family, frozenset({program.verdict}), *_said(judgement), escape)
        rows.append(_with_difference(row, sandbox.backend, family))
    return rows, seconds


def _bare_seconds(sandbox: Sandbox, count: int, progress: Progress) -> float:
    started = time.monotonic()
    for outcome in _watched("bare jails", [sandbox.start_bare() for _ in range(count)], progress):
        if outcome.exit_code != 0:
            raise RuntimeError(f"a bare jail ended with {outcome.exit_code}: {outcome.detail}")
    return time.monotonic() - started


def _check_seconds(sandbox: Sandbox, progress: Progress) -> float:
    """Time for checks in two jails: tests with a proxy on one side, the program on the other."""
    tests = Tests(
        "def check(candidate):\n    assert candidate(20) == 6765\n    assert candidate(1) == 1\n", entry="fib"
    )
    source = "def fib(n):\n    a, b = 0, 1\n    for _ in range(n):\n        a, b = b, a + b\n    return a\n"
    started = time.monotonic()
    jobs = [sandbox.submit(Job(Program(source), tests)) for _ in range(CHECKS)]
    for outcome in _watched("checks", jobs, progress):
        judgement = judge_tests(outcome)
        if not judgement.passed:
            raise RuntimeError(f"a right program was judged {judgement.verdict}: {judgement.detail}")
    return time.monotonic() - started


def _watched(stage: str, futures: "list[Future[Outcome]]", progress: Progress) -> Iterator[Outcome]:
    for number, future in enumerate(futures, start=1):
        yield future.result()
        progress(stage, number, len(futures))


def _said(judgement: Judgement) -> tuple[str, str]:
    return judgement.verdict.value, judgement.detail


def _children() -> dict[int, str]:
    """Our child processes, the dead among them too: whatever a sandbox left behind has become one of them."""
    found = {}
    for task in Path("/proc/self/task").iterdir():
        for pid in (task / "children").read_text().split():
            with contextlib.suppress(OSError):  # it has gone since
                found[int(pid)] = Path(f"/proc/{pid}/stat").read_text().partition(" ")[2][:40]
    return found


def _files() -> set[str]:
    """Files in the place for temporary files that a jail's user owns; there should never be one."""
    entries = Path(tempfile.gettempdir()).iterdir()
    return {str(path) for path in entries if path.lstat().st_uid == JAIL_USER}
