"""Definitions, references, scopes and errors, and that no text and no offset makes any of it raise."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tree_sitter import Node

from codegpt.document import Document, Edit, Span
from codegpt.languages import LANGUAGES
from codegpt.syntax import (
    MAX_BYTES,
    Definition,
    HoleKind,
    Reference,
    Scope,
    Syntax,
    parse,
    parse_again,
    parse_anew,
)

SOURCES: dict[str, tuple[str, str, str]] = {
    "python": (
        """\
import os

MAX = 3
name = "x"


class A(Base):
    "é😀"

    @property
    def f(self, x):
        def inner(): return x
        return os.path

def g(y: int) -> A:
    return A(MAX).f(y)
type T = int
""",
        "constant MAX, variable name, class A, method f, function inner, function g, type T",
        "os Base property self x x os path y int A A MAX f y int",
    ),
    "javascript": (
        """\
import { a } from "./a";
export const MAX = 3;
let n = a(MAX);
class A extends B { m(x) { return this.n; } #p() {} h = () => 1; }
function f(x) { return new A(x); }
const g = (y) => f(y);
const o = { k: function () { return 1; } };
module.exports.q = function () {};
""",
        (
            "constant MAX, variable n, class A, method m, method #p, method h, function f, function g, constant "
            "o, method k, function q"
        ),
        "a a MAX B x n x A x y f y module exports",
    ),
    "typescript": (
        """\
interface I { a: string }
type T = I | null;
enum E { X }
abstract class A<U> implements I { private m(x: T): U { return x.y; } }
export const f = (x: I): T => x;
namespace N { export function g() {} }
""",
        "interface I, type T, enum E, class A, method m, function f, module N, function g",
        "a I X U I x T U x y x I T x",
    ),
    "typescriptreact": (
        """\
export function V(p: P) { return <W a={p.b} />; }
""",
        "function V",
        "p P W a p b",
    ),
    "go": (
        """\
package a

const Max = 3

var n, k = 1, 2

type S struct { X int }
type I interface { M() }
type T = S

func (s *S) M(x int) int { return s.X + fmt.Max }

func F() { go F() }
""",
        "constant Max, variable n, variable k, class S, interface I, type T, method M, function F",
        "a X int M S s S x int int s X fmt Max F",
    ),
    "rust": (
        """\
const MAX: u8 = 3;
struct S<T> { x: T }
enum E { A }
trait R { fn r(&self); fn d(&self) { } }
impl<T> R for S<T> { fn r(&self) { self.x; } }
mod m { pub fn f() { super::g(); } }
type Q = S<u8>;
macro_rules! mm { () => {} }
fn g() -> E { E::A }
""",
        (
            "constant MAX, class S, enum E, interface R, method r, method d, impl S, method r, module m, function "
            "f, type Q, macro mm, function g"
        ),
        "T x T A T R T x g S E E A",
    ),
    "java": (
        """\
package p;
import java.util.List;
public class A extends B {
  static final int MAX = 3;
  A(int x) { this.y = x; }
  List<A> m(C c) { return c.d(MAX); }
  enum E { X }
  interface I { void n(); }
}
record R(int a) { }
""",
        "class A, constant MAX, method A, method m, enum E, interface I, method n, class R",
        "p java util List B x y x List A C c c d MAX X a",
    ),
    "c": (
        """\
#define MAX 3
#define SQ(x) ((x)*(x))
typedef struct node { int v; } node_t;
static int count = MAX;
enum e { X };
int g(int);
char *f(node_t *n) { return g(n->v); }
""",
        "constant MAX, macro SQ, type node_t, class node, variable count, enum e, function g, function f",
        "x v MAX X node_t n g n v",
    ),
    "cpp": (
        """\
namespace n { class A : B { public: A(); int f() { return 1; } int h(); ~A(); }; }
int n::A::h() { return x.y; }
int A::k() { return 1; }
template <class T> T g(T t) { return t; }
struct S { int a; };
using U = S;
""",
        ("module n, class A, method A, method f, method h, method ~A, method h, method k, function g, class S, type U"),
        "B A n A x y A T T T t t a S",
    ),
    "ruby": (
        """\
require "x"
MAX = 3
n = 1
module M
  class A < B
    def f(x)
      @y = g(x)
    end
    def self.s; end
  end
end
def g(z)
  MAX
end
""",
        "constant MAX, variable n, module M, class A, method f, method s, function g",
        "require B x @y g x z MAX",
    ),
    "javascriptreact": (
        """\
const V = (p) => <W a={p.b}>{f(x)}</W>;
""",
        "function V",
        "p W a p b f x W",
    ),
}
"""A source, its definitions, and its references."""

SCOPES: list[tuple[str, str, list[str]]] = [
    ("python", "class A:\n    def f(self):\n        x = 1\n        ‸\n\n    y = 2\n", ["class A", "method f"]),
    (
        "python",
        "class A:\n    def f(self):\n        g(a, ‸\n\n    def h(self):\n        pass\n",
        ["class A", "method f"],
    ),
    ("python", "def f():\n    x = 1\n‸\n", []),
    ("python", "def f():\n    x = 1\n‸\n    y = 2\n", ["function f"]),
    ("python", "def f(x):\n‸", ["function f"]),
    ("python", "def f(x=‸): pass", ["function f"]),
    ("python", "‸def f(): pass", []),
    ("javascript", "class A { m() { const f = () => { ‸ } } }", ["class A", "method m", "function f"]),
    ("javascript", "function f() {}‸", []),
    ("typescriptreact", "function V() { return <a b={() => { ‸ }} /> }", ["function V"]),
    ("go", "package a\nfunc (s *S) M() {\n\t‸\n}\n", ["method M"]),
    ("rust", "impl A { fn f(&self) { let x = ‸ } }", ["impl A", "method f"]),
    ("java", "class A { void f() { ‸ } }", ["class A", "method f"]),
    ("c", "char *f() { ‸ }", ["function f"]),
    ("cpp", "namespace n { class A { int f() { ‸ } }; }", ["module n", "class A", "method f"]),
    ("cpp", "int n::A::h() { return ‸; }", ["method h"]),
    ("ruby", "module M\n  class A\n    def f\n      ‸\n    end\n  end\nend\n", ["module M", "class A", "method f"]),
    ("ruby", "class A\n  def f(x)\n    g(‸\n", ["class A", "method f"]),
]


def parsed(text: str, language: str = "python") -> Syntax:
    syntax = parse(Document(text, language=language))
    assert syntax is not None
    return syntax


@pytest.mark.parametrize("language", SOURCES)
def test_definitions_and_references(language: str) -> None:
    source, definitions, references = SOURCES[language]
    syntax = parsed(source, language)
    assert syntax.errors == ()
    assert ", ".join(f"{found.kind} {found.name}" for found in syntax.definitions) == definitions
    assert " ".join(found.name for found in syntax.references) == references
    for found in (*syntax.definitions, *syntax.references):
        span = found.name_span if isinstance(found, Definition) else found.span
        assert source[span.start : span.end] == found.name


def test_spans_count_code_points() -> None:
    syntax = parsed("s = '😀é'\r\nclass Ä:\r\n    def f(self): return s\r\n")
    assert syntax.definitions == (
        Definition("s", "variable", Span(0, 8), Span(0, 1)),
        Definition("Ä", "class", Span(10, 45), Span(16, 17), Span(24, 45)),
        Definition("f", "method", Span(24, 45), Span(28, 29), Span(37, 45)),
    )
    assert syntax.references == (Reference("self", Span(30, 34)), Reference("s", Span(44, 45)))
    assert syntax.scope_at(44) == Scope("method", "f", Span(24, 45), Span(37, 45))


@pytest.mark.parametrize(("language", "source", "scopes"), SCOPES)
def test_scopes_around_the_cursor(language: str, source: str, scopes: list[str]) -> None:
    offset = source.index("‸")
    syntax = parsed(source.replace("‸", ""), language)
    found = syntax.scopes_at(offset)
    assert [f"{scope.kind} {scope.name}" for scope in found] == scopes
    assert syntax.scope_at(offset) == (found[-1] if found else None)


def test_a_scope_ends_at_the_cursor_where_the_rest_does_not_parse() -> None:
    text = "def f():\n    g(a, \n\ndef h():\n    pass\n"
    assert parsed(text).scope_at(18) == Scope("function", "f", Span(0, 18), Span(13, 18))


def test_errors_are_where_the_text_does_not_parse() -> None:
    assert parsed("x = (1 +\n").errors != ()
    missing = parsed("😀 = 1;\nf(1;\n", "javascript")
    assert [error for error in missing.errors if error.start == error.end] == [Span(10, 10)]
    assert missing.has_errors_in(Span(9, 10))
    assert missing.has_errors_in(Span(10, 11))
    assert not missing.has_errors_in(Span(11, 12))
    clean = parsed("x = f(1)\n")
    assert not clean.has_errors_in(Span(0, 9))


def test_a_completion_can_be_checked_in_place() -> None:
    document = Document("def f(x):\n    return \n", language="python")
    for text, broken in (("g(x)", False), ("g(x", True), ("x)", True), ("x\n    y = 2", False)):
        syntax = parse(document.apply(Edit(Span(21, 21), text)))
        assert syntax is not None
        assert syntax.has_errors_in(Span(21, 21 + len(text))) is broken


@pytest.mark.parametrize(
    "document",
    [
        Document("x = 1", language="plaintext"),
        Document("x = 1", uri="file:///notes.txt"),
        Document("x" * (MAX_BYTES + 1), language="python"),
        Document("é" * (MAX_BYTES // 2 + 1), language="python"),
    ],
    ids=["unknown id", "unknown extension", "too large", "too many bytes"],
)
def test_no_syntax(document: Document) -> None:
    assert parse(document) is None


def test_the_extension_decides_without_an_id() -> None:
    syntax = parse(Document("fn f() {}", uri="file:///a/b.rs"))
    assert syntax is not None
    assert syntax.language is LANGUAGES["rust"]


UGLY = {
    "empty": "",
    "nul": "def f(\x00):\x00\n\x00",
    "crlf": "def f():\r\n\r\n    g(\r\n",
    "cr": "def f():\r    g(\r",
    "astral": "😀 = '😀\n😀(😀, ",
    "lone surrogate": "x = '\ud800' + \udfff\nf(",
    "unclosed": "f(\"a\n{[('''`/* ",
    "long line": "x = 'é" + "a" * 200_000,
    "deep brackets": "(" * 5_000,
    "deep pairs": "f([{" * 1_700 + "}])" * 1_700,
    "deep blocks": "\n".join(" " * depth + "if a:" for depth in range(400)),
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("text", UGLY.values(), ids=list(UGLY))
def test_ugly_text_is_answered(text: str, language: str) -> None:
    syntax = parsed(text, language)
    for offset in {0, 1, len(text) // 2, len(text)}:
        check(syntax, offset)


def test_a_line_of_200_000_characters_takes_no_more_than_a_second_or_so() -> None:
    started = time.perf_counter()
    syntax = parsed("x = [" + "a, " * 66_000 + "]")
    assert syntax.hole_at(99_999) is HoleKind.EXPRESSION
    assert len(syntax.references) == 66_000
    assert time.perf_counter() - started < 5


SCRAPS = (
    "( [ { ) ] } \" ' ` /* */ // # \n \r \\ : ; , . = -> => def class if return import from f x 1 é 😀 \x00 "
    'fn use #include require end do function <a> ${ #{ """ \u2028 \ud800     '
)
CODE = st.lists(st.sampled_from([*SCRAPS.split(" "), " ", "    ", "\t"]), max_size=40).map("".join)
TEXT = st.text(st.characters(), max_size=30)


@settings(max_examples=300, deadline=None)
@given(text=st.one_of(CODE, TEXT), language=st.sampled_from(sorted(LANGUAGES)), data=st.data())
def test_no_text_and_no_offset_raises(text: str, language: str, data: st.DataObject) -> None:
    check(parsed(text, language), data.draw(st.integers(-2, len(text) + 2)))


def check(syntax: Syntax, offset: int) -> None:
    """Every answer is given, and every span is inside the document."""
    end = len(syntax.document.text)
    assert isinstance(syntax.hole_at(offset), HoleKind)
    scopes = syntax.scopes_at(offset)
    spans = [span for scope in scopes for span in (scope.span, scope.body)]
    spans += [span for found in syntax.definitions for span in (found.span, found.name_span)]
    spans += [found.span for found in syntax.references]
    spans += syntax.errors
    assert all(0 <= span.start <= span.end <= end for span in spans)
    for scope in scopes:
        assert scope.span.start <= min(max(offset, 0), end) <= scope.span.end
        assert scope.span.start <= scope.body.start
        assert scope.body.end <= scope.span.end
    assert syntax.has_errors_in(Span(0, end)) is bool(syntax.errors)


SNIPPETS = {
    "python": 'import a\n\n\ndef f(x):\n    """Doc."""\n    if x:\n        return [x, "y"]\n\n\nclass A:\n    b = 1\n',
    "javascript": "const a = {b: [1, 2]};\nfunction f(x) {\n  // why\n  return `t ${x}`;\n}\nclass A { m() {} }\n",
    "typescript": "interface A { b: string }\nconst f = (x: A): number => x.b.length;\nexport { f };\n",
    "cpp": "#include <a>\nclass A { int b() { return 1; } };\nint main() { A a; return a.b(); }\n",
    "go": 'package a\n\nfunc f(x int) string {\n\tif x > 1 {\n\t\treturn "y"\n\t}\n\treturn `z`\n}\n',
    "ruby": "class A\n  def b(x)\n    x.map do |y|\n      y + 1\n    end\n  end\nend\n",
}


def nodes(root: Node) -> list[tuple[str, int, int, bool]]:
    found, waiting = [], [root]
    while waiting:
        node = waiting.pop()
        found.append((node.type, node.start_byte, node.end_byte, node.is_missing))
        waiting += node.children
    return found


@pytest.mark.parametrize("language", SNIPPETS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_parsed_again_it_is_as_parsed_anew(language: str, data: st.DataObject) -> None:
    """Of broken code there are several readings; which one tree-sitter finds may depend on what it knew before."""
    document = Document(SNIPPETS[language], "", language)
    known = parse(document)
    assert known is not None
    for _ in range(data.draw(st.integers(1, 6))):
        start = data.draw(st.integers(0, len(document.text)))
        end = data.draw(st.integers(start, min(len(document.text), start + 5)))
        text = data.draw(st.text("ab \n\"'(){}[]:;=.#/é😀", max_size=4))
        document = document.apply(Edit(Span(start, end), text))
        tree = parse_again(known, document)
        anew = parse_anew(document, known.language)
        assert tree.root_node.has_error == anew.root_node.has_error
        assert anew.root_node.has_error or nodes(tree.root_node) == nodes(anew.root_node)
        known = Syntax(document, known.language, tree)
