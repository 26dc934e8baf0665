"""What an editor's status bar is told: what the server is doing, and why there is no suggestion at the cursor."""

from collections.abc import Callable
from typing import Any

STATUS = "codegpt/status"
"""The notification. `state` is how the model is, `loading`, `ready` or `failed`, `detail` a few words on it.

`offer` is the model that was asked for where a smaller one stands in for it, which an editor may offer to get. `why`
says why nothing was suggested last, and is "" where something was. `index` says how far the index of other files is:
"", a few words, or `indexed`. It is sent when any of them changes.
"""

INDEXED = "indexed"


class Status:
    """Says what has changed."""

    def __init__(self, notify: Callable[[str, dict[str, Any]], None]) -> None:
        self._notify = notify
        self._now = {"state": "", "detail": "", "offer": "", "why": "", "index": ""}

    def model(self, state: str, detail: str = "", offer: str = "") -> None:
        """How the model is: `loading`, `ready` or `failed`."""
        self._say(state=state, detail=detail, offer=offer)

    def index(self, words: str) -> None:
        """How far the index is; "" where it is made."""
        self._say(index=words or INDEXED)

    def answered(self, why_none: str) -> None:
        """Why nothing was suggested, or "" where something was."""
        self._say(why=why_none)

    def _say(self, **changed: str) -> None:
        now = self._now | changed
        if now != self._now:
            self._now = now
            self._notify(STATUS, now)
