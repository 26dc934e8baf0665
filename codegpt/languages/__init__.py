"""The languages we have a grammar for, as data: file names, comment and string marks, and their queries.

Covered: the ten grammars of `GRAMMARS`, under the eleven language ids of LSP that they serve. A grammar is imported
when it is first asked for, so that importing this package loads none.
Not covered: languages inside other languages (SQL in a string, JavaScript in HTML).

`queries/*.scm` capture `@definition.<kind>` with its `@name`, and its `@body` where it has one, `@reference` for every
identifier, and `@import.module` with the `@import.name` that is taken from it and the `@import.bound` it is given here.
"""

import re
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.resources import files
from pathlib import PurePosixPath

import tree_sitter


@dataclass(frozen=True)
class Grammar:
    """Where the compiled grammar lives, and which query files are written for it, in order."""

    module: str
    queries: tuple[str, ...]
    function: str = "language"


@dataclass(frozen=True)
class Quote:
    """A pair of marks around text that is not code.

    `multiline`: the text may run over a line end. `escapes`: a backslash takes the next character with it.
    """

    opens: str
    closes: str
    multiline: bool = False
    escapes: bool = True


@dataclass(frozen=True)
class Language:
    """One language of an editor.

    `import_line` matches the text of a line up to a cursor that stands in an import. `indented` says that blocks are
    made by indentation; `block_end` is the word that closes a block where no bracket does.
    """

    id: str
    name: str
    extensions: tuple[str, ...]
    grammar: Grammar
    line_comment: str
    block_comment: tuple[str, str] | None
    quotes: tuple[Quote, ...]
    import_line: re.Pattern[str]
    indented: bool = False
    block_end: str = ""


GRAMMARS = {
    "python": Grammar("tree_sitter_python", ("python",)),
    "javascript": Grammar("tree_sitter_javascript", ("javascript", "ecma")),
    "typescript": Grammar("tree_sitter_typescript", ("typescript", "ecma"), "language_typescript"),
    "tsx": Grammar("tree_sitter_typescript", ("typescript", "ecma"), "language_tsx"),
    "go": Grammar("tree_sitter_go", ("go",)),
    "rust": Grammar("tree_sitter_rust", ("rust",)),
    "java": Grammar("tree_sitter_java", ("java",)),
    "c": Grammar("tree_sitter_c", ("c",)),
    "cpp": Grammar("tree_sitter_cpp", ("cpp",)),
    "ruby": Grammar("tree_sitter_ruby", ("ruby",)),
}

_C_COMMENT = ("/*", "*/")
_DOUBLE = Quote('"', '"')
_SINGLE = Quote("'", "'")
_TRIPLE_DOUBLE = Quote('"""', '"""', multiline=True)
_TRIPLE_SINGLE = Quote("'''", "'''", multiline=True)
_BACKTICK = Quote("`", "`", multiline=True)
_SCRIPT_QUOTES = (_DOUBLE, _SINGLE, _BACKTICK)

_PYTHON_IMPORT = re.compile(r"[ \t]*(?:import|from)[ \t][^#;]*$")
_SCRIPT_IMPORT = re.compile(
    r"""[ \t]*(?:import\b(?![ \t]*[.(])[^;]*|(?:export\b.*|\}[ \t]*)\bfrom[ \t]*['"][^'"]*|.*\brequire\(['"][^'"]*)$"""
)
_GO_IMPORT = re.compile(r"[ \t]*import\b[^;]*$")
_RUST_IMPORT = re.compile(r"[ \t]*(?:pub(?:\([^)]*\))?[ \t]+)?(?:use|extern[ \t]+crate)[ \t][^;]*$")
_JAVA_IMPORT = re.compile(r"[ \t]*import[ \t][^;]*$")
_C_IMPORT = re.compile(r"[ \t]*#[ \t]*include\b.*$")
_RUBY_IMPORT = re.compile(
    r"""[ \t]*(?:require(?:_relative)?[ \t]*$|(?:require(?:_relative)?|load|autoload)\b[^'"=;#]*['"][^'"]*$)"""
)


def _script(id: str, name: str, extensions: tuple[str, ...], grammar: str) -> Language:
    """The JavaScript family differs in its grammars only."""
    return Language(id, name, extensions, GRAMMARS[grammar], "//", _C_COMMENT, _SCRIPT_QUOTES, _SCRIPT_IMPORT)


LANGUAGES: dict[str, Language] = {
    language.id: language
    for language in (
        Language(
            id="python",
            name="Python",
            extensions=(".py", ".pyi", ".pyw"),
            grammar=GRAMMARS["python"],
            line_comment="#",
            block_comment=None,
            quotes=(_TRIPLE_DOUBLE, _TRIPLE_SINGLE, _DOUBLE, _SINGLE),
            import_line=_PYTHON_IMPORT,
            indented=True,
        ),
        _script("javascript", "JavaScript", (".js", ".mjs", ".cjs"), "javascript"),
        _script("javascriptreact", "JavaScript (JSX)", (".jsx",), "javascript"),
        _script("typescript", "TypeScript", (".ts", ".mts", ".cts"), "typescript"),
        _script("typescriptreact", "TypeScript (TSX)", (".tsx",), "tsx"),
        Language(
            id="go",
            name="Go",
            extensions=(".go",),
            grammar=GRAMMARS["go"],
            line_comment="//",
            block_comment=_C_COMMENT,
            quotes=(_DOUBLE, _SINGLE, Quote("`", "`", multiline=True, escapes=False)),
            import_line=_GO_IMPORT,
        ),
        Language(
            id="rust",
            name="Rust",
            extensions=(".rs",),
            grammar=GRAMMARS["rust"],
            line_comment="//",
            block_comment=_C_COMMENT,
            # No single quote: a lifetime ('a) opens one and never closes it.
            quotes=(Quote('r#"', '"#', multiline=True, escapes=False), Quote('"', '"', multiline=True)),
            import_line=_RUST_IMPORT,
        ),
        Language(
            id="java",
            name="Java",
            extensions=(".java",),
            grammar=GRAMMARS["java"],
            line_comment="//",
            block_comment=_C_COMMENT,
            quotes=(_TRIPLE_DOUBLE, _DOUBLE, _SINGLE),
            import_line=_JAVA_IMPORT,
        ),
        Language(
            id="c",
            name="C",
            extensions=(".c", ".h"),
            grammar=GRAMMARS["c"],
            line_comment="//",
            block_comment=_C_COMMENT,
            quotes=(_DOUBLE, _SINGLE),
            import_line=_C_IMPORT,
        ),
        Language(
            id="cpp",
            name="C++",
            extensions=(".cpp", ".cc", ".cxx", ".hpp", ".hh", ".hxx", ".ipp"),
            grammar=GRAMMARS["cpp"],
            line_comment="//",
            block_comment=_C_COMMENT,
            quotes=(Quote('R"(', ')"', multiline=True, escapes=False), _DOUBLE, _SINGLE),
            import_line=_C_IMPORT,
        ),
        Language(
            id="ruby",
            name="Ruby",
            extensions=(".rb", ".rake", ".gemspec"),
            grammar=GRAMMARS["ruby"],
            line_comment="#",
            block_comment=("=begin", "=end"),
            quotes=(Quote('"', '"', multiline=True), Quote("'", "'", multiline=True)),
            import_line=_RUBY_IMPORT,
            block_end="end",
        ),
    )
}
"""Every language by its LSP id."""

_BY_EXTENSION = {extension: language for language in LANGUAGES.values() for extension in language.extensions}


def language_of(path: str, language_id: str = "") -> Language | None:
    """The language of a file: the editor's own `language_id` when we know it, else by the extension, else None.

    Args:
        path: A path or a URI; only its last suffix counts, in any case.
        language_id: LSP's `TextDocumentItem.languageId`.
    """
    return LANGUAGES.get(language_id) or _BY_EXTENSION.get(PurePosixPath(path).suffix.lower())


def grammar(language: Language) -> tree_sitter.Language:
    """The compiled grammar; the first call for a language imports it."""
    return _load_grammar(language.grammar)


def query(language: Language) -> tree_sitter.Query:
    """The compiled `queries/<grammar>.scm`."""
    return _load_query(language.grammar)


def definition_query(language: Language) -> tree_sitter.Query:
    """The definitions of `query`; its references outnumber them by far."""
    return _load_part(language.grammar, b"@definition")


def import_query(language: Language) -> tree_sitter.Query:
    """The imports of `query`, one match for each name that is imported."""
    return _load_part(language.grammar, b"@import")


# Cached by grammar and not by language: JavaScript and JSX share theirs.


@cache
def _load_grammar(source: Grammar) -> tree_sitter.Language:
    return tree_sitter.Language(getattr(import_module(source.module), source.function)())


@cache
def _load_query(source: Grammar) -> tree_sitter.Query:
    return tree_sitter.Query(_load_grammar(source), _query_text(source))


@cache
def _load_part(source: Grammar, mark: bytes) -> tree_sitter.Query:
    # Compiled again, because a disabled pattern is disabled for every user of a query.
    text = _query_text(source)
    query, encoded = tree_sitter.Query(_load_grammar(source), text), text.encode()
    for pattern in range(query.pattern_count):
        if mark not in encoded[query.start_byte_for_pattern(pattern) : query.end_byte_for_pattern(pattern)]:
            query.disable_pattern(pattern)
    return query


def _query_text(source: Grammar) -> str:
    folder = files(__name__).joinpath("queries")
    return "\n".join(folder.joinpath(f"{name}.scm").read_text("utf-8") for name in source.queries)
