"""A checkpoint's manifest: the digest of every file, stamped with the size and time at which it was verified.

The stamp makes later starts quick: a file whose size and modification time are unchanged is not read again. A change
of content that keeps both is only found by `codegpt models verify`.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from codegpt.checkpoints.progress import SILENT, Progress

MANIFEST_NAME = "codegpt.json"
FORMAT = 1
CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class FileStamp:
    """What a file was when it was last read in full."""

    sha256: str
    bytes: int
    mtime_ns: int


@dataclass(frozen=True)
class Manifest:
    """What a home holds. `directory` is relative to the home, or absolute where the weights lie elsewhere.

    `digest` identifies the weights: the publisher's sha256 of the one file they came from, or else `combined_digest`.
    """

    name: str
    source: str
    digest: str
    directory: str
    files: Mapping[str, FileStamp]


def read_manifest(home: Path) -> Manifest | None:
    """The manifest of `home`, or None where it is missing, truncated or of another format."""
    try:
        data = json.loads((home / MANIFEST_NAME).read_text(encoding="utf-8"))
        if data.pop("format") != FORMAT:
            return None
        return Manifest(**{**data, "files": {name: FileStamp(**stamp) for name, stamp in data["files"].items()}})
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def write_manifest(home: Path, manifest: Manifest) -> None:
    """Write the manifest of `home` in one step: a reader sees the old one or the new one."""
    write_json(home / MANIFEST_NAME, {"format": FORMAT, **asdict(manifest)})


def write_json(path: Path, data: object) -> None:
    """Write `data` to `path` in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(json.dumps(data, indent=1), encoding="utf-8")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def sha256_of(path: Path, progress: Progress = SILENT, what: str = "") -> str:
    """The sha256 of a file, in hex."""
    digest, done, total = hashlib.sha256(), 0, path.stat().st_size
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
            done += len(chunk)
            progress.step(what or f"checking {path.name}", done, total)
    return digest.hexdigest()


def stamp_files(
    directory: Path,
    names: Iterable[str],
    known: Mapping[str, FileStamp],
    *,
    rehash: bool = False,
    progress: Progress = SILENT,
) -> dict[str, FileStamp]:
    """Stamps of the named files; one that still looks as in `known` is not read again, unless `rehash`.

    Raises:
        FileNotFoundError: a file is missing.
    """
    stamps = {}
    for name in sorted(names):
        state, old = (directory / name).stat(), known.get(name)
        if old and not rehash and (old.bytes, old.mtime_ns) == (state.st_size, state.st_mtime_ns):
            stamps[name] = old
        else:
            digest = sha256_of(directory / name, progress, "checking the model's files")
            stamps[name] = FileStamp(digest, state.st_size, state.st_mtime_ns)
    return stamps


def combined_digest(stamps: Mapping[str, FileStamp]) -> str:
    """One sha256 over the names and digests of several files."""
    lines = "".join(f"{stamps[name].sha256}  {name}\n" for name in sorted(stamps))
    return hashlib.sha256(lines.encode()).hexdigest()
