"""What a file imports, as it is written; where that lies is `resolve`'s to say.

Covered: the imports of all languages that have a grammar, wherever they stand in a file, `require` and includes too.
Not covered: imports that are made when the program runs (`importlib`, `import()`, `Kernel#require` of a variable).
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from tree_sitter import Node, QueryCursor

from codegpt.document import Span
from codegpt.languages import import_query
from codegpt.syntax import Syntax

EVERYTHING = "*"
DEFAULT = "default"


@dataclass(frozen=True)
class Import:
    """One name that a file gets from elsewhere.

    Attributes:
        module: as it is written, without quotes: ``.rank``, ``./rank``, ``crate::rank``, ``net/http``, ``<stdio.h>``.
        name: what is taken from it; "" for the module itself, `EVERYTHING`, or `DEFAULT` (JavaScript).
        bound: what it is called in this file; "" where nothing is bound (an include, an import for its effect).
    """

    module: str
    name: str = ""
    bound: str = ""


def imports(syntax: Syntax) -> tuple[Import, ...]:
    """What a document imports, in document order."""
    return tuple(each for _, each in imports_at(syntax))


def statements(syntax: Syntax, found: Sequence[tuple[int, Import]]) -> tuple[tuple[Span, tuple[Import, ...]], ...]:
    """The statements at the top of a document that import something, and what; none that defines anything.

    Args:
        found: see `imports_at`.
    """
    root = syntax.tree.root_node
    spans: dict[tuple[int, int], list[Import]] = {}
    for at, each in found:
        node = root.descendant_for_byte_range(at, at)
        while node is not None and node.parent is not None and node.parent != root:
            node = node.parent
        if node is not None and node != root:
            spans.setdefault(node.byte_range, []).append(each)
    offset_of = syntax.document.offset_of_byte
    whole = [(Span(offset_of(start), offset_of(end)), tuple(each)) for (start, end), each in spans.items()]
    bodies = [each.span.start for each in syntax.definitions if each.body is not None]
    return tuple(
        (span, each) for span, each in whole if bisect_left(bodies, span.start) == bisect_left(bodies, span.end)
    )


def imports_at(syntax: Syntax) -> Sequence[tuple[int, Import]]:
    """What a document imports, in document order, each with a byte that it stands at."""
    source = syntax.document.utf8

    def text(node: Node) -> str:
        return source[node.start_byte : node.end_byte].decode("utf-8", "replace")

    found: list[tuple[int, Import]] = []
    for _, captures in QueryCursor(import_query(syntax.language)).matches(syntax.tree.root_node):
        nodes = {name.removeprefix("import."): each[0] for name, each in captures.items()}
        if "tree" in nodes:
            at = nodes["tree"].start_byte
            found += ((at, each) for each in _rust_tree(text(nodes["tree"])))
        elif "module" in nodes:
            given = {name: text(node) for name, node in nodes.items()}
            at = max(node.start_byte for name, node in nodes.items() if name in ("module", "name", "bound"))
            found.append((at, _read(syntax.language.id, given)))
    return sorted(found, key=lambda pair: pair[0])


def _read(language: str, given: dict[str, str]) -> Import:
    module = given["module"].strip("\"'`")
    name, bound = given.get("name", ""), given.get("bound", "")
    match language:
        case "python" if not name and not bound:
            return Import(module, bound=module)
        case "java" if not name:
            module, _, name = module.rpartition(".")
            return Import(module, name, name)
        case "go":
            return Import(module, EVERYTHING if name else "", bound or ("" if name else module.rpartition("/")[2]))
        case "ruby":
            relative = given.get("call", "").startswith("require_relative")
            return Import(f"./{module.removeprefix('./')}" if relative else module)
        case "rust":
            return Import(f"self::{module}", bound=module)
    if "default" in given:
        return Import(module, DEFAULT, bound)
    return Import(module, name, bound or ("" if name == EVERYTHING else name))


def _rust_tree(text: str, path: tuple[str, ...] = ()) -> list[Import]:
    """The names of a use tree: ``a::{b, c as d, e::*}``."""
    text = text.strip()
    if "{" in text:
        head, _, rest = text.partition("{")
        inside = (*path, *(part.strip() for part in head.split("::") if part.strip()))
        return [each for part in _at_commas(rest.rpartition("}")[0]) for each in _rust_tree(part, inside)]
    written, _, alias = text.partition(" as ")
    parts = [*path, *(part.strip() for part in written.split("::") if part.strip())]
    if not parts:
        return []
    if parts[-1] == "self" and len(parts) > 1:
        return [Import("::".join(parts[:-1]), bound=alias.strip() or parts[-2])]
    name = parts[-1]
    bound = "" if name == EVERYTHING else alias.strip() or name
    return [Import("::".join(parts[:-1]), name, bound)]


def _at_commas(text: str) -> list[str]:
    """The parts between commas that stand in no braces."""
    parts, depth = [""], 0
    for character in text:
        depth += (character == "{") - (character == "}")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part for part in parts if part.strip()]
