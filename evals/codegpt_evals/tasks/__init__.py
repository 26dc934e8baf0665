"""The benchmarks by name. Their text is found on this machine or fetched, and never kept in this repository."""

import hashlib
import random
from dataclasses import dataclass, replace
from pathlib import Path

from codegpt.errors import InputError
from codegpt_evals.datasets import Package
from codegpt_evals.problem import Problem
from codegpt_evals.shapes import problems_of
from codegpt_evals.tasks.contest import contest
from codegpt_evals.tasks.humaneval import humaneval, humaneval_plus, humaneval_x_js
from codegpt_evals.tasks.infilling import infilling
from codegpt_evals.tasks.mbpp import mbpp, mbpp_sanitized, mbpp_sanitized_one
from codegpt_evals.tasks.published import Published
from codegpt_evals.tasks.repo_holes import python_holes, script_holes

TASKS: dict[str, Published] = {
    "humaneval": humaneval,
    "humaneval-plus": humaneval_plus,
    "mbpp": mbpp,
    "mbpp-sanitized": mbpp_sanitized,
    "mbpp-sanitized-one": mbpp_sanitized_one,
    "infilling-single": infilling("single"),
    "infilling-multi": infilling("multi"),
    "infilling-random": infilling("random"),
    "infilling-random-light": infilling("random-light"),
    "humaneval-x-js": humaneval_x_js,
    "contest": contest,
    "repo-holes": python_holes,
    "repo-holes-js": script_holes,
}
JSONL = "jsonl"
"""The task whose problems are the user's own file."""

TASK_NAMES = (*TASKS, JSONL)


@dataclass(frozen=True)
class Task:
    """A benchmark, read.

    Attributes:
        size: how many problems there are, of which `problems` may be some.
        data: sha256 of each file that the problems come from, by the file's name.
        left_out: problems that are known to be judged wrongly, and why.
    """

    name: str
    problems: tuple[Problem, ...]
    size: int
    data: dict[str, str]
    left_out: dict[str, str]


def load_task(name: str, data: Path | None = None) -> Task:
    """The problems of a task.

    Args:
        name: one of `TASK_NAMES`.
        data: the file of problems, for `jsonl` alone.

    Raises:
        InputError: there is no such task, `data` is missing or not wanted, or a line of it is not a problem.
        CheckpointError, DownloadError: see `Dataset.text`.
    """
    if name == JSONL:
        return _own(data)
    if data is not None:
        raise InputError(f"--data goes with the task {JSONL}; {name} has its own data")
    if name not in TASKS:
        raise InputError(f"there is no task {name}; the tasks are {', '.join(TASK_NAMES)}")
    published = TASKS[name]
    contents = [dataset.content() if isinstance(dataset, Package) else dataset.text() for dataset in published.datasets]
    problems = tuple(problem for problem in published.read(*contents) if problem.task_id not in published.known_bad)
    data_of = {dataset.file: dataset.sha256 for dataset in published.datasets}
    return Task(name, problems, len(problems), data_of, dict(published.known_bad))


def _own(data: Path | None) -> Task:
    if data is None:
        raise InputError(f"the task {JSONL} needs --data FILE, one problem a line; see codegpt-evals schema")
    try:
        content = data.read_bytes()
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise InputError(f"{data} is not UTF-8 text") from None
    problems = tuple(problems_of(text, str(data)))
    return Task(JSONL, problems, len(problems), {data.name: hashlib.sha256(content).hexdigest()}, {})


def part_of(task: Task, limit: int | None = None, subset: int | None = None) -> Task:
    """Some problems of a task: of `subset` that are chosen once and for all at random, the first `limit`."""
    problems = task.problems
    if subset is not None:
        places = sorted(random.Random(subset).sample(range(len(problems)), min(subset, len(problems))))
        problems = tuple(problems[place] for place in places)
    return replace(task, problems=problems[:limit])
