"""`codegpt-evals`: benchmarks through the product's own path."""

import importlib.util

import click

from codegpt.console import run_and_exit

NEEDED = ("matplotlib", "pooch", "pydantic", "rapidfuzz", "scipy")


def main() -> None:
    """The console script."""
    if any(importlib.util.find_spec(name) is None for name in NEEDED):
        command = click.Command("codegpt-evals", callback=_explain, context_settings={"ignore_unknown_options": True})
        command.params.append(click.Argument(["arguments"], nargs=-1, type=click.UNPROCESSED))
    else:
        from codegpt_evals.commands import evals as command
    run_and_exit(command, "codegpt-evals")


def _explain(**_arguments: object) -> None:
    raise click.UsageError("the evals are an extra; install them with: pip install 'codegpt-lsp[evals]'")


if __name__ == "__main__":
    main()
