"""What turns gradients into weights: Muon for the matrices of the layers, AdamW for all else, and the learning rate.

The rate rises in a warm-up, stays, and falls to nothing at the end (Hu et al., arXiv 2404.06395): a run can be made
longer while it stays, and every decay gives a model that is done. Muon (Jordan et al. 2024; Liu et al., arXiv
2502.16982, whose scaling lets both share a rate) learns from fewer tokens, see evals/LOG.md.
"""

from dataclasses import dataclass

import torch
from torch import nn
from torch.optim import AdamW, Muon, Optimizer


@dataclass(frozen=True)
class Schedule:
    """The learning rate of each step.

    Attributes:
        warmup, decay: so many steps at the beginning, and at the end.
    """

    steps: int
    warmup: int
    decay: int
    peak: float

    def rate(self, step: int) -> float:
        """Of the step that comes after `step` others."""
        rising = (step + 1) / max(1, self.warmup)
        falling = (self.steps - step) / max(1, self.decay)
        return self.peak * max(0.0, min(1.0, rising, falling))

    def decays(self, step: int) -> bool:
        """Whether the rate falls already."""
        return step >= self.steps - self.decay


def optimizers_of(model: nn.Module, weight_decay: float, muon: bool) -> dict[str, Optimizer]:
    """By name; each learns what the others do not."""
    matrices: list[nn.Parameter] = []
    others: list[nn.Parameter] = []
    for name, parameter in model.named_parameters():
        (matrices if parameter.ndim == 2 and ".layers." in name else others).append(parameter)
    groups = [{"params": others, "weight_decay": 0.0}]  # of rare tokens too, which would fade
    groups += [] if muon else [{"params": matrices, "weight_decay": weight_decay}]
    found: dict[str, Optimizer] = {"adamw": AdamW(groups, lr=0.0, betas=(0.9, 0.95), eps=1e-8)}
    if muon:
        found["muon"] = Muon(matrices, lr=0.0, weight_decay=weight_decay, adjust_lr_fn="match_rms_adamw")
    return found


def step(optimizers: dict[str, Optimizer], rate: float) -> None:
    """Learn from the gradients, and forget them."""
    for each in optimizers.values():
        for group in each.param_groups:
            group["lr"] = rate
        each.step()
        each.zero_grad(set_to_none=True)


def clip(model: nn.Module, most: float) -> float:
    """Scale the gradients down to a norm of at most `most`; gives what it was."""
    return float(torch.nn.utils.clip_grad_norm_(model.parameters(), most))
