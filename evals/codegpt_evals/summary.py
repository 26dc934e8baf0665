"""Grades to the figures of a run; pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from codegpt.errors import CodeGPTError, InputError
from codegpt.sandbox.verdict import Verdict
from codegpt_evals.metrics import Rate, ks_for, mean_pass_at_k
from codegpt_evals.records import Grade, digest

DEVELOPMENT, REPORTED = "development", "reported"


class NoScore(CodeGPTError):
    """Grades that no score may be made of."""


@dataclass(frozen=True)
class Infilling:
    """Holes: what is shown against what was written, and what each rule is worth.

    Attributes:
        exact, passed: of what the editor shows; `raw_` of what the model wrote. `passed` is None without tests.
        rules: for each rule that cut anything, how often, and how often that helped and hurt.
        halves: exact matches on the half that choices were made on, and on the other.
    """

    exact: Rate
    raw_exact: Rate | None
    passed: Rate | None
    raw_passed: Rate | None
    rules: dict[str, "RuleEffect"]
    halves: dict[str, Rate]


@dataclass(frozen=True)
class RuleEffect:
    """How often a rule cut, and in how many of these it turned a failure into a pass, or an exact match, or back."""

    cut: int
    helped: int
    hurt: int
    exact_helped: int
    exact_hurt: int


@dataclass(frozen=True)
class Summary:
    """The figures of a run.

    Attributes:
        problems: that have samples.
        pass_at: mean pass@k with bootstrap intervals over problems; over programs, where several are holes of one.
        verdicts: how many samples got each. Those that are `unavailable` count as failures, though nothing was judged.
        stop_reasons: why how many samples ended, where it is known.
    """

    problems: int
    samples: int
    pass_at: dict[int, Rate]
    verdicts: dict[str, int]
    stop_reasons: dict[str, int]
    infilling: Infilling | None = None

    @property
    def unjudged(self) -> int:
        """Samples that could not be judged: what they hand on or need does not exist in the jail."""
        return self.verdicts.get(Verdict.UNAVAILABLE, 0)


def summarize(grades: Sequence[Grade], ks: Sequence[int] | None = None) -> Summary:
    """The figures of all grades of a run.

    Args:
        ks: which pass@k; by default all that there are samples for.

    Raises:
        NoScore: there are none, or the machine failed on some of them.
        InputError: a problem has fewer samples than a k that was asked for.
    """
    if not grades:
        raise NoScore("no score: there are no grades")
    failed = [grade for grade in grades if Verdict.INFRASTRUCTURE_ERROR in _verdicts(grade)]
    if failed:
        raise NoScore(
            f"no score: {len(failed)} samples could not be run, one of {failed[0].task_id} among them; run again"
        )
    counts = _counts(grades)
    fewest = min(n for n, _ in counts.values())
    wanted = ks_for(list(counts.values())) if ks is None else list(ks)
    if any(k > fewest for k in wanted):
        scarce = min(counts, key=lambda task_id: counts[task_id][0])
        raise InputError(f"pass@{max(wanted)} needs as many samples of every problem; {scarce} has {fewest}")
    return Summary(
        problems=len(counts),
        samples=len(grades),
        pass_at=mean_pass_at_k(list(counts.values()), wanted, list(map(family_of, counts))),
        verdicts=dict(Counter(grade.verdict for grade in grades).most_common()),
        stop_reasons=dict(Counter(grade.stop_reason for grade in grades if grade.stop_reason).most_common()),
        infilling=_infilling(grades),
    )


def _verdicts(grade: Grade) -> list[str | None]:
    """All that were given for one sample."""
    return [grade.verdict, grade.raw_verdict, *(verdict for verdict, _ in (grade.without or {}).values())]


def _counts(grades: Sequence[Grade]) -> dict[str, tuple[int, int]]:
    """(samples, right ones) of each problem."""
    samples: Counter[str] = Counter(grade.task_id for grade in grades)
    right: Counter[str] = Counter(grade.task_id for grade in grades if grade.passed)
    return {task_id: (n, right[task_id]) for task_id, n in samples.items()}


def _infilling(grades: Sequence[Grade]) -> Infilling | None:
    if any(grade.exact is None for grade in grades):
        return None
    with_raw = [grade for grade in grades if grade.raw_exact is not None]
    tested = any(grade.program for grade in grades)
    halves = {name: [g for g in grades if half_of(g.task_id) == name] for name in (DEVELOPMENT, REPORTED)}
    return Infilling(
        exact=mean_rate([(g.task_id, bool(g.exact)) for g in grades]),
        raw_exact=mean_rate([(g.task_id, bool(g.raw_exact)) for g in with_raw]) if with_raw else None,
        passed=mean_rate([(g.task_id, g.passed) for g in grades]) if tested else None,
        raw_passed=mean_rate([(g.task_id, g.raw_verdict == Verdict.PASSED) for g in with_raw])
        if with_raw and tested
        else None,
        rules=rule_effects(with_raw),
        halves={name: mean_rate([(g.task_id, bool(g.exact)) for g in half]) for name, half in halves.items() if half},
    )


def mean_rate(outcomes: Sequence[tuple[str, bool]]) -> Rate:
    """The mean over problems of each one's share of True."""
    samples: Counter[str] = Counter(task_id for task_id, _ in outcomes)
    right: Counter[str] = Counter(task_id for task_id, outcome in outcomes if outcome)
    counts = [(n, right[task_id]) for task_id, n in samples.items()]
    return mean_pass_at_k(counts, [1], list(map(family_of, samples)))[1]


def rule_effects(grades: Sequence[Grade]) -> dict[str, RuleEffect]:
    """What each rule is worth, by what would be shown without it."""
    found: dict[str, Counter[str]] = {}
    for grade in grades:
        for rule, (verdict, exact) in (grade.without or {}).items():
            count = found.setdefault(rule, Counter())
            count["cut"] += 1
            if verdict:
                count["helped"] += grade.passed and verdict != Verdict.PASSED
                count["hurt"] += verdict == Verdict.PASSED and not grade.passed
            count["exact_helped"] += bool(grade.exact) and not exact
            count["exact_hurt"] += exact and not grade.exact
    names = ("cut", "helped", "hurt", "exact_helped", "exact_hurt")
    return {rule: RuleEffect(*(count[name] for name in names)) for rule, count in sorted(found.items())}


def family_of(task_id: str) -> str:
    """What a problem was made of: for a hole the program that it is in, which is the id up to its first number."""
    parts = task_id.split("/")
    numbers = [at for at, part in enumerate(parts) if part.isdecimal()]
    return "/".join(parts[: numbers[0] + 1]) if numbers else task_id


def half_of(task_id: str) -> str:
    """Which half of a benchmark a problem is in: choices are made on even numbers, and odd ones are only reported.

    The number is that of the HumanEval problem, so that holes of one program are in one half; a task id without a
    number is in the half of its digest.
    """
    number = next((int(part) for part in task_id.split("/") if part.isdecimal()), None)
    return DEVELOPMENT if (int(digest(task_id), 16) if number is None else number) % 2 == 0 else REPORTED
