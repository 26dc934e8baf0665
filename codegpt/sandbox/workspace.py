"""A workspace that the user trusts, shown to the jail: its sources and its environment, read-only, secrets masked.

Trust is the caller's to establish; nothing here is done for a workspace that is not trusted, since even asking its
interpreter where its packages are runs its code. What counts as a secret goes by name and is looked up again for every
jail, so that a file which came since is masked too. Not covered: a file that comes while a program runs.
"""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from codegpt.errors import InputError
from codegpt.sandbox.interpreter import ask, pytest_view, python_view
from codegpt.sandbox.view import Masks, Mount, View
from codegpt.secret_files import is_secret

SHOWN_AT = "/workspace"
ENVIRONMENTS = (".venv", "venv", "env")
ENVIRONMENT_PARTS = ("bin", "lib", "lib64", "include", "share")
MOST_ENTRIES = 200_000
MOST_MASKS = 1_000

_SITE = """
import json, sysconfig
print(json.dumps({"site": sorted({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")})}))
"""


def trusted_views(root: Path) -> dict[str, View]:
    """What Python's jails see when `root` is trusted: its files at /workspace and the packages of its environment.

    The environment is `.venv`, `venv` or `env` in the workspace; without one, the workspace's modules alone are shown.

    Raises:
        InputError: if there is no such directory.
        SandboxUnavailable: if the environment's interpreter does not answer.
    """
    root = Path(os.path.realpath(root))
    if not root.is_dir():
        raise InputError(f"{root}: not a directory")
    python = environment_of(root)
    mounts = [Mount(str(root), SHOWN_AT)]
    paths = [SHOWN_AT, *([f"{SHOWN_AT}/src"] if (root / "src").is_dir() else [])]
    views = {"python": python_view(), "pytest": pytest_view()}
    if python is not None:
        views = {"python": python_view(str(python)), "pytest": pytest_view(str(python))}
        for number, site in enumerate(ask(str(python), "-I", "-c", _SITE)["site"]):
            mounts.append(Mount(os.path.realpath(site), f"/env/{number}"))
            paths.append(f"/env/{number}")
    return {
        name: replace(
            view, mounts=(*view.mounts, *mounts), paths=(*paths, *view.paths), workspace=SHOWN_AT, root=str(root)
        )
        for name, view in views.items()
    }


def environment_of(root: Path) -> Path | None:
    """The interpreter of the workspace's own virtual environment."""
    for name in ENVIRONMENTS:
        python = root / name / "bin" / "python"
        if (root / name / "pyvenv.cfg").is_file() and python.exists():
            return python
    return None


def module_in(root: Path, file: Path) -> str:
    """The dotted name by which programs in the jail import a file of the workspace; "" where they cannot."""
    root, file = Path(os.path.realpath(root)), Path(os.path.realpath(file))
    base = root / "src" if (root / "src").is_dir() and file.is_relative_to(root / "src") else root
    if not file.is_relative_to(base):
        return ""
    parts = file.relative_to(base).with_suffix("").parts
    parts = parts[:-1] if parts[-1] == "__init__" else parts
    return ".".join(parts) if all(part.isidentifier() for part in parts) else ""


def secrets_beneath(root: str) -> Masks:
    """The files and directories beneath `root` whose names say that they hold secrets.

    A symbolic link is not masked itself, but what it points to is. The packages of virtual environments are left out:
    the certificates among them are public.

    Raises:
        InputError: if the directory is too large to be looked through for every program.
    """
    files: set[Path] = set()
    directories: set[Path] = set()
    for seen, entry in enumerate(_walk(root)):
        if seen > MOST_ENTRIES or len(files) + len(directories) > MOST_MASKS:
            raise InputError(f"{root} is too large a workspace to be shown to programs; choose a directory inside it")
        if is_secret(entry.name):
            real = Path(os.path.realpath(entry.path))
            if real.is_relative_to(root) and str(real) != root and os.path.exists(real):  # noqa: PTH110  never raises
                (directories if real.is_dir() else files).add(real.relative_to(root))
    return Masks(
        tuple(sorted(str(path) for path in files if directories.isdisjoint(path.parents))),
        tuple(sorted(str(path) for path in directories if directories.isdisjoint(path.parents))),
    )


def _walk(directory: str) -> Iterator["os.DirEntry[str]"]:
    try:
        entries = list(os.scandir(directory))
    except OSError:  # who may not list it does not get into it in the jail either
        return
    packages = ENVIRONMENT_PARTS if any(entry.name == "pyvenv.cfg" for entry in entries) else ()
    for entry in entries:
        yield entry
        if entry.is_dir(follow_symlinks=False) and not is_secret(entry.name) and entry.name not in packages:
            yield from _walk(entry.path)


def readable_beneath(root: str, masks: Masks) -> list[str]:
    """The fewest paths beneath `root` that show all of it but what is masked; for rules that can only allow."""
    hidden = [Path(root, path) for path in (*masks.files, *masks.directories)]
    holding = {parent for path in hidden for parent in path.parents}
    if not hidden:
        return [root]
    shown: list[str] = []
    pending = [Path(root)]
    while pending:
        try:
            entries = list(os.scandir(pending.pop()))
        except OSError:
            continue
        for entry in entries:
            path = Path(entry.path)
            if path in holding and path not in hidden and entry.is_dir(follow_symlinks=False):
                pending.append(path)
            elif path not in hidden and not entry.is_symlink():
                shown.append(entry.path)
    return sorted(shown)
