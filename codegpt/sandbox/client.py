"""The sandbox as the rest of codegpt uses it: hand it jobs, get outcomes. It talks to one supervisor process."""

import base64
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from concurrent.futures import Future, wait
from dataclasses import asdict
from types import TracebackType
from typing import Any

from codegpt.errors import SandboxUnavailable
from codegpt.sandbox.backends import Backend
from codegpt.sandbox.codec import decode, encode
from codegpt.sandbox.landlock import REQUIRED_ABI, abi
from codegpt.sandbox.outcome import End, Outcome, Raised, Reply, Returned, TestReport, Unencodable
from codegpt.sandbox.program import Call, Calls, Job, Limits, Program, Stdin, Tests
from codegpt.sandbox.seccomp import filter_program
from codegpt.sandbox.view import Masks, View
from codegpt.sandbox.workspace import secrets_beneath

Message = dict[str, Any]
TO_END_S = 15.0
LOOK_S = 0.05
"""Between two questions whether anybody still wants an outcome."""
HOW_TO_GET_BWRAP = "install bubblewrap (the package is called bubblewrap everywhere)"


class Sandbox:
    """Runs programs in jails. A context manager; closing it ends every jail. Safe to use from several threads."""

    def __init__(
        self,
        backend: Backend = Backend.BWRAP,
        *,
        views: Mapping[str, View],
        workers: int = 0,
        low_priority: bool = False,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start the supervisor. Whether its jails hold has not been tried then: that is `opening.open_sandbox`.

        Args:
            backend: the kind of jail; nothing else is tried.
            views: what the jails of each language see.
            workers: how many jails at once; 0 for one a core.
            low_priority: programs get the processor where nobody else wants it.
            environment: variables added to the supervisor's own environment, where no jail may find them.

        Raises:
            SandboxUnavailable: with what to do, if this kind of jail cannot be had here.
        """
        self.backend = backend
        self.workers = workers or len(os.sched_getaffinity(0))
        self.views = dict(views)
        self._low_priority = low_priority
        self._environment = {**os.environ, **(environment or {})}
        self._lock = threading.Lock()
        self._pending: dict[int, Future[Outcome]] = {}
        self._number = 0
        self._process = self._start()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _start(self) -> "subprocess.Popen[str]":
        filter_ = b"" if self.backend is Backend.UNSAFE else filter_program(own_files=self.backend is Backend.BWRAP)
        settings = {
            "backend": self.backend,
            "bwrap": _bwrap() if self.backend is Backend.BWRAP else "",
            "filter": base64.b64encode(filter_).decode(),
            "workers": self.workers,
            "nice": 19 if self._low_priority else 0,
            "owner": os.getpid(),
            "views": {name: asdict(view) for name, view in self.views.items()},
        }
        if self.backend is Backend.LANDLOCK and abi() < REQUIRED_ABI:
            raise SandboxUnavailable(
                f"Landlock of this kernel is version {abi()}; {REQUIRED_ABI} is needed (Linux 6.12)"
            )
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "codegpt.sandbox.supervisor"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            env=self._environment,
            start_new_session=True,  # Ctrl-C is for the person's own process, which then closes this one
        )
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(json.dumps(settings) + "\n")
        answer = json.loads(process.stdout.readline() or '{"refused": "the supervisor did not start"}')
        if "refused" in answer:
            process.stdin.close()
            process.stdout.close()
            process.wait()
            raise SandboxUnavailable(answer["refused"])
        return process

    def submit(self, job: Job) -> "Future[Outcome]":
        """Queue a job; jobs start in the order in which they come.

        Raises:
            SandboxUnavailable: if the language has no interpreter here, or the sandbox is closed.
            codegpt.sandbox.codec.NotPlainData: if an argument is not plain data.
        """
        language = "pytest" if isinstance(job.task, Tests) and job.task.style == "pytest" else job.program.language
        if language not in self.views:
            raise SandboxUnavailable(f"no runner for {language} on this machine")
        root = self.views[language].root
        masks = secrets_beneath(root) if root else Masks()  # here, where the paths are the user's own
        return self._send({**_job_message(job), "masks": asdict(masks)})

    def start_bare(self) -> "Future[Outcome]":
        """Start a jail in which Python does nothing: what every verdict costs at least."""
        return self._send({"bare": True})

    def _send(self, message: Message) -> "Future[Outcome]":
        future: Future[Outcome] = Future()
        with self._lock:
            if self._process.poll() is not None or self._process.stdin is None or self._process.stdin.closed:
                raise SandboxUnavailable("the sandbox is closed")
            self._number += 1
            self._pending[self._number] = future
            try:
                self._process.stdin.write(json.dumps({"job": self._number, **message}) + "\n")
            except OSError as error:
                self._pending.pop(self._number, None)
                raise SandboxUnavailable("the sandbox has ended") from error
        return future

    def run(self, job: Job) -> Outcome:
        """Do one job and wait for it."""
        return self.submit(job).result()

    def run_all(
        self, jobs: Iterable[Job], cancelled: Callable[[], bool] | None = None
    ) -> Generator[Outcome, None, None]:
        """Do jobs side by side; outcomes come in the order of the jobs.

        Args:
            cancelled: asked again and again; as soon as it says so there are no more outcomes. What has not started by
                then never does, as where the caller listens no longer; what runs comes to its end unheard.
        """
        futures = [self.submit(job) for job in jobs]
        try:
            for future in futures:
                while not future.done():
                    if cancelled is not None and cancelled():
                        return
                    wait([future], None if cancelled is None else LOOK_S)
                yield future.result()
        finally:
            self._withdraw(futures)

    def _withdraw(self, futures: Sequence["Future[Outcome]"]) -> None:
        unwanted = {future for future in futures if future.cancel()}
        with self._lock:
            numbers = [number for number, future in self._pending.items() if future in unwanted]
            if not numbers:
                return
            for number in numbers:
                del self._pending[number]
            stdin = self._process.stdin
            with contextlib.suppress(OSError, ValueError):  # it has ended, and with it all jobs
                if stdin is not None:
                    stdin.write(json.dumps({"withdrawn": numbers}) + "\n")

    def call(self, program: Program, calls: Sequence[Call], limits: Limits | None = None) -> Outcome:
        """The values of some calls of a program's functions."""
        return self.run(Job(program, Calls(tuple(calls)), limits))

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            message = json.loads(line)
            with self._lock:
                future = self._pending.pop(message["job"], None)
            if future is None:  # withdrawn when it ran already
                continue
            try:
                outcome = _outcome(message)
            except (TypeError, ValueError, LookupError) as error:  # such as a report of tests that wrote their own
                outcome = Outcome(End.INFRASTRUCTURE, f"an outcome that cannot be read: {error}")
            if future.set_running_or_notify_cancel():
                future.set_result(outcome)
        with self._lock:
            lost = list(self._pending.values())
            self._pending.clear()
        for future in lost:
            if future.set_running_or_notify_cancel():
                future.set_result(Outcome(End.INFRASTRUCTURE, "the supervisor ended"))

    def close(self) -> None:
        """End every jail and the supervisor."""
        with self._lock:
            if self._process.stdin is not None and not self._process.stdin.closed:
                with contextlib.suppress(OSError):  # it has ended already
                    self._process.stdin.write('{"end": true}\n')
                with contextlib.suppress(OSError):
                    self._process.stdin.close()
        try:
            self._process.wait(TO_END_S)
        except subprocess.TimeoutExpired:  # stopped, or stuck
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._reader.join()
        if self._process.stdout is not None:
            self._process.stdout.close()

    @property
    def pid(self) -> int:
        """The supervisor's process id."""
        return self._process.pid

    def __enter__(self) -> "Sandbox":
        """The sandbox itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()


def _bwrap() -> str:
    found = shutil.which("bwrap")
    if not found:
        raise SandboxUnavailable(f"no jail: {HOW_TO_GET_BWRAP}; the weaker second kind is --backend landlock")
    return found


def _job_message(job: Job) -> Message:
    message: Message = {
        "language": job.program.language,
        "source": job.program.source,
        "module": job.program.module,
        "limits": asdict(job.limits_in_force),
    }
    if isinstance(job.task, Calls):
        message["calls"] = [
            {"call": call.function, "args": [encode(arg) for arg in call.args], "kwargs": encode(dict(call.kwargs))}
            for call in job.task.calls
        ]
    elif isinstance(job.task, Stdin):
        message["stdin"] = base64.b64encode(job.task.data).decode()
    else:
        message["tests"] = {**asdict(job.task), "names": [*{job.task.entry: 0, **dict.fromkeys(job.task.names)}]}
    return message


def _outcome(message: Message) -> Outcome:
    raised, report = message.get("raised"), message.get("report")
    return Outcome(
        end=End(message["end"]),
        detail=message.get("detail", ""),
        replies=tuple(_reply(reply) for reply in message["replies"]),
        raised=None if raised is None else _raised(raised),
        report=None if report is None else TestReport(**report),
        exit_code=message.get("exit_code"),
        stdout=base64.b64decode(message.get("stdout", "")),
        stderr=base64.b64decode(message.get("stderr", "")),
        wall_s=message.get("wall_s", 0.0),
    )


def _reply(reply: Message) -> Reply:
    if "raised" in reply:
        return Reply(_raised(reply["raised"]), reply["seconds"])
    if "unencodable" in reply:
        return Reply(Unencodable(reply["unencodable"]), reply["seconds"])
    args = None if reply["given"] is None else tuple(decode(arg) for arg in reply["given"][0])
    return Reply(Returned(decode(reply["value"]), args), reply["seconds"])


def _raised(raised: Message) -> Raised:
    return Raised(raised["raised"], tuple(raised["bases"]), raised["message"])
