"""From what a person asks to what the model is asked, and how its answers are told from one another.

From words alone the interface comes first: a function's name, parameters and types, or a program that reads and prints.
It is settled before anything is drawn, and every candidate has it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from codegpt.cases import cases_in
from codegpt.chat import ChatTemplate
from codegpt.context import fit_window
from codegpt.document import Document
from codegpt.engine.protocol import Engine, SamplingParams
from codegpt.errors import InputError
from codegpt.examples import examples_in
from codegpt.generate import Task
from codegpt.inputs import inputs_for
from codegpt.interface import Interface, docstring_of, interface_of
from codegpt.languages import LANGUAGES
from codegpt.request import Request, render_request
from codegpt.sandbox.program import LANGUAGE_LIMITS, Tests
from codegpt.trial import FunctionTrial, ScriptTrial

CONTEXT_TOKENS = 1024
"""Of the file before a function, so much is shown to the model."""

_A_SCRIPT = re.compile(
    r"\b(?:scripts?|command[- ]line|stdin|standard input|argv|console|terminal|reads? (?:from )?(?:the )?(?:input|line)"
    r"|prints?)\b",
    re.I,
)
_A_FUNCTION = re.compile(r"\b(?:functions?|methods?|returns?)\b", re.I)


def wants_script(words: str) -> bool:
    """Whether words ask for a program that reads and prints, rather than for a function."""
    return _A_SCRIPT.search(words) is not None and _A_FUNCTION.search(words) is None


def propose_interface(words: str, engine: Engine, chat: ChatTemplate | None) -> Interface | None:
    """The signature that the model would give the function; None where it writes none.

    Raises:
        PromptTooLong: the words do not fit the model's context.
    """
    asked = f"{words.strip()}\n\nWrite it as one Python function with type hints."
    prompt = render_request(Request(asked, "def "), chat, engine.info.markup)
    [[found]] = engine.generate([prompt], SamplingParams(max_new_tokens=64, stop=("\n",)))
    return interface_of(f"def {found.text}\n")


def function_task(words: str, interface: Interface, tests: Tests | None = None) -> Task:
    """A function of Python, asked for by words: its signature, with the words as its docstring."""
    described = words.strip().replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    lines = "\n".join(f"    {line}".rstrip() for line in described.split("\n"))
    begins = f'def {interface}:\n    """{lines.strip()}\n    """\n'
    return task_of(Request("", begins), interface, tests)


def script_task(words: str, language: str = "python") -> Task:
    """A program that reads standard input and prints."""
    request = Request(f"{words.strip()}\n\nIt is a program that reads standard input and prints.", "", language)
    if language not in LANGUAGE_LIMITS:
        return Task(request, None, _no_runner(language))
    cases = cases_in(words)
    trial = ScriptTrial(language, cases, tuple(_other_texts([case.stdin for case in cases])))
    return Task(request, trial, "", lambda number: _failed_case(trial, number))


@dataclass(frozen=True)
class Place:
    """A function in a document that has no body yet."""

    begins: str
    before: str
    after: str
    interface: Interface


def place_at(document: Document, offset: int) -> Place:
    """The function whose signature or docstring the cursor stands behind.

    Raises:
        InputError: there is none, or it has a body.
    """
    before = document.text[:offset].replace("\r\n", "\n").rstrip()
    interface = interface_of(before)
    starts = [match.start() for match in re.finditer(r"^[ \t]*(?:async[ \t]+)?def[ \t]", before, re.M)]
    if interface is None or not starts:
        raise InputError("no function begins before the cursor; put it behind a signature or its docstring")
    begin = starts[-1]
    while (above := before[:begin].rstrip("\n").rpartition("\n")[2]).lstrip().startswith("@"):
        begin = before.rindex(above, 0, begin)
    after = document.text[offset:].replace("\r\n", "\n")
    return Place(before[begin:] + "\n", before[:begin], after, interface)


def placed_task(words: str, place: Place, engine: Engine, tests: Tests | None = None) -> Task:
    """A function in a file: the code before it is shown to the model, and stands around it where it is run."""
    window = fit_window(Document(place.before), len(place.before), CONTEXT_TOKENS, 0, engine.count_tokens)
    request = Request(words, place.begins, context=window.prefix.strip("\n"))
    return task_of(request, place.interface, tests, place.before, place.after)


def task_of(request: Request, interface: Interface, tests: Tests | None = None, head: str = "", tail: str = "") -> Task:
    """A function of Python whose signature `request.begins`: its examples are those of the words and the docstring.

    Args:
        head, tail: what stands around it in its file.
    """
    said = f"{request.words}\n{docstring_of(head + request.begins)}"
    examples = examples_in(said, interface.name, interface.names)
    if interface.owner and not any(example.appended for example in examples) and tests is None:
        return Task(request, None, f"{interface.name} is a method of {interface.owner}: no call of it can be made up")
    inputs = () if interface.owner else inputs_for(interface, [example.call for example in examples])
    if not inputs and not examples and tests is None:
        return Task(request, None, "nothing to call it with: no examples, and no types of plain data")
    trial = FunctionTrial("python", examples, inputs, tests=tests, head=head, tail=f"\n{tail}" if tail else "")

    def failure(number: int) -> str:
        return f"This does not hold: {examples[number].text}" if number < len(examples) else "The tests fail."

    return Task(request, trial, "", failure)


def _no_runner(language: str) -> str:
    return f"programs in {LANGUAGES[language].name} are not run"


def _failed_case(trial: ScriptTrial, number: int) -> str:
    case = trial.cases[number]
    return f"For the input {case.stdin!r} it has to print {case.stdout!r}."


def _other_texts(texts: Sequence[str]) -> list[str]:
    """Inputs made of the cases' own: with other numbers, fewer lines, and none at all."""
    found = [re.sub(r"\d+", lambda match: str(int(match[0]) + 1), text) for text in texts]
    found += [text.split("\n", 1)[1] for text in texts if text.count("\n") > 1]
    return [*dict.fromkeys((*texts, *found, ""))]
