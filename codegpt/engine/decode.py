"""Decoding: each prompt is computed once, then all rows advance together, one token a step.

`decode` is the fast path (cached keys and values, batched rows, chunked prompts); `decode_plain` is its slow twin,
which computes everything anew for every token of every row. At temperature 0 and in float32 both give the same tokens.

A row ends at a control token, at a stop string, where the caller's `watch` says so, at its length, at the deadline, or
when the call is cancelled. Stops are decided on text, since a stop string may begin in the middle of a token.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter

import torch
from torch import Tensor

from codegpt.engine.kv_cache import Batch, KvCache, Rows, common_prefix, gather
from codegpt.engine.model import Interrupt, Interrupted, Model
from codegpt.engine.next_token import logprob_of, next_token, row_uniforms
from codegpt.engine.pace import GUESS_TOKENS, Pace
from codegpt.engine.prompt_cache import PromptCache, PromptCaches
from codegpt.engine.protocol import Generation, SamplingParams, StopReason, Watch
from codegpt.engine.speculate import SURE, Guess, Guesser
from codegpt.engine.tokens import Tokens

PREFILL_CHUNK_TOKENS = 256
"""Prompt tokens computed in one forward pass: beyond this the passes gain little and memory grows."""

AHEAD_CHUNK_TOKENS = 64
"""The same while nobody waits for the prompt: whoever asks meanwhile stops it, and a chunk that is stopped is lost."""

CUDA_CHUNK_FACTOR = 4
"""Chunks of a GPU are larger: it is done with a few tokens before it has been told what to do with them."""

PENDING_TOKENS = 4
"""So many tokens of a prompt at most are computed together with what is expected behind it, in one pass."""

SHRINK_BELOW = 0.75
"""A batch is made anew, without its ended rows, once no more than this share of it is still growing."""

SETTLE_TOKENS = 8
"""Tokens of a row are decoded anew with each that follows until there are so many."""


@dataclass
class Row:
    """One row while it grows."""

    index: int
    uniforms: Tensor  # (max_new_tokens,)
    ids: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    text: str = ""
    stop_reason: StopReason | None = None
    begin: str = ""  # what it has to begin with, which is no part of its text
    written: str = ""  # its text, with the beginning
    settled: int = 0  # of its tokens, those that are decoded for good
    settled_text: str = ""

    def append(self, token: int, logprob: float, tokens: Tokens, params: SamplingParams, watch: Watch | None) -> None:
        """Take one drawn token and decide whether the row ends with it."""
        self.ids.append(token)
        self.logprobs.append(logprob)
        if token in tokens.end_ids:
            self.ends.append(len(self.text))
            self.stop_reason = StopReason.END_OF_TEXT
            return
        self.written = self._decoded(tokens)
        self.text = self.written[len(self.begin) :]
        self.ends.append(len(self.text))
        if self.lacking:
            self._end_at(params.max_new_tokens)
            return
        stops = [at for at in (self.text.find(stop) for stop in params.stop) if at >= 0]
        if stops:
            self.text = self.text[: min(stops)]
            self.stop_reason = StopReason.STOP
        if watch is not None and watch(self.index, self.text):
            self.stop_reason = StopReason.STOP
        self._end_at(params.max_new_tokens)

    def _decoded(self, tokens: Tokens) -> str:
        """What all tokens say; not all are decoded at each, as hundreds of rows would wait for that."""
        rest = self.ids[self.settled :]
        text = self.settled_text + tokens.decode(rest)
        if len(rest) >= SETTLE_TOKENS and not tokens.breaks_off(rest):
            self.settled, self.settled_text = len(self.ids), text
        return text

    def _end_at(self, length: int) -> None:
        if self.stop_reason is None and len(self.ids) == length:
            self.stop_reason = StopReason.LENGTH

    @property
    def lacking(self) -> str:
        """What it still has to write of its beginning."""
        return self.begin[len(self.written) :]

    def copy(self) -> "Row":
        """Another row that has grown as far."""
        return replace(self, ids=list(self.ids), logprobs=list(self.logprobs), ends=list(self.ends))

    @property
    def logprob(self) -> float:
        """Of all tokens together."""
        return sum(self.logprobs)

    def generation(self, unfinished: StopReason) -> Generation:
        """The row as a result; `unfinished` is the reason of a row that was still growing."""
        mean = self.logprob / len(self.ids) if self.ids else 0.0
        reason = self.stop_reason or unfinished
        return Generation(self.text, tuple(self.ids), mean, reason, tuple(self.logprobs), tuple(self.ends))


def constrain(logits: Tensor, rows: Sequence[Row], tokens: Tokens) -> Tensor:
    """(B, V) without the tokens that a row may not begin with; the same where all rows have begun."""
    held_back = [(at, row.lacking) for at, row in enumerate(rows) if row.lacking and row.stop_reason is None]
    if not held_back:
        return logits
    logits = logits.clone()
    for at, text in held_back:
        allowed = torch.tensor(tokens.vocabulary.beginning(text), dtype=torch.long, device=logits.device)
        if len(allowed):
            kept = logits[at, allowed]
            logits[at] = -torch.inf
            logits[at, allowed] = kept
    return logits


Waiting = deque[tuple[Sequence[int], list[Row]]]
"""Prompts that are still to be computed, with their rows."""


Joining = tuple[Rows, int, list[Row]]
"""Rows that join a batch: their keys and values, of how many tokens, and the rows themselves."""


def chunk_of(model: Model, tokens: int = PREFILL_CHUNK_TOKENS) -> int:
    """So many tokens of a prompt go through the model at once where `tokens` would on a CPU."""
    return tokens * CUDA_CHUNK_FACTOR if model.device.type == "cuda" else tokens


def prefill(
    model: Model,
    ids: Sequence[int],
    kept: PromptCache,
    interrupt: Interrupt,
    pace: Pace | None = None,
    chunk_tokens: int = PREFILL_CHUNK_TOKENS,
) -> Tensor:
    """Make `kept` hold exactly `ids` and return the logits (1, V) that follow; computes only what `kept` lacks.

    Args:
        pace: is told how long it took.

    Raises:
        Interrupted: `kept` then holds the whole chunks computed so far.
    """
    done = min(common_prefix(kept.ids, ids), len(ids) - 1)  # the last token is always computed: its logits are wanted
    kept.truncate(done)
    kept.computed = len(ids) - done
    chunk_tokens = chunk_of(model, chunk_tokens)
    while True:
        chunk = list(ids[done : done + chunk_tokens])
        begun = perf_counter()
        logits = model.forward(torch.tensor([chunk]), kept.cache, interrupt)[:, -1]
        if pace:
            float(logits[0, 0])  # a GPU is done only when something is asked of it
            pace.read(len(chunk), perf_counter() - begun)
        done += len(chunk)
        kept.ids.extend(chunk)
        if done == len(ids):
            return logits


def read(model: Model, ids: Sequence[int], kept: PromptCaches, interrupt: Interrupt) -> None:
    """Compute a prompt before it is asked with.

    Raises:
        Interrupted: see `prefill`.
    """
    if kept.lacking(ids):
        prefill(model, ids, kept.take(ids), interrupt, None, AHEAD_CHUNK_TOKENS)


def decode(
    model: Model,
    tokens: Tokens,
    prompts: Sequence[Sequence[int]],
    params: SamplingParams,
    n: int,
    interrupt: Interrupt,
    watch: Watch | None = None,
    kept: PromptCaches | None = None,
    rows_at_once: int = 0,
    pace: Pace | None = None,
    begins: Sequence[str] = (),
    expected: str = "",
) -> list[list[Generation]]:
    """Draw `n` rows for each prompt; every prompt has at least one token.

    Args:
        kept: where a single prompt finds what earlier calls computed, and leaves its own for the next.
        rows_at_once: how many rows grow together, or the `n` of one prompt if those are more; 0 for all.
        pace: a single row guesses its next tokens as this says; None for never.
        begins: what the rows of each prompt have to begin with; () for nothing.
        expected: what a single row may well write, its beginning included; "" where nobody knows.
    """
    decoder = Decoder(model, tokens, params, interrupt, watch)
    rows = [
        [Row(p * n + i, uniforms, begin=begin) for i, uniforms in enumerate(row_uniforms(params, prompt, n))]
        for p, (prompt, begin) in enumerate(zip(prompts, begins or [""] * len(prompts), strict=True))
    ]
    single = kept.take(prompts[0]) if kept is not None and len(prompts) == 1 else None
    unfinished = StopReason.LENGTH
    try:
        if len(prompts) * n == 1:
            decoder.alone(prompts[0], rows[0][0], single or PromptCache(), pace, expected)
        else:
            waiting = deque(zip(prompts, rows, strict=True))
            decoder.together(waiting, rows_at_once or len(prompts) * n, single)
    except Interrupted as interrupted:
        unfinished = interrupted.reason
    return [[row.generation(unfinished) for row in own] for own in rows]


@dataclass(frozen=True)
class Decoder:
    """What stays the same while rows grow."""

    model: Model
    tokens: Tokens
    params: SamplingParams
    interrupt: Interrupt
    watch: Watch | None

    def alone(self, prompt: Sequence[int], row: Row, kept: PromptCache, pace: Pace | None, expected: str = "") -> None:
        """Grow one row in the cache of its prompt, which keeps it; with guesses, which change nothing but the time."""
        guesser = Guesser()
        if pace:
            guesser.extend(kept.ids)  # what was written the last time may be what comes now
            guesser.extend(prompt)
        shared = min(common_prefix(kept.ids, prompt), len(prompt) - 1)
        if pace and expected and len(prompt) - shared <= PENDING_TOKENS:
            kept.truncate(shared)
            kept.computed = len(prompt) - shared
            pending = list(prompt[shared:])  # computed together with what is expected behind it
        else:
            self.draw(prefill(self.model, prompt, kept, self.interrupt, pace), [row])
            pending = row.ids[-1:]
            guesser.extend(pending)
        while row.stop_reason is None:
            guess = self.guess(row, guesser, pace, expected, len(pending)) if pace else Guess((), 0)
            held, ids = len(kept.ids), [*pending, *guess.ids]
            positions = torch.arange(held, held + len(ids))[None]
            begun, count = perf_counter(), 1 + len(guess.ids)
            logits = self.model.forward(torch.tensor([ids]), kept.cache, self.interrupt, None, positions, count)
            kept.ids.extend(ids)
            right = self.check(logits, row, guess, guesser, pace)
            kept.truncate(held + len(pending) + right)
            if pace:
                pace.took(len(ids), perf_counter() - begun)
            pending = row.ids[-1:]

    def check(self, logits: Tensor, row: Row, guess: Guess, guesser: Guesser, pace: Pace | None) -> int:
        """Draw as long as what is drawn is what was guessed, and once more; how many guessed tokens were right."""
        for at in range(len(guess.ids)):
            self.draw(logits[:, at], [row])
            guesser.extend(row.ids[-1:])
            hit = row.ids[-1] == guess.ids[at]
            if pace:
                pace.saw(guess.matched, hit)
            if not hit or row.stop_reason is not None:
                return at
        self.draw(logits[:, -1], [row])
        guesser.extend(row.ids[-1:])
        return len(guess.ids)

    def guess(self, row: Row, guesser: Guesser, pace: Pace, expected: str, pending: int) -> Guess:
        """What may come next; never more than the row may still become."""
        rest = expected[len(row.written) :] if expected.startswith(row.written) else ""
        most = max(GUESS_TOKENS)
        guess = Guess(self.tokens.encode_text(rest)[:most], SURE) if rest else guesser.guess(most)
        room = min(most + 1 - pending, self.params.max_new_tokens - len(row.ids) - 1)
        most = min(pace.guess_tokens(guess.matched), room)
        return Guess(guess.ids[: max(0, most)], guess.matched)

    def together(self, waiting: Waiting, at_once: int, kept: PromptCache | None) -> None:
        """Grow the rows of all prompts; as rows end, they leave the batch and those of further prompts join it."""
        batch: Batch | None = None
        batched: list[Row] = []
        while True:
            growing = [at for at, row in enumerate(batched) if row.stop_reason is None]
            shrinks = len(growing) <= SHRINK_BELOW * len(batched)
            joining = self.join(waiting, at_once - len(growing), kept, not growing) if shrinks else []
            if joining or (shrinks and growing):
                old = [] if batch is None or not growing else [Rows(batch.cache, growing, spent=True)]
                lengths = [] if batch is None else [batch.lengths[at] for at in growing]
                lengths += [length for _, length, rows in joining for _ in rows]
                batch = gather([*old, *(part for part, _, _ in joining)], lengths)
                batched = [*(batched[at] for at in growing), *(row for _, _, rows in joining for row in rows)]
            elif batch is None or not growing:
                return
            ids = torch.tensor([row.ids[-1:] for row in batched])
            mask, positions = batch.attention_mask(), batch.position_ids()
            logits = self.model.forward(ids, batch.cache, self.interrupt, mask, positions)[:, -1]
            batch = batch.longer()
            self.draw(logits, batched)

    def join(self, waiting: Waiting, room: int, kept: PromptCache | None, must: bool) -> list[Joining]:
        """Compute the next prompts that there is room for, at least one if it `must`, and draw their first tokens."""
        joining: list[Joining] = []
        while waiting and (room >= len(waiting[0][1]) or (must and not joining)):
            prompt, rows = waiting.popleft()
            room -= len(rows)
            own = kept or PromptCache()
            logits = prefill(self.model, prompt, own, self.interrupt)
            self.draw(logits.expand(len(rows), -1), rows)
            growing = [row for row in rows if row.stop_reason is None]
            if growing:
                joining.append((Rows(own.cache, [0] * len(growing), spent=own is not kept), len(prompt), growing))
        return joining

    def draw(self, logits: Tensor, rows: Sequence[Row]) -> None:
        """Give every row that grows its next token, from `logits` (B, V)."""
        steps = [min(len(row.ids), self.params.max_new_tokens - 1) for row in rows]
        uniforms = torch.stack([row.uniforms[step] for row, step in zip(rows, steps, strict=True)]).to(logits.device)
        logits = constrain(logits, rows, self.tokens)
        drawn = next_token(logits, self.params, uniforms)
        scores = logprob_of(logits, drawn).tolist()
        for row, token, score in zip(rows, drawn.tolist(), scores, strict=True):
            if row.stop_reason is None:
                row.append(token, score, self.tokens, self.params, self.watch)


def decode_plain(
    model: Model,
    tokens: Tokens,
    prompts: Sequence[Sequence[int]],
    params: SamplingParams,
    n: int,
    interrupt: Interrupt,
    watch: Watch | None = None,
    begins: Sequence[str] = (),
) -> list[list[Generation]]:
    """The slow twin of `decode`: no cache, no batch, no chunks; every token computes the whole sequence again."""
    results = []
    for p, prompt in enumerate(prompts):
        uniforms = row_uniforms(params, prompt, n)
        generations = []
        for i in range(n):
            row = Row(p * n + i, uniforms[i], begin=begins[p] if begins else "")
            unfinished = StopReason.LENGTH
            try:
                while row.stop_reason is None:
                    sequence = torch.tensor([[*prompt, *row.ids]])
                    logits = constrain(model.forward(sequence, KvCache(), interrupt)[:, -1], [row], tokens)
                    drawn = next_token(logits, params, uniforms[i, len(row.ids)][None])
                    row.append(int(drawn), float(logprob_of(logits, drawn)), tokens, params, watch)
            except Interrupted as interrupted:
                unfinished = interrupted.reason
            generations.append(row.generation(unfinished))
        results.append(generations)
    return results
