"""The log of a run: a line of JSON for each step, appended; what is done again is cut off first."""

import json
from pathlib import Path

LOG = "log.jsonl"


def append(folder: Path, **values: float) -> None:
    """One more line."""
    with (folder / LOG).open("a", encoding="utf-8") as file:
        file.write(json.dumps(values) + "\n")


def cut(folder: Path, done: int) -> None:
    """Without the steps behind `done`, and without a line that is half written."""
    path = folder / LOG
    if path.exists():
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [line for line in lines if line.endswith("\n") and json.loads(line)["step"] <= done]
        temporary = path.with_suffix(".tmp")
        temporary.write_text("".join(kept), encoding="utf-8")
        temporary.replace(path)
