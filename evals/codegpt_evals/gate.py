"""The gate before every score: canonical solutions must pass in the jail, and known-wrong programs must not.

A harness that fails right programs, or passes wrong ones, says so here and prints no score.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from codegpt.errors import CodeGPTError
from codegpt.sandbox.program import LANGUAGE_LIMITS, Limits
from codegpt_evals.problem import Problem
from codegpt_evals.records import GateRow, replace_lines
from codegpt_evals.trials import Journal, Runner, Trial, generous, scaled

CANONICAL = "canonical"
WRONG = "wrong"
CONTROLS = (CANONICAL, WRONG)


class GateError(CodeGPTError):
    """The harness does not judge its own controls rightly on this machine."""


@dataclass(frozen=True)
class Gate:
    """The controls of some problems, run.

    Attributes:
        rows: one a control.
        limits: what an answer to each problem may use.
    """

    rows: tuple[GateRow, ...]
    limits: Mapping[str, Limits] = field(default_factory=dict)

    @property
    def held(self) -> int:
        """How many controls were judged rightly."""
        return sum(row.holds for row in self.rows)

    def require(self) -> None:
        """Refuse to go on if a control was judged wrongly.

        Raises:
            GateError: naming the problems.
        """
        failures = [row for row in self.rows if not row.holds]
        if failures:
            named = ", ".join(f"{row.task_id} ({row.control}: {row.verdict})" for row in failures[:8])
            more = f" and {len(failures) - 8} more" if len(failures) > 8 else ""
            count = f"{len(failures)} of {len(self.rows)}"
            raise GateError(f"no score: {count} controls were judged wrongly: {named}{more}")


def run_gate(problems: Sequence[Problem], runner: Runner, advance: Callable[[int], None] = lambda _count: None) -> Gate:
    """Run both controls of every problem that has a check."""
    judged = [(problem, problem.check) for problem in problems if problem.check is not None]
    canonical = {
        problem.task_id: Trial(check, problem.program(problem.canonical), generous(LANGUAGE_LIMITS[problem.language]))
        for problem, check in judged
    }
    runner.run(canonical.values(), advance)
    rows = {task_id: _row(task_id, CANONICAL, trial, runner.journal) for task_id, trial in canonical.items()}
    limits = {
        p.task_id: scaled(LANGUAGE_LIMITS[p.language], _longest(runner.journal, canonical[p.task_id]))
        for p, _ in judged
    }
    wrong = {p.task_id: Trial(check, p.control, limits[p.task_id]) for p, check in judged}
    runner.run(wrong.values(), advance)
    pairs = ((rows[name], _row(name, WRONG, trial, runner.journal)) for name, trial in wrong.items())
    return Gate(tuple(row for pair in pairs for row in pair), limits)


def _longest(journal: Journal, trial: Trial) -> float:
    found = journal.get(trial)
    return found.longest if found else 0.0


def _row(task_id: str, control: str, trial: Trial, journal: Journal) -> GateRow:
    found = journal.get(trial)
    if found is None:
        return GateRow(task_id, control, "infrastructure error", "the machine failed twice", 0.0, trial.check.digest)
    return GateRow(task_id, control, found.verdict, found.detail, found.seconds, trial.check.digest)


def write_gate(path: Path, gate: Gate) -> None:
    """One line a control."""
    replace_lines(path, gate.rows)
