import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from codegpt.errors import SandboxUnavailable
from codegpt.sandbox import interpreter
from codegpt.sandbox.client import Sandbox
from codegpt.sandbox.interpreter import INSIDE, node_view, pytest_view, python_view
from codegpt.sandbox.outcome import Returned
from codegpt.sandbox.program import Call, Program
from codegpt.sandbox.view import Mount, View

REPOSITORY = Path(interpreter.__file__).parents[2]
PYENV = Path.home() / ".pyenv" / "versions"


def sources(view: View) -> dict[str, str]:
    return {mount.target: mount.source for mount in view.mounts}


def shown(view: View, path: str) -> bool:
    """Whether an outside file is visible in the jail."""
    return any(Path(path).is_relative_to(mount.source) for mount in view.mounts)


def test_the_view_of_our_own_python() -> None:
    view = python_view()
    binary = os.path.realpath(sys.executable)
    assert sources(view)[f"/python/bin/{Path(binary).name}"] == binary
    assert sources(view)[INSIDE] == str(Path(interpreter.__file__).parent / "inside")
    assert shown(view, os.__file__)
    assert shown(view, os.path.realpath(sys.modules["_json"].__file__ or os.__file__))
    assert view.python[0] == f"/python/bin/{Path(binary).name}"
    assert (view.node, view.paths, view.workspace) == ((), (), "")
    assert all(Path(mount.source).exists() for mount in view.mounts)


def test_the_loader_of_our_own_python_is_shown_at_the_place_in_its_header() -> None:
    loaders = {target: source for target, source in sources(python_view()).items() if "ld-" in Path(target).name}
    if not loaders:
        pytest.skip("not run: this Python is linked statically")
    ((target, source),) = loaders.items()
    assert target.encode() in Path(os.path.realpath(sys.executable)).read_bytes()[:4096]
    assert source == os.path.realpath(target)


def views() -> dict[str, View]:
    try:
        return {"python": python_view(), "pytest": pytest_view(), "javascript": node_view()}
    except SandboxUnavailable:
        return {"python": python_view(), "pytest": pytest_view()}


@pytest.mark.parametrize("name", ["python", "pytest", "javascript"])
def test_nothing_that_holds_the_home_directory_or_the_repository_is_shown(name: str) -> None:
    if name not in views():
        pytest.skip("not run: install node")
    view = views()[name]
    for private in (Path.home(), REPOSITORY, Path.cwd(), Path("/etc"), Path("/proc"), Path("/tmp")):
        assert [mount for mount in view.mounts if private.is_relative_to(mount.source)] == []


def test_only_pytest_is_shown_of_our_own_packages() -> None:
    targets = sources(pytest_view()).keys() - sources(python_view()).keys()
    assert {target.rpartition("/")[0] for target in targets} == {"/pytest"}
    assert {target.rpartition("/")[2] for target in targets} == {*interpreter.PYTEST}
    assert pytest_view().paths == ("/pytest",)


def test_the_environment_is_the_jails_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LD_LIBRARY_PATH", "/somewhere")
    environment = dict(python_view.__wrapped__(sys.executable).environment)
    assert environment.keys() == {*interpreter.ENVIRONMENT, "LD_LIBRARY_PATH"}
    assert "/somewhere" not in environment["LD_LIBRARY_PATH"]


def test_a_python_of_a_virtual_environment_is_its_base(tmp_path: Path) -> None:
    base = getattr(sys, "_base_executable", sys.executable)
    subprocess.run([base, "-m", "venv", "--without-pip", tmp_path / "env"], check=True)
    assert python_view(str(tmp_path / "env" / "bin" / "python")) == python_view(base)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (b"\x7fELF" + bytes(600), []),
        (b"\x7fELF" + bytes(60) + b"/lib/ld-none.so.2\0", ["/lib/ld-none.so.2"]),
        (b"\x7fELF" + bytes(60) + b"/lib64/ld-linux-aarch64.so.1\0", ["/lib64/ld-linux-aarch64.so.1"]),
        (b"\x7fELF" + bytes(60) + b"/lib/ld-musl-x86_64.so.1\0", ["/lib/ld-musl-x86_64.so.1"]),
        (b"\x7fELF" + bytes(4096) + b"/lib/ld-none.so.2\0", []),
        (b"", []),
    ],
    ids=["static", "glibc", "aarch64", "musl", "beyond the header", "empty"],
)
def test_the_loader_that_a_header_names(tmp_path: Path, header: bytes, expected: list[str]) -> None:
    (tmp_path / "binary").write_bytes(header)
    assert interpreter._loader(str(tmp_path / "binary")) == [Mount(os.path.realpath(path), path) for path in expected]


ANSWERS = {
    "fails": "#!/bin/sh\nexit 1\n",
    "says nothing": "#!/bin/sh\n",
    "says no JSON": "#!/bin/sh\necho hello\n",
    "says no object": "#!/bin/sh\necho 5\n",
    "is no program": "not a program",
}


@pytest.mark.parametrize("what", ["is missing", *ANSWERS])
def test_an_interpreter_that_does_not_answer(tmp_path: Path, what: str) -> None:
    executable = tmp_path / "python"
    if what in ANSWERS:
        executable.write_text(ANSWERS[what])
        executable.chmod(0o755)
    with pytest.raises(SandboxUnavailable, match=f"^cannot ask {executable} about itself: "):
        python_view(str(executable))
    with pytest.raises(SandboxUnavailable, match=f"^cannot ask {executable} about itself: "):
        node_view(str(executable))


def test_no_node(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SandboxUnavailable, match=r"^no runner for javascript: install node 20 or newer$"):
        node_view.__wrapped__()


PROGRAM = """
import ctypes, decimal, hashlib, json, math, sqlite3, sys, zlib, zoneinfo
def f(x):
    version = list(sys.version_info[:2])
    return version, json.loads("[1]"), math.factorial(x), zlib.crc32(b"a"), str(decimal.Decimal("1.10"))
"""


def runs(path: Path, sandbox: Sandbox) -> None:
    """A program runs under the Python at `path`, and is told its version."""
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=True)
    version = [int(part) for part in said.stdout.split()[1].split(".")[:2]]
    with Sandbox(views={"python": python_view(str(path))}, workers=1) as other:
        outcome = other.call(Program(PROGRAM), [Call("f", (5,))])
    assert [reply.result for reply in outcome.replies] == [Returned((version, [1], 120, 3904355907, "1.10"))], outcome
    assert (outcome.stdout, outcome.stderr) == (b"", b"")


@pytest.mark.parametrize("version", ["3.9", "3.10", "3.11", "3.12", "3.13", "3.14"])
def test_other_pythons(sandbox: Sandbox, version: str) -> None:
    found = [python for python in PYENV.glob(f"{version}.*/bin/python") if os.access(python, os.X_OK)]
    if not found:
        pytest.skip(f"not run: there is no Python {version} of pyenv")
    runs(found[0], sandbox)


def test_the_python_of_the_system(sandbox: Sandbox) -> None:
    system = Path("/usr/bin/python3")
    if not system.exists():
        pytest.skip("not run: there is no /usr/bin/python3")
    runs(system, sandbox)


def test_nothing_is_imported_from_the_users_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("json", "os", "ssl", "sysconfig", "ctypes", "sitecustomize"):
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()\n")
    (tmp_path / "codegpt").mkdir()
    (tmp_path / "codegpt" / "__init__.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()\n")
    script = "from codegpt.sandbox.opening import open_sandbox; open_sandbox(workers=1).close(); print('held')"
    done = subprocess.run(
        [sys.executable, "-P", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.stdout, done.stderr) == ("held\n", "")
    assert not (tmp_path / "ran").exists()


def test_packages_of_the_base_interpreter_are_not_shown(sandbox: Sandbox) -> None:
    source = """
        import os, sys
        def f():
            places = [os.path.join(path, "site-packages") for path in sys.path]
            return [os.listdir(place) for place in places if os.path.isdir(place)]
        """
    outcome = sandbox.call(Program(textwrap.dedent(source)), [Call("f")])
    assert outcome.replies[0].result in (Returned([[]]), Returned([]))
