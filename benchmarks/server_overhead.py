"""What the server costs beside the model: the real process, an engine that answers at once, a file of 2,000 lines.

First keys one after the other, each answered before the next; how long `initialize` takes; then so many keys a second
for a while, whatever the server says: no queue may be left, and no memory. The last line of standard output is JSON.

    python benchmarks/server_overhead.py [--lines N] [--keys N] [--rate N] [--seconds N] [--out FILE.json]
"""

import json
import statistics
import sysconfig
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from peers.lsp import Client
from peers.machine import facts

from codegpt.console import run_and_exit

URI = "file:///benchmark/module.py"
TYPED = "    value = compute(self, other)[0]  # what it is\n    if value:\n        return value.first\n"
"""Again and again, a character a key."""


def keys(line: int) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Of each key the change, and the position after it."""
    character = 0
    while True:
        for key in TYPED:
            start = {"line": line, "character": character}
            line, character = (line + 1, 0) if key == "\n" else (line, character + 1)
            yield {"range": {"start": start, "end": start}, "text": key}, {"line": line, "character": character}


def percentiles(ms: list[float]) -> dict[str, float]:
    """Of some milliseconds."""
    cuts = statistics.quantiles(ms, n=100)
    return {
        "p50_ms": round(cuts[49], 2),
        "p95_ms": round(cuts[94], 2),
        "p99_ms": round(cuts[98], 2),
        "max_ms": round(max(ms), 2),
    }


def started() -> tuple[Client, list[float]]:
    """A server that is initialized, and the seconds that took: with the start of the process, and without."""
    settings = {"ahead": False, "context": False}
    begin = {"processId": None, "rootUri": None, "capabilities": {}, "initializationOptions": settings}
    starts: list[float] = []
    for wait_s in (0.0, 5.0):  # the second time the server is there, and waits for the message
        begun = time.perf_counter()
        client = Client("--scripted", "compute(self, other)")
        time.sleep(wait_s)
        client.send("initialize", begin, 0)
        client.wait(0)
        starts.append(time.perf_counter() - begun - wait_s)
        if not wait_s:
            client.process.kill()
    return client, starts


@click.command()
@click.option("--lines", default=2000, show_default=True)
@click.option("--keys", "count", default=1000, show_default=True)
@click.option("--rate", default=300, show_default=True, help="Keys a second.")
@click.option("--seconds", default=60, show_default=True)
@click.option("--out", type=click.Path(path_type=Path))
def main(lines: int, count: int, rate: int, seconds: int, out: Path | None) -> None:
    """Measure."""
    source = (Path(sysconfig.get_path("stdlib")) / "typing.py").read_text(encoding="utf-8").split("\n")[:lines]
    client, starts = started()
    client.send("initialized", {})
    client.wait_until("ready")
    item = {"uri": URI, "languageId": "python", "version": 0, "text": "\n".join(source)}
    client.send("textDocument/didOpen", {"textDocument": item})
    typed, number = keys(lines // 2), 0

    def press() -> int:
        nonlocal number
        number += 1
        change, position = next(typed)
        document = {"uri": URI, "version": number}
        client.send("textDocument/didChange", {"textDocument": document, "contentChanges": [change]})
        place = {"textDocument": {"uri": URI}, "position": position}
        client.send("textDocument/inlineCompletion", {**place, "context": {"triggerKind": 2}}, number)
        return number

    one_by_one = [client.wait(press()) for _ in range(count)]
    first, memory = number + 1, [client.rss_mib()]
    start = time.perf_counter()
    for key in range(rate * seconds):
        time.sleep(max(0.0, start + key / rate - time.perf_counter()))
        press()
        if key % rate == 0:
            memory.append(client.rss_mib())
    behind_s = time.perf_counter() - start - seconds
    left_ms = client.wait(number)
    answered = [1000 * client.took[each] for each in range(first, number + 1) if each in client.took]
    result = {
        "lines": lines,
        "initialize_ms": {"with_the_start": round(1000 * starts[0], 1), "once_read": round(1000 * starts[1], 1)},
        "one_by_one": {"keys": count, **percentiles(one_by_one)},
        "at_rate": {
            "keys_per_s": rate,
            "seconds": seconds,
            "unanswered": number + 1 - first - len(answered),
            "client_behind_s": round(behind_s, 3),
            "last_answer_ms": round(left_ms, 2),
            **percentiles(answered),
        },
        "rss_mib": {
            "after_10_s": round(memory[10], 1),
            "at_the_end": round(client.rss_mib(), 1),
            "most": round(max(memory), 1),
        },
        **facts(),
    }
    client.process.kill()
    text = json.dumps(result)
    if out:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text + "\n", encoding="utf-8")
    click.echo(text)


if __name__ == "__main__":
    run_and_exit(main, "server_overhead")
