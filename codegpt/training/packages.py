"""The Python source of packages: of wheels in a folder, of what is installed here, and of the standard library.

Nothing is imported, run or installed: a wheel is read as the archive that it is. The licence is what the metadata
states (`licences`).
"""

import re
import sys
import sysconfig
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, PathDistribution, distributions
from pathlib import Path

from codegpt.errors import InputError
from codegpt.training.licences import permissive

LARGEST = 400_000
"""Bytes of a file that is read at all."""

LARGEST_PACKAGE = 256_000_000
"""Bytes of a package that are read at most."""

_METADATA = re.compile(r"([^/]+\.dist-info)/METADATA")


@dataclass(frozen=True)
class Package:
    """One package's source.

    Attributes:
        licence: None where it is not permissive, or not stated; `files` is empty then.
        files: text by path.
    """

    name: str
    version: str
    licence: str | None
    files: dict[str, str]


def of_wheels(folder: Path) -> Iterator[Package]:
    """The packages whose wheels lie in a folder, by name.

    Raises:
        InputError: there is none, or one is no wheel.
    """
    wheels = sorted(folder.glob("*.whl"))
    if not wheels:
        raise InputError(f"{folder} holds no wheels; pip download --no-deps --only-binary :all: -d {folder} NAME ...")
    for wheel in wheels:
        try:
            with zipfile.ZipFile(wheel) as archive:
                yield _of_wheel(archive)
        except (
            zipfile.BadZipFile,
            zlib.error,
            StopIteration,
            KeyError,
            NotImplementedError,
            RuntimeError,
            ValueError,
        ) as error:
            raise InputError(f"{wheel} is not a whole wheel; fetch it again") from error


def _of_wheel(archive: zipfile.ZipFile) -> Package:
    infos = archive.infolist()
    home = next(match[1] for each in infos if (match := _METADATA.fullmatch(each.filename)))
    if archive.getinfo(f"{home}/METADATA").file_size > LARGEST:
        raise ValueError("its metadata is too large")
    described = PathDistribution(zipfile.Path(archive, f"{home}/"))
    licence = _licence(described)
    sizes = {each.filename: each.file_size for each in infos if _is_source(each.filename)}
    wanted = [name for name, size in sizes.items() if licence and size <= LARGEST]
    texts, room = {}, LARGEST_PACKAGE
    for name in wanted:
        with archive.open(name) as file:
            content = file.read(LARGEST + 1)  # whatever the archive says of its size
        room -= len(content)
        if room < 0:
            break
        if len(content) <= LARGEST and (text := _text(content)) is not None:
            texts[name] = text
    return Package(described.name, described.version, licence, texts)


def of_this_environment() -> Iterator[Package]:
    """The packages that are installed here, by name."""
    named = (each for each in distributions() if each.metadata["Name"])
    for each in sorted(named, key=lambda each: each.name.lower()):
        licence, files = _licence(each), {}
        for file in (each.files or ()) if licence else ():
            path = Path(str(each.locate_file(file)))
            if _is_source(str(file)) and ".." not in file.parts and (text := _read(path)) is not None:
                files[str(file)] = text
        yield Package(each.name, each.version, licence, files)


def of_the_standard_library() -> Package:
    """Python itself, without its tests of the parser, which hold what does not parse."""
    root = Path(sysconfig.get_path("stdlib"))
    inside = (path for path in sorted(root.rglob("*.py")) if "site-packages" not in path.parts)
    texts = {f"python/{path.relative_to(root).as_posix()}": _read(path) for path in inside}
    version = ".".join(map(str, sys.version_info[:3]))
    return Package("python", version, "PSF-2.0", {path: text for path, text in texts.items() if text is not None})


def _licence(described: Distribution) -> str | None:
    said = described.metadata
    return permissive(
        "".join(said.get_all("License-Expression") or ()),
        list(said.get_all("Classifier") or ()),
        "".join(said.get_all("License") or ()),
    )


def _is_source(path: str) -> bool:
    return path.endswith(".py")


def _read(path: Path) -> str | None:
    try:
        return _text(path.read_bytes()) if path.stat().st_size <= LARGEST else None
    except OSError:
        return None


def _text(content: bytes) -> str | None:
    """UTF-8 with lines that end at a line feed; None for anything else."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text.replace("\r\n", "\n").replace("\r", "\n")
