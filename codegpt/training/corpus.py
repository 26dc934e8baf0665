"""A corpus: the text of many packages, what was left out and why, and a manifest that says where all of it is from.

On disk it is a folder with `manifest.json` and `documents.jsonl.xz`, one file of source a line. The manifest comes
last and has the digest of the other, so that a corpus is whole or not there. A package is held out as a whole, by a
digest of its name: what a model knows of one says nothing of how it does on code that it has not seen.
"""

import hashlib
import json
import lzma
import os
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from codegpt.checkpoints.manifest import sha256_of, write_json
from codegpt.checkpoints.progress import SILENT, Progress
from codegpt.errors import InputError
from codegpt.training.cleaning import why_left_out, without_addresses
from codegpt.training.overlap import Benchmarks
from codegpt.training.packages import Package

FORMAT = 1
MANIFEST, DOCUMENTS = "manifest.json", "documents.jsonl.xz"

HELD_OUT_OF = 40
"""One package in so many is held out."""

_TEST = re.compile(r"(?:^|/)(?:tests?|testing)/|(?:^|/)(?:test_[^/]*|[^/]*_test|conftest)\.py$")


@dataclass(frozen=True)
class SourceText:
    """One file of a package."""

    package: str
    path: str
    text: str


@dataclass(frozen=True)
class Origin:
    """What a corpus has of a package. `sha256` is over the paths and texts that are kept."""

    package: str
    version: str
    licence: str
    files: int
    bytes: int
    sha256: str
    held_out: bool


@dataclass(frozen=True)
class Limits:
    """How much of a package is taken: `bytes_of_package` at the most, and `tests` of its test files, from 0 to 1."""

    bytes_of_package: int = 4_000_000
    tests: float = 0.25


@dataclass(frozen=True)
class Corpus:
    """All of it in memory.

    Attributes:
        left_out: how many files or packages each rule left out.
    """

    origins: tuple[Origin, ...]
    left_out: dict[str, int]
    texts: tuple[SourceText, ...]

    @property
    def digest(self) -> str:
        """Of all its packages' files."""
        return hashlib.sha256("".join(origin.sha256 for origin in self.origins).encode()).hexdigest()

    @property
    def training(self) -> list[SourceText]:
        """What a model may see."""
        return [each for each in self.texts if not is_held_out(each.package)]

    @property
    def held_out(self) -> list[SourceText]:
        """What it is judged by."""
        return [each for each in self.texts if is_held_out(each.package)]


def is_held_out(package: str) -> bool:
    """Whether a package is one that no model is trained on."""
    return _number(package) % HELD_OUT_OF == 0


def build(
    packages: Iterable[Package], benchmarks: Benchmarks, limits: Limits = Limits(), progress: Progress = SILENT
) -> Corpus:
    """What is worth learning from of many packages."""
    from codegpt.training.duplicates import Seen  # datasketch comes with the extra `train`

    seen, left_out = Seen(), Counter[str]()
    texts: list[SourceText] = []
    origins: list[Origin] = []
    for count, package in enumerate(packages):
        progress.step("packages", count, 0)
        if package.licence is None:
            left_out["licence not permissive, or not stated"] += 1
            continue
        kept, room = [], limits.bytes_of_package
        for path in sorted(package.files, key=lambda path: _number(f"{package.name}/{path}")):
            text = without_addresses(package.files[path])
            why = _why_left_out(path, text, limits, benchmarks)
            if not why and len(text.encode()) > room:
                why = "more of one package than is taken"
            if not why and not seen.add(text):
                why = "a near-duplicate"
            if why:
                left_out[why] += 1
            else:
                kept.append(SourceText(package.name, path, text))
                room -= len(text.encode())
        kept.sort(key=lambda each: each.path)
        if kept:
            origins.append(_origin(package, kept))
            texts += kept
    return Corpus(tuple(origins), dict(sorted(left_out.items())), tuple(texts))


def _why_left_out(path: str, text: str, limits: Limits, benchmarks: Benchmarks) -> str:
    if _TEST.search(path) and _number(path) % 1000 >= 1000 * limits.tests:
        return "a test beyond the share that is taken"
    if why := why_left_out(path, text):
        return why
    return "shares 30 lexical tokens with a benchmark" if benchmarks.share(text) else ""


def _origin(package: Package, kept: Sequence[SourceText]) -> Origin:
    digest = hashlib.sha256()
    for each in kept:
        digest.update(f"{each.path}\0{each.text}\0".encode())
    size = sum(len(each.text.encode()) for each in kept)
    return Origin(
        package.name,
        package.version,
        package.licence or "",
        len(kept),
        size,
        digest.hexdigest(),
        is_held_out(package.name),
    )


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def write(corpus: Corpus, folder: Path) -> None:
    """Keep it in a folder, in place of one that is there."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MANIFEST).unlink(missing_ok=True)
    temporary = folder / f"{DOCUMENTS}.{os.getpid()}.tmp"
    try:
        with lzma.open(temporary, "wt", encoding="utf-8", newline="\n") as file:
            for each in corpus.texts:
                file.write(json.dumps(asdict(each), ensure_ascii=False) + "\n")
        temporary.replace(folder / DOCUMENTS)
    finally:
        temporary.unlink(missing_ok=True)
    write_json(folder / MANIFEST, manifest_of(corpus, sha256_of(folder / DOCUMENTS)))


def manifest_of(corpus: Corpus, digest: str) -> dict[str, object]:
    """What is told of a corpus without its text."""
    return {
        "format": FORMAT,
        "documents_sha256": digest,
        "files": len(corpus.texts),
        "bytes": sum(origin.bytes for origin in corpus.origins),
        "left_out": corpus.left_out,
        "packages": [asdict(origin) for origin in corpus.origins],
    }


def read(folder: Path) -> Corpus:
    """The corpus of a folder.

    Raises:
        InputError: there is none, or it is not whole.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if manifest["format"] != FORMAT or manifest["documents_sha256"] != sha256_of(folder / DOCUMENTS):
            raise InputError(f"{folder} is a corpus of another version, or was changed; build it anew")
        with lzma.open(folder / DOCUMENTS, "rt", encoding="utf-8", newline="\n") as file:
            texts = tuple(SourceText(**json.loads(line)) for line in file)
        return Corpus(tuple(Origin(**each) for each in manifest["packages"]), manifest["left_out"], texts)
    except (OSError, ValueError, KeyError, TypeError, lzma.LZMAError, EOFError) as error:
        raise InputError(f"{folder} holds no corpus ({error}); codegpt-train corpus makes one") from error
