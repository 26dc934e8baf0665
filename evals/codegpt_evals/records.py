"""What goes in and out of the evals, as JSON lines; each line carries the version of its format."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

FORMAT = 1


@dataclass(frozen=True)
class Hole:
    """One infilling problem."""

    task_id: str
    language: str
    prefix: str
    middle: str
    suffix: str


@dataclass(frozen=True)
class HoleResult:
    """What became of one hole; no benchmark text, so it may be published.

    Attributes:
        setup: digest of the model, the format and the options; results of another setup are not comparable.
        exact: the completion as an editor shows it equals the hole's first line.
        exact_raw: the first line as the model wrote it does.
        completion_sha256: of the completion, to tell whether two runs wrote the same.
    """

    task_id: str
    setup: str
    exact: bool
    exact_raw: bool
    completion_sha256: str
    tokens: int
    stop_reason: str
    mean_logprob: float


def to_line(result: HoleResult) -> str:
    """One JSON line."""
    return json.dumps({"format": FORMAT, **asdict(result)}, separators=(",", ":")) + "\n"


def read_results(path: Path) -> list[HoleResult]:
    """The complete lines of a results file; a last line that was cut off by a kill is left out.

    Raises:
        ValueError: a line is of another format.
    """
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").split("\n")[:-1]
    return [_from_json(json.loads(line)) for line in lines]


def _from_json(value: dict[str, Any]) -> HoleResult:
    if value.get("format") != FORMAT:
        raise ValueError(f"results of format {value.get('format')}; this version reads {FORMAT}")
    return HoleResult(**{field.name: value[field.name] for field in fields(HoleResult)})


def append(path: Path, results: Iterable[HoleResult]) -> None:
    """Add lines in one write; a partial line at the end is removed first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab+") as file:
        size = file.tell()
        file.seek(0)
        whole = file.read(size).rfind(b"\n") + 1
        if whole != size:
            file.truncate(whole)
        file.write("".join(map(to_line, results)).encode())
        file.flush()
