"""What is printed of candidates: code with comments, whatever a program has chosen to say."""

from dataclasses import replace

import pytest

from codegpt.generate import Candidates, Question, ranked
from codegpt.selection import Candidate, Evidence, Level, Seen
from codegpt.shown import as_text, evidence_in_words, in_words, one_line, remarks


def test_what_a_program_says_stays_one_line() -> None:
    assert one_line("x\nimport os\x1b[2J\t é \U0001f600") == (
        "x\\nimport os\N{REPLACEMENT CHARACTER}[2J\\t é \U0001f600"
    )
    assert one_line("f('a  b')\r\n") == "f('a  b')"  # two spaces are another text than one
    assert len(one_line("a" * 10_000)) == 203
    result = ranked([Candidate(0, "x = 1\n")], {0: Seen(why_not_run="no module named 'x\nimport os'")}, 1, ())
    assert as_text("python", result, 3) == "# 1: parses only, no module named 'x\\nimport os'\nx = 1\n"


def test_a_question_stays_one_line() -> None:
    result = Candidates(
        ranked([Candidate(0, "x\n")], {0: Seen()}, 1, ()).ranked,
        1,
        question=Question(0, "f(1)", "= a\x1b\nb", "! E\nF"),
    )
    assert "For f(1) the first gives a\N{REPLACEMENT CHARACTER}\\nb, the second raises E\\nF." in remarks(result)[0]


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        ("= [1]", "gives [1]"),
        ("= ", "gives nothing"),
        ("! KeyError", "raises KeyError"),
        ("? timeout", "does not answer: timeout"),
    ],
)
def test_behaviour_in_words(behaviour: str, words: str) -> None:
    assert in_words(behaviour) == words


def test_without_inputs_nothing_is_said_of_behaviour() -> None:
    evidence = Evidence(Level.EXAMPLES, 1, 1, 7, 7)
    assert evidence_in_words(evidence) == "examples passed (1 of 1)"
    assert evidence_in_words(replace(evidence, inputs=3)) == "examples passed (1 of 1), 7 of 7 samples behave alike"
