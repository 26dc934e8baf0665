"""Files outside a project that its imports name: the packages of its environment, and the standard library; as text.

Nothing is imported or run, no interpreter is asked: an environment is found by its `pyvenv.cfg`, a package of node by
its `package.json`. Their paths are absolute, those of a project never are. Covered: Python, JavaScript and TypeScript
(type declarations).
"""

import json
import os
import sysconfig
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from codegpt.context.imports import EVERYTHING, Import
from codegpt.indexing.files import Skipped, read_plain
from codegpt.secret_files import is_secret

ENVIRONMENTS = (".venv", "venv", "env")
LARGEST = 1 << 19
"""Bytes; of a library's file."""

_PYTHON = (".py", ".pyi", "/__init__.py", "/__init__.pyi")
_SCRIPTS = frozenset(("javascript", "javascriptreact", "typescript", "typescriptreact"))


@dataclass(frozen=True)
class Roots:
    """Where packages lie.

    Attributes:
        python: directories in which modules are looked for, the first first.
        node: the directory of node's packages; "" for none.
    """

    python: tuple[str, ...] = ()
    node: str = ""


def roots_of(workspace: Path) -> Roots:
    """Of a workspace, by its own environment, else by the one that is active, and the standard library.

    The workspace is not trusted: what lies in it counts where it really does, and does not link to elsewhere.
    """
    root, active = os.path.realpath(workspace), os.environ.get("VIRTUAL_ENV", "")
    own = [place for name in ENVIRONMENTS if _lies_in(f"{root}/{name}", root) for place in [Path(root, name)]]
    environment = next((each for each in [*own, *([Path(active)] if active else [])] if _is_environment(each)), None)
    packages = [] if environment is None else sorted(environment.glob("lib/python3*/site-packages"))
    within = root if environment in own else os.path.realpath(environment or root)
    python = [os.path.realpath(each) for each in packages[:1] if _lies_in(str(each), within)]
    node = f"{root}/node_modules"
    standard = os.path.realpath(sysconfig.get_path("stdlib"))
    return Roots((*python, standard), node if os.path.realpath(node) == node and Path(node).is_dir() else "")


def _is_environment(place: Path) -> bool:
    return (place / "pyvenv.cfg").is_file()


def _lies_in(path: str, root: str) -> bool:
    return os.path.realpath(path).startswith(f"{root}/")


def is_library(path: str, roots: Roots) -> bool:
    """Whether a file really lies beneath one of the roots, and says by no part of its name that it holds secrets."""
    for root in (*roots.python, *([roots.node] if roots.node else [])):
        if _lies_in(path, root):
            return not any(map(is_secret, os.path.realpath(path)[len(root) + 1 :].split("/")))
    return False


def outside(wanted: Import, language: str, roots: Roots, exists: Callable[[str], bool]) -> Sequence[str]:
    """The file that an import names outside the project; none where it names none that there is.

    Args:
        exists: whether there is a file of an absolute path.
    """
    if language == "python" and not wanted.module.startswith("."):
        inside = wanted.module.replace(".", "/")
        stems = [f"{inside}/{wanted.name}"] if wanted.name and wanted.name != EVERYTHING else []
        paths = (f"{root}/{stem}{ending}" for root in roots.python for stem in (*stems, inside) for ending in _PYTHON)
        return next(([path] for path in paths if exists(path)), [])
    if language in _SCRIPTS and roots.node and not wanted.module.startswith((".", "/")):
        return _declared(wanted.module, roots.node, exists)
    return []


def _declared(module: str, node: str, exists: Callable[[str], bool]) -> list[str]:
    """The type declarations of a package of node."""
    parts = module.split("/")
    package = "/".join(parts[: 2 if module.startswith("@") else 1])
    beneath = "/".join(parts[2 if module.startswith("@") else 1 :])
    if beneath:
        stems = [f"{node}/{package}/{beneath}", f"{node}/@types/{package}/{beneath}"]
        paths = [os.path.normpath(f"{stem}{ending}") for stem in stems for ending in (".d.ts", "/index.d.ts")]
    else:
        typed = package.removeprefix("@").replace("/", "__")
        named = _types_in(f"{node}/{package}/package.json")
        paths = [
            *([os.path.normpath(f"{node}/{package}/{named}")] if named else []),
            *(f"{node}/{package}/index.d.ts", f"{node}/@types/{typed}/index.d.ts"),
        ]
    return next(([path] for path in paths if exists(path) and path.startswith(f"{node}/")), [])


def _types_in(manifest: str) -> str:
    """What a package says of where its types are; "" where it says nothing."""
    try:
        return _types_of(manifest, Path(manifest).stat().st_mtime_ns)
    except (OSError, ValueError):
        return ""


@lru_cache(maxsize=1024)
def _types_of(manifest: str, _mtime_ns: int) -> str:
    """Of one version of the file: it is asked at every key."""
    try:
        said = json.loads(read_plain(manifest, LARGEST))
        exported = said.get("exports", {})
        main = exported.get(".", exported) if isinstance(exported, dict) else {}
        found = said.get("types") or said.get("typings") or (main.get("types") if isinstance(main, dict) else "")
        return found if isinstance(found, str) and found.isprintable() else ""
    except (OSError, Skipped, ValueError, AttributeError, RecursionError):
        return ""
