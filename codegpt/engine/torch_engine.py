"""The engine that computes: a local checkpoint, run by torch."""

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from codegpt.engine.beam import beam_search
from codegpt.engine.decode import decode, read
from codegpt.engine.device import choose_placement
from codegpt.engine.loading import load
from codegpt.engine.memory import give_back, is_out_of_memory
from codegpt.engine.model import Interrupt, Interrupted, Model
from codegpt.engine.pace import Pace
from codegpt.engine.prompt_cache import MOST_BYTES, PromptCaches
from codegpt.engine.protocol import (
    Cancelled,
    Generation,
    ModelInfo,
    Precision,
    PromptWork,
    Same,
    SamplingParams,
    StopReason,
    ToRead,
    Watch,
    never,
)
from codegpt.engine.scoring import logprobs_after
from codegpt.engine.speculate import Said
from codegpt.engine.tokens import Tokens
from codegpt.errors import CheckpointError, OutOfMemory, PromptTooLong
from codegpt.prompt import Prompt

logger = logging.getLogger(__name__)

Result = TypeVar("Result")


class TorchEngine:
    """An `Engine` over a model of torch; it keeps the last prompts' keys and values for the next calls."""

    def __init__(self, model: Model, tokens: Tokens, name: str = "", digest: str = "") -> None:
        self._model = model
        self._tokens = tokens
        self._pace = Pace()
        self._last_prompt = PromptWork()
        self._most_bytes = MOST_BYTES
        self._said = Said("", "")
        self.forget()
        self._info = ModelInfo(
            name=name,
            digest=digest,
            context_tokens=model.context_tokens,
            markup=frozenset(tokens.markup),
            device=str(model.device),
            dtype=model.arithmetic,
        )

    @property
    def info(self) -> ModelInfo:
        """The model behind this engine."""
        return self._info

    @property
    def model(self) -> Model:
        """What computes."""
        return self._model

    @property
    def last_prompt(self) -> PromptWork:
        """What the last prompt that was asked alone took."""
        return self._last_prompt

    def count_tokens(self, text: str) -> int:
        """How many tokens `text` takes as plain text."""
        return self._tokens.count(text)

    def generate(
        self,
        prompts: Sequence[Prompt],
        params: SamplingParams,
        *,
        n: int = 1,
        watch: Watch | None = None,
        cancelled: Cancelled = never,
        rows_at_once: int = 0,
    ) -> list[list[Generation]]:
        """Draw `n` rows for each prompt; see `Engine.generate`."""
        if not prompts or n < 1:
            return [[] for _ in prompts]
        ids, begins = zip(
            *(self._encode(prompt, params.max_new_tokens, params.heal) for prompt in prompts), strict=True
        )
        interrupt = _interrupt(params.timeout_s, cancelled)
        alone = not rows_at_once and len(prompts) == 1
        before = _text_before(prompts[0])
        rest = self._said.after(before) if alone else ""
        expected = begins[0] + rest if rest else ""

        def rows() -> list[list[Generation]]:
            kept = None if rows_at_once else self._kept  # a long run's draws do not depend on what came before
            pace = None if rows_at_once else self._pace  # other calls may be made in the middle of it
            return decode(
                self._model, self._tokens, ids, params, n, interrupt, watch, kept, rows_at_once, pace, begins, expected
            )

        written = self._making_room(rows)
        if alone:
            self._last_prompt = PromptWork(len(ids[0]), self._kept.sequences[-1].computed)
            self._said = Said(before, written[0][0].text)
        return written

    def search(
        self,
        prompt: Prompt,
        params: SamplingParams,
        width: int,
        *,
        watch: Watch | None = None,
        same: Same = str,
        cancelled: Cancelled = never,
    ) -> list[Generation]:
        """Several likely texts; see `Engine.search`."""
        ids, begin = self._encode(prompt, params.max_new_tokens, params.heal)
        interrupt = _interrupt(params.timeout_s, cancelled)
        written = self._making_room(
            lambda: beam_search(
                self._model, self._tokens, ids, params, width, interrupt, watch, same, self._kept, begin
            )
        )
        self._last_prompt = PromptWork(len(ids), self._kept.sequences[-1].computed)
        return written

    def logprobs_after(
        self,
        prompt: Prompt,
        texts: Sequence[str],
        following: str,
        *,
        most_tokens: int,
        timeout_s: float | None = None,
        cancelled: Cancelled = never,
    ) -> list[float] | None:
        """How likely a text is after each of several others; see `Engine.logprobs_after`."""
        encoded = [self._tokens.encode_text(text) for text in texts]
        wanted = self._tokens.encode_text(following)[:most_tokens]
        if not encoded or not wanted:
            return [0.0] * len(encoded)
        if not all(encoded):
            return None
        try:
            ids, _ = self._encode(prompt, max(map(len, encoded)) + len(wanted))
            interrupt = _interrupt(timeout_s, cancelled)
            return self._making_room(lambda: logprobs_after(self._model, ids, encoded, wanted, interrupt, self._kept))
        except (PromptTooLong, Interrupted):
            return None

    def seconds_to_read(self, prompt: Prompt) -> ToRead:
        """About how long a prompt takes to read; see `Engine.seconds_to_read`."""
        ids, seconds = self._tokens.encode(prompt), self._pace.seconds_to_read
        return ToRead(seconds(self._kept.lacking(ids)), seconds(len(ids)))

    def read(self, prompt: Prompt, cancelled: Cancelled = never) -> None:
        """Compute a prompt before it is asked with; see `Engine.read`."""
        with suppress(Interrupted):
            ids, _ = self._encode(prompt, 1)
            interrupt = _interrupt(None, cancelled)
            self._making_room(lambda: read(self._model, ids, self._kept, interrupt))

    def forget(self) -> None:
        """Drop the kept prompts; see `Engine.forget`."""
        self._kept = PromptCaches(self._most_bytes)
        self._said = Said("", "")

    def _making_room(self, work: Callable[[], Result]) -> Result:
        """Do it; where memory runs out, give up the kept prompts, keep fewer from then on, and do it once more.

        Raises:
            OutOfMemory: it ran out again.
        """
        for again in (True, False):
            try:
                return work()
            except (MemoryError, RuntimeError) as error:
                if not is_out_of_memory(error):
                    raise
            self._most_bytes //= 2  # here, where the error no longer holds what the work had allocated
            self.forget()
            if again:
                logger.warning("out of memory: keeping at most %d MB of prompts from now on", self._most_bytes >> 20)
        raise OutOfMemory("out of memory: close something, or choose a smaller model")

    def _encode(self, prompt: Prompt, new_tokens: int, heal: bool = False) -> tuple[list[int], str]:
        """The ids of a prompt, at least one, and what has to come first behind them.

        Raises:
            PromptTooLong: they do not fit with so many new ones.
        """
        ids, begin = self._tokens.encode_healed(prompt) if heal else (self._tokens.encode(prompt), "")
        if len(ids) + new_tokens > self._info.context_tokens:
            raise PromptTooLong(
                f"a prompt of {len(ids)} tokens and {new_tokens} new ones do not fit "
                f"the model's {self._info.context_tokens}"
            )
        return ids or [min(self._tokens.end_ids, default=0)], begin  # nothing to continue: as after an earlier text


def _text_before(prompt: Prompt) -> str:
    """The text that the answer goes on from; "" where the prompt ends in a control token."""
    last = prompt.parts[-1] if prompt.parts else ""
    return last if isinstance(last, str) else ""


def _interrupt(timeout_s: float | None, cancelled: Cancelled) -> Interrupt:
    deadline = None if timeout_s is None else time.monotonic() + timeout_s

    def interrupt() -> StopReason | None:
        if cancelled():
            return StopReason.CANCELLED
        if deadline is not None and time.monotonic() >= deadline:
            return StopReason.DEADLINE
        return None

    return interrupt


def load_torch_engine(
    directory: Path,
    name: str = "",
    digest: str = "",
    *,
    precision: Precision = Precision.AUTO,
    store: Path | None = None,
    adapter: Path | None = None,
) -> TorchEngine:
    """Load a directory of safetensors, `config.json` and `tokenizer.json` onto the best device there is.

    Args:
        precision: how the weights are stored in memory.
        store: a file for int8 weights, see `loading.load`.
        adapter: the folder of what is added to the weights.

    Raises:
        CheckpointError: the directory does not hold a causal language model that transformers knows.
    """
    try:
        tokens = Tokens((directory / "tokenizer.json").read_text(encoding="utf-8"))
        model = load(directory, choose_placement(), precision, store, digest, adapter)
        give_back()
        return TorchEngine(model, tokens, name, digest)
    except CheckpointError:
        raise
    except Exception as error:  # transformers raises whatever its parts raise
        raise CheckpointError(f"{directory} does not load as a causal language model: {error}") from error
