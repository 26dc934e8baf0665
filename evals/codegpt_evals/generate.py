"""Holes to samples, through the same `plan` that the editor's completions go through."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from codegpt.complete import CompletionOptions, Plan, plan
from codegpt.context.fit import CountTokens
from codegpt.document import Document
from codegpt.engine.protocol import Engine, Watch
from codegpt.postprocess import Extent, ended
from codegpt.prompt import Fim
from codegpt_evals.records import Hole, Sample

LINE_OPTIONS = CompletionOptions(extent=Extent.LINE)
"""One line, whatever the syntax at the cursor would ask for: single-line holes hold one line."""


def setup_digest(engine: Engine, fim: Fim | None, options: CompletionOptions) -> str:
    """Names what a sample depends on besides the problem and the code: model, number type, format, options."""
    parts = [engine.info.digest, engine.info.dtype, str(fim), json.dumps(asdict(options), sort_keys=True)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def plan_for(hole: Hole, count_tokens: CountTokens, fim: Fim | None, options: CompletionOptions) -> Plan:
    """What the editor would ask with its cursor in the hole."""
    document = Document(hole.prefix + hole.suffix, language=hole.language)
    return plan(document, len(hole.prefix), count_tokens, fim, options)


def generate(
    holes: Sequence[Hole], engine: Engine, fim: Fim | None, batch_size: int, options: CompletionOptions = LINE_OPTIONS
) -> Iterator[list[Sample]]:
    """Fill holes greedily, a batch at a time."""
    setup = setup_digest(engine, fim, options)
    options = options.within(engine.info.context_tokens)
    for begin in range(0, len(holes), batch_size):
        batch = holes[begin : begin + batch_size]
        plans = [plan_for(hole, engine.count_tokens, fim, options) for hole in batch]
        rows = engine.generate([asked.prompt for asked in plans], plans[0].params, watch=_watch(plans))
        yield [
            Sample(hole.task_id, setup, row.text, len(row.token_ids), row.stop_reason, round(row.mean_logprob, 4))
            for hole, [row] in zip(batch, rows, strict=True)
        ]


def _watch(plans: Sequence[Plan]) -> Watch:
    """Ends each row where the editor's completion would end."""
    return lambda row, text: ended(text, plans[row].place)
