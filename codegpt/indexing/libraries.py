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
from pathlib import Path

from codegpt.context.imports import EVERYTHING, Import

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
    """Of a workspace, by its own environment, else by the one that is active, and the standard library."""
    active = os.environ.get("VIRTUAL_ENV", "")
    places = [*(workspace / name for name in ENVIRONMENTS), *([Path(active)] if active else [])]
    environment = next((place for place in places if (place / "pyvenv.cfg").is_file()), None)
    python = [] if environment is None else sorted(map(str, environment.glob("lib/python3*/site-packages")))
    node = workspace / "node_modules"
    return Roots((*python[:1], sysconfig.get_path("stdlib")), str(node) if node.is_dir() else "")


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
        paths = [f"{stem}{ending}" for stem in stems for ending in (".d.ts", "/index.d.ts")]
    else:
        typed = package.removeprefix("@").replace("/", "__")
        named = _types_of(Path(node, package, "package.json"))
        paths = [
            *([os.path.normpath(f"{node}/{package}/{named}")] if named else []),
            *(f"{node}/{package}/index.d.ts", f"{node}/@types/{typed}/index.d.ts"),
        ]
    return next(([path] for path in paths if exists(path) and path.startswith(f"{node}/")), [])


def _types_of(manifest: Path) -> str:
    """What a package says of where its types are; "" where it says nothing."""
    try:
        if manifest.is_symlink() or manifest.stat().st_size > LARGEST:
            return ""
        said = json.loads(manifest.read_text(encoding="utf-8"))
        exported = said.get("exports", {})
        main = exported.get(".", exported) if isinstance(exported, dict) else {}
        found = said.get("types") or said.get("typings") or (main.get("types") if isinstance(main, dict) else "")
        return found if isinstance(found, str) else ""
    except (OSError, ValueError, AttributeError):
        return ""
