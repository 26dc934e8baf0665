"""`codegpt stats`: what became of the suggestions that editors were shown."""

import json
import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from datetime import time as clock
from pathlib import Path

import click

from codegpt.errors import InputError
from codegpt.usage import Outcome, Shown, read, usage_path

WIDTH = 50
"""Of the longest bar, in characters."""


@dataclass(frozen=True)
class Figures:
    """Of some suggestions; milliseconds from the request to the answer.

    Attributes:
        acceptance: the share that was taken, whole or in part.
        saved: characters that were put in without being typed.
    """

    shown: int
    accepted: int
    partly: int
    typed: int
    rejected: int
    acceptance: float
    saved: int
    p50_ms: float
    p95_ms: float


def figures(rows: Sequence[Shown]) -> Figures:
    """Of at least one row."""
    outcomes = Counter(row.outcome for row in rows)
    ms = sorted(row.ms for row in rows)
    return Figures(
        shown=len(rows),
        accepted=outcomes[Outcome.ACCEPTED],
        partly=outcomes[Outcome.PARTLY],
        typed=outcomes[Outcome.TYPED],
        rejected=outcomes[Outcome.REJECTED],
        acceptance=round((outcomes[Outcome.ACCEPTED] + outcomes[Outcome.PARTLY]) / len(rows), 4),
        saved=sum(row.accepted for row in rows),
        p50_ms=round(_percentile(ms, 0.50), 1),
        p95_ms=round(_percentile(ms, 0.95), 1),
    )


def _percentile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def by_day(rows: Sequence[Shown], days: int, today: date) -> list[tuple[date, int, int]]:
    """For each of the last days how many were shown, and how many of those were taken; local days."""
    shown: Counter[date] = Counter()
    taken: Counter[date] = Counter()
    for row in rows:
        day = datetime.fromtimestamp(row.at).date()
        shown[day] += 1
        taken[day] += row.outcome in (Outcome.ACCEPTED, Outcome.PARTLY)
    each = [today - timedelta(days=ago) for ago in reversed(range(days))]
    return [(day, shown[day], taken[day]) for day in each]


@click.command()
@click.option("--days", default=30, show_default=True, type=click.IntRange(1, 400), help="So many, up to today.")
@click.option("--svg", type=click.Path(path_type=Path), help="Draw what is printed into this file as well.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object instead of tables.")
def stats(days: int, svg: Path | None, as_json: bool) -> None:
    """Say how many suggestions were shown and taken, what that saved, and how long they took.

    Editors' servers count this on this machine; it holds no text, and nothing leaves it.
    """
    path = usage_path()
    try:
        rows = read(path, datetime.combine(date.today() - timedelta(days=days - 1), clock()).timestamp())
    except sqlite3.Error as error:
        raise InputError(f"{path} cannot be read: {error}; move it away to count anew") from None
    languages = {language: [row for row in rows if row.language == language] for language in {r.language for r in rows}}
    ordered = sorted(languages.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    if as_json:
        all_of_them = asdict(figures(rows)) if rows else None
        each = {name: asdict(figures(own)) for name, own in ordered}
        per_day = [
            {"day": day.isoformat(), "shown": shown, "taken": taken}
            for day, shown, taken in by_day(rows, days, date.today())
            if shown
        ]
        found = {"file": str(path), "days": days, "all": all_of_them, "languages": each, "by_day": per_day}
        click.echo(json.dumps(found))
        return
    if not rows:
        click.echo(f"codegpt: no suggestion in the last {days} days; codegpt-server counts them in an editor", err=True)
        return
    _print(rows, ordered, days, svg)


def _print(rows: Sequence[Shown], ordered: Sequence[tuple[str, list[Shown]]], days: int, svg: Path | None) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from codegpt.picture import svg_of

    console = Console(record=svg is not None, width=100 if svg else None)
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    for title in ("shown", "taken", "in part", "typed", "acceptance", "characters saved", "p50", "p95"):
        table.add_column(title, justify="right")
    for name, own in [*ordered, *([("all", list(rows))] if len(ordered) > 1 else [])]:
        found = figures(own)
        numbers = (found.shown, found.accepted, found.partly, found.typed)
        rest = (f"{found.acceptance:.0%}", f"{found.saved:,}", f"{found.p50_ms:.0f} ms", f"{found.p95_ms:.0f} ms")
        table.add_row(name, *map(str, numbers), *rest)
    console.print(table)
    console.print()
    plot = Table(box=None, pad_edge=False, expand=False)
    plot.add_column("day")
    plot.add_column("shown", justify="right")
    plot.add_column("taken", justify="right")
    plot.add_column("", width=WIDTH)
    each_day = by_day(rows, days, date.today())
    most = max(shown for _, shown, _ in each_day)
    first = next(number for number, (_, shown, _) in enumerate(each_day) if shown)
    for day, shown, taken in each_day[first:]:
        green, all_of_it = (round(WIDTH * count / most) for count in (taken, shown))
        bar = Text.assemble(("█" * green, "green"), ("█" * (all_of_it - green), "bright_black"))
        plot.add_row(day.isoformat(), str(shown), str(taken), bar)
    console.print(plot)
    if svg:
        svg.write_text(svg_of(console, f"codegpt stats, {days} days"), encoding="utf-8")
