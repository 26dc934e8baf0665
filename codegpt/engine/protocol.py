"""What an engine is: prompts in, generations out; no torch here."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol

from codegpt.prompt import Prompt

Cancelled = Callable[[], bool]
"""Asked between small pieces of work; True stops the work."""

Watch = Callable[[int, str], bool]
"""`watch(row, text)` is called after each token with the row's text so far; True ends the row there."""

Same = Callable[[str], str]
"""Two texts for which this gives the same are worth one."""


@dataclass(frozen=True)
class SamplingParams:
    """How to draw tokens; the defaults are greedy.

    A row's draws depend on `seed`, its prompt and its number only, never on what else is in the batch.

    Attributes:
        first_row: the number of the first row, for rows of one prompt that are drawn by several calls.
        heal: the last word of the prompt is written anew, and what is given is what follows it.
    """

    max_new_tokens: int = 128
    temperature: float = 0.0
    top_k: int = 0
    top_p: float = 1.0
    seed: int = 0
    first_row: int = 0
    stop: tuple[str, ...] = ()
    timeout_s: float | None = None
    heal: bool = False

    def __post_init__(self) -> None:
        if self.max_new_tokens < 1:
            raise ValueError("max_new_tokens must be at least 1")
        if self.temperature < 0 or self.top_k < 0 or not 0 < self.top_p <= 1:
            raise ValueError("temperature and top_k must not be negative, and top_p must be in (0, 1]")
        if "" in self.stop:
            raise ValueError("a stop string must not be empty")


class Precision(StrEnum):
    """How weights lie in memory: as the floats of the checkpoint, or as int8; by default that on a CPU alone."""

    AUTO = "auto"
    FULL = "full"
    INT8 = "int8"


class StopReason(StrEnum):
    """Why a row ended."""

    END_OF_TEXT = "end_of_text"
    STOP = "stop"
    LENGTH = "length"
    DEADLINE = "deadline"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Generation:
    """One row: the text before any stop string, its token ids as drawn, and how sure the model was.

    Attributes:
        mean_logprob: the mean natural log-probability of the drawn tokens under the model at temperature 1; 0.0 where
            there are none.
        logprobs: of each token; empty where they are not known one by one.
        ends: the length of the text once each token was there.
    """

    text: str
    token_ids: tuple[int, ...]
    mean_logprob: float
    stop_reason: StopReason
    logprobs: tuple[float, ...] = ()
    ends: tuple[int, ...] = ()

    def logprob_of(self, length: int) -> float:
        """Of the tokens that wrote the first `length` characters, and of the next one: with it the model ended them."""
        if not self.logprobs:
            return self.mean_logprob * len(self.token_ids)
        return sum(self.logprobs[: bisect_right(self.ends, length) + 1])

    def mean_logprob_between(self, begin: int, end: int) -> float:
        """The mean of the tokens that wrote the characters from `begin` to `end`, and of the next one."""
        first = bisect_right(self.ends, begin) if begin else 0
        logprobs = self.logprobs[first : bisect_right(self.ends, end) + 1]
        return sum(logprobs) / len(logprobs) if logprobs else self.mean_logprob


@dataclass(frozen=True)
class ModelInfo:
    """What a model says of itself. `markup` holds the spellings of all its control tokens."""

    name: str
    digest: str
    context_tokens: int
    markup: frozenset[str]
    device: str
    dtype: str


class ToRead(NamedTuple):
    """Seconds; 0.0 where it is not known yet how fast the model reads.

    Attributes:
        left: for those tokens of a prompt that no earlier one began with.
        whole: for all of them.
    """

    left: float
    whole: float


@dataclass(frozen=True)
class PromptWork:
    """How many tokens a prompt had, and how many of them were computed anew."""

    tokens: int = 0
    computed: int = 0


def never() -> bool:
    """A `Cancelled` that never stops the work."""
    return False


class Engine(Protocol):
    """A code model. Not safe for concurrent calls: one thread owns it.

    In that thread, the `cancelled` of a `generate` that has `rows_at_once` may itself call the engine: such a call
    shares nothing with others but the weights, and goes on where it was.
    """

    @property
    def info(self) -> ModelInfo:
        """The model behind this engine."""
        ...

    @property
    def last_prompt(self) -> PromptWork:
        """What the last prompt that was asked alone took."""
        ...

    def count_tokens(self, text: str) -> int:
        """How many tokens `text` takes as plain text."""
        ...

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
        """Draw `n` rows for each prompt; row `i` of prompt `p` is watched as row `p * n + i`.

        About `rows_at_once` rows grow together (0: all), and as rows end, those of further prompts take their places.

        A cancelled or late call returns what it has, with that stop reason on the unfinished rows.

        Raises:
            PromptTooLong: a prompt and its new tokens do not fit the context window.
        """
        ...

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
        """The likeliest texts that a beam search of `width` finds, at most so many, no two the `same`; likeliest first.

        `watch` is called for row 0 whichever beam grows. A cancelled or late call returns what it has.

        Raises:
            PromptTooLong: the prompt and its new tokens do not fit the context window.
        """
        ...

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
        """The natural log-probability of the first `most_tokens` of `following` after `prompt` and each of `texts`.

        None where the call was cancelled or late, where a text takes no token, or where it does not fit the context
        window.
        """
        ...

    def seconds_to_read(self, prompt: Prompt) -> ToRead:
        """About how long a prompt takes to read."""
        ...

    def read(self, prompt: Prompt, cancelled: Cancelled = never) -> None:
        """Compute a prompt before it is asked with. A cancelled call leaves what it has."""
        ...

    def forget(self) -> None:
        """Drop what is kept of earlier calls, so that what comes next does not depend on them in any digit."""
        ...


class GenerateOnly:
    """What an `Engine` has beside `generate`, for one that is asked for nothing else and keeps nothing."""

    def __init__(self, info: ModelInfo) -> None:
        self.info = info
        self.last_prompt = PromptWork()

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
        """Not made."""
        raise NotImplementedError

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
        """Not known."""
        return None

    def seconds_to_read(self, prompt: Prompt) -> ToRead:
        """Not known."""
        return ToRead(0.0, 0.0)

    def read(self, prompt: Prompt, cancelled: Cancelled = never) -> None:
        """Nothing is read ahead."""

    def forget(self) -> None:
        """Nothing is kept."""
