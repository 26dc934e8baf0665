"""`codegpt generate`: a request in words, and candidates that were run before they are shown."""

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from codegpt.asking import ask, drawing, show_result
from codegpt.errors import InputError
from codegpt.interface import Interface, interface_of_signature, named_only
from codegpt.languages import LANGUAGES
from codegpt.literals import NotLiteral, read_literal
from codegpt.request import Turn
from codegpt.sandbox.program import Tests
from codegpt.sandbox.workspace import module_in
from codegpt.source_file import offset_of, read_document
from codegpt.trial import behaviour_of, behaviour_of_output
from codegpt.workspace_tests import find_tests, given_tests, subject_of

if TYPE_CHECKING:
    from codegpt.generate import Task
    from codegpt.last_result import Last
    from codegpt.load import LoadedModel
    from codegpt.task import Asked

OF_A_REQUEST = (("at", "--at"), ("signature", "--function"), ("script", "--script"), ("tests", "--tests"))
NOT_TOGETHER = (
    ({"at", "signature"}, "--at takes the signature that stands in the file; leave out --function"),
    ({"at", "script"}, "--at completes a function and --script writes a program; give one"),
    ({"signature", "script"}, "--function and --script are two different things; give one"),
    ({"script", "tests"}, "--tests calls a function, and --script is none; give examples as Input: and Output:"),
    ({"follow_up", "words"}, "--follow-up goes on from the last request; say all of it there"),
    ({"follow_up", "at"}, "--follow-up stays at the place of the last request; leave out --at"),
    ({"follow_up", "script"}, "--follow-up stays with the kind of the last request; leave out --script"),
    ({"answer", "words"}, "--answer is about the last result; leave out the words"),
    ({"answer", "follow_up"}, "--answer and --follow-up are two steps; give one"),
    *(({"answer", other}, f"--answer is about the last result; leave out {option}") for other, option in OF_A_REQUEST),
)


@click.command()
@click.argument("words", default="")
@click.option("--at", metavar="FILE:LINE:COL", help="Write the body of the function whose signature ends there.")
@click.option("--function", "signature", metavar="'f(x: int) -> str'", help="The signature, instead of a proposed one.")
@click.option("--script", is_flag=True, help="A program that reads standard input and prints.")
@click.option("--follow-up", metavar="WORDS", help="Go on from the last result: say what is to be different.")
@click.option(
    "--answer", metavar="first|second|VALUE", help="What is right where the last result's two best differ; ranks anew."
)
@click.option("--language", default="python", show_default=True, help="An editor's name of it.")
@click.option(
    "--tests",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A pytest file, or asserts; what passes it comes first.",
)
@drawing
def generate(**options: Any) -> None:
    """Write what WORDS ask for: several candidates, run in the jail, best first, each with its evidence."""
    for pair, why in NOT_TOGETHER:
        if all(options[name] for name in pair):
            raise InputError(why)
    if options["answer"]:
        _answer(options["answer"], options["show"], options["as_json"])
        return
    if not options["words"].strip() and not options["at"] and not options["follow_up"]:
        raise InputError("say in words what is wanted, or give --at FILE:LINE:COL")
    if options["language"] not in LANGUAGES:
        raise InputError(f"{options['language']!r} is no language; there are {', '.join(sorted(LANGUAGES))}")
    if options["language"] != "python" and any(options[name] for name in ("at", "signature", "tests", "follow_up")):
        raise InputError("--at, --function, --tests and --follow-up are for Python, or go on in the last language")
    wanted = Wanted(**{name: options.pop(name) for name in Wanted._fields})
    del options["answer"]
    _generate(wanted, options)


def _generate(wanted: "Wanted", options: dict[str, Any]) -> None:
    from codegpt.last_result import Last
    from codegpt.task import task_for, task_with_proposals

    asked: list[Asked] = []

    def task_of(loaded: "LoadedModel", run: object) -> "Task":
        asked.append(_asked(wanted, options["workspace"], loaded))
        if run is None:
            return task_for(asked[0], loaded.engine)
        return task_with_proposals(asked[0], loaded.engine, loaded.chat)

    result = ask(task_of, **options)
    _remember(Last(asked[0], result, options["model"]))


class Wanted(NamedTuple):
    """What a person typed of what is wanted."""

    words: str
    at: str | None
    signature: str | None
    script: bool
    follow_up: str | None
    language: str
    tests: Path | None


def _remember(last: "Last") -> None:
    """For --follow-up and --answer; that it cannot be kept is no reason to fail."""
    from codegpt import last_result

    try:
        last_result.save(last)
    except OSError as error:
        click.echo(f"codegpt: this result cannot be gone on from: {error}", err=True)


def _answer(answer: str, show: int, as_json: bool) -> None:
    """Rank the last result anew."""
    from codegpt import last_result
    from codegpt.generate import with_answer

    last = last_result.load()
    question = last.result.question
    if question is None:
        raise InputError("the last result asks nothing: its best candidates do not differ where they were run")
    given = {"first": question.first, "second": question.second}
    calls = last.asked.interface is not None or last.asked.unsettled
    right = given.get(answer) or (_behaviour(answer) if calls else behaviour_of_output(answer))
    result = with_answer(last.result, right)
    last_result.save(replace(last, result=result))
    show_result(last.asked.language, result, show, {"model": last.model} if as_json else None)


def _behaviour(answer: str) -> str:
    """A value that a person wrote, as behaviour."""
    try:
        return behaviour_of(read_literal(answer))
    except NotLiteral:
        raise InputError(f"{answer!r} is neither first nor second nor a value; write text in quotes: \"'a'\"") from None


def _asked(wanted: Wanted, workspace: Path | None, loaded: "LoadedModel") -> "Asked":
    from codegpt.task import NO_SIGNATURE, Asked, asked_in_words, place_at, propose_interface, wants_class

    if wanted.follow_up:
        further = _further(wanted.follow_up, wanted.signature, wanted.tests)
        return further if workspace else replace(further, module="")
    if wanted.at:
        match = re.fullmatch(r"(?P<file>.+?):(?P<place>\d+:\d+)", wanted.at)
        if match is None:
            raise InputError(f"{wanted.at!r} is no place; write FILE:LINE:COL, for instance app.py:12:5")
        document = read_document(Path(match["file"]))
        if document.language != "python":
            raise InputError(f"{match['file']} is not Python; --at completes functions of Python")
        place = place_at(document, offset_of(document, match["place"]))
        tests = _tests(wanted.tests, place.interface)
        if tests is None and workspace is not None and not place.interface.owner:
            tests = find_tests(place.interface.name, Path(match["file"]), workspace)
        module = module_in(workspace, Path(match["file"])) if workspace else ""
        return Asked(wanted.words, "python", place.interface, place, tests, module=module)
    words, language, given = wanted.words, wanted.language, wanted.tests
    if wanted.script:
        return Asked(words, language)
    if wanted.signature is not None:
        interface = interface_of_signature(wanted.signature)
        return Asked(words, "python", interface, tests=_tests(given, interface))
    if given is None:
        return asked_in_words(words, language, loaded.engine, loaded.chat)
    subject = _tested(given)
    if wants_class(words):
        return Asked(words, unsettled=True, tests=_tests(given, named_only(subject)))
    proposed = propose_interface(words, loaded.engine, loaded.chat, subject)
    if proposed is None:
        raise InputError(NO_SIGNATURE)
    return Asked(words, "python", proposed, tests=_tests(given, proposed))


def _further(words: str, signature: str | None, tests: Path | None) -> "Asked":
    """What was asked last, its best candidate, and what is said to that."""
    from codegpt import last_result

    last = last_result.load()
    if not last.result.ranked:
        raise InputError("the last result has no candidate to go on from; ask anew")
    asked = last.asked
    interface = asked.interface if signature is None else interface_of_signature(signature)
    if (signature or tests) and (interface is None or asked.interface is None or (signature and asked.place)):
        raise InputError("the last request was a program, or stands in a file; --function and --tests do not fit it")
    return replace(
        asked,
        interface=interface,
        tests=_tests(tests, interface) if tests and interface else asked.tests,
        turns=(*asked.turns, Turn(last.result.ranked[0].candidate.program, words)),
    )


def _tested(file: Path | None) -> str:
    """The name of the function that a person's tests are about."""
    if file is None:
        return ""
    try:
        return subject_of(read_document(file).text)
    except ValueError as error:
        raise InputError(f"{file} is not Python: {error}") from None


def _tests(file: Path | None, interface: Interface) -> Tests | None:
    """A person's tests: a pytest file that imports the program by a name, or asserts about the function."""
    if file is None:
        return None
    text = read_document(file).text
    try:
        tests = given_tests(text, interface.name)
    except ValueError as error:
        raise InputError(f"{file} is not Python: {error}") from None
    if re.search(rf"\b{re.escape(interface.name)}\b", text) is None:
        raise InputError(f"{file} never names {interface.name}; name the function that it tests with --function")
    return tests
