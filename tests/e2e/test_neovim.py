"""The server in a real Neovim: ghost text as it is drawn, and what Tab leaves in the buffer.

Neovim runs as a child that is driven over its RPC, with its own inline completion (`vim.lsp.inline_completion`) and no
plugin. `get_neovim.sh` fetches one that is new enough. Where there is none these tests fail: a skipped test would look
like a passed one.
"""

import ast
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pynvim
import pytest

from codegpt.checkpoints.homes import cache_root

pytestmark = pytest.mark.neovim

HERE = Path(__file__).parent
SERVER = str(Path(sys.executable).with_name("codegpt-server"))
COLUMNS, ROWS = 80, 14
ANSWER_S, MODEL_S, END_S = 30.0, 300.0, 20.0
HANGS_S = 400.0

RECORDING_SERVER = """
import json, sys
from codegpt.engine.scripted import ScriptedEngine
from codegpt.load import LoadedModel
from codegpt.prompt import parse_fim
from codegpt_server.handlers import create_server
from codegpt_server.settings import Settings

log, text, seconds_per_token = sys.argv[1:]
fim = parse_fim("qwen2.5-coder/psm")

def script(prompt, row):
    with open(log, "a", encoding="utf-8") as file:
        print(json.dumps([part for part in prompt.parts if isinstance(part, str)]), file=file)
    return text

engine = ScriptedEngine(script, fim.format.markup(fim.layout), float(seconds_per_token))
create_server(Settings(ahead=False), lambda settings: LoadedModel(engine, fim)).start_io()
"""
"""A server that always suggests `text`, a character every so many seconds, and writes down what it was asked."""


def find_neovim() -> str:
    """The Neovim to drive: $CODEGPT_NVIM where that is set; else what get_neovim.sh fetched, or the one on PATH."""
    chosen = os.environ.get("CODEGPT_NVIM")
    fetched = HERE.parents[1] / ".cache" / "neovim" / "nvim"
    for candidate in [chosen] if chosen else [str(fetched), "nvim"]:
        path = shutil.which(candidate)
        if path is None:
            continue
        shown = subprocess.run([path, "--version"], capture_output=True, text=True).stdout
        version = re.match(r"NVIM v(\d+)\.(\d+)", shown)
        if version and (int(version[1]), int(version[2])) >= (0, 12):
            return str(Path(path).absolute())
    return pytest.fail(f"{chosen or 'here'}: no Neovim 0.12 or newer; run tests/e2e/get_neovim.sh", pytrace=False)


class Editor:
    """One Neovim with one file open and the server attached."""

    def __init__(self, nvim: pynvim.Nvim, process: subprocess.Popen[bytes], path: Path) -> None:
        self.path = path
        self._nvim = nvim
        self._process = process
        nvim.ui_attach(COLUMNS, ROWS, rgb=False)
        self.encoding = self._wait("return codegpt.ready()", "the server to start", ANSWER_S)
        self.servers: list[int] = nvim.api.get_proc_children(process.pid)

    def _wait(self, lua: str, what: str, timeout_s: float) -> Any:
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            value = self._nvim.exec_lua(lua)
            if value is not None:
                return value
            time.sleep(0.02)
        return pytest.fail(f"waited {timeout_s:g} s for {what}\n{self.state()}")

    def type(self, keys: str) -> None:
        """Press keys, in Neovim's notation; whatever is asked next sees them all done."""
        assert self._nvim.input(keys) == len(keys.encode())

    def ghost(self, timeout_s: float = ANSWER_S) -> str:
        """Wait for the suggestion at the cursor for the text as it is now."""
        text = str(self._wait("return codegpt.ghost()", "an answer", timeout_s))
        return text or pytest.fail(f"nothing was suggested\n{self.state()}")

    def accept(self) -> None:
        """Press Tab and wait for the buffer to change."""
        tick = self._nvim.exec_lua("return vim.b.changedtick")
        self.type("<Tab>")
        self._wait(f"return vim.b.changedtick ~= {tick} or nil", "Tab to change the buffer", ANSWER_S)

    def lines(self) -> list[str]:
        """The buffer."""
        return list(self._nvim.exec_lua("return vim.api.nvim_buf_get_lines(0, 0, -1, true)"))

    def around_cursor(self) -> tuple[str, str]:
        """The buffer before and after the cursor, as one text each."""
        row, column = self.cursor()
        lines = [f"{line}\n".encode() for line in self.lines()]
        text, at = b"".join(lines), len(b"".join(lines[: row - 1])) + column
        return text[:at].decode(), text[at:].decode()

    def cursor(self) -> tuple[int, int]:
        """1-based row and 0-based byte column."""
        row, column = self._nvim.exec_lua("return vim.api.nvim_win_get_cursor(0)")
        return row, column

    def screen(self) -> list[str]:
        """What is drawn."""
        return list(self._nvim.exec_lua("return codegpt.screen()"))

    def answers(self) -> list[int | None]:
        """How many items each request so far was answered with; None where there is no answer yet."""
        answers = self._nvim.exec_lua("return codegpt.answers()")
        return [None if items is False else items for items in answers]

    def wait_for_answers(self, wanted: Callable[[list[int | None]], bool], timeout_s: float = ANSWER_S) -> None:
        """Wait until the answers are as wanted."""
        deadline = time.monotonic() + timeout_s
        while not wanted(self.answers()):
            assert time.monotonic() < deadline, f"the answers are {self.answers()}\n{self.state()}"
            time.sleep(0.02)

    def state(self) -> str:
        """What helps to understand a failure: the screen, Neovim's messages, and the server's standard error."""
        messages = self._nvim.exec_lua("return vim.fn.execute('messages')")
        log = Path(self._nvim.exec_lua("return vim.lsp.log.get_filename()"))
        logged = log.read_text(encoding="utf-8", errors="replace")[-4000:] if log.exists() else ""
        return "\n".join([*self.screen(), messages, logged])

    def quit(self) -> None:
        """Leave Neovim; it and the server must end by themselves."""
        assert len(self.servers) == 1, "Neovim starts the server and nothing else"
        with contextlib.suppress(EOFError, OSError):
            self._nvim.command("qa!")
        self._process.wait(END_S)
        deadline = time.monotonic() + END_S
        while is_running(self.servers[0]):
            if time.monotonic() > deadline:
                os.kill(self.servers[0], signal.SIGKILL)
                pytest.fail(f"the server was still running {END_S:g} s after Neovim")
            time.sleep(0.02)


def connect(process: subprocess.Popen[bytes], address: Path) -> pynvim.Nvim:
    """Neovim's RPC, once it listens."""
    deadline = time.monotonic() + ANSWER_S
    while process.poll() is None and time.monotonic() < deadline:
        with socket.socket(socket.AF_UNIX) as probe:
            listens = probe.connect_ex(str(address)) == 0
        if listens:
            return pynvim.attach("socket", path=str(address))
        time.sleep(0.02)
    process.kill()
    return pytest.fail("Neovim does not start")


def hang_up(nvim: pynvim.Nvim) -> None:
    """Close the connection to a Neovim that has ended; what was still to be read of it is, else asyncio complains."""
    with contextlib.suppress(EOFError, OSError):
        nvim.command("")
    nvim.close()


def is_running(pid: int) -> bool:
    """Whether a process is there, and not only waiting to be reaped."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout.strip()
    return bool(state) and not state.startswith("Z")


Open = Callable[..., Editor]
"""`open_editor(command, text)` opens a Python file that holds `text`, with the server that `command` starts."""


@pytest.fixture
def open_editor(tmp_path: Path) -> Iterator[Open]:
    nvim = find_neovim()
    environment = {**os.environ, "CODEGPT_CACHE": str(cache_root())}
    for name in ("CONFIG_HOME", "DATA_HOME", "STATE_HOME", "CACHE_HOME", "RUNTIME_DIR"):
        environment[f"XDG_{name}"] = str(tmp_path / name.lower())
        (tmp_path / name.lower()).mkdir(mode=0o700)
    path, output = tmp_path / "example.py", tmp_path / "neovim.txt"
    editors: list[Editor] = []

    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="codegpt-"))
        address = Path(folder) / "socket"  # under 100 characters, which not every tmp_path is

        def open_file(command: list[str], text: str = "") -> Editor:
            path.write_bytes(text.encode())
            process = subprocess.Popen(
                [nvim, "--headless", "--listen", str(address), "-u", str(HERE / "neovim_init.lua"), str(path)],
                env={**environment, "CODEGPT_TEST_SERVER": json.dumps(command)},
                cwd=tmp_path,
                stdin=subprocess.DEVNULL,
                stdout=stack.enter_context(output.open("wb")),
                stderr=subprocess.STDOUT,
            )
            stack.callback(process.wait)
            watchdog = threading.Timer(HANGS_S, process.kill)  # RPC waits for ever where Neovim waits for a key
            watchdog.start()
            stack.callback(watchdog.cancel)
            connection = connect(process, address)
            stack.callback(hang_up, connection)
            stack.callback(process.kill)
            editors.append(Editor(connection, process, path))
            return editors[-1]

        yield open_file
        for editor in editors:
            editor.quit()


def at_least(requests: int) -> Callable[[list[int | None]], bool]:
    return lambda answers: len(answers) >= requests


def scripted(text: str) -> list[str]:
    return [SERVER, "--scripted", text]


def test_one_line(open_editor: Open) -> None:
    editor = open_editor(scripted("    return n if n < 2 else fib(n - 1) + fib(n - 2)"))
    editor.type("idef fib(n):<CR>")
    assert editor.ghost() == "return n if n < 2 else fib(n - 1) + fib(n - 2)"
    assert editor.lines() == ["def fib(n):", "    "]
    assert editor.screen()[:3] == ["def fib(n):", "    return n if n < 2 else fib(n - 1) + fib(n - 2)", "~"]
    editor.accept()
    assert editor.lines() == ["def fib(n):", "    return n if n < 2 else fib(n - 1) + fib(n - 2)"]
    assert editor.cursor() == (2, 50)


def test_several_lines_above_what_is_there(open_editor: Open) -> None:
    editor = open_editor(
        scripted("    if n < 2:\n        return n\n    return fib(n - 1) + fib(n - 2)"),
        "def fib(n):\n\n\nprint(fib(30))\n",
    )
    editor.type("jcc")
    assert editor.ghost() == "if n < 2:\n        return n\n    return fib(n - 1) + fib(n - 2)"
    expected = [
        "def fib(n):",
        "    if n < 2:",
        "        return n",
        "    return fib(n - 1) + fib(n - 2)",
        "",
        "print(fib(30))",
    ]
    assert editor.lines() == ["def fib(n):", "    ", "", "print(fib(30))"]
    assert editor.screen()[:7] == [*expected, "~"]
    editor.accept()
    assert editor.lines() == expected
    assert editor.cursor() == (4, 34)


def test_astral_characters_before_and_behind_the_cursor(open_editor: Open) -> None:
    editor = open_editor(scripted(" end='😀')"), 'print("é😀𝒳", )  # 😀\n')
    editor.type("f)i")
    assert editor.encoding == "utf-8"
    assert editor.ghost() == "end='😀'"
    assert editor.screen()[0] == "print(\"é😀𝒳\", end='😀')  # 😀"
    editor.accept()
    assert editor.lines() == ["print(\"é😀𝒳\", end='😀')  # 😀"]


def test_crlf_file(open_editor: Open) -> None:
    editor = open_editor(
        scripted("    for value in values:\n        total += value\n    return total"),
        "def f(values):\r\n    total = 0\r\n",
    )
    editor.type("Go")
    assert editor.ghost() == "for value in values:\n        total += value\n    return total"
    editor.accept()
    expected = [
        "def f(values):",
        "    total = 0",
        "    for value in values:",
        "        total += value",
        "    return total",
    ]
    assert editor.lines() == expected
    editor.type("<Esc>:write<CR>")
    editor.lines()  # the file is there once Neovim answers
    assert editor.path.read_bytes() == "".join(line + "\r\n" for line in expected).encode()


def test_server_has_the_buffer_after_edits(open_editor: Open, tmp_path: Path) -> None:
    log = tmp_path / "asked.jsonl"
    editor = open_editor(
        [sys.executable, "-c", RECORDING_SERVER, str(log), "+ 1", "0"],
        '"""A page\u2028of 😀 text."""\n\f\nTITLE = "a\u2028b\fc"\n\ndef title():\n    return TITLE\n',
    )
    edits = (
        "ggO# é😀",
        "jA\u2028 and more ",
        "/TITLE<CR>fbiX ",
        "ddGpO    name = ",
        "ggjJA # ",
        "uGo\u2028",
    )
    for keys in edits:
        editor.type(keys)
        assert editor.ghost() == "+ 1", keys
        before, after = editor.around_cursor()
        asked = json.loads(log.read_text(encoding="utf-8").splitlines()[-1])
        assert asked == [part for part in (before.rstrip(" "), after) if part], keys
        editor.type("<Esc>")


def test_only_the_newest_request_is_worked_on(open_editor: Open, tmp_path: Path) -> None:
    text = " + a_slow_suggestion"  # 6 s
    editor = open_editor([sys.executable, "-c", RECORDING_SERVER, str(tmp_path / "asked.jsonl"), text, "0.3"])
    for sent, key in enumerate(("ix", "=", "1", "0", "2", "4"), start=1):
        editor.type(key)
        editor.wait_for_answers(at_least(sent))
    editor.wait_for_answers(lambda answers: answers == [0, 0, 0, 0, 0, None], timeout_s=5)
    editor.wait_for_answers(lambda answers: answers == [0, 0, 0, 0, 0, 1])
    assert editor.ghost() == text


def test_server_ends_though_it_is_busy(open_editor: Open, tmp_path: Path) -> None:
    log = tmp_path / "asked.jsonl"
    editor = open_editor([sys.executable, "-c", RECORDING_SERVER, str(log), "x" * 60, "1"])
    editor.type("ix")
    editor.wait_for_answers(at_least(1))
    while not log.exists():
        assert is_running(editor.servers[0])
        time.sleep(0.02)
    started = time.monotonic()
    editor.quit()
    assert time.monotonic() - started < 5


@pytest.mark.model
def test_real_model_fills_a_hole(open_editor: Open) -> None:
    editor = open_editor(
        [SERVER],
        "def mean(values):\n    total = 0\n    for value in values:\n    return total / len(values)\n",
    )
    editor.type("2jo")
    ghost = editor.ghost(MODEL_S)
    expected = [
        "def mean(values):",
        "    total = 0",
        "    for value in values:",
        *("        " + ghost).split("\n"),
        "    return total / len(values)",
    ]
    assert [row for row in editor.screen() if row.startswith(("def", " "))] == expected
    editor.accept()
    assert editor.lines() == expected
    ast.parse("\n".join(editor.lines()))  # what a model writes is read here, never run
