"""The installed server in a home of its own, for editors that are driven with the real model."""

import json
import os
import subprocess
from pathlib import Path

ROTATE = (
    "def rotate(items: list[int], n: int) -> list[int]:\n"
    '    """To the right by n. rotate([1, 2, 3], 1) == [3, 1, 2], rotate([], 5) == []"""\n'
)
"""A function without a body, and its examples."""

READ_ROWS = 'import csv\n\n\ndef read_rows(path):\n    """The rows of a CSV file."""\n    '
"""A body of which the model knows more than one."""


def program(name: str) -> str:
    """The path of a program of ours; `make e2e` says where it is installed."""
    return str(Path(os.environ["CODEGPT_BIN"], name))


def environment(home: Path) -> dict[str, str]:
    """That of a person with this home; the model is the one that was pulled before."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "TMUX", "VIRTUAL_ENV"))}
    cache = kept.get("CODEGPT_CACHE", str(Path.home() / ".cache" / "codegpt"))
    kept |= {
        "HOME": str(home),
        "CODEGPT_CACHE": cache,
        "TERM": "tmux-256color",
        "COLORTERM": "truecolor",
        "LANG": "C.UTF-8",
    }
    return kept | {"PATH": os.environ["CODEGPT_BIN"] + os.pathsep + kept["PATH"]}


def stats(home: Path) -> dict[str, int]:
    """What the server has counted."""
    told = subprocess.run([program("codegpt"), "stats", "--json"], env=environment(home), capture_output=True)
    return dict(json.loads(told.stdout)["all"] or {})


def counted(home: Path) -> int:
    """How many suggestions were taken, or a part of them."""
    told = stats(home)
    return told.get("accepted", 0) + told.get("partly", 0)


def pictures() -> Path:
    """Where they go."""
    return Path(os.environ["CODEGPT_E2E_OUT"])
