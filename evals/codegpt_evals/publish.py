"""What of a run may be published: ids, digests, verdicts, times and tokens; no text of a benchmark or of a sample."""

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from codegpt.errors import InputError
from codegpt_evals import plots
from codegpt_evals.records import FORMAT, Grade, replace_bytes
from codegpt_evals.stages import Result

MOST_BYTES = 1 << 20
_PUBLIC = (
    "task_id",
    "index",
    "verdict",
    "seconds",
    "program",
    "tokens",
    "stop_reason",
    "mean_logprob",
    "exact",
    "raw_verdict",
    "raw_exact",
    "without",
)


def publish(result: Result, folder: Path, name: str) -> list[Path]:
    """Write `name`.json, the figures, and `name`.jsonl, a line a sample, into `folder`; many lines are compressed.

    Where there is more than one k, `name`.svg is the curve of pass@k.

    Raises:
        InputError: together they are larger than a repository should hold.
    """
    figures = json.dumps({**result.line, "out": name, "run": _facts(result)}, indent=2) + "\n"
    lines = "".join(map(_line, result.grades)).encode()
    small = len(figures) + len(lines) <= MOST_BYTES
    contents = {
        folder / f"{name}.json": figures.encode(),
        folder / f"{name}.jsonl{'' if small else '.gz'}": lines if small else gzip.compress(lines, mtime=0),
    }
    if len(result.summary.pass_at) > 1:
        title = f"{result.task}, {result.made_by}, {result.summary.samples:,} samples"
        contents[folder / f"{name}.svg"] = plots.pass_at_k(result.summary.pass_at, title).encode()
    size = sum(map(len, contents.values()))
    if size > MOST_BYTES:
        raise InputError(f"{size} bytes, compressed; of one run at most {MOST_BYTES} are published")
    folder.mkdir(parents=True, exist_ok=True)
    for path, content in contents.items():
        replace_bytes(path, content)
    for other in (f"{name}.jsonl", f"{name}.jsonl.gz", f"{name}.svg"):  # of an earlier run
        if folder / other not in contents:
            (folder / other).unlink(missing_ok=True)
    return list(contents)


def _facts(result: Result) -> Mapping[str, Any]:
    return {name: value for name, value in result.facts.items() if name != "format"}


def _line(grade: Grade) -> str:
    members = {"format": FORMAT, **{name: getattr(grade, name) for name in _PUBLIC}}
    known = {name: value for name, value in members.items() if value not in (None, "")}
    return json.dumps(known, separators=(",", ":")) + "\n"
