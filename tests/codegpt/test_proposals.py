"""Asserts in what a model wrote: which there are, what they are as calls, and how often they were proposed."""

from typing import Any

import pytest

from codegpt.chat import ChatTemplate
from codegpt.interface import interface_of_signature
from codegpt.proposals import OF_ONE_ANSWER, Proposal, asserts_in, over_in, proposals_in, render_proposals
from codegpt.request import Request
from codegpt.sandbox.program import Call

F = interface_of_signature("f(x: int) -> int")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("assert f(1) == 2\nassert f(2) == 3, 'why'\n", ["f(1) == 2", "f(2) == 3"]),
        ("assert f(\n    1,\n) == 2\nassert f(3)", ["f(1) == 2", "f(3)"]),
        ("assert f(1) == 2\nprint(3)\nassert not f(0)\n", ["f(1) == 2", "not f(0)"]),
        ("assert g(1) == 2\nassert sorted(f(1)) == [2]", ["sorted(f(1)) == [2]"]),
        ("assert \n    f(1) == 2", []),  # no Python
        ("assert f(1) == [2\nassert f(2) == 3", ["f(2) == 3"]),
        ("    assert f(1) == 2", []),
        ("assertion: f(1) == 2", []),
        ("", []),
        ("assert f('\U0001f600') == 'é'", ["f('\U0001f600') == 'é'"]),
        ("assert " + "(" * 5000, []),
    ],
)
def test_asserts_of_a_text(text: str, expected: list[str]) -> None:
    assert asserts_in(text, "f") == expected


def test_proposals_are_counted_and_read_as_calls() -> None:
    answers = ["1) == 2\nassert f(2) == 3\n", "1) ==  2\nassert sorted(f(3)) == []\n"]
    one, two, three = proposals_in(answers, F, "assert f(")
    assert (one.example.call, one.example.expected, one.times) == (Call("f", (1,)), 2, 2)
    assert (two.example.call, two.times) == (Call("f", (2,)), 1)
    assert three.example.call.function.startswith("codegpt_assert_") and three.example.expected is True
    names: dict[str, Any] = {"f": lambda x: []}
    exec(three.example.appended, names)
    assert names[three.example.call.function]() is True


def test_of_one_answer_only_the_first_count() -> None:
    answer = "\n".join(f"assert f({number}) == 0" for number in range(9))
    assert len(proposals_in([answer], F)) == OF_ONE_ANSWER
    assert proposals_in([], F) == () == proposals_in(["nothing"], F)


def test_when_an_answer_is_over() -> None:
    asserts = "".join(f"assert f({number}) == 0\n" for number in range(OF_ONE_ANSWER))
    assert not over_in(asserts) and over_in(asserts + "assert")
    assert not over_in("assert f(\n  1) == 2\n") and over_in("assert f(1) == 2\n```\n")


def test_how_a_model_is_asked() -> None:
    request = Request("", 'def f(x: int) -> int:\n    """Twice."""\n')
    [plain] = render_proposals(request, F, None, frozenset()).parts
    assert str(plain).endswith('"""Twice."""\n    pass\n\n\n# Tests of f\nassert f(')
    chat = ChatTemplate("{% for message in messages %}<{{ message.role }}>{{ message.content }}{% endfor %}<answer>")
    [asked] = render_proposals(request, F, chat, frozenset()).parts
    assert "Twice." in str(asked) and str(asked).endswith("<answer>```python\nassert f(")


def test_a_proposal_is_one_unless_said() -> None:
    assert Proposal(proposals_in(["assert f(1)"], F)[0].example).times == 1


def test_a_proposal_may_be_about_two_functions_of_the_program() -> None:
    [found] = proposals_in(["assert f(g('a')) == 'a'"], F)
    names: dict[str, Any] = {"f": str, "g": str}
    exec(found.example.appended, names)
    assert names[found.example.call.function]() is True
