"""Beam search: of the texts that may follow a prompt, the likeliest ones, each different from the others.

`beam_search` is the fast path (the prompt computed once, one step for all beams); `beam_search_plain` is its slow twin,
which computes everything anew for every token of every beam. In float32 both give the same tokens.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from codegpt.engine.decode import Row, constrain, prefill
from codegpt.engine.kv_cache import Batch, KvCache, Rows, gather
from codegpt.engine.model import Interrupt, Interrupted, Model
from codegpt.engine.prompt_cache import PromptCache, PromptCaches
from codegpt.engine.protocol import Generation, Same, SamplingParams, StopReason, Watch
from codegpt.engine.tokens import Tokens

LOOK_AT = 8
"""So many times more next tokens are looked at than there are beams: at the end of a line most of the likely ones end a
beam, and many of those are the same."""


@dataclass
class Beams:
    """The likeliest beginnings found so far, at most `width` of them, and the texts that have ended.

    Of ended texts that are the `same`, the likeliest stands for all.
    """

    width: int
    tokens: Tokens
    params: SamplingParams
    watch: Watch | None
    same: Same
    begin: str = ""
    growing: list[Row] = field(default_factory=list)
    ended: list[Row] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.growing = [Row(0, torch.empty(0), begin=self.begin)]

    def extend(self, logits: Tensor) -> list[int]:
        """Replace the growing beams by their likeliest next ones.

        Args:
            logits: (B, V), what follows each of them.

        Returns:
            which of them each of the new ones continues.
        """
        logprobs = constrain(logits, self.growing, self.tokens).float().log_softmax(dim=-1)
        sums = torch.tensor([row.logprob for row in self.growing], device=logits.device)
        scores = (sums[:, None] + logprobs).flatten()
        grown: list[Row] = []
        parents = []
        for at in scores.topk(min(LOOK_AT * self.width, len(scores))).indices.tolist():
            parent, token = divmod(at, logits.shape[-1])
            if logprobs[parent, token] == -torch.inf:
                continue
            row = self.growing[parent].copy()
            row.append(token, float(logprobs[parent, token]), self.tokens, self.params, self.watch)
            if row.stop_reason is not None:
                self.ended.append(row)
            else:
                grown.append(row)
                parents.append(parent)
            if len(grown) == self.width:
                break
        self.growing = grown
        self.ended = self._distinct()[: self.width]
        return parents

    def _distinct(self) -> list[Row]:
        """The ended ones, likeliest first, without those that are the same as a likelier one."""
        distinct: dict[str, Row] = {}
        for row in sorted(self.ended, key=_likeliest):
            distinct.setdefault(self.same(row.text), row)
        return list(distinct.values())

    @property
    def settled(self) -> bool:
        """Whether no growing beam can still come among the likeliest: growing makes none likelier."""
        if not self.growing or len(self.ended) < self.width:
            return not self.growing
        return self.ended[-1].logprob >= max(row.logprob for row in self.growing)

    def generations(self, unfinished: StopReason | None) -> list[Generation]:
        """The likeliest first; with a reason why the search was stopped, those that were still growing behind them."""
        rows = [*self.ended, *(sorted(self.growing, key=_likeliest) if unfinished else [])]
        return [row.generation(unfinished or StopReason.LENGTH) for row in rows[: self.width]]


def _likeliest(row: Row) -> float:
    return -row.logprob


def beam_search(
    model: Model,
    tokens: Tokens,
    prompt: Sequence[int],
    params: SamplingParams,
    width: int,
    interrupt: Interrupt,
    watch: Watch | None = None,
    same: Same = str,
    kept: PromptCaches | None = None,
    begin: str = "",
) -> list[Generation]:
    """The `width` likeliest texts after `prompt`, which has at least one token; the likeliest first.

    Args:
        params: temperature, top-k, top-p and seed do nothing.
        watch: all beams are row 0.
        same: see `Beams`.
        kept: see `decode`.
        begin: what all of them have to begin with.
    """
    beams = Beams(width, tokens, params, watch, same, begin)
    own = kept.take(prompt) if kept is not None else PromptCache()
    batch: Batch | None = None
    try:
        logits = prefill(model, prompt, own, interrupt)
        while True:
            parents = beams.extend(logits)
            if beams.settled:
                return beams.generations(None)
            if batch is None:
                batch = gather([Rows(own.cache, parents)], [len(prompt)] * len(parents))
            elif parents != list(range(len(batch.lengths))):
                batch = gather([Rows(batch.cache, parents, spent=True)], [batch.lengths[at] for at in parents])
            ids = torch.tensor([row.ids[-1:] for row in beams.growing])
            logits = model.forward(ids, batch.cache, interrupt, None, batch.position_ids())[:, -1]
            batch = batch.longer()
    except Interrupted as interrupted:
        return beams.generations(interrupted.reason)


def beam_search_plain(
    model: Model,
    tokens: Tokens,
    prompt: Sequence[int],
    params: SamplingParams,
    width: int,
    interrupt: Interrupt,
    watch: Watch | None = None,
    same: Same = str,
    begin: str = "",
) -> list[Generation]:
    """The slow twin of `beam_search`: no cache and no batch."""
    beams = Beams(width, tokens, params, watch, same, begin)
    while not beams.settled:
        sequences = [torch.tensor([[*prompt, *row.ids]]) for row in beams.growing]
        beams.extend(torch.cat([model.forward(sequence, KvCache(), interrupt)[:, -1] for sequence in sequences]))
    return beams.generations(None)
