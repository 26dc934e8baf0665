"""The system-call filters of the jails: ready-made BPF programs, two for each machine; none is compiled at run time.

`rules` is the policy, `build` turns it into the `.bpf` files beside this one, and a test keeps them the same.
"""

import platform
from importlib.resources import files

from codegpt.errors import SandboxUnavailable

MACHINES = ("x86_64", "aarch64")


def file_name(own_files: bool, machine: str) -> str:
    """The name of the file beside this one that holds a filter."""
    return f"{machine}-own-files.bpf" if own_files else f"{machine}.bpf"


def filter_program(own_files: bool, machine: str = platform.machine()) -> bytes:
    """The filter for a machine: `struct sock_filter` records, as bubblewrap's --seccomp and seccomp(2) take them.

    Args:
        own_files: Whether the jail's writable files are all its own; then programs may set their mode, owner and times.
            False for a jail that sees the user's own files, as under Landlock.
        machine: The machine's name as the kernel gives it (`uname -m`).

    Raises:
        SandboxUnavailable: there is no filter for this machine.
    """
    if machine not in MACHINES:
        raise SandboxUnavailable(f"no system-call filter for {machine}; programs run only on {' and '.join(MACHINES)}")
    return files(__name__).joinpath(file_name(own_files, machine)).read_bytes()
