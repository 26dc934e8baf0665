"""One thread that does one thing at a time, the most urgent first; what is less urgent gives way in the middle of it.

The engine is for one caller at a time, and a request in words takes it for a minute. While it does, it asks between two
layers whether somebody waits, and that work is then done right there, in the same thread.
"""

import asyncio
import heapq
import threading
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from enum import IntEnum
from itertools import count
from typing import NamedTuple, TypeVar

Result = TypeVar("Result")


class Urgency(IntEnum):
    """What is smaller goes first: what somebody waits for before what nobody has asked for yet."""

    TYPING = 0
    IN_WORDS = 1
    AHEAD = 2
    NONE = 3


class _Job(NamedTuple):
    urgency: Urgency
    number: int
    work: Callable[[], None]
    cancel: Callable[[], bool]


class Turns:
    """The thread; `run` and `stop` are for others, `give_way` for the work itself."""

    def __init__(self, name: str) -> None:
        self._waiting: list[_Job] = []
        self._changed = threading.Condition()
        self._numbers = count()
        self._doing = Urgency.NONE
        self._stopped = False
        self._thread = threading.Thread(target=self._loop, name=name, daemon=True)
        self._thread.start()

    def run(self, urgency: Urgency, work: Callable[[], Result]) -> "asyncio.Future[Result]":
        """Have something done in the thread; it waits for its turn from now on.

        What the future was cancelled for is not begun. Work that is being done goes on, and has to see for itself that
        nobody wants it. Of what is to be done ahead only the newest waits: the future of an older one is cancelled.

        Raises:
            asyncio.CancelledError: nothing is begun any more.
        """
        done: Future[Result] = Future()

        def job() -> None:
            if not done.set_running_or_notify_cancel():
                return
            try:
                result = work()
            except BaseException as error:  # it is the caller's
                with suppress(InvalidStateError):
                    done.set_exception(error)
            else:
                with suppress(InvalidStateError):
                    done.set_result(result)

        with self._changed:
            if self._stopped:
                raise asyncio.CancelledError
            older = [job for job in self._waiting if job.urgency is urgency is Urgency.AHEAD]
            if older:
                self._waiting = [job for job in self._waiting if job.urgency is not Urgency.AHEAD]
                heapq.heapify(self._waiting)
            heapq.heappush(self._waiting, _Job(urgency, next(self._numbers), job, done.cancel))
            self._changed.notify()
        for each in older:
            each.cancel()
        return asyncio.wrap_future(done)

    def give_way(self) -> None:
        """Do all that waits and is more urgent than what is being done; asked in the thread alone."""
        while self._waiting:  # without the lock: this is asked a thousand times a second, and mostly there is nothing
            with self._changed:
                if not self._waiting or self._waiting[0].urgency >= self._doing:
                    return
                job = heapq.heappop(self._waiting)
            self._do(job)

    def stop(self) -> None:
        """Begin nothing any more; what waits is cancelled."""
        with self._changed:
            self._stopped = True
            waiting, self._waiting = self._waiting, []
            self._changed.notify()
        for job in waiting:
            job.cancel()

    def _loop(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._stopped)
                if self._stopped:
                    return
                job = heapq.heappop(self._waiting)
            self._do(job)

    def _do(self, job: _Job) -> None:
        before, self._doing = self._doing, job.urgency
        try:
            job.work()
        finally:
            self._doing = before
