"""The kind of a hole: what may stand at the cursor, decided by what surrounds a placeholder there.

In this order: a quote that the user has just opened (`openings`), the placeholder's ancestors in the whole document,
the text of an import line, the ancestors when everything after the cursor is dropped, and last the characters before
the cursor. The tables name the node types of all grammars at once: a name means the same in each grammar that has it.

Not covered: places where no code can be predicted by kind (the name of a definition, parameters, JSX text) are UNKNOWN.
"""

import re
from enum import StrEnum

from tree_sitter import Node, Tree

from codegpt.document import Document
from codegpt.languages import Language
from codegpt.openings import Openings, openings
from codegpt.probe import Probe, closed_probe, error_nodes, indent_of, probe


class HoleKind(StrEnum):
    """What belongs at a cursor.

    BODY is an empty block: of a definition, a loop or a branch. STATEMENT is the start of a statement or member in a
    block that already has others, or in the file itself. ARGUMENTS is inside the parentheses of a call.
    """

    STATEMENT = "statement"
    EXPRESSION = "expression"
    ARGUMENTS = "arguments"
    BODY = "body"
    COMMENT = "comment"
    STRING = "string"
    DOCSTRING = "docstring"
    IMPORT = "import"
    UNKNOWN = "unknown"


_TYPES: dict[HoleKind, str] = {
    HoleKind.COMMENT: "comment line_comment block_comment html_comment",
    HoleKind.STRING: """
        string string_literal raw_string_literal interpreted_string_literal template_string template_literal_type
        char_literal character_literal rune_literal character heredoc_body string_array symbol_array delimited_symbol
        regex subshell""",
    HoleKind.IMPORT: """
        import_statement import_from_statement future_import_statement import_declaration import_spec_list
        use_declaration preproc_include extern_crate_declaration""",
    HoleKind.ARGUMENTS: "argument_list arguments annotation_argument_list token_tree",
    HoleKind.EXPRESSION: """
        interpolation template_substitution string_interpolation jsx_expression
        list dictionary set tuple parenthesized_expression array object pair subscript array_expression
        tuple_expression index_expression literal_value initializer_list field_initializer_list hash element_reference
        list_comprehension dictionary_comprehension set_comprehension generator_expression
        lambda arrow_function closure_expression lambda_expression
        default_parameter typed_default_parameter optional_parameter assignment_pattern variable_declarator
        enum_assignment""",
    HoleKind.UNKNOWN: """
        parameters formal_parameters parameter_list method_parameters block_parameters lambda_parameters
        closure_parameters inferred_parameters type_parameters type_arguments
        jsx_element jsx_text jsx_opening_element jsx_closing_element jsx_self_closing_element""",
    HoleKind.BODY: """
        block statement_block compound_statement statement_list body_statement class_body interface_body enum_body
        constructor_body declaration_list field_declaration_list enumerator_list enum_variant_list object_type
        annotation_type_body switch_body switch_block match_block do_block block_body then do enum_body_declarations
        ordered_field_declaration_list""",
    HoleKind.STATEMENT: """
        module program source_file translation_unit case_statement switch_case switch_default
        switch_block_statement_group else_clause else expression_case default_case type_case communication_case
        preproc_if preproc_ifdef preproc_else""",
}
_KINDS = {name: kind for kind, names in _TYPES.items() for name in names.split()}

_MEMBER_TYPES = """
    class_body interface_body enum_body declaration_list field_declaration_list enumerator_list enum_variant_list
    object_type annotation_type_body ordered_field_declaration_list"""
_MEMBERS = frozenset(_MEMBER_TYPES.split())
"""Blocks that hold declarations: the middle of one is not an expression, as the middle of a statement would be."""

_QUOTED = (HoleKind.STRING, HoleKind.COMMENT)
_INTERPOLATIONS = frozenset(("interpolation", "template_substitution", "string_interpolation"))

_DEFINING_TYPES = """
    function_definition class_definition function_declaration generator_function_declaration class_declaration
    method_definition method_declaration constructor_declaration interface_declaration enum_declaration
    record_declaration type_alias_declaration function_item function_signature_item struct_item enum_item trait_item
    mod_item type_item const_item static_item struct_specifier class_specifier enum_specifier union_specifier
    namespace_definition class method type_spec variable_declarator declaration init_declarator function_declarator
    field_declaration internal_module abstract_class_declaration"""
_DEFINES = frozenset(_DEFINING_TYPES.split())

_CALLED = re.compile(r"[\w\])>!?]\s*$")
_WORD = re.compile(r"\w*$")
_OPERATOR = re.compile(
    r"(?:[=+\-*/%<>&|!?,.:~^]|\b(?:return|in|and|or|not|if|elif|while|until|unless|await|yield|case|when|throw|raise"
    r"|assert|new|else|match|switch))\s*$"
)


def hole_kind(document: Document, language: Language, tree: Tree, offset: int) -> HoleKind:
    """The kind of hole at `offset`, which must be inside `document`; `tree` is the document's own tree."""
    found = probe(document, language, tree, offset)
    kind, node = _by_ancestors(found)
    start = found.hole if node is None else node.start_byte
    opened = openings(document.text[:offset], language) if found.tree.root_node.has_error else Openings(None, ())
    quoted = _by_quote(document, language, opened, found)
    opening = found.hole if opened.quote is None else document.byte_at(opened.quote.offset)
    if quoted is not None and not (kind is HoleKind.IMPORT and start < opening):
        kind, start = quoted, opening
    elif language.indented and kind is HoleKind.STRING and node is not None and _is_docstring(node):
        kind = HoleKind.DOCSTRING
    line_start = document.line_starts[document.line_at(offset)]
    in_text = kind is HoleKind.STRING and start < document.byte_at(line_start)
    if kind is not None and (in_text or kind in (HoleKind.COMMENT, HoleKind.DOCSTRING)):
        return kind
    if kind is HoleKind.IMPORT or language.import_line.match(document.text, line_start, offset):
        return HoleKind.IMPORT
    if kind is not None:
        return kind
    kind = _by_ancestors(closed_probe(document, language, tree, offset, opened.closing))[0]
    if kind is HoleKind.BODY and not _ends_block(document, offset):
        return HoleKind.STATEMENT
    return kind or _by_text(document.text[line_start:offset], opened, document.text)


def _by_ancestors(found: Probe) -> tuple[HoleKind | None, Node | None]:
    """The first ancestor that decides, and what it decides; none where the tree is broken before one is met."""
    leaf = child = found.path[-1]
    for node in reversed(found.path):
        if node.is_error:
            if node.byte_range != leaf.byte_range:
                return None, None
            continue
        kind = _KINDS.get(node.type)
        if _names(node, leaf):
            return HoleKind.UNKNOWN, node
        if kind is None:
            if _is_branch(node, child, leaf):
                return HoleKind.STATEMENT, node
            child = node
        elif kind in (HoleKind.BODY, HoleKind.STATEMENT):
            return _in_block(node, child, leaf, kind), node
        elif kind is HoleKind.STRING and _imports(found.path):
            return HoleKind.IMPORT, node
        elif kind is HoleKind.ARGUMENTS and not _has_parenthesis(node):
            return HoleKind.EXPRESSION, node
        else:
            return kind, node
    return None, None


def _names(node: Node, leaf: Node) -> bool:
    """Whether the hole is the name that `node` defines."""
    if node.type not in _DEFINES:
        return False
    name = node.child_by_field_name("name") or node.child_by_field_name("declarator")
    return name is not None and name.byte_range == leaf.byte_range


def _is_branch(node: Node, child: Node, leaf: Node) -> bool:
    """Whether the hole begins a branch without braces, as in `if (x) ‸`."""
    fields = ("body", "consequence", "alternative")
    return child.start_byte == leaf.start_byte and any(node.child_by_field_name(field) == child for field in fields)


def _imports(path: tuple[Node, ...]) -> bool:
    return any(_KINDS.get(node.type) is HoleKind.IMPORT for node in path)


def _has_parenthesis(node: Node) -> bool:
    """Whether arguments are in parentheses: Ruby's need not be, and a Rust macro may use other brackets."""
    return node.child_count > 0 and node.child(0).type == "("


def _in_block(node: Node, child: Node, leaf: Node, kind: HoleKind) -> HoleKind:
    """The kind of a hole whose innermost deciding ancestor is a block or a file."""
    if child.start_byte < leaf.start_byte:
        return HoleKind.UNKNOWN if node.type in _MEMBERS else HoleKind.EXPRESSION
    if kind is HoleKind.STATEMENT:
        return kind
    others = [other for other in node.named_children if _KINDS.get(other.type) is not HoleKind.COMMENT]
    # One byte more than the placeholder: a semicolon.
    alone = len(others) == 1 and others[0].end_byte <= leaf.end_byte + 1
    return HoleKind.BODY if alone else HoleKind.STATEMENT


def _is_docstring(string: Node) -> bool:
    """Whether a string is a statement of its own and the first one of its file, class or function."""
    statement = string.parent
    if statement is None or statement.type != "expression_statement" or statement.parent is None:
        return False
    block = statement.parent
    owner = block.parent
    if block.type == "block" and (owner is None or owner.type not in ("function_definition", "class_definition")):
        return False
    first = next((node for node in block.named_children if node.type != "comment"), None)
    return first == statement


def _by_quote(document: Document, language: Language, opened: Openings, found: Probe) -> HoleKind | None:
    """The kind of quote that is open at the hole, if the tree has it too or has an error from there to the hole."""
    quote = opened.quote
    if quote is None or any(node.type in _INTERPOLATIONS for node in found.path):
        return None
    opening = document.byte_at(quote.offset)
    closed_further_on = any(node.start_byte == opening and _KINDS.get(node.type) in _QUOTED for node in found.path)
    if not closed_further_on and not any(error_nodes(found.tree.root_node, opening, found.hole)):
        return None
    if quote.comment:
        return HoleKind.COMMENT
    before = document.text[: quote.offset].rstrip("rRuU").rstrip()
    starts_block = language.indented and len(quote.mark) > 1 and before[-1:] in ("", ":") and not opened.brackets
    return HoleKind.DOCSTRING if starts_block else HoleKind.STRING


def _ends_block(document: Document, offset: int) -> bool:
    """Whether nothing of the cursor's block follows: the next line that is not blank closes it or is less indented."""
    line = document.line_at(offset)
    for below in range(line + 1, len(document.line_starts)):
        text = document.line_text(below)
        if text.strip():
            return text.lstrip()[0] in ")]}" or indent_of(text) < indent_of(document.line_text(line))
    return True


def _by_text(before: str, opened: Openings, text: str) -> HoleKind:
    """The last resort: the characters of the line before the cursor, and the bracket that is open there."""
    code = _WORD.sub("", before)
    if not code.strip():
        return HoleKind.STATEMENT
    if opened.brackets:
        bracket = opened.brackets[-1]
        if bracket.mark == "(" and _CALLED.search(text[max(0, bracket.offset - 80) : bracket.offset]):
            return HoleKind.ARGUMENTS
        if bracket.mark != "{":
            return HoleKind.EXPRESSION
    return HoleKind.EXPRESSION if _OPERATOR.search(code[-80:]) else HoleKind.UNKNOWN
