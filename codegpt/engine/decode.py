"""Decoding: each prompt is computed once, then all rows advance together, one token a step.

`decode` is the fast path (cached keys and values, batched rows, chunked prompts); `decode_plain` is its slow twin,
which computes everything anew for every token of every row. At temperature 0 and in float32 both give the same tokens.

A row ends at a control token, at a stop string, where the caller's `watch` says so, at its length, at the deadline, or
when the call is cancelled. Stops are decided on text, since a stop string may begin in the middle of a token.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor
from transformers import DynamicCache

from codegpt.engine.causal_model import CausalModel, Interrupt, Interrupted
from codegpt.engine.kv_cache import Batch, common_prefix, empty_cache, join, select_rows, truncate
from codegpt.engine.next_token import logprob_of, next_token, row_uniforms
from codegpt.engine.protocol import Generation, SamplingParams, StopReason, Watch
from codegpt.engine.tokens import Tokens

PREFILL_CHUNK_TOKENS = 256
"""Prompt tokens computed in one forward pass: beyond this the passes gain little and memory grows."""

SHRINK_BELOW = 0.8
"""A batch is copied without its ended rows once no more than this share of it is still growing."""


@dataclass
class Row:
    """One row while it grows."""

    index: int
    ids: list[int] = field(default_factory=list)
    logprob_sum: float = 0.0
    text: str = ""
    stop_reason: StopReason | None = None

    def append(self, token: int, logprob: float, tokens: Tokens, params: SamplingParams, watch: Watch | None) -> None:
        """Take one drawn token and decide whether the row ends with it."""
        self.logprob_sum += logprob
        self.ids.append(token)
        if token in tokens.end_ids:
            self.stop_reason = StopReason.END_OF_TEXT
            return
        self.text = tokens.decode(self.ids)
        stops = [at for at in (self.text.find(stop) for stop in params.stop) if at >= 0]
        if stops:
            self.text = self.text[: min(stops)]
            self.stop_reason = StopReason.STOP
        if watch is not None and watch(self.index, self.text):
            self.stop_reason = StopReason.STOP
        if self.stop_reason is None and len(self.ids) == params.max_new_tokens:
            self.stop_reason = StopReason.LENGTH

    def generation(self, unfinished: StopReason) -> Generation:
        """The row as a result; `unfinished` is the reason of a row that was still growing."""
        mean = self.logprob_sum / len(self.ids) if self.ids else 0.0
        return Generation(self.text, tuple(self.ids), mean, self.stop_reason or unfinished)


@dataclass
class PromptCache:
    """The keys and values of one sequence of tokens, kept so that the next prompt computes only what is new."""

    ids: list[int] = field(default_factory=list)
    cache: DynamicCache = field(default_factory=empty_cache)


def prefill(model: CausalModel, ids: Sequence[int], kept: PromptCache, interrupt: Interrupt) -> Tensor:
    """Make `kept` hold exactly `ids` and return the logits (1, V) that follow; computes only what `kept` lacks.

    Raises:
        Interrupted: `kept.ids` then names the whole chunks computed so far, and the cache wants truncating to them.
    """
    done = min(common_prefix(kept.ids, ids), len(ids) - 1)  # the last token is always computed: its logits are wanted
    truncate(kept.cache, done)
    kept.ids = list(ids[:done])
    while True:
        chunk = list(ids[done : done + PREFILL_CHUNK_TOKENS])
        logits = model.forward(torch.tensor([chunk]), kept.cache, interrupt)
        done += len(chunk)
        kept.ids.extend(chunk)
        if done == len(ids):
            return logits


def decode(
    model: CausalModel,
    tokens: Tokens,
    prompts: Sequence[Sequence[int]],
    params: SamplingParams,
    n: int,
    interrupt: Interrupt,
    watch: Watch | None = None,
    kept: PromptCache | None = None,
) -> list[list[Generation]]:
    """Draw `n` rows for each prompt; every prompt has at least one token.

    Args:
        kept: where a single prompt finds what an earlier call computed, and leaves its own for the next.
    """
    rows = [Row(index) for index in range(len(prompts) * n)]
    caches = [kept if kept is not None and len(prompts) == 1 else PromptCache() for _ in prompts]
    unfinished = StopReason.LENGTH
    try:
        logits = torch.cat([prefill(model, ids, own, interrupt) for ids, own in zip(prompts, caches, strict=True)])
        _advance(model, tokens, rows, logits.repeat_interleave(n, dim=0), caches, params, n, interrupt, watch)
    except Interrupted as interrupted:
        unfinished = interrupted.reason
        for own in caches:
            truncate(own.cache, len(own.ids))
    return [[row.generation(unfinished) for row in rows[p * n : (p + 1) * n]] for p in range(len(prompts))]


def _advance(
    model: CausalModel,
    tokens: Tokens,
    rows: list[Row],
    logits: Tensor,
    caches: Sequence[PromptCache],
    params: SamplingParams,
    n: int,
    interrupt: Interrupt,
    watch: Watch | None,
) -> None:
    """Draw, append and feed back until every row has ended; rows that have ended leave the batch."""
    alone = caches[0] if len(rows) == 1 else None  # a single row grows in its prompt's own cache, which keeps it
    lengths = [len(own.ids) for own in caches]
    uniforms = torch.cat([row_uniforms(params, own.ids, n) for own in caches]).to(logits.device)  # (B, max_new_tokens)
    if alone is not None:
        batch = Batch(alone.cache, None, torch.tensor(lengths, device=logits.device))
    else:
        batch = join([own.cache for own in caches], lengths, n)
    batched = list(rows)
    for step in range(params.max_new_tokens):
        drawn = next_token(logits, params, uniforms[:, step])
        scores = logprob_of(logits, drawn).tolist()
        for row, token, score in zip(batched, drawn.tolist(), scores, strict=True):
            if row.stop_reason is None:
                row.append(token, score, tokens, params, watch)
        growing = [at for at, row in enumerate(batched) if row.stop_reason is None]
        if not growing:
            return
        if len(growing) <= SHRINK_BELOW * len(batched):
            batch, drawn, uniforms = select_rows(batch, growing), drawn[growing], uniforms[growing]
            batched = [batched[at] for at in growing]
        if batch.attention_mask is not None:
            mask = batch.attention_mask
            batch = batch._replace(attention_mask=torch.cat([mask, mask.new_ones(len(batched), 1)], dim=1))
        positions = (batch.lengths + step)[:, None]
        logits = model.forward(drawn[:, None], batch.cache, interrupt, batch.attention_mask, positions)
        if alone is not None:
            alone.ids.append(rows[0].ids[-1])


def decode_plain(
    model: CausalModel,
    tokens: Tokens,
    prompts: Sequence[Sequence[int]],
    params: SamplingParams,
    n: int,
    interrupt: Interrupt,
    watch: Watch | None = None,
) -> list[list[Generation]]:
    """The slow twin of `decode`: no cache, no batch, no chunks; every token computes the whole sequence again."""
    results = []
    for p, prompt in enumerate(prompts):
        uniforms = row_uniforms(params, prompt, n)
        generations = []
        for i in range(n):
            row = Row(p * n + i)
            unfinished = StopReason.LENGTH
            try:
                while row.stop_reason is None:
                    sequence = torch.tensor([[*prompt, *row.ids]])
                    logits = model.forward(sequence, DynamicCache(), interrupt)
                    drawn = next_token(logits, params, uniforms[i, len(row.ids)][None])
                    row.append(int(drawn), float(logprob_of(logits, drawn)), tokens, params, watch)
            except Interrupted as interrupted:
                unfinished = interrupted.reason
            generations.append(row.generation(unfinished))
        results.append(generations)
    return results
