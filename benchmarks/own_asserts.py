"""Asserts that the model proposes for HumanEval's functions, for `codegpt-evals select --asserts`: are votes worth it?

They are asked for as `codegpt generate` asks for calls, where it has none. Goes on where it was stopped. The last line
of standard output is JSON.

    python benchmarks/own_asserts.py asserts.jsonl
    codegpt-evals select samples.jsonl --task humaneval --asserts asserts.jsonl --graded graded --out selected
"""

import json
import time
from pathlib import Path

import click
from codegpt_evals.tasks import load_task
from rich.progress import track

from codegpt.checkpoints import DEFAULT_MODEL
from codegpt.console import run_and_exit
from codegpt.engine.protocol import SamplingParams
from codegpt.interface import interface_of
from codegpt.load import load_model
from codegpt.proposals import over_in, render_proposals
from codegpt.request import Request


@click.command()
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--rows", default=16, show_default=True, type=click.IntRange(1), help="Answers for each function.")
@click.option("--together", default=8, show_default=True, type=click.IntRange(1), help="Functions asked for at once.")
def main(out: Path, rows: int, together: int) -> None:
    """Ask for them."""
    known = {json.loads(line)["task_id"] for line in out.read_text().splitlines()} if out.exists() else set()
    loaded = load_model(DEFAULT_MODEL)
    left = [problem for problem in load_task("humaneval").problems if problem.task_id not in known]
    begun_at, tokens = time.monotonic(), 0
    with out.open("a", encoding="utf-8") as file:
        for at in track(range(0, len(left), together), description="asking"):
            asked, prompts = left[at : at + together], []
            begins = []
            for problem in asked:
                assert isinstance(problem.asks, Request)
                interface = interface_of(problem.asks.begins)
                assert interface is not None
                begins.append(f"{interface.name}(")
                prompts.append(render_proposals(problem.asks, interface, loaded.chat, loaded.engine.info.markup))

            def over(row: int, text: str, begins: list[str] = begins) -> bool:
                return over_in(f"assert {begins[row // rows]}{text}")

            params = SamplingParams(max_new_tokens=192, temperature=0.8, seed=1)
            drawn = loaded.engine.generate(prompts, params, n=rows, watch=over)
            lines = [
                json.dumps({"task_id": problem.task_id, "completion": name + each.text}) + "\n"
                for problem, name, found in zip(asked, begins, drawn, strict=True)
                for each in found
            ]
            file.write("".join(lines))
            file.flush()
            tokens += sum(len(each.token_ids) for found in drawn for each in found)
    seconds = round(time.monotonic() - begun_at, 1)
    click.echo(json.dumps({"benchmark": "own_asserts", "functions": len(left), "tokens": tokens, "seconds": seconds}))


if __name__ == "__main__":
    run_and_exit(main, "own_asserts")
