"""The client for lsp-mode in a real Emacs with the installed server and the real model, in a terminal, by keyboard."""

import ast
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.installed import READ_ROWS, ROTATE, environment, pictures, program, stats
from tests.e2e.terminal import Terminal, terminal

pytestmark = pytest.mark.e2e

CLIENT = Path(__file__).parents[2] / "server" / "editors" / "emacs"
INIT = """
(setq inhibit-startup-screen t make-backup-files nil create-lockfiles nil auto-save-default nil
      lsp-session-file "%(home)s/session" lsp-auto-guess-root t lsp-restart 'ignore lsp-client-packages nil
      lsp-enable-suggest-server-download nil lsp-enable-file-watchers nil lsp-headerline-breadcrumb-enable nil
      lsp-enable-snippet nil)
(set-face-foreground 'shadow "brightblack")
(add-to-list 'load-path "%(client)s")
(dolist (part '(lsp-lens lsp-modeline lsp-diagnostics lsp-headerline lsp-semantic-tokens lsp-inline-completion))
  (require part))  ; a package manager's autoloads do this
(require 'codegpt)
(setq codegpt-command '("%(server)s") codegpt-trusted %(trusted)s)
(add-hook 'prog-mode-hook #'codegpt-mode)
(add-hook 'emacs-startup-hook (lambda () (message "set up")))
"""


@contextmanager
def emacs(home: Path, trusted: bool) -> Iterator[Terminal]:
    work = home / "work"
    (work / ".git").mkdir(parents=True)
    init = home / "init.el"
    given = {"home": home, "client": CLIENT, "server": program("codegpt-server"), "trusted": "t" if trusted else "nil"}
    init.write_text(INIT % given)
    command = [os.environ["CODEGPT_EMACS"], "-Q", "-nw", "-l", str(init)]
    with terminal(command, environment(home), work, pictures(), "emacs") as opened:
        opened.shows("set up", 60)
        yield opened


def below(terminal: Terminal) -> str:
    """The mode line, and what is said beneath it in a line or more."""
    return "\n".join(terminal.screen().splitlines()[-5:])


def visit(terminal: Terminal, path: Path, text: str, line: int = 0, column: int = 0) -> None:
    """Open a new file, the cursor at a place, and wait for the server."""
    path.write_text(text)
    terminal.keys("C-g")
    time.sleep(0.5)  # it drops what was typed before it is seen
    terminal.keys("C-x", "C-f", "C-a", "C-k")
    terminal.type(f"{path}\n")
    terminal.wait(lambda: f"F1  {path.name}" in below(terminal), "the file")
    terminal.keys("M->")
    terminal.wait(lambda: " codegpt LSP" in below(terminal), "the model", 120)


def command(terminal: Terminal, name: str) -> None:
    """Run a command by its name."""

    def asked() -> bool:
        terminal.keys("C-g")
        time.sleep(0.5)
        terminal.keys("M-x")
        time.sleep(0.5)
        return "M-x" in terminal.screen().splitlines()[-1]

    terminal.wait(asked, "M-x", 20)
    terminal.type(f"{name}\n")


def saved(terminal: Terminal, path: Path, shorter: str) -> str:
    """The file once it is longer than that."""

    def longer() -> bool:
        terminal.keys("C-x", "C-s")
        return len(path.read_text().rstrip("\n")) > len(shorter.rstrip("\n"))

    terminal.wait(longer, "what was taken")
    return path.read_text().rstrip("\n")  # Emacs puts one there


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def editor(home: Path) -> Iterator[Terminal]:
    with emacs(home, trusted=True) as opened:
        yield opened


def test_ghost_text_is_taken_as_a_whole_and_the_server_hears_of_it(editor: Terminal, home: Path) -> None:
    path = home / "work" / "mean.py"
    visit(editor, path, "def mean(values):\n")
    editor.type("    ")
    editor.shows("Completion 1/1", 30)
    assert "return" in editor.screen()
    editor.picture("ghost")
    assert path.read_text() == "def mean(values):\n"
    editor.keys("Tab")
    text = saved(editor, path, "def mean(values):\n    ")
    ast.parse(text)
    editor.wait(lambda: stats(home).get("accepted", 0) == 1, "the server hears that it was taken", 20)


def test_ghost_text_is_taken_by_word_and_by_line(editor: Terminal, home: Path) -> None:
    path = home / "work" / "read_rows.py"
    head = "import csv\n\n\ndef read_rows(path):\n    with open(path) as file:\n        "
    visit(editor, path, head)
    editor.type("r")
    editor.shows("Completion 1/1", 30)
    editor.keys("M-Right")
    editor.shows("Completion 1/1", 30)  # the rest of it
    word = saved(editor, path, head + "r").removeprefix(head)
    assert word.isidentifier()
    editor.type(" ")
    editor.shows("Completion 1/1", 30)
    editor.keys("M-End")
    line = saved(editor, path, head + word + " ").removeprefix(head)
    assert line.startswith(word) and "\n" not in line.rstrip("\n")


def test_suggestions_are_cycled(editor: Terminal, home: Path) -> None:
    visit(editor, home / "work" / "cycle.py", READ_ROWS)
    editor.keys("C-c", "\\")
    first = editor.shows("Completion 1/", 60)
    editor.picture("first")
    editor.keys("C-n")
    second = editor.shows("Completion 2/", 30)
    editor.picture("second")
    assert first.splitlines()[:-2] != second.splitlines()[:-2]
    editor.keys("C-p")
    assert editor.shows("Completion 1/", 30).splitlines()[:-2] == first.splitlines()[:-2]
    editor.keys("C-g")


def test_a_request_is_run_previewed_and_applied(editor: Terminal, home: Path) -> None:
    path = home / "work" / "rotate.py"
    visit(editor, path, ROTATE)
    command(editor, "codegpt-write")
    editor.shows("examples passed (2 of 2)", 120)
    editor.picture("words")
    assert path.read_text() == ROTATE
    editor.keys("Enter")
    text = saved(editor, path, ROTATE)
    assert text.startswith(ROTATE.rstrip("\n") + "\n    ")
    ast.parse(text)
    editor.picture("applied")


def test_an_untrusted_workspace_runs_nothing(tmp_path: Path) -> None:
    with emacs(tmp_path, trusted=False) as editor:
        path = tmp_path / "work" / "rotate.py"
        visit(editor, path, ROTATE)
        command(editor, "codegpt-write")
        editor.shows("the workspace is not trusted: nothing was run", 180)
        editor.picture("untrusted")
        editor.keys("C-g")
        assert path.read_text() == ROTATE
