"""Silence is an answer: what the model is not sure of is not shown where only a key has asked; pure.

A suggestion that is wrong costs a look and a thought. How sure is sure enough was chosen on files that were typed again
(`codegpt-evals replay`), by the share of what is shown that is right; the figures are in docs/measured.md.
"""

from dataclasses import replace

from codegpt.complete import Completions

DEFAULT_CONFIDENCE = 0.5
"""The highest at which, on those files, no suggestion was lost that was right."""

UNSURE = "the model is not sure enough"


def sure(completions: Completions, least: float) -> Completions:
    """The suggestions of which the model is at least so sure; see `Completion.confidence`."""
    kept = tuple(item for item in completions.items if item.confidence >= least)
    if len(kept) == len(completions.items):
        return completions
    return replace(completions, items=kept, why_none="" if kept else UNSURE)
