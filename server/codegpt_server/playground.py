"""`codegpt-server --playground`: a page in the browser with an editor, ghost text, and words to code.

It is served on 127.0.0.1 alone, to whoever has the token in the address that is printed, and to no page of another
origin. Each socket is a session of its own; all share one model, and nothing is counted or kept.
"""

import asyncio
import mimetypes
import secrets
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import click
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from codegpt.errors import InputError
from codegpt.load import LoadedModel
from codegpt_server.handlers import create_server
from codegpt_server.server import ModelLoader
from codegpt_server.settings import Settings
from codegpt_server.transport import MOST_BYTES
from codegpt_server.turns import Turns
from codegpt_server.worker import Worker

HOST = "127.0.0.1"
PAGE = Path(__file__).with_name("page")
SESSION = "/session"

_POLICY = (
    "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""What the page may do; the editor makes styles while it runs."""


class Playground:
    """The page and its sessions."""

    def __init__(self, settings: Settings, load: ModelLoader, port: int = 0) -> None:
        if not (PAGE / "index.html").is_file():
            raise InputError("the playground's page is not built; in a checkout: make playground (needs Node)")
        self._settings, self._load, self._port = settings, load, port
        self._turns = Turns("codegpt-engine")
        self._loaded: LoadedModel | None = None
        self.token = secrets.token_urlsafe(24)
        self._origins: frozenset[str] = frozenset()

    async def start(self) -> Server:
        """Listen.

        Raises:
            InputError: somebody else listens there.
        """
        try:
            server = await serve(
                self._session, HOST, self._port, process_request=self._answer, max_size=MOST_BYTES, compression=None
            )
        except OSError as error:
            raise InputError(f"port {self._port} cannot be used: {error.strerror}; leave out --port") from None
        self._port = server.sockets[0].getsockname()[1]
        self._origins = frozenset(f"http://{host}:{self._port}" for host in (HOST, "localhost"))
        return server

    @property
    def address(self) -> str:
        """To be opened in a browser; the token is behind the `#`, so that no log has it."""
        return f"http://{HOST}:{self._port}/#{self.token}"

    def _answer(self, _connection: ServerConnection, request: Request) -> Response | None:
        """A file of the page; None for a socket that may be opened."""
        if f"http://{request.headers.get('Host', '')}" not in self._origins:  # a name that was made to mean us
            return _refusal(HTTPStatus.FORBIDDEN)
        address = urlsplit(request.path)
        if address.path == SESSION:
            given = parse_qs(address.query).get("token", [""])[0]
            right = secrets.compare_digest(given.encode(), self.token.encode())
            known = request.headers.get("Origin", "") in self._origins
            return None if right and known else _refusal(HTTPStatus.FORBIDDEN)
        name = address.path.removeprefix("/") or "index.html"
        files = {path.name: path for path in PAGE.iterdir()}
        return _file(files[name]) if name in files else _refusal(HTTPStatus.NOT_FOUND)

    async def _session(self, socket: ServerConnection) -> None:
        server = create_server(self._settings, self._load_once, Worker(self._turns), counted=False)
        outgoing: asyncio.Queue[str] = asyncio.Queue()
        server.protocol.set_writer(_Outgoing(outgoing), include_headers=False)
        sending = asyncio.create_task(_send(socket, outgoing))
        try:
            with suppress(ConnectionClosed, SystemExit):
                async for message in socket:
                    server.protocol.receive(message.encode() if isinstance(message, str) else message)
        finally:
            server.stop_work()
            server.protocol.cancel_all()
            for task in (*server.tasks, sending):
                task.cancel()

    def _load_once(self, settings: Settings) -> LoadedModel:
        """In the thread of the engine; of whoever comes first."""
        if self._loaded is None:
            self._loaded = self._load(settings)
        return self._loaded


class _Outgoing:
    """What pygls writes to."""

    def __init__(self, queue: "asyncio.Queue[str]") -> None:
        self._queue = queue

    def write(self, data: bytes) -> None:
        self._queue.put_nowait(data.decode())

    def close(self) -> None:
        pass


async def _send(socket: ServerConnection, outgoing: "asyncio.Queue[str]") -> None:
    with suppress(ConnectionClosed):
        while True:
            await socket.send(await outgoing.get())


def _file(path: Path) -> Response:
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    body = path.read_bytes()
    headers = Headers(
        {
            "Content-Type": f"{kind}; charset=utf-8" if kind.startswith("text/") else kind,
            "Content-Length": str(len(body)),
            "Content-Security-Policy": _POLICY,
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-cache",
        }
    )
    return Response(HTTPStatus.OK, "OK", headers, body)


def _refusal(status: HTTPStatus) -> Response:
    body = f"{status.phrase}\n".encode()
    headers = Headers({"Content-Type": "text/plain", "Content-Length": str(len(body))})
    return Response(status, status.phrase, headers, body)


async def _run(playground: Playground) -> None:
    async with await playground.start() as server:
        click.echo(f"The playground is at {playground.address} (Ctrl-C ends it)")
        await server.serve_forever()


def run(settings: Settings, load: ModelLoader, port: int) -> None:
    """Serve until Ctrl-C.

    Raises:
        InputError: the page is not built, or the port is taken.
    """
    with suppress(KeyboardInterrupt):
        asyncio.run(_run(Playground(settings, load, port)))
