"""A graded run as JSON, as Markdown, and as one page that needs nothing else; model text is never markup there."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from codegpt_evals import plots
from codegpt_evals.metrics import Rate
from codegpt_evals.records import Grade, Sample, read_samples, replace_text
from codegpt_evals.run_folder import RunFolder
from codegpt_evals.stages import Result

FILES = ("report.json", "report.md", "report.html")


def write_report(result: Result, samples: Path | None = None) -> list[Path]:
    """Write the three files into the run's folder.

    Args:
        samples: where the texts are; by default the run's own file. The page shows no texts where there are none.
    """
    texts = {(s.task_id, s.index): s for s in read_samples(samples or RunFolder(result.out).samples)}
    written = [as_json(result), as_markdown(result), as_html(result, texts)]
    paths = [result.out / name for name in FILES]
    for path, text in zip(paths, written, strict=True):
        replace_text(path, text)
    return paths


def as_json(result: Result) -> str:
    """All figures, and what they were measured with."""
    figures = {**result.line, "out": result.out.name, "summary": asdict(result.summary), "run": result.facts}
    return json.dumps(figures, indent=2) + "\n"


def as_markdown(result: Result) -> str:
    """Tables of the figures."""
    summary = result.summary
    lines = [f"# {result.task}", "", f"{result.made_by}, {_attempted(result)} problems, {summary.samples} samples.", ""]
    rows = [[f"pass@{k}", percent(found)] for k, found in summary.pass_at.items()]
    lines += table(["", "share, with 95% interval over problems"], rows)
    if summary.infilling is not None:
        filled = summary.infilling
        lines += table(
            ["holes", "exact match", "tests pass"],
            [
                ["as the editor shows it", percent(filled.exact), percent(filled.passed)],
                ["as the model wrote it", percent(filled.raw_exact), percent(filled.raw_passed)],
                *([f"shown, {name} half", percent(half), ""] for name, half in filled.halves.items()),
            ],
        )
        lines += table(
            ["rule", "cut", "helped", "hurt", "exact: helped", "hurt"],
            [[rule, *map(str, asdict(effect).values())] for rule, effect in filled.rules.items()],
        )
    lines += table(["verdict", "samples"], [[verdict, str(count)] for verdict, count in summary.verdicts.items()])
    lines += table(["measured with", ""], [list(pair) for pair in measured(result)])
    return "\n".join(lines)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A Markdown table and an empty line."""
    bars = [f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in [header, *rows]]
    return [bars[0], "|" + "---|" * len(header), *bars[1:], ""]


def percent(found: Rate | None) -> str:
    """A rate with its interval."""
    if found is None:
        return "-"
    return f"{100 * found.value:.1f} ({100 * found.low:.1f} to {100 * found.high:.1f})"


def measured(result: Result) -> list[tuple[str, str]]:
    """What the figures depend on, as pairs to read."""
    facts, setup = result.facts, result.facts.get("setup", {})
    sampling: Mapping[str, Any] = setup.get("sampling", {})
    generation = facts.get("generation", {})
    pairs = {
        "configuration": facts.get("configuration"),
        "model": setup.get("model"),
        "model digest": setup.get("digest"),
        "computed in": f"{setup['dtype']} on {setup['device']}" if setup else None,
        "fill-in-the-middle format": setup.get("fim"),
        "sampling": ", ".join(f"{name} {value}" for name, value in sampling.items()),
        "generation": _speed(generation) if generation else None,
        "data": ", ".join(f"{name} (sha256 {sha256[:12]})" for name, sha256 in facts.get("data", {}).items()),
        "left out": "; ".join(f"{task_id}: {why}" for task_id, why in facts.get("left_out", {}).items()),
        "samples ended by": ", ".join(f"{why} {count}" for why, count in result.summary.stop_reasons.items()),
        "counted as failures, though not judged": result.summary.unjudged,
        "controls": f"{result.gate.held} of {len(result.gate.rows)} judged rightly",
        "sandbox": facts.get("sandbox"),
        "grading": f"{facts['grading']['seconds']} s" if "grading" in facts else None,
        "samples drawn by": _made(generation),
        "graded by": _made(facts.get("grading", {})),
    }
    return [(name, str(value)) for name, value in pairs.items() if value]


def as_html(result: Result, samples: Mapping[tuple[str, int], Sample]) -> str:
    """One page with plots, and every problem with its samples."""
    environment = Environment(
        loader=PackageLoader("codegpt_evals"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    summary = result.summary
    curve = [plots.pass_at_k(summary.pass_at, "pass@k")] if len(summary.pass_at) > 1 else []
    drawn = [
        *curve,
        plots.verdicts(summary.verdicts, "verdicts"),
        plots.times([grade.seconds for grade in result.grades], "time of each program"),
    ]
    page = environment.get_template("report.html.jinja")
    return page.render(
        line=result.line,
        configuration=result.facts.get("configuration", ""),
        summary=summary,
        attempted=_attempted(result),
        percent=percent,
        measured=measured(result),
        plots=[Markup(svg) for svg in drawn],  # ours, from numbers
        problems=_problems(result.grades, samples),
    )


def _problems(grades: Sequence[Grade], samples: Mapping[tuple[str, int], Sample]) -> list[dict[str, Any]]:
    return [
        {
            "task_id": task_id,
            "passed": sum(grade.passed for grade in own),
            "samples": [{"grade": g, "text": _text(samples.get((g.task_id, g.index)))} for g in own],
        }
        for task_id, group in groupby(grades, key=lambda grade: grade.task_id)
        for own in [list(group)]
    ]


def _text(sample: Sample | None) -> str:
    if sample is None:
        return ""
    return sample.solution if sample.solution is not None else sample.completion or ""


def _speed(generation: Mapping[str, Any]) -> str:
    read, wrote, seconds = (generation[name] for name in ("prompt_tokens", "tokens", "seconds"))
    return f"{read:,} tokens read and {wrote:,} written in {seconds:,.0f} s: {wrote / max(seconds, 1e-9):.1f} tokens/s"


def _made(stage: Mapping[str, Any]) -> str:
    return " ".join(stage[name] for name in ("codegpt", "commit", "date") if stage.get(name))


def _attempted(result: Result) -> str:
    """How many problems have samples, and of how many if not all have."""
    attempted, total = result.summary.problems, result.facts.get("of")
    return str(attempted) if total in (None, attempted) else f"{attempted} of {total}"
