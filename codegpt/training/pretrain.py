"""Pre-training: to predict the next token of much code, most of it with holes; goes on where it was killed.

A run is a folder: `run.json` (what was asked for), `tokenizer.json`, `log.jsonl` (a line a step) and its states. What
it learns depends on what was asked for and the corpus alone: after any kill it gives the same losses. Under `torchrun`
every process takes its share of the rows of a step.
"""

import json
import math
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn
from transformers import LlamaForCausalLM

from codegpt.checkpoints.formats import TOKENIZER
from codegpt.checkpoints.manifest import write_json
from codegpt.checkpoints.progress import SILENT, Progress
from codegpt.engine.device import Placement, choose_placement
from codegpt.errors import InputError
from codegpt.training import log, state
from codegpt.training.corpus import Corpus
from codegpt.training.curve import peak_flops
from codegpt.training.gpt import GptShape, flops_of_token, losses_of, new_model, parameters_of, put_back, tensors_of
from codegpt.training.optimizer import Schedule, clip, optimizers_of, step
from codegpt.training.rows import Place, Rows
from codegpt.training.samples import Recipe
from codegpt.training.state import State
from codegpt.training.tokenizer import PAD, Coder, learn_tokenizer

FORMAT = 1
RUN = "run.json"
HELD_OUT_ROWS = 256
SEED_OF_HELD_OUT = 1


@dataclass(frozen=True)
class Pretraining:
    """What a run is asked to do.

    Attributes:
        rows: of a step; `rows_at_once` of them are computed together by a process.
        long: tokens of a row while the rate falls, so that the model knows far positions; of fewer rows.
        rate: the highest learning rate.
        compile: have torch compile the model; on a CPU that needs a C++ compiler, and takes a minute.
        steps, warmup, decay: see `Schedule`.
        save_every, judge_every: steps between two states, and two looks at what is held out.
    """

    shape: GptShape = field(default_factory=GptShape)
    recipe: Recipe = field(default_factory=Recipe)
    steps: int = 4000
    warmup: int = 100
    decay: int = 800
    rate: float = 3e-3
    weight_decay: float = 0.1
    muon: bool = True
    clip: float = 1.0
    compile: bool = False
    rows: int = 32
    rows_at_once: int = 16
    long: int = 0
    seed: int = 0
    save_every: int = 100
    judge_every: int = 200

    def __post_init__(self) -> None:
        counts = ("steps", "warmup", "rows", "rows_at_once", "save_every", "judge_every")
        for name in counts:
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1")
        if not 0 <= self.decay <= self.steps:
            raise ValueError("decay must be from 0 to the number of steps")
        longest = max(self.recipe.length, self.long)
        if self.recipe.length < 16 or longest > self.shape.context:
            raise ValueError(f"rows may have from 16 to {self.shape.context} tokens, as the model's context has")

    def recipe_at(self, number: int) -> Recipe:
        """What rows are like at a step."""
        if not self.long or not self.schedule.decays(number):
            return self.recipe
        return replace(self.recipe, length=self.long)

    def rows_at(self, number: int) -> int:
        """Of a step: as many tokens, whatever their length."""
        return max(1, self.rows * self.recipe.length // self.recipe_at(number).length)

    @property
    def schedule(self) -> Schedule:
        """Of the learning rate."""
        return Schedule(self.steps, self.warmup, self.decay, self.rate)


@dataclass(frozen=True)
class Workers:
    """The processes of a run: this one's number, and how many there are."""

    rank: int = 0
    count: int = 1

    @classmethod
    def started(cls) -> "Workers":
        """As `torchrun` says; one where it does not. Joins the others."""
        count = int(os.environ.get("WORLD_SIZE", "1"))
        if count > 1 and not dist.is_initialized():
            if torch.cuda.is_available():
                torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
            dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
        return cls(int(os.environ.get("RANK", "0")), count)

    def agree(self, wanted: bool) -> bool:
        """Whether the first process wants to, for all of them."""
        if self.count == 1:
            return wanted
        said = torch.tensor([float(wanted)], device="cuda" if torch.cuda.is_available() else "cpu")
        dist.broadcast(said, 0)
        return bool(said.item())

    def wait(self) -> None:
        """Until all are here."""
        if self.count > 1:
            dist.barrier()

    def summed(self, tensors: Sequence[Tensor]) -> None:
        """Add up tensors over all processes, in place."""
        if self.count > 1:
            flat = torch.cat([each.flatten() for each in tensors])
            dist.all_reduce(flat)
            for each, part in zip(tensors, torch.split(flat, [each.numel() for each in tensors]), strict=True):
                each.copy_(part.view_as(each))


def pretrain(
    asked: Pretraining,
    corpus: Corpus,
    folder: Path,
    tokenizer: str = "",
    progress: Progress = SILENT,
    stop_after_s: float = math.inf,
) -> Path | None:
    """Begin a run in a folder, or go on with the one that is there; gives its last state, None where it is not done.

    Args:
        tokenizer: a `tokenizer.json`; "" for the one that is kept there, or else one that is learnt first.
        stop_after_s: a state is kept then, and the run may be gone on with.

    Raises:
        InputError: the folder holds another run, of these options or of another corpus; or nothing may be learnt from.
    """
    if not corpus.training:
        raise InputError("the corpus has nothing to learn from: all its packages are held out")
    workers = Workers.started()
    if workers.rank == 0:
        _begin(asked, corpus, tokenizer, folder, progress)
    workers.wait()
    placement = choose_placement()
    coder = Coder.of(folder / TOKENIZER)
    model = new_model(replace(asked.shape, vocabulary=coder.size), asked.seed)
    nn.Module.to(model, placement.device)
    run = _Run(asked, folder, workers, placement, model, coder)
    return run.go(corpus, progress, stop_after_s)


def _begin(asked: Pretraining, corpus: Corpus, tokenizer: str, folder: Path, progress: Progress) -> None:
    """What a run depends on, kept before it begins; the description last."""
    path, kept = folder / RUN, folder / TOKENIZER
    described = json.loads(json.dumps({"format": FORMAT, **asdict(asked), "corpus": corpus.digest}))
    if path.exists():
        known = json.loads(path.read_text(encoding="utf-8"))
        if {**known, **_length(described)} != described or (
            tokenizer and tokenizer != kept.read_text(encoding="utf-8")
        ):
            raise InputError(f"{folder} holds a run of other options or another corpus; name another folder")
        if known != described:
            last = state.newest(folder)
            begins = min(each["steps"] - each["decay"] for each in (known, described))
            if last is not None and state.step_of(last) > begins:
                raise InputError(
                    f"{folder} holds a run of {state.step_of(last)} steps, and the rate falls from step {begins} on; "
                    "its length cannot be changed like that any more"
                )
            write_json(path, described)
        return
    folder.mkdir(parents=True, exist_ok=True)
    if not tokenizer:
        progress.say("learning a tokenizer")
        tokenizer = learn_tokenizer([each.text for each in corpus.training], asked.shape.vocabulary)
    Coder(tokenizer)
    kept.write_text(tokenizer, encoding="utf-8")
    write_json(path, described)


def _length(described: dict[str, Any]) -> dict[str, Any]:
    """What may be changed of a run until its rate falls."""
    return {name: described[name] for name in ("steps", "decay")}


class _Run:
    """One process at work on a run."""

    def __init__(
        self,
        asked: Pretraining,
        folder: Path,
        workers: Workers,
        placement: Placement,
        model: LlamaForCausalLM,
        coder: Coder,
    ) -> None:
        self._asked, self._folder, self._workers = asked, folder, workers
        self._device, self._dtype = placement.device, placement.dtype
        self._model, self._coder = model, coder
        self._pad = coder.control[PAD]
        self._optimizers = optimizers_of(model, asked.weight_decay, asked.muon)
        self._losses_of = torch.compile(losses_of, dynamic=False) if asked.compile else losses_of

    def go(self, corpus: Corpus, progress: Progress, stop_after_s: float) -> Path | None:
        """Step by step to the end, or until it is time."""
        asked, at = self._asked, State()
        if (place := state.newest(self._folder)) is not None:
            at, learnt = state.load(place, self._optimizers)
            put_back(self._model, learnt)
        if self._workers.rank == 0:
            log.cut(self._folder, at.step)
        self._log(step=at.step, peak_flops=round(peak_flops(self._device, self._dtype)))
        held_out = self._held_out(corpus)
        feeds: dict[int, Iterator[tuple[Place, np.ndarray]]] = {}
        progress.say(f"{parameters_of(self._model):,} parameters, {len(corpus.training):,} files")
        until = time.monotonic() + stop_after_s
        while at.step < asked.steps and self._workers.agree(time.monotonic() < until):
            recipe = asked.recipe_at(at.step)
            if recipe.length not in feeds:
                place_of_rows = (at.places or {}).get(recipe.length, Place())
                seed = asked.seed + recipe.length  # long rows begin with other files than short ones
                feeds[recipe.length] = Rows(corpus.training, self._coder, recipe, seed).after(place_of_rows)
            at = self._step(at, feeds[recipe.length], recipe.length)
            if at.step % asked.judge_every == 0 or at.step == asked.steps:
                at = self._judged(at, held_out)
            if at.step % asked.save_every == 0 or (at.best and at.best[1] == at.step):
                self._save(at)
            progress.step("steps", at.step, asked.steps)
        self._save(at)
        return state.newest(self._folder) if at.step >= asked.steps else None

    def _step(self, at: State, feed: Iterator[tuple[Place, np.ndarray]], length: int) -> State:
        asked, started = self._asked, time.monotonic()
        count = asked.rows_at(at.step)
        taken = list(islice(feed, count))
        if len(taken) < count:
            raise InputError("the corpus gives no rows: its files are too short")
        rows = np.stack([row for _, row in taken])[self._workers.rank :: self._workers.count]
        at_once = max(1, asked.rows_at_once * asked.recipe.length // length)
        sums = torch.zeros(2, 2, device=self._device)
        for first in range(0, len(rows), at_once):
            found = self._sums(rows[first : first + at_once])
            torch.autograd.backward(found[:, 0].sum())
            sums += found.detach()
        learning = list(self._model.parameters())
        gradients = [
            torch.zeros_like(each) if each.grad is None else each.grad for each in learning
        ]  # without rows: none
        self._workers.summed([*gradients, sums])
        for each, gradient in zip(learning, gradients, strict=True):
            each.grad = gradient / sums[:, 1].sum()
        norm, rate = clip(self._model, asked.clip), asked.schedule.rate(at.step)
        step(self._optimizers, rate)
        seconds, tokens_of_step = time.monotonic() - started, int(sums[:, 1].sum())
        self._log(
            step=at.step + 1,
            **_means(sums),
            rate=round(rate, 8),
            norm=round(norm, 4),
            tokens=tokens_of_step,
            seconds=round(seconds, 3),
            flops=flops_of_token(self._model, length) * tokens_of_step,
        )
        places = {**(at.places or {}), length: taken[-1][0]}
        return replace(at, step=at.step + 1, places=places, tokens=at.tokens + tokens_of_step)

    def _sums(self, rows: np.ndarray) -> Tensor:
        """(2, 2): nats and how many tokens, of the text and of what fills holes in it."""
        ids, middle = torch.from_numpy(rows.astype(np.int64)).to(self._device).unbind(-1)
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._dtype == torch.bfloat16):
            losses = self._losses_of(self._model, ids, self._pad)
        kinds = torch.stack([1 - middle, middle])[..., 1:] * (ids[:, 1:] != self._pad)
        return torch.stack([(losses * kinds).sum((1, 2)), kinds.sum((1, 2))], dim=1)

    def _held_out(self, corpus: Corpus) -> np.ndarray:
        """The same rows at every look."""
        if not corpus.held_out:
            return np.empty((0, self._asked.recipe.length + 1, 2), dtype=np.uint16)
        feed = Rows(corpus.held_out, self._coder, self._asked.recipe, SEED_OF_HELD_OUT).after(Place())
        return np.stack([next(feed)[1] for _ in range(HELD_OUT_ROWS)])

    @torch.no_grad()
    def _judged(self, at: State, rows: np.ndarray) -> State:
        if not len(rows):
            return at
        sums = torch.zeros(2, 2, device=self._device)
        self._model.train(False)
        for first in range(0, len(rows), self._asked.rows_at_once):
            sums += self._sums(rows[first : first + self._asked.rows_at_once])
        self._model.train()
        found = _means(sums)
        self._log(step=at.step, **{f"held_out_{name}": value for name, value in found.items()})
        best = (found.get("middle", found["loss"]), at.step)
        return replace(at, best=best if at.best is None or best < at.best else at.best)

    def _save(self, at: State) -> None:
        if self._workers.rank == 0:
            state.save(self._folder, at, tensors_of(self._model), self._optimizers)
        self._workers.wait()

    def _log(self, **values: float) -> None:
        if self._workers.rank == 0:
            log.append(self._folder, **values)


def _means(sums: Tensor) -> dict[str, float]:
    """The loss of all tokens, and of those that fill a hole where there are any."""
    found = {"loss": float(sums[:, 0].sum() / sums[:, 1].sum())}
    if sums[1, 1] > 0:
        found["middle"] = float(sums[1, 0] / sums[1, 1])
    return {name: round(loss, 5) for name, loss in found.items()}
