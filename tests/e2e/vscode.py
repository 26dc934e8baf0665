"""VS Code, served by code-server and driven by keyboard in a headless Chromium, with a profile that has nothing yet.

Source: https://github.com/coder/code-server, and VS Code's own commands and key bindings.
"""

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

SETTINGS = {
    "files.autoSave": "afterDelay",  # what is in the editor is read from the file
    "files.autoSaveDelay": 50,
    "workbench.startupEditor": "none",
    "telemetry.telemetryLevel": "off",
    "chat.commandCenter.enabled": False,
    "window.commandCenter": False,
    "workbench.secondarySideBar.defaultVisibility": "hidden",
    "editor.minimap.enabled": False,
    "editor.wordBasedSuggestions": "off",  # Enter would take one
    "editor.fontFamily": "DejaVu Sans Mono, monospace",
    "workbench.colorTheme": "Default Light Modern",
}

# In the page: how long after a key its line is drawn with other ghost text than before, by frames of the screen.
_WATCH = """
window.watched = { at: 0, before: '' };
window.addEventListener('keydown', () => { window.watched = { at: performance.now(), before: window.ghost() }; }, true);
window.ghost = () => {
  const all = [...document.querySelectorAll('.monaco-editor.focused [class*="ghost-text"]')];
  const parts = all.filter((part) => part.textContent && !all.some((each) => each !== part && part.contains(each)));
  const placed = parts.map((part) => [part.getBoundingClientRect(), part.textContent]);
  placed.sort(([one], [other]) => one.top - other.top || one.left - other.left);
  let text = '', top = null;
  for (const [box, words] of placed) {
    if (top !== null && box.top > top + 5) text += '\\n';
    [text, top] = [text + words, box.top];
  }
  return text.replaceAll('\\u00a0', ' ');
};
window.ghostAfterKey = (timeout) => new Promise((resolve) => {
  const look = () => {
    const now = performance.now(), text = window.ghost();
    if (text && text !== window.watched.before) resolve({ ms: now - window.watched.at, ...window.watched, text });
    else if (now - window.watched.at > timeout) resolve(null);
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
});
"""


class GhostText(NamedTuple):
    """What was drawn after a key, how many ms after it, and what was there before."""

    ms: float
    before: str
    text: str

    @property
    def new(self) -> bool:
        """Whether it is no mere rest of what was there."""
        return self.text != self.before[1:]


class VSCode:
    """A window of VS Code on one folder.

    Attributes:
        page: of Playwright.
        folder: that is open.
        pictures: where screenshots go.
    """

    def __init__(self, page: Any, folder: Path, pictures: Path) -> None:
        self.page, self.folder, self.pictures = page, folder, pictures

    def wait(self, condition: Callable[[], Any], what: str, timeout_s: float = 60) -> Any:
        """What the condition gives once it gives something."""
        until = time.monotonic() + timeout_s
        while not (found := condition()):
            if time.monotonic() > until:
                self.picture("failed")
                raise AssertionError(f"not seen in {timeout_s} s: {what}; there is: {self.notices()}")
            self.page.wait_for_timeout(50)
        return found

    def notices(self) -> list[str]:
        """What VS Code tells the person just now."""
        found = self.page.locator(".notification-list-item-message, .monaco-dialog-box").all_text_contents()
        return [str(each) for each in found]

    def picture(self, name: str) -> None:
        """Take a screenshot."""
        self.page.screenshot(path=self.pictures / f"vscode-{name}.png")

    def click(self, button: str, dialog: bool = False, timeout_s: float = 60) -> None:
        """Click on a button of a notice, or of a dialog."""
        boxes = ".monaco-dialog-box" if dialog else ".notifications-toasts"
        found = self.page.locator(boxes).get_by_role("button", name=button, exact=True)
        found.first.click(timeout=timeout_s * 1000)

    def press(self, *keys: str) -> None:
        """Press keys, one after another."""
        for key in keys:
            self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        """Type a text."""
        self.page.keyboard.type(text, delay=30)

    def palette(self, title: str) -> None:
        """Run a command of the palette."""
        self.press("F1")
        self.page.locator(".quick-input-widget input").first.wait_for(state="visible")
        self.page.keyboard.type(title)
        row = self.page.locator(".quick-input-list .monaco-list-row.focused").filter(has_text=title)
        row.first.wait_for(state="visible")
        self.press("Enter")

    def open(self, name: str, text: str, line: int = 1, column: int = 1) -> Path:
        """Open a new file of the folder, with the cursor at a place."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        self.page.locator(".explorer-folders-view .monaco-list-row").filter(has_text=name).first.dblclick()
        self.page.locator(".tab.active").filter(has_text=name).first.wait_for(state="visible")
        self.page.locator(".monaco-editor .view-lines").first.click()
        self.page.locator(".monaco-editor.focused").first.wait_for(state="visible")
        self.press("Control+g")
        self.page.locator(".quick-input-widget input").first.wait_for(state="visible")
        self.page.keyboard.type(f"{line}:{column}")
        self.press("Enter")
        return path

    def ghost(self) -> str:
        """The ghost text on the screen."""
        return str(self.page.evaluate("window.ghost()"))

    def steady_ghost(self, timeout_s: float = 20) -> str:
        """The ghost text that stays for a second."""
        shown: list[str] = []

        def stays() -> bool:
            shown.append(self.ghost())
            return bool(shown[-1]) and len(shown) > 20 and len(set(shown[-20:])) == 1

        self.wait(stays, "ghost text", timeout_s)
        return shown[-1]

    def ghost_after_key(self, timeout_ms: float) -> GhostText | None:
        """The ghost text that the last key brought; None where there was none in time."""
        found = self.page.evaluate("(ms) => window.ghostAfterKey(ms)", timeout_ms)
        return found and GhostText(float(found["ms"]), str(found["before"]), str(found["text"]))

    def status(self) -> str:
        """What the item in the status bar says, its tooltip for a screen reader."""
        item = self.page.locator('.statusbar-item[id="codegpt.codegpt.codegpt"] a')
        return str(item.first.get_attribute("aria-label")) if item.count() else ""

    def reads(self, path: Path, condition: Callable[[str], bool], what: str) -> str:
        """The file once it is as it is to be."""
        found = self.wait(lambda: condition(text := path.read_text(encoding="utf-8")) and (text or " "), what)
        return str(found)


def clean_environment(home: Path) -> dict[str, str]:
    """The environment of a person who has nothing of ours: another home, and no virtual environment."""
    ours = ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME")
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    kept = {name: value for name, value in kept.items() if not name.startswith(("XDG_", "CODEGPT_"))}
    paths = [each for each in kept["PATH"].split(os.pathsep) if not (Path(each) / "codegpt-server").exists()]
    return kept | {"HOME": str(home), "PATH": os.pathsep.join(paths)}


@contextmanager
def code_server(program: Path, profile: Path) -> Iterator[str]:
    """Serve VS Code with a profile folder; gives the page's address."""
    user = profile / "user"
    settings = user / "User" / "settings.json"
    if not settings.exists():
        settings.parent.mkdir(parents=True, exist_ok=True)
        settings.write_text(json.dumps(SETTINGS))
    (profile / "config.yaml").touch()
    command = [program, *folders(profile), "--config", profile / "config.yaml", "--auth", "none"]
    command += ["--bind-addr", "127.0.0.1:0", "--disable-telemetry", "--disable-update-check"]
    command += ["--disable-getting-started-override"]
    log = (profile / "code-server.log").open("ab")
    with (
        log,
        subprocess.Popen(
            command, env=clean_environment(profile / "home"), stdout=subprocess.PIPE, stderr=log, text=True
        ) as process,
    ):
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                    break
            else:
                raise AssertionError(f"code-server did not start: see {log.name}")
            yield found[0]
        finally:
            process.terminate()


def folders(profile: Path) -> list[str]:
    """The options that keep VS Code to a profile."""
    return ["--user-data-dir", str(profile / "user"), "--extensions-dir", str(profile / "extensions")]


@contextmanager
def window(address: str, folder: Path, pictures: Path) -> Iterator[VSCode]:
    """Open a folder in a browser's window."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which(os.environ.get("CODEGPT_CHROMIUM", "chromium"))
    assert chromium is not None, "Chromium is not here"
    with sync_playwright() as playwright:
        sandboxed = [] if os.geteuid() else ["--no-sandbox"]  # root has no sandbox
        browser = playwright.chromium.launch(executable_path=chromium, args=sandboxed)
        page = browser.new_page(viewport={"width": 1180, "height": 680})
        page.add_init_script(_WATCH)
        page.goto(f"{address}/?folder={folder}", wait_until="domcontentloaded")
        page.wait_for_selector(".monaco-workbench", timeout=120_000)
        yield VSCode(page, folder, pictures)
        browser.close()
