"""What the thread of the engine remembers from key to key."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from codegpt_server.worker import Worker

from codegpt.context.cursor import Around, Cursor
from codegpt.context.project import Snapshot
from codegpt.context.told import NEAR_LINES
from codegpt.document import Document
from codegpt.engine.protocol import Cancelled, ToRead, never
from codegpt.engine.scripted import ScriptedEngine, prompt_text
from codegpt.inline import Asked
from codegpt.load import LoadedModel
from codegpt.planning import CompletionOptions
from codegpt.prompt import Prompt, parse_fim

NAMES = ("fetch", "store", "clear")
TEXTS = {f"app/{name}.py": f"def {name}(price: int) -> int:\n    return price\n" for name in NAMES}
HEAD = "".join(f"from .{name} import {name}\n" for name in NAMES)


class Remembering(ScriptedEngine):
    """An engine that knows the prompts that it was asked, and reads a character in a millisecond."""

    def __init__(self) -> None:
        super().__init__(self.script)
        self.asked: list[str] = []
        self.ahead: list[str] = []

    def script(self, prompt: Prompt, _row: int) -> str:
        self.asked.append(prompt_text(prompt))
        return "x"

    def read(self, prompt: Prompt, cancelled: Cancelled = never) -> None:
        self.ahead.append(prompt_text(prompt))

    def seconds_to_read(self, prompt: Prompt) -> ToRead:
        text = prompt_text(prompt)
        known = max((_shared(text, each) for each in (*self.asked, *self.ahead)), default=0)
        return ToRead(0.001 * (len(text) - known), 0.001 * len(text))


def _shared(one: str, other: str) -> int:
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def asked(text: str, uri: str = "file:///app/here.py") -> Asked:
    document = Document(text, uri, "python")

    @contextmanager
    def place() -> Iterator[Cursor]:
        yield Cursor(document, len(text), Around(Snapshot(TEXTS), "app", "app/here.py"))

    return Asked(document, len(text), CompletionOptions(context_tokens=110), never, place)


def told(prompt: str) -> list[str]:
    return [name for name in NAMES if f"def {name}(" in prompt]


def test_the_model_is_told_the_same_until_there_is_time_for_better() -> None:
    engine, worker = Remembering(), Worker()

    async def scenario() -> None:
        await worker.load(lambda: LoadedModel(engine, parse_fim("qwen2.5-coder/spm")))
        engine.asked.clear()
        first, next_line = HEAD + "fetch(", HEAD + "fetch(1)\nstore("
        later = HEAD + "fetch(1)\n" * (NEAR_LINES + 1) + "store("
        for text in (first, next_line, later):
            await worker.complete(asked(text))
        assert [told(prompt) for prompt in engine.asked] == [["fetch"]] * 3
        await worker.read_ahead(asked(next_line))  # the context that was begun is read to its end
        assert told(engine.ahead[-1]) == ["fetch"]
        await worker.read_ahead(asked(later))
        assert told(engine.ahead[-1]) == ["store"]
        await worker.complete(asked(later + "2"))
        assert told(engine.asked[-1]) == ["store"]
        await worker.complete(asked(later, "file:///app/other.py"))  # nothing was told of it
        assert told(engine.asked[-1]) == ["store"]

    try:
        asyncio.run(scenario())
    finally:
        worker.stop()
