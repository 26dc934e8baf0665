"""Holes to results, through the same `plan` and `conclude` that the editor's completions go through."""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict

from codegpt.complete import CompletionOptions, Plan, conclude, plan
from codegpt.document import Document
from codegpt.engine.protocol import Engine, Generation
from codegpt.postprocess import Extent, ended
from codegpt.prompt import Fim
from codegpt_evals.records import Hole, HoleResult

LINE_OPTIONS = CompletionOptions(extent=Extent.LINE)


def setup_digest(engine: Engine, fim: Fim | None, options: CompletionOptions) -> str:
    """Names what a result depends on besides the problem and the code: model, number type, format, options."""
    parts = [engine.info.digest, engine.info.dtype, str(fim), json.dumps(asdict(options), sort_keys=True)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def fill_holes(
    holes: Sequence[Hole], engine: Engine, fim: Fim | None, batch_size: int, options: CompletionOptions = LINE_OPTIONS
) -> Iterator[list[HoleResult]]:
    """Fill holes greedily, a batch at a time."""
    setup = setup_digest(engine, fim, options)
    for begin in range(0, len(holes), batch_size):
        batch = holes[begin : begin + batch_size]
        plans = [
            plan(
                Document(hole.prefix + hole.suffix, language=hole.language),
                len(hole.prefix),
                engine.count_tokens,
                fim,
                options,
            )
            for hole in batch
        ]
        rows = engine.generate([p.prompt for p in plans], plans[0].params, watch=_watch(plans))
        yield [_result(hole, asked, row, setup) for hole, asked, [row] in zip(batch, plans, rows, strict=True)]


def _watch(plans: Sequence[Plan]) -> Callable[[int, str], bool]:
    return lambda row, text: ended(text, plans[row].place)


def _result(hole: Hole, asked: Plan, row: Generation, setup: str) -> HoleResult:
    completions = conclude(asked, [row])
    text = completions.items[0].text if completions.items else ""
    expected = hole.middle.split("\n", 1)[0].rstrip()
    return HoleResult(
        task_id=hole.task_id,
        setup=setup,
        exact=text.rstrip() == expected,
        exact_raw=row.text.split("\n", 1)[0].rstrip() == expected,
        completion_sha256=hashlib.sha256(text.encode()).hexdigest()[:16],
        tokens=len(row.token_ids),
        stop_reason=row.stop_reason,
        mean_logprob=round(row.mean_logprob, 4),
    )
