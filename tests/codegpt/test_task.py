"""From words and places to what is asked of the model and of its answers."""

import pytest

from codegpt.document import Document
from codegpt.engine.scripted import ScriptedEngine, prompt_text
from codegpt.errors import InputError
from codegpt.generate import Task
from codegpt.interface import Interface, interface_of, interface_of_signature
from codegpt.prompt import Prompt
from codegpt.request import Request, Turn, render_request
from codegpt.sandbox.program import Tests
from codegpt.task import (
    Asked,
    named_in,
    place_at,
    propose_asserts,
    propose_interface,
    task_for,
    task_of,
    wants_class,
    wants_script,
)
from codegpt.trial import FunctionTrial, ScriptTrial

ENGINE = ScriptedEngine("")


def function_task(words: str, interface: Interface, tests: Tests | None = None, *turns: str) -> Task:
    said = tuple(Turn("...", each) for each in turns)
    return task_for(Asked(words, interface=interface, tests=tests, turns=said), ENGINE)


def script_task(words: str, language: str = "python", *turns: str) -> Task:
    return task_for(Asked(words, language, turns=tuple(Turn("...", each) for each in turns)), ENGINE)


@pytest.mark.parametrize(
    ("words", "script"),
    [
        ("a script that sums numbers", True),
        ("Read two integers from standard input and print their sum", True),
        ("a command-line tool that counts words", True),
        ("sort a list by length", False),
        ("a function that prints nothing and returns the sum", False),
        ("return the printable characters", False),
        ("terminal velocity of a body. v(1.0) == 4.4", False),
        ("Pretty print a matrix. pp([[1]]) == '1'", False),
        ("print the longest line of the input", True),
    ],
)
def test_a_program_or_a_function(words: str, script: bool) -> None:
    assert wants_script(words) is script


def test_the_model_proposes_the_interface() -> None:
    asked: list[str] = []

    def script(prompt: Prompt, _row: int) -> str:
        asked.append(prompt_text(prompt))
        return "mean(values: list[float]) -> float:\n    return 0\n"

    assert propose_interface("the mean of numbers", ScriptedEngine(script), None) == interface_of_signature(
        "mean(values: list[float]) -> float"
    )
    assert asked[0].endswith("def ")
    assert propose_interface("anything", ScriptedEngine("I cannot"), None) is None


def test_a_function_of_words() -> None:
    task = function_task('Say """hi\\n""" so often.\n\nhi(2) == "hihi"', interface_of_signature("hi(n: int) -> str"))
    begins = task.request.begins
    assert interface_of(begins) == interface_of_signature("hi(n: int) -> str")
    names: dict[str, object] = {}
    exec(begins, names)
    assert names["hi"].__doc__ == 'Say """hi\\n""" so often.\n\n    hi(2) == "hihi"\n    '
    trial = task.trial
    assert isinstance(trial, FunctionTrial)
    assert [(each.call.args, each.expected) for each in trial.examples] == [((2,), "hihi")]
    assert len(trial.inputs) == 24 and trial.inputs[0].args == (2,)
    assert task.failure(0) == "This does not hold: hi(2) == 'hihi'"


def test_what_cannot_be_called_says_why() -> None:
    task = function_task("Do it.", interface_of_signature("f(path: Path) -> None"))
    assert task.trial is None and task.why_not_run == "nothing to call it with: no examples, and no types of plain data"
    tested = function_task("Do it.", interface_of_signature("f(path: Path)"), Tests("def check(f): ...", "f"))
    assert isinstance(tested.trial, FunctionTrial) and tested.failure(0) == "The tests fail."


def test_a_program_over_standard_input() -> None:
    task = script_task("Print the sum.\n\nInput:\n1 2\nOutput:\n3\n")
    assert isinstance(task.trial, ScriptTrial)
    assert task.trial.inputs == ("1 2\n", "2 3\n", "")
    no_case = script_task("A script that prints the sum.")
    assert isinstance(no_case.trial, ScriptTrial) and no_case.trial.cases == ()
    assert no_case.trial.inputs == ("3\n1\n2\n", "a b a\nB c\n", "4\n2\n3\n", "1\n2\n", "B c\n", "")
    assert task.failure(0) == "For the input '1 2\\n' it has to print '3\\n'."
    assert task.request.begins == "" and "standard input" in task.request.words
    other = script_task("Print the sum.", "ruby")
    assert other.trial is None and other.why_not_run == "programs in Ruby are not run"


FILE = (
    "import math\n\n\n@cache\n"
    'def area(r: float) -> float:\n    """Of a circle.\n\n    area(0.0) == 0\n    """\n    \n\n\nx = 1\n'
)


def at(text: str, marker: str, words: str = "") -> Task:
    document = Document(text, language="python")
    place = place_at(document, text.index(marker) + len(marker))
    return task_for(Asked(words, interface=place.interface, place=place), ENGINE)


def test_a_function_in_a_file() -> None:
    task = at(FILE, '    """\n    ')
    assert task.request.begins == FILE[FILE.index("@cache") : FILE.index("    \n\n\nx")]
    assert task.request.context == "import math"
    trial = task.trial
    assert isinstance(trial, FunctionTrial)
    assert (trial.head, trial.tail) == ("import math\n\n\n", "\n\n\n\nx = 1\n")
    assert [each.text for each in trial.examples] == ["area(0.0) == 0"]
    asked = prompt_text(render_request(task.request, None, frozenset()))
    assert asked.startswith("import math\n\n\n") and asked.endswith(task.request.begins)


def test_behind_a_bare_signature_and_in_crlf() -> None:
    task = at("def double(n: int):\r\n    \r\nx = 1\r\n", "def double(n: int):", "Twice n.")
    assert task.request.begins == "def double(n: int):\n" and task.request.words == "Twice n."
    assert isinstance(task.trial, FunctionTrial) and "\r" not in task.trial.tail


def test_a_method_is_not_called_but_its_session_is_run() -> None:
    text = "class A:\n    def get(self, n: int) -> int:\n"
    task = at(text, "-> int:\n")
    assert task.trial is None and task.why_not_run == "get is a method of A: no call of it can be made up"
    told = at(text + '        """\n        >>> A().get(3)\n        3\n        """\n', '3\n        """\n')
    assert isinstance(told.trial, FunctionTrial) and told.trial.inputs == () and len(told.trial.examples) == 1


@pytest.mark.parametrize(
    "text", ["", "x = 1\n", "class A:\n    x = 1\n", "def f():\n    return 1\n", "def f():\n    def g():\n"]
)
def test_where_no_function_begins(text: str) -> None:
    with pytest.raises(InputError, match="no function without a body ends at the cursor"):
        place_at(Document(text, language="python"), len(text))


def test_an_interface_without_parameters() -> None:
    task = function_task("f() == 3", Interface("f"))
    assert isinstance(task.trial, FunctionTrial) and [each.args for each in task.trial.inputs] == [()]


def test_what_is_said_later_counts() -> None:
    task = function_task(
        "f(1) == 2 and f(2) == 3", interface_of_signature("f(n: int)"), None, "No: f(1) == 5", "f(7) == 8"
    )
    assert isinstance(task.trial, FunctionTrial)
    assert [(each.call.args, each.expected) for each in task.trial.examples] == [((1,), 5), ((2,), 3), ((7,), 8)]
    assert [turn.words for turn in task.request.turns] == ["No: f(1) == 5", "f(7) == 8"]
    script = script_task("Input: 1\nOutput: 2\n", "python", "Input: 1\nOutput: 3\n")
    assert isinstance(script.trial, ScriptTrial) and [case.stdout for case in script.trial.cases] == ["3\n"]


def test_the_model_proposes_asserts() -> None:
    engine = ScriptedEngine("1) == 2\nassert f(3) == 4\nassert g(1)\n```\nassert f(5) == 6")
    interface = interface_of_signature("f(n: int) -> int")
    request = function_task("", interface).request
    proposed = propose_asserts(request, interface, engine, None, rows=2)
    assert [(each.example.text, each.times) for each in proposed] == [("f(1) == 2", 2), ("f(3) == 4", 2)]
    task = task_of(request, interface, proposals=proposed)
    assert isinstance(task.trial, FunctionTrial)
    assert [each.args for each in task.trial.inputs[:2]] == [(1,), (3,)] and task.trial.proposals == proposed


def test_a_function_within_a_branch_and_its_own_docstring() -> None:
    text = (
        'class A:\n    def m(self):\n        """f(1) == 99"""\n\n\n'
        'if True:\n    def f(x: int) -> int:\n        """f(1) == 2"""\n'
    )
    document = Document(text, language="python")
    place = place_at(document, len(text))
    task = task_for(Asked("", interface=place.interface, place=place), ENGINE)
    assert isinstance(task.trial, FunctionTrial) and [each.text for each in task.trial.examples] == ["f(1) == 2"]
    assert task.stub is not None
    compile(task.stub.source, "", "exec")


def test_what_comes_to_a_coroutine_is_not_called() -> None:
    assert at("async def f(x: int):\n", ":\n").why_not_run == "f is asynchronous: no call of it can be made up"


def test_calls_in_the_prose_of_a_method_are_none_of_it() -> None:
    begins = "class A:\n    def get(self, n: int) -> int:\n"
    text = begins + '        """get(2) == 4\n\n        >>> A().get(3)\n        3\n        """\n'
    task = at(text, '3\n        """\n')
    assert isinstance(task.trial, FunctionTrial) and len(task.trial.examples) == 1
    assert all(each.appended for each in task.trial.examples)


def test_the_proposed_name_is_that_of_the_example() -> None:
    engine = ScriptedEngine("values: list[float]) -> float:\n    return 0\n")
    found = propose_interface("mean of numbers. average([1, 3]) == 2", engine, None)
    assert found == interface_of_signature("average(values: list[float]) -> float")


def test_another_language_is_asked_for_what_the_words_say() -> None:
    task = task_for(Asked("Add two numbers. add(1, 2) == 3", "javascript", unsettled=True), ENGINE)
    assert task.request == Request("Add two numbers. add(1, 2) == 3", language="javascript")
    assert isinstance(task.trial, FunctionTrial) and task.trial.language == "javascript"
    assert [each.text for each in task.trial.examples] == ["add(1, 2) == 3"] and len(task.trial.inputs) > 1
    nothing = task_for(Asked("Add two numbers.", "javascript", unsettled=True), ENGINE)
    assert nothing.trial is None and nothing.why_not_run.startswith("the words have no example")
    no_runner = task_for(Asked("Add two numbers. add(1, 2) == 3", "go", unsettled=True), ENGINE)
    assert (no_runner.trial, no_runner.why_not_run) == (None, "programs in Go are not run")


def test_pythons_own_functions_are_not_what_is_asked_for() -> None:
    assert named_in("the longest slice for which sum(slice) == target") == ""
    assert named_in("word(s) returns; sorted(x) == y, longest([1], 2) == [1]") == "longest"
    engine = ScriptedEngine("a, b):\n    pass\n")
    found = propose_interface("with sum(values) == 3", engine, None, "pairs")
    assert found is not None and str(found) == "pairs(a, b)"


def test_a_complaint_is_no_example() -> None:
    interface = interface_of_signature("f(x: int) -> int")
    turns = (Turn("def f(x): ...\n", "f(2) gives 3, but it should give 4"), Turn("def f(x): ...\n", "f(3) returns 5"))
    task = task_for(Asked("f(3) == 6", interface=interface, turns=turns), ENGINE)
    assert isinstance(task.trial, FunctionTrial)
    assert [each.text for each in task.trial.examples] == ["f(3) == 6"]


@pytest.mark.parametrize("margin", ["  ", "\t", "    "])
def test_a_file_without_the_body_loads_however_it_is_indented(margin: str) -> None:
    for text in (f'def f(x):\n{margin}"""One."""\n', "def f(x):\n", f"class A:\n{margin}def f(self):\n"):
        place = place_at(Document(text, language="python"), len(text))
        compile(place.stub, "", "exec")


def test_a_doctest_is_not_run_in_another_language() -> None:
    task = task_for(Asked(">>> f([2, 1])[0]\n2\n\nf(1) == 2", "javascript", unsettled=True), ENGINE)
    assert isinstance(task.trial, FunctionTrial) and not any(each.appended for each in task.trial.examples)


def test_a_function_that_returns_nothing_is_judged_by_its_argument() -> None:
    words = "Move zeroes to the end.\n\nInput: nums = [0, 1]\nOutput: [1, 0]"
    task = function_task(words, interface_of_signature("move(nums: list[int]) -> None"))
    assert isinstance(task.trial, FunctionTrial) and [each.in_place for each in task.trial.examples] == [True]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("a class for a bank account", True),
        ("Write a small generic stack class with push and pop", True),
        ("class Stack with push", True),
        ("a dataclass with a name", True),
        ("a function that returns a class", False),
        ("the class of a triangle", False),
        ("split text at a class of characters", False),
        ("a class with f(2) == 3", False),
        ("classify words", False),
    ],
)
def test_what_wants_a_class(words: str, expected: bool) -> None:
    assert wants_class(words) is expected


def test_a_class_is_tried_by_its_examples() -> None:
    words = "A stack class.\n\n>>> s = Stack()\n>>> s.push(1)\n>>> s.pop()\n1\n"
    task = task_for(Asked(words, unsettled=True), ENGINE)
    assert isinstance(task.trial, FunctionTrial) and task.trial.inputs == ()
    assert [each.text for each in task.trial.examples] == ["s.pop()  # 1"]
    asserted = task_for(Asked("A class.\nassert Stack().size() == 0", unsettled=True), ENGINE)
    assert isinstance(asserted.trial, FunctionTrial) and len(asserted.trial.examples) == 1
    untried = task_for(Asked("class Stack with push", unsettled=True), ENGINE)
    assert untried.why_not_run == "a class, and no example of it: give a doctest, asserts or --tests"
    nameless = task_for(Asked("a class for a bank account", unsettled=True), ENGINE)
    assert nameless.trial is None and "give a doctest" in nameless.why_not_run
