"""What of a run may be published: ids, digests, verdicts, times and tokens; no text of a benchmark or of a sample."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from codegpt.errors import InputError
from codegpt_evals.records import FORMAT, Grade, replace_text
from codegpt_evals.stages import Result

MOST_BYTES = 1 << 20
_PUBLIC = ("task_id", "index", "verdict", "seconds", "program", "tokens", "stop_reason", "mean_logprob", "exact")
_PUBLIC_OF_HOLES = ("raw_verdict", "raw_exact", "without")


def publish(result: Result, folder: Path, name: str) -> list[Path]:
    """Write `name`.json, the figures, and `name`.jsonl, a line a sample, into `folder`.

    Raises:
        InputError: together they are larger than a repository should hold.
    """
    texts = {
        folder / f"{name}.json": json.dumps({**result.line, "out": name, "run": _facts(result)}, indent=2) + "\n",
        folder / f"{name}.jsonl": "".join(_line(grade) for grade in result.grades),
    }
    size = sum(len(text.encode()) for text in texts.values())
    if size > MOST_BYTES:
        raise InputError(f"{size} bytes; of one run at most {MOST_BYTES} are published")
    folder.mkdir(parents=True, exist_ok=True)
    for path, text in texts.items():
        replace_text(path, text)
    return list(texts)


def _facts(result: Result) -> Mapping[str, Any]:
    return {name: value for name, value in result.facts.items() if name != "format"}


def _line(grade: Grade) -> str:
    members = {"format": FORMAT, **{name: getattr(grade, name) for name in (*_PUBLIC, *_PUBLIC_OF_HOLES)}}
    known = {name: value for name, value in members.items() if value not in (None, "")}
    return json.dumps(known, separators=(",", ":")) + "\n"
