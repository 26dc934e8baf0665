"""What an editor wants to have written: a function whose body is missing or selected, or what a comment says; pure.

And back: a candidate as an edit of the document, with its evidence in the label.
"""

import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lsprotocol import types
from pygls.uris import to_fs_path

from codegpt.document import Document, Edit, Encoding, Span
from codegpt.errors import InputError
from codegpt.examples import examples_in
from codegpt.indentation import line_end_of
from codegpt.languages import LANGUAGES
from codegpt.openings import openings
from codegpt.probe import indent_of
from codegpt.syntax import parse
from codegpt.task import Place, place_at
from codegpt_server.convert import to_lsp_range

CURSOR = len("\r\n")
"""In some editors a cursor is no place between two characters, but one of them that is selected, or a line end."""

_ENDS_A_HEAD = re.compile(r"(?::|\"\"\"|''')\s*\Z")


@dataclass(frozen=True)
class Wanted:
    """A request at a place.

    Attributes:
        span: of the document, what the answer stands in place of.
        words: what is asked for; "" where the function's own docstring says it.
        place: the function; None where the words say all.
        indent: what each line of an answer to words begins with.
    """

    document: Document
    span: Span
    words: str
    place: Place | None = None
    indent: str = ""

    @property
    def title(self) -> str:
        """What is going to be written, in a few words."""
        return "what the comment says" if self.place is None else f"the body of {self.place.interface.name}"

    @property
    def examples(self) -> int:
        """How many the request itself has."""
        if self.place is None:
            return 0
        interface = self.place.interface
        return len(examples_in(f"{self.words}\n\n{self.place.docstring}", interface.name, interface.names))


def wanted_at(document: Document, span: Span, words: str = "") -> Wanted | None:
    """The request at a cursor or a selection; None where there is none.

    Args:
        words: what is said besides; with them a cursor anywhere is a place.
    """
    if span.end - span.start <= CURSOR:
        span = Span(span.start, span.start)
    selected = document.text[span.start : span.end].rstrip()
    span = Span(span.start, span.start + len(selected)) if selected else span
    for place in (span, *_ends_of_head(document, span)):
        if found := _body_at(document, place, words):
            return found
    if words:
        return Wanted(document, _behind(document, span), words)
    return None if span.start != span.end else _comment_at(document, span.start)


def _body_at(document: Document, span: Span, words: str) -> Wanted | None:
    """The body of the function whose head ends before a place; None where there is none, or it has one."""
    without = document.apply(Edit(span, ""))
    head = without.text[: span.start].rstrip()
    if document.language == "python" and _ENDS_A_HEAD.search(head[-4:]):
        with suppress(InputError):
            place = place_at(without, span.start)
            if not _has_body(place):
                return Wanted(document, Span(len(head), _end_of_blank(document, span)), words, place)
    return None


def _ends_of_head(document: Document, span: Span) -> list[Span]:
    """The end of the innermost function that a cursor is in the lines of, which may be nothing but a docstring yet."""
    syntax = parse(document) if span.start == span.end and document.language == "python" else None
    line = document.line_at(span.start)
    around = [
        each.span
        for each in (syntax.definitions if syntax else ())
        if each.kind in ("function", "method")
        and document.line_at(each.span.start) <= line <= document.line_at(each.span.end)
    ]
    return [Span(each.end, each.end) for each in around[-1:]]


def _behind(document: Document, span: Span) -> Span:
    """Where what words ask for may stand: at a cursor on a line of its own outside of everything, else behind that."""
    line = document.line_at(span.start)
    syntax = parse(document)
    scopes = syntax.scopes_at(span.start) if syntax else ()
    around = [scope.span for scope in scopes[:1]]
    statement = syntax.statement_around(span.start) if syntax else None
    around += [statement] if statement else []
    if not around and not document.line_text(line).strip():
        return Span(document.line_starts[line], document.line_span(line).end)
    last = document.line_at(max([span.end, *(each.end - 1 for each in around)]))
    end = document.line_span(last).end
    return Span(end, end)


def _has_body(place: Place) -> bool:
    """Whether what follows is deeper than the function: a body that is there already, or its docstring."""
    beside, *lines = place.after.split("\n")
    if beside.strip():
        return True
    below = next((line for line in lines if line.strip()), "")
    return len(indent_of(below)) > len(indent_of(place.begins.lstrip("\n")))


def _comment_at(document: Document, offset: int) -> Wanted | None:
    """A request in the comment that ends in the cursor's line, or in the one above where that one is blank."""
    language = LANGUAGES.get(document.language)
    line = document.line_at(offset)
    if not document.line_text(line).strip() and line:
        line -= 1
    mark = language.line_comment if language else ""
    first = line
    said: list[str] = []
    while mark and first >= 0 and document.line_text(first).strip().startswith(mark):
        said.insert(0, document.line_text(first).strip().removeprefix(mark).strip())
        first -= 1
    words = " ".join(said).strip()
    if len(words.split()) < 3:  # a heading, a remark
        return None
    end = document.line_span(line).end
    return Wanted(document, Span(end, end), words, indent=indent_of(document.line_text(line)))


def _line_before(document: Document, offset: int) -> str:
    return document.text[document.line_starts[document.line_at(offset)] : offset]


def _end_of_blank(document: Document, span: Span) -> int:
    """The end of the line that a place ends in, where nothing but white space is left of it."""
    end = document.line_span(document.line_at(span.end)).end
    return span.end if document.text[span.end : end].strip() else end


def inserted(wanted: Wanted, program: str) -> str:
    """The text of a candidate that goes into the document, with its line ends."""
    if wanted.place is None:
        before = _line_before(wanted.document, wanted.span.start)
        apart = "" if not before.strip() else "\n" if _is_comment(wanted, before) else "\n\n\n"
        text = apart + _indented(program.rstrip(), wanted)
    else:
        text = "\n" + program.removeprefix(wanted.place.begins).rstrip()
        if wanted.document.text[wanted.span.end : wanted.span.end + 1] not in ("", "\n", "\r"):
            text += "\n"
    return text.replace("\n", line_end_of(wanted.document))


def _indented(program: str, wanted: Wanted) -> str:
    """Every line deeper, but what goes on in a string."""
    language = LANGUAGES.get(wanted.document.language)
    if not wanted.indent or language is None:
        return program
    found, written = [], ""
    for line in program.split("\n"):
        quote = openings(written, language).quote
        found.append(line if not line or (quote and not quote.comment) else wanted.indent + line)
        written += line + "\n"
    return "\n".join(found)


def _is_comment(wanted: Wanted, line: str) -> bool:
    language = LANGUAGES.get(wanted.document.language)
    return language is not None and line.strip().startswith(language.line_comment)


def edit_of(
    wanted: Wanted, program: str, label: str, encoding: Encoding, capabilities: types.ClientCapabilities
) -> types.WorkspaceEdit:
    """A candidate as an edit; where the editor can, it is shown, with its label, before it is made."""
    document = wanted.document
    place = to_lsp_range(document, wanted.span.start, wanted.span.end, encoding)
    text = inserted(wanted, program)
    if not _knows(capabilities, "document_changes"):
        return types.WorkspaceEdit(changes={document.uri: [types.TextEdit(place, text)]})
    return _annotated([], document.uri, document.version, place, text, label, capabilities)


def new_file(
    document: Document, function: str, language: str, program: str, label: str, capabilities: types.ClientCapabilities
) -> types.WorkspaceEdit | None:
    """A translation as an edit: a file beside the document, which must not be there yet; None where it has no place."""
    if not document.uri.startswith("file:"):
        return None
    folder, _, name = document.uri.rpartition("/")
    stem = name.rpartition(".")[0] or name
    uri = f"{folder}/{stem}_{function}{LANGUAGES[language].extensions[0]}"
    begin = types.Range(types.Position(0, 0), types.Position(0, 0))
    known = capabilities.workspace.workspace_edit if capabilities.workspace else None
    if not known or not known.document_changes or "create" not in (known.resource_operations or ()):
        path = to_fs_path(uri)
        is_free = path is not None and not Path(path).exists()
        return types.WorkspaceEdit(changes={uri: [types.TextEdit(begin, program)]}) if is_free else None
    create = types.CreateFile(uri, options=types.CreateFileOptions(overwrite=False, ignore_if_exists=False))
    return _annotated([create], uri, None, begin, program, label, capabilities)


def _annotated(
    before: list[types.CreateFile],
    uri: str,
    version: int | None,
    place: types.Range,
    text: str,
    label: str,
    capabilities: types.ClientCapabilities,
) -> types.WorkspaceEdit:
    identity = types.OptionalVersionedTextDocumentIdentifier(uri, version)
    if not _knows(capabilities, "change_annotation_support"):
        plain = types.TextDocumentEdit(identity, [types.TextEdit(place, text)])
        return types.WorkspaceEdit(document_changes=[*before, plain])
    edit = types.TextDocumentEdit(
        identity, [types.AnnotatedTextEdit(annotation_id="codegpt", range=place, new_text=text)]
    )
    note = types.ChangeAnnotation(label, needs_confirmation=True)
    return types.WorkspaceEdit(document_changes=[*before, edit], change_annotations={"codegpt": note})


def _knows(capabilities: types.ClientCapabilities, name: str) -> bool:
    known = capabilities.workspace.workspace_edit if capabilities.workspace else None
    return bool(getattr(known, name, None))
