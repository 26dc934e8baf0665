"""What goes on for long, in an editor's own bar: begun, told of, ended, and perhaps cancelled there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import count

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer

_NUMBERS = count(1)


class Bar:
    """One of them; in editors without such a thing it is silent."""

    def __init__(self, server: LanguageServer, token: types.ProgressToken | None) -> None:
        self._server, self._token = server, token

    def cancelled(self) -> bool:
        """Whether the person wants no more of it; may be asked in any thread."""
        future = self._server.work_done_progress.tokens.get(self._token) if self._token is not None else None
        return future is not None and future.cancelled()

    def say(self, message: str, percentage: int | None = None) -> None:
        """How far it is; in the thread of the event loop."""
        if self._token is not None:
            report = types.WorkDoneProgressReport(message=message, percentage=percentage)
            self._server.work_done_progress.report(self._token, report)


@asynccontextmanager
async def progress(
    server: LanguageServer, title: str, token: types.ProgressToken | None = None, *, cancellable: bool = False
) -> AsyncIterator[Bar]:
    """Show that something is going on, for as long as the block lasts.

    Args:
        token: the client's own, if it sent one with its request; else one is made where the client knows of it.
    """
    bars = server.work_done_progress
    if token is None:
        window = server.client_capabilities.window
        if window and window.work_done_progress:
            token = f"codegpt-{next(_NUMBERS)}"
            try:
                await bars.create_async(token)
            except JsonRpcException:  # it had said that it could
                token = None
    if token is not None:
        percentage = 0 if cancellable else None
        bars.begin(token, types.WorkDoneProgressBegin(title, cancellable=cancellable, percentage=percentage))
    try:
        yield Bar(server, token)
    finally:
        if token is not None:
            with suppress(Exception):  # the client is gone
                bars.end(token, types.WorkDoneProgressEnd())
            bars.tokens.pop(token, None)
