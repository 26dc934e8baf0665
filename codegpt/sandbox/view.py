"""What a jail can see: a few places of the outside, read-only, at names of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath


@dataclass(frozen=True)
class Mount:
    """An outside file or directory and the place where the jail sees it, read-only."""

    source: str
    target: str


@dataclass(frozen=True)
class Masks:
    """What of a directory is not to be seen, as paths relative to it; none lies beneath another."""

    files: tuple[str, ...] = ()
    directories: tuple[str, ...] = ()


@dataclass(frozen=True)
class View:
    """The files, the environment and the interpreters of a jail; commands name files as the jail sees them.

    `python` runs the module of `inside/` that its next argument names; `node` is empty where there is none.
    """

    mounts: tuple[Mount, ...]
    environment: tuple[tuple[str, str], ...]
    python: tuple[str, ...]
    node: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()  # where the program's imports are looked for besides the standard library
    hidden: tuple[str, ...] = ()  # directories beneath a mount that look empty
    workspace: str = ""  # the place of a trusted workspace, if there is one
    root: str = ""  # and where that lies outside
    masks: Masks = Masks()  # and what of it is not seen; looked up anew for every program


def without_nested(mounts: Sequence[Mount]) -> tuple[Mount, ...]:
    """The mounts that no other mount already shows at the same place."""
    kept: list[Mount] = []
    for mount in sorted(set(mounts), key=lambda mount: len(mount.source)):
        if not any(_shows(other, mount) for other in kept):
            kept.append(mount)
    return tuple(kept)


def _shows(outer: Mount, inner: Mount) -> bool:
    source, target = PurePosixPath(inner.source), PurePosixPath(inner.target)
    if not source.is_relative_to(outer.source):
        return False
    return PurePosixPath(outer.target, source.relative_to(outer.source)) == target


def outside(view: View, path: str) -> str:
    """Where a file that the jail sees at `path` lies outside; `path` itself if nothing of it is mounted.

    A directory of which only parts are mounted is taken to be the one that holds the first of them.
    """
    for mount in view.mounts:
        if PurePosixPath(path).is_relative_to(mount.target):
            return str(PurePosixPath(mount.source, PurePosixPath(path).relative_to(mount.target)))
    for mount in view.mounts:
        if str(PurePosixPath(mount.target).parent) == path != "/":
            return str(PurePosixPath(mount.source).parent)
    return path
