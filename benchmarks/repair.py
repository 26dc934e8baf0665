"""What it brings to send failing output back: problems of which no sample passes the examples, before and after.

The samples are those of a run; where none passes, the product's own `generate` goes on with the model. Writes
`before.jsonl` and `after.jsonl`, the first candidates, which `codegpt-evals grade` judges. The last line of standard
output is JSON.

    codegpt-evals run humaneval --samples 32 --temperature 0.8 --seed 1 --out drawn
    python benchmarks/repair.py drawn/samples.jsonl --task humaneval --out repaired
    codegpt-evals grade repaired/before.jsonl --task humaneval --out before
    codegpt-evals grade repaired/after.jsonl --task humaneval --out after
"""

import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click
from codegpt_evals.records import Sample, read_samples
from codegpt_evals.selecting import Recorded, task_for
from codegpt_evals.tasks import TASK_NAMES, load_task
from rich.progress import track

from codegpt.checkpoints import DEFAULT_MODEL
from codegpt.console import run_and_exit
from codegpt.engine.protocol import Cancelled, Engine, Generation, SamplingParams, Watch, never
from codegpt.generate import Candidates, GenerateOptions, generate
from codegpt.load import load_model
from codegpt.prompt import Prompt
from codegpt.sandbox.opening import open_sandbox


class ThenLive(Recorded):
    """Answers from the samples as long as there are any, then by the model."""

    def __init__(self, samples: Sequence[Sample], begins: str, live: Engine) -> None:
        super().__init__(samples, begins, live.info)
        self._live = live

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
        """The samples of those numbers, or what the model writes."""
        if params.first_row < len(self.samples):
            return super().generate(prompts, params, n=n)
        return self._live.generate(prompts, params, n=n, watch=watch, cancelled=cancelled, rows_at_once=rows_at_once)


@click.command()
@click.argument("samples", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--task", required=True, type=click.Choice(TASK_NAMES))
@click.option("--repairs", default=2, show_default=True, type=click.IntRange(1), help="Rounds.")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path))
def main(samples: Path, task: str, repairs: int, out: Path) -> None:
    """Go on where nothing passes."""
    drawn: dict[str, list[Sample]] = {}
    for sample in read_samples(samples):
        drawn.setdefault(sample.task_id, []).append(sample)
    problems = [problem for problem in load_task(task).problems if problem.task_id in drawn]
    loaded = load_model(DEFAULT_MODEL)
    rows: dict[str, list[dict[str, str]]] = {"before": [], "after": []}
    now_passing, begun = 0, time.monotonic()
    with open_sandbox() as jail:
        for problem in track(problems, description="repairing"):
            asked = task_for(problem)
            known = sorted(drawn[problem.task_id], key=lambda sample: sample.index)
            options = GenerateOptions(len(known), at_once=len(known), margin=float("inf"), repairs=0)
            engine = ThenLive(known, asked.request.begins, loaded.engine)
            before = generate(asked, engine, loaded.chat, jail.run_all, options)
            if not before.ranked or not before.ranked[0].evidence.of or _passes(before):
                continue
            more = replace(options, at_once=16, repairs=repairs)
            after = generate(asked, engine, loaded.chat, jail.run_all, more)
            now_passing += _passes(after)
            for name, result in (("before", before), ("after", after)):
                rows[name].append({"task_id": problem.task_id, "solution": result.ranked[0].candidate.program})
    out.mkdir(parents=True, exist_ok=True)
    for name, found in rows.items():
        (out / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in found), encoding="utf-8")
    counts = {"problems": len(problems), "tried": len(rows["after"]), "pass the examples now": now_passing}
    click.echo(json.dumps({"benchmark": "repair", **counts, "seconds": round(time.monotonic() - begun, 1)}))


def _passes(result: Candidates) -> bool:
    evidence = result.ranked[0].evidence
    return evidence.passed == evidence.of


if __name__ == "__main__":
    run_and_exit(main, "repair")
