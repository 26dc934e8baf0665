"""Which files of a workspace are read, and how: nothing that is ignored, secret, generated, huge, or no plain file.

The workspace is not trusted: links are not followed, pipes and devices never opened, and a file is read as the one
that was looked at, or not at all. `.gitignore` files count as they do for git, with `.git/info/exclude`;
`.codegptignore` files, in the same syntax, count after them.
"""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from pathspec import GitIgnoreSpec

from codegpt.languages import language_of
from codegpt.secret_files import is_secret

IGNORE_FILES = (".gitignore", ".codegptignore")
NEVER = frozenset(("node_modules", "site-packages", "__pycache__", ".venv", "venv", ".tox", ".nox"))
"""Directories of other people's files; what of them the project imports is read all the same (see `libraries`)."""

LARGEST = 1 << 20
"""Bytes; what is larger was not written by hand."""

LONGEST_AVERAGE_LINE = 250
"""Characters; what has longer ones is minified or data."""

MOST_FILES = 50_000


@dataclass(frozen=True)
class Version:
    """Which content of a file: two that are equal are taken for the same."""

    size: int
    mtime_ns: int
    inode: int


class Skipped(Exception):
    """A file that is not read, and why."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


def walk(root: Path) -> Iterator[tuple[str, Version]]:
    """The source files beneath `root` that are not ignored, with the path of each from there; sorted.

    At most `MOST_FILES`; the rest is left out.
    """
    yield from islice(_walk(os.fspath(root), "", (_excluded(root),)), MOST_FILES)


_Rules = tuple[tuple[str, GitIgnoreSpec], ...]


def _walk(root: str, directory: str, rules: _Rules) -> Iterator[tuple[str, Version]]:
    here = os.path.join(root, directory) if directory else root  # noqa: PTH118  ten times as fast as Path
    try:
        entries = sorted(os.scandir(here), key=lambda entry: entry.name)
    except OSError:
        return
    names = {entry.name for entry in entries}
    if "pyvenv.cfg" in names or "CACHEDIR.TAG" in names:
        return
    rules = (*rules, *((directory, _spec(f"{here}/{name}")) for name in IGNORE_FILES if name in names))
    for entry in entries:
        path = f"{directory}/{entry.name}" if directory else entry.name
        try:
            is_directory = entry.is_dir(follow_symlinks=False)
            if is_secret(entry.name) or (is_directory and entry.name in NEVER) or not path.isprintable():
                continue
            if not is_directory and (language_of(entry.name) is None or not entry.is_file(follow_symlinks=False)):
                continue
            if _is_ignored(path, is_directory, rules):
                continue
            if is_directory:
                yield from _walk(root, path, rules)
            else:
                yield path, version_of(entry.stat(follow_symlinks=False))
        except OSError:  # gone since
            continue


def _excluded(root: Path) -> tuple[str, GitIgnoreSpec]:
    return "", _spec(os.fspath(root / ".git" / "info" / "exclude"))


def _spec(path: str) -> GitIgnoreSpec:
    try:
        descriptor = _opened(path)
    except (OSError, Skipped):
        return GitIgnoreSpec([])
    with os.fdopen(descriptor, "rb") as file:
        lines = file.read(LARGEST).decode("utf-8", "replace").splitlines()
    try:
        return GitIgnoreSpec.from_lines(lines)
    except ValueError:  # a line that git would not understand either
        return GitIgnoreSpec([])


def _is_ignored(path: str, is_directory: bool, rules: _Rules) -> bool:
    """By the last rule that says anything, which is how git reads them."""
    for directory, spec in reversed(rules):
        said = spec.check_file((path[len(directory) + 1 :] if directory else path) + ("/" if is_directory else ""))
        if said.include is not None:
            return bool(said.include)
    return False


def version_of(info: os.stat_result) -> Version:
    """Of a file, by what the file system says of it."""
    return Version(info.st_size, info.st_mtime_ns, info.st_ino)


def read_source(root: Path, path: str) -> tuple[str, Version]:
    """The text of a file beneath `root`, and which version of it that is.

    Raises:
        Skipped: it is not to be read, or is not text.
        OSError: it cannot be read.
    """
    whole = os.path.realpath(root / path)
    inside = os.path.realpath(root)
    if not whole.startswith(inside.rstrip("/") + "/"):
        raise Skipped(path, "outside the workspace")
    if any(is_secret(part) for part in path.split("/")):
        raise Skipped(path, "its name says that it holds secrets")
    for _ in range(2):
        descriptor = _opened(whole)
        with os.fdopen(descriptor, "rb") as file:
            before = version_of(os.fstat(descriptor))
            if before.size > LARGEST:
                raise Skipped(path, f"larger than {LARGEST >> 20} MiB")
            content = file.read(LARGEST + 1)
            if version_of(os.fstat(descriptor)) == before and len(content) == before.size:
                return _text(path, content), before
    raise Skipped(path, "it changes while it is read")


def _opened(path: str) -> int:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe would wait
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise Skipped(path, "not a regular file")


def _text(path: str, content: bytes) -> str:
    if b"\0" in content:
        raise Skipped(path, "binary")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Skipped(path, "not UTF-8") from None
    if len(text) > LONGEST_AVERAGE_LINE * (text.count("\n") + 2):
        raise Skipped(path, "its lines are too long to be written by hand")
    return text
