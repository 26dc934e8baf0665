"""HumanEval answered by llama.cpp from the same file and the same prompts: is the way that we compute the reason?

Writes what `codegpt-evals grade` takes; the prompts, the stop rule and what is made of an answer are those of
`codegpt-evals run humaneval`. Needs `make peers`. The last line of standard output is JSON.

    python benchmarks/humaneval_by_llama.py samples.jsonl
    codegpt-evals grade samples.jsonl --task humaneval --out graded
"""

import json
from pathlib import Path

import click
from codegpt_evals.tasks import load_task
from peers.engines import LlamaCpp
from rich.progress import track

from codegpt.checkpoints import DEFAULT_MODEL, find
from codegpt.console import run_and_exit
from codegpt.engine.protocol import SamplingParams
from codegpt.engine.tokens import Tokens
from codegpt.load import load_model
from codegpt.request import Request, answered, program_of, render_request

MOST_TOKENS = 512


@click.command()
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--peers", default=Path(".cache/peers"), show_default=True, type=click.Path(path_type=Path))
@click.option("--threads", default=2, show_default=True)
def write(out: Path, peers: Path, threads: int) -> None:
    """Answer all 164 problems, greedily."""
    loaded = load_model(DEFAULT_MODEL)
    params, rows, tokens = SamplingParams(MOST_TOKENS), [], 0
    tokens_of = Tokens((find(DEFAULT_MODEL).directory / "tokenizer.json").read_text(encoding="utf-8"))
    with LlamaCpp.found(peers, tokens_of, threads) as llama:
        for problem in track(load_task("humaneval").problems, description="problems"):
            asked = problem.asks
            assert isinstance(asked, Request)

            def stops(_row: int, text: str, asked: Request = asked) -> bool:
                return answered(text, asked, fenced=loaded.chat is not None)

            prompt = render_request(asked, loaded.chat, loaded.engine.info.markup)
            [[answer]] = llama.generate([prompt], params, watch=stops)
            program = program_of(answer.text, asked, fenced=loaded.chat is not None)
            rows.append(json.dumps({"task_id": problem.task_id, "solution": program}))
            tokens += len(answer.token_ids)
        said = {"model": DEFAULT_MODEL, "file": llama.info.dtype, "engine": llama.version}
    out.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
    click.echo(json.dumps({**said, "samples": len(rows), "tokens": tokens, "out": str(out)}))


if __name__ == "__main__":
    run_and_exit(write, "humaneval_by_llama")
