"""Running programs for their verdicts: once each, again alone after a timeout, and going on after a kill."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from codegpt_evals import trials
from codegpt_evals.checks import CallsCheck
from codegpt_evals.records import VerdictRow, read
from codegpt_evals.trials import Journal, Ran, Runner, Trial, judged_by, missing

from codegpt.errors import SandboxUnavailable
from codegpt.sandbox.backends import Backend
from codegpt.sandbox.client import Sandbox
from codegpt.sandbox.outcome import End, Outcome
from codegpt.sandbox.program import Call, Job, Limits, Program, Stdin
from codegpt.sandbox.verdict import Judgement, Verdict


@dataclass(frozen=True)
class Named:
    """A check that any job of a fake sandbox answers."""

    name: str = "c"
    jobs_each: int = 1

    def jobs(self, program: str, limits: Limits) -> Iterator[Job]:
        for _ in range(self.jobs_each):
            yield Job(Program(program), Stdin(), limits)

    def judge(self, number: int, outcome: Outcome) -> Judgement:
        return Judgement(Verdict(outcome.detail), f"job {number}")

    @property
    def digest(self) -> str:
        return self.name


class FakeSandbox:
    """Answers each program with the next of its verdicts, and counts what is run at once."""

    workers = 2

    def __init__(self, verdicts: dict[str, list[str]]) -> None:
        self.verdicts = verdicts
        self.ran: list[str] = []

    def run(self, job: Job) -> Outcome:
        self.ran.append(job.program.source)
        return Outcome(End.COMPLETE, self.verdicts[job.program.source].pop(0), wall_s=0.5)

    def run_all(self, jobs: Iterator[Job]) -> Iterator[Outcome]:
        return map(self.run, jobs)


def trial(program: str, check: Named = Named()) -> Trial:
    return Trial(check, program, Limits())


def runner(tmp_path: Path, sandbox: FakeSandbox) -> Runner:
    return Runner(sandbox, Journal(tmp_path / "verdicts.jsonl", "bwrap"))  # type: ignore[arg-type]


def test_each_program_is_run_once(tmp_path: Path) -> None:
    sandbox = FakeSandbox({"a": ["passed"], "b": ["wrong answer"]})
    first = runner(tmp_path, sandbox)
    counted: list[int] = []
    first.run([trial("a"), trial("b"), trial("a")], counted.append)
    assert (sorted(sandbox.ran), counted[0], sorted(counted)) == (["a", "b"], 0, [0, 1, 2])
    again = runner(tmp_path, sandbox)
    again.run([trial("a"), trial("b")], counted.append)
    assert counted[3:] == [2]
    assert len(sandbox.ran) == 2
    rows = [again.journal.get(trial(name)) for name in "ab"]
    assert [row and (row.verdict, row.detail, row.seconds) for row in rows] == [
        ("passed", "job 0", 0.5),
        ("wrong answer", "job 0", 0.5),
    ]


def test_a_timeout_is_run_once_more_when_nothing_else_runs(tmp_path: Path) -> None:
    sandbox = FakeSandbox({"slow": ["timeout", "passed"], "endless": ["timeout", "timeout"], "b": ["passed"]})
    found = runner(tmp_path, sandbox)
    found.run([trial("slow"), trial("endless"), trial("b")])
    assert sorted(sandbox.ran[:3]) == ["b", "endless", "slow"]
    assert sorted(sandbox.ran[3:]) == ["endless", "slow"]
    assert [found.journal.get(trial(name)).verdict for name in ("slow", "endless")] == ["passed", "timeout"]  # type: ignore[union-attr]


def test_what_the_machine_failed_twice_has_no_verdict(tmp_path: Path) -> None:
    sandbox = FakeSandbox({"a": ["infrastructure error"] * 2 + ["passed"]})
    found = runner(tmp_path, sandbox)
    found.run([trial("a")])
    assert found.journal.get(trial("a")) is None
    found.run([trial("a")])
    assert found.journal.get(trial("a")) == VerdictRow("bwrap:c:ca978112ca1bbdca", "passed", "job 0", 0.5, 0.5)


def test_the_first_job_that_fails_is_the_last(tmp_path: Path) -> None:
    sandbox = FakeSandbox({"a": ["passed", "wrong answer", "passed"]})
    found = runner(tmp_path, sandbox)
    found.run([trial("a", Named(jobs_each=3))])
    row = found.journal.get(trial("a"))
    assert row is not None
    assert (row.verdict, row.detail, row.seconds, row.longest) == ("wrong answer", "job 1", 1.0, 0.5)


def test_verdicts_of_another_check_or_jail_are_not_believed(tmp_path: Path) -> None:
    sandbox = FakeSandbox({"a": ["passed"] * 3})
    runner(tmp_path, sandbox).run([trial("a")])
    runner(tmp_path, sandbox).run([trial("a", Named("other"))])
    weaker = Runner(sandbox, Journal(tmp_path / "verdicts.jsonl", "landlock"))  # type: ignore[arg-type]
    weaker.run([trial("a")])
    assert len(sandbox.ran) == 3


def test_an_interruption_keeps_what_is_done(tmp_path: Path) -> None:
    sandbox = FakeSandbox({"a": ["passed"], "b": ["passed"]})

    def stop(count: int) -> None:
        if count:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        runner(tmp_path, sandbox).run([trial("a"), trial("b")], stop)
    assert read(tmp_path / "verdicts.jsonl", VerdictRow)


def test_missing_names_each_once(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "verdicts.jsonl", "bwrap")
    journal.add(trial("a"), Ran(Judgement(Verdict.PASSED), 0.1, 0.1))
    assert missing([trial("a"), trial("b"), trial("b")], journal) == [trial("b")]


def test_a_canonical_program_is_asked_once_and_only_if_it_must_be(tmp_path: Path, sandbox: Sandbox) -> None:
    calls = (Call("f", (2,)),)
    check = CallsCheck("python", "def f(x):\n    return x * x\n", calls, calls)
    silent = CallsCheck("python", "def f(x):\n    return object()\n", calls, calls)
    found = Runner(sandbox, Journal(tmp_path / "verdicts.jsonl", "bwrap"))
    programs = ["def f(x):\n    return x ** 2\n", "def f(x):\n    return x + 1\n"]
    found.run([Trial(each, program, Limits()) for each in (check, silent) for program in programs])
    verdicts = [
        found.journal.get(Trial(each, program, Limits())).verdict  # type: ignore[union-attr]
        for each in (check, silent)
        for program in programs
    ]
    assert verdicts == ["passed", "wrong answer", "unavailable", "unavailable"]


def test_a_program_that_is_too_long_is_no_failure_of_ours(tmp_path: Path, sandbox: Sandbox) -> None:
    found = Runner(sandbox, Journal(tmp_path / "verdicts.jsonl", "bwrap"))
    long = Trial(Named(), "#" * (5 << 20), Limits())
    found.run([long])
    row = found.journal.get(long)
    assert row is not None
    assert row.verdict == "unavailable"


def test_a_sandbox_that_has_ended_ends_the_run_and_leaves_no_verdict(tmp_path: Path) -> None:
    class Ended(FakeSandbox):
        def run(self, job: Job) -> Outcome:
            raise SandboxUnavailable("the sandbox is closed")

    found = runner(tmp_path, Ended({}))
    with pytest.raises(SandboxUnavailable, match="the sandbox is closed"):
        found.run([trial("a"), trial("b")])
    assert found.journal.get(trial("a")) is None


def test_a_reference_that_the_machine_failed_is_asked_again_and_then_ends_the_run(tmp_path: Path) -> None:
    class Failing(FakeSandbox):
        def run(self, job: Job) -> Outcome:
            self.ran.append(job.program.source)
            return Outcome(End.INFRASTRUCTURE, "no room")

    sandbox = Failing({})
    calls = (Call("f", (2,)),)
    found = runner(tmp_path, sandbox)
    with pytest.raises(SandboxUnavailable, match="failed to run a canonical solution: no room"):
        found.run([Trial(CallsCheck("python", "reference", calls, calls), "answer", Limits())])
    assert sandbox.ran == ["reference", "reference"]


def test_verdicts_are_named_by_who_judged(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = judged_by(Backend.BWRAP)
    assert judged_by(Backend.BWRAP) == before
    assert judged_by(Backend.LANDLOCK) != before
    monkeypatch.setattr(trials, "machine", lambda: {"node": "v99"})
    assert judged_by(Backend.BWRAP) != before
    monkeypatch.undo()
    (tmp_path / "child.py").write_text("another")
    monkeypatch.setattr(trials, "INSIDE", tmp_path)
    assert judged_by(Backend.BWRAP) != before
