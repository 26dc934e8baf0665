"""The plugin of `server/editors/neovim` in a real Neovim, with the scripted engine: what keys leave in the buffer."""

import contextlib
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pynvim
import pytest

from tests.e2e.test_neovim import find_neovim

pytestmark = pytest.mark.neovim

PLUGIN = Path(__file__).parents[2] / "server" / "editors" / "neovim"
SERVER = str(Path(sys.executable).with_name("codegpt-server"))
TEXT = "    return n + 1\n    # and more"
INIT = """
vim.o.swapfile, vim.o.shadafile, vim.o.messagesopt = false, 'NONE', 'wait:0,history:500'
vim.opt.rtp:prepend(%s)
require('codegpt').setup({ cmd = vim.json.decode(%s), settings = { ahead = false, context = false } })
"""


@pytest.fixture
def nvim(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[pynvim.Nvim]:
    for name in ("CONFIG_HOME", "DATA_HOME", "STATE_HOME", "CACHE_HOME"):
        monkeypatch.setenv(f"XDG_{name}", str(tmp_path / name.lower()))
    init, file = tmp_path / "init.lua", tmp_path / "a.py"
    command = json.dumps(json.dumps([SERVER, "--scripted", TEXT]))
    init.write_text(INIT % (json.dumps(str(PLUGIN)), command))
    file.write_text("")
    started = pynvim.attach("child", argv=[find_neovim(), "--embed", "-u", str(init), str(file)])
    started.ui_attach(90, 24, rgb=False)
    wait(lambda: started.exec_lua("return require('codegpt').said.state") == "ready", started)
    try:
        yield started
    finally:
        with contextlib.suppress(EOFError, OSError):
            started.command("qa!")
        started.close()


def wait(condition: Callable[[], object], nvim: pynvim.Nvim, timeout_s: float = 30) -> None:
    until = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < until, f"{screen(nvim)}\n{nvim.exec_lua('return vim.fn.execute([[messages]])')}"
        time.sleep(0.02)


def screen(nvim: pynvim.Nvim) -> str:
    nvim.command("redraw")
    lua = "local s = {} for c = 1, 90 do s[c] = vim.fn.screenstring(..., c) end return table.concat(s)"
    return "\n".join(str(nvim.exec_lua(lua, row)).rstrip() for row in range(1, 25))


def test_word_line_and_all_of_it_are_taken(nvim: pynvim.Nvim) -> None:
    nvim.input("idef fib(n):<CR>")
    wait(lambda: "    return n + 1\n    # and more" in screen(nvim), nvim)
    assert list(nvim.current.buffer) == ["def fib(n):", "    "]
    for key, lines in (
        ("<M-Right>", ["    return"]),
        ("<M-Right>", ["    return n"]),
        ("<M-End>", ["    return n + 1"]),
        ("<Tab>", ["    return n + 1", "    # and more"]),
    ):
        wait(lambda: "# and more" in screen(nvim), nvim)  # what is left of it is there again
        nvim.input(key)
        wait(lambda wanted=lines: list(nvim.current.buffer) == ["def fib(n):", *wanted], nvim)
    nvim.input("<Tab>")  # there is nothing more to be taken
    wait(lambda: nvim.current.buffer[2].startswith("    # and more") and len(nvim.current.buffer[2]) > 14, nvim)


def test_a_request_in_words_is_previewed_and_applied(nvim: pynvim.Nvim) -> None:
    head = ["def fib(n: int) -> int:", '    """The next one. fib(1) == 2"""']
    nvim.current.buffer[:] = [*head, ""]
    nvim.current.window.cursor = (1, 0)
    nvim.command("Codegpt write")
    wait(lambda: "the workspace is not trusted: nothing was run" in screen(nvim), nvim)
    assert "return n + 1" in screen(nvim) and list(nvim.eval("getbufline(1, 1, '$')")) == [*head, ""]
    nvim.input("<CR>")
    wait(lambda: "    return n + 1" in list(nvim.eval("getbufline(1, 1, '$')")), nvim)
    assert list(nvim.eval("getbufline(1, 1, '$')"))[:3] == [*head, "    return n + 1"]


def test_why_and_health(nvim: pynvim.Nvim) -> None:
    nvim.input("idef fib(n):<CR>")
    wait(lambda: "# and more" in screen(nvim), nvim)
    assert nvim.exec_lua("return require('codegpt').status()") == "codegpt: ready"
    nvim.input("<Esc>")
    nvim.command("Codegpt why")
    wait(lambda: "Line 2, column" in screen(nvim), nvim)
    nvim.command("bwipeout!")
    with pytest.raises(pynvim.NvimError, match='no "nonsense"; there are snooze, stats, status, toggle'):
        nvim.command("Codegpt nonsense")
    nvim.command("checkhealth codegpt")
    wait(lambda: "codegpt-server, version" in screen(nvim) and "ERROR" not in screen(nvim), nvim)
