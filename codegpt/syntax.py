r"""The syntax of one document: where the cursor stands, what is defined and used, and where it does not parse.

Covered: the languages of `codegpt.languages`, up to `MAX_BYTES` of text; every offset is a code point, as everywhere
in codegpt.
Not covered: what names refer to. A definition is found by how it is written, a reference is any other identifier
(parameters and local variables too), and neither knows of the other. Anonymous functions are no scopes. tree-sitter
ends lines at ``\n`` only, so a comment that ends at a lone ``\r`` goes on in the tree.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache

from tree_sitter import Node, Parser, QueryCursor, Tree

from codegpt.document import Document, Span
from codegpt.hole import HoleKind, hole_kind
from codegpt.languages import Language, definition_query, language_of
from codegpt.languages import grammar as grammar_of
from codegpt.languages import query as query_of
from codegpt.openings import openings
from codegpt.probe import Probe, closed_probe, error_nodes, point_at, probe

__all__ = ["MAX_BYTES", "Definition", "HoleKind", "Reference", "Scope", "Syntax", "parse"]

MAX_BYTES = 2_000_000
"""Parsing holds the interpreter lock; above this it would hold it for about half a second."""

_SCOPES = frozenset(("function", "method", "class", "interface", "impl", "enum", "module"))


@dataclass(frozen=True)
class Scope:
    """A definition with a body; `span` is all of it, `body` the block (with its braces where it has them)."""

    kind: str
    name: str
    span: Span
    body: Span


@dataclass(frozen=True)
class Definition:
    """A name that the document defines, and how far its definition reaches; `body` is the block of one that has any."""

    name: str
    kind: str
    span: Span
    name_span: Span
    body: Span | None = None


@dataclass(frozen=True)
class Reference:
    """An identifier that is not the name of a definition."""

    name: str
    span: Span


@dataclass(frozen=True)
class _Defined:
    """A definition as nodes of a tree; every public span is made of these."""

    kind: str
    whole: Node
    name: Node
    body: Node | None


@lru_cache(maxsize=2)
def parse(document: Document) -> "Syntax | None":
    """Parse a document; None where we have no grammar for it or it is larger than `MAX_BYTES`.

    The caller then goes on with plain text. The last ones are kept parsed, since several parts of one request look at
    them; of a document that was parsed a key ago, only what has changed is parsed again. For 2,000 lines that takes
    half a millisecond, and 5 ms the first time.
    """
    language = language_of(document.uri, document.language)
    if language is None or len(document.utf8) > MAX_BYTES:
        return None
    older = _LATEST.of(document, language)
    tree = parse_anew(document, language) if older is None else parse_again(older, document)
    found = Syntax(document, language, tree)
    _LATEST.add(found)
    return found


def parse_anew(document: Document, language: Language) -> Tree:
    """All of a document; the slow twin of `parse_again`."""
    return Parser(grammar_of(language)).parse(document.utf8)


def parse_again(older: "Syntax", document: Document) -> Tree:
    """A document of which an older text is parsed, in the same language."""
    before, now = older.document.utf8, document.utf8
    start = _common_prefix(before, now)
    behind = _common_prefix(before[start:][::-1], now[start:][::-1])
    old_end, new_end = len(before) - behind, len(now) - behind
    tree = older.tree.copy()
    tree.edit(
        start_byte=start,
        old_end_byte=old_end,
        new_end_byte=new_end,
        start_point=point_at(now, start),
        old_end_point=point_at(before, old_end),
        new_end_point=point_at(now, new_end),
    )
    return Parser(grammar_of(older.language)).parse(now, tree)


def _common_prefix(one: bytes, other: bytes) -> int:
    """How many bytes two texts begin with alike."""
    alike, most = 0, min(len(one), len(other))
    while alike < most:
        middle = (alike + most + 1) // 2
        if one[alike:middle] == other[alike:middle]:
            alike = middle
        else:
            most = middle - 1
    return alike


class _Latest:
    """What was parsed last of a few documents; several threads may ask."""

    def __init__(self) -> None:
        self._kept: tuple[Syntax, ...] = ()

    def of(self, document: Document, language: Language) -> "Syntax | None":
        """The last text of a document, if it was in the same language."""
        for each in self._kept:
            if each.document.uri == document.uri and each.language is language:
                return each
        return None

    def add(self, syntax: "Syntax") -> None:
        """Keep it, and of its document no older one."""
        others = (each for each in self._kept if each.document.uri != syntax.document.uri)
        self._kept = (syntax, *others)[:MOST_DOCUMENTS]


MOST_DOCUMENTS = 4
"""Of which the last text is kept parsed."""

_LATEST = _Latest()


@dataclass(frozen=True)
class Syntax:
    """A parsed document. Every method is a function of the document alone; offsets outside it are clamped."""

    document: Document
    language: Language
    tree: Tree

    def hole_at(self, offset: int) -> HoleKind:
        """What belongs at a cursor. Parses again with a placeholder there: about 1 ms for 2,000 lines."""
        return hole_kind(self.document, self.language, self.tree, self._clamp(offset))

    def statement_around(self, offset: int) -> Span | None:
        """The outermost thing in the file that a cursor is in, or at the end of; None where it is between them."""
        byte = self.document.byte_at(self._clamp(offset))
        for node in self.tree.root_node.children:
            if node.start_byte < byte <= node.end_byte:
                at = _code_points(self.document, node.byte_range)
                return Span(at[node.start_byte], at[node.end_byte])
        return None

    def scope_at(self, offset: int) -> Scope | None:
        """The innermost function, method or class around a cursor, or None."""
        return next(reversed(self.scopes_at(offset)), None)

    def scopes_at(self, offset: int) -> tuple[Scope, ...]:
        """The definitions around a cursor, outermost first.

        A cursor on a blank line is inside the block that its indentation puts it in. Where the code after the cursor
        breaks the tree, the spans end at the cursor.
        """
        found = self._probe(self._clamp(offset))
        around = [
            (defined, defined.body)
            for defined in _definitions(self.language, found.tree, found.hole)
            if defined.body is not None
            and defined.kind in _SCOPES
            and defined.whole.start_byte <= found.hole < defined.whole.end_byte
        ]
        nodes = [node for defined, body in around for node in (defined.whole, defined.name, body)]
        at = _code_points(self.document, (found.byte_in_document(byte) for node in nodes for byte in node.byte_range))

        def span(node: Node) -> Span:
            return Span(*(at[found.byte_in_document(byte)] for byte in node.byte_range))

        return tuple(
            Scope(defined.kind, self._text(span(defined.name)), span(defined.whole), span(body))
            for defined, body in around
        )

    @cached_property
    def definitions(self) -> tuple[Definition, ...]:
        """What the document defines, in document order; an outer definition before those inside it."""
        return tuple(
            Definition(
                self._text(span),
                defined.kind,
                self._span(defined.whole),
                span,
                defined.body and self._span(defined.body),
            )
            for defined in self._defined
            for span in (self._span(defined.name),)
        )

    @cached_property
    def references(self) -> tuple[Reference, ...]:
        """Every identifier that is not a definition's name, in document order."""
        return tuple(Reference(self._text(span), span) for span in map(self._span, self._referring))

    @cached_property
    def errors(self) -> tuple[Span, ...]:
        """What does not parse, in document order; a token that is missing is an empty span where it should be."""
        nodes = tuple(error_nodes(self.tree.root_node, 0, len(self.document.utf8)))
        at = _code_points(self.document, (byte for node in nodes for byte in node.byte_range))
        return tuple(Span(at[node.start_byte], at[node.end_byte]) for node in nodes)

    def has_errors_in(self, span: Span) -> bool:
        """Whether an error overlaps `span`; one for a missing token counts at both ends of `span` too."""
        return any(
            error.start < span.end and error.end > span.start
            if error.start < error.end
            else span.start <= error.start <= span.end
            for error in self.errors
        )

    @cached_property
    def _defined(self) -> tuple[_Defined, ...]:
        return _definitions(self.language, self.tree)

    @cached_property
    def _referring(self) -> tuple[Node, ...]:
        named = {defined.name.byte_range for defined in self._defined}
        nodes = QueryCursor(query_of(self.language)).captures(self.tree.root_node).get("reference", [])
        return tuple(sorted((node for node in nodes if node.byte_range not in named), key=lambda node: node.start_byte))

    @cached_property
    def _offsets(self) -> dict[int, int]:
        """Code points of every byte that a definition or reference begins or ends at."""
        defining = (node for each in self._defined for node in (each.whole, each.name, each.body) if node is not None)
        nodes = [*self._referring, *defining]
        return _code_points(self.document, (byte for node in nodes for byte in node.byte_range))

    def _span(self, node: Node) -> Span:
        return Span(self._offsets[node.start_byte], self._offsets[node.end_byte])

    def _text(self, span: Span) -> str:
        return self.document.text[span.start : span.end]

    def _clamp(self, offset: int) -> int:
        r"""An offset of the document; one inside ``\r\n`` is before it, as for positions."""
        text = self.document.text
        offset = min(max(offset, 0), len(text))
        return offset - 1 if text[offset - 1 : offset + 1] == "\r\n" else offset

    def _probe(self, offset: int) -> Probe:
        """The whole document with a placeholder, or only what comes before it where the whole does not parse there."""
        found = probe(self.document, self.language, self.tree, offset)
        leaf = found.path[-1]
        if not any(node.is_error and node.byte_range != leaf.byte_range for node in found.path):
            return found
        closing = openings(self.document.text[:offset], self.language).closing
        return closed_probe(self.document, self.language, self.tree, offset, closing)


def _definitions(language: Language, tree: Tree, byte: int | None = None) -> tuple[_Defined, ...]:
    """The definitions of a tree, or only those that may hold `byte`; of two for one name the query's first."""
    cursor = QueryCursor(definition_query(language))
    if byte is not None:
        cursor.set_byte_range(byte, byte + 1)
    found: dict[int, tuple[int, _Defined]] = {}
    for pattern, captures in cursor.matches(tree.root_node):
        kind = next((name.removeprefix("definition.") for name in captures if name.startswith("definition.")), None)
        if kind is None:
            continue
        whole, name = captures[f"definition.{kind}"][0], captures["name"][0]
        known = found.get(name.start_byte)
        if known is None or pattern < known[0]:
            found[name.start_byte] = pattern, _Defined(kind, whole, name, next(iter(captures.get("body", ())), None))
    # An outer definition begins before an inner one or, at the same byte, ends after it.
    return tuple(
        sorted(
            (defined for _, defined in found.values()), key=lambda each: (each.whole.start_byte, -each.whole.end_byte)
        )
    )


def _code_points(document: Document, positions: Iterable[int]) -> dict[int, int]:
    """The code-point offset of each byte offset, in one pass over the text however many there are."""
    source, offsets = document.utf8, {}
    last = count = 0
    for byte in sorted(set(positions)):
        count += len(source[last:byte].decode("utf-8", "ignore"))
        last = byte
        offsets[byte] = count
    return offsets
