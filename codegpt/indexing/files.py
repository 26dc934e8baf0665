"""Which files of a workspace are read, and how: nothing that is ignored, secret, generated, huge, or no plain file.

The workspace is not trusted: links are not followed, pipes and devices never opened, and a file is read as the one
that was looked at, or not at all. `.gitignore` files count as they do for git, those above the workspace and
`.git/info/exclude` too; where a `.codegptignore`, in the same syntax, says anything, that counts.
"""

import os
import re
import stat
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

from codegpt.context.project import LARGEST
from codegpt.languages import language_of
from codegpt.secret_files import is_secret

IGNORE_FILES = (".gitignore", ".codegptignore")
NEVER = frozenset(("node_modules", "site-packages", "__pycache__", ".venv", "venv", ".tox", ".nox"))
"""Directories of other people's files; what of them the project imports is read all the same (see `libraries`)."""

LONGEST_AVERAGE_LINE = 250
"""Characters; what has longer ones is minified or data."""

MOST_FILES = 50_000
DEEPEST = 64


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

    At most `MOST_FILES`, in folders of at most `DEEPEST` in one another; the rest is left out.
    """
    rules = Rules.above(os.fspath(root))
    yield from islice(_walk(os.fspath(root), "", rules, DEEPEST), MOST_FILES)


def is_ignored(root: Path, path: str) -> bool:
    """Whether a file beneath `root`, there or not, is one that `walk` leaves out for an ignore file or its name."""
    rules, here, parts = Rules.above(os.fspath(root)), os.fspath(root), path.split("/")
    for number, part in enumerate(parts):
        rules = rules.within(here, IGNORE_FILES)
        here = f"{here}/{part}"
        is_directory = number < len(parts) - 1
        if is_secret(part) or (is_directory and part in NEVER) or rules.ignore(here, is_directory):
            return True
    return False


Lines = tuple[GitIgnoreSpecPattern, ...]


@dataclass(frozen=True)
class Rules:
    """What ignore files say, outer folders first; each with the folder that it lies in.

    Attributes:
        git: of git's own files, of which the last that says anything decides.
        own: of our files, which are asked first.
    """

    git: tuple[tuple[str, Lines], ...] = ()
    own: tuple[tuple[str, Lines], ...] = ()

    @classmethod
    def above(cls, root: str) -> "Rules":
        """Those of the folders above `root`, up to where its repository begins, and of the repository itself."""
        above = [root]
        while not os.path.exists(f"{above[-1]}/.git"):  # noqa: PTH110  a str all the way down
            if os.path.dirname(above[-1]) == above[-1]:  # noqa: PTH120
                return cls()  # no repository
            above.append(os.path.dirname(above[-1]))  # noqa: PTH120
        rules = cls(git=((above[-1], _lines(f"{above[-1]}/.git/info/exclude")),))
        for folder in reversed(above[1:]):
            rules = rules.within(folder, IGNORE_FILES)
        return rules

    def within(self, folder: str, names: Collection[str]) -> "Rules":
        """With those of one folder more, in which there are files of these names."""
        git, own = IGNORE_FILES
        return Rules(
            (*self.git, (folder, _lines(f"{folder}/{git}"))) if git in names else self.git,
            (*self.own, (folder, _lines(f"{folder}/{own}"))) if own in names else self.own,
        )

    def ignore(self, path: str, is_directory: bool) -> bool:
        """Whether a file or folder, by its whole path, is left out."""
        for folder, lines in (*reversed(self.own), *reversed(self.git)):
            within = path[len(folder) + 1 :] + ("/" if is_directory else "")
            for line in reversed(lines):
                if _matches(line, within):
                    return bool(line.include)
        return False


def _matches(line: GitIgnoreSpecPattern, path: str) -> bool:
    """Whether a line of an ignore file speaks of a path itself, not only of a folder that it lies in, as git has it."""
    found = line.match_file(path)
    if found is None:
        return False
    folder = found.match.start(_FOLDER) if _FOLDER in found.match.re.groupindex else -1
    return folder in (-1, len(path) - 1)


_FOLDER = "ps_d"
"""The group of pathspec's patterns in which the slash behind a folder is."""


def _walk(root: str, directory: str, rules: Rules, deep: int) -> Iterator[tuple[str, Version]]:
    here = f"{root}/{directory}" if directory else root
    try:
        entries = sorted(os.scandir(here), key=lambda entry: entry.name)
    except OSError:
        return
    names = {entry.name for entry in entries}
    if "pyvenv.cfg" in names or "CACHEDIR.TAG" in names or not deep:
        return
    rules = rules.within(here, names)
    for entry in entries:
        path = f"{directory}/{entry.name}" if directory else entry.name
        try:
            is_directory = entry.is_dir(follow_symlinks=False)
            if is_secret(entry.name) or (is_directory and entry.name in NEVER) or not path.isprintable():
                continue
            if not is_directory and (language_of(entry.name) is None or not entry.is_file(follow_symlinks=False)):
                continue
            if rules.ignore(f"{root}/{path}", is_directory):
                continue
            if is_directory:
                yield from _walk(root, path, rules, deep - 1)
            else:
                yield path, version_of(entry.stat(follow_symlinks=False))
        except OSError:  # gone since
            continue


def _lines(path: str) -> Lines:
    """What an ignore file says; a line that git would not understand says nothing."""
    try:
        lines = read_plain(path, LARGEST).decode("utf-8-sig", "replace").split("\n")
    except (OSError, Skipped):
        return ()
    return tuple(pattern for line in lines if (pattern := _pattern(line)) is not None)


def _pattern(line: str) -> GitIgnoreSpecPattern | None:
    with suppress(ValueError, re.error):
        pattern = GitIgnoreSpecPattern(_ALL_WITHIN.sub(r"/**/*\1", _ANY_FOLDER.sub(r"\1?*/", line)))
        return None if pattern.include is None else pattern
    return None


_ANY_FOLDER = re.compile(r"\A(!?)(?:(?:/?\*\*/)+(?:\*/)?|\*/)\s*\Z")
_ALL_WITHIN = re.compile(r"/\*\*(/?)\s*\Z")
"""For git all that is in a folder, for pathspec the folder too; and of any folder pathspec knows only the outermost."""


def version_of(info: os.stat_result) -> Version:
    """Of a file, by what the file system says of it."""
    return Version(info.st_size, info.st_mtime_ns, info.st_ino)


def read_source(root: Path, path: str) -> tuple[str, Version]:
    """The text of a file beneath `root`, and which version of it that is.

    Raises:
        Skipped: it is not to be read, or is not text.
        OSError: it cannot be read.
    """
    inside = os.path.realpath(root)
    whole = os.path.normpath(f"{inside}/{path}")
    real = os.path.realpath(whole)
    if not real.startswith(inside.rstrip("/") + "/"):
        raise Skipped(path, "outside the workspace")
    if real != whole:
        raise Skipped(path, "a link")
    if any(is_secret(part) for part in path.split("/")):
        raise Skipped(path, "its name says that it holds secrets")
    for _ in range(2):
        with _opened(whole) as file:
            if _is_elsewhere(file, whole):
                raise Skipped(path, "a link")
            before = version_of(os.fstat(file.fileno()))
            if before.size > LARGEST:
                raise Skipped(path, f"larger than {LARGEST >> 20} MiB")
            content = file.read(LARGEST + 1)
            if version_of(os.fstat(file.fileno())) == before and len(content) == before.size:
                return _text(path, content), before
    raise Skipped(path, "it changes while it is read")


def _is_elsewhere(file: BinaryIO, path: str) -> bool:
    """Whether a folder on the way has become a link since it was looked at."""
    with suppress(OSError):  # no /proc
        return Path(f"/proc/self/fd/{file.fileno()}").readlink() != Path(path)
    return False


def read_plain(path: str, most: int) -> bytes:
    """The first bytes of a regular file that is no link.

    Raises:
        Skipped: it is something else.
        OSError: it cannot be read.
    """
    with _opened(path) as file:
        return file.read(most)


def _opened(path: str) -> BinaryIO:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe would wait
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return os.fdopen(descriptor, "rb")
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


_MARKS = (".git", ".hg", "pyproject.toml", "package.json", "go.mod", "Cargo.toml", "pom.xml", "Gemfile")


def project_of(file: Path) -> Path:
    """The nearest folder above a file that a repository or project begins in; its own folder where there is none."""
    folder = file.resolve().parent
    return next((each for each in (folder, *folder.parents) if any((each / mark).exists() for mark in _MARKS)), folder)
