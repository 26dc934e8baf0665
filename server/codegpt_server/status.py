"""What an editor's status bar is told: what the server is doing, and why there is no suggestion at the cursor."""

from collections.abc import Callable
from typing import Any

STATUS = "codegpt/status"
"""The notification. `state` is `loading`, `ready`, `failed`, `indexing` or `indexed`, `detail` a few words on it.

`why` says why nothing was suggested last, and is "" where something was. It is sent when any of them changes.
"""


class Status:
    """Says what has changed."""

    def __init__(self, notify: Callable[[str, dict[str, Any]], None]) -> None:
        self._notify = notify
        self._model = ("loading", "")
        self._said: tuple[str, str, str] | None = None
        self._why = ""

    def model(self, state: str, detail: str = "") -> None:
        """How the model is: `loading`, `ready` or `failed`; or that all is `off`."""
        self._model = (state, detail)
        self._say(*self._model)

    def index(self, words: str) -> None:
        """How far the index is; "" where it is made."""
        self._say("indexing" if words else "indexed", words)

    def answered(self, why_none: str) -> None:
        """Why nothing was suggested, or "" where something was."""
        if why_none != self._why:
            self._why = why_none
            self._say(*self._model)

    def _say(self, state: str, detail: str) -> None:
        if (state, detail, self._why) != self._said:
            self._said = (state, detail, self._why)
            self._notify(STATUS, {"state": state, "detail": detail, "why": self._why})
