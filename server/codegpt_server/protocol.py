"""The protocol as the specification has it, whatever a client sends: every request is answered, nothing is repeated.

pygls leaves requests unanswered that it cannot read, sends tracebacks, logs whole messages, and answers before
`initialize` and after `shutdown`. Here a message is first looked at as plain JSON; errors carry the code that LSP 3.18
and JSON-RPC 2.0 have for them; and neither an answer nor a log holds any text of a message.
"""

import asyncio
import contextvars
import inspect
import json
import logging
import sys
import traceback
from collections.abc import Generator
from concurrent.futures import Future
from functools import partial
from itertools import count
from typing import Any, NoReturn

import attrs
from cattrs import Converter
from lsprotocol import types
from lsprotocol.converters import get_converter
from pygls.exceptions import (
    JsonRpcException,
    JsonRpcInternalError,
    JsonRpcInvalidParams,
    JsonRpcInvalidRequest,
    JsonRpcMethodNotFound,
    JsonRpcParseError,
    JsonRpcRequestCancelled,
    JsonRpcServerNotInitialized,
)
from pygls.protocol import (
    JsonRPCNotification,
    JsonRPCRequestMessage,
    JsonRPCResponseMessage,
    LanguageServerProtocol,
    lsp_method,
)

logger = logging.getLogger(__name__)
logging.getLogger("pygls").setLevel(logging.CRITICAL)  # it logs messages, and they hold source text

JSON = dict[str, Any]


def plain_converter() -> Converter:
    """Reads the messages of the specification as its types, and the parameters of all others as plain JSON."""
    converter = get_converter()
    for kind in (JsonRPCNotification, JsonRPCRequestMessage, JsonRPCResponseMessage):
        names = [field.name for field in attrs.fields(kind)]
        converter.register_structure_hook(
            kind, lambda data, to, names=names: to(**{name: data.get(name) for name in names})
        )
    return converter


class Protocol(LanguageServerProtocol):
    """Reads messages, one after the other, and never raises."""

    _initialized = False
    _numbers = count()

    def receive(self, body: bytes) -> None:
        """Handle one message."""
        try:
            message = json.loads(body)
        except (ValueError, RecursionError):
            self._refuse(None, JsonRpcParseError("the message is no JSON"))
            return
        if not isinstance(message, dict) or message.get("jsonrpc") != self.VERSION:
            self._refuse(None, JsonRpcInvalidRequest("the message is no JSON-RPC 2.0 object"))
            return
        identity, method = message.get("id"), message.get("method")
        if "method" not in message and ("result" in message or "error" in message):
            self._take_answer(message)
        elif not isinstance(method, str) or not _is_identity(identity):
            self._refuse(identity, JsonRpcInvalidRequest("the message is neither a request nor a notification"))
        elif identity is not None:
            self._take_request(identity, method, message)
        else:
            self._take_notification(method, message)

    def cancel_all(self) -> None:
        """The client is gone: what is being worked on for it is wanted by nobody."""
        for future in list(self._request_futures.values()):
            future.cancel()

    def refuse_large(self) -> None:
        """A message was skipped for its size."""
        self._refuse(None, JsonRpcInvalidRequest("the message is too large"))

    def _take_request(self, identity: str | int, method: str, message: JSON) -> None:
        first = method == types.INITIALIZE
        if self._shutdown or (first and self._initialized):
            self._refuse(identity, JsonRpcInvalidRequest("the server is at another stage of its life"))
        elif not first and not self._initialized:
            self._refuse(identity, JsonRpcServerNotInitialized("the server waits for initialize"))
        elif identity in self._request_futures:
            self._refuse(identity, JsonRpcInvalidRequest("another request has this id"))
        elif self.fm.builtin_features.get(method) is None and self.fm.features.get(method) is None:
            self._refuse(identity, JsonRpcMethodNotFound(f"no such method: {method[:100]}"))
        else:
            try:
                request = self.structure_message(message)
            except JsonRpcException:
                self._refuse(identity, JsonRpcInvalidParams(f"the parameters are not those of {method[:100]}"))
                return
            self._initialized = True
            contextvars.copy_context().run(self._handle_request, identity, method, request.params)

    def _take_notification(self, method: str, message: JSON) -> None:
        if method != types.EXIT and (self._shutdown or not self._initialized):
            return
        try:
            notification = self.structure_message(message)
        except JsonRpcException:
            logger.warning("the parameters of a notification are not those of %s", method[:100])
            return
        contextvars.copy_context().run(self._handle_notification, method, getattr(notification, "params", None))

    def _take_answer(self, message: JSON) -> None:
        future = self._request_futures.get(message["id"]) if isinstance(message.get("id"), str | int) else None
        if future is None or future.done():
            logger.warning("an answer to nothing that was asked")
            return
        try:
            answer = self.structure_message(message)
            self._handle_response(answer.id, getattr(answer, "result", None), getattr(answer, "error", None))
        except JsonRpcException as error:
            self._request_futures.pop(message["id"], None)
            future.set_exception(error)

    def structure_message(self, data: JSON) -> Any:
        """A message as an object of its type.

        Raises:
            JsonRpcException: it has not that type.
        """
        return super().structure_message(data)

    def _handle_request(self, msg_id: str | int, method_name: str, params: Any) -> None:
        self._ctx_msg_id.set(msg_id)
        answer = partial(self._send_handler_result, msg_id=msg_id)
        try:
            self._execute_handler(msg_id, self._get_handler(method_name), answer, (params,))
        except Exception as error:
            self._fail(msg_id, error)

    def _handle_notification(self, method_name: str, params: Any) -> None:
        if method_name == types.CANCEL_REQUEST:
            future = self._request_futures.get(params.id)
            if future is not None:
                future.cancel()
            return
        handler = self.fm.builtin_features.get(method_name) or self.fm.features.get(method_name)
        if handler is None:
            if not method_name.startswith("$/"):  # those may be ignored by anybody
                logger.warning("no such notification: %s", method_name[:100])
            return
        name = (
            f"notification-{next(self._numbers)}"  # under it pygls keeps what is going on, and would keep it for ever
        )
        try:
            self._execute_handler(name, handler, partial(self._end_notification, name=name), (params,))
        except Exception as error:
            log(error)

    def _end_notification(self, future: "Future[Any]", *, name: str) -> None:
        self._request_futures.pop(name, None)
        self._check_handler_result(future)

    def _send_handler_result(self, future: "Future[Any]", *, msg_id: str | int) -> None:
        self._request_futures.pop(msg_id, None)
        if future.cancelled():
            ended = JsonRpcException("the server ends", code=types.LSPErrorCodes.ServerCancelled)
            wanted = JsonRpcRequestCancelled("the client has cancelled the request")
            self._refuse(msg_id, ended if self._shutdown else wanted)
            return
        error = future.exception()
        if error is None:
            self._send_response(msg_id, result=future.result())
        else:
            self._fail(msg_id, error)

    def _check_handler_result(self, future: "Future[Any]") -> None:
        if not future.cancelled() and (error := future.exception()) is not None:
            log(error)

    def _fail(self, msg_id: str | int, error: BaseException) -> None:
        if isinstance(error, asyncio.CancelledError):
            self._refuse(msg_id, JsonRpcException("the server ends", code=types.LSPErrorCodes.ServerCancelled))
        elif isinstance(error, JsonRpcException):
            self._refuse(msg_id, error)
        else:
            log(error)
            self._refuse(msg_id, JsonRpcInternalError(f"codegpt failed: {type(error).__name__}"))

    def _refuse(self, identity: Any, error: JsonRpcException) -> None:
        known = identity if _is_identity(identity) else None
        self._send_data(
            {
                "jsonrpc": self.VERSION,
                "id": known,
                "error": {"code": int(error.code), "message": error.message},
            }
        )

    @lsp_method(types.SHUTDOWN)
    def lsp_shutdown(self, *args: Any) -> Generator[Any, Any, None]:
        """Let what is being worked on be answered, with what there is; nothing new is begun."""
        self._shutdown = True
        if (handler := self.fm.features.get(types.SHUTDOWN)) is not None:
            yield handler, args, None

    @lsp_method(types.WORKSPACE_EXECUTE_COMMAND)
    async def lsp_workspace__execute_command(  # type: ignore[override]  # pygls takes any kind of function
        self, params: types.ExecuteCommandParams
    ) -> Any:
        """Give a command all that came with it; unlike pygls' own, a request for it can be cancelled."""
        handler = self.fm.commands.get(params.command)
        if handler is None:
            raise JsonRpcInvalidParams(f"no such command: {params.command[:100]}")
        result = handler(params)
        return await result if inspect.isawaitable(result) else result

    @lsp_method(types.EXIT)
    def lsp_exit(self, *_args: Any) -> NoReturn:
        """End, whatever is going on; the one who started the server knows with which exit code."""
        raise SystemExit


def _is_identity(identity: Any) -> bool:
    """Whether it can be the id of a message; none is that of a notification."""
    return identity is None or (isinstance(identity, str | int) and not isinstance(identity, bool))


def log(error: BaseException | None) -> None:
    """What went wrong, and where in our code; what an error says of itself may be somebody's source text."""
    if error is None:
        return
    frames = traceback.extract_tb(error.__traceback__)
    where = " < ".join(f"{frame.filename}:{frame.lineno} {frame.name}" for frame in reversed(frames))
    logger.error("%s at %s", type(error).__name__, where or sys.executable)
