"""A deterministic engine without weights: it answers from a script, as slowly and as interruptibly as a real one.

For tests, documentation and editor tests. A token is one character.
"""

import time
from collections.abc import Callable, Sequence

from codegpt.engine.protocol import (
    Cancelled,
    Generation,
    ModelInfo,
    PromptWork,
    Same,
    SamplingParams,
    StopReason,
    ToRead,
    Watch,
    never,
)
from codegpt.prompt import Markup, Prompt

Script = Callable[[Prompt, int], str]
"""`script(prompt, row)` is the whole text that the model would write."""

Fit = Callable[[Prompt, str, str], float]
"""`fit(prompt, text, following)` is how likely the model finds `following` after the other two."""


class ScriptedEngine:
    """An `Engine` that writes what `script` says, a character every `seconds_per_token`, and ranks as `fit` says."""

    def __init__(
        self,
        script: Script | str,
        markup: Sequence[str] = (),
        seconds_per_token: float = 0.0,
        fit: Fit = lambda _prompt, _text, _following: 0.0,
    ) -> None:
        self._fit = fit
        self._script = (lambda _prompt, _row: script) if isinstance(script, str) else script
        self._seconds_per_token = seconds_per_token
        self._last_prompt = PromptWork()
        self._info = ModelInfo("scripted", "", 1_000_000, frozenset(markup), "none", "none")

    @property
    def info(self) -> ModelInfo:
        """A model called `scripted`."""
        return self._info

    @property
    def last_prompt(self) -> PromptWork:
        """The last prompt, of which everything is computed."""
        return self._last_prompt

    def count_tokens(self, text: str) -> int:
        """One token a character."""
        return len(text)

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
        """Write the script row by row; see `Engine.generate`."""
        deadline = None if params.timeout_s is None else time.monotonic() + params.timeout_s
        results = []
        for p, prompt in enumerate(prompts):
            length = len(prompt_text(prompt))
            self._last_prompt = PromptWork(length, length)
            rows = [
                self._write(
                    p * n + row, self._script(prompt, params.first_row + row), params, watch, cancelled, deadline
                )
                for row in range(n)
            ]
            results.append(rows)
        return results

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
        """The script's first `width` rows without those that are the same; see `Engine.search`."""
        [rows] = self.generate([prompt], params, n=width, watch=watch, cancelled=cancelled)
        distinct: dict[str, Generation] = {}
        for row in rows:
            distinct.setdefault(same(row.text), row)
        return sorted(distinct.values(), key=lambda row: -row.logprob_of(len(row.text)))

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
        """What `fit` says of each; see `Engine.logprobs_after`."""
        late = timeout_s is not None and timeout_s <= 0
        if cancelled() or late or not all(texts):
            return None
        return [self._fit(prompt, text, following[:most_tokens]) for text in texts]

    def seconds_to_read(self, prompt: Prompt) -> ToRead:
        """As long as it takes to write as much."""
        seconds = self._seconds_per_token * len(prompt_text(prompt))
        return ToRead(seconds, seconds)

    def read(self, prompt: Prompt, cancelled: Cancelled = never) -> None:
        """Nothing is kept."""

    def forget(self) -> None:
        """Nothing is kept."""

    def _write(
        self,
        row: int,
        script: str,
        params: SamplingParams,
        watch: Watch | None,
        cancelled: Cancelled,
        deadline: float | None,
    ) -> Generation:
        text = ""
        reason = StopReason.END_OF_TEXT
        for written, character in enumerate(script, start=1):
            if cancelled():
                reason = StopReason.CANCELLED
                break
            if deadline is not None and time.monotonic() >= deadline:
                reason = StopReason.DEADLINE
                break
            if self._seconds_per_token:
                time.sleep(self._seconds_per_token)
            text += character
            stops = [at for at in (text.find(stop) for stop in params.stop) if at >= 0]
            text = text[: min(stops)] if stops else text
            if (watch is not None and watch(row, text)) or stops:
                reason = StopReason.STOP
                break
            if written == params.max_new_tokens:
                reason = StopReason.LENGTH
                break
        return Generation(text, tuple(map(ord, text)), -0.1 if text else 0.0, reason)


def prompt_text(prompt: Prompt) -> str:
    """A prompt as one string, for scripts that look at what they were asked."""
    return "".join(part.token if isinstance(part, Markup) else part for part in prompt.parts)
