"""A placeholder identifier at the cursor, so that a hole has a place in the tree.

Code at a cursor is incomplete, and a parser says little about what is not there. With an identifier in the hole most
texts parse, and the identifier's ancestors say where the cursor stands. Where they do not parse, `closed` drops
the text after the cursor and closes what is open before it: what comes first decides.

Everything here counts UTF-8 bytes, as tree-sitter does.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from tree_sitter import Node, Parser, Point, Tree

from codegpt.document import Document, encode_utf8
from codegpt.languages import Language
from codegpt.languages import grammar as grammar_of

PLACEHOLDER = "hole_"

_INDENT = re.compile(r"[ \t]*")


@dataclass(frozen=True)
class Probe:
    """A tree with the placeholder in it.

    Attributes:
        start: The byte at which the new text begins, the cursor's.
        hole: The byte at which the placeholder begins; after `start` where it had to be indented.
        inserted: How many bytes of new text there are.
        suffix: How many bytes of the document follow the new text in the tree.
    """

    tree: Tree
    start: int
    hole: int
    inserted: int
    suffix: int

    @cached_property
    def path(self) -> tuple[Node, ...]:
        """The nodes that hold the placeholder, from the root to the leaf."""
        cursor = self.tree.walk()
        nodes = [self.tree.root_node]
        while cursor.goto_first_child_for_byte(self.hole) is not None:
            node = cursor.node
            if node is None or not node.start_byte <= self.hole < node.end_byte:
                break
            nodes.append(node)
        return tuple(nodes)

    def byte_in_document(self, byte: int) -> int:
        """Where a byte of the tree stands in the document; inside the new text, at the cursor."""
        if byte <= self.start:
            return byte
        return min(max(byte - self.inserted, self.start), self.start + self.suffix)


def probe(document: Document, language: Language, tree: Tree, offset: int) -> Probe:
    """The whole document with the placeholder at `offset`; `tree` is the document's own and is not changed."""
    found = _edited(document, language, tree, offset, PLACEHOLDER, keep=True)
    if ("field_declaration", "initializer_list") in pairwise(node.type for node in found.path):
        # C++ reads `int f() { name }` in a class as a field with a default; a statement makes it a method's body.
        return _edited(document, language, tree, offset, f"{PLACEHOLDER};", keep=True)
    return found


def closed_probe(document: Document, language: Language, tree: Tree, offset: int, closing: str) -> Probe:
    """The document up to `offset`, the placeholder, and `closing` in place of all that follows."""
    ends = f"\n{language.block_end}" * _depth(document, offset) if language.block_end else ""
    return _edited(document, language, tree, offset, f"{PLACEHOLDER}{closing}{ends}\n", keep=False)


def with_text(document: Document, language: Language, tree: Tree, offset: int, text: str) -> Tree:
    """The tree of the document with a text at `offset`; `tree` is the document's own and is not changed."""
    return _edited(document, language, tree, offset, text, keep=True, indented=False).tree


def error_nodes(root: Node, start: int, end: int) -> Iterator[Node]:
    """ERROR and MISSING nodes that overlap the bytes from `start` to `end`, in document order, outermost only.

    A MISSING node is empty: it overlaps when it stands within the range or at one of its ends.
    """
    cursor = root.walk()
    while True:
        node = cursor.node
        if node is None:
            return
        empty = node.start_byte == node.end_byte
        outside = node.end_byte < start or node.start_byte > end or (node.end_byte == start and not empty)
        found = (node.is_error or node.is_missing) and not outside
        if found and (empty or node.start_byte < end):
            yield node
        if not found and not outside and node.has_error and cursor.goto_first_child():
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return


def _edited(
    document: Document, language: Language, tree: Tree, offset: int, text: str, *, keep: bool, indented: bool = True
) -> Probe:
    """Parse the document with new text at `offset`, reusing what the edit leaves of `tree`."""
    source, start = document.utf8, document.byte_at(offset)
    indent = _missing_indent(document, offset) if language.indented and indented else ""
    inserted = encode_utf8(indent + text)
    head, tail = source[:start], source[start:]
    rest = tail if keep else b""
    edited = tree.copy()
    edited.edit(
        start_byte=start,
        old_end_byte=len(source) - len(rest),
        new_end_byte=start + len(inserted),
        start_point=point_at(source, start),
        old_end_point=point_at(source, start if keep else len(source)),
        new_end_point=point_at(head + inserted, len(head + inserted)),
    )
    reparsed = Parser(grammar_of(language)).parse(head + inserted + rest, edited)
    return Probe(reparsed, start, start + len(indent), len(inserted), len(rest))


def point_at(source: bytes, byte: int) -> Point:
    """Tree-sitter's row and column (in bytes) of a byte of `source`."""
    return Point(source.count(b"\n", 0, byte), byte - source.rfind(b"\n", 0, byte) - 1)


def _missing_indent(document: Document, offset: int) -> str:
    """What a cursor in a blank line lacks of the indentation that its block needs.

    A line that follows deeper shows that the cursor's line is inside that block too; a header (`if x:`) above asks for
    a block of its own.
    """
    line = document.line_at(offset)
    before = document.text[document.line_starts[line] : offset]
    if before.strip(" \t") or document.text[offset : document.line_span(line).end].strip():
        return ""
    above, below = _neighbour(document, line, -1), _neighbour(document, line, 1)
    wanted = indent_of(below)
    if above.rstrip().endswith(":") and len(wanted) <= len(indent_of(above)):
        wanted = indent_of(above) + "    "
    return wanted[len(before) :]


def _depth(document: Document, offset: int) -> int:
    """How many blocks are open at a cursor, by the indentation of the lines above it."""
    line = document.line_at(offset)
    width, depth = len(indent_of(document.text[document.line_starts[line] : offset])), 0
    while width > 0 and line > 0:
        line -= 1
        above = document.line_text(line)
        if above.strip() and len(indent_of(above)) < width:
            width, depth = len(indent_of(above)), depth + 1
    return depth


def _neighbour(document: Document, line: int, step: int) -> str:
    """The nearest line above or below that is not blank; empty where there is none."""
    line += step
    while 0 <= line < len(document.line_starts):
        text = document.line_text(line)
        if text.strip():
            return text
        line += step
    return ""


def indent_of(line: str) -> str:
    """The blanks and tabs that a line begins with."""
    match = _INDENT.match(line)
    return match[0] if match else ""
