"""One running jail, seen from the supervisor: messages in and out under a deadline, output under a cap, and its end.

The wall clock and the caps are kept here, outside; CPU time and memory are the kernel's limits inside. A program is
over when its jail is killed, so nothing that it left behind can act later.
"""

import json
import os
import select
import signal
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

from codegpt.sandbox.backends import REPLIES, REQUESTS, Launch
from codegpt.sandbox.clock import Clock
from codegpt.sandbox.codec import NotPlainData, parse
from codegpt.sandbox.outcome import End
from codegpt.sandbox.process import JailProcess, ready, waited_s
from codegpt.sandbox.program import Limits

CHUNK = 1 << 16
TO_LEAVE_S = 2.0  # between closing the reply pipe and the end of the process
AFTER_THE_END_S = 0.2  # what came in time is read, even if this process was late
START_S = 30.0  # a machine may be busy; it is not the program's fault


class Ended(Exception):
    """The run is over before its time."""

    def __init__(self, end: End, detail: str = "") -> None:
        super().__init__(detail)
        self.end = end
        self.detail = detail


class Jail:
    """A process in a fresh jail. Use as a context manager: leaving kills it and waits until it is gone."""

    def __init__(self, launch: Launch, limits: Limits, stdin: bytes | None = None) -> None:
        self.limits = limits
        self.stdout = bytearray()
        self.stderr = bytearray()
        self._incoming = bytearray()
        self._to_write: dict[int, memoryview] = {}
        self._readers: dict[int, Callable[[bytes], None]] = {}
        self._poll = select.poll()
        self._stdin = -1
        self._taken = 0, 0
        self._requests = -1
        try:
            self.process = JailProcess(launch, self._pipes(stdin))
        except BaseException:
            self._close_ours()
            raise
        self._poll.register(self.process.descriptor, select.POLLIN)
        if stdin is not None:
            self._write(self._stdin, stdin)
        self.started = time.monotonic()
        self.clock = Clock(START_S)

    def _pipes(self, stdin: bytes | None) -> dict[int, int]:
        """Make the pipes; the jail's ends, by the numbers that they have there."""
        given: dict[int, int] = {}
        try:
            if stdin is None:
                given[0] = os.open(os.devnull, os.O_RDONLY)
            else:
                given[0], self._stdin = os.pipe()
                os.set_blocking(self._stdin, False)
            given[REQUESTS], self._requests = os.pipe()
            os.set_blocking(self._requests, False)
            for target, keep in ((REPLIES, self._incoming), (1, self.stdout), (2, self.stderr)):
                source, given[target] = os.pipe()
                self._read(source, keep.extend)
                if target == REPLIES:
                    self._replies = source
        except OSError:
            for descriptor in given.values():
                os.close(descriptor)
            raise
        return given

    def _read(self, descriptor: int, keep: Callable[[bytes], None]) -> None:
        os.set_blocking(descriptor, False)
        self._readers[descriptor] = keep
        self._poll.register(descriptor, select.POLLIN)

    def _write(self, descriptor: int, data: bytes) -> None:
        self._to_write[descriptor] = memoryview(data)
        self._poll.register(descriptor, select.POLLOUT)

    def start(self, first_message: dict[str, Any]) -> None:
        """Send the first message and wait until the process in the jail says that it is ready; then the clock starts.

        Raises:
            Ended: INFRASTRUCTURE, if it does not come that far: no untrusted line has run yet.
        """
        try:
            if self.exchange(first_message) == {"ready": True}:
                self.process.find_init()
                self.started = time.monotonic()
                self.clock = Clock(self.limits.wall_s, self.waited_s)
                return
            detail = "not ready"
        except Ended as ended:
            detail = f"{ended.end}: {ended.detail}"
        said = self.stderr.decode(errors="replace").strip()
        raise Ended(End.INFRASTRUCTURE, f"the jail did not start ({detail}): {said[-300:]}")

    def waited_s(self) -> float:
        """Seconds for which the program, or this thread that answers it, was ready and no core was free."""
        return self.process.waited_s() + waited_s("thread-self")

    def exchange(self, message: dict[str, Any]) -> dict[str, Any]:
        """Send a message and return the one that answers it.

        Raises:
            Ended: with what happened instead.
        """
        if self._incoming:
            raise Ended(End.VIOLATION, "a reply that nobody asked for")
        self._write(self._requests, json.dumps(message).encode() + b"\n")
        return self.receive()

    def receive(self) -> dict[str, Any]:
        """The next message of the process.

        Raises:
            Ended: with what happened instead.
        """
        while (end := self._incoming.find(b"\n")) < 0:
            if len(self._incoming) > self.limits.reply_bytes:
                raise Ended(End.OUTPUT, f"a reply of more than {self.limits.reply_bytes} bytes")
            if self.process.exit_code is not None:
                raise Ended(*self._why_it_ended())
            if self._replies not in self._readers:
                self._wait_for_leaving()
            else:
                self._step()
        line = bytes(self._incoming[:end])
        del self._incoming[: end + 1]
        if len(line) > self.limits.reply_bytes:
            raise Ended(End.OUTPUT, f"a reply of more than {self.limits.reply_bytes} bytes")
        try:
            message = parse(line)
        except NotPlainData as error:
            raise Ended(End.VIOLATION, f"a reply that is {error}") from error
        if not isinstance(message, dict):
            raise Ended(End.VIOLATION, "a reply that is not an object")
        return message

    def wait_for_exit(self) -> None:
        """Wait until the process has ended by itself, and keep its output.

        Raises:
            Ended: if a limit comes first.
        """
        while self.process.exit_code is None:
            self._step()

    def take_output(self) -> tuple[bytes, bytes]:
        """What the process has written to its standard output and standard error since the last time."""
        self._drain()
        taken = self._taken
        self._taken = len(self.stdout), len(self.stderr)
        return bytes(self.stdout[taken[0] :]), bytes(self.stderr[taken[1] :])

    def messages_left(self) -> bytes:
        """What came on the reply pipe and was not asked for."""
        return bytes(self._incoming)

    def _step(self) -> None:
        """Wait for one round of events: bytes in, bytes out, the end of the process."""
        left = self.clock.left()
        events = self._poll.poll(max(left, 0) * 1000)
        if left < -AFTER_THE_END_S or (left <= 0 and not events):
            raise Ended(End.WALL_TIME, f"{self.limits.wall_s:g} s of wall time")
        gone = False
        for descriptor, event in events:
            if descriptor == self.process.descriptor:
                gone = True
            elif descriptor in self._to_write:
                self._write_some(descriptor, event)
            else:
                self._read_some(descriptor)
        if len(self.stdout) + len(self.stderr) > self.limits.output_bytes:
            raise Ended(End.OUTPUT, f"more than {self.limits.output_bytes} bytes of output")
        if gone:
            self._drain()
            self._reap()

    def _read_some(self, descriptor: int) -> None:
        try:
            data = os.read(descriptor, CHUNK)
        except BlockingIOError:
            return
        if data:
            self._readers[descriptor](data)
        else:
            self._close(descriptor)

    def _write_some(self, descriptor: int, event: int) -> None:
        data = self._to_write[descriptor]
        try:
            if event & select.POLLERR:
                raise BrokenPipeError
            written = os.write(descriptor, data[:CHUNK])
        except BlockingIOError:
            return
        except BrokenPipeError:  # nobody reads it any more
            written = len(data)
        if written < len(data):
            self._to_write[descriptor] = data[written:]
            return
        del self._to_write[descriptor]
        self._poll.unregister(descriptor)
        if descriptor == self._stdin:
            os.close(descriptor)
            self._stdin = -1

    def _drain(self) -> None:
        """Read what is in the pipes now, without waiting and no more than the caps let through."""
        for descriptor in list(self._readers):
            while descriptor in self._readers and ready(descriptor, 0):
                self._read_some(descriptor)
                if len(self.stdout) + len(self.stderr) > self.limits.output_bytes:
                    return
                if len(self._incoming) > self.limits.reply_bytes:
                    return

    def _close(self, descriptor: int) -> None:
        self._poll.unregister(descriptor)
        del self._readers[descriptor]
        os.close(descriptor)

    def _wait_for_leaving(self) -> None:
        """After the reply pipe was closed: a process that ends does so at once; one that stays has broken the rules."""
        if not ready(self.process.descriptor, min(TO_LEAVE_S, self.clock.left())):
            raise Ended(End.VIOLATION, "the reply pipe was closed")
        self._drain()
        self._reap()

    def _why_it_ended(self) -> tuple[End, str]:
        code = self.process.exit_code or 0
        if code == 128 + signal.SIGSYS:
            return End.VIOLATION, "a forbidden system call"
        out_of_time = self.process.cpu_s >= self.limits.cpu_s - 0.5
        if code == 128 + signal.SIGXCPU or (code == 128 + signal.SIGKILL and out_of_time):
            return End.CPU_TIME, f"{self.limits.cpu_s} s of CPU time"
        return End.EXITED, _exit_in_words(code)

    def judge_exit(self) -> None:
        """Raise `Ended` if the process, which has ended by itself, was stopped by a limit or a signal."""
        end, detail = self._why_it_ended()
        if end is not End.EXITED or (self.process.exit_code or 0) > 128:
            raise Ended(end, detail)

    def _reap(self) -> None:
        if self.process.exit_code is None:
            self._poll.unregister(self.process.descriptor)
            self.process.reap()

    def close(self) -> None:
        """Kill what is left of the jail, wait until it is gone, and close every pipe."""
        self.process.close()
        self._drain()
        self._close_ours()

    def _close_ours(self) -> None:
        for descriptor in [*self._readers, self._requests, self._stdin]:
            if descriptor >= 0:
                os.close(descriptor)
        self._readers.clear()

    def __enter__(self) -> "Jail":
        """The jail itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()


def _exit_in_words(code: int) -> str:
    if code > 128:
        try:
            return f"killed by {signal.Signals(code - 128).name}"
        except ValueError:
            pass
    return f"exit code {code}"
