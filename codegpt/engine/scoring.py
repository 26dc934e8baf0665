"""How likely a text is after each of several others: what a completion is worth to what stands behind it.

`logprobs_after` is the fast path (the prompt computed once, the texts in batches of about a chunk); its slow twin is
`logprobs_after_plain`.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from codegpt.engine.decode import PREFILL_CHUNK_TOKENS, prefill
from codegpt.engine.kv_cache import KvCache, Rows, gather
from codegpt.engine.model import Interrupt, Model
from codegpt.engine.prompt_cache import PromptCache, PromptCaches


def logprobs_after(
    model: Model,
    prompt: Sequence[int],
    texts: Sequence[Sequence[int]],
    following: Sequence[int],
    interrupt: Interrupt,
    kept: PromptCaches | None = None,
) -> list[float]:
    """The natural log-probability of `following` after `prompt` and each of `texts`.

    Args:
        prompt, following: token ids, at least one each.
        texts: token ids, at least one in each.
        kept: see `decode`.

    Raises:
        Interrupted: `interrupt` gave a reason; `kept` is as it may be used again.
    """
    own = kept.take(prompt) if kept is not None else PromptCache()
    prefill(model, prompt, own, interrupt)
    batch = max(1, PREFILL_CHUNK_TOKENS // (max(map(len, texts)) + len(following)))
    sums = []
    for begin in range(0, len(texts), batch):
        sums += _batch(model, len(prompt), texts[begin : begin + batch], following, interrupt, own)
    return sums


def _batch(
    model: Model,
    prompt_tokens: int,
    texts: Sequence[Sequence[int]],
    following: Sequence[int],
    interrupt: Interrupt,
    kept: PromptCache,
) -> list[float]:
    """Some of the texts at once, behind the prompt that is kept."""
    # Rows end together, so that the logits that are wanted are the last ones: padding stands between prompt and text.
    rows = [[*text, *following[:-1]] for text in texts]
    longest = max(map(len, rows))
    padding = torch.tensor([longest - len(row) for row in rows])
    ids = torch.tensor([[0] * (longest - len(row)) + row for row in rows])
    steps = torch.arange(longest)[None, :] - padding[:, None]
    mask = torch.cat([torch.ones(len(rows), prompt_tokens, dtype=torch.long), (steps >= 0).long()], dim=1)
    cache = gather([Rows(kept.cache, [0] * len(rows))], [prompt_tokens] * len(rows)).cache
    positions = prompt_tokens + steps.clamp(min=0)
    logits = model.forward(ids, cache, interrupt, mask, positions, len(following))
    return _sums(logits, following)


def logprobs_after_plain(
    model: Model,
    prompt: Sequence[int],
    texts: Sequence[Sequence[int]],
    following: Sequence[int],
    interrupt: Interrupt,
) -> list[float]:
    """The slow twin of `logprobs_after`: no cache and no batch."""
    found = []
    for text in texts:
        sequence = torch.tensor([[*prompt, *text, *following[:-1]]])
        found += _sums(model.forward(sequence, KvCache(), interrupt, count=len(following)), following)
    return found


def _sums(logits: Tensor, following: Sequence[int]) -> list[float]:
    """(B, T, V) logits to the log-probability of `following` (T) in each row."""
    wide = logits.float()
    wanted = torch.tensor(following, device=wide.device).expand(len(wide), -1)[..., None]
    each = wide.gather(-1, wanted).squeeze(-1) - wide.logsumexp(dim=-1)
    sums: list[float] = each.sum(dim=-1).tolist()
    return sums
