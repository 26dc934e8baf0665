"""Ten requests as people type them, and all that `codegpt generate` prints for each, as a page of Markdown.

python benchmarks/free_requests.py docs/requests.md [--budget-s N]
"""

import shlex
import subprocess
import sys
import time
from pathlib import Path

import click
from peers.machine import facts
from rich.progress import track

from codegpt.console import run_and_exit

REQUESTS: tuple[tuple[str, ...], ...] = (
    ("the Roman numeral of a number up to 3999. roman(14) == 'XIV', roman(1990) == 'MCMXC'",),
    ("merge overlapping intervals. merge([[1, 3], [2, 6], [8, 10]]) == [[1, 6], [8, 10]]",),
    ("run-length encode text: encode('aaab') returns 'a3b1'",),
    ("flatten a list that may have lists in it, however deep",),
    ("whether two words are anagrams, whatever the case and the spaces",),
    ("group words by their first letter", "--function", "group(words: list[str]) -> dict[str, list[str]]"),
    ("a script that prints the longest line of its input.\n\nInput:\na\nabc\nab\n\nOutput:\nabc",),
    ("a script that prints how often each word occurs in the input, the most frequent first",),
    ("read numbers from stdin, one a line, and print their mean", "--language", "javascript", "--script"),
    ("the last business day of a month", "--function", "last_business_day(year: int, month: int) -> int"),
)


@click.command()
@click.argument("page", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--budget-s", default=60, show_default=True, type=click.IntRange(1), help="Of each.")
def main(page: Path, budget_s: int) -> None:
    """Ask all of them."""
    machine = facts()
    parts = [
        "# Ten requests in words\n\nAll that `codegpt generate` prints for them, unchanged: written by "
        f"`python benchmarks/free_requests.py {page}`, by the default model, on {machine['cores']} cores "
        f"({machine['processor']}), at most {budget_s} seconds each. Each loads the model anew, "
        "in eight seconds or so, which the times in whole seconds include."
    ]
    for request in track(REQUESTS, description="requests"):
        command = ("generate", *request, "--budget-s", str(budget_s))
        begun = time.monotonic()
        done = subprocess.run(
            [str(Path(sys.executable).with_name("codegpt")), *command], capture_output=True, text=True, check=False
        )
        language = "javascript" if "javascript" in request else "python"
        parts.append(
            f"```sh\ncodegpt {shlex.join(command)}\n```\n\n```{language}\n{done.stdout.rstrip()}\n```\n\n"
            f"```\n{done.stderr.rstrip()}\n```\n\nExit code {done.returncode}, {time.monotonic() - begun:.0f} s."
        )
    page.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


if __name__ == "__main__":
    run_and_exit(main, "free_requests")
