"""What a file defines, as signatures: enough to call and to read it, without the bodies.

Covered: every definition that the language's query finds. A class keeps the lines of its body that are neither methods
nor comments: its fields, an enum's members, an interface. Of a docstring (Python) or the comment above (elsewhere) the
first sentence is kept.
Not covered: definitions inside functions.
"""

import re
from collections import deque
from dataclasses import dataclass
from functools import cache, partial
from itertools import takewhile
from textwrap import dedent

from codegpt.context.redaction import blanked
from codegpt.document import Document, Span
from codegpt.languages import Language
from codegpt.syntax import Definition, Syntax

LONGEST_SIGNATURE = 400
LONGEST_FIELD = 120
LONGEST_DOC = 160
MOST_FIELDS = 16
MOST_DOC_LINES = 40
"""Characters and lines; what is longer is generated, or says too little for its length."""

_HOLDERS = frozenset(("class", "interface", "impl", "enum", "module"))
_CALLABLE = frozenset(("function", "method"))
_STRING = re.compile(r"""\s*[rRuUbB]{0,2}(\"\"\"|'''|"|')(.*?)\1""", re.DOTALL)
_TRAILING_COMMENT = re.compile(r"""(?<=[:{])[ \t]+(?:#|//)[^"'`\n]*\Z""")
_SENTENCE = re.compile(r"(?:\.(?=\s)|\n\s*\n|\Z)")


@dataclass(frozen=True)
class Entry:
    """One definition.

    Attributes:
        holder: the class, interface or module that it belongs to; "" for the file itself.
        signature: as it is written, up to its body; of a class with its fields. Several lines, without common
            indentation.
        doc: the first sentence of what is said of it, on one line.
        start, end: where it stands in its file, in code points.
    """

    name: str
    kind: str
    holder: str
    signature: str
    doc: str
    start: int
    end: int


def outline(syntax: Syntax) -> tuple[Entry, ...]:
    """What a document defines, in document order; a class before its methods."""
    found: list[Entry] = []
    around: list[Definition] = []  # the definitions that hold the one that is looked at, outermost first
    definitions = syntax.definitions
    for number, definition in enumerate(definitions):
        while around and around[-1].span.end < definition.span.end:
            around.pop()
        if not any(outer.kind in _CALLABLE for outer in around):
            holder = around[-1].name if around and around[-1].kind in _HOLDERS else ""
            behind = map(definitions.__getitem__, range(number + 1, len(definitions)))
            inside = takewhile(partial(_begins_in, definition), behind) if definition.kind in _HOLDERS else ()
            found.append(_entry(syntax, definition, holder, [each.span for each in inside]))
        around.append(definition)
    return tuple(found)


def receiver_of(entry: Entry) -> str:
    """The type that a method of Go is of; "" for anything else."""
    match = _RECEIVER.match(entry.signature) if entry.kind == "method" and not entry.holder else None
    return match[1] if match else ""


_RECEIVER = re.compile(r"func \((?:\w+ +)?\*?(\w+)")


def _begins_in(outer: Definition, other: Definition) -> bool:
    return other.span.start < outer.span.end


def _entry(syntax: Syntax, definition: Definition, holder: str, inner: list[Span]) -> Entry:
    document, language = syntax.document, syntax.language
    span, body = definition.span, definition.body
    lines = [*_decorators(document, span.start, language), _head(document, span, body)]
    doc = _doc(document, span, body, language)
    if body is not None and definition.kind not in _CALLABLE:
        lines += _fields(document, body, inner, language)
    signature = _cut(dedent("\n".join(lines)).strip("\n"), LONGEST_SIGNATURE)
    return Entry(definition.name, definition.kind, holder, signature, doc, span.start, span.end)


def _head(document: Document, span: Span, body: Span | None) -> str:
    """The text up to the body, or the first line of what has none; with the indentation that it stands behind."""
    line_start = document.line_starts[document.line_at(span.start)]
    indent = document.text[line_start : span.start]
    if body is None:
        head = _cut(document.text[span.start : span.end].split("\n", 1)[0], LONGEST_FIELD)
    else:
        head = _TRAILING_COMMENT.sub("", document.text[span.start : body.start].rstrip())
    return (indent if not indent.strip() else "") + head.rstrip().rstrip("{").rstrip()


def _decorators(document: Document, start: int, language: Language) -> list[str]:
    """The decorators of one line each directly above that say how something is called."""
    if not language.indented:
        return []
    found: list[str] = []
    for line in range(document.line_at(start) - 1, -1, -1):
        text = document.line_text(line)
        if not text.lstrip().startswith("@"):
            break
        if text.lstrip().removeprefix("@").split("(")[0] in _TELLING:
            found.insert(0, text)
    return found


_TELLING = ("property", "cached_property", "functools.cached_property", "staticmethod", "classmethod", "dataclass")


def _fields(document: Document, body: Span, inner: list[Span], language: Language) -> list[str]:
    """The lines of a body that belong to no definition inside it, and are code."""
    docstring = _STRING.match(document.text, body.start, body.end) if language.indented else None
    covered = deque(sorted([*inner, *([Span(*docstring.span())] if docstring else [])], key=lambda span: span.start))
    kept: list[str] = []
    reach = 0
    for line in range(document.line_at(body.start), document.line_at(body.end) + 1):
        whole = document.line_span(line)
        start, end = max(whole.start, body.start), min(whole.end, body.end)
        while covered and covered[0].start < end:
            reach = max(reach, covered.popleft().end)
        if reach > start:
            continue
        indent = document.text[whole.start : start] if start > whole.start else ""
        text = (indent if not indent.strip() else "    ") + document.text[start:end]
        code = text.strip().strip("{}")
        if code and code not in ("pass", "...") and not code.startswith(_NO_FIELD):
            kept.append(_cut(text.rstrip(), LONGEST_FIELD))
        if len(kept) == MOST_FIELDS:
            break
    return kept


_NO_FIELD = ("@", "#", "//", "/*", "*")


def _doc(document: Document, span: Span, body: Span | None, language: Language) -> str:
    if language.indented:
        match = None if body is None else _STRING.match(document.text, body.start, body.end)
        return _first_sentence(match[2]) if match else ""
    marks = _comment_marks(language)
    lines: list[str] = []
    above = document.line_at(span.start) - 1
    for line in range(above, max(-1, above - MOST_DOC_LINES), -1):
        text = document.line_text(line)
        if not marks.match(text):
            break
        lines.append(marks.sub("", text))
    return _first_sentence("\n".join(reversed(lines)))


@cache
def _comment_marks(language: Language) -> re.Pattern[str]:
    """What a line of a comment begins with, and what a block of them ends with."""
    begins = [f"{re.escape(language.line_comment)}[/!]?"]
    if language.block_comment == ("/*", "*/"):
        begins += [r"/\*\*?", r"\*/?"]
    return re.compile(rf"^\s*(?:{'|'.join(begins)})\s?|\*/\s*$")


def _first_sentence(text: str) -> str:
    match = _SENTENCE.search(text.strip())
    first = text.strip()[: match.start()] if match else ""
    return _cut(" ".join(first.split()), LONGEST_DOC)


def _cut(text: str, most: int) -> str:
    """The beginning of a text; half a secret would not be seen as one any more."""
    return text if len(text) <= most else blanked(text)[:most].rstrip()
