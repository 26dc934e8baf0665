"""Holes in the files of real projects, at places that use what another file of the project defines; pure.

Four kinds, by syntax: the arguments of a call, the rest of a line, the block of a loop or a branch, the body of a
function. A place counts where its first line uses a name from another file: one that the file imports from there, or
a method that it calls and that at most three other files define, the file does not, and builtin types do not have;
the arguments of a call count for the function that is called too. The rest of a line begins with that name, as in
CrossCodeEval (Ding et al., arXiv 2310.11248); the others begin where their syntax does. Which places are taken is
settled by digests alone.
"""

import hashlib
import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tree_sitter import Node

from codegpt.context.meaning import meant
from codegpt.context.project import Facts, Project
from codegpt.document import Document
from codegpt.syntax import Reference, Syntax, parse

KINDS = ("arguments", "line", "block", "body")
MOST_OF_A_FILE = 3
LONGEST = {"arguments": 1, "line": 1, "block": 8, "body": 16}
"""Lines of a hole."""

MOST_PLACES = 3
LONGEST_LINE = 160
SHORTEST = 4
"""Characters of a hole's first line."""

_FUNCTIONS = frozenset(
    ("function_definition", "function_declaration", "method_definition", "arrow_function", "function_expression")
)
_ARGUMENTS = frozenset(("argument_list", "arguments"))
_CALLS = frozenset(("call", "call_expression", "new_expression"))
_BLOCKS = frozenset(("block", "statement_block"))
_LINES = frozenset(
    ("expression_statement", "return_statement", "raise_statement", "assert_statement", "lexical_declaration")
)
_SCRIPT_BUILTINS = """
    push pop shift unshift map filter forEach reduce join slice splice concat indexOf includes find findIndex some every
    keys values entries sort reverse fill flat then catch finally call apply bind toString valueOf replace split match
    trim test exec get set has add delete clear next emit once on off listen charAt startsWith endsWith toFixed
    hasOwnProperty
"""
_EVERYBODYS = frozenset(_SCRIPT_BUILTINS.split()).union(
    *(dir(kind) for kind in (str, list, dict, set, tuple, int, float, bytes, object, Exception))
)


@dataclass(frozen=True)
class Cut:
    """One place: offsets in its file, in code points.

    Attributes:
        names: of what other files define, used in the hole's first line or called around it.
    """

    kind: str
    path: str
    start: int
    end: int
    names: tuple[str, ...]


def cuts(project: Project, texts: Mapping[str, str], wanted: int, seed: str) -> list[Cut]:
    """So many places of a project, the kinds in turns, at most `MOST_OF_A_FILE` of a file."""
    by_kind: dict[str, list[Cut]] = {kind: [] for kind in KINDS}
    for path, text in sorted(texts.items()):
        for cut in _places(project, path, text):
            by_kind[cut.kind].append(cut)
    for found in by_kind.values():
        found.sort(key=lambda cut: hashlib.sha256(f"{seed} {cut.kind} {cut.path} {cut.start}".encode()).digest())
    taken: list[Cut] = []
    of_file: dict[str, int] = {}
    while len(taken) < wanted and any(by_kind.values()):
        for kind in KINDS:
            while by_kind[kind]:
                cut = by_kind[kind].pop()
                overlaps = any(
                    cut.path == other.path and cut.start < other.end and other.start < cut.end for other in taken
                )
                if of_file.get(cut.path, 0) < MOST_OF_A_FILE and not overlaps:
                    of_file[cut.path] = of_file.get(cut.path, 0) + 1
                    taken.append(cut)
                    break
    return sorted(taken[:wanted], key=lambda cut: (cut.path, cut.start))


def _places(project: Project, path: str, text: str) -> Iterator[Cut]:
    document = Document(text, path)
    syntax, facts = parse(document), project.facts(path)
    if syntax is None or facts is None or syntax.errors:
        return
    foreign, references = _foreign(project, path, facts), syntax.references
    for kind, node in _nodes(syntax):
        start, end = (document.offset_of_byte(byte) for byte in node)
        cut = _trimmed(document, kind, start, end)
        if cut is None:
            continue
        start, end = cut
        first = start + len(text[start:end].split("\n", 1)[0])
        inside = references[bisect_left(references, start, key=_start) : bisect_left(references, first, key=_start)]
        named = [each for each in inside if _is_foreign(project, path, text, each, foreign)]
        if kind == "arguments" and (callee := bisect_left(references, start, key=_start)):
            last = references[callee - 1]
            if text[last.span.end : start].strip() == "(" and _is_foreign(project, path, text, last, foreign):
                named.append(last)
        if named and kind == "line":
            start = named[0].span.start
        if named and SHORTEST <= first - start <= LONGEST_LINE:
            yield Cut(kind, path, start, end, tuple(dict.fromkeys(each.name for each in named)))


def _start(reference: Reference) -> int:
    return reference.span.start


def _nodes(syntax: Syntax) -> Iterator[tuple[str, tuple[int, int]]]:
    """Every candidate, as bytes."""
    pending: list[Node] = [syntax.tree.root_node]
    while pending:
        node = pending.pop()
        pending.extend(node.children)
        if node.type in _ARGUMENTS and node.parent is not None and node.parent.type in _CALLS:
            yield "arguments", (node.start_byte + 1, node.end_byte - 1)
        elif node.type in _BLOCKS and node.parent is not None:
            inside = [child for child in node.named_children if child.type != "comment"]
            if not inside:
                continue
            begin, end = inside[0].start_byte, inside[-1].end_byte
            if node.parent.type in _FUNCTIONS:
                if (
                    len(inside) > 1
                    and inside[0].type == "expression_statement"
                    and inside[0].named_children[0].type == "string"
                ):
                    begin = inside[1].start_byte
                yield "body", (begin, end)
            elif "class" not in node.parent.type:
                yield "block", (begin, end)
        elif node.type in _LINES and node.start_point[0] == node.end_point[0]:
            yield "line", (node.start_byte, node.end_byte)


def _trimmed(document: Document, kind: str, start: int, end: int) -> tuple[int, int] | None:
    """The hole without white space around it; None for one that is not wanted."""
    text = document.text[start:end]
    if kind == "arguments":
        start, text = start + len(text) - len(text.lstrip()), text.strip()
        end = start + len(text)
    if kind == "line":
        end = document.line_span(document.line_at(start)).end
        if document.text[document.line_starts[document.line_at(start)] : start].strip():
            return None
    lines = document.line_at(max(start, end - 1)) - document.line_at(start) + 1
    many = lines > 1 if kind in ("block", "body") else lines == 1
    if not many or lines > LONGEST[kind] or not text.strip() or text.lstrip() != text:
        return None
    if text.lstrip().startswith(('"""', "'''")):
        return None
    return start, end


def _foreign(project: Project, path: str, facts: Facts) -> frozenset[str]:
    """The names that a file binds to what other files of the project define."""
    return frozenset(
        each.bound
        for each in facts.imports
        if each.bound and "." not in each.bound and any(meant(project, path, facts.language, each))
    )


def _is_foreign(project: Project, path: str, text: str, name: Reference, foreign: frozenset[str]) -> bool:
    """Whether a name is one of `foreign`, or a method of another's that is called and defined in few other files."""
    is_attribute = text[: name.span.start].endswith(".")
    if not is_attribute:
        return name.name in foreign
    owner = _OWNER.search(text, max(0, name.span.start - 20), name.span.start)
    if text[name.span.end : name.span.end + 1] != "(" or owner is None or name.name in _EVERYBODYS:
        return False
    found = {each.path for each in project.defining(name.name)}
    return owner[1] not in _ITSELF and 0 < len(found) <= MOST_PLACES and path not in found


_OWNER = re.compile(r"([\w)\]]+)\.$")
_ITSELF = ("self", "cls", "this")
