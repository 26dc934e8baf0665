"""The one thread that owns the engine: it loads the model in the background, then completes one request at a time."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import replace

from codegpt.complete import CompletionOptions, Completions, complete, plan_in_time
from codegpt.context.sources import Around, Cursor
from codegpt.document import Document
from codegpt.engine.protocol import Cancelled
from codegpt.errors import CheckpointError, CodeGPTError
from codegpt.load import LoadedModel, warm_up

Loader = Callable[[], LoadedModel]
AroundIn = Callable[[], AbstractContextManager[Around | None]]
"""Says, for as long as it is entered, what a document lies in."""


class Worker:
    """Runs a loader, then completions, in one thread; requests made while the model loads wait for it."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="codegpt-engine")
        self._loaded: LoadedModel | None = None
        self._failure = "the model was not asked for yet"

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

    async def complete(
        self,
        document: Document,
        offset: int,
        options: CompletionOptions,
        cancelled: Cancelled,
        around: AroundIn = nullcontext,
    ) -> Completions:
        """Complete in the engine's thread.

        Args:
            around: says there what the document lies in.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._complete, document, offset, options, cancelled, around)

    def _complete(
        self, document: Document, offset: int, options: CompletionOptions, cancelled: Cancelled, around: AroundIn
    ) -> Completions:
        if cancelled():
            return Completions((), "cancelled")
        if self._loaded is None:
            return Completions((), self._failure)
        try:
            with around() as known:
                return complete(document, offset, self._loaded.engine, self._loaded.fim, options, cancelled, known)
        except CodeGPTError as error:
            return Completions((), str(error))

    async def read_ahead(
        self,
        document: Document,
        offset: int,
        options: CompletionOptions,
        cancelled: Cancelled,
        around: AroundIn = nullcontext,
    ) -> None:
        """Let the model read all the text around a place, for whoever asks there next."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._thread, self._read_ahead, document, offset, options, cancelled, around)

    def _read_ahead(
        self, document: Document, offset: int, options: CompletionOptions, cancelled: Cancelled, around: AroundIn
    ) -> None:
        if self._loaded is None or cancelled():
            return
        engine, whole = self._loaded.engine, replace(options, wait_s=None)
        with suppress(CodeGPTError), around() as known:  # whoever asks next will hear of it
            cursor = Cursor(document, offset, known) if known else None
            engine.read(plan_in_time(document, offset, engine, self._loaded.fim, whole, cursor).prompt, cancelled)

    def stop(self) -> None:
        """Let the thread end after what it is doing; nothing that waits is begun."""
        self._thread.shutdown(wait=False, cancel_futures=True)
