"""Fine-tuning on somebody's own files, in a folder of the cache: an adapter of a model, and what made it.

How many steps are made is settled by how long the first ones take, and kept; what was learnt is kept every so often,
and gone on from after a kill. The finished adapter comes into its folder whole, with the digest of its model and of all
that was asked for, so that the same is not learnt twice.
"""

import hashlib
import json
import shutil
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from codegpt.checkpoints.adapters import FORMAT, RECORD, adapted, read_record
from codegpt.checkpoints.homes import locked
from codegpt.checkpoints.manifest import write_json
from codegpt.checkpoints.progress import SILENT, Progress
from codegpt.checkpoints.store import Checkpoint
from codegpt.errors import CodeGPTError, InputError
from codegpt.training import log, state
from codegpt.training.learner import Learner, Lora, check
from codegpt.training.optimizer import Schedule
from codegpt.training.state import State
from codegpt.training.windows import Windows

MEASURED = 3
"""Steps by which it is settled how many are made; the first one, which is slower, is not counted."""

WARMUP, DECAY = 4, 0.6
"""Steps, and the share of all."""

ASKED = "asked.json"


@dataclass(frozen=True)
class Finetuning:
    """What is asked for.

    Attributes:
        rate: the highest learning rate.
        windows: of a step.
        minutes: as many steps are made as this lasts, by what the first ones took.
        epochs: no more than go so often through all files.
    """

    lora: Lora = field(default_factory=Lora)
    rate: float = 1e-3
    windows: int = 4
    minutes: float = 20.0
    epochs: float = 4.0
    seed: int = 0
    save_every: int = 10


def finetune(
    checkpoint: Checkpoint,
    windows: Windows,
    asked: Finetuning,
    folder: Path,
    origin: str = "",
    progress: Progress = SILENT,
) -> Path:
    """Make an adapter of a model in `folder`, in place of one of the same origin; or go on where that was stopped.

    Args:
        origin: of the files; an adapter of another one is not replaced. "" replaces any.

    Raises:
        InputError: the model is none that adapters can be added to, or the folder holds an adapter of something else.
    """
    check(checkpoint)
    work = folder.with_name(f"{folder.name}.unfinished")
    described = json.loads(json.dumps({**asdict(asked), "base": checkpoint.digest, "windows_of": _digest(windows)}))
    with locked(folder.parent, "another process is fine-tuning", progress):
        check_free(folder, origin)
        known = read_record(folder)
        if known and known.asked == described:
            progress.say(f"{folder.name} has learnt these files already")
            return folder
        _begin(work, described, progress)
        learner = Learner(checkpoint, asked.lora, asked.seed)
        steps = _learn(learner, windows, asked, work, progress)
        finished = work / "finished"
        state.discard(finished)
        learner.write(finished)
        record = {"format": FORMAT, "base": checkpoint.name, "base_digest": checkpoint.digest}
        write_json(finished / RECORD, {**record, "origin": origin, "asked": described, "steps": steps})
        shutil.copy(work / log.LOG, finished / log.LOG)
        with suppress(CodeGPTError):  # there is none yet, or one of another model
            state.discard(adapted(checkpoint, str(folder)).home)
        state.discard(folder)
        finished.replace(folder)
        state.discard(work)
    return folder


def check_free(folder: Path, origin: str) -> None:
    """Refuse to replace an adapter of another origin, before any work is done.

    Raises:
        InputError: there is one.
    """
    known = read_record(folder)
    if known and origin and known.origin not in ("", origin):
        raise InputError(f"the adapter {folder.name} is of another folder or model; call this one --name NAME")


def _begin(work: Path, described: dict[str, Any], progress: Progress) -> None:
    """What is asked for, kept; what was begun for something else goes."""
    path = work / ASKED
    if path.exists() and json.loads(path.read_text("utf-8"))["asked"] != described:
        progress.say("the files or what is asked for have changed since it was stopped: beginning anew")
        for each in work.iterdir():
            state.discard(each) if each.is_dir() else each.unlink()
    if not path.exists():
        write_json(path, {"asked": described, "steps": 0})


def _digest(windows: Windows) -> str:
    digest = hashlib.sha256(f"{windows.name} {windows.fim} {windows.sizes}".encode())
    for source in windows.texts:
        digest.update(f"{source.path}\0{source.text}\0".encode())
    return digest.hexdigest()


def _learn(learner: Learner, windows: Windows, asked: Finetuning, work: Path, progress: Progress) -> int:
    known, at = json.loads((work / ASKED).read_text("utf-8")), State()
    if (place := state.newest(work)) is not None:
        at, tensors = state.load(place, learner.optimizers)
        learner.put_back(tensors)
    steps: int = known["steps"]
    if at.step:
        progress.say(f"going on behind step {at.step} of {steps}")
    log.cut(work, at.step)
    feed = islice(windows.endless(asked.seed), at.step * asked.windows, None)
    most = max(1, round(asked.epochs * windows.stretches / asked.windows))
    took: list[float] = []
    losses: list[float] = []
    while not steps or at.step < steps:
        schedule = Schedule(steps or most, WARMUP, round(DECAY * (steps or most)), asked.rate)
        started = time.monotonic()
        losses.append(learner.learn(list(islice(feed, asked.windows)), schedule.rate(at.step)))
        took.append(time.monotonic() - started)
        at = State(at.step + 1)
        log.append(work, step=at.step, loss=round(losses[-1], 5), seconds=round(took[-1], 2))
        if not steps and (len(took) > MEASURED or at.step >= most):
            each = sorted(took[1:] or took)[len(took[1:]) // 2]
            steps = max(at.step, min(most, round(60 * asked.minutes / each)))
            write_json(work / ASKED, {**known, "steps": steps})
            progress.say(f"{steps} steps of {asked.windows} windows, {each:.1f} s each")
        if steps and (at.step % asked.save_every == 0 or at.step == steps):
            state.save(work, at, learner.tensors, learner.optimizers)
            last = losses[-asked.save_every :]
            progress.say(f"step {at.step} of {steps}: loss {sum(last) / len(last):.3f}")
        progress.step("steps", at.step, steps or most)
    return steps
