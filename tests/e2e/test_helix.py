"""The set-up for Helix with the installed server and the real model, in a terminal, by keyboard.

Helix has no inline completion: suggestions are entries of its menu, and a request in words is a code action.
"""

import ast
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.installed import ROTATE, environment, pictures
from tests.e2e.terminal import Terminal, terminal

pytestmark = pytest.mark.e2e

SETUP = Path(__file__).parents[2] / "server" / "editors" / "helix" / "languages.toml"


@contextmanager
def helix(home: Path, name: str, text: str, place: str, trusted: bool) -> Iterator[Terminal]:
    work, config = home / "work", home / ".config" / "helix"
    (work / ".git").mkdir(parents=True)
    config.mkdir(parents=True)
    setup = SETUP.read_text(encoding="utf-8")
    assert "trusted = false" in setup
    (config / "languages.toml").write_text(setup.replace("trusted = false", f"trusted = {str(trusted).lower()}"))
    (config / "config.toml").write_text("[editor.lsp]\ndisplay-messages = true\n")
    (work / name).write_text(text)
    command = [os.environ["CODEGPT_HELIX"], f"{name}:{place}"]
    with terminal(command, environment(home), work, pictures(), "helix") as opened:
        opened.shows(name, 30)
        yield opened


def saved(terminal: Terminal, path: Path, shorter: str) -> str:
    def longer() -> bool:
        terminal.keys("Escape")
        time.sleep(0.3)
        terminal.type(":w\n")
        time.sleep(0.3)
        return len(path.read_text()) > len(shorter)

    terminal.wait(longer, "what was taken", 20)
    return path.read_text()


def offered(terminal: Terminal, action: str) -> None:
    """Open the menu of actions, which the server offers once it has started."""

    def shown() -> bool:
        terminal.keys("Escape")
        time.sleep(0.3)  # a key at once behind it would be one with Alt
        terminal.keys("Space", "a")
        time.sleep(0.7)
        return action in terminal.screen()

    terminal.wait(shown, action, 30)


def test_a_suggestion_is_an_entry_of_the_menu_and_is_taken(tmp_path: Path) -> None:
    head = "def mean(values):\n    "
    with helix(tmp_path, "mean.py", head + "\n", "2:5", trusted=False) as editor:
        editor.keys("i")
        editor.type("re")

        def asked() -> bool:
            editor.keys("C-x")
            time.sleep(3)
            return "return" in editor.screen()

        editor.wait(asked, "the menu", 120)  # the model is loaded meanwhile
        editor.picture("menu")
        editor.keys("Tab", "Enter")
        text = saved(editor, tmp_path / "work" / "mean.py", head + "re\n\n")
        assert text.startswith(head + "return")
        ast.parse(text)
        editor.picture("taken")


def test_a_request_is_a_code_action_that_is_run_and_applied(tmp_path: Path) -> None:
    with helix(tmp_path, "rotate.py", ROTATE, "1:1", trusted=True) as editor:
        offered(editor, "write the body of rotate (sample 32, run its 2 examples)")
        editor.picture("action")
        editor.keys("Tab", "Enter")
        editor.shows("return", 120)
        text = saved(editor, tmp_path / "work" / "rotate.py", ROTATE)
        assert text.startswith(ROTATE.rstrip("\n") + "\n    ")
        ast.parse(text)
        editor.picture("applied")


def test_an_untrusted_workspace_says_that_it_runs_nothing(tmp_path: Path) -> None:
    with helix(tmp_path, "rotate.py", ROTATE, "1:1", trusted=False) as editor:
        offered(editor, "run nothing: the workspace is not trusted")
        editor.picture("untrusted")
