"""Which of many candidates to show first: filter on the examples, cluster by behaviour, rank; pure.

What was seen of each candidate goes in, an order and the evidence for it comes out. Nothing here runs anything, draws
anything or knows a hidden test.

Filter and clusters are AlphaCode's (Li et al., arXiv 2203.07814). Clusters are not ordered by their size alone: what
counts is how many samples give the same value input by input, as in MBR-EXEC (Shi et al., arXiv 2204.11454), since one
that differs from many on a single odd input has them on its side everywhere else. That two both fail is no agreement.
The votes of asserts that the model itself proposed are CodeT's (Chen et al., arXiv 2207.10397): the root of the samples
times the asserts.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple


class Level(StrEnum):
    """How much is known in favour of a candidate."""

    EXAMPLES = "examples passed"
    AGREEMENT = "agreement only"
    PARSES = "parses only"


@dataclass(frozen=True)
class Candidate:
    """One distinct program.

    Attributes:
        number: of its first sample; also what it is called.
        samples: how many of the samples are this program.
        logprob: the mean log-probability of a token, of the sample of which it is highest.
    """

    number: int
    program: str
    samples: int = 1
    logprob: float = 0.0


class Vote(NamedTuple):
    """An assert that the model proposed, by its number."""

    number: int
    times: int


@dataclass(frozen=True)
class Seen:
    """What was seen of a candidate.

    Attributes:
        examples: whether each example held; empty where there are none.
        behaviour: what it did on each input, as text that is equal where the behaviour is; empty where it was not run.
        votes: which of the asserts that the model proposed held, and how often each was proposed.
        why_not_run: why there is no behaviour.
        untested: why a person's tests say nothing of it; "" where they do, or there are none.
    """

    examples: tuple[bool, ...] = ()
    behaviour: tuple[str, ...] = ()
    votes: frozenset[Vote] = frozenset()
    why_not_run: str = ""
    untested: str = ""


@dataclass(frozen=True)
class Evidence:
    """What stands beside a candidate.

    Attributes:
        passed, of: examples.
        inputs: on so many it came to an end.
        agree: samples that behave as this one does, itself among them, of those that were drawn.
        votes: of the model's own asserts, how many it satisfies; one counts as often as it was proposed.
        support: see `support_of`.
    """

    level: Level
    passed: int
    of: int
    agree: int
    drawn: int
    votes: int = 0
    reason: str = ""
    inputs: int = 0
    support: float = 0.0


@dataclass(frozen=True)
class Ranked:
    """A candidate in its place; `cluster` numbers the behaviours, best first."""

    candidate: Candidate
    evidence: Evidence
    cluster: int


@dataclass(frozen=True)
class Cluster:
    """Candidates that do the same on all inputs and examples, likeliest first; `support` as `support_of` says."""

    members: tuple[Candidate, ...]
    seen: Seen
    support: float = 0.0

    @property
    def samples(self) -> int:
        """Of all its members."""
        return sum(member.samples for member in self.members)

    @property
    def passed(self) -> int:
        """Examples."""
        return sum(self.seen.examples)

    @property
    def votes(self) -> int:
        """Of the model's own asserts."""
        return sum(vote.times for vote in self.seen.votes)

    @property
    def answers(self) -> bool:
        """Whether it came to a value at all; programs that all fail alike agree on nothing."""
        return any(map(is_value, self.seen.behaviour)) or any(self.seen.examples)

    @property
    def agreement(self) -> float:
        """CodeT's score, of which the votes count one more than they are: without any, the support decides."""
        return math.sqrt(self.support) * (1 + self.votes)


def settled(seen: Mapping[int, Seen]) -> dict[int, Seen]:
    """What was seen, with tests that say nothing of some candidates as failed by them.

    They may have seen to it themselves. Tests that say nothing of any candidate are no tests.
    """
    ran = [was for was in seen.values() if not was.why_not_run]
    if not any(was.untested for was in ran) or all(was.untested for was in ran):
        return dict(seen)
    return {
        number: replace(was, examples=(*was.examples, False), untested="") if was.untested else was
        for number, was in seen.items()
    }


def support_of(groups: Sequence[tuple[int, Sequence[str]]]) -> list[float]:
    """Of so many samples of each behaviour: how many of them all give the same value, on an average input.

    Those that were run on no input have their own samples.
    """
    places = [Counter[str]() for _ in range(max((len(behaviour) for _, behaviour in groups), default=0))]
    for samples, behaviour in groups:
        for counted, did in zip(places, behaviour, strict=False):
            counted[did] += samples
    return [
        sum(counted[did] for counted, did in zip(places, behaviour, strict=False) if is_value(did)) / len(behaviour)
        if behaviour
        else float(samples)
        for samples, behaviour in groups
    ]


def clusters(candidates: Sequence[Candidate], seen: Mapping[int, Seen]) -> list[Cluster]:
    """Candidates by behaviour, best cluster first.

    The order: more examples passed, then whether it comes to any value, then more agreement with those that pass as
    many, then more samples, then the likelier best member, then the earlier one. A candidate that was not run is a
    cluster of its own.
    """
    by_behaviour: dict[object, list[Candidate]] = {}
    for candidate in candidates:
        was = seen[candidate.number]
        key = (was.examples, was.behaviour) if was.behaviour or was.examples else candidate.number
        by_behaviour.setdefault(key, []).append(candidate)
    found = [
        Cluster(tuple(sorted(members, key=lambda each: (-each.logprob, each.number))), _together(members, seen))
        for members in by_behaviour.values()
    ]
    by_passed: dict[int, list[Cluster]] = {}
    for cluster in found:
        by_passed.setdefault(cluster.passed, []).append(cluster)
    supported = [
        replace(cluster, support=support)
        for peers in by_passed.values()
        for cluster, support in zip(peers, support_of([(c.samples, c.seen.behaviour) for c in peers]), strict=True)
    ]
    return sorted(supported, key=_order)


def _together(members: Sequence[Candidate], seen: Mapping[int, Seen]) -> Seen:
    """What its members were all seen to do; they may differ in the votes, which are asserts on other inputs."""
    first = seen[members[0].number]
    return Seen(
        first.examples,
        first.behaviour,
        frozenset.intersection(*(seen[member.number].votes for member in members)),
        first.why_not_run,
        first.untested,
    )


def _order(cluster: Cluster) -> tuple[float, ...]:
    best = cluster.members[0]
    return (-cluster.passed, -cluster.answers, -cluster.agreement, -cluster.samples, -best.logprob, best.number)


def rank(candidates: Sequence[Candidate], seen: Mapping[int, Seen], drawn: int = 0) -> list[Ranked]:
    """All candidates: the best of each cluster first, as each shows another behaviour; then the second of each.

    Args:
        drawn: how many samples there were, with those that are no candidates; 0 for those of the candidates.
    """
    found = clusters(candidates, seen)
    drawn = drawn or sum(candidate.samples for candidate in candidates)
    deepest = max((len(cluster.members) for cluster in found), default=0)
    return [
        Ranked(cluster.members[depth], evidence_for(cluster, drawn), number)
        for depth in range(deepest)
        for number, cluster in enumerate(found)
        if depth < len(cluster.members)
    ]


def dual_agreement(candidates: Sequence[Candidate], seen: Mapping[int, Seen]) -> list[Candidate]:
    """CodeT's choice: all candidates of the best consensus sets; none where no assert holds for any.

    A set is the candidates that satisfy the same asserts; its score is the root of its samples times those asserts,
    each as often as it was proposed. Sets of equal score are chosen together.
    """
    sets: dict[frozenset[Vote], list[Candidate]] = {}
    for candidate in candidates:
        sets.setdefault(seen[candidate.number].votes, []).append(candidate)

    def score(votes: frozenset[Vote]) -> float:
        return math.sqrt(sum(each.samples for each in sets[votes])) * sum(vote.times for vote in votes)

    best = max(map(score, sets), default=0.0)
    return [each for votes, members in sets.items() if best > 0 and score(votes) == best for each in members]


def evidence_for(cluster: Cluster, drawn: int) -> Evidence:
    """What is known in favour of a cluster's members."""
    seen = cluster.seen
    fails = f"fails {len(seen.examples) - cluster.passed} of the examples" if seen.examples else ""
    if seen.examples and all(seen.examples):
        level, reason = Level.EXAMPLES, seen.untested
    elif cluster.answers and max(cluster.samples, cluster.support) >= 2:
        level = Level.AGREEMENT
        reason = seen.untested or fails or "no examples given"
    else:
        level = Level.PARSES
        nothing = "no other sample agrees" if cluster.answers else "comes to no value on any input"
        reason = seen.why_not_run or seen.untested or fails or nothing
    inputs = sum(not each.startswith(NOTHING) for each in seen.behaviour)
    votes = cluster.votes
    support = round(cluster.support, 2)
    return Evidence(level, cluster.passed, len(seen.examples), cluster.samples, drawn, votes, reason, inputs, support)


def won(found: Sequence[Cluster], margin: float = 3.0) -> bool:
    """Whether drawing may stop: the first cluster passes all examples, and no other is likely to overtake it.

    Where there are no inputs to tell its members apart by, nothing more can be learnt.

    Args:
        margin: by so many standard deviations it has to have more samples than the next that passes as many examples;
            were both as likely, their difference would vary by the root of their sum.
    """
    if not found or not all(found[0].seen.examples):
        return False
    if not found[0].seen.behaviour:
        return bool(found[0].seen.examples)
    rival = max((cluster.samples for cluster in found[1:] if cluster.passed == found[0].passed), default=0)
    return found[0].samples - rival >= margin * math.sqrt(found[0].samples + rival)


def distinguishing(found: Sequence[Cluster]) -> int | None:
    """The number of the first input on which the two best clusters differ, both of which pass as many examples.

    None where there is nothing to tell apart. At least half of the samples that pass as many come to a value there: a
    function is not meant for what most fail on. An input on which both of the two do is preferred.
    """
    if len(found) < 2 or found[0].passed != found[1].passed:
        return None
    peers = [cluster for cluster in found if cluster.passed == found[0].passed]
    pairs = list(zip(found[0].seen.behaviour, found[1].seen.behaviour, strict=False))

    def is_meant(number: int) -> bool:
        coming = [c.samples for c in peers if is_value("".join(c.seen.behaviour[number : number + 1]))]
        return 2 * sum(coming) >= sum(cluster.samples for cluster in peers)

    differing = [
        at for at, pair in enumerate(pairs) if pair[0] != pair[1] and any(map(is_value, pair)) and is_meant(at)
    ]
    both = [number for number in differing if all(is_value(each) for each in pairs[number])]
    return next(iter(both or differing), None)


def with_answer(seen: Mapping[int, Seen], number: int, right: str) -> dict[int, Seen]:
    """What was seen, with one example more: on input `number` the behaviour `right` is the right one."""
    return {
        candidate: replace(was, examples=(*was.examples, was.behaviour[number] == right))
        if number < len(was.behaviour)
        else was
        for candidate, was in seen.items()
    }


VALUE, RAISED, NOTHING = "= ", "! ", "? "
"""How behaviour begins: a value, an exception, neither."""


def is_value(behaviour: str) -> bool:
    """Whether it is a value, and no exception or timeout."""
    return behaviour.startswith(VALUE)
