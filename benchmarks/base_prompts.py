"""HumanEval without the chat template, as a base model is asked: alone, or behind two functions as examples.

The model is the Instruct one, for want of base weights. The last line of standard output is JSON.

    python benchmarks/base_prompts.py zero.jsonl
    python benchmarks/base_prompts.py --few-shot few.jsonl
    codegpt-evals grade zero.jsonl --task humaneval --out zero
"""

import json
import time
from dataclasses import replace
from pathlib import Path

import click
from codegpt_evals.tasks import load_task

from codegpt.checkpoints import DEFAULT_MODEL
from codegpt.console import run_and_exit
from codegpt.engine.protocol import SamplingParams
from codegpt.load import load_model
from codegpt.request import Request, answered, program_of, render_request

SHOTS = '''def all_digits(text: str) -> bool:
    """Whether a text is nothing but digits.
    >>> all_digits("2a")
    False
    """
    return text != "" and all(character in "0123456789" for character in text)


def running_totals(values: list[int]) -> list[int]:
    """The sum of each number and those before it.
    >>> running_totals([1, 2, 3])
    [1, 3, 6]
    """
    totals = []
    total = 0
    for value in values:
        total += value
        totals.append(total)
    return totals'''


@click.command()
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--few-shot", is_flag=True, help="Behind two functions that are there already.")
def main(out: Path, few_shot: bool) -> None:
    """Answer all problems, greedily."""
    loaded, begun = load_model(DEFAULT_MODEL), time.monotonic()
    problems = load_task("humaneval").problems
    asked = [problem.asks for problem in problems if isinstance(problem.asks, Request)]
    requests = [replace(each, context=SHOTS) for each in asked] if few_shot else asked
    prompts = [render_request(request, None, frozenset()) for request in requests]

    def over(row: int, text: str) -> bool:
        return answered(text, requests[row], fenced=False)

    drawn = loaded.engine.generate(prompts, SamplingParams(512), watch=over, rows_at_once=82)
    rows = [
        json.dumps({"task_id": problem.task_id, "solution": program_of(found.text, request, fenced=False)})
        for problem, request, [found] in zip(problems, requests, drawn, strict=True)
    ]
    out.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
    seconds = round(time.monotonic() - begun, 1)
    click.echo(
        json.dumps({"benchmark": "base_prompts", "few_shot": few_shot, "samples": len(rows), "seconds": seconds})
    )


if __name__ == "__main__":
    run_and_exit(main, "base_prompts")
