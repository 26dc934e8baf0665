"""Files typed again through the real server and model, and with the engine alone; then beside requests in words.

Both see the same project, have the product's defaults, and read ahead while nobody types; a key comes so many
milliseconds after the answer to the one before. In a last part requests in words follow one another all the time, and
the same keys are typed as without. The last line of standard output is JSON.

    python benchmarks/server_replay.py [--events N] [--pause-ms N] [--out FILE.json]
"""

import json
import re
import shutil
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import click
import codegpt_evals
from codegpt_evals.replay import AHEAD, MODEL, replay
from codegpt_evals.typist import Event, type_again
from codegpt_evals.workspace import workspace_of
from codegpt_server.settings import Settings
from peers.lsp import Client
from peers.machine import facts
from server_overhead import percentiles

import codegpt
from codegpt.checkpoints import DEFAULT_MODEL
from codegpt.console import run_and_exit
from codegpt.document import Document
from codegpt.load import load_model, warm_up
from codegpt.postprocess import first_line
from codegpt.source_file import read_document

TYPED = ("textwrap.py", "json/decoder.py", "heapq.py", "shlex.py", "codegpt/document.py", "codegpt_evals/typist.py")
"""As `codegpt-evals replay` types; the project has what else is in these folders."""

WORDS = "Merge two sorted lists. merge([1, 3], [2]) == [1, 2, 3], merge([], [5]) == [5]"


class Answer(NamedTuple):
    """To one key.

    Attributes:
        new: whether something was shown that was not there before; what is typed along with was.
        right: whether what was shown is what the file has; None where the file has nothing more on the line.
    """

    ms: float
    new: bool
    right: bool | None
    keys: int
    by_hand: int


class Typist:
    """Types in an editor's stead.

    Args:
        before: what is done before each key.
    """

    def __init__(
        self, client: Client, numbers: Iterator[int], pause_s: float, before: Callable[[], None] = lambda: None
    ) -> None:
        self._client, self._numbers, self._pause_s, self._before = client, numbers, pause_s, before
        self._shown = 0

    def type(self, document: Document, places: int, most: int) -> list[Answer]:
        """So many events of one document, which is opened and closed again."""
        typing, answers = type_again(document, places, 0), list[Answer]()
        event, version = next(typing), next(self._numbers)
        uri, before = event.document.uri, event.document
        item = {"uri": uri, "languageId": "python", "version": version, "text": before.text}
        self._client.send("textDocument/didOpen", {"textDocument": item})
        while len(answers) < most:
            self._before()
            answer, first = self._ask(event, before)
            answers.append(answer)
            before = event.document
            time.sleep(self._pause_s)
            try:
                event = typing.send(first)
            except StopIteration:
                break
        self._client.send("textDocument/didClose", {"textDocument": {"uri": uri}})
        return answers

    def _ask(self, event: Event, before: Document) -> tuple[Answer, str]:
        number, document = next(self._numbers), event.document
        if document.text != before.text:
            named = {"uri": document.uri, "version": number}
            change = _change(before, document)
            self._client.send("textDocument/didChange", {"textDocument": named, "contentChanges": [change]})
        place = {"textDocument": {"uri": document.uri}, "position": _position(document, event.offset)}
        self._client.send("textDocument/inlineCompletion", {**place, "context": {"triggerKind": 2}}, number)
        ms = self._client.wait(number)
        items = self._client.results[number]["items"]
        first, wanted = first_line(items[0]["insertText"]) if items else "", event.wanted
        suggestion = items[0]["command"]["arguments"][0] if items else self._shown
        new, self._shown = suggestion != self._shown, suggestion
        right = first.rstrip() == wanted.rstrip() if wanted.strip() else None
        return Answer(ms, new, right, event.keys, event.by_hand), first


def _change(before: Document, after: Document) -> dict[str, Any]:
    """What an editor would say of an edit: the least of the text that has changed."""
    old, new = before.text, after.text
    most = min(len(old), len(new))
    start = next((at for at in range(most) if old[at] != new[at]), most)
    end = next((at for at in range(most - start) if old[-1 - at] != new[-1 - at]), most - start)
    span = {"start": _position(before, start), "end": _position(before, len(old) - end)}
    return {"range": span, "text": new[start : len(new) - end]}


def _position(document: Document, offset: int) -> dict[str, int]:
    """In code points: UTF-32 is what the client asks for."""
    line = document.line_at(offset)
    return {"line": line, "character": offset - document.line_starts[line]}


def summary(answers: Sequence[Answer]) -> dict[str, Any]:
    """How long they took, and what they were worth."""
    shown = [each.right for each in answers if each.new and each.right is not None]
    keys, by_hand = sum(each.keys for each in answers), sum(each.by_hand for each in answers)
    return {
        "keys": len(answers),
        **percentiles([each.ms for each in answers]),
        "keystrokes_saved": round(1 - keys / by_hand, 4),
        "shown": len(shown),
        "right_of_shown": round(sum(shown) / len(shown), 4),
    }


def project(root: Path) -> list[Path]:
    """A project with the files that are typed, and what lies beside them; those."""
    (root / "pyproject.toml").touch()
    stdlib = Path(sysconfig.get_path("stdlib"))
    for path in stdlib.glob("*.py"):
        shutil.copyfile(path, root / path.name)
    shutil.copytree(stdlib / "json", root / "json", ignore=shutil.ignore_patterns("__pycache__"))
    for package in (codegpt, codegpt_evals):
        source = Path(str(package.__file__)).parent
        shutil.copytree(source, root / source.name, ignore=shutil.ignore_patterns("__pycache__"))
    return [root / name for name in TYPED]


def started(root: Path, confidence: float, *, trusted: bool = False) -> Client:
    """A server with the product's defaults that has loaded the model and indexed the project."""
    client = Client()
    begin = {
        "processId": None,
        "rootUri": root.as_uri(),
        "workspaceFolders": [{"uri": root.as_uri(), "name": root.name}],
        "capabilities": {"general": {"positionEncodings": ["utf-32"]}},
        "initializationOptions": {"confidence": confidence, "trusted": trusted},
    }
    client.send("initialize", begin, 0)
    client.wait(0)
    client.send("initialized", {})
    client.wait_until("ready", "indexed")
    return client


def through_the_server(
    root: Path, documents: Sequence[Document], events: int, pause_s: float, confidence: float
) -> Any:
    """The same keys as with the engine alone, as far as the same is shown."""
    client = started(root, confidence)
    typist, answers = Typist(client, count(1), pause_s), list[Answer]()
    for number, document in enumerate(documents):
        answers += typist.type(document, 3, (events - len(answers)) // (len(documents) - number))
    client.process.kill()
    return summary(answers)


def engine_alone(paths: Sequence[Path], documents: Sequence[Document], events: int, pause_s: float) -> Any:
    """In this process, by the same code without a server around it."""
    loaded, settings = load_model(DEFAULT_MODEL), Settings()
    warm_up(loaded.engine)
    rows = replay(
        [(path.name, document) for path, document in zip(paths, documents, strict=True)],
        loaded.engine,
        loaded.fim,
        events=events,
        places=3,
        options=settings.options(invoked=False),
        pause_s=pause_s,
        workspaces=[workspace_of(path) for path in paths],
        confidence=settings.confidence,
    )
    return summary(
        [Answer(row.ms, row.shown and row.made_by in (MODEL, AHEAD), row.exact, row.keys, row.by_hand) for row in rows]
    )


class InWords:
    """Requests in words, one after the other."""

    def __init__(self, client: Client, numbers: Iterator[int], uri: str) -> None:
        self._client, self._numbers, self._uri = client, numbers, uri
        self._asked: list[int] = []

    def keep_going(self) -> None:
        """Ask again, where the last one was answered."""
        if self._asked and self._asked[-1] not in self._client.took:
            return
        self._asked.append(next(self._numbers))
        given = {"uri": self._uri, "position": {"line": 0, "character": 0}, "words": WORDS, "samples": 32}
        command = {"command": "codegpt.generate", "arguments": [{**given, "budget_s": 600}]}
        command["workDoneToken"] = str(self._asked[-1])
        self._client.send("workspace/executeCommand", command, self._asked[-1])

    def stop(self) -> int:
        """Cancel the last one; how many samples were drawn meanwhile, as far as was said."""
        if self._asked:
            self._client.send("$/cancelRequest", {"id": self._asked[-1]})
            self._client.wait(self._asked[-1])
        said = (re.match(r"(\d+) of", self._client.progress.get(str(each), "")) for each in self._asked)
        return sum(int(found[1]) for found in said if found)


def while_in_words(root: Path, documents: Sequence[Document], events: int, pause_s: float) -> Any:
    """The same keys in turns, document by document: with nothing else to do, and while it writes from words."""
    client, numbers = started(root, Settings().confidence, trusted=True), count(1)
    found: dict[str, list[Answer]] = {"alone": [], "while_in_words": []}
    samples = 0
    for number, document in enumerate(documents):
        Typist(client, numbers, pause_s).type(document, 3, 10)  # so that the text is known to both
        for name in sorted(found, reverse=bool(number % 2)):
            words = InWords(client, numbers, document.uri)
            before = (words.keep_going,) if name == "while_in_words" else ()
            found[name] += Typist(client, numbers, pause_s, *before).type(document, 3, events // len(documents))
            samples += words.stop()
    client.process.kill()
    return {"samples_meanwhile": samples, **{name: summary(each) for name, each in found.items()}}


@click.command()
@click.option("--events", default=480, show_default=True, type=click.IntRange(6))
@click.option("--pause-ms", default=120, show_default=True, type=click.IntRange(0), help="Between answer and next key.")
@click.option("--out", type=click.Path(path_type=Path))
def main(events: int, pause_ms: int, out: Path | None) -> None:
    """Measure."""
    pause_s = pause_ms / 1000
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "workspace").resolve()
        root.mkdir()
        paths = project(root)
        documents = [read_document(path) for path in paths]
        result = {
            "benchmark": "server_replay",
            "pause_ms": pause_ms,
            "server": through_the_server(root, documents, events, pause_s, Settings().confidence),
            "engine_alone": engine_alone(paths, documents, events, pause_s),
            "server_without_gate": through_the_server(root, documents, events, pause_s, 0.0),
            "in_words": while_in_words(root, documents, events, pause_s),
            "machine": facts(),
        }
    text = json.dumps(result)
    if out:
        out.write_text(text + "\n", encoding="utf-8")
    click.echo(text)


if __name__ == "__main__":
    run_and_exit(main, "server_replay")
