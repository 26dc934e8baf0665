"""What a user means by a model: a catalogue name, a hub id or a path, told apart by spelling alone.

The working directory is never asked: a language server runs inside somebody's workspace, and a folder in it must not
stand in for a model. So a path is written as one: absolute, with a leading `.` or `~`, with a backslash or several
slashes, or with a weight file's suffix.
"""

import difflib
import hashlib
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from codegpt.checkpoints.catalogue import CatalogueEntry, HubSource
from codegpt.checkpoints.formats import WEIGHT_SUFFIXES
from codegpt.errors import ModelNotFound

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)


@dataclass(frozen=True)
class Published:
    """A model that can be pulled. `listed` is False for a hub id outside the catalogue."""

    entry: CatalogueEntry
    listed: bool
    slug: str


@dataclass(frozen=True)
class Local:
    """A path that the user gave, absolute."""

    path: Path


def identify(model: str, catalogue: Mapping[str, CatalogueEntry]) -> Published | Local:
    """What `model` names.

    Raises:
        ModelNotFound: nothing known, and neither a hub id nor a path.
    """
    wanted = model.strip()
    for name, entry in catalogue.items():
        if wanted.lower() in (name.lower(), entry.hub.repo.lower()):
            return Published(entry, True, name)
    if is_path(wanted):
        try:
            return Local(Path(wanted).expanduser().absolute())
        except RuntimeError as error:  # no such user
            raise ModelNotFound(f"no model {model!r}: {error}") from None
    if _HUB_ID.fullmatch(wanted):
        return Published(_unlisted(wanted), False, "hub--" + wanted.replace("/", "--"))
    near = difflib.get_close_matches(wanted.lower(), catalogue, n=2, cutoff=0.6)
    hint = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(catalogue)}"
    with suppress(OSError):  # too long to be a file's name
        if wanted and Path(wanted).exists():
            hint = f"for the path, write ./{wanted}"
    raise ModelNotFound(f"unknown model {model!r}; {hint} (a hub id org/name or a path will do as well)")


def local_slug(path: Path) -> str:
    """The name of the home of something local, by its path."""
    readable = re.sub(r"[^A-Za-z0-9.-]+", "-", path.name).strip("-.") or "model"
    return f"local-{readable}-{hashlib.sha256(str(path).encode(errors='surrogateescape')).hexdigest()[:12]}"


def is_path(text: str) -> bool:
    """Whether it is written as a path."""
    return (
        text.startswith((".", "~"))
        or Path(text).is_absolute()
        or "\\" in text
        or text.count("/") > 1
        or text.endswith("/")
        or Path(text).suffix.lower() in WEIGHT_SUFFIXES
    )


def _unlisted(repo: str) -> CatalogueEntry:
    """A hub id as an entry: safetensors, at whatever revision is the newest, of which nothing else is known."""
    return CatalogueEntry(
        name=repo,
        licence="licence not known",
        parameters=0,
        hub=HubSource(repo, "main", None),
        mirror=None,
        sha256=None,
        bytes=0,
        converted_bytes=0,
        fim="",
        layout="",
        run=False,
    )
