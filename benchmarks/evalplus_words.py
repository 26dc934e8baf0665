"""HumanEval asked in EvalPlus's words, as a file that `codegpt-evals grade` takes: what do other words for it change?

Their prompt asks for a whole script and begins the answer with a sentence; ours asks for the rest of the function. The
words are read out of the published wheel, and nothing of it is run. Source: github.com/evalplus/evalplus, Apache-2.0.

    pip download --no-deps evalplus==0.3.1
    python benchmarks/evalplus_words.py evalplus-0.3.1-py3-none-any.whl samples.jsonl
    codegpt-evals grade samples.jsonl --task humaneval --out graded
"""

import ast
import json
import zipfile
from pathlib import Path

import click
from codegpt_evals.tasks import load_task

from codegpt.chat import Message
from codegpt.checkpoints import DEFAULT_MODEL
from codegpt.console import run_and_exit
from codegpt.engine.protocol import SamplingParams
from codegpt.errors import InputError
from codegpt.load import load_model
from codegpt.prompt import Prompt
from codegpt.request import Request

FENCE = "```"
ENDS = (f"\n{FENCE}", "\nif __name__", "\ndef main(", "\nprint(")  # where EvalPlus 0.3.1 stops a chat model


def words(wheel: Path) -> dict[str, str]:
    """The instruction and the beginning of the answer, as EvalPlus has them by default."""
    source = zipfile.ZipFile(wheel).read("evalplus/codegen.py")
    found: dict[str, str] = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name, value = node.targets[0].id, node.value
            if name.endswith("_prefix") and isinstance(value, ast.Constant):
                found.setdefault(name, str(value.value))
    return found


@click.command()
@click.argument("wheel", type=click.Path(path_type=Path, exists=True))
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--model", default=DEFAULT_MODEL, show_default=True)
@click.option("--batch", default=82, show_default=True)
def write(wheel: Path, out: Path, model: str, batch: int) -> None:
    """Answer all 164 problems, greedily."""
    said = words(wheel)
    loaded = load_model(model)
    if loaded.chat is None:
        raise InputError(f"{model} has no chat template")
    task_ids: list[str] = []
    prompts: list[Prompt] = []
    for problem in load_task("humaneval").problems:
        assert isinstance(problem.asks, Request)
        asked = f"{said['instruction_prefix']}\n{FENCE}\n{problem.asks.begins.strip()}\n{FENCE}\n"
        begun = f"{said['response_prefix']}\n{FENCE}python\n"
        task_ids.append(problem.task_id)
        prompts.append(loaded.chat.render([Message("user", asked)], loaded.engine.info.markup, begun))
    answers = loaded.engine.generate(prompts, SamplingParams(768, stop=ENDS), rows_at_once=batch)
    rows = [
        json.dumps({"task_id": task_id, "solution": answer.text + "\n"})
        for task_id, [answer] in zip(task_ids, answers, strict=True)
    ]
    out.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
    tokens = sum(len(answer.token_ids) for [answer] in answers)
    click.echo(json.dumps({"model": model, "samples": len(rows), "tokens": tokens, "out": str(out)}))


if __name__ == "__main__":
    run_and_exit(write, "evalplus_words")
