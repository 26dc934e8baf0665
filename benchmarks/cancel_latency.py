"""How long the engine goes on after a cancel: the time from raising the flag to the call's return, with the real model.

Run: `python benchmarks/cancel_latency.py [--attempts N]`. The last line of standard output is JSON.
"""

import itertools
import json
import statistics
import threading
import time
from pathlib import Path

import click

from codegpt.checkpoints import DEFAULT_MODEL
from codegpt.console import run_and_exit
from codegpt.doctor import examine
from codegpt.engine.protocol import SamplingParams, StopReason, Watch
from codegpt.load import LoadedModel, load_model, warm_up
from codegpt.prompt import Prompt, render_fim

PROMPT_LINES = 400  # some 3,000 tokens: seconds of prompt processing on two cores


def cancel_in_prefill(loaded: LoadedModel, attempt: int, delay_s: float) -> float:
    """Seconds until a call returns whose flag is raised `delay_s` into a long prompt."""
    prefix = "".join(f"x{attempt}_{line} = {line}\n" for line in range(PROMPT_LINES))  # new each time: nothing cached
    flag = Flag()
    timer = threading.Timer(delay_s, flag.raise_)
    timer.start()
    return _run(loaded, render_fim(prefix, "", loaded.fim), flag, tokens=0)


def cancel_in_decoding(loaded: LoadedModel, attempt: int) -> float:
    """Seconds until a call returns whose flag is raised, from another thread, after `attempt + 1` tokens."""
    flag = Flag()
    timer = threading.Timer(0.02, flag.raise_)

    seen = itertools.count(1)

    def watch(_row: int, _text: str) -> bool:
        if next(seen) == attempt + 1:
            timer.start()
        return False

    prompt = render_fim("def count_words(text):\n", "", loaded.fim)
    return _run(loaded, prompt, flag, tokens=attempt + 1, watch=watch)


class Flag:
    """A cancel flag that remembers when it was raised."""

    def __init__(self) -> None:
        self.event = threading.Event()
        self.raised_at = 0.0

    def raise_(self) -> None:
        """Raise it."""
        self.raised_at = time.monotonic()
        self.event.set()


def _run(loaded: LoadedModel, prompt: Prompt, flag: Flag, tokens: int, watch: Watch | None = None) -> float:
    params = SamplingParams(max_new_tokens=400)
    [[row]] = loaded.engine.generate([prompt], params, watch=watch, cancelled=flag.event.is_set)
    late_s = time.monotonic() - flag.raised_at
    assert row.stop_reason is StopReason.CANCELLED, row.stop_reason
    assert (len(row.token_ids) > 0) == (tokens > 0), row
    return late_s


def summary(seconds: list[float]) -> dict[str, float]:
    """Median and maximum in milliseconds."""
    return {"median_ms": round(statistics.median(seconds) * 1000, 1), "max_ms": round(max(seconds) * 1000, 1)}


@click.command()
@click.option("--attempts", default=10, show_default=True, type=click.IntRange(1))
@click.option("--out", type=click.Path(path_type=Path), help="Write the result here as well.")
def measure(attempts: int, out: Path | None) -> None:
    """Measure how long a cancelled call goes on, in the prompt and while decoding."""
    loaded = load_model(DEFAULT_MODEL)
    warm_up(loaded.engine)  # as the server does: compiled code is loaded once
    prefill = [cancel_in_prefill(loaded, attempt, 0.1 + 0.13 * (attempt % 8)) for attempt in range(attempts)]
    decoding = [cancel_in_decoding(loaded, attempt) for attempt in range(attempts)]
    facts = examine()
    result = {
        "benchmark": "cancel_latency",
        "model": loaded.engine.info.name,
        "attempts": attempts,
        "prefill": summary(prefill),
        "decoding": summary(decoding),
        "machine": {"cores": facts.cores, "device": facts.device, "dtype": facts.dtype, "torch": facts.torch},
    }
    if out:
        out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    click.echo(json.dumps(result))


if __name__ == "__main__":
    run_and_exit(measure, "cancel_latency")
