"""Samples to grades: cut each one as the editor's completions are cut, and compare; no model and no torch."""

import hashlib

from codegpt.complete import conclude
from codegpt.engine.protocol import Generation, StopReason
from codegpt_evals.generate import LINE_OPTIONS, plan_for
from codegpt_evals.records import Grade, Hole, Sample


def grade(hole: Hole, sample: Sample) -> Grade:
    """Compare the completion, as it would be shown, with the first line of what the hole held.

    White space at the end of the line does not count.
    """
    asked = plan_for(hole, len, None, LINE_OPTIONS)
    generation = Generation(sample.text, (), sample.mean_logprob, StopReason(sample.stop_reason))
    completions = conclude(asked, [generation])
    text = completions.items[0].text if completions.items else ""
    expected = hole.middle.split("\n", 1)[0].rstrip()
    return Grade(
        task_id=hole.task_id,
        setup=sample.setup,
        exact=text.rstrip() == expected,
        exact_raw=sample.text.split("\n", 1)[0].rstrip() == expected,
        completion_sha256=hashlib.sha256(text.encode()).hexdigest()[:16],
        tokens=sample.tokens,
        stop_reason=sample.stop_reason,
        mean_logprob=sample.mean_logprob,
    )
