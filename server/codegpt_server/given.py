"""The arguments of commands: nothing of them is believed before it was looked at."""

from collections.abc import Mapping

from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcInvalidParams

from codegpt.document import Document, Span
from codegpt_server.convert import to_position
from codegpt_server.server import CodeGPTServer
from codegpt_server.wanted import Wanted, wanted_at


class RequestFailed(JsonRpcException):
    """What was asked for cannot be done, though it was asked rightly."""

    CODE = types.LSPErrorCodes.RequestFailed


def integers(params: types.ExecuteCommandParams, defaults: tuple[int, ...]) -> tuple[int, ...]:
    """Whole numbers; those that are left out are the defaults.

    Raises:
        JsonRpcInvalidParams: there are too many, or one is no whole number.
    """
    arguments = params.arguments or []
    numbers = [each for each in arguments if isinstance(each, int) and not isinstance(each, bool)]
    if len(numbers) < len(arguments) or len(numbers) > len(defaults):
        raise JsonRpcInvalidParams(f"at most {len(defaults)} whole numbers are wanted")
    return (*numbers, *defaults[len(numbers) :])


class Given:
    """The one argument of a request in words: an object, of which nothing is believed."""

    def __init__(self, params: types.ExecuteCommandParams) -> None:
        arguments = params.arguments or []
        if len(arguments) != 1 or not isinstance(arguments[0], Mapping):
            raise JsonRpcInvalidParams("one object is wanted")
        self._object = arguments[0]
        self.token = params.work_done_token

    def text(self, name: str) -> str:
        """A text; "" where it is left out."""
        value = self._object.get(name, "")
        if not isinstance(value, str):
            raise JsonRpcInvalidParams(f"{name}: a text")
        return value

    def number(self, name: str, default: float, most: float) -> float:
        """A positive number of at most so much."""
        value = self._object.get(name, default)
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value <= most:
            raise JsonRpcInvalidParams(f"{name}: a number up to {most:g}")
        return value

    @property
    def is_applied(self) -> bool:
        """Whether the editor is asked to apply the first candidate."""
        return self._object.get("apply") is True

    def document(self, ls: CodeGPTServer) -> Document:
        """The open document that it is about."""
        document = ls.snapshot(self.text("uri"))
        if document is None:
            raise JsonRpcInvalidParams("uri: that of an open document")
        why = ls.why_left_alone(document)
        if why:
            raise RequestFailed(why)
        return document

    def wanted(self, ls: CodeGPTServer) -> Wanted | None:
        """What is to be written."""
        document = self.document(ls)
        position = self._object.get("position")
        place = self._object.get("range") or {"start": position, "end": position}
        try:
            ends = [types.Position(int(place[end]["line"]), int(place[end]["character"])) for end in ("start", "end")]
        except (TypeError, KeyError, ValueError):
            raise JsonRpcInvalidParams("a position or a range is wanted") from None
        start, end = (document.offset_at(to_position(at), ls.encoding) for at in ends)
        return wanted_at(document, Span(start, max(start, end)), self.text("words").strip())
