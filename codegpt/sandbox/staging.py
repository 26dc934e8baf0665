"""Root gives up being root: what a jail needs is bound to a place that anybody may read, then the user id is dropped.

A limit on processes stops nothing while the user is root, and a home directory of mode 0700, where interpreters often
lie, is closed to any other user. So: a mount namespace of our own, a tmpfs in it, the jail's files bound there
read-only, and only then another user.
"""

import ctypes
import errno
import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from codegpt.errors import SandboxUnavailable
from codegpt.sandbox.view import Mount, View

JAIL_USER = 65321  # no account's; above the ranges that distributions hand out
PLACES = ("/mnt", "/media", "/srv", "/opt")  # a directory that exists everywhere; covered in our namespace only

# <linux/sched.h>, <linux/mount.h>
CLONE_NEWNS = 0x00020000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18


def become_nobody(views: Mapping[str, View]) -> dict[str, View]:
    """Stage what the views mount and drop root; returns the views as they are to be used from then on.

    Raises:
        SandboxUnavailable: if root may not mount here, and the files cannot be read by another user either.
    """
    try:
        staged = _stage(views)
    except OSError as error:
        closed = [mount.source for mount in _mounts(views.values()) if not _readable_by_all(mount.source)]
        if closed:
            raise SandboxUnavailable(
                f"root may not mount here ({error.strerror}), and {closed[0]} is closed to other users; "
                "run as an ordinary user, or with an interpreter that everybody can read"
            ) from error
        staged = dict(views)
    os.setgroups([])
    os.setresgid(JAIL_USER, JAIL_USER, JAIL_USER)
    os.setresuid(JAIL_USER, JAIL_USER, JAIL_USER)
    return staged


def _mounts(views: Iterable[View]) -> list[Mount]:
    return list(dict.fromkeys(mount for view in views for mount in view.mounts))


def _stage(views: Mapping[str, View]) -> dict[str, View]:
    mounts = _mounts(views.values())
    place = next((place for place in PLACES if Path(place).is_dir() and not _holds(place, mounts)), "")
    if not place:
        raise OSError(errno.ENOENT, f"none of {', '.join(PLACES)} is free")
    libc = ctypes.CDLL(None, use_errno=True)
    _check(libc.unshare(CLONE_NEWNS))
    _check(libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None))
    _check(libc.mount(b"tmpfs", place.encode(), b"tmpfs", MS_NOSUID | MS_NODEV, b"mode=0755,size=1m"))
    staged = {mount: f"{place}{mount.target}" for mount in mounts}
    for mount, path in sorted(staged.items(), key=lambda item: len(item[1])):
        _make_place(mount.source, Path(path))
        source, target = os.fsencode(mount.source), os.fsencode(path)
        _check(libc.mount(source, target, None, MS_BIND | MS_REC, None))
        _check(libc.mount(None, target, None, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV, None))
    return {
        name: replace(view, mounts=tuple(Mount(staged[mount], mount.target) for mount in view.mounts))
        for name, view in views.items()
    }


def _holds(place: str, mounts: list[Mount]) -> bool:
    return any(Path(os.path.realpath(mount.source)).is_relative_to(place) for mount in mounts)


def _make_place(source: str, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if Path(source).is_dir():
        path.mkdir(exist_ok=True)
    elif not path.exists():
        path.touch()


def _check(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _readable_by_all(path: str) -> bool:
    """Whether somebody who is nobody can get to the file: read at the end, search on the way."""
    real = Path(os.path.realpath(path))
    return bool(real.stat().st_mode & 0o004) and all(parent.stat().st_mode & 0o001 for parent in real.parents)
