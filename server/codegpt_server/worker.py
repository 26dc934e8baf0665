"""The one thread that owns the engine: it loads the model in the background, then completes one request at a time."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, replace

from codegpt.complete import Completions, complete
from codegpt.context.cursor import Around, Cursor
from codegpt.context.sources import SOURCES
from codegpt.context.told import Told
from codegpt.document import Document
from codegpt.engine.protocol import Cancelled
from codegpt.errors import CheckpointError, CodeGPTError
from codegpt.load import LoadedModel, warm_up
from codegpt.planning import CompletionOptions, plan_in_time

Loader = Callable[[], LoadedModel]
AroundIn = Callable[[], AbstractContextManager[Around | None]]
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

    def cursor(self) -> Cursor | None:
        """The place in its project, all that is asked of which has been asked; None where nothing is known of it.

        None too where a document is nested too deeply, or a path no text: a suggestion does without context then.
        """
        found = None
        with suppress(RecursionError, ValueError), self.around() as known:
            if known is not None and self.options.context_tokens > 0:
                found = Cursor(self.document, self.offset, known).looked(map(SOURCES.__getitem__, self.options.sources))
        return found


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
        engine, fim, cursor, uri = self._loaded.engine, self._loaded.fim, asked.cursor(), asked.document.uri
        try:
            completions = complete(
                asked.document, asked.offset, engine, fim, asked.options, asked.cancelled, cursor, self._told.of(uri)
            )
        except CodeGPTError as error:
            return Completions((), str(error))
        self._told.add(uri, completions.context)
        return completions

    async def read_ahead(self, asked: Asked) -> None:
        """Let the model read all the text around a place, for whoever asks there next."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._read_ahead, asked)

    def _read_ahead(self, asked: Asked) -> None:
        if self._loaded is None or asked.cancelled():
            return
        engine, fim, whole = self._loaded.engine, self._loaded.fim, replace(asked.options, wait_s=None)
        with suppress(CodeGPTError):  # whoever asks next will hear of it
            wanted = plan_in_time(asked.document, asked.offset, engine, fim, whole, asked.cursor())
            self._told.add(asked.document.uri, wanted.context)
            engine.read(wanted.prompt, asked.cancelled)

    def stop(self) -> None:
        """Let the thread end after what it is doing; nothing that waits is begun."""
        self._thread.shutdown(wait=False, cancel_futures=True)
