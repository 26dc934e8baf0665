"""The one thread that owns the engine: it loads the model in the background, then completes one request at a time."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass

from codegpt.complete import Completions, complete
from codegpt.context.cursor import Around, Cursor
from codegpt.context.told import Told
from codegpt.document import Document
from codegpt.engine.protocol import Cancelled
from codegpt.errors import CheckpointError, CodeGPTError
from codegpt.load import LoadedModel, warm_up
from codegpt.planning import CompletionOptions, plan_ahead

Loader = Callable[[], LoadedModel]
AroundIn = Callable[[], AbstractContextManager[Around | None, bool | None]]
"""Says, for as long as it is entered, what a document lies in."""


@dataclass(frozen=True)
class Asked:
    """A place in a document, and how it is asked about.

    Attributes:
        around: says, in the engine's thread, what the document lies in.
    """

    document: Document
    offset: int
    options: CompletionOptions
    cancelled: Cancelled
    around: AroundIn = nullcontext

    @property
    def line(self) -> int:
        """That the place is in."""
        return self.document.line_at(self.offset)

    @contextmanager
    def place(self) -> Iterator[Cursor | None]:
        """The cursor in its project; None where nothing is known of that, or wanted."""
        if self.options.context_tokens == 0:
            yield None
            return
        with self.around() as known:
            yield None if known is None else Cursor(self.document, self.offset, known)


class Worker:
    """Runs a loader, then completions, in one thread; requests made while the model loads wait for it."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="codegpt-engine")
        self._loaded: LoadedModel | None = None
        self._failure = "the model was not asked for yet"
        self._told = Told()

    async def load(self, loader: Loader) -> LoadedModel:
        """Load the model.

        Raises:
            CodeGPTError: it cannot be loaded; completions then come back empty.
        """
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._load, loader)

    def _load(self, loader: Loader) -> LoadedModel:
        try:
            loaded = loader()
            warm_up(loaded.engine)
            self._loaded = loaded
        except CodeGPTError as error:
            self._failure = str(error)
            raise
        except Exception as error:  # the editor must hear of it, whatever it is
            self._failure = f"the model cannot be loaded: {error!r}"
            raise CheckpointError(self._failure) from error
        return self._loaded

    async def complete(self, asked: Asked) -> Completions:
        """Complete in the engine's thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._complete, asked)

    def _complete(self, asked: Asked) -> Completions:
        if asked.cancelled():
            return Completions((), "cancelled")
        if self._loaded is None:
            return Completions((), self._failure)
        engine, fim, uri = self._loaded.engine, self._loaded.fim, asked.document.uri
        told = self._told.of(uri, asked.line)
        try:
            completions = complete(
                asked.document, asked.offset, engine, fim, asked.options, asked.cancelled, asked.place, told
            )
        except CodeGPTError as error:
            return Completions((), str(error))
        self._told.add(uri, completions.context, asked.line)
        return completions

    async def read_ahead(self, asked: Asked) -> None:
        """Let the model read all the text around a place, for whoever asks there next."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._read_ahead, asked)

    def _read_ahead(self, asked: Asked) -> None:
        if self._loaded is None or asked.cancelled():
            return
        engine, fim, uri = self._loaded.engine, self._loaded.fim, asked.document.uri
        ahead, near = None, self._told.near(uri, asked.line)
        with suppress(CodeGPTError):  # whoever asks next will hear of it
            with asked.place() as cursor:
                ahead = plan_ahead(asked.document, asked.offset, engine, fim, asked.options, cursor, near)
            if ahead is not None:
                self._told.add(uri, ahead.context, asked.line)
                engine.read(ahead.prompt, asked.cancelled)

    def stop(self) -> None:
        """Let the thread end after what it is doing; nothing that waits is begun."""
        self._thread.shutdown(wait=False, cancel_futures=True)
