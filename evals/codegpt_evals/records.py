"""What goes in and out of the evals, as JSON lines; each line carries the version of its format."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TypeVar

from codegpt.errors import InputError

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
class Sample:
    """What the model wrote for one hole, uncut. It may repeat benchmark text, so it stays on this machine.

    Attributes:
        setup: digest of the model, the format and the options; samples of another setup are not comparable.
    """

    task_id: str
    setup: str
    text: str
    tokens: int
    stop_reason: str
    mean_logprob: float


@dataclass(frozen=True)
class Grade:
    """What became of one sample; no benchmark text, so it may be published.

    Attributes:
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


Record = TypeVar("Record", Sample, Grade)


def to_lines(records: Iterable[Sample | Grade]) -> str:
    """JSON lines."""
    return "".join(json.dumps({"format": FORMAT, **asdict(record)}, separators=(",", ":")) + "\n" for record in records)


def read(path: Path, kind: type[Record]) -> list[Record]:
    """The complete lines of a file; a last line that was cut off by a kill is left out.

    Raises:
        InputError: a line is not of this kind and format.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")[:-1]
    except FileNotFoundError:
        return []
    except UnicodeDecodeError:
        raise InputError(f"{path} is not a file of JSON lines") from None
    records = []
    for number, line in enumerate(lines, start=1):
        try:
            value = json.loads(line)
            if value["format"] != FORMAT:
                raise InputError(f"{path}:{number}: format {value['format']}; this version reads {FORMAT}")
            records.append(kind(**{field.name: value[field.name] for field in fields(kind)}))
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path}:{number} is not a {kind.__name__.lower()}: {error!r}") from None
    return records


def append(path: Path, records: Iterable[Sample]) -> None:
    """Add lines in one write; a partial line that a kill left at the end is removed first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab+") as file:
        size = file.tell()
        file.seek(0)
        whole = file.read(size).rfind(b"\n") + 1
        file.truncate(whole)
        file.write(to_lines(records).encode())


def replace(path: Path, records: Iterable[Grade]) -> None:
    """Write a whole file, atomically."""
    temporary = path.with_suffix(".tmp")
    temporary.write_text(to_lines(records), encoding="utf-8")
    temporary.replace(path)
