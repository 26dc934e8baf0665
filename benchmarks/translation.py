"""HumanEval's canonical solutions in JavaScript: the greedy translation, and the first one that was compared.

The path is that of `codegpt translate`; the tests of HumanEval-X judge, which translation never sees. Writes
`greedy.jsonl` and `checked.jsonl`. The last line of standard output is JSON. Goes on where it was stopped.

    python benchmarks/translation.py --out translated
    codegpt-evals grade translated/greedy.jsonl --task humaneval-x-js --out greedy
    codegpt-evals grade translated/checked.jsonl --task humaneval-x-js --out checked
"""

import json
import time
from collections import Counter
from functools import partial
from pathlib import Path

import click
from codegpt_evals.checks import TestsCheck
from codegpt_evals.problem import Problem
from codegpt_evals.tasks import load_task
from rich.progress import track

from codegpt.checkpoints import DEFAULT_MODEL
from codegpt.console import run_and_exit
from codegpt.document import Document
from codegpt.generate import GenerateOptions, generate
from codegpt.load import load_model
from codegpt.sandbox.opening import open_sandbox
from codegpt.translate import original_in, proposed_calls, translation


@click.command()
@click.option("--samples", default=16, show_default=True, type=click.IntRange(1))
@click.option("--limit", type=click.IntRange(1), help="Problems at most.")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path))
def main(samples: int, limit: int | None, out: Path) -> None:
    """Translate each."""
    python = {_number(problem): problem for problem in load_task("humaneval").problems}
    targets = [problem for problem in load_task("humaneval-x-js").problems if _number(problem) in python][:limit]
    out.mkdir(parents=True, exist_ok=True)
    journal = out / "translations.jsonl"
    known = (
        {row["task_id"]: row for row in map(json.loads, journal.read_text().splitlines())} if journal.exists() else {}
    )
    loaded = load_model(DEFAULT_MODEL)
    with open_sandbox() as jail, journal.open("a", encoding="utf-8") as file:
        for target in track(targets, description="translating"):
            if target.task_id in known:
                continue
            source = python[_number(target)]
            check, theirs = source.check, target.check
            assert isinstance(check, TestsCheck) and isinstance(theirs, TestsCheck)
            document = Document(source.program(source.canonical), language="python")
            begun = time.monotonic()
            original = original_in(document, check.entry)
            propose = partial(proposed_calls, original, loaded.engine, loaded.chat)
            made = translation(original, "javascript", jail.run_all, propose)
            options = GenerateOptions(samples)
            result = generate(made.task, loaded.engine, loaded.chat, jail.run_all, options)
            greedy = next((each.candidate.program for each in result.ranked if each.candidate.number == 0), "")
            name = "" if check.entry == theirs.entry else f"\nconst {theirs.entry} = {check.entry};\n"
            row = {
                "task_id": target.task_id,
                "greedy": greedy + name,
                "checked": result.ranked[0].candidate.program + name if result.ranked else "",
                "level": result.ranked[0].evidence.level if result.ranked else "nothing",
                "inputs": made.inputs,
                "left_out": made.left_out,
                "drawn": result.drawn,
                "seconds": round(time.monotonic() - begun, 2),
            }
            known[target.task_id] = row
            file.write(json.dumps(row) + "\n")
            file.flush()
    rows = [known[target.task_id] for target in targets]
    for which in ("greedy", "checked"):
        lines = (json.dumps({"task_id": row["task_id"], "solution": row[which]}) + "\n" for row in rows)
        (out / f"{which}.jsonl").write_text("".join(lines), encoding="utf-8")
    counted = {what: sum(row[what] for row in rows) for what in ("inputs", "left_out", "drawn")}
    levels = Counter(row["level"] for row in rows)
    click.echo(json.dumps({"benchmark": "translation", "problems": len(rows), "levels": levels, **counted}))


def _number(problem: Problem) -> str:
    return problem.task_id.partition("/")[2]


if __name__ == "__main__":
    run_and_exit(main, "translation")
