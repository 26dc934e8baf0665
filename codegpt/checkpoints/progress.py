"""How long work tells of itself: one line of news, or how far a step has come."""

from typing import Protocol


class Progress(Protocol):
    """Told about long work as it goes on; it must not raise."""

    def say(self, line: str) -> None:
        """One line of news for a person."""
        ...

    def step(self, what: str, done: int, total: int) -> None:
        """`done` of `total` bytes of the step called `what` (total 0: not known); called often."""
        ...


class Silent:
    """A `Progress` that tells nobody."""

    def say(self, line: str) -> None:
        """Drop the line."""

    def step(self, what: str, done: int, total: int) -> None:
        """Drop the figures."""


SILENT: Progress = Silent()
