"""A cursor in a file of a project, and what is found of other places for it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

from codegpt.context.edits import Region
from codegpt.context.imports import Import
from codegpt.context.near import likeness, names_near, stems_of
from codegpt.context.outline import Entry
from codegpt.context.project import Facts, Header, Project, facts_and_header
from codegpt.document import Document, Span
from codegpt.languages import LANGUAGES, language_of

UNUSED, ALIKE = 0.1, 0.4
"""The weight of a name that is not near the cursor, and how much more it is at most whose words are."""


class Piece(NamedTuple):
    """A definition of another place that may go into the prompt.

    Attributes:
        source: the name of the source that found it.
        score: how much it is worth; see the module.
    """

    path: str
    entry: Entry
    source: str
    score: float


@dataclass(frozen=True)
class Around:
    """What a document lies in, as an editor knows it.

    Attributes:
        name: of the project, as a prompt names it.
        path: of the document, in the project.
        opened: other files that are open, by path, as they are now; the one that was looked at last comes first.
        recent: regions that were edited last, the last one first.
    """

    project: Project = field(compare=False)
    name: str
    path: str
    opened: Mapping[str, str] = field(default_factory=dict)
    recent: tuple[Region, ...] = ()


@dataclass(frozen=True)
class Cursor:
    """A cursor in a file of a project."""

    document: Document
    offset: int
    around: Around
    _found: dict["Source", tuple[Piece, ...]] = field(default_factory=dict, init=False, repr=False, compare=False)
    _weights: dict[str, float] = field(default_factory=dict, init=False, repr=False, compare=False)

    def found(self, source: "Source") -> tuple[Piece, ...]:
        """What a source finds; looked for once, however often the budget changes."""
        if source not in self._found:
            self._found[source] = tuple(source(self))
        return self._found[source]

    @property
    def language(self) -> str:
        """The id of the document's language, by its path where the editor says none that we know."""
        known = language_of(self.document.uri, self.document.language)
        return known.id if known else self.document.language

    @property
    def project(self) -> Project:
        """That the file lies in."""
        return self.around.project

    @property
    def path(self) -> str:
        """Of the file, in the project."""
        return self.around.path

    @cached_property
    def near(self) -> Mapping[str, float]:
        """The names around the cursor by weight."""
        return names_near(self.document, self.offset, LANGUAGES.get(self.language))

    @cached_property
    def _beside(self) -> tuple[Facts, Header]:
        """What the document says beside the line of the cursor, which alone changes from key to key."""
        text, line = self.document.text, self.document.line_span(self.document.line_at(self.offset))
        written = text[line.start : line.end]
        placeholder = _placeholder(text[: line.start], written, text[line.end :])
        rest = Document(text[: line.start] + placeholder + text[line.end :], self.document.uri, self.document.language)
        longer, known = line.end - line.start - len(placeholder), facts_and_header(rest)
        if known is None:
            return Facts(self.document.language), ()

        def moved(start: int, end: int) -> Span:
            return Span(*(at + longer if at > line.start else at for at in (start, end)))

        facts, header = known
        spans = [moved(entry.start, entry.end) for entry in facts.entries]
        entries = (replace(each, start=at.start, end=at.end) for each, at in zip(facts.entries, spans, strict=True))
        behind = tuple((moved(span.start, span.end), imported) for span, imported in header)
        return replace(facts, entries=tuple(entries)), behind

    @property
    def facts(self) -> Facts:
        """What the document defines and imports, but for the line of the cursor."""
        return self._beside[0]

    @property
    def header(self) -> Header:
        """The statements at the top of the document that import something, and what."""
        return self._beside[1]

    @property
    def imports(self) -> tuple[Import, ...]:
        """What the document imports."""
        return self.facts.imports

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What the document defines."""
        return self.facts.entries

    @cached_property
    def _stems(self) -> Mapping[str, float]:
        return stems_of(self.near)

    def weight(self, name: str) -> float:
        """Of a name; for one that is not near, by how many of its words are."""
        weight = self._weights.get(name)
        if weight is None:
            weight = self._weights[name] = self.near.get(name) or UNUSED + ALIKE * likeness(name, self._stems)
        return weight


def _placeholder(above: str, line: str, below: str) -> str:
    """What stands for a line that is being written: a name, and what else the text around it would lack.

    That is a bracket or a docstring's quotes that the line opens or closes, and the head of an indented block.
    """
    indent, closing = line[: len(line) - len(line.lstrip())], ""
    for opens, closes in ("()", "[]", "{}"):
        around = above.count(opens) + below.count(opens) - above.count(closes) - below.count(closes)
        missing = line.count(opens) - line.count(closes)
        if missing and abs(around + missing) < abs(around):
            closing += (opens if missing > 0 else closes) * abs(missing)
    for quotes in ('"""', "'''"):
        if line.count(quotes) % 2 and (above.count(quotes) + below.count(quotes)) % 2:
            closing += quotes
    next_line = below.lstrip("\r\n").split("\n", 1)[0]
    behind = next_line[: len(next_line) - len(next_line.lstrip())]
    if line.rstrip().endswith(":") and len(behind) > len(indent) and next_line.strip():
        return f"{indent}if _:"
    return f"{indent}_;{closing}" if closing.startswith("{") else f"{indent}_{closing}"


Source = Callable[[Cursor], Iterator[Piece]]
