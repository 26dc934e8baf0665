"""The tests that a workspace has of a function already: which of its files test it, and what of them is about it."""

import ast
import builtins
import os
import re
import sys
from collections import Counter, deque
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from codegpt.sandbox.program import Tests

NOT_LOOKED_INTO = frozenset(("node_modules", "site-packages", "venv", "build", "dist", "__pycache__"))
MOST_FILES = 2000
MOST_ENTRIES = 50_000
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
LARGEST = 1 << 19


def find_tests(function: str, file: Path, workspace: Path) -> Tests | None:
    """Of the test file that calls `function` of `file` most often, the tests that do; None where there is none.

    Nothing is imported; links are not followed.
    """
    modules = _names_of(file.resolve(), workspace.resolve())
    best: tuple[int, Tests] | None = None
    for path in islice(_test_files(workspace.resolve()), MOST_FILES):
        try:
            text = path.read_text(encoding="utf-8-sig")
            found = read_tests(text, function, modules)
        except (OSError, ValueError, RecursionError, MemoryError):
            continue
        if found is not None and (best is None or found[0] > best[0]):
            best = found
    return None if best is None else best[1]


def read_tests(text: str, function: str, modules: frozenset[str]) -> tuple[int, Tests] | None:
    """How often a file of tests calls the function, and the file without the tests that do not.

    Args:
        modules: the names by which tests may import the function's module.

    Raises:
        ValueError: it is not Python.
    """
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        raise ValueError(str(error)) from error
    module = imported(tree, function, modules)
    if module is None:
        return None
    about = [node for node in tree.body if _is_test(node) and _calls(node, function)]
    if not about:
        return None
    lines = _LINE.findall(text)  # as Python counts them: `splitlines` knows more line ends
    for node in tree.body:
        if _is_test(node) and node not in about:
            first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", ()))])
            lines[first - 1 : node.end_lineno] = [""] * ((node.end_lineno or first) - first + 1)
    count = sum(_calls(node, function) for node in about)
    return count, Tests("".join(lines), function, style="pytest", module=module)


def _names_of(file: Path, workspace: Path) -> frozenset[str]:
    """``pkg.mod``, and shorter ones, since a workspace's packages may lie in a directory such as ``src``."""
    try:
        parts = list(file.relative_to(workspace).with_suffix("").parts)
    except ValueError:
        parts = [file.stem]
    if parts[-1] == "__init__":
        parts.pop()
    return frozenset(".".join(parts[start:]) for start in range(len(parts)))


def _test_files(workspace: Path) -> Iterator[Path]:
    """Of the first `MOST_ENTRIES` entries, directory by directory."""
    waiting, seen = deque([workspace]), 0
    while waiting and seen < MOST_ENTRIES:
        try:
            for entry in sorted(os.scandir(waiting.popleft()), key=lambda each: each.name):
                seen += 1
                if entry.name.startswith(".") or entry.name in NOT_LOOKED_INTO:
                    continue
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(Path(entry.path))
                elif _TEST_FILE.fullmatch(entry.name) and _is_small_file(entry):
                    yield Path(entry.path)
        except OSError:
            continue


def _is_small_file(entry: "os.DirEntry[str]") -> bool:
    return entry.is_file(follow_symlinks=False) and entry.stat(follow_symlinks=False).st_size <= LARGEST


_TEST_FILE = re.compile(r"test_.*\.py|.*_test\.py")


def imported(tree: ast.Module, function: str, modules: frozenset[str]) -> str | None:
    """The name by which one of `modules` is imported, if the function can be called then."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names = [each.name for each in node.names]
            if node.module in modules and {function, "*"} & set(names):
                return node.module
            for name in names:
                if f"{node.module}.{name}" in modules:
                    return f"{node.module}.{name}"
        elif isinstance(node, ast.Import):
            for each in node.names:
                if each.name in modules:
                    return each.name
    return None


def subject_of(text: str) -> str:
    """The function that a person's tests are most likely about: that they import, else that they call; "" for none.

    Raises:
        ValueError: it is not Python.
    """
    tree = _tree(text)
    modules: set[str] = set()
    others: set[str] = set(dir(builtins))
    theirs: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            tested = [alias for alias in node.names if alias.name.partition(".")[0] not in NOT_TESTED]
            modules.update(alias.asname or alias.name for alias in tested)
        elif isinstance(node, ast.ImportFrom):
            foreign = not node.level and (node.module or "").partition(".")[0] in NOT_TESTED
            (others if foreign else theirs).update(alias.asname or alias.name for alias in node.names)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            others.add(node.name)
    called: Counter[str] = Counter()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Name) and node.func.id not in others:
            called[node.func.id] += 1
        elif isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) in modules:
            theirs.add(node.func.attr)
            called[node.func.attr] += 1
    names = [name for name, _ in called.most_common()]
    return next((name for name in names if name in theirs), next(iter(names), ""))


NOT_TESTED = frozenset((*sys.stdlib_module_names, "pytest", "hypothesis", "numpy"))
"""Modules that tests use, and are not about."""


def given_tests(text: str, function: str) -> Tests:
    """Tests that a person names: a pytest file that imports the program, by whatever name; or asserts about it.

    Raises:
        ValueError: it is not Python.
    """
    tree = _tree(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level == 0 and any(each.name == function for each in node.names):
            return Tests(text, function, style="pytest", module=node.module or "")
    for node in ast.walk(tree):  # mod.function(...)
        if isinstance(node, ast.Attribute) and node.attr == function and isinstance(node.value, ast.Name):
            for each in ast.walk(tree):
                for alias in each.names if isinstance(each, ast.Import) else ():
                    if (alias.asname or alias.name) == node.value.id:
                        return Tests(text, function, style="pytest", module=alias.name)
    if any(_is_test(node) for node in tree.body):
        return Tests(text, function, style="pytest")
    return Tests(text, function, (function,))


def _tree(text: str) -> ast.Module:
    try:
        return ast.parse(text)
    except SyntaxError as error:
        raise ValueError(f"line {error.lineno}: {error.msg}") from error


def _is_test(node: ast.stmt) -> bool:
    if isinstance(node, ast.ClassDef):
        return node.name.startswith("Test")
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test")


def _calls(node: ast.stmt, function: str) -> int:
    """How often the function is named there."""
    return sum(
        (isinstance(each, ast.Name) and each.id == function)
        or (isinstance(each, ast.Attribute) and each.attr == function)
        for each in ast.walk(node)
    )
