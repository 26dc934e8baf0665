"""What goes in and out of the stages, as JSON lines; lines of ours carry the version of their format.

Files that grow are only ever appended to, a line at a time or several in one write, and a line that a kill cut off is
dropped when the file is read again. Files that are written whole are put in place by renaming.
"""

import gzip
import hashlib
import json
import os
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from codegpt.errors import InputError

FORMAT = 2


@dataclass(frozen=True)
class Sample:
    """One answer. It may repeat benchmark text, so it stays on this machine.

    Attributes:
        index: which of the problem's samples it is, from 0.
        completion: goes between the problem's head and tail; or `solution`, a whole program.
        raw: what the model wrote, before anything was cut; None for samples that others made.
        prompt: digest of what the model was asked.
        setup: digest of model, number type, format and sampling.
        extra: members that we do not know, kept.
    """

    task_id: str
    index: int
    completion: str | None = None
    solution: str | None = None
    raw: str | None = None
    tokens: int = 0
    stop_reason: str = ""
    mean_logprob: float = 0.0
    prompt: str = ""
    setup: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Grade:
    """What became of one sample; it holds no text of it, so it may be published.

    Attributes:
        verdict: "passed", or what else (see `codegpt.sandbox.verdict`); of a hole, of what the editor would show.
        detail: a few words on it, from the program; left out when grades are published.
        seconds: wall time of the run.
        program: digest of the program that was run.
        exact: for a hole, whether what is shown is what stood there.
        raw_verdict, raw_exact: the same of what the model wrote, before any rule.
        without: for each rule that cut something, [verdict, exact] of what would be shown without that rule.
    """

    task_id: str
    index: int
    verdict: str
    detail: str = ""
    seconds: float = 0.0
    program: str = ""
    tokens: int = 0
    stop_reason: str = ""
    mean_logprob: float = 0.0
    exact: bool | None = None
    raw_verdict: str | None = None
    raw_exact: bool | None = None
    without: Mapping[str, tuple[str, bool]] | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether the sample is right."""
        return self.verdict == "passed"


@dataclass(frozen=True)
class GateRow:
    """What became of one control: the canonical solution, which must pass, or a wrong one, which must not."""

    task_id: str
    control: str  # canonical, wrong
    verdict: str
    detail: str = ""
    seconds: float = 0.0
    check: str = ""

    @property
    def holds(self) -> bool:
        """Whether the verdict is the right one; a machine's failure never is."""
        if self.verdict in ("infrastructure error", "unavailable"):
            return False
        return (self.verdict == "passed") == (self.control == "canonical")


@dataclass(frozen=True)
class VerdictRow:
    """One program that was run, in the journal from which a grading goes on after a kill."""

    key: str
    verdict: str
    detail: str
    seconds: float
    longest: float = 0.0  # of its jobs


Record = TypeVar("Record", Grade, GateRow, VerdictRow)


def digest(text: str) -> str:
    """A short name for a text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def to_line(record: Sample | Grade | GateRow | VerdictRow) -> str:
    """One JSON line; members that are None are left out, unknown ones come last.

    An unknown one that has the name of one of ours is called `sample_` and that name.
    """
    members = {"format": FORMAT, **asdict(record)}
    extra = members.pop("extra", {})
    known = {name: value for name, value in members.items() if value is not None}
    unknown = {f"sample_{name}" if name in members else name: value for name, value in extra.items()}
    return json.dumps({**known, **unknown}, separators=(",", ":")) + "\n"


def read(path: Path, kind: type[Record]) -> list[Record]:
    """The complete lines of a file of ours; none where there is no file.

    Raises:
        InputError: a line is not of this kind and format.
    """
    records = []
    for number, row in _rows(path, whole_lines=True):
        try:
            if row.pop("format") != FORMAT:
                raise InputError(f"{path}:{number}: another format than {FORMAT}, which this version reads")
            records.append(kind(**_with_extra(row, kind)))
        except (KeyError, TypeError) as error:
            raise InputError(f"{path}:{number} is not a {kind.__name__} line: {error!r}") from None
    return records


def _with_extra(row: dict[str, Any], kind: type) -> dict[str, Any]:
    names = {member.name for member in fields(kind)} - {"extra"}
    known = {name: value for name, value in row.items() if name in names}
    unknown = {name: value for name, value in row.items() if name not in names}
    return {**known, "extra": unknown} if unknown else known


def read_samples(path: Path, *, ours: bool = False) -> list[Sample]:
    """The samples of a file that anybody may have made; samples without an `index` are numbered as they come.

    Args:
        ours: the file is being written by us, so that a last line without its end is none.

    Raises:
        InputError: a line is not a sample; the message names the line and what is wrong.
    """
    samples: list[Sample] = []
    counted: Counter[str] = Counter()
    seen: set[tuple[str, int]] = set()
    for number, row in _rows(path, whole_lines=ours):
        sample = _sample(row, f"{path}:{number}", counted)
        if (sample.task_id, sample.index) in seen:
            raise InputError(f"{path}:{number}: sample {sample.index} of {sample.task_id} was given before")
        seen.add((sample.task_id, sample.index))
        samples.append(sample)
    return samples


_KINDS: dict[str, type | tuple[type, ...]] = {
    "index": int,
    "completion": str,
    "solution": str,
    "raw": str,
    "tokens": int,
    "stop_reason": str,
    "mean_logprob": (int, float),
    "prompt": str,
    "setup": str,
}


_OF_ANYBODY = ("index", "completion", "solution")


def _sample(row: dict[str, Any], place: str, counted: Counter[str]) -> Sample:
    version = row.pop("format") if isinstance(row.get("format"), int) else None  # others may mean something else by it
    if version not in (None, FORMAT):
        raise InputError(f"{place}: format {version}; this version reads {FORMAT}")
    members = _OF_ANYBODY if version is None else tuple(_KINDS)  # others may mean something else by the same names
    task_id = row.pop("task_id", None)
    if not isinstance(task_id, str | int) or isinstance(task_id, bool):
        raise InputError(f"{place}: task_id is missing, or is neither text nor a number")
    known = {name: row.pop(name) for name in members if row.get(name) is not None}
    for name, value in known.items():
        if not isinstance(value, _KINDS[name]) or isinstance(value, bool):
            raise InputError(f"{place}: {name} is not of the right type")
    if not {"completion", "solution"} & known.keys() and {"completion", "solution"} & row.keys():
        known["completion"] = ""  # null: nothing was written
    if ("completion" in known) == ("solution" in known):
        raise InputError(f"{place}: a sample has either a completion or a solution")
    index = known.pop("index", counted[str(task_id)])
    counted[str(task_id)] += 1
    extra = {name: value for name, value in row.items() if name not in members}
    return Sample(str(task_id), index, **known, extra=extra)


def _rows(path: Path, whole_lines: bool) -> Iterable[tuple[int, dict[str, Any]]]:
    """The objects of a file with their line numbers; if only `whole_lines` count, not a last one without its end."""
    try:
        content = path.read_bytes()
        lines = (gzip.decompress(content) if path.suffix == ".gz" else content).decode("utf-8").split("\n")
    except FileNotFoundError:
        return
    except (UnicodeDecodeError, gzip.BadGzipFile, EOFError, zlib.error):
        raise InputError(f"{path} is not a file of JSON lines") from None
    for number, line in enumerate(lines[:-1] if whole_lines else lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise InputError(f"{path}:{number}: not JSON: {error}") from None
        if not isinstance(row, dict):
            raise InputError(f"{path}:{number}: not a JSON object")
        yield number, row


def append(path: Path, records: Iterable[Sample | VerdictRow], *, to_disk: bool = False) -> None:
    """Add lines in one write, which a kill does not lose once this returns; a partial last line is removed first.

    Args:
        to_disk: wait for the disk, so that a power cut does not lose them either.
    """
    with path.open("ab+") as file:
        end = file.tell()
        file.seek(max(0, end - 1))
        if end and file.read(1) != b"\n":
            file.seek(0)
            file.truncate(file.read().rfind(b"\n") + 1)
        file.seek(0, os.SEEK_END)
        file.write("".join(map(to_line, records)).encode())
        if to_disk:
            file.flush()
            os.fsync(file.fileno())


def replace_lines(path: Path, records: Iterable[Sample | Grade | GateRow]) -> None:
    """Write a whole file of lines, atomically."""
    replace_text(path, "".join(map(to_line, records)))


def replace_text(path: Path, text: str) -> None:
    """Write a whole file, atomically."""
    replace_bytes(path, text.encode("utf-8", "replace"))


def replace_bytes(path: Path, content: bytes) -> None:
    """Write a whole file, atomically."""
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_bytes(content)
    temporary.replace(path)
