"""How a jail is made: bubblewrap's namespaces, or Landlock where user namespaces are blocked; both with seccomp.

A backend turns what a jail sees and runs into the argument list of one process. `UNSAFE` makes no jail at all.
"""

import base64
import json
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath

from codegpt.sandbox.interpreter import INSIDE
from codegpt.sandbox.program import Limits
from codegpt.sandbox.view import Masks, Mount, View, outside
from codegpt.sandbox.workspace import readable_beneath

# The descriptors of a jail. Those from 5 on are for whatever makes it, and closed before the program starts.
REQUESTS, REPLIES, FILTER, STATUS, SETTINGS = 3, 4, 5, 6, 7
SHOWN_DEVICES = ("/dev/null", "/dev/urandom")


class Backend(StrEnum):
    """The kinds of jail, strongest first."""

    BWRAP = "bwrap"
    LANDLOCK = "landlock"
    UNSAFE = "none"


@dataclass(frozen=True)
class Launch:
    """One process to start: its arguments, its whole environment, and what it can read from which descriptors.

    `names_init` says that it is bubblewrap, which writes the process id of the jail's init to STATUS.
    """

    argv: tuple[str, ...]
    environment: dict[str, str]
    readable: dict[int, bytes]
    names_init: bool


def launch(backend: Backend, view: View, inside: str, limits: Limits, filter_program: bytes, bwrap: str) -> Launch:
    """The process that runs `inside`, a module or script of the directory `inside/`, in a fresh jail."""
    if backend is Backend.BWRAP:
        argv = (*view.python, inside, *_PIPES)
        if inside.endswith(".js"):
            argv = _confined(view, _node(view, inside, limits), _node_limits(limits, processes=limits.processes))
        return Launch((bwrap, *_namespaces(view, limits), "--", *argv), {}, {FILTER: filter_program}, names_init=True)
    environment = {name: ":".join(outside(view, part) for part in value.split(":")) for name, value in view.environment}
    rlimits = _node_limits(limits, processes=0) if inside.endswith(".js") else {}
    argv = _node(view, inside, limits) if inside.endswith(".js") else (*view.python, inside, *_PIPES)
    argv = tuple(outside(view, part) for part in argv)
    jailed = backend is Backend.LANDLOCK
    readable, listed = _readable(view) if jailed else ([], [])
    settings: dict[str, object] = {
        "read": readable,
        "list": listed,
        "rlimits": rlimits,
        "filter": base64.b64encode(filter_program).decode() if jailed else None,
        "landlock": jailed,
        "argv": argv,
        "env": environment,
    }
    launcher = [outside(view, part) for part in view.python]
    given = {SETTINGS: json.dumps(settings).encode()}  # as an argument it could be no longer than 128 KiB
    return Launch((*launcher, "confine", f"@{SETTINGS}"), environment, given, names_init=False)


_PIPES = (str(REQUESTS), str(REPLIES))


def _namespaces(view: View, limits: Limits) -> list[str]:
    """Bubblewrap's options: nothing shared, nothing writable but /tmp, nothing inherited."""
    options = ["--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--new-session"]
    options += ["--clearenv", "--cap-drop", "ALL", "--hostname", "jail", "--uid", "1000", "--gid", "1000"]
    options += ["--seccomp", str(FILTER), "--json-status-fd", str(STATUS)]
    for mount in view.mounts:
        options += ["--ro-bind", mount.source, mount.target]
    for path in view.masks.files:
        options += ["--ro-bind", "/dev/null", f"{view.workspace}/{path}"]
    for path in (*view.hidden, *(f"{view.workspace}/{path}" for path in view.masks.directories)):
        options += ["--tmpfs", path, "--remount-ro", path]
    for device in SHOWN_DEVICES:
        options += ["--dev-bind", device, device]
    options += ["--size", str(limits.scratch_bytes), "--tmpfs", "/tmp", "--remount-ro", "/", "--chdir", "/tmp"]
    for name, value in view.environment:
        options += ["--setenv", name, value]
    return options


def _readable(view: View) -> tuple[list[str], list[str]]:
    """What Landlock is to let be read, and what listed: it has no masks, so what holds some is allowed in parts."""
    readable, listed = list(SHOWN_DEVICES), import_paths(Backend.LANDLOCK, view)
    for mount in view.mounts:
        masks = view.masks if mount.target == view.workspace else _hidden_beneath(view, mount)
        readable += readable_beneath(mount.source, masks)
        if masks != Masks():
            listed.append(mount.source)
    return readable, listed


def _hidden_beneath(view: View, mount: Mount) -> Masks:
    hidden = [PurePosixPath(path) for path in view.hidden if PurePosixPath(path).is_relative_to(mount.target)]
    return Masks(directories=tuple(str(path.relative_to(mount.target)) for path in hidden))


def import_paths(backend: Backend, view: View) -> list[str]:
    """Where the program's imports are looked for, as the process in the jail has to name it."""
    return [path if backend is Backend.BWRAP else outside(view, path) for path in view.paths]


def _node(view: View, script: str, limits: Limits) -> tuple[str, ...]:
    heap = f"--max-old-space-size={limits.memory_bytes * 3 // 4 >> 20}"
    return (*view.node, heap, f"{INSIDE}/{script}", *_PIPES)


def _node_limits(limits: Limits, processes: int) -> dict[str, list[int]]:
    """Limits that node lives under: not RLIMIT_AS, since V8 reserves far more address space than it uses."""
    return {
        "RLIMIT_CPU": [limits.cpu_s, limits.cpu_s + 1],
        "RLIMIT_DATA": [limits.memory_bytes, limits.memory_bytes],
        "RLIMIT_FSIZE": [limits.file_bytes, limits.file_bytes],
        "RLIMIT_NOFILE": [limits.open_files, limits.open_files],
        "RLIMIT_CORE": [0, 0],
        **({"RLIMIT_NPROC": [processes, processes]} if processes else {}),
    }


def _confined(view: View, argv: tuple[str, ...], rlimits: dict[str, list[int]]) -> tuple[str, ...]:
    """A command that sets limits and then becomes another; for node, which cannot set its own."""
    settings: dict[str, object] = {
        "read": [],
        "list": [],
        "rlimits": rlimits,
        "filter": None,
        "landlock": False,
        "argv": argv,
        "env": dict(view.environment),
    }
    return (*view.python, "confine", json.dumps(settings))
