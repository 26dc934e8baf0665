"""Thirty functions of packages that people use: bodies removed, written again, and compared with what was there.

Each is asked for as `codegpt generate --at ... --workspace ...` does: its own signature and docstring, the file around
it, and the tests of it that the workspace has. Right is a first candidate for which every example and test holds, and
which does what the original does on the inputs that it was looked at with. Wheels are fetched by pip, and unpacked
into a workspace whose packages of others lie in its `.venv`. The last line of standard output is JSON. Goes on where
it was stopped.

    python benchmarks/real_functions.py --folder FOLDER [--samples N] [--out FILE.json]
"""

import ast
import json
import subprocess
import sys
import time
import venv
import zipfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from rich.progress import track

from codegpt.checkpoints import DEFAULT_MODEL
from codegpt.console import run_and_exit
from codegpt.document import Document
from codegpt.errors import InputError
from codegpt.generate import Candidates, GenerateOptions, Run, Task, generate
from codegpt.load import LoadedModel, load_model
from codegpt.sandbox.opening import open_sandbox
from codegpt.sandbox.workspace import module_in
from codegpt.selection import NOTHING
from codegpt.task import Asked, place_at, task_for
from codegpt.workspace_tests import find_tests

OURS = (
    *("jaraco.itertools==6.4.3", "jaraco.text==4.3.0", "inflect==7.6.0", "toolz==1.2.0"),
    *("sortedcollections==2.1.0", "werkzeug==3.1.9", "webcolors==25.10.0", "humanize==4.17.0", "inflection==0.5.1"),
    *("boltons==26.2.0", "natsort==8.4.0"),
)
OTHERS = (
    *("more-itertools==11.2.1", "typeguard==4.6.1", "sortedcontainers==2.4.0"),
    *("markupsafe==3.0.4", "typing-extensions", "jaraco.functools==4.6.0", "jaraco.context==6.1.2"),
)
FUNCTIONS = """
jaraco/itertools.py reverse_lists partition_items grouper_nofill_str remove_duplicates every_other find_subseq
jaraco/itertools.py duplicates
inflect/__init__.py bysize joinstem engine.compare engine.ordinal
sortedcollections/nearestdict.py NearestDict.nearest_key
werkzeug/datastructures/structures.py MultiDict.setlistdefault MultiDict.listvalues
jaraco/text/__init__.py join_continuation WordSet.trim_left
webcolors/_conversion.py hex_to_rgb rgb_percent_to_rgb
humanize/number.py ordinal clamp
humanize/lists.py natural_list
inflection/__init__.py ordinalize titleize underscore
boltons/strutils.py cardinalize int_ranges_from_int_list
natsort/natsort.py order_by_index
toolz/itertoolz.py unique isdistinct
toolz/dicttoolz.py merge
"""


@dataclass(frozen=True)
class Removed:
    """A function without its body.

    Attributes:
        offset: where its signature or docstring ends, in `text`.
        body: what stood there.
        third_party: what its file imports at its top level that is neither the standard library nor its own package.
    """

    text: str
    offset: int
    body: str
    third_party: tuple[str, ...]


def remove(text: str, name: str, package: str) -> Removed:
    """Take the body of a function or method out of its file."""
    tree: Any = ast.parse(text)
    third_party = sorted(
        {top for top in map(_top, tree.body) if top} - {package, "__future__", *sys.stdlib_module_names}
    )
    node = tree
    for part in name.split("."):
        node = next(each for each in node.body if getattr(each, "name", "") == part)
    described, first = node.body[0], node.body[1]
    lines = text.splitlines(keepends=True)
    begin, end = described.end_lineno, node.end_lineno
    assert first.lineno > begin
    before = "".join(lines[:begin])
    return Removed(before + "".join(lines[end:]), len(before.rstrip("\n")), "".join(lines[begin:end]), (*third_party,))


def _top(node: ast.stmt) -> str:
    if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
        return node.module.partition(".")[0]
    return node.names[0].name.partition(".")[0] if isinstance(node, ast.Import) else ""


def make_workspace(folder: Path) -> Path:
    """The packages, unpacked, with those they need in `.venv`."""
    root = folder / "workspace"
    if (root / "ready").exists():
        return root
    wheels = folder / "wheels"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    subprocess.run([*pip, "download", "--no-deps", "--only-binary", ":all:", "-d", str(wheels), *OURS], check=True)
    venv.create(root / ".venv", with_pip=False)
    [packages] = (root / ".venv" / "lib").glob("python*/site-packages")
    subprocess.run([*pip, "install", "--target", str(packages), *OTHERS], check=True)
    for wheel in sorted(wheels.glob("*.whl")):
        zipfile.ZipFile(wheel).extractall(root)
    (root / "ready").touch()
    return root


def ask(loaded: LoadedModel, run: Run, root: Path, file: Path, found: Removed, samples: int) -> dict[str, Any]:
    """Write one function again."""
    place = place_at(Document(found.text, language="python"), found.offset)
    tests = None if place.interface.owner else find_tests(place.interface.name, file, root)
    asked = Asked("", "python", place.interface, place, tests, module=module_in(root, file))
    task = task_for(asked, loaded.engine)
    begun = time.monotonic()
    options = GenerateOptions(samples, budget_s=120)
    result = generate(task, loaded.engine, loaded.chat, run, options)
    return {
        "third_party": found.third_party,
        "method": bool(place.interface.owner),
        "tests": tests is not None,
        "drawn": result.drawn,
        "seconds": round(time.monotonic() - begun, 1),
        "sampling_s": round(result.sampling_s, 1),
        "jail_s": round(result.jail_s, 1),
        **_judged(task, result, place.begins + found.body, run),
    }


def _judged(task: Task, result: Candidates, original: str, run: Run) -> dict[str, Any]:
    """The first candidate beside the original."""
    if not result.ranked:
        return {"level": "nothing", "right": False}
    first = result.ranked[0]
    seen, evidence = result.seen[first.candidate.number], first.evidence
    row: dict[str, Any] = {
        "level": evidence.level,
        "passed": evidence.passed,
        "of": evidence.of,
        "agree": evidence.agree,
        "reason": evidence.reason,
        "repaired": result.repaired,
    }
    if task.trial is None:
        return {**row, "right": None}
    wanted = task.trial.seen(list(run(task.trial.jobs(original))))
    pairs = [(a, b) for a, b in zip(seen.behaviour, wanted.behaviour, strict=False) if not b.startswith(NOTHING)]
    row |= {
        "original_passes": sum(wanted.examples),
        "inputs": len(pairs),
        "as_the_original": sum(a == b for a, b in pairs),
    }
    known = bool(pairs or evidence.of)
    return {**row, "right": (evidence.passed == evidence.of and all(a == b for a, b in pairs)) if known else None}


@click.command()
@click.option("--folder", required=True, type=click.Path(file_okay=False, path_type=Path), help="For the packages.")
@click.option("--samples", default=32, show_default=True, type=click.IntRange(1))
@click.option("--out", type=click.Path(path_type=Path), help="Write the result here as well.")
def main(folder: Path, samples: int, out: Path | None) -> None:
    """Write all of them."""
    root = make_workspace(folder)
    journal = folder / "functions.jsonl"
    known = (
        {row["function"]: row for row in map(json.loads, journal.read_text().splitlines())} if journal.exists() else {}
    )
    loaded = load_model(DEFAULT_MODEL)
    wanted = [(file, name) for file, *names in map(str.split, FUNCTIONS.strip().splitlines()) for name in names]
    with open_sandbox(trusted=root) as jail, journal.open("a", encoding="utf-8") as lines:
        for file, name in track(wanted, description="functions"):
            title = f"{file}:{name}"
            if title in known:
                continue
            found = remove((root / file).read_text(encoding="utf-8"), name, file.partition("/")[0])
            try:
                row = ask(loaded, jail.run_all, root, root / file, found, samples)
            except InputError as error:
                row = {"level": "nothing", "right": False, "reason": str(error)}
            known[title] = {"function": title, **row}
            lines.write(json.dumps(known[title]) + "\n")
            lines.flush()
    rows = [known[f"{file}:{name}"] for file, name in wanted]
    result = {
        "benchmark": "real_functions",
        "model": loaded.engine.info.name,
        "functions": len(rows),
        "third_party": sum(bool(row.get("third_party")) for row in rows),
        "methods": sum(row.get("method", False) for row in rows),
        "levels": Counter(row["level"] for row in rows),
        "right": sum(row["right"] is True for row in rows),
        "not_known": sum(row["right"] is None for row in rows),
        "rows": rows,
    }
    if out:
        out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    click.echo(json.dumps({name: value for name, value in result.items() if name != "rows"}))


if __name__ == "__main__":
    run_and_exit(main, "real_functions")
