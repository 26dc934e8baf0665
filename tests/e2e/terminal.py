"""An editor in a terminal: a tmux session of its own, driven by keys, whose screen is read and saved as a picture."""

import io
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.terminal_theme import DIMMED_MONOKAI
from rich.text import Text

COLUMNS, LINES = 110, 32


class Terminal:
    """A program in a terminal of 32 lines of 110 columns."""

    def __init__(self, socket: str, pictures: Path, name: str) -> None:
        self._socket, self._pictures, self._name = socket, pictures, name

    def keys(self, *keys: str) -> None:
        """Press keys, by tmux's names: `Enter`, `M-]`, `Tab`."""
        self._tmux("send-keys", *keys)

    def type(self, text: str) -> None:
        """Type a text; each line end is Enter."""
        for number, line in enumerate(text.split("\n")):
            if number:
                self.keys("Enter")
            if line:
                self._tmux("send-keys", "-l", line)

    def screen(self) -> str:
        """What is on the screen."""
        return self._tmux("capture-pane", "-p")

    def wait(self, condition: Callable[[], Any], what: str, timeout_s: float = 60) -> Any:
        """What the condition gives once it gives something."""
        until = time.monotonic() + timeout_s
        while not (found := condition()):
            if time.monotonic() > until:
                self.picture("failed")
                raise AssertionError(f"not seen in {timeout_s} s: {what}\n{self.screen()}")
            time.sleep(0.05)
        return found

    def shows(self, text: str, timeout_s: float = 60) -> str:
        """The screen once a text is on it."""
        return str(self.wait(lambda: text in (screen := self.screen()) and screen, text, timeout_s))

    def picture(self, name: str) -> None:
        """Save the screen with its colours."""
        console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor")
        console.print(Text.from_ansi(self._tmux("capture-pane", "-e", "-p").rstrip("\n")), soft_wrap=True)
        path = self._pictures / f"{self._name}-{name}.svg"
        path.write_text(console.export_svg(title=self._name, theme=DIMMED_MONOKAI), encoding="utf-8")

    def _tmux(self, *arguments: str) -> str:
        command = ["tmux", "-L", self._socket, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=20).stdout


@contextmanager
def terminal(
    command: Sequence[str], environment: Mapping[str, str], folder: Path, pictures: Path, name: str
) -> Iterator[Terminal]:
    """Run a program in a terminal; it is killed with it."""
    socket = f"codegpt-{uuid.uuid4().hex[:12]}"
    begun = ["tmux", "-L", socket, "-f", "/dev/null", "new-session", "-d", "-x", str(COLUMNS), "-y", str(LINES)]
    begun += ["-c", str(folder), *command]
    subprocess.run(begun, check=True, env=dict(environment), timeout=20)
    try:
        subprocess.run(["tmux", "-L", socket, "set", "-g", "escape-time", "0"], check=True, timeout=20)
        yield Terminal(socket, pictures, name)
    finally:
        subprocess.run(["tmux", "-L", socket, "kill-server"], check=False, capture_output=True, timeout=20)
