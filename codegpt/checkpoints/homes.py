"""The folders of the cache: a home for each checkpoint, one process at work in it, conversions put there whole."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from platformdirs import user_cache_path

from codegpt.checkpoints.manifest import MANIFEST_NAME, Manifest, stamp_files, write_manifest
from codegpt.checkpoints.progress import Progress
from codegpt.errors import InputError

MODEL_FOLDER = "model"


def cache_root() -> Path:
    """`$CODEGPT_CACHE`, or the user's cache folder."""
    chosen = os.environ.get("CODEGPT_CACHE")
    try:
        return Path(chosen).expanduser().absolute() if chosen else user_cache_path("codegpt")
    except RuntimeError as error:
        raise InputError(f"CODEGPT_CACHE is {chosen}: {error}") from None


def home_of(slug: str) -> Path:
    """The home of a checkpoint; it need not exist."""
    return cache_root() / "checkpoints" / slug


def busy(name: str) -> str:
    """Why somebody waits for a checkpoint's home."""
    return f"{name}: another process is fetching or converting it"


@contextmanager
def locked(home: Path, why_wait: str, progress: Progress) -> Iterator[None]:
    """Work on `home` alone; whoever comes second says `why_wait` and waits. A killed process leaves no lock behind."""
    from filelock import FileLock, Timeout  # not at the top: starting on a pulled model needs no lock

    home.mkdir(parents=True, exist_ok=True)
    lock = FileLock(f"{home}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        progress.say(f"{why_wait}; waiting for that one")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def install_converted(home: Path, gguf: Path, name: str, source: str, digest: str, progress: Progress) -> Manifest:
    """Convert a verified GGUF into `home`, in place of what is there; the manifest comes last.

    Raises:
        CheckpointError: it cannot be converted.
        OSError: no room.
    """
    progress.step(f"converting {gguf.name}", 0, gguf.stat().st_size)
    from codegpt.checkpoints.convert import convert_gguf  # the one place that loads torch

    temporary, final = home / f"{MODEL_FOLDER}.tmp", home / MODEL_FOLDER
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        convert_gguf(gguf, temporary, progress)
        (home / MANIFEST_NAME).unlink(missing_ok=True)
        if final.exists():
            shutil.rmtree(final)
        temporary.replace(final)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    files = stamp_files(final, (path.name for path in final.iterdir()), {}, progress=progress)
    manifest = Manifest(name=name, source=source, digest=digest, directory=MODEL_FOLDER, files=files)
    write_manifest(home, manifest)
    return manifest
