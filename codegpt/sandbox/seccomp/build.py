"""Policy to filters: `python -m codegpt.sandbox.seccomp.build` writes the four `.bpf` files beside this one.

It needs the package pyseccomp and a libseccomp that knows fchmodat2: 2.5.5, or Debian's 2.5.4, which wrote the shipped
files. Running the jail needs neither.
Calls that a machine does not have (open and fork on aarch64) are left out; a name that no machine has is an error.
"""

import itertools
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from codegpt.sandbox.seccomp import MACHINES, file_name
from codegpt.sandbox.seccomp.rules import CONDITIONAL, DEFAULT, LONG, Action, Compare, groups

_UNKNOWN = -1  # __NR_SCMP_ERROR; calls that exist, but not on the machine asked for, are below it
_RECORD_BYTES = 8  # struct sock_filter
_MOST_RECORDS = 4096  # BPF_MAXINSNS


def build(own_files: bool, machine: str) -> bytes:
    """The filter for a kind of jail and a machine, as `filter_program` returns it.

    Raises:
        ValueError: a rule names a call that libseccomp does not know, or one that it cannot translate on this machine.
        OSError: libseccomp refuses a rule, for instance since it contradicts another.
    """
    import pyseccomp

    architecture = getattr(pyseccomp.Arch, machine.upper())
    policy = pyseccomp.SyscallFilter(_action(pyseccomp, DEFAULT))
    policy.set_attr(pyseccomp.Attr.ACT_BADARCH, pyseccomp.KILL_PROCESS)
    if not policy.exist_arch(architecture):
        policy.add_arch(architecture)
        policy.remove_arch(pyseccomp.Arch.NATIVE)
    for action, alike in groups(own_files):
        for name in (name for group in alike for name in group.names):
            number = _number(pyseccomp, architecture, name)
            if number is not None and action is not DEFAULT:
                policy.add_rule_exactly(_action(pyseccomp, action), number)
    for rule in CONDITIONAL:
        number = _number(pyseccomp, architecture, rule.name)
        if number is not None:
            conditions = [_condition(pyseccomp, compare) for compare in rule.conditions]
            policy.add_rule_exactly(_action(pyseccomp, rule.action), number, *conditions)
    with tempfile.TemporaryFile() as file:
        policy.export_bpf(file)
        file.seek(0)
        program = file.read()
    if not program or len(program) % _RECORD_BYTES or len(program) // _RECORD_BYTES > _MOST_RECORDS:
        raise ValueError(f"{machine}: {len(program)} bytes are not a filter that a kernel loads")
    return program


def _action(pyseccomp: Any, action: Action) -> int:
    if action is Action.ALLOW:
        return int(pyseccomp.ALLOW)
    return int(pyseccomp.KILL_PROCESS if action is Action.KILL else pyseccomp.ERRNO(action.value))


def _number(pyseccomp: Any, architecture: int, name: str) -> int | None:
    """The number of a call on the building machine, which libseccomp translates; None if the target lacks the call."""
    wanted = pyseccomp.resolve_syscall(architecture, name)
    if wanted == _UNKNOWN:
        raise ValueError(f"libseccomp knows no system call {name}")
    if wanted < 0:
        return None
    native = int(pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, name))
    if native < 0:  # then there is nothing to translate from
        raise ValueError(f"this machine has no system call {name}: build on x86_64")
    return native


def _condition(pyseccomp: Any, compare: Compare) -> Any:
    if compare.operator == "!=":
        if compare.mask != LONG:
            raise ValueError("libseccomp has no masked !=")
        return pyseccomp.Arg(compare.argument, pyseccomp.NE, compare.value)
    return pyseccomp.Arg(compare.argument, pyseccomp.MASKED_EQ, compare.mask, compare.value)


def write(directory: Path) -> None:
    """Write all filters, each file whole or not at all."""
    for machine, own_files in itertools.product(MACHINES, (False, True)):
        program, name = build(own_files, machine), file_name(own_files, machine)
        unfinished = directory / f".{name}.{os.getpid()}"
        unfinished.write_bytes(program)
        unfinished.replace(directory / name)
        sys.stdout.write(f"{name}: {len(program)} bytes, {len(program) // _RECORD_BYTES} instructions\n")


if __name__ == "__main__":
    write(Path(__file__).parent)
