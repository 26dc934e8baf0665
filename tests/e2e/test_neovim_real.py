"""The plugin in a real Neovim with the installed server and the real model, in a terminal, by keyboard.

`make e2e` runs it with 0.12 and with 0.11.
"""

import ast
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pynvim
import pytest

from tests.e2e.installed import READ_ROWS, ROTATE, counted, environment, pictures, program, stats
from tests.e2e.terminal import Terminal, terminal
from tests.e2e.typing import KEY_MS, LONGEST_PAUSE_MS, PAUSE_AFTER, TYPED, percentiles

pytestmark = pytest.mark.e2e

PLUGIN = Path(__file__).parents[2] / "server" / "editors" / "neovim"
INIT = """
vim.o.swapfile, vim.o.shadafile, vim.o.termguicolors = false, 'NONE', true
vim.opt.rtp:prepend(%s)
require('codegpt').setup({ cmd = { %s }, trusted = %s })
"""
GHOST = """
local names = vim.api.nvim_get_namespaces()
local namespace = names['codegpt']
local marks = namespace and vim.api.nvim_buf_get_extmarks(0, namespace, 0, -1, { details = true }) or {}
if #marks == 0 then return '' end
local details, text = marks[1][4], ''
for _, part in ipairs(details.virt_text or {}) do text = text .. part[1] end
for _, line in ipairs(details.virt_lines or {}) do
  text = text .. '\\n'
  for _, part in ipairs(line) do text = text .. part[1] end
end
return text
"""


class Nvim:
    """Neovim in a terminal, and what it says of itself."""

    def __init__(self, terminal: Terminal, api: pynvim.Nvim, home: Path) -> None:
        self.terminal, self.api, self.home = terminal, api, home

    def ghost(self) -> str:
        return str(self.api.exec_lua(GHOST))

    def lines(self) -> list[str]:
        return list(self.api.current.buffer)

    def begin(self, name: str, text: str) -> None:
        """A new file, the cursor behind its end, in insert mode."""
        self.mode("n", "<Esc>")
        self.api.command(f"edit! {self.home / 'work' / name}")
        self.wait(lambda: self.api.exec_lua("return require('codegpt').client() ~= nil"), "a server")
        self.api.current.buffer[:] = text.split("\n")
        self.api.current.window.cursor = (text.count("\n") + 1, 0)
        self.mode("i", "A")

    def mode(self, mode: str, key: str) -> None:
        """Press a key and wait for its mode."""
        self.api.input(key)
        self.wait(lambda: self.api.api.get_mode()["mode"] == mode, f"mode {mode}")

    def wait(self, condition: Callable[[], object], what: str, timeout_s: float = 60) -> object:
        return self.terminal.wait(condition, what, timeout_s)


@contextmanager
def neovim(home: Path, trusted: bool) -> Iterator[Nvim]:
    (home / "work").mkdir(exist_ok=True)
    init, socket = home / "init.lua", home / "nvim.sock"
    lua = ("true" if trusted else "false",)
    init.write_text(INIT % (json.dumps(str(PLUGIN)), json.dumps(program("codegpt-server")), *lua))
    nvim = os.environ["CODEGPT_NVIM"]
    name = f"neovim-{os.environ['CODEGPT_NVIM_VERSION']}"
    own, work = environment(home), home / "work"
    # Its screen is another process: one that was unpacked, and is started by a loader, cannot start itself.
    begun = [nvim, "--headless", "-u", str(init), "--listen", str(socket), "a.py"]
    screen = [nvim, "--server", str(socket), "--remote-ui"]
    with subprocess.Popen(begun, cwd=work, env=own, stdin=subprocess.DEVNULL) as process:
        try:
            until = time.monotonic() + 20
            while not socket.exists() and time.monotonic() < until:
                time.sleep(0.05)
            with terminal(screen, own, work, pictures(), name) as opened:
                api = pynvim.attach("socket", path=str(socket))
                here = Nvim(opened, api, home)
                here.wait(lambda: api.exec_lua("return require('codegpt').said.state") == "ready", "the model", 180)
                yield here
                with suppress(EOFError, OSError):
                    api.command("qa!")
                api.close()
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def nvim(home: Path) -> Iterator[Nvim]:
    with neovim(home, trusted=True) as opened:
        yield opened


def test_ghost_text_is_taken_as_a_whole_and_the_server_hears_of_it(nvim: Nvim, home: Path) -> None:
    nvim.begin("mean.py", "")
    nvim.terminal.type("def mean(values):\n")
    ghost = str(nvim.wait(nvim.ghost, "ghost text", 20))
    assert ghost.split("\n")[0] in nvim.terminal.screen()
    nvim.terminal.picture("ghost")
    before = nvim.lines()
    assert before[0] == "def mean(values):" and len(before) == 2
    nvim.terminal.keys("Tab")
    nvim.wait(lambda: "\n".join(nvim.lines()) == "\n".join(before) + ghost, "all of it")
    ast.parse("\n".join(nvim.lines()))
    nvim.wait(lambda: stats(home).get("accepted", 0) == 1, "the server hears that it was taken", 20)


def test_ghost_text_is_taken_by_word_and_by_line(nvim: Nvim, home: Path) -> None:
    nvim.begin("read_rows.py", "import csv\n\n\ndef read_rows(path):\n    with open(path) as file:\n        ")
    typed = "\n".join(nvim.lines())
    nvim.terminal.type("r")
    whole = "r" + str(nvim.wait(nvim.ghost, "ghost text", 20))
    nvim.terminal.keys("M-Right")
    nvim.wait(lambda: len("\n".join(nvim.lines())) > len(typed) + 1, "a word of it")
    word = "\n".join(nvim.lines()).removeprefix(typed)
    assert whole.startswith(word) and word.isidentifier() and word != whole
    nvim.wait(nvim.ghost, "the rest of it", 20)
    nvim.terminal.keys("M-End")
    nvim.wait(lambda: "\n".join(nvim.lines()) == typed + whole.split("\n")[0], "a line of it")
    nvim.begin("other.py", "")  # what is left is not taken
    nvim.terminal.type("x")
    nvim.wait(lambda: counted(home) >= 2, "the server hears of it", 20)


def test_suggestions_are_cycled(nvim: Nvim) -> None:
    nvim.begin("cycle.py", READ_ROWS)
    nvim.terminal.keys("M-\\")
    first = str(nvim.wait(nvim.ghost, "ghost text that was asked for", 60))
    nvim.terminal.picture("first")
    nvim.terminal.keys("M-n")
    nvim.wait(lambda: nvim.ghost() not in ("", first), "the next suggestion", 60)
    nvim.terminal.picture("second")
    nvim.terminal.keys("M-p")
    nvim.wait(lambda: nvim.ghost() == first, "the one before")


def test_a_request_is_run_previewed_and_applied(nvim: Nvim) -> None:
    nvim.begin("rotate.py", ROTATE)
    nvim.mode("n", "<Esc>")
    nvim.api.current.window.cursor = (1, 0)
    nvim.terminal.type(":Codegpt write\n")
    nvim.terminal.shows("examples passed (2 of 2)", 120)
    nvim.terminal.picture("words")
    behind = list(nvim.api.exec_lua("return vim.fn.getbufline('rotate.py', 1, '$')"))
    assert behind == ROTATE.split("\n")  # the buffer is as it was
    nvim.terminal.keys("Enter")
    nvim.wait(lambda: len("\n".join(nvim.lines())) > len(ROTATE), "the function")
    text = "\n".join(nvim.lines())
    assert text.startswith(ROTATE.rstrip("\n") + "\n    ")
    ast.parse(text)
    nvim.terminal.picture("applied")


def test_how_long_ghost_text_takes(nvim: Nvim) -> None:
    nvim.begin("settings.py", "")
    nvim.api.command("filetype indent on")
    all_ms, new_ms, silent = [], [], 0
    for number, key in enumerate(TYPED):
        before, begun = nvim.ghost(), time.perf_counter()
        nvim.api.input({"\n": "<CR>", "<": "<lt>"}.get(key, key))
        if number % PAUSE_AFTER:
            time.sleep(KEY_MS / 1000)
            continue
        ms, shown = 0.0, ""
        while ms < LONGEST_PAUSE_MS and (not shown or shown == before):
            shown = nvim.ghost()
            ms = 1000 * (time.perf_counter() - begun)
        if shown and shown != before:
            all_ms.append(ms)
            new_ms += [ms] if shown != before[1:] else []
        else:
            silent += 1
    figures = {"all": percentiles(all_ms), "new": percentiles(new_ms), "none_shown": silent}
    name = f"neovim-{os.environ['CODEGPT_NVIM_VERSION']}-keys.json"
    (pictures() / name).write_text(json.dumps(figures))
    print(figures)
    assert len(all_ms) >= 50


def test_an_untrusted_workspace_runs_nothing(tmp_path: Path) -> None:
    with neovim(tmp_path, trusted=False) as nvim:
        nvim.begin("rotate.py", ROTATE)
        nvim.mode("n", "<Esc>")
        nvim.terminal.type(":Codegpt write\n")
        nvim.terminal.shows("the workspace is not trusted: nothing was run", 120)
        nvim.terminal.picture("untrusted")
        nvim.terminal.keys("q")
        assert "\n".join(nvim.lines()) == ROTATE
