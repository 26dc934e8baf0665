"""The model that ships inside the package: small, for single lines, and there while no larger one is."""

from pathlib import Path

from codegpt.checkpoints.catalogue import CHECKPOINTS, DEFAULT_MODEL
from codegpt.checkpoints.homes import home_of
from codegpt.checkpoints.manifest import read_manifest
from codegpt.checkpoints.progress import SILENT, Progress
from codegpt.checkpoints.store import Checkpoint, open_directory
from codegpt.errors import ModelNotFound

EMBEDDED = "embedded"
FOLDER = Path(__file__).parent.parent / "models"


def is_shipped() -> bool:
    """Whether this package has one."""
    return (FOLDER / "model.safetensors").is_file()


def embedded(progress: Progress = SILENT) -> Checkpoint:
    """The checkpoint of the package.

    Raises:
        ModelNotFound: this package was built without it.
    """
    if not is_shipped():
        raise ModelNotFound(
            f"this codegpt was built without a model of its own; run: codegpt models pull {DEFAULT_MODEL}"
        )
    return open_directory(FOLDER, progress=progress, name=EMBEDDED)


def at_hand(model: str) -> str:
    """The model to complete with: the one that was asked for, or what is here already in the default model's place.

    That is the largest model of the catalogue, or the package's own where there is none.
    """
    if model != DEFAULT_MODEL or read_manifest(home_of(DEFAULT_MODEL)):
        return model
    here = [entry for entry in CHECKPOINTS.values() if read_manifest(home_of(entry.name))]
    if here:
        return max(here, key=lambda entry: entry.parameters).name
    return EMBEDDED if is_shipped() else model


def stands_in(chosen: str) -> str:
    """What a person should know about a model that `at_hand` chose in the default one's place."""
    until = f"{DEFAULT_MODEL} is not on this machine yet; until `codegpt models pull`,"
    if chosen != EMBEDDED:
        return f"{until} {chosen} stands in"
    return f"{until} the small model that ships with codegpt stands in: single lines, and only what it is sure of"
