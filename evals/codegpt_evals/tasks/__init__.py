"""The benchmarks by name; their text is found on this machine and never kept in this repository."""

from collections.abc import Callable

from codegpt_evals.records import Hole
from codegpt_evals.tasks.infilling import infilling_single

TASKS: dict[str, Callable[[], list[Hole]]] = {"infilling-single": infilling_single}
