"""The playground in a real Chromium, by keyboard; the scripted engine writes."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.browser

HEAD = 'def double(x: int) -> int:\n"""Twice. double(2) == 4"""\n'  # the editor indents


@pytest.fixture
def address() -> Iterator[str]:
    server = str(Path(sys.executable).with_name("codegpt-server"))
    command = [server, "--playground", "--scripted", "    return 2 * x\n"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:\d+/#\S+", process.stdout.readline())
        assert found is not None
        yield found[0]
        process.terminate()


def test_ghost_text_and_words_by_keyboard(address: str, tmp_path: Path) -> None:
    from playwright.sync_api import expect, sync_playwright

    chromium = shutil.which(os.environ.get("CODEGPT_CHROMIUM", "chromium"))
    assert chromium is not None
    with sync_playwright() as playwright:
        sandboxed = [] if os.geteuid() else ["--no-sandbox"]  # root has no sandbox
        browser = playwright.chromium.launch(executable_path=chromium, args=sandboxed)
        page = browser.new_page(viewport={"width": 1280, "height": 760})
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("response", lambda answer: problems.append(answer.url) if answer.status >= 400 else None)
        page.goto(address)
        expect(page.locator("#status")).to_have_text("scripted, on this machine", timeout=30_000)

        def text() -> str:
            return str(page.evaluate("document.querySelector('.view-lines').innerText")).replace("\xa0", " ")

        page.keyboard.press("Control+a")
        page.keyboard.type("def double(x: int) -> int:\n")
        expect(page.locator('[class*="ghost-text"]').first).to_be_visible(timeout=15_000)
        assert "return 2 * x" not in text().split("\n")
        page.keyboard.press("Tab")
        expect(page.locator(".view-lines")).to_contain_text("return", timeout=15_000)
        page.keyboard.press("Control+a")
        page.keyboard.type(HEAD)
        page.keyboard.press("Escape")
        page.keyboard.press("Control+k")  # to the words
        page.keyboard.press("Control+a")
        page.keyboard.press("Delete")
        page.keyboard.press("Control+Enter")
        expect(page.locator("article .level")).to_have_text("examples passed (1 of 1)", timeout=60_000)
        page.screenshot(path=tmp_path / "words.png")
        page.keyboard.press("Enter")  # the button has the focus
        expect(page.locator(".view-lines")).to_contain_text("return", timeout=15_000)
        assert text().split("\n")[:3] == [*HEAD.replace('"""Tw', '    """Tw').split("\n")[:2], "    return 2 * x"]
        page.keyboard.press("Alt+e")
        expect(page.locator("#explanation")).to_contain_text("Line ", timeout=15_000)
        page.keyboard.press("Enter")
        expect(page.locator("#explain-dialog")).not_to_be_visible()
        browser.close()
    # Monaco's own, of a request that it dropped:
    assert [problem for problem in problems if problem != "Canceled"] == []
