"""The extension in a real VS Code with the real model, from a profile that has nothing but the .vsix, by keyboard.

One test after another in one window: what is installed in the first is used in the others. `make e2e` runs it.
"""

import ast
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.installed import READ_ROWS, ROTATE
from tests.e2e.typing import KEY_MS, LONGEST_PAUSE_MS, PAUSE_AFTER, TYPED, percentiles
from tests.e2e.vscode import VSCode, clean_environment, code_server, folders, window

pytestmark = pytest.mark.e2e

ROWS = 'import csv\n\n\ndef read_rows(path):\n    """The rows of a CSV file."""\n    '
ROWS = ".quick-input-list .monaco-list-row"


@pytest.fixture(scope="module")
def profile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A machine profile with the extension alone."""
    folder = tmp_path_factory.mktemp("profile")
    (folder / "home").mkdir()
    (folder / "work").mkdir()
    options = [*folders(folder), "--config", str(folder / "config.yaml"), "--install-extension"]
    command = [os.environ["CODEGPT_CODE_SERVER"], *options, os.environ["CODEGPT_VSIX"]]
    subprocess.run(command, env=clean_environment(folder / "home"), check=True, capture_output=True, timeout=120)
    return folder


@pytest.fixture(scope="module")
def code(profile: Path) -> Iterator[VSCode]:
    pictures = Path(os.environ["CODEGPT_E2E_OUT"])
    program = Path(os.environ["CODEGPT_CODE_SERVER"])
    with code_server(program, profile) as address, window(address, profile / "work", pictures) as opened:
        yield opened


def ready(code: VSCode) -> None:
    code.wait(lambda: code.status().startswith("codegpt: ready"), "the model is loaded", 300)


def stats(profile: Path) -> dict[str, int]:
    """What the server has counted, as its own command tells."""
    [program] = profile.glob("user/User/globalStorage/*/python/bin/codegpt")
    told = subprocess.run([program, "stats", "--json"], env=clean_environment(profile / "home"), capture_output=True)
    return dict(json.loads(told.stdout)["all"] or {})


def counted(profile: Path) -> int:
    """How many suggestions were taken, or a part of them."""
    told = stats(profile)
    return told.get("accepted", 0) + told.get("partly", 0)


def test_it_installs_itself_after_clicks_that_say_how_much(code: VSCode) -> None:
    code.wait(lambda: "its Python part is not installed" in " ".join(code.notices()), "the offer to install", 60)
    code.click("Install")
    code.wait(lambda: "305 MB" in " ".join(code.notices()), "its size")
    code.picture("install")
    code.click("Install", dialog=True)
    code.wait(lambda: "491 MB (Apache-2.0)" in " ".join(code.notices()), "the offer of a model", 900)
    code.picture("model")
    code.click("Download", dialog=True)
    code.wait(lambda: code.status().startswith("codegpt: ready"), "the model is loaded", 900)


def test_an_untrusted_workspace_runs_nothing(code: VSCode) -> None:
    path = code.open("rotate.py", ROTATE, 2, 5)
    code.palette("Write Function from Its Words")
    row = code.page.locator(ROWS).filter(has_text="parses only, the workspace is not trusted: nothing was run")
    code.wait(row.count, "the candidates", 120)
    code.picture("untrusted")
    code.press("Escape")
    assert path.read_text() == ROTATE


def test_ghost_text_is_taken_as_a_whole_and_the_server_hears_of_it(code: VSCode, profile: Path) -> None:
    path = code.open("mean.py", "")
    code.type("def mean(values):")
    code.press("Enter")
    ghost = code.steady_ghost()
    code.picture("ghost")
    assert path.read_text().strip() in ("", "def mean(values):")
    code.press("Tab")
    text = code.reads(path, lambda text: text == f"def mean(values):\n    {ghost}", "all of it")
    ast.parse(text)
    code.wait(lambda: stats(profile).get("accepted", 0) == 1, "the server hears that it was taken", 20)


def test_ghost_text_is_taken_by_word_and_by_line(code: VSCode, profile: Path) -> None:
    path = code.open("read_rows.py", "")
    typed = "import csv\n\n\ndef read_rows(path):\n    with open(path) as file:\n        "
    for line in ("import csv", "", "", "def read_rows(path):", "with open(path) as file:"):
        code.type(line)
        code.press("Enter")
    whole = code.steady_ghost()
    code.press("Control+ArrowRight")
    word = code.reads(path, lambda text: len(text) > len(typed), "a word of it").removeprefix(typed)
    assert whole.startswith(word) and word.strip().isidentifier() and word != whole
    code.steady_ghost()
    code.press("Alt+End")
    text = code.reads(path, lambda text: len(text) > len(typed + word), "a line of it")
    assert text.rstrip("\n ") == typed + whole.split("\n")[0]
    code.press("Escape")
    code.page.locator(".tab.active .codicon-close-small").first.click()  # what is left is not taken
    code.wait(lambda: counted(profile) >= 2, "the server hears of it", 20)


def test_suggestions_are_cycled(code: VSCode) -> None:
    code.open("cycle.py", READ_ROWS, 6, 5)
    code.press("Alt+\\")
    first = code.steady_ghost(60)
    code.picture("first")
    code.press("Alt+]")
    second = code.wait(lambda: (shown := code.ghost()) != first and shown, "the next suggestion", 60)
    code.picture("second")
    code.press("Alt+[")
    code.wait(lambda: code.ghost() == first, "the one before")
    assert second
    code.press("Escape")


def test_why_and_stats_are_shown(code: VSCode) -> None:
    code.palette("Why This Suggestion, or None")
    code.page.locator(".view-lines").filter(has_text="Line 6, column 5").first.wait_for()
    code.picture("why")
    code.palette("What Became of Suggestions")
    code.page.locator(".tab.active").filter(has_text="codegpt: suggestions").first.wait_for()
    code.page.wait_for_timeout(1500)
    code.picture("stats")
    for name in ("codegpt: suggestions", "why.txt"):
        code.page.locator(".tab").filter(has_text=name).locator(".codicon-close-small").first.click()


def test_in_a_trusted_workspace_a_request_is_run_previewed_and_applied(code: VSCode) -> None:
    code.page.get_by_text("Manage", exact=True).first.click()
    code.page.get_by_role("button", name="Trust", exact=True).first.click()
    code.wait(lambda: code.status().startswith("codegpt: loading"), "the server starts again")
    code.page.locator(".monaco-modal-editor-block .codicon-close").last.click()
    ready(code)
    path = code.open("rotate.py", ROTATE, 2, 5)
    code.palette("Write Function from Its Words")
    row = code.page.locator(ROWS).filter(has_text="examples passed (2 of 2)")
    code.wait(row.count, "the candidates", 120)
    code.page.wait_for_timeout(1000)  # the preview is drawn
    code.picture("words")
    assert path.read_text() == ROTATE
    code.press("Enter")
    text = code.reads(path, lambda text: len(text) > len(ROTATE), "the function")
    assert text.startswith(ROTATE.rstrip("\n") + "\n    ")
    ast.parse(text)
    code.picture("applied")


def test_how_long_ghost_text_takes(code: VSCode) -> None:
    code.open("settings.py", "")
    seen, silent = [], 0
    for number, key in enumerate(TYPED):
        code.press({"\n": "Enter", " ": "Space"}.get(key, key))
        if number % PAUSE_AFTER:
            code.page.wait_for_timeout(KEY_MS)
        elif ghost := code.ghost_after_key(LONGEST_PAUSE_MS):
            seen.append(ghost)
        else:
            silent += 1
    figures = {
        "all": percentiles([ghost.ms for ghost in seen]),
        "new": percentiles([ghost.ms for ghost in seen if ghost.new]),
        "none_shown": silent,
    }
    Path(os.environ["CODEGPT_E2E_OUT"], "vscode-keys.json").write_text(json.dumps(figures))
    print(figures)
    assert len(seen) >= 50
