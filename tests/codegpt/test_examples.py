"""Examples out of docstrings, prose and tests: all that are there, and none that are not."""

from dataclasses import replace
from typing import Any

import pytest

from codegpt.cases import cases_in
from codegpt.example import Example, Shown, in_place
from codegpt.examples import examples_in
from codegpt.sandbox.outcome import Raised, Reply, Returned, Unencodable
from codegpt.sandbox.program import Call
from codegpt.sandbox.verdict import Raises


def said(text: str, parameters: tuple[str, ...] = ()) -> list[tuple[object, ...]]:
    return [(*example.call.args, example.expected) for example in examples_in(text, "f", parameters)]


@pytest.mark.parametrize(
    "text",
    [
        "f(2) == 3",
        "f(2) === 3",
        "f(2) = 3",
        "f(2) => 3",
        "f(2) ==> 3",
        "f(2) -> 3",
        "f(2) --> 3",
        "f(2) ➞ 3",
        "f(2) → 3",
        "f(2): 3",
        "f(2) returns 3",
        "f(2)   # returns 3",
        "f(2) # => 3",
        "f(2) should return 3",
        "f(2) should be 3.",
        "f(2) gives 3, since it is so",
        "f(2) is 3",
        "f(2) must be equal to 3",
        "f(2) returns the number 3",
        "* f(2) => 3 (the next one)",
        "assert f(2) == 3",
        "`f(2)` returns `3`",
        "for f(2) == 3",
        "f(2) == 1 + 2",
        "f(2) == 1 + 1 + 1 = 3",
        "f(2) -> 5 - 2 = 3",
        ">>> f(2)\n3",
        ">>> f(2) == 3\nTrue",
        ">>> 3 == f(2)\nTrue",
        ">>> f(2) == 3",
        ">>> n = 2\n>>> f(n)\n3",
        ">>> n = 2\n\n>>> f(n)\n3",
        "assert f(2) == 3, 'the next one'",
        "f(2) returns 3. f(x) returns more.",
        "`f(2)` → `3`, isn't it",
        "- f(2) == 3",
        "f(2) == 3\r\nf(2) == 3\r\n",
        "f(2) returns 4 but it should return 3",
    ],
)
def test_ways_to_say_it(text: str) -> None:
    assert said(f"Add one.\n\n{text}\n") == [(2, 3)]


@pytest.mark.parametrize(
    "text",
    [
        "f(x) == 3",
        "f(2) == y",
        "f(2) is 3 if x is given",
        "f(2) is 3 when it rains",
        "f(2) == 3 * x",
        "f(2) returns 3rd",
        "g(2) == 3",
        "a.f(2) == 3",
        "def f(2): 3",
        "f(2) and 3",
        "f(2) != 3",
        "f(2) ('Venus')",
        "g(2) + f(2) == 3",
        "f(3) = 3 * f(2) = 3",
        "g(1) != f(2) == 3",
        "not f(2) == 3",
        "f(2) returns 3, which is wrong",
        "f(2) returns 3 but it should not",
        "f(2) returns 255 as a string",
        "f(2) returns 2024-10-15",
        ">>> f(2)  # doctest: +SKIP\n3",
        "f(2) ==> ('Venus')",
        "f(2",
        "f(2) is",
        "",
    ],
)
def test_what_says_nothing(text: str) -> None:
    assert said(text) == []


def test_over_several_lines_and_with_several_arguments() -> None:
    text = "f([\n  [1, 2],\n  [3]\n], 1) == [(0, 0)]\nf([], x='a') == []"
    found = examples_in(text, "f", ("rows", "x"))
    assert [(each.call.args, dict(each.call.kwargs), each.expected) for each in found] == [
        (([[1, 2], [3]], 1), {}, [(0, 0)]),
        (([],), {"x": "a"}, []),
    ]
    assert found[1].text == "f([], x='a') == []"


def test_blocks_of_input_and_output() -> None:
    text = (
        "Example 1:\n    Input: [4,2,3]\n    Output: [2, 1]\n    Explanation: so\nExample 2:\n Input: []\n Output: []\n"
    )
    assert said(text, ("arr",)) == [([4, 2, 3], [2, 1]), ([], [])]
    assert said("Input: n = 5\nOutput: 1", ("n",)) == [(5, 1)]
    assert said("Input: a = 5, b = [1]\nOutput: 'x'", ("a", "b")) == [(5, [1], "x")]
    assert said("Input: b = 5, a = 1\nOutput: 'x'", ("a", "b")) == [(1, 5, "x")]
    assert said("Input: 1, 2\nOutput: 3", ("a", "b")) == [(1, 2, 3)]
    assert said("Input: 1\nOutput: 3", ("a", "b")) == []
    assert said("Input: c = 1\nOutput: 3", ("a",)) == []
    assert said("Input: a number\nOutput: another", ("a",)) == []


def test_parameters_by_name() -> None:
    assert said("For n = 3 the output should be 5.", ("n",)) == [(3, 5)]
    assert said("lst = [1, 2], k = 3 -> 4", ("lst", "k")) == [([1, 2], 3, 4)]
    assert said("if n = 3, it returns 5", ("n",)) == [(3, 5)]
    assert said("For n = 3 the sum will be 1 the output should be 5", ("n",)) == []
    assert said("n == 3 is 5", ("n",)) == []


def test_what_contradicts_itself_is_left_out() -> None:
    assert said("f(1) == 2\nf(2) == 3\nf(1) == 4\nf(2) == 3") == [(2, 3)]


def test_a_session_runs_as_it_is() -> None:
    text = (
        ">>> s = Stack()\n>>> s.push(3)\n>>> s.pop()\n3\n"
        ">>> s.pop()\nTraceback (most recent call last):\nIndexError: empty\n"
    )
    pop, empty = examples_in(text, "Stack")
    name = pop.call.function
    assert name.startswith("codegpt_session_")
    assert pop.call == Call(name, (2,)) and pop.expected == Shown("3\n")
    assert empty.call == Call(name, (3,)) and empty.expected == Raises("IndexError")
    names: dict[str, Any] = {}
    stack = "class Stack(list):\n    push = list.append\n"
    exec(stack + pop.appended, names)
    shown = names[name](2)
    assert pop.holds(Reply(Returned(shown), 0.0))
    with pytest.raises(IndexError):
        names[name](3)


def test_what_is_shown_may_be_left_open() -> None:
    [example] = examples_in(">>> print(f(2))\n<f at 0x...>\n", "f")
    assert example.holds(Reply(Returned("<f at 0x7f>\n"), 0.0))
    assert not example.holds(Reply(Returned("<g at 0x7f>\n"), 0.0))


def test_an_exception() -> None:
    [example] = examples_in(">>> f(-1)\nTraceback (most recent call last):\n    ...\nmodule.OddError: odd\n", "f")
    assert example.expected == Raises("OddError") and example.call == Call("f", (-1,))
    assert example.holds(Reply(Raised("OddError"), 0.0)) and example.holds(Reply(Raised("Odder", ("OddError",)), 0.0))
    assert not example.holds(Reply(Raised("ValueError"), 0.0)) and not example.holds(Reply(Returned(None), 0.0))


def test_when_it_holds() -> None:
    example = Example(Call("f", (1,)), 0.3, "f(1) == 0.3")
    assert example.holds(Reply(Returned(0.1 + 0.2), 0.0))
    assert not example.holds(Reply(Returned("0.3"), 0.0))
    assert not example.holds(Reply(Unencodable("Fraction"), 0.0))
    assert not example.holds(Reply(Raised("ValueError"), 0.0))


def test_doctests_that_are_none() -> None:
    assert said(">>>f(2)\n3") == []
    assert said(">>> f(2)\n   3\n >>> f(4)\n5") == []  # its indentation is wrong


@pytest.mark.parametrize(
    "text",
    [
        "f(10) is 3,628,800",
        "f(7) == 3, 1",
        "f(1) = 0.333...",
        "f('B') prints 'hi'",
        "f(1) returns 3 and 4",
        "f(1) == 1.5.2",
    ],
)
def test_what_only_looks_like_an_example(text: str) -> None:
    assert said(text) == []


def test_the_same_said_in_other_words_is_no_contradiction() -> None:
    assert said("f(1) == {0, 8}\nf(1) == {8, 0}") == [(1, {0, 8})]
    assert said("f(1) == 2\nf(1) == 2.0") == [(1, 2)]


@pytest.mark.parametrize(
    "text",
    [
        ">>> s = [1]\n>>> f(s, 2)\n>>> f(s, 3)\n[1, 2, 3]\n",
        ">>> x = 1\n>>> x = g()\n>>> f(x)\n2\n",
        ">>> x = 1\n>>> x += 1\n>>> f(x)\n2\n",
    ],
)
def test_a_session_whose_statements_do_something_runs_as_it_is(text: str) -> None:
    assert all(example.appended for example in examples_in(text, "f")) and examples_in(text, "f")


@pytest.mark.parametrize(
    "text",
    [
        "For n = 3" + " " * 20_000 + "x",
        "f(1)" + " " * 20_000 + "x",
        "Input: x" + " " * 20_000,
        "Input: x, " * 2_000,
        "f(" * 20_000,
        "f([" * 20_000,
        "n = " * 20_000,
        "Input:" + "\n" * 50_000,
        ">>> f(1)\n" * 5_000,
        "assert f(1) == 1\n" * 5_000,
        "assert f(" * 10_000,
        ">>> f(x)\n1\n\n" * 5_000,
        ">>> f(x)\n1\n" * 5_000,
        "f(1) == " + "[" * 50_000,
        "f(0x" + "f" * 4000 + ") == 1",
        "f(1" + "+1" * 5000 + ") == 1",
        "f(1e999) == 1",
    ],
)
def test_no_text_takes_long(text: str) -> None:
    examples_in(text, "f", ("n",))
    cases_in(text)


def test_true_is_not_one_where_it_is_not() -> None:
    assert Example(Call("f"), 1, "").holds(Reply(Returned(True), 0.0))
    assert not Example(Call("f"), [1], "", bools_apart=True).holds(Reply(Returned([True]), 0.0))
    assert Example(Call("f"), [True], "", bools_apart=True).holds(Reply(Returned([True]), 0.0))


def test_asserts_of_a_truth() -> None:
    one, two = examples_in("assert f(1)\nassert not f(2), 'why'\nassert f(3) == [\nassert f(4) == await x\n", "f")
    assert (one.text, two.text) == ("f(1)", "not f(2)")
    assert (one.inner, two.inner) == ((Call("f", (1,)),), (Call("f", (2,)),))
    names: dict[str, Any] = {"f": lambda x: [0] if x == 1 else ""}
    for example in (one, two):
        exec(example.appended, names)
        assert names[example.call.function]() is True


def test_what_is_said_to_an_answer_may_be_a_complaint() -> None:
    def said_back(text: str) -> list[object]:
        return [example.expected for example in examples_in(text, "f", said_back=True)]

    assert said_back("f(2) returns 3") == said_back("f(2) gives 3, not 4") == said_back("f(2) is 3") == []
    assert said_back("f(2) should return 4") == said_back("f(2) == 4") == said_back("f(2) -> 4") == [4]


def test_backticks_in_a_text_are_part_of_it() -> None:
    assert said("`f('`a`')` == 'a'") == [("`a`", "a")]


def test_names_of_a_session_hold_in_its_later_paragraphs() -> None:
    assert said(">>> x = [1]\n\n>>> f(x)\n1\n\nMore.\n\n>>> f(2)\n2\n") == [([1], 1), (2, 2)]
    assert said(">>> x = 1\n\n>>> x = g()\n>>> f(x)\n2\n\n>>> f(3)\n4\n")[1:] == [(3, 4)]


def test_what_a_call_may_change_is_given_to_it_as_it_is_then() -> None:
    first, second = examples_in(">>> x = []\n>>> f(x, 1)\n[1]\n>>> f(x, 2)\n[1, 2]\n", "f")
    assert first.appended and second.appended
    names: dict[str, Any] = {}
    exec("def f(x, y):\n    x.append(y)\n    return x\n" + second.appended, names)
    assert second.holds(Reply(Returned(names[second.call.function](2)), 0.0))
    assert not any(each.appended for each in examples_in(">>> x = []\n>>> f(x)\n1\n>>> x = [2]\n>>> f(x)\n2\n", "f"))


def test_what_fails_in_a_session_does_not_end_it() -> None:
    text = (
        ">>> from mymod import f\n>>> f(-1)\nTraceback (most recent call last):\nValueError: no\n>>> print(f(2))\n3\n"
    )
    last = examples_in(text, "f")[-1]
    names: dict[str, Any] = {}
    exec("def f(x):\n    return [][x] if x < 0 else x + 1\n" + last.appended, names)
    assert last.holds(Reply(Returned(names[last.call.function](2)), 0.0))


def test_what_a_function_that_returns_nothing_makes_of_its_argument() -> None:
    example = in_place(examples_in("Input: [0, 1]\nOutput: [1, 0]", "f", ("nums",))[0])
    assert example.text == "f([0, 1]) leaves it as [1, 0]"
    assert example.holds(Reply(Returned(None, ([1, 0],)), 0.0))
    assert not example.holds(Reply(Returned(None), 0.0)) and not example.holds(Reply(Returned([1, 0]), 0.0))
    assert replace(example, expected=[0, 1]).holds(Reply(Returned(None), 0.0))  # it changes nothing, and need not
    raising = examples_in(">>> f(1)\nTraceback (most recent call last):\nValueError\n", "f")[0]
    assert in_place(raising) == raising


def test_asserts_that_are_more_than_a_call() -> None:
    one, two = examples_in("assert set(f(1)) == set([1])\nassert math.isclose(f(2), 0.5)\nassert g(f(3)) == 1\n", "f")
    names: dict[str, Any] = {"f": lambda x: [1] if x == 1 else 0.5}
    for example in (one, two):
        exec(example.appended, names)
        assert names[example.call.function]() is True
    assert one.text == "set(f(1)) == set([1])"
