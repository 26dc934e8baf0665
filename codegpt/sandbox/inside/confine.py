"""Give up rights, then become another program: `python -s -S -B confine.py '{"read": [...], ...}'`.

The one argument is a JSON object, or `@` and the number of a descriptor to read it from, with exactly these members:

- read: files and directories that stay readable and executable; nothing is writable. Only looked at with landlock.
- list: directories whose names stay readable, and those of all directories beneath them. Likewise.
- rlimits: names of the `resource` module to [soft, hard].
- filter: a seccomp filter as base64, or null.
- landlock: whether to restrict files, TCP, abstract sockets and signals.
- argv, env: the program to become, argv[0] being its path, and its whole environment.

Whatever fails, the program is not started: a line on stderr and exit code 125. Open descriptors that are not
close-on-exec stay open, which is how the pipes get in; what was opened before can still be used.

Not covered by Landlock: stat(2), access(2) and readlink(2) of any path, chdir(2), changing modes, owners and times
of files, UDP before ABI 10 and sockets with a path before ABI 9; the system-call filter refuses what matters of it.

It runs with the standard library alone, with any Python from 3.9 on. Sources: the kernel's
Documentation/userspace-api/landlock.rst and include/uapi/linux/landlock.h, seccomp(2), prctl(2).
"""

import base64
import ctypes
import json
import os
import resource
import stat
import struct
import sys

FAILED = 125
REQUIRED_ABI = 6

_MEMBERS = {
    "read": (list,),
    "list": (list,),
    "rlimits": (dict,),
    "filter": (str, type(None)),
    "landlock": (bool,),
    "argv": (list,),
    "env": (dict,),
}

_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, _PR_SET_NO_NEW_PRIVS = 22, 2, 38
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION, _PATH_BENEATH = 1, 1

_EXECUTE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 2, 1 << 3
_FILE_RIGHTS = {6: (1 << 16) - 1, 9: 1 << 16}  # from which ABI on; 9 adds RESOLVE_UNIX
_NETWORK_RIGHTS = {6: 0b11, 10: 0b1100}  # bind and connect by TCP; 10 adds UDP
_SCOPES = 0b11  # abstract unix sockets, signals

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


class _Program(ctypes.Structure):
    """`struct sock_fprog`."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def main() -> None:
    """Become the program that the first argument describes; never returns."""
    try:
        (argument,) = sys.argv[1:]
        if argument.startswith("@"):
            with open(int(argument[1:]), encoding="utf-8") as file:
                argument = file.read()
        _become(json.loads(argument))
    except BaseException as error:
        os.write(2, f"confine: {type(error).__name__}: {error}\n".encode("utf-8", "backslashreplace"))
    finally:
        os._exit(FAILED)


def _become(settings):
    if set(settings) != set(_MEMBERS):
        raise ValueError(f"the members must be {', '.join(_MEMBERS)}")
    for name, kinds in _MEMBERS.items():
        if not isinstance(settings[name], kinds):
            raise TypeError(f"{name} is a {type(settings[name]).__name__}")
    program = None if settings["filter"] is None else base64.b64decode(settings["filter"], validate=True)
    limits = {_limit(name): (soft, hard) for name, (soft, hard) in settings["rlimits"].items()}

    if os.getsid(0) != os.getpid():
        os.setsid()
    _prctl(_PR_SET_NO_NEW_PRIVS, 1, None)
    if settings["landlock"]:
        _restrict(settings["read"], settings["list"])
    for number, pair in limits.items():
        resource.setrlimit(number, pair)
    if program is not None:
        _install(program)
    os.execve(settings["argv"][0], settings["argv"], settings["env"])


def _limit(name: str) -> int:
    if not name.startswith("RLIMIT_"):
        raise ValueError(f"{name} is not a limit")
    return int(getattr(resource, name))


def _restrict(read: list[str], listed: list[str]) -> None:
    """Leave this process nothing of the file system but reading and executing, or listing, what lies beneath paths."""
    abi = _syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION))
    if abi < REQUIRED_ABI:
        raise OSError(f"Landlock ABI {REQUIRED_ABI} is needed (Linux 6.12), this kernel has {abi}")
    # struct landlock_ruleset_attr
    rights = struct.pack("=QQQ", _known(_FILE_RIGHTS, abi), _known(_NETWORK_RIGHTS, abi), _SCOPES)
    ruleset = _syscall(_CREATE_RULESET, rights, ctypes.c_size_t(len(rights)), ctypes.c_uint32(0))
    grants = [(path, _EXECUTE | _READ_FILE | _READ_DIR) for path in read] + [(path, _READ_DIR) for path in listed]
    for path, granted in grants:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        directory = stat.S_ISDIR(os.fstat(place).st_mode)
        allowed = granted if directory else granted & ~_READ_DIR  # a right for directories on a file: EINVAL
        rule = struct.pack("=Qi", allowed, place)  # struct landlock_path_beneath_attr
        _syscall(_ADD_RULE, ctypes.c_int(ruleset), ctypes.c_int(_PATH_BENEATH), rule, ctypes.c_uint32(0))
        os.close(place)
    _syscall(_RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0))
    os.close(ruleset)


def _known(rights: dict[int, int], abi: int) -> int:
    return sum(bits for since, bits in rights.items() if since <= abi)


def _install(program: bytes) -> None:
    if not program or len(program) % 8:
        raise ValueError(f"a filter of {len(program)} bytes")
    _prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(_Program(len(program) // 8, program)))


def _syscall(number: int, *arguments: object) -> int:
    answer = _libc.syscall(ctypes.c_long(number), *arguments)
    if answer < 0:
        raise OSError(ctypes.get_errno(), f"system call {number}: {os.strerror(ctypes.get_errno())}")
    return int(answer)


def _prctl(option: int, value: int, pointer: object) -> None:
    if _libc.prctl(ctypes.c_int(option), ctypes.c_ulong(value), pointer, ctypes.c_ulong(0), ctypes.c_ulong(0)) != 0:
        raise OSError(ctypes.get_errno(), f"prctl {option}: {os.strerror(ctypes.get_errno())}")


if __name__ == "__main__":
    main()
