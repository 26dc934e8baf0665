"""The shipped filters say what the rules say, and programs under them can do what they need and nothing worse."""

import ctypes
import errno
import fcntl
import itertools
import platform
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from codegpt.errors import SandboxUnavailable
from codegpt.sandbox.seccomp import MACHINES, filter_program
from codegpt.sandbox.seccomp.build import build, write
from codegpt.sandbox.seccomp.rules import CONDITIONAL, DEFAULT, INT, LONG, Action, Rule, groups

AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
I386, X32_BIT = 0x40000003, 0x40000000
BUILT_WITH = (2, 5, 4)
each_kind = pytest.mark.parametrize("own_files", [False, True], ids=["strict", "own files"])
BUILDABLE = MACHINES if platform.machine() == "x86_64" else ("aarch64",)


def libseccomp_version() -> tuple[int, int, int]:
    class Version(ctypes.Structure):
        _fields_ = [("major", ctypes.c_uint), ("minor", ctypes.c_uint), ("micro", ctypes.c_uint)]

    library = ctypes.CDLL("libseccomp.so.2")
    library.seccomp_version.restype = ctypes.POINTER(Version)
    version = library.seccomp_version().contents
    return version.major, version.minor, version.micro


@pytest.fixture(scope="module")
def resolve() -> Callable[[str, str], int]:
    """The number of a call on a machine; negative if it has none."""
    try:
        import pyseccomp
    except (ImportError, RuntimeError) as error:
        pytest.skip(f"not run: install libseccomp2 and pyseccomp ({error})")
    return lambda machine, name: int(pyseccomp.resolve_syscall(getattr(pyseccomp.Arch, machine.upper()), name))


def decide(program: bytes, architecture: int, number: int, arguments: tuple[int, ...] = ()) -> int:
    """What the kernel would do: a classic BPF machine with the instructions that libseccomp uses."""
    padded = (*arguments, *[0] * (6 - len(arguments)))
    data = struct.pack("=IIQ6Q", number & INT, architecture, 0, *padded)
    records = list(struct.iter_unpack("=HBBI", program))
    accumulator = place = 0
    while True:
        code, if_true, if_false, operand = records[place]
        place += 1
        match code:
            case 0x20:  # ld [k]
                (accumulator,) = struct.unpack_from("=I", data, operand)
            case 0x54:  # and #k
                accumulator &= operand
            case 0x05:  # ja
                place += operand
            case 0x15:  # jeq
                place += if_true if accumulator == operand else if_false
            case 0x25:  # jgt
                place += if_true if accumulator > operand else if_false
            case 0x35:  # jge
                place += if_true if accumulator >= operand else if_false
            case 0x06:  # ret
                return int(operand)
            case _:
                raise AssertionError(f"instruction {code:#x} is not expected here")


def returned(action: Action) -> int:
    """The filter's answer for an action, from linux/seccomp.h."""
    if action is Action.ALLOW:
        return 0x7FFF0000
    return 0x80000000 if action is Action.KILL else 0x00050000 | action.value


def matches(rule: Rule, arguments: tuple[int, ...]) -> bool:
    return all(
        (arguments[compare.argument] & compare.mask == compare.value) == (compare.operator == "==")
        for compare in rule.conditions
    )


def interesting_arguments(rules: list[Rule]) -> Iterator[tuple[int, ...]]:
    """Every argument that is compared takes every value that is compared with it, values beside them and high bits."""
    values: list[list[int]] = [[0] for _ in range(6)]
    for compare in itertools.chain.from_iterable(rule.conditions for rule in rules):
        near = (
            compare.value,
            compare.value + 1,
            compare.value | 1 << 32,
            compare.value | 1 << 63,
            ~compare.value & LONG,
        )
        values[compare.argument] += [*near, 0x3D0F00, 0x20003D0F00, LONG, INT]
    return itertools.product(*(sorted(set(of_one)) for of_one in values))


@each_kind
def test_a_machine_without_a_filter(own_files: bool) -> None:
    with pytest.raises(SandboxUnavailable, match="no system-call filter for riscv64"):
        filter_program(own_files, "riscv64")


@each_kind
@pytest.mark.parametrize("machine", BUILDABLE)
def test_the_shipped_filter_is_the_one_that_the_rules_give(machine: str, own_files: bool, resolve: object) -> None:
    if libseccomp_version() != BUILT_WITH:
        pytest.skip(f"not run: other versions of libseccomp than {BUILT_WITH} may order instructions differently")
    assert build(own_files, machine) == filter_program(own_files, machine)


def test_write_leaves_whole_files_only(tmp_path: Path, resolve: object) -> None:
    if platform.machine() != "x86_64":
        pytest.skip("not run: all filters are built on x86_64 only")
    write(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "aarch64-own-files.bpf",
        "aarch64.bpf",
        "x86_64-own-files.bpf",
        "x86_64.bpf",
    ]


@each_kind
@pytest.mark.parametrize("machine", MACHINES)
def test_every_rule_holds_and_everything_else_is_absent(
    machine: str, own_files: bool, resolve: Callable[[str, str], int]
) -> None:
    program = filter_program(own_files, machine)
    unruled = set(range(1200))
    for action, alike in groups(own_files):
        for name in (name for group in alike for name in group.names):
            number = resolve(machine, name)
            assert number != -1, f"{name} is unknown"
            if number >= 0:
                unruled.remove(number)  # a KeyError means two groups name it
                for arguments in ((), (LONG,) * 6):
                    assert decide(program, AUDIT_ARCH[machine], number, arguments) == returned(action), name
    for number in unruled - {resolve(machine, rule.name) for rule in CONDITIONAL}:
        assert decide(program, AUDIT_ARCH[machine], number) == returned(DEFAULT), number


@pytest.mark.parametrize("machine", MACHINES)
def test_the_filters_differ_in_mode_owner_and_times(machine: str, resolve: Callable[[str, str], int]) -> None:
    names = "chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat utime utimes futimesat utimensat"
    strict, own_files = (
        [decide(filter_program(own_files, machine), AUDIT_ARCH[machine], number) for number in range(1200)]
        for own_files in (False, True)
    )
    different = {number for number in range(1200) if strict[number] != own_files[number]}
    assert different == {resolve(machine, name) for name in names.split() if resolve(machine, name) >= 0}
    assert {strict[number] for number in different} == {returned(Action.PERMISSION)}
    assert {own_files[number] for number in different} == {returned(Action.ALLOW)}


@each_kind
@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("name", sorted({rule.name for rule in CONDITIONAL}))
def test_arguments_decide(machine: str, name: str, own_files: bool, resolve: Callable[[str, str], int]) -> None:
    program, number = filter_program(own_files, machine), resolve(machine, name)
    rules = [rule for rule in CONDITIONAL if rule.name == name]
    seen = set()
    for arguments in interesting_arguments(rules):
        expected = {rule.action for rule in rules if matches(rule, arguments)} or {DEFAULT}
        assert len(expected) == 1, (name, arguments, "two rules contradict each other")
        seen |= expected
        assert decide(program, AUDIT_ARCH[machine], number, arguments) == returned(*expected), (name, arguments)
    assert Action.ALLOW in seen
    assert len(seen) > 1


@each_kind
@pytest.mark.parametrize("machine", MACHINES)
def test_other_system_call_tables_end_the_program(machine: str, own_files: bool) -> None:
    program = filter_program(own_files, machine)
    for architecture in {I386, 0x40000028, *AUDIT_ARCH.values()} - {AUDIT_ARCH[machine]}:
        assert decide(program, architecture, 0) == returned(Action.KILL)
    if machine == "x86_64":
        for number in range(600):
            assert decide(program, AUDIT_ARCH[machine], X32_BIT | number) == returned(Action.KILL)


@each_kind
@pytest.mark.parametrize("machine", MACHINES)
def test_locks_are_pretended(machine: str, own_files: bool, resolve: Callable[[str, str], int]) -> None:
    program, architecture = filter_program(own_files, machine), AUDIT_ARCH[machine]
    success = 0x00050000  # SECCOMP_RET_ERRNO with no error
    for operation in (fcntl.LOCK_SH, fcntl.LOCK_EX, fcntl.LOCK_EX | fcntl.LOCK_NB, fcntl.LOCK_UN):
        assert decide(program, architecture, resolve(machine, "flock"), (3, operation)) == success
    for command in (fcntl.F_SETLK, fcntl.F_SETLKW, fcntl.F_OFD_GETLK, fcntl.F_OFD_SETLK, fcntl.F_OFD_SETLKW):
        assert decide(program, architecture, resolve(machine, "fcntl"), (3, command)) == success
        assert decide(program, architecture, resolve(machine, "fcntl"), (3, command | 1 << 32)) == success
    assert decide(program, architecture, resolve(machine, "fcntl"), (3, fcntl.F_GETLK)) == returned(Action.ALLOW)


# What programs see. The file system is the machine's own, read-only: these tests are about the filter alone.


@pytest.fixture(scope="module")
def bwrap() -> str:
    found = shutil.which("bwrap")
    if found is None:
        pytest.skip("not run: install bubblewrap")
    probe = subprocess.run([found, "--unshare-all", "--ro-bind", "/", "/", "true"], capture_output=True, text=True)
    if probe.returncode != 0:
        pytest.skip(f"not run: bubblewrap makes no namespaces here: {probe.stderr.strip()}")
    return found


Done = subprocess.CompletedProcess[str]


@contextmanager
def jailed(
    bwrap: str, *argv: str, own_files: bool = True, shared: Path | None = None
) -> Iterator[tuple[list[str], int]]:
    """The command that runs another under the filter, and a descriptor to leave open; a shared file is /tmp/shared."""
    with tempfile.TemporaryFile() as file:
        file.write(filter_program(own_files))
        file.seek(0)
        options = ["--unshare-all", "--new-session", "--die-with-parent", "--ro-bind", "/", "/", "--tmpfs", "/tmp"]
        options += ["--ro-bind", sys.prefix, sys.prefix]  # which may lie in /tmp
        options += ["--dev", "/dev", "--chdir", "/tmp", "--seccomp", str(file.fileno())]
        options += ["--ro-bind", str(shared), "/tmp/shared"] if shared else []
        yield [bwrap, *options, "--", *argv], file.fileno()


def under_filter(bwrap: str, *argv: str, own_files: bool = True) -> Done:
    with jailed(bwrap, *argv, own_files=own_files) as (command, descriptor):
        return subprocess.run(command, pass_fds=[descriptor], capture_output=True, text=True, timeout=60)


def python(bwrap: str, source: str, own_files: bool = True) -> Done:
    return under_filter(bwrap, sys.executable, "-S", "-B", "-c", source, own_files=own_files)


RAW = """
import ctypes, errno
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
def call(number, *arguments):
    result = libc.syscall(ctypes.c_long(number), *map(ctypes.c_ulong, arguments))
    print(errno.errorcode[ctypes.get_errno()] if result == -1 else "done", flush=True)
"""

HONEST = {
    "threads": """
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(4) as pool:
    assert list(pool.map(abs, range(-9, 0))) == list(range(9, 0, -1))
print('fine')
""",
    "asyncio": """
import asyncio
async def main():
    await asyncio.sleep(0.01)
    await asyncio.wait_for(asyncio.gather(asyncio.to_thread(print, 'fine')), 5)
asyncio.run(main())
""",
    "files": """
import os, shutil, tempfile, pathlib
with tempfile.TemporaryDirectory() as directory:
    path = pathlib.Path(directory, 'a')
    path.write_text('x' * 100)
    path.rename(path.with_suffix('.b'))
    shutil.copyfile(path.with_suffix('.b'), path)
    path.with_name('link').symlink_to('a')
    path.touch()
    os.truncate(path, 3)
    (path.parent / 'deep' / 'er').mkdir(parents=True)
    assert path.read_text() == 'xxx' and len(os.listdir(directory)) == 4
    shutil.rmtree(path.parent / 'deep')
with tempfile.TemporaryFile() as file, tempfile.NamedTemporaryFile() as named:
    file.write(b'1')
print('fine')
""",
    "numbers": """
import decimal, fractions, hashlib, random, statistics, zlib, bz2, lzma, uuid, secrets
decimal.getcontext().prec = 200
assert str(decimal.Decimal(2).sqrt()).startswith('1.41421')
data = bytes(1000)
assert all(m.decompress(m.compress(data)) == data for m in (zlib, bz2, lzma))
hashlib.sha256(data), hashlib.scrypt(b'a', salt=b'b', n=2, r=1, p=1), uuid.uuid4(), secrets.token_hex()
print('fine')
""",
    "sqlite": """
import sqlite3
for mode in ('delete', 'truncate', 'wal'):
    one, two = (sqlite3.connect(f'/tmp/{mode}.db', timeout=0) for _ in range(2))
    assert one.execute(f'pragma journal_mode={mode}').fetchone() == (mode,)
    one.executescript('create table t (a); insert into t values (1)')
    assert two.execute('select sum(a) from t').fetchone() == (1,)
    one.execute('insert into t values (2)')
    try:
        two.execute('insert into t values (4)')
    except sqlite3.OperationalError as error:
        assert str(error) == 'database is locked'
    one.commit()
    two.execute('insert into t values (8)')
    two.rollback()
    assert [base.execute('select sum(a) from t').fetchone() for base in (one, two)] == [(3,), (3,)]
    one.close(), two.close()
    assert sqlite3.connect(f'/tmp/{mode}.db').execute('pragma integrity_check').fetchone() == ('ok',)
print('fine')
""",
    "signals and time": """
import os, resource, select, signal, time
seen = []
for number in (signal.SIGUSR1, signal.SIGALRM):
    signal.signal(number, lambda number, frame: seen.append(number))
os.kill(os.getpid(), signal.SIGUSR1)
signal.setitimer(signal.ITIMER_REAL, 0.01)
time.sleep(0.05)
assert len(seen) == 2
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
assert resource.getrlimit(resource.RLIMIT_CORE) == (0, 0)
reader, writer = os.pipe()
os.set_blocking(reader, False)
assert select.select([reader], [writer], [], 0) == ([], [writer], [])
os.nice(1), os.cpu_count(), os.sched_getaffinity(0), os.uname(), os.times(), os.isatty(0), os.getcwd()
print('fine')
""",
    "ctypes": """
import ctypes, mmap
assert ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(lambda n: n + 1)(2) == 3
with mmap.mmap(-1, 1 << 20) as memory:
    memory.resize(1 << 21)
print('fine')
""",
    "exec of itself": "import os, sys; os.execv(sys.executable, [sys.executable, '-S', '-c', 'print(\"fine\")'])",
}


@each_kind
@pytest.mark.parametrize("source", HONEST.values(), ids=HONEST)
def test_honest_programs(bwrap: str, source: str, own_files: bool) -> None:
    done = python(bwrap, source, own_files)
    assert (done.stdout, done.stderr, done.returncode) == ("fine\n", "", 0)


OWN_FILES = {
    "copy": "shutil.copy('a', 'b'); assert os.stat('b').st_mode & 0o777 == 0o640",
    "copy2": "shutil.copy2('a', 'b'); assert os.stat('b').st_mtime == 1000",
    "copy2 of a file of the machine": "shutil.copy2(os.__file__, 'b'); shutil.copy2(sys.executable, 'c')",
    "copytree": "os.mkdir('d'); shutil.copy2('a', 'd'); shutil.copytree('d', 'e'); assert os.listdir('e') == ['a']",
    "chmod": "os.chmod('a', 0o600); assert os.stat('a').st_mode & 0o777 == 0o600",
    "fchmod": "os.chmod(os.open('a', os.O_RDONLY), 0o600)",
    "utime": "os.utime('a', (5, 6)); assert os.stat('a').st_mtime == 6",
    "touch": "pathlib.Path('a').touch(); assert os.stat('a').st_mtime > 1000",
    "chown to itself": "os.chown('a', os.getuid(), os.getgid())",
    "tar": """
with tarfile.open('t', 'w') as tar:
    tar.add('a')
os.remove('a')
with tarfile.open('t') as tar:
    tar.extractall('d', **({'filter': 'data'} if hasattr(tarfile, 'data_filter') else {}))
assert os.stat('d/a').st_mtime == 1000
""",
    "zip": """
with zipfile.ZipFile('z', 'w') as archive:
    archive.writestr('b', 'x')
shutil.unpack_archive('z', 'd', 'zip')
assert os.listdir('d') == ['b']
""",
}
PREPARED = """
import os, pathlib, shutil, sys, tarfile, zipfile
open('a', 'w').close()
os.chmod('a', 0o640)
os.utime('a', (1000, 1000))
"""


@pytest.mark.parametrize("source", OWN_FILES.values(), ids=OWN_FILES)
def test_copying_and_unpacking_where_all_files_are_its_own(bwrap: str, source: str) -> None:
    done = python(bwrap, f"{PREPARED}{source}\nprint('fine')")
    assert (done.stdout, done.stderr, done.returncode) == ("fine\n", "", 0)


def test_a_file_is_given_to_nobody_else(bwrap: str) -> None:
    done = python(bwrap, f"{PREPARED}os.chown('a', 4242, -1)")
    assert f"[Errno {errno.EINVAL}]" in done.stderr  # the user namespace has no such id


STRICTLY_REFUSED = {
    "chmod": "os.chmod('/tmp/a', 0)",
    "fchmod": "os.fchmod(file.fileno(), 0)",
    "utime": "os.utime('/tmp/a')",
    "chown": "os.chown('/tmp/a', os.getuid(), os.getgid())",
    "copy": "shutil.copy('/tmp/a', '/tmp/b')",
}


@pytest.mark.parametrize("source", STRICTLY_REFUSED.values(), ids=STRICTLY_REFUSED)
def test_attributes_of_files_that_are_not_its_own(bwrap: str, source: str) -> None:
    done = python(bwrap, f"import os, shutil; file = open('/tmp/a', 'w'); {source}", own_files=False)
    assert "PermissionError: [Errno 1]" in done.stderr
    assert done.returncode == 1


@each_kind
def test_extended_attributes(bwrap: str, own_files: bool) -> None:
    """Reading them is answered as on a file system that has none, setting them is refused."""
    source = """
import os
open('a', 'w').close()
for use in (lambda: os.listxattr('a'), lambda: os.getxattr('a', 'user.b'), lambda: os.setxattr('a', 'user.b', b'')):
    try:
        use()
    except OSError as error:
        print(error.errno)
"""
    done = python(bwrap, source, own_files)
    assert (done.stdout, done.stderr) == (f"{errno.EOPNOTSUPP}\n{errno.EOPNOTSUPP}\n{errno.EPERM}\n", "")


LOCKING = """
import fcntl, struct, sys
file, lock = open(sys.argv[1]), struct.pack('hhqqi4x', fcntl.F_RDLCK, 0, 0, 0, 0)
fcntl.flock(file, fcntl.LOCK_EX)
for command in (fcntl.F_SETLK, fcntl.F_SETLKW, fcntl.F_OFD_SETLK, fcntl.F_OFD_SETLKW):
    fcntl.fcntl(file, command, lock)
print('locked', flush=True)
sys.stdin.read()
"""
BY_OUTSIDE: dict[str, Callable[[IO[str], int], object]] = {"flock": fcntl.flock, "fcntl": fcntl.lockf}
ALONE = fcntl.LOCK_EX | fcntl.LOCK_NB


def outcome_of_locking_outside(command: list[str], descriptors: list[int], shared: Path, kind: str) -> str:
    """What another process gets that wants the file for itself while the program believes that it has locked it."""
    process = subprocess.Popen(
        command, pass_fds=descriptors, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with process, shared.open("r+") as file:
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"
        try:
            BY_OUTSIDE[kind](file, ALONE)
        except BlockingIOError:
            return "blocked"
        finally:
            process.communicate(timeout=60)
    return "free"


@each_kind
@pytest.mark.parametrize("kind", BY_OUTSIDE)
def test_a_lock_taken_inside_blocks_nobody_outside(bwrap: str, tmp_path: Path, kind: str, own_files: bool) -> None:
    shared = tmp_path / "shared"
    shared.touch()
    argv = [sys.executable, "-S", "-B", "-c", LOCKING]
    assert outcome_of_locking_outside([*argv, str(shared)], [], shared, kind) == "blocked"  # without a jail
    with jailed(bwrap, *argv, "/tmp/shared", own_files=own_files, shared=shared) as (command, descriptor):
        assert outcome_of_locking_outside(command, [descriptor], shared, kind) == "free"


@each_kind
def test_a_lock_taken_outside_blocks_nobody_inside(bwrap: str, tmp_path: Path, own_files: bool) -> None:
    shared = tmp_path / "shared"
    shared.touch()
    argv = [sys.executable, "-S", "-B", "-c", LOCKING, "/tmp/shared"]
    with jailed(bwrap, *argv, own_files=own_files, shared=shared) as (command, descriptor), shared.open("r+") as file:
        for lock in BY_OUTSIDE.values():
            lock(file, ALONE)
        done = subprocess.run(command, pass_fds=[descriptor], input="", capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr, done.returncode) == ("locked\n", "", 0)


def test_numpy(bwrap: str) -> None:
    source = """
import numpy as np
a = np.random.default_rng(0).random((300, 300))
assert np.allclose(a @ np.linalg.inv(a), np.eye(300))
assert np.linalg.svd(a)[1][0] > 0 and np.fft.fft(a).shape == a.shape
print('fine')
"""
    done = under_filter(bwrap, sys.executable, "-B", "-c", source)
    assert (done.stdout, done.stderr, done.returncode) == ("fine\n", "", 0)


def test_node(bwrap: str) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("not run: install node")
    source = """
const fs = require('fs');
const { Worker } = require('worker_threads');
fs.writeFileSync('/tmp/a', 'x');
fs.copyFileSync('/tmp/a', '/tmp/b');
fs.utimesSync('/tmp/b', 5, 6);
let sum = 0;
for (let i = 0; i < 3e6; i++) sum = (sum + i * i) % 1000003;
const module_ = new WebAssembly.Memory({ initial: 1 });
require('crypto').pbkdf2('a', 'b', 10, 8, 'sha256', () => setTimeout(async () => {
  await fs.promises.readFile('/tmp/a');
  new Worker("console.log('fine')", { eval: true });
}, 5));
"""
    done = under_filter(bwrap, node, "-e", source)
    assert (done.stdout, done.stderr, done.returncode) == ("fine\n", "", 0)


REFUSED = {
    "fork": ("import os; os.fork()", "PermissionError: [Errno 1]"),
    "subprocess": ("import subprocess; subprocess.run(['/bin/true'])", "PermissionError: [Errno 1]"),
    "socket": ("import socket; socket.socket()", "PermissionError: [Errno 13]"),
    "netlink": ("import socket; socket.socket(socket.AF_NETLINK)", "PermissionError: [Errno 13]"),
    "datagram pair": ("import socket; socket.socketpair(type=socket.SOCK_DGRAM)", "PermissionError: [Errno 13]"),
    "pipe with a name": ("import os; os.mkfifo('/tmp/a')", "PermissionError: [Errno 1]"),
    "uid": ("import os; os.setuid(0)", "PermissionError: [Errno 1]"),
    "limits of another": ("import resource; resource.prlimit(1, resource.RLIMIT_CPU)", "PermissionError: [Errno 1]"),
    "memory beside the limit": ("import os; os.memfd_create('a')", "OSError: [Errno 38]"),
}


@each_kind
@pytest.mark.parametrize(("source", "error"), REFUSED.values(), ids=REFUSED)
def test_refused_with_an_error(bwrap: str, source: str, error: str, own_files: bool) -> None:
    done = python(bwrap, source, own_files)
    assert error in done.stderr
    assert done.returncode == 1


RAW_CALLS = {
    "clone NEWUSER": ("clone", "0x10000000, 0, 0, 0, 0", "EPERM"),
    "clone NEWUSER and THREAD": ("clone", "0x10010000, 0, 0, 0, 0", "EPERM"),
    "clone as fork": ("clone", "17, 0, 0, 0, 0", "EPERM"),
    "clone as vfork": ("clone", "0x4111, 0, 0, 0, 0", "EPERM"),
    "clone3": ("clone3", "0, 0", "ENOSYS"),
    "io_uring": ("io_uring_setup", "1, 0", "ENOSYS"),
    "shared memory": ("shmget", "0, 4096, 0o1600", "ENOSYS"),
    "filter by seccomp": ("seccomp", "1, 0, 0", "EPERM"),
    "filter by prctl": ("prctl", "22, 2, 0", "EPERM"),
}


# From here on one kind is enough: the tests above compare the two, call by call.


@pytest.mark.parametrize(("name", "arguments", "error"), RAW_CALLS.values(), ids=RAW_CALLS)
def test_raw_calls(bwrap: str, resolve: Callable[[str, str], int], name: str, arguments: str, error: str) -> None:
    done = python(bwrap, f"{RAW}call({resolve(platform.machine(), name)}, {arguments})")
    assert done.stdout == f"{error}\n"


KILLED = 128 + signal.SIGSYS  # as bubblewrap reports a death by signal
HOSTILE = [name for action, alike in groups(True) if action is Action.KILL for group in alike for name in group.names]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_calls_end_the_program(bwrap: str, resolve: Callable[[str, str], int], name: str) -> None:
    number = resolve(platform.machine(), name)
    if number < 0:
        pytest.skip(f"not run: {platform.machine()} has no call {name}")
    done = python(bwrap, f"{RAW}print('before', flush=True); call({number}, 0, 0, 0, 0, 0)")
    assert (done.stdout, done.returncode) == ("before\n", KILLED)


@pytest.mark.parametrize("request_", [0x5412, 0x541C, 0x5412 | 1 << 32, 0x541C | 7 << 40], ids=hex)
def test_typing_into_a_terminal_ends_the_program(bwrap: str, resolve: Callable[[str, str], int], request_: int) -> None:
    done = python(bwrap, f"{RAW}call({resolve(platform.machine(), 'ioctl')}, 0, {request_}, 0)")
    assert (done.stdout, done.returncode) == ("", KILLED)


@pytest.mark.skipif(platform.machine() != "x86_64", reason="not run: only x86_64 has other call tables")
def test_x32_calls_end_the_program(bwrap: str) -> None:
    done = python(bwrap, f"{RAW}call({X32_BIT | 39})")  # getpid
    assert (done.stdout, done.returncode) == ("", KILLED)


INT_80 = """
import ctypes, mmap
code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
code.write(bytes.fromhex("b814000000cd80c3"))  # mov eax, 20 (getpid); int 0x80; ret
address = ctypes.addressof(ctypes.c_char.from_buffer(code))
print(ctypes.CFUNCTYPE(ctypes.c_int)(address)() > 0, flush=True)
"""


@pytest.mark.skipif(platform.machine() != "x86_64", reason="not run: only x86_64 has other call tables")
def test_i386_calls_end_the_program(bwrap: str) -> None:
    if subprocess.run([sys.executable, "-c", INT_80], capture_output=True, text=True).stdout != "True\n":
        pytest.skip("not run: this kernel has no i386 calls")
    done = python(bwrap, INT_80)
    assert (done.stdout, done.returncode) == ("", KILLED)
