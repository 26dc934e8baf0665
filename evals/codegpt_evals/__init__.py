"""The offline harness: pass@k and exact match on exactly the path the editor uses.

As a library::

    from codegpt_evals import Sampling, grade, run

    result = run("humaneval", sampling=Sampling(samples=20, temperature=0.8))
    result = grade(Path("samples.jsonl"), task="humaneval", out=Path("graded"))
    result.summary.pass_at[1].value

and a graded run in pandas: ``pandas.read_json(result.out / "grades.jsonl", lines=True)``.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from codegpt_evals.generation import Sampling
    from codegpt_evals.records import Grade
    from codegpt_evals.stages import Result, grade, run
    from codegpt_evals.summary import Summary

__all__ = ["Grade", "Result", "Sampling", "Summary", "grade", "run"]

_HOMES = {"Grade": "records", "Result": "stages", "Sampling": "generation", "Summary": "summary"}


def __getattr__(name: str) -> Any:
    """The public names, imported when they are first asked for: not all of them are wanted by every command."""
    from importlib import import_module

    if name not in __all__:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    return getattr(import_module(f"codegpt_evals.{_HOMES.get(name, 'stages')}"), name)
