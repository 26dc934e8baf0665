"""The process of one jail: started with exactly the descriptors it is to have, killed by its init, collected whole."""

import contextlib
import ctypes
import json
import os
import resource  # noqa: F401  os.wait4 imports it, at a time when root and root's files may be gone
import select
import signal
import time
from collections.abc import Mapping
from pathlib import Path

from codegpt.sandbox.backends import FILTER, REPLIES, REQUESTS, SETTINGS, STATUS, Launch

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36  # <linux/prctl.h>
TO_DIE_S = 10.0  # a killed process that is not gone by then is stuck in the kernel
STATUS_BYTES = 4096


def reserve_low_descriptors() -> None:
    """Occupy every descriptor that a jail gives a meaning to, so that no `dup2` for it overwrites another's source."""
    while os.dup(0) <= max(FILTER, REPLIES, REQUESTS, SETTINGS, STATUS):
        pass


def adopt_orphans(wanted: bool = True) -> None:
    """Make this process the parent of what its children leave behind, so that nothing depends on the machine's init."""
    if _prctl(PR_SET_CHILD_SUBREAPER, int(wanted)) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


class JailProcess:
    """A started jail. `descriptor` becomes readable when it ends; then `reap` has `exit_code` and `cpu_s`.

    `cpu_s` is right for a jail that ended by itself; the kernel keeps no account for one whose init was killed.

    Bubblewrap's own process is ours; the jail's init is its child, and everything in the jail dies with that init.
    """

    def __init__(self, launch: Launch, descriptors: Mapping[int, int]) -> None:
        """Start it.

        Args:
            launch: what to start.
            descriptors: the jail's descriptor -> ours, which is closed here, whatever happens.
        """
        self.exit_code: int | None = None
        self.cpu_s = 0.0
        self._init = self._init_pid = self._status = -1
        given = dict(descriptors)
        try:
            for target, data in launch.readable.items():
                given[target] = _readable(data)
            if launch.names_init:
                self._status, given[STATUS] = os.pipe()
                os.set_blocking(self._status, False)
            self.pid = os.posix_spawn(
                launch.argv[0],
                launch.argv,
                launch.environment,
                file_actions=[(os.POSIX_SPAWN_DUP2, source, target) for target, source in given.items()],
                setsigmask=(),
                setsigdef=(signal.SIGPIPE, signal.SIGINT, signal.SIGTERM, signal.SIGXFSZ),
            )
        except BaseException:
            if self._status >= 0:
                os.close(self._status)
            raise
        finally:
            for source in given.values():
                os.close(source)
        self.descriptor = os.pidfd_open(self.pid)

    def find_init(self) -> None:
        """Get hold of the jail's init, which bubblewrap names; nothing if there is none (yet), or not any more."""
        if self._init >= 0 or self._status < 0:
            return
        try:
            pid = json.loads(os.read(self._status, STATUS_BYTES).partition(b"\n")[0])["child-pid"]
            init = os.pidfd_open(pid)
        except (BlockingIOError, ValueError, LookupError, TypeError, ProcessLookupError):
            return
        if _parent(pid) in (self.pid, os.getpid()):  # asked while we hold it: the number cannot be another's
            self._init, self._init_pid = init, pid
        else:
            os.close(init)

    def waited_s(self) -> float:
        """Seconds for which what runs in the jail was ready and no core was free."""
        inside = _children_of(self._init_pid) if self._init >= 0 else [self.pid]
        return sum(map(waited_s, inside))

    def kill(self) -> None:
        """Kill the jail's own init, whose parent then ends by itself.

        Bubblewrap's child waits for bubblewrap before it asks to die with it: killed in between, the child would wait
        for ever. So the name of the init is waited for first; it comes early, or bubblewrap has failed.
        """
        if self._init < 0 and self._status >= 0:
            ready(self._status, TO_DIE_S)
        self.find_init()
        if self._init >= 0:
            _signal(self._init, signal.SIGKILL)
        if self._init < 0 or not ready(self.descriptor, TO_DIE_S):
            _signal(self.descriptor, signal.SIGKILL)

    def reap(self) -> None:
        """Wait for the end and collect the process, and the init too: bubblewrap may leave without waiting for it."""
        if self.exit_code is not None:
            return
        _, status, usage = os.wait4(self.pid, 0)
        self.find_init()  # by now bubblewrap has named it, if there was one
        code = os.waitstatus_to_exitcode(status)
        self.exit_code = code if code >= 0 else 128 - code
        self.cpu_s = usage.ru_utime + usage.ru_stime
        if self._init < 0:
            return
        with contextlib.suppress(ChildProcessError):  # bubblewrap did wait
            _signal(self._init, signal.SIGKILL)
            os.waitid(os.P_PIDFD, self._init, os.WEXITED | os.WNOWAIT)  # ours from here on: the number stays taken
            _, _, usage = os.wait4(self._init_pid, 0)
            self.cpu_s += usage.ru_utime + usage.ru_stime

    def close(self) -> None:
        """Kill what is left, collect it, and close our descriptors."""
        if self.exit_code is None:
            if not ready(self.descriptor, 0):
                self.kill()
            self.reap()
        for descriptor in (self._status, self.descriptor, self._init):
            if descriptor >= 0:
                os.close(descriptor)


def _readable(data: bytes) -> int:
    """A descriptor from which `data` can be read."""
    descriptor = os.memfd_create("given")
    os.write(descriptor, data)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def end_all_children() -> None:
    """Kill every child of this process, and what becomes a child when its parent dies, until there is none."""
    while children := _children():
        for pid in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        time.sleep(0.002)


def _children() -> list[int]:
    pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]
    return [pid for pid in pids if _parent(pid) == os.getpid()]


def _children_of(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def waited_s(process: int | str) -> float:
    """Seconds for which a process (its first thread) was ready and no core was free; 0 where nobody counts them.

    See proc(5) and Documentation/scheduler/sched-stats.rst of Linux.
    """
    try:
        return int(Path(f"/proc/{process}/schedstat").read_bytes().split()[1]) / 1e9
    except (OSError, IndexError, ValueError):
        return 0.0


def guard() -> None:
    """Go on in a child process; this one waits for its end, then ends every jail that it left, and itself.

    The child is told (SIGTERM) if its guardian dies first.
    """
    adopt_orphans()
    guardian = os.getpid()
    supervisor = os.fork()
    if supervisor:
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 0)  # or the supervisor's end would not be seen at the other side of its pipes
        os.dup2(null, 1)
        os.waitpid(supervisor, 0)
        end_all_children()
        os._exit(0)
    adopt_orphans()
    if _prctl(PR_SET_PDEATHSIG, signal.SIGTERM) != 0 or os.getppid() != guardian:
        os._exit(1)


def _prctl(option: int, value: int) -> int:
    return int(ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0))


def ready(descriptor: int, timeout_s: float) -> bool:
    """Whether a descriptor becomes readable within that time."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(max(timeout_s, 0) * 1000))


def _signal(process: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        signal.pidfd_send_signal(process, number)


def _parent(pid: int) -> int:
    """The process id of the parent; 0 if there is no such process."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[1])
    except OSError:
        return 0
