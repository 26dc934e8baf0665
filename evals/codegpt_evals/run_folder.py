"""The folder of a run: its files, and the record of what they were made with."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from codegpt.errors import InputError
from codegpt_evals.records import FORMAT, replace_text


@dataclass(frozen=True)
class RunFolder:
    """Where the files of a run are."""

    path: Path

    @property
    def samples(self) -> Path:
        """What was written, a line a sample."""
        return self.path / "samples.jsonl"

    @property
    def journal(self) -> Path:
        """Verdicts by program, from which grading goes on."""
        return self.path / "verdicts.jsonl"

    @property
    def gate(self) -> Path:
        """A line a control."""
        return self.path / "gate.jsonl"

    @property
    def grades(self) -> Path:
        """A line a sample."""
        return self.path / "grades.jsonl"

    @property
    def facts(self) -> dict[str, Any]:
        """What `run.json` holds; nothing where there is none.

        Raises:
            InputError: it is not ours.
        """
        path = self.path / "run.json"
        try:
            facts = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except ValueError:
            raise InputError(f"{path} is not JSON") from None
        if not isinstance(facts, dict) or facts.get("format") != FORMAT:
            raise InputError(f"{path} is of another format than {FORMAT}, which this version reads")
        return facts

    def note(self, **facts: Any) -> None:
        """Add to `run.json`."""
        merged = {"format": FORMAT, **self.facts, **facts}
        replace_text(self.path / "run.json", json.dumps(merged, indent=2) + "\n")

    def begin(self, task: str, data: dict[str, str]) -> None:
        """Take the folder for a task.

        Raises:
            InputError: it is another task's, or the task's data were others.
        """
        known = self.facts
        if known and (known.get("task"), known.get("data")) != (task, data):
            raise InputError(f"{self.path} is a run of {known.get('task')} on other data; name another --out")
        self.note(task=task, data=data)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Work here alone.

        Raises:
            InputError: another process is at work here.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.path / ".lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise InputError(f"another process is at work in {self.path}") from None
        try:
            yield
        finally:
            lock.release()


def provenance() -> dict[str, str]:
    """Which codegpt this is, on which libraries and how many cores, and what time."""
    return {
        "codegpt": version("codegpt-lsp"),
        "commit": _commit(),
        "torch": version("torch"),
        "transformers": version("transformers"),
        "cores": str(os.cpu_count()),
        "date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _commit() -> str:
    """The commit of the checkout that this file is in, with + where files differ from it; "" for an installed wheel."""
    here = Path(__file__).parent

    def git(*arguments: str) -> str:
        asked = ["git", *arguments]
        return subprocess.run(asked, cwd=here, capture_output=True, text=True, check=True, timeout=10).stdout.strip()

    try:
        git("ls-files", "--error-unmatch", Path(__file__).name)
        return git("describe", "--always", "--abbrev=12", "--dirty=+", "--exclude=*")
    except (OSError, subprocess.SubprocessError):
        return ""
