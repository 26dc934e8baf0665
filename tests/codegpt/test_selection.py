"""The order of candidates and the evidence for it, in exact cases."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codegpt.selection import (
    Candidate,
    Evidence,
    Level,
    Seen,
    Vote,
    clusters,
    distinguishing,
    dual_agreement,
    evidence_for,
    rank,
    settled,
    support_of,
    won,
)


def candidate(number: int, samples: int = 1, logprob: float = -1.0) -> Candidate:
    return Candidate(number, f"program {number}", samples, logprob)


def order(candidates: list[Candidate], seen: dict[int, Seen]) -> list[int]:
    return [each.candidate.number for each in rank(candidates, seen)]


def test_more_examples_come_first_however_few_agree() -> None:
    some = [candidate(0, samples=9), candidate(1)]
    seen = {0: Seen((True, False), ("= 1",)), 1: Seen((True, True), ("= 2",))}
    assert order(some, seen) == [1, 0]
    assert [each.evidence for each in rank(some, seen)] == [
        Evidence(Level.EXAMPLES, 2, 2, 1, 10, inputs=1, support=1.0),
        Evidence(Level.AGREEMENT, 1, 2, 9, 10, reason="fails 1 of the examples", inputs=1, support=9.0),
    ]


def test_the_larger_cluster_comes_first_and_its_likeliest_member_stands_for_it() -> None:
    some = [candidate(0, logprob=-0.1), candidate(1, logprob=-0.9), candidate(2, logprob=-0.5)]
    seen = {0: Seen((True,), ("= 1",)), 1: Seen((True,), ("= 2",)), 2: Seen((True,), ("= 2",))}
    assert order(some, seen) == [2, 0, 1]  # the best of each cluster, then the second of each
    assert [each.cluster for each in rank(some, seen)] == [0, 1, 0]
    assert rank(some, seen)[0].evidence == Evidence(Level.EXAMPLES, 1, 1, 2, 3, inputs=1, support=2.0)


def test_without_examples_agreement_decides_and_is_said() -> None:
    some = [candidate(0), candidate(1, samples=2), candidate(2)]
    seen = {0: Seen((), ("= 1",)), 1: Seen((), ("= 2",)), 2: Seen((), ("= 2",))}
    first, *_, last = rank(some, seen)
    assert first.evidence == Evidence(Level.AGREEMENT, 0, 0, 3, 4, reason="no examples given", inputs=1, support=3.0)
    assert last.candidate.number == 2 and rank(some, seen)[1].evidence.level is Level.PARSES
    assert rank(some, seen)[1].evidence.reason == "no other sample agrees"


def test_programs_that_all_fail_agree_on_nothing() -> None:
    some = [candidate(0, samples=7), candidate(1)]
    seen = {0: Seen((), ("! NameError", "? timeout")), 1: Seen((), ("! NameError", "= 2"))}
    assert order(some, seen) == [1, 0]
    assert rank(some, seen)[1].evidence.level is Level.PARSES


def test_what_was_not_run_is_shown_with_the_reason() -> None:
    some = [candidate(0, samples=3, logprob=-0.5), candidate(1, samples=3, logprob=-0.2)]
    seen = {0: Seen(why_not_run="no jail"), 1: Seen(why_not_run="no jail")}
    assert order(some, seen) == [1, 0]
    assert {each.evidence.reason for each in rank(some, seen)} == {"no jail"}
    assert {each.cluster for each in rank(some, seen)} == {0, 1}


def test_votes_of_the_models_own_asserts() -> None:
    some = [candidate(0, samples=4), candidate(1, samples=1)]
    seen = {0: Seen((), ("= 1",), frozenset()), 1: Seen((), ("= 2",), frozenset({Vote(0, 1), Vote(3, 2)}))}
    assert order(some, seen) == [1, 0]  # 1 * 4 against 2 * 1
    assert rank(some, seen)[0].evidence.votes == 3


def test_codets_own_choice() -> None:
    some = [candidate(0, samples=4), candidate(1, samples=1), candidate(2, samples=1)]
    one, two = Vote(0, 1), Vote(1, 2)
    seen = {0: Seen(votes=frozenset({one})), 1: Seen(votes=frozenset({two})), 2: Seen(votes=frozenset())}
    assert dual_agreement(some, seen) == some[:2]  # 2 * 1 and 1 * 2: a tie
    assert dual_agreement(some, seen | {1: Seen(votes=frozenset({one, two}))}) == [some[1]]
    assert dual_agreement(some[2:], seen) == []


def test_ties_are_settled_by_likelihood_then_by_number() -> None:
    some = [candidate(2), candidate(0), candidate(1, logprob=-0.5)]
    seen = {number: Seen((), (f"= {number}",)) for number in range(3)}
    assert order(some, seen) == [1, 0, 2]


def test_nothing() -> None:
    assert rank([], {}) == [] and clusters([], {}) == [] and not won([]) and distinguishing([]) is None


@pytest.mark.parametrize(
    ("samples", "expected"), [((9,), True), ((8,), False), ((15, 2), True), ((14, 2), True), ((13, 3), False)]
)
def test_when_it_has_won(samples: tuple[int, ...], expected: bool) -> None:
    some = [candidate(number, count) for number, count in enumerate(samples)]
    seen = {number: Seen((True,), (f"= {number}",)) for number in range(len(samples))}
    assert won(clusters(some, seen)) is expected
    assert not won(clusters(some, seen), math.inf)


def test_a_rival_that_fails_an_example_is_none() -> None:
    seen = {0: Seen((True,), ("= 1",)), 1: Seen((False,), ("= 2",))}
    assert won(clusters([candidate(0, 9), candidate(1, 20)], seen))


def test_it_has_not_won_where_an_example_fails_or_nothing_was_run() -> None:
    some = [candidate(0, 30)]
    assert not won(clusters(some, {0: Seen((True, False), ("= 1",))}))
    assert not won(clusters(some, {0: Seen()}))


def test_what_nothing_more_can_be_learnt_of_has_won() -> None:
    assert won(clusters([candidate(0)], {0: Seen((True, True))}))
    assert not won(clusters([candidate(0)], {0: Seen((True, False))}))


def test_an_input_that_tells_the_two_best_apart() -> None:
    some = [candidate(0, 2), candidate(1)]
    seen = {0: Seen((), ("= 1", "! E", "= 3")), 1: Seen((), ("= 1", "= 2", "= 4"))}
    assert distinguishing(clusters(some, seen)) == 2  # both come to a value there
    assert distinguishing(clusters(some, {0: Seen((), ("= 1", "= 2")), 1: Seen((), ("= 1", "! E"))})) == 1
    assert distinguishing(clusters(some, {**seen, 1: seen[0]})) is None
    assert distinguishing(clusters(some, {0: Seen((), ("= 1", "! E")), 1: Seen((), ("= 1", "! F"))})) is None
    third = {**seen, 2: Seen((), ("! E", "! E", "! E"))}
    assert distinguishing(clusters([*some, candidate(2, 9)], third)) is None  # most fail on each
    better = {0: Seen((True,), ("= 1",)), 1: Seen((False,), ("= 2",))}
    assert distinguishing(clusters(some, better)) is None


@given(
    st.lists(
        st.tuples(
            st.integers(1, 9), st.sampled_from([-1.0, -0.5]), st.sampled_from(["= 1", "= 2", "! E", "? timeout"])
        ),
        max_size=12,
    ),
    st.randoms(),
)
def test_the_order_does_not_depend_on_the_order_given(drawn: list[tuple[int, float, str]], random: object) -> None:
    some = [Candidate(number, "", samples, logprob) for number, (samples, logprob, _) in enumerate(drawn)]
    seen = {number: Seen((), (behaviour,)) for number, (_, _, behaviour) in enumerate(drawn)}
    shuffled = list(some)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert rank(shuffled, seen) == rank(some, seen)
    assert sorted(each.candidate.number for each in rank(some, seen)) == list(range(len(some)))


def test_tests_that_say_nothing_of_one_are_failed_by_it() -> None:
    seen = {0: Seen((True, True)), 1: Seen((True,), untested="a class"), 2: Seen(why_not_run="late")}
    assert settled(seen) == {**seen, 1: Seen((True, False))}
    none = {1: Seen((True,), untested="a class"), 2: Seen(why_not_run="late")}
    assert settled(none) == none


def test_evidence_says_on_how_many_inputs() -> None:
    one = candidate(0, samples=2)
    evidence = rank([one], {0: Seen((), ("= 1", "! KeyError", "? timeout"))})[0].evidence
    assert (evidence.inputs, evidence.level) == (2, Level.AGREEMENT)
    nothing = rank([one], {0: Seen((), ("! KeyError",))})[0].evidence
    assert (nothing.level, nothing.reason) == (Level.PARSES, "comes to no value on any input")


def test_some_examples_of_which_one_fails() -> None:
    [alone] = clusters([candidate(0)], {0: Seen((True, False, False), ("! E",))})
    assert evidence_for(alone, 3).reason == "fails 2 of the examples"


def test_what_counts_is_agreement_input_by_input() -> None:
    some = [candidate(0, 4), candidate(1, 3), candidate(2, 3)]
    seen = {
        0: Seen((), ("= 9", "= 9", "= 9")),  # the most samples, and alone everywhere
        1: Seen((), ("= 1", "= 2", "= 3")),
        2: Seen((), ("= 1", "= 2", "! E")),
    }
    assert [(cluster.members[0].number, round(cluster.support, 3)) for cluster in clusters(some, seen)] == [
        (1, 5.0),
        (0, 4.0),
        (2, 4.0),
    ]
    assert evidence_for(clusters(some, seen)[0], 10).support == 5.0


def test_failing_alike_is_no_agreement_and_those_that_fail_an_example_do_not_count() -> None:
    assert support_of([(5, ("! E", "= 1")), (2, ("! E", "= 2"))]) == [2.5, 1.0]
    assert support_of([(5, ()), (2, ("= 2",))]) == [5.0, 2.0] and support_of([]) == []
    some = [candidate(0, 1), candidate(1, 9)]
    seen = {0: Seen((True,), ("= 1",)), 1: Seen((False,), ("= 1",))}
    assert clusters(some, seen)[0].support == 1.0


def test_one_sample_agrees_with_others_where_it_gives_the_same_values() -> None:
    seen = {0: Seen((), ("= 1", "= 2")), 1: Seen((), ("= 1", "= 3")), 2: Seen((), ("= 9", "= 9"))}
    found = clusters([candidate(0), candidate(1, 3), candidate(2)], seen)
    assert [(each.support, evidence_for(each, 5).level) for each in found] == [
        (3.5, Level.AGREEMENT),
        (2.5, Level.AGREEMENT),
        (1.0, Level.PARSES),
    ]
