"""The gate before every score: canonical solutions must pass in the jail, and known-wrong programs must not.

A harness that fails right programs, or passes wrong ones, says so here and prints no score.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from codegpt.errors import CodeGPTError
from codegpt.sandbox.client import Sandbox
from codegpt.sandbox.program import LANGUAGE_LIMITS, Limits
from codegpt_evals.checks import Check
from codegpt_evals.problem import Problem
from codegpt_evals.records import GateRow, VerdictRow, replace_lines
from codegpt_evals.trials import WALL_FOR_CPU, Journal, Trial, informed, missing, run_trials, scaled

CANONICAL = "canonical"
WRONG = "wrong"
CPU_S = 40
"""For a canonical solution, whose time is not known yet."""


class GateError(CodeGPTError):
    """The harness does not judge its own controls rightly on this machine."""


class Gate:
    """The controls of some problems, run; and what was learned of them.

    Attributes:
        rows: one a control.
        checks: the problems' checks; those that compare with the canonical solution know its values.
        limits: what an answer to each problem may use.
    """

    def __init__(self, rows: Sequence[GateRow], checks: Mapping[str, Check], limits: Mapping[str, Limits]) -> None:
        self.rows = tuple(rows)
        self.checks = dict(checks)
        self.limits = dict(limits)

    @property
    def failures(self) -> list[GateRow]:
        """The controls with a wrong verdict."""
        return [row for row in self.rows if not row.holds]

    def require(self) -> None:
        """Refuse to go on if a control was judged wrongly.

        Raises:
            GateError: naming the problems.
        """
        failures = self.failures
        if failures:
            named = ", ".join(f"{row.task_id} ({row.control}: {row.verdict})" for row in failures[:8])
            more = f" and {len(failures) - 8} more" if len(failures) > 8 else ""
            raise GateError(
                f"no score: {len(failures)} of {len(self.rows)} controls were judged wrongly: {named}{more}"
            )


def run_gate(
    problems: Sequence[Problem], sandbox: Sandbox, journal: Journal, advance: Callable[[int], None] = lambda _n: None
) -> Gate:
    """Run both controls of every problem that has a check."""
    judged = [problem for problem in problems if problem.check is not None]
    checks = {problem.task_id: problem.check for problem in judged if problem.check is not None}
    known = dict(informed(checks, sandbox, generous(Limits())))
    checks.update({name: check for name, check in known.items() if check is not None})
    canonical = {
        p.task_id: Trial(checks[p.task_id], p.program(p.canonical), generous(LANGUAGE_LIMITS[p.language]))
        for p in judged
    }
    run_trials(missing(canonical.values(), journal), sandbox, journal, advance)
    limits = {
        p.task_id: scaled(LANGUAGE_LIMITS[p.language], _seconds(journal.get(canonical[p.task_id]))) for p in judged
    }
    wrong = {p.task_id: Trial(checks[p.task_id], p.control, limits[p.task_id]) for p in judged}
    run_trials(missing(wrong.values(), journal), sandbox, journal, advance)
    rows = []
    for problem in judged:
        rows.append(_row(problem.task_id, CANONICAL, canonical[problem.task_id], journal))
        rows.append(_row(problem.task_id, WRONG, wrong[problem.task_id], journal))
        if known.get(problem.task_id, problem.check) is None:
            rows[-2] = replace(rows[-2], verdict="unavailable", detail="the canonical solution gives no values")
    return Gate(rows, checks, limits)


def generous(limits: Limits) -> Limits:
    """The limits of a program that is taken to be right."""
    return replace(limits, cpu_s=CPU_S, wall_s=float(WALL_FOR_CPU * CPU_S))


def _seconds(row: VerdictRow | None) -> float:
    return row.seconds if row else 0.0


def _row(task_id: str, control: str, trial: Trial, journal: Journal) -> GateRow:
    row = journal.get(trial)
    verdict = row.verdict if row else "infrastructure error"
    return GateRow(task_id, control, verdict, row.detail if row else "", _seconds(row), trial.check.digest())


def write_gate(path: Path, gate: Gate) -> None:
    """One line a control."""
    replace_lines(path, gate.rows)
