"""Where an import lies in a project: by the rules of its language for paths, without running or asking anything.

Covered: Python (relative and absolute, packages, `src` layouts, stubs), JavaScript and TypeScript (relative, with and
without extension, `index`), Go (a package by the end of its path), Rust (`crate`, `self`, `super`, `mod`), Java (a
class or a package by its name), C and C++ (beside the file, or by the end of the path), Ruby (`require_relative`, and
`require` by the end of the path). Not covered: what build files rename (`tsconfig` paths, `-I`, workspaces of several
crates); packages outside the project are `libraries`'.
"""

from collections.abc import Sequence
from posixpath import dirname, join, normpath

from codegpt.context.imports import EVERYTHING, Import
from codegpt.context.project import Files

_PYTHON = (".py", ".pyi", "/__init__.py", "/__init__.pyi")
_SCRIPT_EXTENSIONS = (".ts", ".tsx", ".d.ts", ".js", ".jsx", ".mjs", ".cjs", ".mts", ".cts")
_SCRIPT = (*_SCRIPT_EXTENSIONS, *(f"/index{extension}" for extension in _SCRIPT_EXTENSIONS))
_COMPILED = {".js": (".ts", ".tsx", ".d.ts"), ".mjs": (".mts",), ".cjs": (".cts",), ".jsx": (".tsx",)}
MOST_FILES = 8
"""Of a package that is made of several."""


def resolve(wanted: Import, path: str, language: str, files: Files) -> Sequence[str]:
    """The files that an import of the file `path` names, the likeliest first; none where it lies outside."""
    match language:
        case "python":
            found = _python(wanted, path, files)
        case "javascript" | "javascriptreact" | "typescript" | "typescriptreact":
            found = _script(wanted.module, path, files)
        case "go":
            found = _go(wanted.module, files)
        case "rust":
            found = _rust(wanted, path, files)
        case "java":
            found = _java(wanted, path, files)
        case "c" | "cpp":
            found = _included(wanted.module, path, files)
        case "ruby":
            found = _ruby(wanted.module, path, files)
        case _:
            found = []
    return [each for each in found if each != path][:MOST_FILES]


def _python(wanted: Import, path: str, files: Files) -> list[str]:
    module = wanted.module.lstrip(".")
    dots = len(wanted.module) - len(module)
    inside = module.replace(".", "/")
    if dots:
        package = dirname(path)
        for _ in range(dots - 1):
            package = dirname(package)
        stem = join(package, inside) if inside else package
        as_module = [f"{stem}/{wanted.name}"] if wanted.name and wanted.name != EVERYTHING else []
        return _first(as_module, _PYTHON, files) or _first([stem], _PYTHON if stem else ("__init__.py",), files)
    as_module = [f"{inside}/{wanted.name}"] if wanted.name and wanted.name != EVERYTHING else []
    for stem in (*as_module, inside):
        for ending in _PYTHON:
            if found := _nearest(
                [each for each in files.ending(stem + ending) if _is_root(each, stem + ending, files)], path
            ):
                return [found]
    return []


def _is_root(path: str, tail: str, files: Files) -> bool:
    """Whether a module that is this end of a path is named from there: the folder before it is no package itself."""
    folder = path.removesuffix(tail).rstrip("/")
    return not folder or not files.has(f"{folder}/__init__.py")


def _script(module: str, path: str, files: Files) -> list[str]:
    if not module.startswith("."):
        return []
    stem = normpath(join(dirname(path), module))
    if files.has(stem):
        return [stem]
    for compiled, sources in _COMPILED.items():
        if stem.endswith(compiled) and (found := _first([stem.removesuffix(compiled)], sources, files)):
            return found
    return _first([stem], _SCRIPT, files)


_GO_PACKAGES = """
    archive arena bufio bytes builtin cmp compress container context crypto database debug embed encoding errors
    expvar flag fmt go hash html image index io iter log maps math mime net os path plugin reflect regexp runtime
    slices sort strconv strings structs sync syscall testing text time unicode unique unsafe weak
"""
_GO_STANDARD = frozenset(_GO_PACKAGES.split())
"""The first parts of the standard library's packages (pkg.go.dev/std)."""


def _go(module: str, files: Files) -> list[str]:
    parts = module.split("/")
    if parts[0] in _GO_STANDARD:
        return []
    for length in range(len(parts), 0, -1):  # what is cut off in front is the module's own name
        found = [each for each in files.within("/".join(parts[-length:])) if each.endswith(".go")]
        if found:
            return [each for each in found if not each.endswith("_test.go")]
    return []


def _rust(wanted: Import, path: str, files: Files) -> list[str]:
    parts = wanted.module.split("::")
    own = dirname(path) if path.endswith(("/mod.rs", "/lib.rs", "/main.rs")) else path.removesuffix(".rs")
    if parts[0] == "crate":
        source = path.split("/")
        base = "/".join(source[: len(source) - source[::-1].index("src")]) if "src" in source[:-1] else dirname(path)
        parts = parts[1:]
    elif parts[0] == "self":
        base, parts = own, parts[1:]
        base = base if _first([join(base, *parts)], (".rs", "/mod.rs"), files) else dirname(path)
    elif parts[0] == "super":
        base = dirname(own)
        parts = parts[1:]
        while parts and parts[0] == "super":
            base, parts = dirname(base), parts[1:]
    else:
        base = own
    names = [*parts, *([wanted.name] if wanted.name and wanted.name != EVERYTHING else [])]
    for length in range(len(names), 0, -1):
        if found := _first([join(base, *names[:length])], (".rs", "/mod.rs"), files):
            return found
    return _first([base], (".rs", "/mod.rs", "/lib.rs"), files) if base != own else []


def _java(wanted: Import, path: str, files: Files) -> list[str]:
    inside = wanted.module.replace(".", "/")
    if wanted.name == EVERYTHING:
        one = files.ending(f"{inside}.java")  # of a class, what is static in it
        folders = (files.within(join(*path.split("/")[:depth], inside)) for depth in range(path.count("/"), -1, -1))
        return list(one) or next(filter(None, ([p for p in each if p.endswith(".java")] for each in folders)), [])
    return list(files.ending(f"{inside}/{wanted.name}.java")) or list(files.ending(f"{inside}.java"))


def _included(module: str, path: str, files: Files) -> list[str]:
    written = module.strip("<>")
    beside = normpath(join(dirname(path), written))
    found = [beside] if files.has(beside) and not module.startswith("<") else []
    return found or [each for each in [_nearest(files.ending(normpath(written)), path)] if each]


def _ruby(module: str, path: str, files: Files) -> list[str]:
    named = module if module.endswith(".rb") else f"{module}.rb"
    if module.startswith("."):
        beside = normpath(join(dirname(path), named))
        return [beside] if files.has(beside) else []
    return [each for each in [_nearest(files.ending(named), path)] if each]


def _first(stems: Sequence[str], endings: Sequence[str], files: Files) -> list[str]:
    """The first file that there is."""
    paths = (stem + ending for stem in stems for ending in endings)
    return next(([path] for path in paths if files.has(path)), [])


def _nearest(found: Sequence[str], path: str) -> str:
    """Of several files that end alike the one that shares most of its path; "" of none."""
    return max(found, key=lambda other: folders_shared(other, path), default="")


def folders_shared(path: str, other: str) -> int:
    """How many folders two paths begin with together."""
    pairs = zip(path.split("/"), other.split("/"), strict=False)
    return next((count for count, (one, two) in enumerate(pairs) if one != two), 0)
