"""The checkpoints on this machine: where each one lies, and whether it still is what was verified.

A checkpoint has a home in the cache, `<cache>/checkpoints/<slug>/`, and counts once the manifest is there, which is
written last. The weights lie in the home where codegpt wrote them, or elsewhere (the hub's cache, a folder of the
user's), in which case the home holds only what we know of them.

Nothing is downloaded here. A GGUF that the user names is converted, once for each content.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from codegpt.checkpoints.card import Card, read_card
from codegpt.checkpoints.catalogue import CHECKPOINTS, CatalogueEntry
from codegpt.checkpoints.disk import telling_of_a_full_disk
from codegpt.checkpoints.formats import check_directory, check_gguf, check_safetensors, refuse_pickle_name
from codegpt.checkpoints.homes import busy, home_of, install_converted, locked
from codegpt.checkpoints.manifest import (
    MANIFEST_NAME,
    FileStamp,
    Manifest,
    combined_digest,
    read_manifest,
    stamp_files,
    write_manifest,
)
from codegpt.checkpoints.names import Published, identify, local_slug
from codegpt.checkpoints.progress import SILENT, Progress
from codegpt.errors import CheckpointError, ModelNotFound


@dataclass(frozen=True)
class Checkpoint:
    """Weights that can be loaded.

    Attributes:
        name: the catalogue's name, the hub id, or the path.
        directory: holds safetensors, config.json and tokenizer.json; read only.
        home: a folder of ours for this checkpoint, writable where the cache is; it need not exist.
        digest: sha256 in hex; what has the same digest is the same model.
        entry: what the catalogue says of it; None for hub ids and paths.
        adapter: the folder of what is added to its weights; None for nothing.
        card: what one that codegpt trained says of itself.
    """

    name: str
    directory: Path
    home: Path
    digest: str
    entry: CatalogueEntry | None
    adapter: Path | None = None
    card: Card | None = None


def find(
    model: str, *, catalogue: Mapping[str, CatalogueEntry] = CHECKPOINTS, progress: Progress = SILENT
) -> Checkpoint:
    """The checkpoint that `model` names: a catalogue name, a hub id, or a path; in milliseconds where it is known.

    Raises:
        ModelNotFound: an unknown name, one that was not pulled, or no such path.
        CheckpointError: corrupt, of a refused format, or not convertible.
        DownloadError: a local GGUF could not be converted for want of disk space.
    """
    return _look_up(model, catalogue, False, progress)


def verify(
    model: str, *, catalogue: Mapping[str, CatalogueEntry] = CHECKPOINTS, progress: Progress = SILENT
) -> Checkpoint:
    """As `find`, but every file is read and compared, whatever its size and time say."""
    return _look_up(model, catalogue, True, progress)


def open_published(meant: Published, *, rehash: bool = False, progress: Progress = SILENT) -> Checkpoint:
    """The pulled checkpoint.

    Raises:
        ModelNotFound: it was not pulled, or not to the end.
        CheckpointError: a file is missing or corrupt; in our cache it is set aside.
    """
    home, name = home_of(meant.slug), meant.entry.name
    manifest = read_manifest(home)
    if manifest is None:
        hint = f" (for the path here, write ./{name})" if not meant.listed and Path(name).exists() else ""
        raise ModelNotFound(f"{name} is not on this machine yet; run: codegpt models pull {name}{hint}")
    manifest = _checked(home, manifest, f"run: codegpt models pull {name}", rehash, progress)
    return _checkpoint(name, home, manifest, meant.entry if meant.listed else None)


def _look_up(model: str, catalogue: Mapping[str, CatalogueEntry], rehash: bool, progress: Progress) -> Checkpoint:
    meant = identify(model, catalogue)
    if isinstance(meant, Published):
        return open_published(meant, rehash=rehash, progress=progress)
    path = meant.path
    try:
        if path.is_dir():
            return open_directory(path, rehash=rehash, progress=progress)
        if not path.exists():
            raise ModelNotFound(f"there is no {path}")
        refuse_pickle_name(path)
        if path.suffix.lower() == ".safetensors":
            check_safetensors(path)
            raise ModelNotFound(f"{path} is one file of a checkpoint; give its directory: {path.parent}")
        return _open_gguf(path, rehash, progress)
    except OSError as error:
        raise ModelNotFound(f"{path} cannot be read: {error.strerror}") from error


def open_directory(
    path: Path, *, rehash: bool = False, progress: Progress = SILENT, name: str | None = None
) -> Checkpoint:
    """The checkpoint in a directory of safetensors, called by its path where it has no `name`.

    Raises:
        ModelNotFound: there is none.
        CheckpointError: its weights are pickles, or broken.
    """
    home = home_of(local_slug(path))
    stamps = _stamp_local(home, path, check_directory(path), rehash, progress)
    return Checkpoint(name or str(path), path, home, combined_digest(stamps), None, card=read_card(path))


def _open_gguf(path: Path, rehash: bool, progress: Progress) -> Checkpoint:
    """What is known of the file is kept under its path, what was made of it under its digest: it may be moved."""
    check_gguf(path)
    stamps = _stamp_local(home_of(local_slug(path)), path.parent, (path.name,), rehash, progress)
    digest = stamps[path.name].sha256
    home = home_of(f"gguf-{digest[:16]}")
    if (manifest := read_manifest(home)) is None:
        with telling_of_a_full_disk(home), locked(home, busy(str(path)), progress):
            manifest = read_manifest(home) or install_converted(home, path, path.name, str(path), digest, progress)
    try:
        manifest = _checked(home, manifest, "run the same command again to convert it anew", rehash, progress)
    except CheckpointError:
        (home / MANIFEST_NAME).unlink(missing_ok=True)
        raise
    return _checkpoint(str(path), home, manifest, None)


def _stamp_local(
    home: Path, folder: Path, names: tuple[str, ...], rehash: bool, progress: Progress
) -> Mapping[str, FileStamp]:
    """Stamp files of the user's. They may change at will; but not under an unchanged size and time."""
    manifest = read_manifest(home)
    known = manifest.files if manifest else {}
    stamps = stamp_files(folder, names, known, rehash=rehash, progress=progress)
    for name, stamp in stamps.items():
        if (old := known.get(name)) and old != stamp and old == replace(stamp, sha256=old.sha256):
            raise CheckpointError(
                f"{_mismatch(folder / name, old, stamp)}, though its size and time are unchanged; restore the file, or "
                "touch it if that is how it should be"
            )
    if stamps != known:
        with suppress(OSError):  # a cache that cannot be written costs time at the next start, no more
            write_manifest(home, Manifest(folder.name, str(folder), combined_digest(stamps), str(folder), stamps))
    return stamps


def _checked(home: Path, manifest: Manifest, advice: str, rehash: bool, progress: Progress) -> Manifest:
    """Compare the files with the manifest; one that changed in our cache is set aside."""
    directory = home / manifest.directory
    try:
        stamps = stamp_files(directory, manifest.files, manifest.files, rehash=rehash, progress=progress)
    except FileNotFoundError as error:
        raise CheckpointError(f"{error.filename} is missing; {advice}") from error
    for name, known in manifest.files.items():
        if stamps[name].sha256 != known.sha256:
            line = _mismatch(directory / name, known, stamps[name])
            if not Path(manifest.directory).is_absolute():
                aside = directory / f"{name}.corrupt"
                (directory / name).replace(aside)
                line += f"; it was set aside as {aside.name}"
            raise CheckpointError(f"{line}; {advice}")
    if stamps == manifest.files:
        return manifest
    manifest = replace(manifest, files=stamps)  # the same content with other times: the cache was copied
    with suppress(OSError):
        write_manifest(home, manifest)
    return manifest


def _mismatch(path: Path, expected: FileStamp, found: FileStamp) -> str:
    return f"{path} is corrupt: sha256 {found.sha256[:12]}... where {expected.sha256[:12]}... was expected"


def _checkpoint(name: str, home: Path, manifest: Manifest, entry: CatalogueEntry | None) -> Checkpoint:
    return Checkpoint(name, home / manifest.directory, home, manifest.digest, entry)
