"""Programs as text: whether they parse, and whether two of them are the same in other clothes."""

from tree_sitter import Node, Parser

from codegpt.languages import LANGUAGES, Language, grammar


def parses(program: str, language: str) -> bool:
    """Whether it does; True where there is no grammar to say so."""
    known = LANGUAGES.get(language)
    return known is None or not _parsed(program, known).has_error


def normal_form(program: str, language: str) -> str:
    """Equal for programs that differ in comments, docstrings, layout and kinds of quotes alone.

    A program that does not parse, or of a language without a grammar, is its own text.
    """
    known = LANGUAGES.get(language)
    if known is None:
        return program.strip()
    root = _parsed(program, known)
    if root.has_error:
        return program.strip()
    parts: list[str] = []
    waiting: list[Node | str] = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, str):
            parts.append(node)
        elif "comment" in node.type or _is_docstring(node):
            continue
        elif node.child_count == 0:
            text = (node.text or b"").decode("utf-8", "replace")
            parts.append(text.rstrip("\"'") if node.type in _QUOTES else text)
        else:
            parts.append(f"<{node.type}")
            waiting.append(">")
            waiting.extend(reversed(node.children))
    return "\x1f".join(parts)


def _parsed(program: str, language: Language) -> Node:
    return Parser(grammar(language)).parse(program.encode("utf-8", "surrogatepass")).root_node


_QUOTES = ("string_start", "string_end", '"', "'")


def _is_docstring(node: Node) -> bool:
    """A statement that is a string, which does nothing."""
    return node.type == "expression_statement" and node.child_count == 1 and node.children[0].type == "string"
