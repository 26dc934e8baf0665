"""The kind of hole, for a source with a cursor (`‸`) in it; most sources are as incomplete as they are in an editor."""

import pytest

from codegpt.document import Document
from codegpt.hole import HoleKind
from codegpt.syntax import parse

HOLES: dict[str, list[tuple[str, str]]] = {
    "python": [
        ("def f(x):\n    ‸\n", "body"),
        ("def f(x):\n‸\n", "body"),
        ("def f(x):\n‸\n\ndef g(): pass\n", "body"),
        ("def f(x):\n    y = 1\n    ‸\n    return y\n", "statement"),
        ("def f(x):\n    y = 1\n‸\n    return y\n", "statement"),
        ("x = ‸\ny = 2\n", "expression"),
        ("def f():\n    return ‸", "expression"),
        ("def f():\n    return ‸\n\ndef g():\n    pass\n", "expression"),
        ("foo(a, ‸", "arguments"),
        ("foo(a, ‸\n\nbar()\n", "arguments"),
        ("foo(‸)", "arguments"),
        ("def f(x):\n    foo(a, ‸\n\ndef g():\n    pass\n", "arguments"),
        ("if x:\n    foo(‸\n    bar()\nelse:\n    y()\n", "arguments"),
        ("foo([a, ‸])", "expression"),
        ("# abc‸", "comment"),
        ("x = 1  # abc‸\ny = 2", "comment"),
        ("#‸ abc", "comment"),
        ('x = "abc‸"', "string"),
        ('x = "abc‸\ny = 2\n', "string"),
        ('f(x, "abc‸\ny = 2\n', "string"),
        ('def f():\n    """abc‸"""\n', "docstring"),
        ('def f():\n    """abc‸\n    x = 1\n', "docstring"),
        ('"""‸', "docstring"),
        ("'''\nimport ‸\n'''\n", "docstring"),
        ('x = """a\nimport ‸\n"""\n', "string"),
        ('x = f"a{‸}"', "expression"),
        ('x = f"a{g(‸)}"', "arguments"),
        ('x = f"a{b}‸"', "string"),
        ("import os.‸", "import"),
        ("from x import ‸", "import"),
        ("from ‸", "import"),
        ("from x import (\n    a,\n    ‸\n)\n", "import"),
        ("import x; y = ‸", "expression"),
        ("import x  # why ‸", "comment"),
        ("def ‸", "unknown"),
        ("def f(‸", "unknown"),
        ("def f(a, b=‸):\n    pass", "expression"),
        ("class ‸:", "unknown"),
        ("class A:\n    ‸", "body"),
        ("class A:\n    x = 1\n\n    ‸\n", "statement"),
        ("‸", "statement"),
        ("x = 1\n‸", "statement"),
        ("x = 1\nfo‸", "statement"),
        ("x.fo‸", "expression"),
        ("if ‸:\n    pass", "expression"),
        ("for x in ‸", "expression"),
        ("while x:\n    ‸", "body"),
        ('x = {\n  "a": ‸\n', "expression"),
        ("x = [1, ‸", "expression"),
        ("with open(‸) as f:\n    pass", "arguments"),
        ("try:\n    ‸\nexcept E:\n    pass", "body"),
        ("x = [y for y in ‸]", "expression"),
        ("@‸\ndef f(): pass", "expression"),
        ("def f(x): ‸", "body"),
        ("lambda x: ‸", "expression"),
        ('d = {"a": """x‸"""}', "string"),
        ("print(f(‸\n", "arguments"),
        ("def f():\n    if a:\n        b()\n    ‸\n\n\nclass B:\n    pass", "statement"),
        ("x = (1 + ‸", "expression"),
        ("def f(x):\r\n    ‸\r\n", "body"),
        ("s = '😀'\nf(‸", "arguments"),
    ],
    "javascript": [
        ("function f() {\n  ‸\n}", "body"),
        ("function f() {\n  ‸", "body"),
        ("function f() {\n  foo(a, ‸\n}\nbar()", "arguments"),
        ('const x = "abc ‸\nfoo();', "string"),
        ("const x = `abc ‸\nfoo();", "string"),
        ("const x = `abc ${‸}`", "expression"),
        ("/* abc ‸\nfoo();", "comment"),
        ("/** @param ‸ */", "comment"),
        ("// x‸", "comment"),
        ("// x‸\nfoo()", "comment"),
        ("function f() { const x = ‸\n}\n", "expression"),
        ("function f() { return ‸ }", "expression"),
        ("import ‸", "import"),
        ("import { a, ‸ } from 'x'", "import"),
        ("import a from '‸'", "import"),
        ("import a from './‸\nfoo()", "import"),
        ("const a = require('‸')", "import"),
        ("foo(‸)", "arguments"),
        ("foo(a => { ‸ })", "body"),
        ("new Foo(‸", "arguments"),
        ("const f = (x) => ‸", "expression"),
        ("const f = (x) => {\n  ‸\n}\nfoo()", "body"),
        ("class A {\n  ‸\n}", "body"),
        ("class A { m() { ‸ } }", "body"),
        ("class A { m() { a(); ‸ } }", "statement"),
        ("if (x) ‸", "statement"),
        ("if (x) { ‸ } else { y() }", "body"),
        ("x = { a: ‸ }", "expression"),
        ("function ‸", "unknown"),
        ("function f(‸) {}", "unknown"),
        ("const ‸", "unknown"),
        ("x = /a‸b/", "string"),
        ("return ‸", "expression"),
        ("<div>{‸}</div>", "expression"),
        ("<p>text ‸</p>", "unknown"),
        ("foo.‸", "expression"),
        ("foo.bar(x).‸\nbaz()", "expression"),
        ("switch (x) { case 1: ‸ }", "statement"),
    ],
    "typescript": [
        ("function f(x: number): string {\n  ‸\n}", "body"),
        ("interface A { ‸ }", "body"),
        ("interface A { b: number; ‸ }", "statement"),
        ("const x: number = ‸;", "expression"),
        ("enum A { ‸ }", "body"),
        ('import type { ‸ } from "a"', "import"),
        ("f<number>(‸)", "arguments"),
        ("type A = ‸", "expression"),
    ],
    "typescriptreact": [
        ("const A = () => <div>{f(‸)}</div>", "arguments"),
        ("const A = () => {\n  return <B x={‸} />\n}", "expression"),
        ("const A = () => <p>Don't ‸</p>", "unknown"),
    ],
    "go": [
        ("package a\nfunc f() {\n\t‸\n}\n", "body"),
        ("package a\nfunc f() {\n\tx := 1\n\t‸\n}\n", "statement"),
        ("package a\nfunc f() { x := g(a, ‸\n y := 2\n}", "arguments"),
        ('package a\nimport "‸\n', "import"),
        ('package a\nimport (\n\t"fmt"\n\t"‸"\n)\n', "import"),
        ("package a\nfunc f() { x := ‸ }", "expression"),
        ("package a\nvar x = `a ‸\nfoo", "string"),
        ('package a\nvar x = "a‸"', "string"),
        ("package a\n// f ‸\nfunc f() {}", "comment"),
        ("package a\nfunc f() { return ‸\n}\n", "expression"),
        ("package a\ntype A struct {\n\t‸\n}", "body"),
        ("package a\nfunc f() { if ‸ { } }", "expression"),
        ("package a\nfunc f(‸) {}", "unknown"),
        ("package a\nfunc ‸", "unknown"),
        ("package a\n\n‸\n\nfunc f() {}", "statement"),
        ("package a\nfunc f() { for i := 0; i < n; i++ { ‸ } }", "body"),
        ("package a\nfunc f() { switch x {\ncase 1:\n\t‸\n} }", "body"),
        ("package a\nvar x = A{‸}", "expression"),
        ("package a\nimport (\n\t‸\n)\n", "import"),
    ],
    "rust": [
        ("fn f() {\n    ‸\n}\n", "body"),
        ("fn f() {\n    let x = 1;\n    ‸\n}\n", "statement"),
        ("use std::‸", "import"),
        ("use std::‸\nfn main() {}", "import"),
        ("pub use a::{b, ‸};", "import"),
        ("struct A { ‸ }", "body"),
        ("fn f() { let x = ‸\n let y = 2; }", "expression"),
        ('fn f() { g("abc ‸\n let y = 2; }', "string"),
        ('fn f() { println!("{}", ‸) }', "arguments"),
        ("/// doc ‸\nfn f() {}", "comment"),
        ("fn f() { g(a, ‸ }", "arguments"),
        ("fn f<'a>(x: &'a str) {\n    ‸\n}", "body"),
        ("impl<'a> A<'a> { fn f(&self) { self.‸ } }", "expression"),
        ("fn f() { match x { ‸ } }", "body"),
        ("fn f() { match x { A => ‸ } }", "expression"),
        ("impl A { ‸ }", "body"),
        ("fn ‸", "unknown"),
        ("fn f() { return ‸; }", "expression"),
    ],
    "java": [
        ("class A { int f() {\n ‸\n int y = 2; } }", "statement"),
        ("class A { void f() { ‸ } }", "body"),
        ("class A { int f() {\n int x = ‸\n foo(); } }", "expression"),
        ("class A {\n ‸\n int y;}", "statement"),
        ("class A { void f() { g(a, ‸\n  int y = 2; } }", "arguments"),
        ("import java.‸", "import"),
        ("import java.util.‸;\nclass A {}", "import"),
        ('class A { String s = "a‸"; }', "string"),
        ('class A { String s = "a‸; }', "string"),
        ("/** d ‸ */ class A {}", "comment"),
        ("class A { void f() { return ‸; } }", "expression"),
        ("class A { private ‸ }", "unknown"),
        ("class A { int ‸; }", "unknown"),
        ("class A { int x = ‸; }", "expression"),
        ("class A { void f() { new B(‸); } }", "arguments"),
        ("class A { void f() { x.‸ } }", "expression"),
        ("class A { ‸ }", "body"),
        ('class A { String s = """\n a ‸\n """; }', "string"),
        ("class A { void f() { for (int i : ‸) {} } }", "expression"),
    ],
    "c": [
        ("#include <‸\nint x;", "import"),
        ('#include "‸"\n', "import"),
        ("int f() { ‸ }", "body"),
        ("struct s { ‸ };", "body"),
        ("int f() { g(a, ‸\n return 2;}", "arguments"),
        ('int f() { char *s = "abc ‸\n return 2;}', "string"),
        ("int f() {\n ‸\n int x = 2;\n}", "statement"),
        ("int x = ‸;", "expression"),
        ("/* a ‸", "comment"),
        ("// a‸", "comment"),
        ("int f() { return ‸; }", "expression"),
        ("int f() { return g(‸); }", "arguments"),
        ("int ‸;", "unknown"),
        ("int f(‸) {}", "unknown"),
        ("char c = '‸';", "string"),
        ("int f() { if (‸) {} }", "expression"),
        ("int f() { if (x) ‸; }", "statement"),
        ("int f() {\n  int x = 1;\n  ‸", "statement"),
        ("int f() {\n  ‸", "body"),
        ("int a[] = {1, ‸};", "expression"),
        ("int f() { p->‸ }", "expression"),
    ],
    "cpp": [
        ("class A { ‸ };", "body"),
        ("class A { public: int f() { ‸ } };", "body"),
        ("int A::f() { std::‸ }", "expression"),
        ("std::vector<int> v = f(‸);", "arguments"),
        ('auto s = R"(a ‸', "string"),
        ("namespace a { ‸ }", "body"),
        ("auto f = [](int x) { ‸ };", "body"),
        ("#include <vec‸>", "import"),
        ("int f() { std::cout << ‸; }", "expression"),
    ],
    "ruby": [
        ("def f(x)\n  ‸\nend\n", "body"),
        ("def f(x)\n  ‸\n", "body"),
        ("def f(x)\n  g(a, ‸\nend\n", "arguments"),
        ('require "‸\ndef f\n  x\nend\n', "import"),
        ("require 'x/‸'\n", "import"),
        ("require ‸", "import"),
        ('x = "abc ‸\ny = 1\n', "string"),
        ('x = "abc #{‸}"', "expression"),
        ("def f\n  x = ‸\n  y\nend", "expression"),
        ("puts ‸", "expression"),
        ("# a ‸", "comment"),
        ("=begin\n a ‸\n=end\n", "comment"),
        ("class A\n  ‸\nend", "body"),
        ("class A\n  def f\n    1\n  end\n\n  ‸\nend", "statement"),
        ("foo(‸)", "arguments"),
        ("x.each do |y|\n  ‸\nend", "body"),
        ("x.‸", "expression"),
        ("def ‸", "unknown"),
        ("return ‸", "expression"),
        ("if ‸\n  x\nend", "expression"),
        ("if x\n  ‸\nend", "body"),
        ("x = <<~A\n  t ‸\nA\n", "string"),
        ("module M\n  def f(x)\n    y = [1, ‸\n", "expression"),
        ("class A\n  def f\n    g do |x|\n      ‸\n", "body"),
    ],
    "javascriptreact": [
        ("const A = () => <p>Don't ‸ {x}</p>", "unknown"),
    ],
}


def hole(source: str, language: str) -> HoleKind:
    offset = source.index("‸")
    syntax = parse(Document(source.replace("‸", ""), language=language))
    assert syntax is not None
    return syntax.hole_at(offset)


@pytest.mark.parametrize(
    ("language", "source", "kind"),
    [(language, source, kind) for language, holes in HOLES.items() for source, kind in holes],
)
def test_the_kind_of_hole(language: str, source: str, kind: str) -> None:
    assert hole(source, language) is HoleKind(kind)


@pytest.mark.parametrize("offset", [-5, 0, 3, 99])
def test_an_offset_outside_the_document_is_clamped(offset: int) -> None:
    syntax = parse(Document("", language="python"))
    assert syntax is not None
    assert syntax.hole_at(offset) is HoleKind.STATEMENT


def test_text_after_the_cursor_does_not_hide_an_unclosed_call() -> None:
    tail = "\n\nclass B:\n    def g(self):\n        return {1: [2]}\n" * 20
    assert hole("class A:\n    def f(self):\n        return g(a, b=‸" + tail, "python") is HoleKind.ARGUMENTS


def test_an_empty_body_in_a_broken_file_is_a_body_only_if_nothing_of_its_block_follows() -> None:
    broken = "if (x { y(\n"
    assert hole(broken + "function f() {\n  ‸\n}\n", "javascript") is HoleKind.BODY
    assert hole(broken + "function f() {\n  ‸\n  g();\n}\n", "javascript") is HoleKind.STATEMENT


def test_an_unclosed_docstring_is_one_though_a_later_one_closes_it() -> None:
    tail = '\n\n    X = 1\n\n\ndef f():\n    """Do."""\n    return "a"\n'
    assert hole('class A:\n    """What ‸' + tail, "python") is HoleKind.DOCSTRING


def test_a_line_of_a_string_that_looks_like_an_import_is_none() -> None:
    assert hole('x = """a\nimport ‸\nf(', "python") is HoleKind.STRING
