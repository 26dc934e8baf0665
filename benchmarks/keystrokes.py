"""From a keystroke to the first line of a suggestion: this engine against llama.cpp and transformers' `generate`.

The same person types the same text for each of them (`codegpt_evals.replay`; no suggestion is taken, so that all see
the same documents), in turns, and each is asked with the same prompt, stopped by the same rules, and forgets all
between two rounds. llama.cpp is also asked in its usual order (prefix, suffix, middle). Those that compute more of the
prompt at every key get the first events of a place only; ratios are over the events that both have answered.

The whole path is a row of its own: lines that are right are taken, as a person would, so that each engine sees the keys
that its own suggestions leave; all events count, and blocks are suggested where the syntax says so.

    make peers
    python benchmarks/keystrokes.py [--rounds N] [--events N] [--slow-events N] [--out FILE] [--picture FILE.svg]
"""

import json
import statistics
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import click
import numpy as np
import torch
from codegpt_evals.plots import waits
from codegpt_evals.replay import Row, default_documents, replay, summarize
from codegpt_evals.typist import Kind
from peers.engines import Generate, LlamaCpp
from peers.machine import facts

from codegpt.checkpoints import DEFAULT_MODEL, find
from codegpt.console import run_and_exit
from codegpt.document import Document
from codegpt.engine.protocol import Engine
from codegpt.engine.tokens import Tokens
from codegpt.engine.torch_engine import TorchEngine
from codegpt.load import load_model, warm_up
from codegpt.planning import CompletionOptions
from codegpt.postprocess import Extent
from codegpt.prompt import Fim, parse_fim

PSM, SPM = parse_fim("qwen2.5-coder/psm"), parse_fim("qwen2.5-coder/spm")
KEYS = (Kind.KEY, Kind.NEWLINE)
FEW_TOKENS = 16


class Contestant(NamedTuple):
    """An engine, how it is asked, of how many documents how many events it gets, and whether its lines are taken."""

    name: str
    engine: Engine
    forget: Callable[[], None]
    fim: Fim
    documents: int
    events: int
    accepts: bool = False


@click.command()
@click.option("--rounds", default=5, show_default=True, type=click.IntRange(1))
@click.option("--documents", "count", default=6, show_default=True, type=click.IntRange(1), help="Typed in.")
@click.option("--events", default=12, show_default=True, type=click.IntRange(1), help="Of each document.")
@click.option("--slow-events", default=5, show_default=True, type=click.IntRange(2), help="For the slow ones.")
@click.option("--generate-rounds", default=1, show_default=True, type=click.IntRange(0), help="With transformers.")
@click.option("--peers", default=Path(".cache/peers"), show_default=True, type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Write the result here as well.")
@click.option("--picture", type=click.Path(path_type=Path), help="Draw it here, as SVG.")
def main(
    rounds: int,
    count: int,
    events: int,
    slow_events: int,
    generate_rounds: int,
    peers: Path,
    out: Path | None,
    picture: Path | None,
) -> None:
    """Let them answer the same keys, in turns."""
    loaded = load_model(DEFAULT_MODEL)
    assert isinstance(loaded.engine, TorchEngine)
    warm_up(loaded.engine)
    directory = find(DEFAULT_MODEL).directory
    tokens = Tokens((directory / "tokenizer.json").read_text(encoding="utf-8"))
    documents = default_documents()
    documents = documents[:: max(1, len(documents) // count)][:count]
    with ExitStack() as stack:
        llama = stack.enter_context(LlamaCpp.found(peers, tokens, torch.get_num_threads()))
        contestants = [
            Contestant("codegpt", loaded.engine, loaded.engine.forget, SPM, len(documents), events),
            Contestant("llama.cpp, our prompt", llama, llama.forget, SPM, len(documents), events),
            Contestant("llama.cpp, its usual prompt", llama, llama.forget, PSM, len(documents), slow_events),
        ]
        if generate_rounds:
            plain = Generate.load(directory, tokens)
            lookup = plain.with_lookup(10)
            contestants += [
                Contestant("transformers", plain, plain.forget, SPM, 2, slow_events),
                Contestant("transformers, prompt lookup", lookup, lookup.forget, SPM, 2, slow_events),
            ]
        whole = [
            each._replace(name=f"{each.name}, whole path", events=events // 4, accepts=True) for each in contestants[:2]
        ]
        found: dict[str, list[list[Row]]] = {each.name: [] for each in [*contestants, *whole]}
        for number in range(rounds):
            order = [*contestants, *whole] if number % 2 == 0 else [*whole[::-1], *contestants[::-1]]
            for each in order:
                if number < generate_rounds or not isinstance(each.engine, Generate):
                    found[each.name].append(_round(each, documents))
                    click.echo(f"round {number + 1}, {each.name}: {_p50(found[each.name][-1]):.0f} ms", err=True)
        result: dict[str, Any] = {
            "benchmark": "keystrokes",
            "rounds": rounds,
            "files": [name for name, _ in documents],
            "engines": {each.name: each.engine.info.dtype for each in contestants},
            "whole_path": _whole(*(found.pop(each.name) for each in whole)),
            "llama.cpp": {"version": llama.version, "system": llama.system},
            "machine": facts(),
            **_summary(found),
            "rows": {name: [[_short(row) for row in rows] for rows in runs] for name, runs in found.items()},
        }
        result["llama.cpp_takes_so_many_times_as_long"] = times_as_long(result["rows"])
    if out:
        out.write_text(json.dumps(result) + "\n", encoding="utf-8")
    if picture:
        picture.write_text(waits(_keys(found), "From a key to the first line"), encoding="utf-8")
    click.echo(json.dumps({name: value for name, value in result.items() if name != "rows"}))


def _round(each: Contestant, documents: Sequence[tuple[str, Document]]) -> list[Row]:
    each.forget()
    options = CompletionOptions() if each.accepts else CompletionOptions(extent=Extent.LINE)
    rows: list[Row] = []
    for document in documents[: each.documents]:
        rows += replay(
            [document],
            each.engine,
            each.fim,
            events=each.events,
            places=1,
            accepts=each.accepts,
            options=options,
            every_key=True,
        )
    return rows


def _shared(ours: Sequence[Row], theirs: Sequence[Row]) -> list[Row]:
    """Of our rows those of the events that they have answered too."""
    count = Counter(row.file for row in theirs)
    seen: Counter[str] = Counter()
    found = []
    for row in ours:
        seen[row.file] += 1
        if seen[row.file] <= count[row.file]:
            found.append(row)
    assert [(row.file, row.kind) for row in found] == [(row.file, row.kind) for row in theirs]
    return found


def _summary(found: dict[str, list[list[Row]]]) -> dict[str, Any]:
    """Of each one the medians over the rounds, and how they compare with ours on the same events."""
    ours = found["codegpt"]
    return {
        name: {
            "key_p50_ms": _over_rounds(_p50, runs),
            "key_p95_ms": _over_rounds(_p95, runs),
            "cold_p50_ms": _over_rounds(_cold, runs),
            "exact_match": round(statistics.mean(row.exact for row in runs[0] if row.exact is not None), 4),
            "events": len(runs[0]),
            "ratio_p50": _ratio(_p50, ours, runs),
            "ratio_p95": _ratio(_p95, ours, runs),
            "exact_match_of_ours": round(
                statistics.mean(row.exact for row in _shared(ours[0], runs[0]) if row.exact is not None), 4
            ),
        }
        for name, runs in found.items()
        if runs
    }


def _whole(ours: list[list[Row]], theirs: list[list[Row]]) -> dict[str, Any]:
    """The rows in which lines are taken."""

    def of(runs: list[list[Row]], share: float) -> list[float]:
        return [float(np.percentile([row.ms for row in rows], share)) for rows in runs]

    result: dict[str, Any] = {}
    for share in (50, 95):
        own, other = of(ours, share), of(theirs, share)
        ratio = statistics.median(a / b for a, b in zip(own, other, strict=True))
        result[f"p{share}_ms"] = {"codegpt": statistics.median(own), "llama.cpp": statistics.median(other)}
        result[f"ratio_p{share}"] = round(ratio, 3)
    for name, runs in (("codegpt", ours), ("llama.cpp", theirs)):
        result[f"keystrokes_saved, {name}"] = summarize(runs[0]).keystrokes_saved
    return result


def _keys(found: dict[str, list[list[Row]]]) -> dict[str, list[float]]:
    """How long each key waited, in all rounds."""
    waited = {name: [row.ms for rows in runs for row in rows if row.kind in KEYS] for name, runs in found.items()}
    return {name: times for name, times in waited.items() if times}


def _ratio(of: Callable[[Sequence[Row]], float], ours: list[list[Row]], theirs: list[list[Row]]) -> float:
    """Ours to theirs: the median of the rounds."""
    pairs = zip(ours, theirs, strict=False)
    return round(statistics.median(of(_shared(own, their)) / of(their) for own, their in pairs), 3)


def _over_rounds(of: Callable[[Sequence[Row]], float], runs: list[list[Row]]) -> float:
    return round(statistics.median(map(of, runs)), 1)


def _p50(rows: Sequence[Row]) -> float:
    return float(np.percentile([row.ms for row in rows if row.kind in KEYS], 50))


def _p95(rows: Sequence[Row]) -> float:
    return float(np.percentile([row.ms for row in rows if row.kind in KEYS], 95))


def _cold(rows: Sequence[Row]) -> float:
    return float(np.percentile([row.ms for row in rows if row.kind in (Kind.OPEN, Kind.JUMP)], 50))


def times_as_long(rows: Mapping[str, Sequence[Sequence[Sequence[Any]]]]) -> dict[str, list[float]]:
    """What llama.cpp, asked with our prompt, takes for all keys of a round together: median, least, most of rounds.

    Args:
        rows: as the file has them, see `_short`. A prompt is known where few of its tokens were computed.
    """
    keys = [str(kind) for kind in KEYS]
    times: dict[str, list[float]] = {"prompts that are known": [], "all keys": []}
    for ours, theirs in zip(rows["codegpt"], rows["llama.cpp, our prompt"], strict=True):
        pairs = [(one, other) for one, other in zip(ours, theirs, strict=True) if one[0] in keys]
        known = [(one, other) for one, other in pairs if one[3] <= FEW_TOKENS]
        for name, some in zip(times, (known, pairs), strict=True):
            times[name].append(sum(other[1] for _, other in some) / sum(one[1] for one, _ in some))
    return {name: [round(of(found), 2) for of in (statistics.median, min, max)] for name, found in times.items()}


def _short(row: Row) -> list[Any]:
    return [row.kind, row.ms, row.prompt_tokens, row.computed_tokens, row.exact]


if __name__ == "__main__":
    run_and_exit(main, "keystrokes")
