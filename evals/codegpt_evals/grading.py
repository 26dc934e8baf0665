"""Samples to grades, in the jail; no model and no torch."""

from collections.abc import Sequence
from dataclasses import dataclass

from codegpt.errors import InputError
from codegpt.sandbox.verdict import Verdict
from codegpt_evals.gate import Gate
from codegpt_evals.holes import Fillings, fillings, is_exact
from codegpt_evals.problem import Hole, Problem
from codegpt_evals.records import Grade, Sample, VerdictRow, digest
from codegpt_evals.trials import Journal, Trial, missing


@dataclass(frozen=True)
class Answer:
    """A sample, its problem, and the programs that it comes to."""

    sample: Sample
    problem: Problem
    program: str
    fillings: Fillings | None = None

    @property
    def programs(self) -> list[str]:
        """All that have to be run for its grade."""
        filled = self.fillings
        texts = [] if filled is None else [filled.raw, *filled.without.values()]
        return [self.program, *map(self.problem.program, texts)]


def answers(problems: Sequence[Problem], samples: Sequence[Sample]) -> list[Answer]:
    """Samples with their problems, in the order of the problems.

    Raises:
        InputError: there are no samples, or one is of no problem of the task.
    """
    by_id = {problem.task_id: (place, problem) for place, problem in enumerate(problems)}
    unknown = [sample.task_id for sample in samples if sample.task_id not in by_id]
    if unknown:
        raise InputError(f"no such problem in the task: {unknown[0]} ({len(unknown)} samples)")
    if not samples:
        raise InputError("there are no samples to grade")
    ordered = sorted(samples, key=lambda sample: (by_id[sample.task_id][0], sample.index))
    return [_answer(by_id[sample.task_id][1], sample) for sample in ordered]


def _answer(problem: Problem, sample: Sample) -> Answer:
    if isinstance(problem.asks, Hole) and sample.raw is not None:
        filled = fillings(problem, sample)
        return Answer(sample, problem, problem.program(filled.shown), filled)
    if sample.solution is not None:
        return Answer(sample, problem, sample.solution)
    return Answer(sample, problem, problem.program(sample.completion or ""))


def grade_answers(answered: Sequence[Answer], gate: Gate, journal: Journal) -> list[Grade]:
    """The grades of samples whose programs have been run; what has no verdict was failed by the machine."""
    return [_grade(answer, gate, journal) for answer in answered]


def to_run(answered: Sequence[Answer], gate: Gate, journal: Journal) -> list[Trial]:
    """The programs whose verdicts are not known yet."""
    trials = (
        Trial(answer.problem.check, program, gate.limits[answer.problem.task_id])
        for answer in answered
        if answer.problem.check is not None
        for program in answer.programs
    )
    return missing(trials, journal)


def _grade(answer: Answer, gate: Gate, journal: Journal) -> Grade:
    sample, problem, filled = answer.sample, answer.problem, answer.fillings
    found = _verdict(answer, answer.program, gate, journal)
    exact = _is_exact(problem, filled.shown if filled else sample.completion)
    if problem.check is None:
        found = VerdictRow("", Verdict.PASSED if exact else Verdict.WRONG_ANSWER, "", 0.0)
    raw_verdict = without = raw_exact = None
    if filled is not None:
        raw_verdict = _verdict(answer, problem.program(filled.raw), gate, journal).verdict or None
        raw_exact = _is_exact(problem, filled.raw)
        without = {
            rule: (_verdict(answer, problem.program(text), gate, journal).verdict, bool(_is_exact(problem, text)))
            for rule, text in filled.without.items()
        }
    return Grade(
        task_id=sample.task_id,
        index=sample.index,
        verdict=found.verdict,
        detail=found.detail,
        seconds=found.seconds,
        program=digest(answer.program) if problem.check is not None else "",
        tokens=sample.tokens,
        stop_reason=sample.stop_reason,
        mean_logprob=sample.mean_logprob,
        exact=exact,
        raw_verdict=raw_verdict,
        raw_exact=raw_exact,
        without=without,
        extra=sample.extra,
    )


def _is_exact(problem: Problem, filling: str | None) -> bool | None:
    return is_exact(problem.asks, filling) if isinstance(problem.asks, Hole) and filling is not None else None


def _verdict(answer: Answer, program: str, gate: Gate, journal: Journal) -> VerdictRow:
    check = answer.problem.check
    if check is None:
        return VerdictRow("", "", "", 0.0)
    found = journal.get(Trial(check, program, gate.limits[answer.problem.task_id]))
    return found or VerdictRow("", Verdict.INFRASTRUCTURE_ERROR, "the machine failed twice", 0.0)
