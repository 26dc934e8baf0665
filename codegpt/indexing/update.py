"""Keeping an index true: what is new or changed in a workspace is parsed, what is gone is forgotten.

`python -m codegpt.indexing.update ROOT` does so in a process of its own, so that no parser holds the lock of the one
that answers keystrokes; it goes on until its standard input ends. Of several for one workspace one works, the others
wait. What it says, one JSON object a line: `{"done": 120, "of": 400}` while it works, `{"files": 400, "skipped": 3}`
when all is known.
"""

import json
import os
import select
import sqlite3
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from codegpt.context.imports import EVERYTHING, Import
from codegpt.context.project import Parsed, parsed
from codegpt.context.redaction import redacted
from codegpt.context.resolve import resolve
from codegpt.document import Document
from codegpt.errors import InputError
from codegpt.indexing.files import Skipped, Version, read_source, version_of, walk
from codegpt.indexing.index import Index, index_path
from codegpt.indexing.libraries import is_library, outside, roots_of

AT_ONCE = 32
"""Files between two commits; so many are parsed again after a kill."""

LOOK_AGAIN_S = 60.0
"""After this all files are looked at again, whether anybody said that one has changed or not."""

WAIT_FOR_LOCK_S = 5.0


@dataclass(frozen=True)
class Updated:
    """What an update found."""

    files: int
    parsed: int
    gone: int


def update(index: Index, root: Path, told: Callable[[int, int], None] = lambda _done, _of: None) -> Updated:
    """Bring an index up to date.

    Args:
        told: hears how many of how many files are done.

    Raises:
        sqlite3.Error: the disk is full, or the file is not to be written.
    """
    known, found = index.versions(), dict(walk(root))
    gone = [path for path in known if path not in found and not path.startswith("/")]
    stale = [path for path, version in found.items() if known.get(path) != version]
    done = 0
    if gone:
        index.write({}, gone)
    while done < len(stale):
        some = stale[done : done + AT_ONCE]
        index.write({path: looked_at(root, path, found[path]) for path in some})
        done += len(some)
        told(done, len(stale))
    _update_libraries(index, known, list(found))
    return Updated(len(found), len(stale), len(gone))


MOST_LIBRARY_FILES = 2000
HOPS = 3
"""How often a name is followed that a library's file only passes on."""


def _update_libraries(index: Index, known: Mapping[str, Version], paths: Sequence[str]) -> None:
    """Look at the files outside that those of the project import names of, and at those that pass these names on."""
    wanted = {
        (each, facts.language, path)
        for path in paths
        if (facts := index.facts(path)) is not None
        for each in facts.imports
        if not resolve(each, path, facts.language, index)
    }
    roots, looked = roots_of(index.root), set[str]()
    for _ in range(HOPS):
        following: set[tuple[Import, str, str]] = set()
        for each, language, path in sorted(wanted, key=repr):
            inside = path.startswith("/")
            targets = resolve(each, path, language, _OnDisk()) if inside else outside(each, language, roots, _is_file)
            for target in targets:
                if target not in looked and len(looked) < MOST_LIBRARY_FILES and is_library(target, roots):
                    looked.add(target)
                    _look_outside(index, known, target)
                facts = index.facts(target)
                if facts is None or not each.name or any(entry.name == each.name for entry in facts.entries):
                    continue
                following |= {
                    (Import(one.module, each.name if one.name == EVERYTHING else one.name, each.name), language, target)
                    for one in facts.imports
                    if one.name and (one.bound == each.name or one.name == EVERYTHING)
                }
        wanted = following
    index.write({}, [path for path in known if path.startswith("/") and path not in looked])


def _is_file(path: str) -> bool:
    return Path(path).is_file()


class _OnDisk:
    """The files outside, of which only exact paths are asked."""

    def has(self, path: str) -> bool:
        """See `project.Files`."""
        return _is_file(path)

    def ending(self, suffix: str) -> Sequence[str]:
        """None: a library's own modules are named from where it lies."""
        return ()

    def within(self, directory: str) -> Sequence[str]:
        """None."""
        return ()


def _look_outside(index: Index, known: Mapping[str, Version], path: str) -> None:
    place = Path(path)
    try:
        version = version_of(place.stat())
    except OSError:
        return
    if known.get(path) == version:
        return
    found, what = looked_at(place.parent, place.name, version)
    index.write({path: (found, what if isinstance(what, str) else Parsed(what.facts, ()))})


def looked_at(root: Path, path: str, version: Version) -> tuple[Version, Parsed | str]:
    """What a file says, or why it is skipped, and which version of it that was."""
    try:
        text, version = read_source(root, path)
    except Skipped as skipped:
        return version, skipped.reason
    except OSError as error:
        return version, error.strerror or "it cannot be read"
    try:
        what = parsed(Document(redacted(text), path))  # no secret is kept
    except (RecursionError, ValueError) as error:
        return version, f"it cannot be parsed: {type(error).__name__}"
    return version, what or "too large to be parsed"


Told = Callable[[int, int], None]


def brought_up_to_date(path: Path, root: Path, told: Told) -> tuple[Index, Updated]:
    """An index that its holder has just updated; one whose pages are damaged is made anew.

    Raises:
        sqlite3.Error: the disk is full, or the file is not to be written.
    """
    index = Index(path, root, writing=True)
    try:
        return index, update(index, root, told)
    except sqlite3.OperationalError:  # locked, full: no word about what it holds
        index.close()
        raise
    except sqlite3.DatabaseError:
        index.remove()
    index = Index(path, root, writing=True)
    return index, update(index, root, told)


def current_index(root: Path, told: Told = lambda _done, _of: None) -> Index:
    """The index of a workspace as it is now; where another process keeps it, as that one has it.

    Args:
        told: see `update`.

    Raises:
        InputError: it cannot be made or read.
    """
    path = index_path(root)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(Timeout), FileLock(f"{path}.lock").acquire(timeout=0):
            return brought_up_to_date(path, root, told)[0]
        index = Index(path, root)
        if not index.is_made:
            index.close()
            raise InputError(f"{root} is being indexed for the first time by another process; try again in a moment")
        return index
    except (OSError, sqlite3.Error) as error:
        raise InputError(f"the index of {root} cannot be kept in {path}: {error}") from error


def keep(root: Path, say: Callable[[dict[str, object]], None], wait: Callable[[float], bool]) -> None:
    """Keep the index of a workspace true until `wait` says that it is over.

    Args:
        say: hears of the progress, and of what fails; then it is tried again later.
        wait: waits so many seconds, or until a file has changed; False where it is over.
    """
    path = index_path(root)
    while True:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(f"{path}.lock").acquire(timeout=0):
                while True:
                    _round(path, root, say)
                    if not wait(LOOK_AGAIN_S):
                        return
        except Timeout:
            pass
        except OSError as error:
            say({"failed": str(error)})
        if not wait(WAIT_FOR_LOCK_S):
            return


def _round(path: Path, root: Path, say: Callable[[dict[str, object]], None]) -> None:
    try:
        index, updated = brought_up_to_date(path, root, lambda done, of: say({"done": done, "of": of}))
        skipped = len(index.skipped())
        index.close()
    except (sqlite3.Error, RecursionError, MemoryError) as error:
        say({"failed": f"{type(error).__name__}: {error}"})
        return
    say({"files": updated.files, "parsed": updated.parsed, "skipped": skipped})


def main() -> None:
    """Keep the index of the workspace that is named."""
    os.nice(19)
    root = Path(sys.argv[1])

    def say(message: dict[str, object]) -> None:
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()

    def wait(seconds: float) -> bool:
        """Several changes are one."""
        ready, _, _ = select.select([sys.stdin], [], [], seconds)
        if ready and not os.read(sys.stdin.fileno(), 1 << 16):
            return False
        if ready:
            time.sleep(0.2)
        return True

    with suppress(BrokenPipeError, KeyboardInterrupt):
        keep(root, say, wait)


if __name__ == "__main__":
    main()
