"""What a published benchmark is: its files, how they are read, and which of its problems are known to be wrong."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from codegpt_evals.datasets import Dataset
from codegpt_evals.problem import Problem


@dataclass(frozen=True)
class Published:
    """A benchmark.

    Attributes:
        datasets: its files.
        read: the problems in their texts, one argument a file; of packages in their bytes.
        source: the paper or site that states it.
        known_bad: problems that are judged wrongly, by their own checker or by ours, and why.
    """

    datasets: tuple[Dataset, ...]
    read: Callable[..., list[Problem]]
    source: str
    known_bad: Mapping[str, str] = field(default_factory=dict)
