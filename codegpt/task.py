"""From what a person asks to what the model is asked, and how its answers are told from one another.

From words alone the interface comes first: a function's name, parameters and types, or a program that reads and prints.
It is settled before anything is drawn, and every candidate has it.
"""

import builtins
import keyword
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from codegpt.cases import cases_in
from codegpt.chat import ChatTemplate
from codegpt.context import fit_window
from codegpt.document import Document
from codegpt.engine.protocol import Engine, SamplingParams
from codegpt.errors import InputError
from codegpt.example import in_place
from codegpt.examples import examples_in
from codegpt.generate import Task
from codegpt.inputs import inputs_for, is_plain
from codegpt.interface import Interface, docstring_of, interface_of, named_only, open_function
from codegpt.languages import LANGUAGES
from codegpt.proposals import Proposal, over_in, proposals_in, render_proposals
from codegpt.request import Request, Turn, render_request
from codegpt.sandbox.program import LANGUAGE_LIMITS, Call, Limits, Program, Tests
from codegpt.trial import LIMITS, MODULE_LIMITS, FunctionTrial, ScriptTrial

CONTEXT_TOKENS = 1024
"""Of the file before a function, so much is shown to the model."""

_A_SCRIPT = re.compile(
    r"\b(?:scripts?|command[- ]line|stdin|standard input|argv|(?:in|on|to|from) (?:the|a) (?:console|terminal)"
    r"|reads? (?:from )?(?:the )?(?:input|line)|prints? (?:the|all|each|every|out|it|its|them|a|an|how))\b",
    re.I,
)
_A_FUNCTION = re.compile(r"\b(?:functions?|methods?|returns?)\b", re.I)
_NAMED = re.compile(r"\b([^\W\d]\w*)\((?!s\))[^\n]{0,200}?\)\s{0,3}(?:==?|->|=>|(?:is|returns?|gives?)\b)")
_NO_NAMES = frozenset((*dir(builtins), *keyword.kwlist))


def named_in(words: str) -> str:
    """The function that the examples in words call; "" where there are none. Python's own are not what is asked for."""
    return next((match[1] for match in _NAMED.finditer(words) if match[1] not in _NO_NAMES), "")


def wants_script(words: str) -> bool:
    """Whether words ask for a program that reads and prints, rather than for a function."""
    return _A_SCRIPT.search(words) is not None and _A_FUNCTION.search(words) is None and not named_in(words)


_A_CLASS = re.compile(
    r"\b(?:an?|one|write|implement|make|create|python)\s+(?:\w+\s+){0,3}?(?:data)?class\b(?!\s+(?:of|names?|labels?)\b)"
    r"|\b(?:data)?class\s+(?P<name>(?-i:[A-Z])\w*)",
    re.I,
)


def wants_class(words: str) -> bool:
    """Whether words ask for a class, rather than for a function."""
    return _A_CLASS.search(words) is not None and _A_FUNCTION.search(words) is None and not named_in(words)


def propose_interface(words: str, engine: Engine, chat: ChatTemplate | None, name: str = "") -> Interface | None:
    """The signature that the model would give the function; None where it writes none.

    Args:
        name: of the function; "" for that of the function that the words call, if they do.

    Raises:
        PromptTooLong: the words do not fit the model's context.
    """
    asked = f"{words.strip()}\n\nWrite it as one Python function with type hints."
    name = name or named_in(words)
    begun = f"def {name}(" if name else "def "
    prompt = render_request(Request(asked, begun), chat, engine.info.markup)
    [[found]] = engine.generate([prompt], SamplingParams(max_new_tokens=64, stop=("\n",)))
    return interface_of(f"{begun}{found.text}\n")


@dataclass(frozen=True)
class Place:
    """A function in a document that has no body yet."""

    begins: str
    before: str
    after: str
    interface: Interface
    docstring: str = ""

    @property
    def stub(self) -> str:
        """The file with a body that does nothing; a docstring is one."""
        first = self.begins.lstrip("\n")
        margin = first[: len(first) - len(first.lstrip())]
        body = "" if self.docstring else f"{margin}    raise NotImplementedError\n"
        return f"{self.before}{self.begins}{body}\n{self.after}"


def place_at(document: Document, offset: int) -> Place:
    """The function whose signature or docstring the cursor stands behind.

    Raises:
        InputError: there is none, it has a body, or it stands in another function.
    """
    before = document.text[:offset].replace("\r\n", "\n").rstrip()
    found = open_function(before)
    if found is None:
        raise InputError(
            "no function without a body ends at the cursor; put it behind a signature or its docstring, at the top "
            "level of the file or in a class"
        )
    begin = Document(before).line_starts[found.line]
    after = document.text[offset:].replace("\r\n", "\n")
    return Place(before[begin:] + "\n", before[:begin], after, found.interface, found.docstring)


@dataclass(frozen=True)
class Asked:
    """All that a person has settled; it can be kept, and asked again with more said.

    Attributes:
        interface: None for a program that reads standard input and prints, or what `unsettled` says.
        unsettled: it is left to the model what it is: in another language than Python, and where a class is wanted.
        place: where in a file the function stands; None for one that stands alone.
        module: of a place in a workspace that is trusted, see `Program`.
        turns: what came of it before, and what was said then.
    """

    words: str
    language: str = "python"
    interface: Interface | None = None
    place: Place | None = None
    tests: Tests | None = None
    turns: tuple[Turn, ...] = ()
    module: str = ""
    unsettled: bool = False


NO_SIGNATURE = "the model proposed no signature; give one, such as name(x: int) -> str"


def asked_in_words(words: str, language: str, engine: Engine, chat: ChatTemplate | None) -> Asked:
    """What words alone settle: a class, a program, or a function, whose signature the model proposes.

    Raises:
        InputError: the model proposes none.
        PromptTooLong: the words do not fit the model's context.
    """
    if language == "python" and wants_class(words):
        return Asked(words, unsettled=True)
    if wants_script(words):
        return Asked(words, language)
    if language != "python":
        return Asked(words, language, unsettled=True)
    interface = propose_interface(words, engine, chat)
    if interface is None:
        raise InputError(NO_SIGNATURE)
    return Asked(words, "python", interface)


def task_for(asked: Asked, engine: Engine, calls: Sequence[Call] = ()) -> Task:
    """What is asked of the model, and of its answers.

    Args:
        calls: inputs beside those that the words, the docstring and the types give.
    """
    if asked.unsettled:
        return _unsettled_task(asked)
    if asked.interface is None:
        return _script_task(asked)
    if asked.place is None:
        request = Request("", _described(asked.interface, asked.words), turns=asked.turns)
        return task_of(request, asked.interface, asked.tests, calls=calls)
    place = asked.place
    window = fit_window(Document(place.before), len(place.before), CONTEXT_TOKENS, 0, engine.count_tokens)
    request = Request(asked.words, place.begins, context=window.prefix.strip("\n"), turns=asked.turns)
    docstring = place.docstring
    task = task_of(request, asked.interface, asked.tests, place.before, place.after, docstring=docstring, calls=calls)
    if isinstance(task.trial, FunctionTrial) and asked.module:
        task = replace(task, trial=replace(task.trial, module=asked.module, limits=MODULE_LIMITS))
    return replace(task, stub=Program(place.stub, asked.language, asked.module))


def _described(interface: Interface, words: str) -> str:
    """The signature, with the words as its docstring."""
    described = words.strip().replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    lines = "\n".join(f"    {line}".rstrip() for line in described.split("\n"))
    return f'def {interface}:\n    """{lines.strip()}\n    """\n'


def _script_task(asked: Asked) -> Task:
    words, language = asked.words.strip(), asked.language
    request = Request(
        f"{words}\n\nIt is a program that reads standard input and prints.", "", language, "", asked.turns
    )
    if language not in LANGUAGE_LIMITS:
        return Task(request, None, _no_runner(language))
    cases = {case.stdin: case for said in (words, *(turn.words for turn in asked.turns)) for case in cases_in(said)}
    trial = ScriptTrial(language, tuple(cases.values()), tuple(_other_texts(list(cases))), _limits(language))
    return Task(request, trial, "", lambda number: _failed_case(trial, number))


def _unsettled_task(asked: Asked) -> Task:
    """Code as the words say, and examples of what it is called, where the language has a runner."""
    request = Request(asked.words.strip(), "", asked.language, "", asked.turns)
    if asked.language not in LANGUAGE_LIMITS:
        return Task(request, None, _no_runner(asked.language))
    name = named_in(asked.words) or (asked.tests.entry if asked.tests else _class_in(asked.words))
    task = task_of(request, named_only(name), asked.tests) if name else Task(request)
    if task.trial is not None:
        return task
    if wants_class(asked.words):
        return Task(request, None, "a class, and no example of it: give a doctest, asserts or --tests")
    return Task(request, None, "the words have no example, such as f(2) == 4, that says what to call")


def _class_in(words: str) -> str:
    """The class that words name, or that what they assert makes an instance of."""
    named = re.search(r"\bclass\s+([A-Z]\w*)", words) or re.search(r"(?:>>>|\bassert)[^\n]*?\b([A-Z]\w*)\(", words)
    return named[1] if named else ""


def task_with_proposals(asked: Asked, engine: Engine, chat: ChatTemplate | None) -> Task:
    """`task_for`; where there is nothing to call a function with, the model proposes calls of it.

    Raises:
        PromptTooLong: the request does not fit the model's context.
    """
    task, interface = task_for(asked, engine), asked.interface
    if task.trial is not None or interface is None or interface.owner or interface.is_async:
        return task
    proposed = (each.example for each in propose_asserts(task.request, interface, engine, chat, PROPOSING))
    return task_for(asked, engine, [call for example in proposed for call in example.calls])


PROPOSING = 4
"""Answers with calls that are drawn; some five calls each."""


def propose_asserts(
    request: Request, interface: Interface, engine: Engine, chat: ChatTemplate | None, rows: int = 8, seed: int = 0
) -> tuple[Proposal, ...]:
    """Asserts that the model proposes for the function, of so many answers.

    Raises:
        PromptTooLong: the request does not fit the model's context.
    """
    prompt = render_proposals(request, interface, chat, engine.info.markup)
    params = SamplingParams(max_new_tokens=192, temperature=0.8, seed=seed)
    begun = f"assert {interface.name}("
    [found] = engine.generate([prompt], params, n=rows, watch=lambda _, text: over_in(begun + text))
    return proposals_in([each.text for each in found], interface, begun)


def task_of(
    request: Request,
    interface: Interface,
    tests: Tests | None = None,
    head: str = "",
    tail: str = "",
    proposals: tuple[Proposal, ...] = (),
    docstring: str | None = None,
    calls: Sequence[Call] = (),
) -> Task:
    """A function whose signature `request.begins`: its examples are those of the words and the docstring.

    Args:
        head, tail: what stands around it in its file.
        docstring: its own; None to read it in `request.begins`.
        proposals: asserts that vote, and whose calls are inputs as well.
        calls: further inputs.
    """
    docstring = docstring_of(request.begins) if docstring is None else docstring
    said = [(f"{request.words}\n\n{docstring}", False), *((turn.words, True) for turn in request.turns)]
    by_call = {
        f"{example.call!r} {example.appended}": example  # of what is said twice, the later counts
        for text, said_back in said
        for example in examples_in(text, interface.name, interface.names, said_back=said_back)
        if is_plain(example.call)
        and (request.language == "python" if example.appended else not (interface.owner or interface.is_async))
    }
    nothing_returned = interface.returns == "None"
    examples = tuple(in_place(each) if nothing_returned else each for each in by_call.values())
    known = [*examples, *(proposal.example for proposal in proposals)]
    inputs: tuple[Call, ...] = ()
    if interface.owner:
        why = f"{interface.name} is a method of {interface.owner}: no call of it can be made up"
    elif interface.is_async:
        why = f"{interface.name} is asynchronous: no call of it can be made up"
    else:
        why = "nothing to call it with: no examples, and no types of plain data"
        inputs = inputs_for(interface, [*(call for each in known for call in each.calls), *calls])
    if not inputs and not examples and tests is None:
        return Task(request, None, why)
    behind = f"\n{tail}" if tail else ""
    votes, limits = proposals if inputs else (), _limits(request.language)
    trial = FunctionTrial(request.language, examples, inputs, votes, tests, limits, head, behind)

    def failure(number: int) -> str:
        return f"This does not hold: {examples[number].text}" if number < len(examples) else "The tests fail."

    return Task(request, trial, "", failure)


def _limits(language: str) -> Limits:
    """Python's are those of `trial.LIMITS`; node takes longer to start."""
    return LIMITS if language == "python" else LANGUAGE_LIMITS[language]


def _no_runner(language: str) -> str:
    return f"programs in {LANGUAGES[language].name} are not run"


def _failed_case(trial: ScriptTrial, number: int) -> str:
    case = trial.cases[number]
    return f"For the input {case.stdin!r} it has to print {case.stdout!r}."


SOME_LINES = ("3\n1\n2\n", "a b a\nB c\n")
"""What a program is tried on of which no input is known: numbers, and words."""


def _other_texts(texts: Sequence[str]) -> list[str]:
    """Inputs made of the cases' own, or of some lines: with other numbers, fewer lines, and none at all."""
    texts = texts or SOME_LINES
    found = [re.sub(r"\d+", lambda match: str(int(match[0]) + 1), text) for text in texts]
    found += [text.split("\n", 1)[1] for text in texts if text.count("\n") > 1]
    return [*dict.fromkeys((*texts, *found, ""))]
