"""How often each way of choosing one of the same samples chooses a right one; pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from codegpt.errors import InputError
from codegpt.generate import Candidates
from codegpt.selection import dual_agreement, is_value, support_of
from codegpt_evals.metrics import Rate, mean_rate, pass_at_k
from codegpt_evals.records import digest

WAYS = (
    "random pick",
    "likeliest",
    "largest cluster alone",
    "agreement alone",
    "CodeT agreement",
    "examples: a random one that passes",
    "examples, then the largest cluster",
    "examples, the likeliest of the largest cluster",
    "ranking",
    "ranking, after one answer",
    "ten random picks",
    "examples: ten random ones that pass",
    "examples: ten random programs that pass",
    "ranking: the first ten",
    "oracle",
)
TEN = 10
"""AlphaCode submits so many of a problem's samples (Li et al., arXiv 2203.07814)."""


@dataclass(frozen=True)
class Selection:
    """What became of one problem's samples, without a text of any.

    Attributes:
        candidates: the distinct programs, best first, as (number, samples, mean log-probability).
        examples: of each candidate, which examples it passes.
        behaviour: of each candidate, a name for what it does on the inputs.
        answers: of each candidate, whether it comes to any value there.
        support: of each candidate, see `selection.support_of`, examples or not.
        chosen: by their numbers, the candidates that `selection.dual_agreement` chooses.
        asks: whether it asks which of two behaviours is right.
        after: the number of the first candidate after the right answer; -1 for none.
    """

    task_id: str
    drawn: int
    candidates: tuple[tuple[int, int, float], ...]
    examples: tuple[tuple[bool, ...], ...]
    behaviour: tuple[str, ...]
    answers: tuple[bool, ...]
    support: tuple[float, ...]
    chosen: tuple[int, ...] = ()
    asks: bool = False
    after: int = -1

    @classmethod
    def of(cls, task_id: str, result: Candidates, after: Candidates) -> "Selection":
        """What is kept of a result, and of the one after the right answer."""
        ranked = [each.candidate for each in result.ranked]
        seen = [result.seen[each.number] for each in ranked]
        samples, behaviours = [each.samples for each in ranked], [each.behaviour for each in seen]
        return cls(
            task_id,
            result.drawn,
            tuple((each.number, each.samples, round(each.logprob, 4)) for each in ranked),
            tuple(each.examples for each in seen),
            tuple(digest("\n".join(each.behaviour)) if each.behaviour else "" for each in seen),
            tuple(any(map(is_value, each.behaviour)) for each in seen),
            tuple(round(each, 4) for each in support_of(list(zip(samples, behaviours, strict=True)))),
            tuple(each.number for each in dual_agreement(ranked, result.seen)),
            result.question is not None,
            after.ranked[0].candidate.number if after.ranked else -1,
        )

    def choices(self, right: Mapping[int, bool]) -> dict[str, float]:
        """How likely each of `WAYS` chooses a right one.

        Args:
            right: of each sample, by its number, whether it is.
        """
        every = range(len(self.candidates))
        passing = [at for at in every if self.examples[at] and all(self.examples[at])] or list(every)
        largest = self._largest([at for at in every if self.answers[at]] or list(every), self.behaviour)
        agreed = sorted(self._likeliest(every), key=lambda at: -self.support[at])[:1]
        both = [f"{self.examples[at]} {self.behaviour[at]}" for at in every]
        of_largest = self._largest(passing, both)
        chosen = [at for at in every if self.candidates[at][0] in self.chosen]
        correct = sum(right[number] for number in range(self.drawn))
        random = correct / self.drawn
        highest = max((logprob for _, _, logprob in self.candidates), default=0.0)
        likeliest = [at for at in every if self.candidates[at][2] == highest]
        return {
            "random pick": random,
            "likeliest": self._mean(likeliest, right),
            "largest cluster alone": self._mean(largest, right),
            "agreement alone": self._mean(agreed, right),
            "CodeT agreement": self._mean(chosen, right) if chosen else random,
            "examples: a random one that passes": self._mean(passing, right),
            "examples, then the largest cluster": self._mean(of_largest, right),
            "examples, the likeliest of the largest cluster": self._mean(self._likeliest(of_largest)[:1], right),
            "ranking": self._mean(list(every[:1]), right),
            "ranking, after one answer": float(right[self.after]) if self.after >= 0 else 0.0,
            "ten random picks": _ten([right[number] for number in range(self.drawn)]),
            "examples: ten random ones that pass": _ten(
                [right[self.candidates[at][0]] for at in passing for _ in range(self.candidates[at][1])]
            ),
            "examples: ten random programs that pass": _ten([right[self.candidates[at][0]] for at in passing]),
            "ranking: the first ten": float(any(right[self.candidates[at][0]] for at in every[:TEN])),
            "oracle": float(correct > 0),
        }

    @property
    def behaviours(self) -> int:
        """How many there are."""
        return len(set(zip(self.examples, self.behaviour, strict=True)))

    @property
    def survivors(self) -> int:
        """How many behaviours pass all examples, or as many as there are where no candidate does."""
        every = range(len(self.candidates))
        passing = [at for at in every if self.examples[at] and all(self.examples[at])] or list(every)
        return len({(self.examples[at], self.behaviour[at]) for at in passing})

    def _largest(self, among: Sequence[int], names: Sequence[str]) -> list[int]:
        """The candidates of the behaviour that most samples have; of equal ones the likeliest."""
        groups: dict[str, list[int]] = {}
        for at in among:
            groups.setdefault(names[at], []).append(at)

        def size(group: list[int]) -> tuple[int, float]:
            return sum(self.candidates[at][1] for at in group), max(self.candidates[at][2] for at in group)

        return max(groups.values(), key=size, default=[])

    def _likeliest(self, among: Iterable[int]) -> list[int]:
        """Candidates, the likeliest first."""
        return sorted(among, key=lambda at: (-self.candidates[at][2], self.candidates[at][0]))

    def _mean(self, among: Sequence[int], right: Mapping[int, bool]) -> float:
        """The chance that a random sample of these candidates is right."""
        total = sum(self.candidates[at][1] for at in among)
        return sum(self.candidates[at][1] * right[self.candidates[at][0]] for at in among) / total if total else 0.0


def _ten(right: Sequence[bool]) -> float:
    """The chance that one of ten of these, at random, is right."""
    return pass_at_k(len(right), sum(right), min(TEN, len(right))) if right else 0.0


def _number(task_id: str) -> int:
    """Of a problem, by the digits at the end of its name."""
    digits = re.search(r"\d+$", task_id)
    return int(digits[0]) if digits else 0


def distinct(selections: Sequence[Selection]) -> dict[str, float]:
    """How many samples, distinct programs and distinct behaviours a problem has, on average."""
    counts = [(each.drawn, len(each.candidates), each.behaviours) for each in selections]
    names = ("samples", "programs", "behaviours")
    return {name: sum(column) / len(counts) for name, column in zip(names, zip(*counts, strict=True), strict=False)}


def worth(
    selections: Sequence[Selection],
    right: Mapping[str, Mapping[int, bool]],
    greedy: Mapping[str, bool] | None = None,
) -> dict[str, Rate]:
    """The mean of each way over problems, and what the ranking is better by, with bootstrap intervals over problems.

    Args:
        right: of each problem, of each sample, whether it is right.
        greedy: of each problem whether the greedy answer is.

    Raises:
        InputError: something is not graded.
    """
    graded = [each for each in selections if each.task_id in right]
    for each in graded:
        if any(number not in right[each.task_id] for number in range(each.drawn)):
            raise InputError(f"{each.task_id}: not all of its samples are graded")
        if greedy is not None and each.task_id not in greedy:
            raise InputError(f"{each.task_id}: its greedy answer is not graded")
    rows = [each.choices(right[each.task_id]) for each in graded]
    columns: dict[str, list[float]] = {way: [row[way] for row in rows] for way in WAYS}
    if greedy is not None:
        columns["greedy"] = [float(greedy[each.task_id]) for each in graded]
        columns["ranking - greedy"] = [row["ranking"] - greedy[e.task_id] for e, row in zip(graded, rows, strict=True)]
    columns["ranking - random pick"] = [row["ranking"] - row["random pick"] for row in rows]
    columns["largest cluster alone - random pick"] = [row["largest cluster alone"] - row["random pick"] for row in rows]
    columns["agreement alone - random pick"] = [row["agreement alone"] - row["random pick"] for row in rows]
    columns["ranking: the first ten - ten random programs that pass"] = [
        row["ranking: the first ten"] - row["examples: ten random programs that pass"] for row in rows
    ]
    columns["ranking, after one answer - ranking, where it asks"] = [
        row["ranking, after one answer"] - row["ranking"] for each, row in zip(graded, rows, strict=True) if each.asks
    ]
    for way in ("examples, the likeliest of the largest cluster", "ranking"):  # choices are made on even numbers
        for odd, name in enumerate(("even", "odd")):
            columns[f"{way}, {name} numbers"] = [
                row[way] for each, row in zip(graded, rows, strict=True) if _number(each.task_id) % 2 == odd
            ]
    several = [row for each, row in zip(graded, rows, strict=True) if each.survivors > 1]
    where = "ranking - a random one that passes, where behaviours differ"
    columns[where] = [row["ranking"] - row["examples: a random one that passes"] for row in several]
    return {name: mean_rate(values) for name, values in columns.items() if values}
