"""Newest wins: one request of each kind is worked on for each document, and its cancel flag is here.

Editors do not all cancel what they no longer need (Neovim 0.12 does not), so a newer request raises the older one's
flag.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Inflight:
    """The cancel flag of the newest request of each kind and document. Used from the event loop's thread alone."""

    def __init__(self) -> None:
        self._flags: dict[tuple[str, str], threading.Event] = {}

    @contextmanager
    def request(self, kind: str, uri: str) -> Iterator[threading.Event]:
        """A flag for a new request; the older one's is raised now, and this one's when the block fails."""
        flag = threading.Event()
        older = self._flags.get((kind, uri))
        if older is not None:
            older.set()
        self._flags[kind, uri] = flag
        try:
            yield flag
        except BaseException:  # asyncio.CancelledError above all: the work in the thread must stop too
            flag.set()
            raise
        finally:
            if self._flags.get((kind, uri)) is flag:
                del self._flags[kind, uri]

    def cancel(self, kind: str, uri: str) -> None:
        """Raise the flag of a request, if there is one."""
        if flag := self._flags.get((kind, uri)):
            flag.set()

    def cancel_all(self) -> None:
        """Raise every flag: the server ends."""
        for flag in self._flags.values():
            flag.set()
