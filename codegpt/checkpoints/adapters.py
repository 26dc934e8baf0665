"""Models with an adapter: ``MODEL+ADAPTER`` names a checkpoint and what `codegpt-train finetune`, or peft, made for it.

An adapter is named by what it was called when it was made, or by a path, told apart by spelling as models are
(`names`). What has an adapter is a model of its own wherever models are told apart: it has another name and digest.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from codegpt.checkpoints import store
from codegpt.checkpoints.catalogue import CHECKPOINTS, CatalogueEntry
from codegpt.checkpoints.embedded import EMBEDDED, embedded
from codegpt.checkpoints.homes import cache_root, home_of
from codegpt.checkpoints.manifest import sha256_of
from codegpt.checkpoints.names import is_path
from codegpt.checkpoints.progress import SILENT, Progress
from codegpt.checkpoints.store import Checkpoint
from codegpt.errors import CheckpointError, ModelNotFound

CONFIG, WEIGHTS, RECORD = "adapter_config.json", "adapter_model.safetensors", "codegpt.json"
FORMAT = 1

_NAME = re.compile(r"[A-Za-z0-9][\w.-]*", re.ASCII)


@dataclass(frozen=True)
class Record:
    """What is on record of an adapter that was made here.

    Attributes:
        base: the model it is for, by name and digest.
        origin: tells apart what adapters were made of; "" where that is not said.
        asked: what was asked for.
    """

    base: str
    base_digest: str
    origin: str = ""
    asked: Mapping[str, object] = field(default_factory=dict)


def with_adapter(model: str, adapter: str) -> str:
    """One name for a model and an adapter; the model's where there is none."""
    return f"{model}{_PLUS}{adapter}" if adapter else model


def find(
    model: str, *, catalogue: Mapping[str, CatalogueEntry] = CHECKPOINTS, progress: Progress = SILENT
) -> Checkpoint:
    """The checkpoint that `model` names, as `store.find` finds it, or the package's own; with its adapter.

    Raises:
        ModelNotFound, CheckpointError, DownloadError: see `store.find`.
        ModelNotFound: there is no such adapter.
        CheckpointError: the adapter was made for another model.
    """
    base, adapter = without_adapter(model)
    found = embedded(progress) if base == EMBEDDED else store.find(base, catalogue=catalogue, progress=progress)
    return adapted(found, adapter) if adapter else found


def without_adapter(model: str) -> tuple[str, str]:
    """The model that a name is of, and its adapter, "" for none; a path may have a plus of its own in it."""
    first, plus, behind = model.partition(_PLUS)
    if not plus or not (is_path(first) or is_path(model)):
        return first, behind
    ends = [at for at, character in enumerate(model) if character == _PLUS]
    bases = [model, *(model[:end] for end in reversed(ends))]
    base = next((each for each in bases if is_path(each) and _exists(each)), first if not is_path(model) else model)
    return base, model[len(base) + 1 :]


def _exists(path: str) -> bool:
    with suppress(RuntimeError, OSError):  # no such user, or too long to be a file's name
        return Path(path).expanduser().exists()
    return False


_PLUS = "+"


def folder_of(name: str) -> Path:
    """Where an adapter of a name is kept; it need not be there.

    Raises:
        ModelNotFound: no adapter may be called that.
    """
    if not _NAME.fullmatch(name):
        raise ModelNotFound(f"{name!r} is no name for an adapter: letters, digits, dots, dashes and underscores")
    return cache_root() / "adapters" / name


def adapted(base: Checkpoint, adapter: str) -> Checkpoint:
    """The checkpoint with an adapter: what has another digest is kept apart everywhere.

    Raises:
        ModelNotFound: there is no such adapter.
        CheckpointError: it was made for another model.
    """
    folder = _folder(adapter)
    if not (folder / CONFIG).is_file() or not (folder / WEIGHTS).is_file():
        known = sorted(path.name for path in (cache_root() / "adapters").glob("*") if _is_adapter(path))
        hint = f"known: {', '.join(known)}" if known else "codegpt-train finetune makes one"
        raise ModelNotFound(f"no adapter {adapter!r} in {folder}; {hint}")
    record = read_record(folder)
    if record and record.base_digest != base.digest:
        raise CheckpointError(f"the adapter {adapter} was made for {record.base}; it adapts no other")
    parts = (base.digest, sha256_of(folder / CONFIG), sha256_of(folder / WEIGHTS))
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    return replace(
        base, name=f"{base.name}+{folder.name}", home=home_of(f"adapted-{digest[:16]}"), digest=digest, adapter=folder
    )


def _is_adapter(folder: Path) -> bool:
    """Not one that is being deleted."""
    return (folder / CONFIG).is_file() and not folder.name.endswith(".tmp")


def read_record(folder: Path) -> Record | None:
    """What is on record of an adapter; None for one of others.

    Raises:
        CheckpointError: it is of another format.
    """
    path = folder / RECORD
    if not path.exists():
        return None
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        if said["format"] == FORMAT:
            return Record(said["base"], said["base_digest"], said.get("origin", ""), said.get("asked", {}))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{path} cannot be read: {error}") from error
    raise CheckpointError(f"{folder} was made by another version of codegpt; make it anew")


def _folder(adapter: str) -> Path:
    if not is_path(adapter) and "/" not in adapter:
        return folder_of(adapter)
    try:
        return Path(adapter).expanduser().absolute()
    except RuntimeError as error:  # no such user
        raise ModelNotFound(f"no adapter {adapter!r}: {error}") from None
