"""Which version of Landlock the running kernel has, and which one the second kind of jail needs.

Source: the kernel's Documentation/userspace-api/landlock.rst, "Previous limitations".
"""

import ctypes
import sys

REQUIRED_ABI = 6
"""Linux 6.12: the first that keeps signals (and connections to abstract sockets) inside. Before it a program could
end every other process of its user; files came with 1, truncation with 3, TCP with 4, ioctl on devices with 5."""

_CREATE_RULESET = 444  # the same number on every machine
_VERSION = 1  # LANDLOCK_CREATE_RULESET_VERSION


def abi() -> int:
    """The ABI version of Landlock here; 0 if the kernel has none, or has it switched off."""
    if not sys.platform.startswith("linux"):
        return 0
    syscall = ctypes.CDLL(None, use_errno=True).syscall
    syscall.restype = ctypes.c_long
    answer = syscall(ctypes.c_long(_CREATE_RULESET), None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION))
    return max(0, int(answer))
