"""Where imports lie."""

import pytest

from codegpt.context.imports import Import
from codegpt.context.project import Snapshot
from codegpt.context.resolve import resolve

TREES = {
    "python": "src/app/__init__.py src/app/core.py src/app/sub/__init__.py src/app/sub/x.py src/app/t.pyi lib/core.py",
    "typescript": "web/a.ts web/b/index.ts web/c.d.ts web/d.js web/e.tsx",
    "go": "go.mod pkg/x/a.go pkg/x/a_test.go pkg/x/b.go x/json.go main.go",
    "rust": "src/lib.rs src/a.rs src/a/b.rs src/c/mod.rs src/c/d.rs",
    "java": "src/main/java/org/x/A.java src/main/java/org/x/B.java",
    "c": "src/main.c src/util.h include/x/y.h",
    "ruby": "lib/app.rb lib/app/x.rb spec/x_spec.rb",
}
CASES = [
    ("python", "src/app/core.py", Import(".sub.x", "f", "f"), "src/app/sub/x.py"),
    ("python", "src/app/core.py", Import(".sub", "x", "x"), "src/app/sub/x.py"),
    ("python", "src/app/core.py", Import(".sub", "y", "y"), "src/app/sub/__init__.py"),
    ("python", "src/app/sub/x.py", Import("..core", "f", "f"), "src/app/core.py"),
    ("python", "src/app/sub/x.py", Import("..", "core", "core"), "src/app/core.py"),
    ("python", "src/app/sub/x.py", Import("app.core", "f", "f"), "src/app/core.py"),
    ("python", "src/app/sub/x.py", Import("app.sub", "", "app.sub"), "src/app/sub/__init__.py"),
    ("python", "src/app/core.py", Import(".t", "T", "T"), "src/app/t.pyi"),
    ("python", "src/app/core.py", Import("os.path", "join", "join"), ""),
    ("python", "src/app/core.py", Import(".core", "f", "f"), ""),
    ("python", "top.py", Import("...x", "f", "f"), ""),
    ("typescript", "web/e.tsx", Import("./a", "f", "f"), "web/a.ts"),
    ("typescript", "web/e.tsx", Import("./b", "f", "f"), "web/b/index.ts"),
    ("typescript", "web/e.tsx", Import("./c", "f", "f"), "web/c.d.ts"),
    ("typescript", "web/e.tsx", Import("./a.js", "f", "f"), "web/a.ts"),
    ("typescript", "web/b/index.ts", Import("../d.js", "f", "f"), "web/d.js"),
    ("typescript", "web/a.ts", Import("react", "f", "f"), ""),
    ("go", "main.go", Import("example.com/m/pkg/x", "", "x"), "pkg/x/a.go pkg/x/b.go"),
    ("go", "main.go", Import("fmt", "", "fmt"), ""),
    ("go", "main.go", Import("encoding/x", "", "x"), ""),
    ("rust", "src/lib.rs", Import("self::a", "", "a"), "src/a.rs"),
    ("rust", "src/lib.rs", Import("crate::a", "F", "F"), "src/a.rs"),
    ("rust", "src/c/d.rs", Import("crate::a::b", "F", "F"), "src/a/b.rs"),
    ("rust", "src/c/d.rs", Import("crate", "c", "c"), "src/c/mod.rs"),
    ("rust", "src/a.rs", Import("self::b", "", "b"), "src/a/b.rs"),
    ("rust", "src/c/d.rs", Import("super::super::a", "F", "F"), "src/a.rs"),
    ("rust", "src/a.rs", Import("std::io", "Read", "Read"), ""),
    ("java", "src/main/java/org/x/B.java", Import("org.x", "A", "A"), "src/main/java/org/x/A.java"),
    ("java", "src/main/java/org/x/B.java", Import("org.x.A", "f", "f"), "src/main/java/org/x/A.java"),
    ("java", "src/main/java/org/x/B.java", Import("java.util", "List", "List"), ""),
    ("c", "src/main.c", Import("util.h"), "src/util.h"),
    ("c", "src/main.c", Import("x/y.h"), "include/x/y.h"),
    ("c", "src/main.c", Import("<x/y.h>"), "include/x/y.h"),
    ("c", "src/main.c", Import("<stdio.h>"), ""),
    ("ruby", "lib/app.rb", Import("./app/x"), "lib/app/x.rb"),
    ("ruby", "spec/x_spec.rb", Import("app/x"), "lib/app/x.rb"),
    ("ruby", "spec/x_spec.rb", Import("json"), ""),
]


@pytest.mark.parametrize(("language", "path", "wanted", "expected"), CASES)
def test_resolve(language: str, path: str, wanted: Import, expected: str) -> None:
    files = Snapshot(dict.fromkeys(TREES[language].split(), ""))
    assert list(resolve(wanted, path, language, files)) == expected.split()


def test_of_several_the_nearest() -> None:
    files = Snapshot(dict.fromkeys(["a/pkg/x.py", "b/pkg/x.py", "b/y.py"], ""))
    assert list(resolve(Import("pkg.x", "f", "f"), "b/y.py", "python", files)) == ["b/pkg/x.py"]
    assert list(resolve(Import("pkg.x", "f", "f"), "c.py", "python", files)) == ["a/pkg/x.py"]


def test_a_module_of_a_package_is_not_what_a_whole_name_means() -> None:
    files = Snapshot(dict.fromkeys(["app/__init__.py", "app/logging.py", "app/x.py", "tools/json.py"], ""))
    assert list(resolve(Import("logging", "", "logging"), "app/x.py", "python", files)) == []
    assert list(resolve(Import("app.logging", "f", "f"), "app/x.py", "python", files)) == ["app/logging.py"]
    assert list(resolve(Import("json", "", "json"), "tools/x.py", "python", files)) == ["tools/json.py"]


def test_a_language_without_rules() -> None:
    assert list(resolve(Import("x"), "a.txt", "plaintext", Snapshot({}))) == []
