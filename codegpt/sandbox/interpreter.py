"""Which interpreters the jail shows: the binary, its standard library, the libraries it maps, and nothing beside them.

An interpreter of pyenv, venv or uv lies under the home directory; it is shown at a place of its own (/python, /node),
so that the home directory is not.
"""

import compileall
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from codegpt.errors import SandboxUnavailable
from codegpt.sandbox.view import Mount, View, without_nested

INSIDE = "/jail"
ENVIRONMENT = {
    "HOME": "/tmp",
    "TMPDIR": "/tmp",
    "TZ": "UTC",
    "LANG": "C.UTF-8",
    "PYTHONHASHSEED": "0",
    "PYTHONPATH": INSIDE,
    "OPENSSL_CONF": "/dev/null",  # the system's own is not shown, and node ends if it may not read it
    # one thread each: a pool of threads for every core would eat the limits before the program runs
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}
ZONES = "/usr/share/zoneinfo"
NOBODYS_DIRECTORY = "/"  # interpreters import from where they are started: never from where the user happens to be

_PYTHON_PROBE = """
import json, os, sys, sysconfig
for name in ("ssl", "sqlite3", "ctypes", "bz2", "lzma", "zlib", "_hashlib", "_uuid", "_decimal", "readline", "_curses"):
    try:
        __import__(name)
    except ImportError:
        pass
mapped = {line.split(None, 5)[5].strip() for line in open("/proc/self/maps") if ".so" in line}
print(json.dumps({
    "binary": os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable),
    "stdlib": sorted({sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")}),
    "prefix": sys.base_prefix,
    "libraries": sorted({os.path.dirname(os.path.realpath(path)) for path in mapped}),
}))
"""
_NODE_PROBE = """
const fs = require('fs'), path = require('path');
const shared = process.report.getReport().sharedObjects.filter((name) => name.startsWith('/'));
const libraries = [...new Set(shared.map((name) => path.dirname(fs.realpathSync(name))))].sort();
console.log(JSON.stringify({binary: fs.realpathSync(process.execPath), libraries}));
"""


@cache
def python_view(executable: str = sys.executable) -> View:
    """The view of a Python interpreter.

    Raises:
        SandboxUnavailable: if the interpreter cannot be asked about itself.
    """
    facts = ask(executable, "-I", "-S", "-c", _PYTHON_PROBE)
    prefix = Path(facts["prefix"])
    binary = f"/python/bin/{Path(facts['binary']).name}"
    mounts = [Mount(facts["binary"], binary), _programs(), *_loader(facts["binary"])]
    directories = [*facts["stdlib"], *facts["libraries"]]
    mounts += [Mount(directory, _under(directory, prefix, "/python")) for directory in directories]
    if Path(ZONES).is_dir():
        mounts.append(Mount(os.path.realpath(ZONES), ZONES))
    packages = [Path(directory, name) for directory in facts["stdlib"] for name in ("site-packages", "dist-packages")]
    return View(
        mounts=without_nested([mount for mount in mounts if "/lib-dynload" not in mount.source]),
        hidden=tuple(_under(str(path), prefix, "/python") for path in packages if path.is_dir()),
        environment=_environment(mounts),
        python=(binary, "-s", "-S", "-B", "-c", "import sys; __import__(sys.argv.pop(1)).main()"),
    )


def _under(directory: str, prefix: Path, target: str) -> str:
    """The place of a directory of the interpreter in the jail; a system directory keeps its own."""
    path = Path(directory)
    system = prefix == Path("/usr") and not path.name.startswith("python")
    return directory if system or not path.is_relative_to(prefix) else str(target / path.relative_to(prefix))


PYTEST = ("pytest", "_pytest", "py.py", "pluggy", "iniconfig", "packaging", "pygments")


@cache
def pytest_view(executable: str = sys.executable) -> View:
    """The view of Python with our own pytest, for the jail that runs a user's tests."""
    python = python_view(executable)
    site = Path(str(files("pytest").joinpath(""))).parent
    mounts = [Mount(str(site / name), f"/pytest/{name}") for name in PYTEST]
    return replace(
        python,
        mounts=(*python.mounts, *mounts),
        paths=(*python.paths, "/pytest"),
        # plugins of a workspace's environment would take seconds of every run
        environment=(*python.environment, ("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")),
    )


@cache
def node_view(executable: str = "") -> View:
    """The view of node, started by the jail's Python, which sets the limits before node allocates anything.

    Raises:
        SandboxUnavailable: if there is no node, or it does not answer.
    """
    found = executable or shutil.which("node")
    if not found:
        raise SandboxUnavailable("no runner for javascript: install node 20 or newer")
    facts = ask(found, "-e", _NODE_PROBE)
    python = python_view()
    mounts = [Mount(facts["binary"], "/node/bin/node"), *_loader(facts["binary"]), *python.mounts]
    mounts += [Mount(directory, directory) for directory in facts["libraries"]]
    return View(
        mounts=without_nested(mounts),
        hidden=python.hidden,
        environment=_environment(mounts),
        python=python.python,
        node=("/node/bin/node",),
    )


def ask(executable: str, *arguments: str) -> dict[str, Any]:
    """What an interpreter prints, as JSON, when it is run with these arguments.

    Raises:
        SandboxUnavailable: if it fails.
    """
    try:
        done = subprocess.run(
            [executable, *arguments], capture_output=True, text=True, timeout=60, check=True, cwd=NOBODYS_DIRECTORY
        )
        return dict(json.loads(done.stdout))
    except (OSError, subprocess.SubprocessError, ValueError, TypeError) as error:
        why = " ".join(str(getattr(error, "stderr", "") or error).split())[-200:]
        raise SandboxUnavailable(f"cannot ask {executable} about itself: {why}") from error


def _programs() -> Mount:
    """Our own programs, compiled once: in the jail nothing can be written, so each run would compile them again."""
    directory = Path(str(files("codegpt.sandbox").joinpath("inside")))
    compileall.compile_dir(directory, maxlevels=0, quiet=2)
    return Mount(str(directory), INSIDE)


def _loader(binary: str) -> list[Mount]:
    """The dynamic loader that the binary names in its header."""
    with Path(binary).open("rb") as file:
        match = re.search(rb"/[\w./+-]*ld[\w.-]*\.so\.\d", file.read(4096))
    if match is None:  # statically linked
        return []
    path = match.group().decode()
    return [Mount(os.path.realpath(path), path)]


def _environment(mounts: list[Mount]) -> tuple[tuple[str, str], ...]:
    libraries = dict.fromkeys(mount.target for mount in mounts if Path(mount.source).is_dir())
    where = [target for target in libraries if target not in (INSIDE, ZONES) and "/python3" not in target]
    return tuple({**ENVIRONMENT, "LD_LIBRARY_PATH": ":".join(where)}.items())
