"""Room on the disk: asked for before the work, and one clear line when it runs out all the same."""

import errno
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from codegpt.errors import DownloadError

FreeBytes = Callable[[Path], int]
"""Free bytes on the file system of an existing folder."""


def free_bytes(folder: Path) -> int:
    """What the system says is free there."""
    return shutil.disk_usage(folder).free


def ensure_room(folder: Path, needed_bytes: int, free: FreeBytes) -> None:
    """Check before starting; the folder need not exist yet.

    Raises:
        DownloadError: too little is free.
    """
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    if (available := free(existing)) < needed_bytes:
        raise DownloadError(
            f"not enough disk space in {folder}: {megabytes(needed_bytes)} needed, {megabytes(available)} free; "
            "make room, or set CODEGPT_CACHE to a folder on another disk"
        )


@contextmanager
def telling_of_a_full_disk(folder: Path) -> Iterator[None]:
    """Turn a full disk, and any other failure to write, into one line that says where.

    Raises:
        DownloadError: in place of an OSError.
    """
    try:
        yield
    except OSError as error:
        if is_full(error):
            reason = "the disk is full; make room, or set CODEGPT_CACHE to a folder on another disk, and pull again"
        else:
            reason = error.strerror or str(error)
        raise DownloadError(f"cannot write to {folder}: {reason}") from error


def is_full(error: BaseException) -> bool:
    """Whether an error of any kind says that the disk, or the user's share of it, is full."""
    # Libraries written in Rust pass on the system's message, but not its number.
    return getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT) or "(os error 28)" in str(error)


def megabytes(count: int) -> str:
    """A number of bytes for a person: `491 MB`."""
    return f"{count / 1e6:,.0f} MB"
