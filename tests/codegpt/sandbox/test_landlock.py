"""What Landlock keeps a program from, what it lets through, and that a failing launcher never starts the program.

Each act is tried twice: freely, where it must succeed, so that the refusal under Landlock is Landlock's doing.
"""

import base64
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from codegpt.sandbox import landlock
from codegpt.sandbox.inside import confine
from codegpt.sandbox.seccomp import filter_program

LAUNCHER = Path(confine.__file__)
PYTHON = os.path.realpath(sys.executable)
READ = [path for path in (sys.base_prefix, "/usr/lib", "/lib", "/lib64", "/etc/ld.so.cache") if Path(path).exists()]

Done = subprocess.CompletedProcess[str]

needs_landlock = pytest.mark.skipif(
    landlock.abi() < landlock.REQUIRED_ABI,
    reason=f"not run: Landlock ABI {landlock.REQUIRED_ABI} is needed (Linux 6.12), this kernel has {landlock.abi()}",
)


def settings(source: str, **changed: Any) -> dict[str, Any]:
    free: dict[str, Any] = {
        "read": [],
        "list": [],
        "rlimits": {},
        "filter": None,
        "landlock": False,
        "argv": [PYTHON, "-I", "-S", "-B", "-c", source],
        "env": {"LANG": "C.UTF-8"},
    }
    return {**free, **changed}


def launch(argument: str | dict[str, Any], *prefix: str, python: str = PYTHON, **options: Any) -> Done:
    text = argument if isinstance(argument, str) else json.dumps(argument)
    argv = [*prefix, python, "-s", "-S", "-B", str(LAUNCHER), text]
    return subprocess.run(argv, capture_output=True, text=True, timeout=60, start_new_session=True, **options)


def freely(source: str, **changed: Any) -> Done:
    return launch(settings(source, **changed))


def confined(source: str, **changed: Any) -> Done:
    return launch(settings(source, landlock=True, **{"read": READ, **changed}))


@pytest.fixture
def tcp_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def abstract_name() -> Iterator[str]:
    name = f"codegpt-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"\0{name}")
        server.listen()
        yield name


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()


def assert_only_freely(source: str, error: str) -> None:
    """The source works without Landlock and ends with the error under it."""
    free = freely(source)
    assert (free.stderr, free.returncode) == ("", 0)
    done = confined(source)
    assert error in done.stderr
    assert done.returncode == 1


@needs_landlock
def test_reading_an_outside_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("a key")
    assert_only_freely(f"open({str(secret)!r}).read()", "PermissionError: [Errno 13]")
    assert_only_freely(f"import os; os.listdir({str(tmp_path)!r})", "PermissionError: [Errno 13]")


@needs_landlock
def test_running_an_outside_file(tmp_path: Path) -> None:
    program = tmp_path / "true"
    shutil.copy(shutil.which("true") or "/bin/true", program)
    assert_only_freely(f"import os; os.execv({str(program)!r}, ['true'])", "PermissionError: [Errno 13]")


@needs_landlock
@pytest.mark.parametrize(
    "act",
    [
        "open(place + '/new', 'w')",
        "open(place + '/old', 'a')",
        "os.truncate(place + '/old', 0)",
        "os.remove(place + '/old')",
        "os.mkdir(place + '/directory')",
        "os.rename(place + '/old', place + '/other')",
        "os.symlink('old', place + '/link')",
        "os.link(place + '/old', place + '/link')",
        "os.mkfifo(place + '/pipe')",
    ],
)
@pytest.mark.parametrize("readable", [False, True])
def test_writing(tmp_path: Path, act: str, readable: bool) -> None:
    old = tmp_path / "old"
    old.write_text("kept")
    source = f"import os; place = {str(tmp_path)!r}; {act}"
    done = confined(source, read=[*READ, str(tmp_path)] if readable else READ)
    assert "[Errno 13]" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["old"]
    assert old.read_text() == "kept"
    free = freely(source)
    assert (free.stderr, free.returncode) == ("", 0)


@needs_landlock
def test_tcp(tcp_port: int) -> None:
    source = f"import socket; socket.create_connection(('127.0.0.1', {tcp_port}), 5).close()"
    assert_only_freely(source, "PermissionError: [Errno 13]")
    assert_only_freely("import socket; socket.create_server(('127.0.0.1', 0))", "PermissionError: [Errno 13]")


@needs_landlock
def test_abstract_sockets(abstract_name: str) -> None:
    assert_only_freely(
        f"import socket; socket.socket(socket.AF_UNIX).connect('\\0{abstract_name}')", "PermissionError: [Errno 1]"
    )


@needs_landlock
def test_signals(sleeper: subprocess.Popen[bytes]) -> None:
    source = f"import os; os.kill({sleeper.pid}, 15)"
    done = confined(source)
    assert "PermissionError: [Errno 1]" in done.stderr
    assert sleeper.poll() is None
    assert freely(source).returncode == 0
    assert sleeper.wait(timeout=10) == -15


@needs_landlock
def test_signals_of_an_unprivileged_user() -> None:
    """The same uid on both sides, and no capability that could help."""
    if os.geteuid() != 0:
        pytest.skip("not run: test_signals already is about an unprivileged user")
    setpriv, python = shutil.which("setpriv"), "/usr/bin/python3"
    if setpriv is None or not Path(python).exists():
        pytest.skip(f"not run: setpriv and {python} are needed, since root's interpreter may be out of others' reach")
    if any(not parent.stat().st_mode & 0o001 for parent in LAUNCHER.parents):
        pytest.skip("not run: other users cannot read this checkout")
    other = (setpriv, "--reuid", "12345", "--regid", "12345", "--clear-groups")
    with subprocess.Popen([*other, "sleep", "60"]) as sleeper:
        try:
            source = f"import os; os.kill({sleeper.pid}, 15)"
            argv = [python, "-I", "-S", "-c", source]
            read = [path for path in ("/usr", "/lib", "/lib64", "/etc/ld.so.cache") if Path(path).exists()]
            done = launch(settings("", landlock=True, read=read, argv=argv), *other, python=python)
            assert "PermissionError: [Errno 1]" in done.stderr
            assert sleeper.poll() is None
            assert launch(settings("", argv=argv), *other, python=python).returncode == 0
            assert sleeper.wait(timeout=10) == -15
        finally:
            sleeper.kill()


@needs_landlock
@pytest.mark.parametrize("program", [None, filter_program(own_files=False)], ids=["landlock alone", "with the filter"])
def test_honest_programs(program: bytes | None) -> None:
    source = """
import asyncio, decimal, json, re, threading, unittest
thread = threading.Thread(target=print, args=('thread',))
thread.start(), thread.join()
async def main():
    await asyncio.to_thread(print, 'asyncio')
asyncio.run(main())
import os, signal
signal.signal(signal.SIGUSR1, lambda *_: print('signal'))
os.kill(os.getpid(), signal.SIGUSR1)
"""
    encoded = None if program is None else base64.b64encode(program).decode()
    done = confined(source, filter=encoded)
    assert (done.stdout, done.stderr, done.returncode) == ("thread\nasyncio\nsignal\n", "", 0)


@needs_landlock
def test_the_filter_is_installed() -> None:
    encoded = base64.b64encode(filter_program(own_files=False)).decode()
    done = confined("import os; os.fork()", filter=encoded)
    assert "PermissionError: [Errno 1]" in done.stderr
    done = confined("import ctypes; ctypes.CDLL(None).unshare(0)", filter=encoded)
    assert done.returncode == -31  # SIGSYS


@needs_landlock
def test_that_a_file_exists_is_no_secret(tmp_path: Path) -> None:
    """Unlike bubblewrap's jail: Landlock does not govern stat(2)."""
    (tmp_path / "file").write_text("12345")
    done = confined(f"import os; print(os.stat({str(tmp_path / 'file')!r}).st_size)")
    assert (done.stdout, done.returncode) == ("5\n", 0)


@needs_landlock
def test_a_file_can_be_readable_by_itself(tmp_path: Path) -> None:
    (tmp_path / "shown").write_text("shown")
    (tmp_path / "hidden").write_text("hidden")
    source = f"place = {str(tmp_path)!r}; print(open(place + '/shown').read(), flush=True); open(place + '/hidden')"
    done = confined(source, read=[*READ, str(tmp_path / "shown"), "/dev/null"])
    assert done.stdout == "shown\n"
    assert "PermissionError: [Errno 13]" in done.stderr


def test_limits_session_environment_and_privileges() -> None:
    source = """
import ctypes, os, resource
print(resource.getrlimit(resource.RLIMIT_NOFILE), resource.getrlimit(resource.RLIMIT_CORE))
print(os.getsid(0) == os.getpid(), sorted(os.environ), ctypes.CDLL(None).prctl(39, 0, 0, 0, 0))
"""
    limits = {"RLIMIT_NOFILE": [50, 60], "RLIMIT_CORE": [0, 0]}
    for new_session in (True, False):
        argv = [PYTHON, "-s", "-S", "-B", str(LAUNCHER), json.dumps(settings(source, rlimits=limits, env={"A": "b"}))]
        done = subprocess.run(argv, capture_output=True, text=True, start_new_session=new_session)
        assert done.stderr == ""
        first, second = done.stdout.splitlines()
        assert first == "(50, 60) (0, 0)"
        assert second.startswith("True ['A'")  # Python may add LC_CTYPE
        assert second.endswith(" 1")


def test_pipes_are_inherited_and_nothing_else() -> None:
    source = """
import os
def is_open(number):
    try:
        os.fstat(number)
    except OSError:
        return False
    return True
print([number for number in range(64) if is_open(number)])
"""
    reader, writer = os.pipe()
    try:
        read = READ if landlock.abi() >= landlock.REQUIRED_ABI else []
        done = launch(settings(source, landlock=bool(read), read=read), pass_fds=[reader, writer])
    finally:
        os.close(reader)
        os.close(writer)
    assert json.loads(done.stdout) == sorted([0, 1, 2, reader, writer])


RUNS = "print('it ran')"
WRONG = {
    "no json": "{",
    "no object": "[]",
    "a member too few": json.dumps({name: value for name, value in settings(RUNS).items() if name != "landlock"}),
    "a member too many": json.dumps(settings(RUNS, landlok=True)),
    "landlock as a string": json.dumps(settings(RUNS, landlock="false")),
    "read as a string": json.dumps(settings(RUNS, landlock=True, read="/")),
    "unknown limit": json.dumps(settings(RUNS, rlimits={"RLIMIT_NONE": [0, 0]})),
    "no limit at all": json.dumps(settings(RUNS, rlimits={"RUSAGE_SELF": [0, 0]})),
    "soft above hard": json.dumps(settings(RUNS, rlimits={"RLIMIT_CORE": [2, 1]})),
    "filter that is no base64": json.dumps(settings(RUNS, filter="?")),
    "filter that is cut": json.dumps(
        settings(RUNS, filter=base64.b64encode(filter_program(own_files=False)[:-3]).decode())
    ),
    "filter without an end": json.dumps(
        settings(RUNS, filter=base64.b64encode(filter_program(own_files=False)[:-8]).decode())
    ),
    "empty filter": json.dumps(settings(RUNS, filter="")),
    "no program": json.dumps(settings(RUNS, argv=[])),
    "missing program": json.dumps(settings(RUNS, argv=["/no/such/program"])),
    "environment of numbers": json.dumps(settings(RUNS, env={"A": 1})),
}


@pytest.mark.parametrize("argument", WRONG.values(), ids=WRONG)
def test_whatever_fails_the_program_is_not_started(argument: str) -> None:
    done = launch(argument)
    assert (done.stdout, done.returncode) == ("", confine.FAILED)
    assert done.stderr.startswith("confine: ")


@needs_landlock
def test_a_missing_path(tmp_path: Path) -> None:
    done = confined(RUNS, read=[*READ, str(tmp_path / "missing")])
    assert (done.stdout, done.returncode) == ("", confine.FAILED)
    assert "FileNotFoundError" in done.stderr


@needs_landlock
def test_a_program_beneath_no_readable_path() -> None:
    done = confined(RUNS, read=[])
    assert (done.stdout, done.returncode) == ("", confine.FAILED)
    assert "PermissionError" in done.stderr


def test_the_launcher_needs_the_same_version() -> None:
    assert confine.REQUIRED_ABI == landlock.REQUIRED_ABI
