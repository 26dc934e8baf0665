"""What each source of context is worth: holes in real packages with none, with all, and with each alone and left out.

Holes come one after the other and each is asked with all variants, so that what was measured can be told at any time;
equal prompts are asked once. Each hole is written when it is done and is not asked again by the next start with the
same FILE, which holds no text. The last line of standard output is JSON.

    python benchmarks/context_ablation.py FILE.jsonl [--task repo-holes-js] [--holes 200]
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click
from codegpt_evals.first_lines import FirstLine, differences, first_line
from codegpt_evals.generation import prompt_digest
from codegpt_evals.holes import plan_for
from codegpt_evals.problem import Hole, Problem
from codegpt_evals.records import replace_text
from codegpt_evals.tasks import load_task, part_of
from codegpt_evals.tasks.repo_holes import half_of_hole
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from codegpt.checkpoints import DEFAULT_MODEL
from codegpt.complete import suggest
from codegpt.console import run_and_exit
from codegpt.context.sources import SOURCES
from codegpt.load import LoadedModel, load_model
from codegpt.planning import CompletionOptions, Plan

NONE, ALL = "none", "all"
OF_EDITS = frozenset(("recent",))
"""Sources that tell what was edited: nothing was before a hole, so there is nothing to measure."""


def variants() -> dict[str, tuple[str, ...]]:
    """The sources of each run: those that share the most of a prompt follow one another."""
    names = [name for name in SOURCES if name not in OF_EDITS]
    without = {f"without-{left}": tuple(name for name in SOURCES if name != left) for left in reversed(names)}
    return {ALL: tuple(SOURCES), **without, **{f"alone-{name}": (name,) for name in names}, NONE: ()}


def asked(problem: Problem, loaded: LoadedModel, sources: tuple[str, ...]) -> Plan:
    """What the editor would ask, told of other files by these sources alone."""
    info, options = loaded.engine.info, CompletionOptions(sources=sources)
    options = options if sources else replace(options, context_tokens=0)
    return plan_for(problem, loaded.engine.count_tokens, loaded.fim, options.within(info.context_tokens))


def measured(problem: Problem, loaded: LoadedModel) -> list[dict[str, Any]]:
    """A row for each variant of one hole."""
    hole = problem.asks
    assert isinstance(hole, Hole)
    known: dict[str, FirstLine] = {}
    rows = []
    for run, sources in variants().items():
        plan = asked(problem, loaded, sources)
        prompt = prompt_digest(plan.prompt)
        if prompt not in known:
            items = suggest(plan, loaded.engine).items
            found = hole.inserted(items[0].text if items else "")
            known[prompt] = first_line(problem.task_id, hole.middle, found)
        rows.append({"run": run, **asdict(known[prompt]), "prompt": prompt, "context_tokens": plan.context.tokens})
    return rows


def read(path: Path) -> list[dict[str, Any]]:
    """The rows that are there; the last line may have been broken off."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Of each run the means, and how much more than with none, or with all where a source is left out, by halves."""
    found: dict[str, dict[str, FirstLine]] = {}
    for row in rows:
        line = FirstLine(row["task_id"], row["exact"], row["similarity"], row["recall"])
        found.setdefault(row["run"], {})[row["task_id"]] = line
    prompts = {(row["run"], row["task_id"]): row["prompt"] for row in rows}
    result: dict[str, Any] = {}
    for run, lines in found.items():
        base = ALL if run.startswith("without-") else NONE
        differ = sum(prompts[run, each] != prompts[base, each] for each in lines)
        result[run] = {"holes": len(lines), "than": base, "prompts_that_differ": differ}
        for half in ("", *sorted({half_of_hole(each) for each in lines})):
            part = {each: line for each, line in lines.items() if half in ("", half_of_hole(each))}
            result[run][half or "both"] = _figures(found[base], part)
    return result


def _figures(base: Mapping[str, FirstLine], part: Mapping[str, FirstLine]) -> dict[str, Any]:
    more = differences(base, part)
    return {
        "exact": round(sum(line.exact for line in part.values()) / len(part), 4),
        "more": {measure: [round(number, 4) for number in rate] for measure, rate in more.items()},
    }


def _shuffled(problem: Problem) -> bytes:
    """A place in an order that mixes the packages, so that part of a run says something of all."""
    return hashlib.sha256(problem.task_id.encode()).digest()


def _shown(result: Mapping[str, Any]) -> None:
    table = Table("run", "prompts that differ", "exact", "more", "similarity", "recall", box=None)
    for run, each in result.items():
        both = each["both"]
        more = ("{:+.3f} ({:+.3f} to {:+.3f})".format(*both["more"][m]) for m in ("exact", "similarity", "recall"))
        table.add_row(run, str(each["prompts_that_differ"]), f"{both['exact']:.3f}", *more)
    Console(stderr=True, width=160).print(table)


@click.command()
@click.argument("path", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--task", default="repo-holes", show_default=True, type=click.Choice(["repo-holes", "repo-holes-js"]))
@click.option("--holes", default=200, show_default=True, help="The same random ones each time.")
@click.option("--most", type=click.IntRange(0), help="End after so many more.")
def main(path: Path, task: str, holes: int, most: int | None) -> None:
    """Ask what is left, then compare."""
    problems = sorted(part_of(load_task(task), subset=holes).problems, key=_shuffled)
    rows = read(path)
    done = {row["task_id"] for row in rows}
    left = [problem for problem in problems if problem.task_id not in done][:most]
    if left:
        loaded = load_model(DEFAULT_MODEL)
        with Progress(console=Console(stderr=True)) as progress:
            for problem in progress.track(left, description=task):
                new = measured(problem, loaded)
                rows += new
                replace_text(path, "".join(json.dumps(row) + "\n" for row in rows))
    result = summary(rows)
    _shown(result)
    click.echo(json.dumps({"benchmark": "context_ablation", "task": task, "runs": result}))


if __name__ == "__main__":
    run_and_exit(main, "context_ablation")
