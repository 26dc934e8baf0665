"""A function in another language: candidates must do what the original does, on inputs that both are given in the jail.

The original's values are what is expected of the translation, by one table of what is the same in both languages:

=====================  ==========================
Python                 JavaScript
=====================  ==========================
int up to 2**53 - 1    number
float                  number, within 1e-6
bool                   boolean
str                    string
None                   null or undefined
list, tuple            Array
dict with str keys     object
set, frozenset         Set
an exception           an exception, of any class
=====================  ==========================

Inputs and values outside it are left out and counted: larger integers, bytes, complex numbers, other keys.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from codegpt.chat import ChatTemplate
from codegpt.document import Document
from codegpt.engine.protocol import Engine
from codegpt.errors import InputError
from codegpt.example import Example, without_contradictions
from codegpt.examples import examples_in
from codegpt.generate import Run, Task
from codegpt.inputs import inputs_for
from codegpt.interface import Interface, docstring_of, interface_of
from codegpt.languages import LANGUAGES
from codegpt.literals import NotLiteral, read_literal, text_of
from codegpt.program_text import parses
from codegpt.request import Request
from codegpt.sandbox.codec import Value
from codegpt.sandbox.outcome import CALL_TIMEOUT, Raised, Returned
from codegpt.sandbox.program import LANGUAGE_LIMITS, Call
from codegpt.sandbox.verdict import Raises
from codegpt.syntax import parse
from codegpt.task import PROPOSING, propose_asserts
from codegpt.trial import FunctionTrial

INPUTS = 40
LARGEST = 2**53 - 1
"""Above it, numbers of JavaScript are not all there."""


@dataclass(frozen=True)
class Original:
    """A function of Python, with what of its file it needs.

    Attributes:
        source: its own text.
        file: all of the file, which is what is run.
    """

    source: str
    file: str
    interface: Interface


@dataclass(frozen=True)
class Translation:
    """What is asked for, and what could not be asked of it.

    Attributes:
        left_out: inputs that are not the same in both languages, or on which the original gives such a value.
    """

    task: Task
    inputs: int
    left_out: int


class NotTheSame(ValueError):
    """A value that the other language has not."""


def original_in(document: Document, function: str) -> Original:
    """The function of that name in a file of Python.

    Raises:
        InputError: there is none at the top level of the file.
    """
    syntax = parse(document)
    known = syntax.definitions if syntax else ()
    spans = [each.span for each in known if each.name == function]
    at_margin = [span for span in spans if document.line_span(document.line_at(span.start)).start == span.start]
    spans = at_margin or spans
    if not spans:
        names = ", ".join(sorted({each.name for each in known}))
        raise InputError(f"no {function!r} is defined there; there are {names or 'no definitions'}")
    source = document.text[spans[0].start : spans[0].end].replace("\r\n", "\n")
    interface = interface_of(source)
    if interface is None or interface.name != function or not at_margin:
        raise InputError(f"{function!r} is no function at the top level of the file")
    return Original(source + "\n", document.text.replace("\r\n", "\n"), interface)


def proposed_calls(original: Original, engine: Engine, chat: ChatTemplate | None) -> Sequence[Call]:
    """Calls of the original that the model proposes.

    Raises:
        PromptTooLong: the original does not fit the model's context.
    """
    proposals = propose_asserts(Request("", original.source), original.interface, engine, chat, PROPOSING)
    return [call for each in proposals for call in each.example.calls]


def translation(
    original: Original, language: str, run: Run | None, propose: Callable[[], Sequence[Call]] = tuple
) -> Translation:
    """Ask the original, in the jail, for its values on inputs of its types, and make them what is expected.

    Args:
        run: None where there is no jail; then nothing is compared.
        propose: asked for calls where the original has neither types nor examples.
    """
    interface = original.interface
    name = LANGUAGES[language].name
    words = f"Translate this Python function to {name}:\n\n```python\n{original.source.rstrip()}\n```"
    request = Request(words, header(interface, language), language)
    if language not in LANGUAGE_LIMITS:
        return _not_compared(request, f"programs in {name} are not run")
    if run is None:
        return _not_compared(request, "there is no jail here")
    known = [example.call for example in examples_in(docstring_of(original.source), interface.name, interface.names)]
    calls = inputs_for(interface, known, INPUTS) or inputs_for(interface, propose(), INPUTS)
    if not calls:
        return _not_compared(
            request,
            f"{interface.name} has neither type hints of plain data nor examples, and the model proposes no calls",
        )
    asked = FunctionTrial(inputs=calls)
    [outcome] = run(asked.jobs(original.file))
    said = (_expected(call, reply.result) for call, reply in zip(calls, outcome.replies, strict=False))
    examples = without_contradictions([example for example in said if example is not None])
    if not examples:
        why = asked.seen([outcome]).why_not_run or (
            f"it does not load: {outcome.raised.name}"
            if outcome.raised
            else "none of its values is the same in both languages"
        )
        return _not_compared(request, f"the original says nothing: {why}", len(calls))
    trial = FunctionTrial(language, examples, limits=LANGUAGE_LIMITS[language])

    def failure(number: int) -> str:
        return f"It has to be the same as the original, but this is not: {examples[number].text}"

    return Translation(Task(request, trial, "", failure), len(examples), len(calls) - len(examples))


def _not_compared(request: Request, why: str, left_out: int = 0) -> Translation:
    return Translation(Task(request, None, why), 0, left_out)


def header(interface: Interface, language: str) -> str:
    """What the translation begins with; "" where the model is to choose."""
    if language not in ("javascript", "typescript") or interface.written:
        return ""
    try:
        listed = ", ".join(each.name + _default(each.default) for each in interface.parameters)
    except NotTheSame:
        return ""
    begins = f"function {interface.name}({listed}) {{\n"
    return begins if parses(f"{begins}}}\n", language) else ""


def _default(text: str) -> str:
    """A default value as JavaScript writes it.

    Raises:
        NotTheSame: it is none that JavaScript has.
    """
    if not text:
        return ""
    try:
        return f" = {json.dumps(same_in_javascript(read_literal(text)), allow_nan=False)}"
    except (NotLiteral, TypeError, ValueError) as error:
        raise NotTheSame(text) from error


OF_THE_MACHINE = (CALL_TIMEOUT, "RecursionError", "MemoryError")
"""What is raised where another language, or another machine, may come to a value."""


def _expected(call: Call, result: object) -> Example | None:
    """What the translation has to do; None where that cannot be said."""
    try:
        args = tuple(map(same_in_javascript, call.args))
        there = Call(call.function, args)
        if isinstance(result, Raised):
            if result.name in OF_THE_MACHINE:
                return None
            return Example(there, Raises("Error"), f"{_shown(there)} throws")
        if not isinstance(result, Returned) or (result.value is None and result.args is not None):
            return None  # what it does to its arguments is not compared
        value = same_in_javascript(result.value)
    except NotTheSame:
        return None
    return Example(there, value, f"{_shown(there)} gives {text_of(value)}", bools_apart=True)


def same_in_javascript(value: Value) -> Value:
    """The value as JavaScript has it.

    Raises:
        NotTheSame: it has none.
    """
    if value is None or isinstance(value, bool | str | float):
        return value
    if isinstance(value, int) and abs(value) <= LARGEST:
        return value
    if isinstance(value, list | tuple):
        return [same_in_javascript(each) for each in value]
    if isinstance(value, set | frozenset) and all(isinstance(each, str | int | float) for each in value):
        return {same_in_javascript(each) for each in value}
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {key: same_in_javascript(each) for key, each in value.items()}
    raise NotTheSame(type(value).__name__)


def _shown(call: Call) -> str:
    return f"{call.function}({', '.join(map(text_of, call.args))})"


def parts_of(place: str) -> tuple[str, str]:
    """``FILE:FUNCTION``.

    Raises:
        InputError: it is not that.
    """
    match = re.fullmatch(r"(.+):([^\W\d]\w*)", place)
    if match is None:
        raise InputError(f"{place!r} is no function of a file; write FILE:FUNCTION, for instance app.py:mean")
    return match[1], match[2]
