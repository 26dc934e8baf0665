"""What a file defines, as signatures."""

from textwrap import dedent

import pytest

from codegpt.context.outline import Entry, outline
from codegpt.document import Document
from codegpt.syntax import parse


def entries(text: str, language: str = "python") -> tuple[Entry, ...]:
    syntax = parse(Document(dedent(text), language=language))
    assert syntax is not None
    return outline(syntax)


def shown(text: str, language: str = "python") -> list[tuple[str, str, str, str]]:
    return [(each.kind, each.holder, each.signature, each.doc) for each in entries(text, language)]


def test_a_class_keeps_its_fields_and_its_methods_their_signatures() -> None:
    text = '''
        LIMIT = 10

        @dataclass(frozen=True)
        class Point(Base):
            """A place. And more."""

            x: int
            passed: int = 0  # of all
            # a comment

            @property
            def length(self) -> float:
                """How far."""
                return 1.0

            @other
            async def move(self, by: "Point",
                           *, slowly: bool = False) -> None:
                def inner(): pass

        def f(): return 1
    '''
    assert shown(text) == [
        ("constant", "", "LIMIT = 10", ""),
        (
            "class",
            "",
            "@dataclass(frozen=True)\nclass Point(Base):\n    x: int\n    passed: int = 0  # of all",
            "A place",
        ),
        ("method", "Point", "@property\ndef length(self) -> float:", "How far."),
        (
            "method",
            "Point",
            'async def move(self, by: "Point",\n               *, slowly: bool = False) -> None:',
            "",
        ),
        ("function", "", "def f():", ""),
    ]


def test_where_each_stands() -> None:
    text = "s = '😀'\r\nclass Ä:\r\n    def f(self): return s\r\n"
    assert [(each.name, each.start, each.end) for each in entries(text)] == [("s", 0, 7), ("Ä", 9, 44), ("f", 23, 44)]


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        (
            "typescript",
            """
            /** A user. More. */
            export interface User { id: number }
            export class Store<T> extends Base {
              private items: Map<string, T> = new Map();
              /** Adds one. */
              add(key: string, value: T): void {
                this.items.set(key, value);
              }
            }
            export function f<T>(a: T, b?: number): T[] { return []; }
            """,
            [
                ("interface", "", "interface User\n    { id: number }", "A user"),
                (
                    "class",
                    "",
                    "class Store<T> extends Base\n  private items: Map<string, T> = new Map();",
                    "",
                ),
                ("method", "Store", "add(key: string, value: T): void", "Adds one."),
                ("function", "", "function f<T>(a: T, b?: number): T[]", ""),
            ],
        ),
        (
            "go",
            """
            // Add adds. It does.
            func (p *Point) Add(q Point) (Point, error) {
                return q, nil
            }
            """,
            [("method", "", "func (p *Point) Add(q Point) (Point, error)", "Add adds")],
        ),
        (
            "javascript",
            """
            function f(url = "http://x.org", n = 3) { // a note
                return n;
            }
            """,
            [("function", "", 'function f(url = "http://x.org", n = 3)', "")],
        ),
        (
            "python",
            """
            def f(url="http://x.org", n=3):  # a note
                return n
            def g(x: "{#y}", z): ...
            """,
            [("function", "", 'def f(url="http://x.org", n=3):', ""), ("function", "", 'def g(x: "{#y}", z):', "")],
        ),
        (
            "rust",
            """
            /// A point.
            pub struct Point { x: i32 }
            impl Point {
                pub fn new(x: i32) -> Self { Point { x } }
            }
            """,
            [
                ("class", "", "pub struct Point\n    { x: i32 }", "A point."),
                ("impl", "", "impl Point", ""),
                ("method", "Point", "pub fn new(x: i32) -> Self", ""),
            ],
        ),
    ],
)
def test_other_languages(language: str, text: str, expected: list[tuple[str, str, str, str]]) -> None:
    assert shown(text, language) == expected


@pytest.mark.parametrize(
    ("language", "text", "doc"),
    [
        ("go", "// One\n// sentence. And more.\nfunc f() {}\n", "One sentence"),
        ("go", "/* One.\n * two\n */\nfunc f() {}\n", "One"),
        ("javascript", "/**\n * One.\n */\nfunction f() {}\n", "One."),
        ("javascript", "#!/usr/bin/env node\nfunction f() {}\n", ""),
        ("rust", "//! Of the file.\n\n/// One.\nfn f() {}\n", "One."),
        ("rust", "#[inline]\nfn f() {}\n", ""),
        ("c", "#include <x.h>\nint f(void) { return 1; }\n", ""),
        ("c", "/* One. */\nint f(void) { return 1; }\n", "One."),
        ("ruby", "# One.\ndef f\nend\n", "One."),
        ("ruby", "// no comment\ndef f\nend\n", ""),
    ],
)
def test_what_the_comment_above_says(language: str, text: str, doc: str) -> None:
    assert [each.doc for each in entries(text, language)] == [doc]


def test_a_comment_above_is_not_read_for_ever() -> None:
    [entry] = entries("// First.\n" + "// word\n" * 50 + "func f() {}\n", "go")
    assert entry.doc == " ".join(["word"] * 40)[:160].rstrip()


def test_thousands_of_definitions() -> None:
    assert len(entries("".join(f"#define A{number} {number}\n" for number in range(5000)), "c")) == 5000


def test_a_secret_that_is_cut_is_none_either() -> None:
    secret = "ghp_" + "a1B2" * 9
    for before in range(90, 122):
        text = f"class A:\n    x = 1{' ' * before}; t = '{secret}'\n"
        assert not any("ghp_" in each.signature for each in entries(text))


def test_nothing_is_longer_than_it_says_anything() -> None:
    [entry] = entries("def f(" + ", ".join(f"argument_{number}" for number in range(100)) + "):\n    pass\n")
    assert len(entry.signature) == 400
    fields = "\n".join(f"    field_{number}: int" for number in range(100))
    [entry] = entries(f"class A:\n{fields}\n")
    assert entry.signature.count("\n") == 16
    [entry] = entries('def f():\n    """' + "word " * 100 + '"""\n')
    assert len(entry.doc) <= 160


def test_a_comment_behind_a_signature_is_no_part_of_it() -> None:
    assert [each.signature for each in entries("def f(a):  # pragma: no cover\n    pass\n")] == ["def f(a):"]


def test_what_does_not_parse_has_what_there_is() -> None:
    assert [each.name for each in entries("def f(a, b):\n    return (\n\ndef g(:\n")] == ["f"]
    assert entries("") == ()
