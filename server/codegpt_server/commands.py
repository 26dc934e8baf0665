"""What an editor may have done (`workspace/executeCommand`), and the code actions that offer it."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams
from pygls.uris import to_fs_path

from codegpt.document import Document, Span
from codegpt.errors import CodeGPTError
from codegpt.generate import Candidates, GenerateOptions, Progress
from codegpt.languages import LANGUAGES
from codegpt.shown import evidence_in_words, first_of_each, remarks
from codegpt_server.convert import to_position
from codegpt_server.given import Given, RequestFailed, integers
from codegpt_server.progress import Bar, progress
from codegpt_server.server import CodeGPTServer
from codegpt_server.wanted import Wanted, edit_of, new_file, wanted_at
from codegpt_server.words import (
    AT_ONCE,
    DEFAULT_BUDGET_S,
    DEFAULT_SAMPLES,
    TaskOf,
    Trusted,
    draw,
    said,
    translating,
    writing,
)

ACCEPTED, EXPLAIN, TOGGLE, SNOOZE = "codegpt.accepted", "codegpt.explain", "codegpt.toggle", "codegpt.snooze"
GENERATE, TRANSLATE = "codegpt.generate", "codegpt.translate"

DEFAULT_SNOOZE_MINUTES = 30
MOST_MINUTES = 7 * 24 * 60
MOST_SAMPLES, MOST_BUDGET_S = 256, 600.0
SHOWN = 3
"""Behaviours of which a candidate is given."""


def add_commands(server: CodeGPTServer) -> None:
    """Register them."""

    @server.command(ACCEPTED)
    def accepted(ls: CodeGPTServer, params: types.ExecuteCommandParams) -> None:
        number, which = integers(params, (0, 0))
        ls.count(ls.fates.accepted(number, which))

    @server.command(EXPLAIN)
    def explain_last(ls: CodeGPTServer, _params: types.ExecuteCommandParams) -> dict[str, Any]:
        return ls.last.as_data()

    @server.command(TOGGLE)
    def toggle(ls: CodeGPTServer, params: types.ExecuteCommandParams) -> dict[str, Any]:
        language = params.arguments[0] if params.arguments else ""
        if not isinstance(language, str):
            raise JsonRpcInvalidParams(f"{TOGGLE} takes the id of a language, or nothing")
        ls.switch = ls.switch.toggled(ls.settings, language)
        why = ls.switch.why_off(ls.settings, language, invoked=True)
        ls.status.answered(why)
        return {"on": not why, "why": why}

    @server.command(SNOOZE)
    def snooze(ls: CodeGPTServer, params: types.ExecuteCommandParams) -> dict[str, Any]:
        [minutes] = integers(params, (DEFAULT_SNOOZE_MINUTES,))
        minutes = min(max(0, minutes), MOST_MINUTES)
        ls.switch = ls.switch.snoozed(minutes)
        ls.status.answered(ls.switch.why_off(ls.settings, "", invoked=False))
        return {"minutes": minutes}

    @server.command(GENERATE)
    async def generate(ls: CodeGPTServer, params: types.ExecuteCommandParams) -> dict[str, Any]:
        given = Given(params)
        wanted = given.wanted(ls)
        if wanted is None:
            raise JsonRpcInvalidParams("there is no function without a body, no comment and no words there")
        return await _answer(ls, given, wanted, writing(wanted, _file_of(wanted.document), _trusted(ls, wanted)))

    @server.command(TRANSLATE)
    async def translate(ls: CodeGPTServer, params: types.ExecuteCommandParams) -> dict[str, Any]:
        given = Given(params)
        document, language = given.document(ls), given.text("to")
        if language not in LANGUAGES or language == "python":
            raise JsonRpcInvalidParams(f"to: one of {', '.join(sorted(LANGUAGES.keys() - {'python'}))}")
        wanted = Wanted(document, Span(len(document.text), len(document.text)), "")
        try:
            task_of = translating(wanted, given.text("function"), language)
        except CodeGPTError as error:
            raise RequestFailed(str(error)) from None
        return await _answer(ls, given, wanted, task_of, language)

    kinds = types.CodeActionOptions(code_action_kinds=[types.CodeActionKind.RefactorRewrite])

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION, kinds)
    def actions(ls: CodeGPTServer, params: types.CodeActionParams) -> list[types.CodeAction]:
        return _actions(ls, params)


def _actions(ls: CodeGPTServer, params: types.CodeActionParams) -> list[types.CodeAction]:
    """To write the function whose body is missing or selected, or what a comment says."""
    document = ls.snapshot(params.text_document.uri)
    if document is None or ls.why_left_alone(document):
        return []
    start, end = (document.offset_at(to_position(at), ls.encoding) for at in (params.range.start, params.range.end))
    wanted = wanted_at(document, Span(start, max(start, end)))
    if wanted is None:
        return []
    runs = "run nothing: the workspace is not trusted"
    if _trusted(ls, wanted) is not None:
        count = wanted.examples
        runs = (
            f"run its {count} examples" if count > 1 else "run its example" if count else "run them on made-up inputs"
        )
    title = f"codegpt: write {wanted.title} (sample {DEFAULT_SAMPLES}, {runs})"
    place = {"uri": document.uri, "range": _as_data(params.range), "apply": True}
    command = types.Command(title, GENERATE, arguments=[place])
    return [types.CodeAction(title, types.CodeActionKind.RefactorRewrite, command=command)]


def _as_data(place: types.Range) -> dict[str, Any]:
    return {
        name: {"line": at.line, "character": at.character} for name, at in (("start", place.start), ("end", place.end))
    }


def _trusted(ls: CodeGPTServer, wanted: Wanted) -> Trusted | None:
    return Trusted(ls.folders.root_of(wanted.document.uri)) if ls.settings.trusted else None


def _file_of(document: Document) -> Path | None:
    path = to_fs_path(document.uri)
    return Path(path).resolve() if path and document.uri.startswith("file:") else None


async def _answer(
    ls: CodeGPTServer, given: Given, wanted: Wanted, task_of: TaskOf, language: str = ""
) -> dict[str, Any]:
    """Draw, and give what was found, as edits, best first."""
    samples = int(given.number("samples", DEFAULT_SAMPLES, MOST_SAMPLES))
    options = GenerateOptions(
        samples=samples,
        at_once=min(AT_ONCE, samples),
        budget_s=given.number("budget_s", DEFAULT_BUDGET_S, MOST_BUDGET_S),
    )
    async with progress(ls, "codegpt", given.token, cancellable=True) as bar:
        loaded = await ls.worker.once_loaded()
        if loaded is None:
            raise RequestFailed(ls.worker.why_not_loaded)
        if loaded.why_no_words:
            raise RequestFailed(loaded.why_no_words)
        try:
            _, found = await draw(
                ls.worker.turns, loaded, task_of, _trusted(ls, wanted), options, _teller(bar), bar.cancelled
            )
        except CodeGPTError as error:
            raise RequestFailed(str(error)) from None
    answer = _as_answer(ls, given, wanted, found, language)
    first = answer["candidates"][0] if answer["candidates"] else None
    changed = ls.snapshot(wanted.document.uri) != wanted.document
    if given.is_applied and changed:
        answer["remarks"].append("The document has changed meanwhile: nothing was put in.")
    if given.is_applied and first and first["edit"] and not changed:
        applied = await ls.workspace_apply_edit_async(
            types.ApplyWorkspaceEditParams(first["edit"], label=f"codegpt: {first['label']}")
        )
        answer["applied"] = applied.applied
    elif given.is_applied:
        ls.tell(types.MessageType.Info, " ".join(answer["remarks"]))
    return answer


def _teller(bar: Bar) -> Any:
    def tell(at: Progress) -> None:
        bar.say(said(at), min(100, 100 * at.drawn // max(1, at.of)))

    return tell


def _as_answer(ls: CodeGPTServer, given: Given, wanted: Wanted, found: Candidates, language: str) -> dict[str, Any]:
    def edit(program: str, label: str) -> types.WorkspaceEdit | None:
        if language:
            return new_file(wanted.document, given.text("function"), language, program, label, ls.client_capabilities)
        return edit_of(wanted, program, label, ls.encoding, ls.client_capabilities)

    candidates = []
    for each in first_of_each(found, SHOWN):
        label, program = evidence_in_words(each.evidence), each.candidate.program
        evidence = asdict(each.evidence)
        candidates.append({"program": program, "label": label, "evidence": evidence, "edit": edit(program, label)})
    return {
        "candidates": candidates,
        "language": language or wanted.document.language,
        "samples": found.drawn,
        "trusted": ls.settings.trusted,
        "remarks": remarks(found),
        "applied": False,
    }
