"""A training run on disk: whole states that it can go on from, without a pickle; the newest ones and the best.

A state is a folder `step-N` with the weights, what the optimizers remember, and `state.json`. It is written beside and
renamed, so what has that name is whole, whatever was killed when.
"""

import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.optim import Optimizer

from codegpt.errors import InputError
from codegpt.training.rows import Place

FORMAT = 1
KEPT = 2
"""The newest states that stay."""

_NAME = re.compile(r"step-(\d+)")


@dataclass(frozen=True)
class State:
    """Where a run is, beside its tensors.

    Attributes:
        step: how many were done.
        places: of the next row, by the length of the rows.
        tokens: that were learnt from.
        best: the lowest held-out loss so far, and of which step; None before the first.
    """

    step: int = 0
    places: Mapping[int, Place] | None = None
    tokens: int = 0
    best: tuple[float, int] | None = None


def save(folder: Path, state: State, tensors: Mapping[str, Tensor], optimizers: Mapping[str, Optimizer]) -> Path:
    """Keep a state, which is there already where its step is; older ones go, but for the best.

    Args:
        tensors: what was learnt.

    Raises:
        InputError: it cannot be written.
    """
    final = folder / f"step-{state.step}"
    if final.exists():
        return final
    temporary = folder / f"{final.name}.{os.getpid()}.tmp"
    for left_over in folder.glob("step-*.tmp"):
        shutil.rmtree(left_over)
    temporary.mkdir(parents=True)
    write(tensors, temporary / "model.safetensors")
    remembered = {
        f"{name}.{number}.{what}": value
        for name, optimizer in optimizers.items()
        for number, values in optimizer.state_dict()["state"].items()
        for what, value in values.items()
    }
    kept = {name: torch.as_tensor(value).contiguous() for name, value in remembered.items()}
    write(kept, temporary / "optimizers.safetensors")
    places = {str(length): asdict(place) for length, place in (state.places or {}).items()}
    described = {"format": FORMAT, "step": state.step, "places": places, "tokens": state.tokens, "best": state.best}
    (temporary / "state.json").write_text(json.dumps(described), encoding="utf-8")
    _synced(temporary)
    temporary.replace(final)
    for old in sorted(_states(folder))[:-KEPT]:
        if state.best is None or old != state.best[1]:
            discard(folder / f"step-{old}")
    return final


def write(tensors: Mapping[str, Tensor], path: Path) -> None:
    """Tensors as a file.

    Raises:
        InputError: it cannot be written, as where the disk is full.
    """
    try:
        save_file(dict(tensors), path)
    except SafetensorError as error:
        raise InputError(f"{path} cannot be written: {error}; what was kept before is there still") from error


def discard(folder: Path) -> None:
    """Delete a folder; whatever is killed meanwhile, no half of it keeps its name."""
    if folder.exists():
        going = folder.with_name(f"{folder.name}.{os.getpid()}.tmp")
        folder.replace(going)
        shutil.rmtree(going)


def newest(folder: Path) -> Path | None:
    """The last whole state of a run; None where there is none."""
    states = _states(folder)
    return folder / f"step-{max(states)}" if states else None


def step_of(place: Path) -> int:
    """How many steps a state has done."""
    return int(place.name.removeprefix("step-"))


def load(place: Path, optimizers: Mapping[str, Optimizer]) -> tuple[State, dict[str, Tensor]]:
    """A state, and what was learnt; the optimizers remember again what they did.

    Raises:
        InputError: it is of another format, or not of these optimizers.
    """
    try:
        described = json.loads((place / "state.json").read_text(encoding="utf-8"))
        if described["format"] != FORMAT:
            raise InputError(f"{place} was written by another version of codegpt; start anew in another folder")
        tensors = load_file(place / "model.safetensors")
        remembered = load_file(place / "optimizers.safetensors")
        for name, optimizer in optimizers.items():
            known: dict[int, dict[str, Tensor]] = {}
            for key, value in remembered.items():
                owner, number, what = key.split(".", 2)
                if owner == name:
                    known.setdefault(int(number), {})[what] = value
            optimizer.load_state_dict({**optimizer.state_dict(), "state": known})
        places = {int(length): Place(**where) for length, where in described["places"].items()}
        best = tuple(described["best"]) if described["best"] else None
        return State(described["step"], places, described["tokens"], best), tensors
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise InputError(f"{place} is no state of this model ({error})") from error


def _states(folder: Path) -> list[int]:
    found = (_NAME.fullmatch(path.name) for path in folder.glob("step-*"))
    return [int(match[1]) for match in found if match]


def _synced(folder: Path) -> None:
    """All of its files on the disk, before a name says that they are whole."""
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
