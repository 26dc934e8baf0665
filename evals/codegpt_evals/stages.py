"""The three stages over the files of a run, and all of them in one go: what the commands and `import` offer."""

import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from codegpt.checkpoints import DEFAULT_MODEL
from codegpt.checkpoints.homes import cache_root
from codegpt.context.sources import SOURCES
from codegpt.errors import InputError
from codegpt.load import LoadedModel, load_model
from codegpt.planning import CONFIGURATION, CompletionOptions
from codegpt.sandbox.backends import Backend
from codegpt.sandbox.opening import open_sandbox
from codegpt_evals.bars import Bars
from codegpt_evals.gate import CONTROLS, Gate, run_gate, write_gate
from codegpt_evals.generation import Drawing, Sampling, draw, prepare, setup_digest, setup_of
from codegpt_evals.grading import answers, grade_answers, to_run
from codegpt_evals.problem import Hole, Problem
from codegpt_evals.records import GateRow, Grade, Sample, digest, read, read_samples, replace_lines
from codegpt_evals.run_folder import RunFolder, provenance
from codegpt_evals.summary import NoScore, Summary, summarize
from codegpt_evals.tasks import Task, load_task, part_of
from codegpt_evals.trials import Journal, Runner, judged_by

DRAWN_WITH = ("configuration", "setup", "generation")
"""What `run.json` holds of the samples, and what goes along when they are graded as another task."""

ALL = "all"
"""Every source of context, as the editor has them."""

LEFT_ONLY = "left-only"
"""In place of a fill-in-the-middle format: the text before the cursor is all that the model is shown."""


@dataclass(frozen=True)
class Result:
    """A graded run.

    Attributes:
        facts: what the run was made with, as in `run.json`.
    """

    task: str
    out: Path
    facts: dict[str, Any]
    gate: Gate
    grades: tuple[Grade, ...]
    summary: Summary

    @property
    def made_by(self) -> str:
        """Whose the samples are, to read."""
        return str(self.facts.get("setup", {}).get("model") or "samples made elsewhere")

    @property
    def line(self) -> dict[str, Any]:
        """The figures as the last line of a command has them."""
        summary = self.summary
        first = summary.pass_at.get(1)
        figures: dict[str, Any] = {
            "task": self.task,
            "model": self.facts.get("setup", {}).get("model"),
            "problems": summary.problems,
            "samples": summary.samples,
            **{f"pass@{k}": round(found.value, 4) for k, found in summary.pass_at.items()},
            "ci95": [round(first.low, 4), round(first.high, 4)] if first else None,
        }
        if summary.infilling is not None:
            figures["exact"] = round(summary.infilling.exact.value, 4)
            figures["exact_ci95"] = [round(summary.infilling.exact.low, 4), round(summary.infilling.exact.high, 4)]
            raw = summary.infilling.raw_exact
            figures["exact_raw"] = round(raw.value, 4) if raw else None
        if summary.unjudged:
            figures["unjudged"] = summary.unjudged
        seconds = sum(self.facts.get(stage, {}).get("seconds", 0.0) for stage in ("generation", "grading"))
        return {
            **figures,
            "gate": f"{self.gate.held} of {len(self.gate.rows)}",
            "sandbox": self.facts.get("sandbox"),
            "seconds": round(seconds, 1),
            "out": str(self.out),
        }


def generate_samples(
    task: Task,
    out: Path | None = None,
    *,
    model: str = DEFAULT_MODEL,
    fim: str = "",
    sampling: Sampling | None = None,
    context: str = ALL,
    reuse: Sequence[Path] = (),
    loaded: LoadedModel | None = None,
    bars: Bars | None = None,
) -> Path:
    """Draw the samples of a task into `out`, or into a folder of the cache named after all they depend on.

    Args:
        context: see `options_with`.
        reuse: runs that differ in the context alone; what they drew of the same prompts is not drawn again.

    Raises:
        InputError: `out` is another run's, or it or one of `reuse` holds samples that were drawn otherwise.
    """
    sampling, bars = sampling or Sampling(), bars or Bars(quiet=True)
    options = options_with(context)
    loaded = loaded or _load(model, fim)
    if loaded.warning:
        bars.say(loaded.warning)
    setup = setup_of(loaded, sampling, options)
    folder = RunFolder(out or _own_folder(task, setup))
    with folder.locked():
        folder.begin(task.name, task.data)
        others = [sample for path in reuse for sample in _drawn_alike(RunFolder(path), setup)]
        drawing = prepare(task.problems, loaded, sampling, options, folder.samples, others)
        if drawing.dropped:
            bars.say(f"{drawing.dropped} samples of groups that were not done are drawn again")
        one_line = any(isinstance(each.asks, Hole) and each.asks.one_line for each in task.problems)
        configuration = _configuration(loaded, fim, sampling, one_line, context)
        folder.note(configuration=configuration, setup=setup, left_out=task.left_out, of=task.size)
        _draw(drawing, folder, sampling.samples * len(task.problems), bars)
    return folder.path


def _drawn_alike(other: RunFolder, setup: dict[str, Any]) -> list[Sample]:
    """The samples of a run that differs in the context alone."""
    known = other.facts.get("setup", {})
    if _without_context(known) != _without_context(setup):
        raise InputError(f"{other.path} was drawn with another model, format or sampling; leave --reuse out")
    return read_samples(other.samples, ours=True)


def _without_context(setup: dict[str, Any]) -> dict[str, Any]:
    completion = {**setup.get("completion", {}), "sources": None, "context_tokens": None}
    plain: dict[str, Any] = json.loads(json.dumps({**setup, "completion": completion}))  # as a file has it: no tuples
    return plain


def options_with(context: str) -> CompletionOptions:
    """The editor's options with these sources of context.

    Args:
        context: `ALL`, ``none``, names with commas between them, or ``-name`` for all but one.

    Raises:
        InputError: there is no such source.
    """
    if context == ALL:
        return CompletionOptions()
    if context == "none":
        return CompletionOptions(context_tokens=0, sources=())
    wanted = context.removeprefix("-").split(",")
    if unknown := [name for name in wanted if name not in SOURCES]:
        raise InputError(f"there is no source {unknown[0]}; there are {', '.join(SOURCES)}")
    without = context.startswith("-")
    return CompletionOptions(sources=tuple(name for name in SOURCES if (name in wanted) != without))


def _load(model: str, fim: str) -> LoadedModel:
    loaded = load_model(model, "" if fim == LEFT_ONLY else fim)
    return replace(loaded, fim=None) if fim == LEFT_ONLY else loaded


def _own_folder(task: Task, setup: dict[str, Any]) -> Path:
    ids = [problem.task_id for problem in task.problems]
    name = f"{task.name}-{setup['model']}-{digest(json.dumps([task.data, ids, setup], sort_keys=True))[:8]}"
    return cache_root() / "evals" / name.replace("/", "-")


def _configuration(loaded: LoadedModel, fim: str, sampling: Sampling, one_line: bool, context: str) -> str:
    """The released configuration by its name, and what was set otherwise."""
    model = loaded.engine.info.name
    others = {
        f"model {model}": model != DEFAULT_MODEL,
        f"format {fim}": bool(fim),
        f"temperature {sampling.temperature}": sampling.temperature > 0,
        f"context {context}": context != ALL,
        f"{sampling.candidates} candidates": sampling.candidates > 1,
        "held to one line": one_line,
    }
    return ", ".join([CONFIGURATION, *(name for name, differs in others.items() if differs)])


def _draw(drawing: Drawing, folder: RunFolder, total: int, bars: Bars) -> None:
    with bars.stage("generating", total, drawing.done) as advance:
        for speed in draw(drawing, advance):
            known = folder.facts.get("generation", {})
            spent = {
                "seconds": round(known.get("seconds", 0.0) + speed.seconds, 2),
                "prompt_tokens": known.get("prompt_tokens", 0) + speed.prompt_tokens,
                "tokens": known.get("tokens", 0) + speed.tokens,
            }
            speed_so_far = round(spent["tokens"] / max(spent["seconds"], 1e-9), 1)
            folder.note(generation={**spent, "tokens_per_s": speed_so_far, **provenance()})


def grade_samples(
    task: Task,
    samples: Sequence[Sample],
    out: Path,
    *,
    backend: Backend = Backend.BWRAP,
    workers: int = 0,
    bars: Bars | None = None,
) -> Result:
    """Grade samples of a task in the jail, once the gate has held; writes gate and grades into `out`.

    Args:
        samples: of any problems of the task, any number of each.
        workers: jails at once; 0 for one a core.

    Raises:
        InputError: a sample is of no problem of the task.
        GateError: a control was judged wrongly.
        NoScore: the machine failed on some samples; another call goes on with these.
        SandboxUnavailable: there is no jail.
    """
    bars, folder = bars or Bars(quiet=True), RunFolder(out)
    answered = answers(task.problems, [sample for sample in samples if sample.task_id not in task.left_out])
    attempted = list({answer.problem.task_id: answer.problem for answer in answered}.values())
    with folder.locked(), open_sandbox(backend, workers=workers) as sandbox:
        folder.begin(task.name, task.data)
        folder.grades.unlink(missing_ok=True)  # until all are graded, there are none
        runner = Runner(sandbox, Journal(folder.journal, judged_by(backend)))
        started = time.monotonic()
        gate = _gate(attempted, folder, runner, bars)
        gate.require()
        before = folder.facts.get("grading", {}).get("seconds", 0.0)
        trials = to_run(answered, gate, runner.journal)
        with bars.stage("grading", len(trials)) as advance:
            runner.run(trials, advance)
        grades = grade_answers(answered, gate, runner.journal)
        replace_lines(folder.grades, grades)
        spent = {"seconds": round(before + time.monotonic() - started, 2), "workers": sandbox.workers}
        folder.note(sandbox=str(backend), grading={**spent, **provenance()}, left_out=task.left_out, of=task.size)
    return Result(task.name, out, folder.facts, gate, tuple(grades), summarize(grades))


def run(
    task: str,
    *,
    data: Path | None = None,
    model: str = DEFAULT_MODEL,
    fim: str = "",
    limit: int | None = None,
    subset: int | None = None,
    sampling: Sampling | None = None,
    context: str = ALL,
    reuse: Sequence[Path] = (),
    out: Path | None = None,
    backend: Backend = Backend.BWRAP,
    workers: int = 0,
    loaded: LoadedModel | None = None,
    bars: Bars | None = None,
) -> Result:
    """Draw samples of a task and grade them.

    Args:
        task: one of `codegpt_evals.tasks.TASK_NAMES`.
        data: a file of problems, for the task `jsonl`.
        limit, subset: only some of the problems, see `part_of`.
        context: see `options_with`.
        reuse: see `generate_samples`.
        loaded: a model that is ready, in place of `model` and `fim`.

    Raises:
        CodeGPTError: see `generate_samples` and `grade_samples`.
    """
    read_task = part_of(load_task(task, data), limit, subset)
    open_sandbox(backend, workers=1).close()  # a machine without a jail says so before samples are drawn
    path = generate_samples(
        read_task,
        out,
        model=model,
        fim=fim,
        sampling=sampling,
        context=context,
        reuse=reuse,
        loaded=loaded,
        bars=bars,
    )
    ids = {problem.task_id for problem in read_task.problems}
    samples = [sample for sample in read_samples(RunFolder(path).samples, ours=True) if sample.task_id in ids]
    return grade_samples(read_task, samples, path, backend=backend, workers=workers, bars=bars)


def grade(
    samples: Path,
    *,
    task: str,
    out: Path,
    data: Path | None = None,
    backend: Backend = Backend.BWRAP,
    workers: int = 0,
    bars: Bars | None = None,
) -> Result:
    """Grade a file of samples, whoever made it; see `grade_samples`.

    Raises:
        InputError: `out` is the folder of a run that drew other samples.
    """
    folder = RunFolder(out)
    if folder.samples.exists() and samples.resolve() != folder.samples.resolve():
        raise InputError(f"{out} holds samples of its own; name another --out")
    read_task = load_task(task, data)
    found = read_samples(samples)
    result = grade_samples(read_task, found, out, backend=backend, workers=workers, bars=bars)
    with folder.locked():
        folder.note(**_drawn_with(found, RunFolder(samples.parent)))
    return replace(result, facts=folder.facts)


def _drawn_with(samples: Sequence[Sample], beside: RunFolder) -> dict[str, Any]:
    """What the run beside them says of samples, if it is the one that drew all of them."""
    try:
        facts = beside.facts
    except InputError:  # somebody else's file of that name
        return {}
    if {sample.setup for sample in samples} != {setup_digest(facts.get("setup", {}))}:
        return {}
    return {name: facts[name] for name in DRAWN_WITH if name in facts}


def check_gate(
    task: Task, out: Path, *, backend: Backend = Backend.BWRAP, workers: int = 0, bars: Bars | None = None
) -> Gate:
    """Run the controls of a task alone; writes gate.jsonl into `out`."""
    bars, folder = bars or Bars(quiet=True), RunFolder(out)
    with folder.locked(), open_sandbox(backend, workers=workers) as sandbox:
        folder.begin(task.name, task.data)
        return _gate(task.problems, folder, Runner(sandbox, Journal(folder.journal, judged_by(backend))), bars)


def _gate(problems: Sequence[Problem], folder: RunFolder, runner: Runner, bars: Bars) -> Gate:
    with bars.stage("gate", 2 * sum(problem.check is not None for problem in problems)) as advance:
        gate = run_gate(problems, runner, advance)
    write_gate(folder.gate, gate)
    return gate


def graded(out: Path, ks: Sequence[int] | None = None) -> Result:
    """The result of a run that was graded.

    Args:
        ks: which pass@k; by default all that there are samples for.

    Raises:
        NoScore: it was not, or not wholly.
        InputError: its files are not ours.
    """
    folder = RunFolder(out)
    grades = read(folder.grades, Grade)
    if not grades:
        raise NoScore(f"no score: {out} holds no grades")
    gate = Gate(tuple(read(folder.gate, GateRow)))
    gate.require()
    controlled = Counter(row.task_id for row in gate.rows)
    without = [grade.task_id for grade in grades if grade.program and controlled[grade.task_id] != len(CONTROLS)]
    if without:
        raise NoScore(f"no score: the gate does not cover {without[0]}; grade again")
    facts = folder.facts
    return Result(facts.get("task", ""), out, facts, gate, tuple(grades), summarize(grades, ks))
