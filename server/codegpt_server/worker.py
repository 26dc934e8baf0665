"""The owner of the engine: it loads the model in the background, then does what is asked of it, one thing at a time."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from codegpt.complete import Completions
from codegpt.errors import CheckpointError, CodeGPTError
from codegpt.inline import Asked, Inline, silence
from codegpt.load import LoadedModel
from codegpt_server.turns import Turns, Urgency

Loader = Callable[[], LoadedModel]

LOADING = "the model is being loaded"


class Worker:
    """Runs a loader, then completions; requests made while the model loads wait for it.

    Args:
        turns: a thread that is shared with others, and the engine in it; None for one of its own.
    """

    def __init__(self, turns: Turns | None = None) -> None:
        self._own = turns is None
        self.turns = turns or Turns("codegpt-engine")
        self.loaded: LoadedModel | None = None
        self.why_not_loaded = LOADING
        self._inline: Inline | None = None

    def load(self, loader: Loader) -> "asyncio.Future[LoadedModel]":
        """Load the model: the future's error is a `CodeGPTError` where that cannot be; completions are empty then."""
        return self.turns.run(Urgency.TYPING, lambda: self._load(loader))

    def _load(self, loader: Loader) -> LoadedModel:
        self.loaded = self._inline = None
        self.why_not_loaded = LOADING
        try:
            loaded = loader()
        except CodeGPTError as error:
            self.why_not_loaded = str(error)
            raise
        except Exception as error:  # the editor must hear of it, whatever it is
            self.why_not_loaded = f"the model cannot be loaded: {error!r}"
            raise CheckpointError(self.why_not_loaded) from error
        self.loaded, self._inline = loaded, Inline(loaded.engine, loaded.fim, loaded.card)
        return loaded

    async def once_loaded(self) -> LoadedModel | None:
        """The model, once what is being loaded is there; None where it cannot be had: see `why_not_loaded`."""
        return await self.turns.run(Urgency.TYPING, lambda: self.loaded)

    def known(self, asked: Asked) -> Completions | None:
        """What can be shown without the model; None where it is to be asked."""
        inline = self._inline  # the engine's thread may take it away
        return inline.known(asked) if inline else silence(asked)

    def remember(self, asked: Asked, completions: Completions) -> None:
        """Keep what the model said, to be gone on with."""
        inline = self._inline
        if inline:
            inline.remember(asked, completions)

    async def complete(self, asked: Asked, urgency: Urgency = Urgency.TYPING) -> Completions:
        """Ask the model."""
        return await self.turns.run(urgency, lambda: self._suggest(asked))

    def _suggest(self, asked: Asked) -> Completions:
        if asked.cancelled():
            return Completions((), "cancelled")
        if self._inline is None:
            return Completions((), self.why_not_loaded)
        try:
            return self._inline.suggest(asked)
        except CodeGPTError as error:
            return Completions((), str(error))

    async def read_ahead(self, asked: Asked) -> None:
        """Let the model read all the text around a place, for whoever asks there next."""
        await self.turns.run(Urgency.AHEAD, lambda: self._read_ahead(asked))

    def _read_ahead(self, asked: Asked) -> None:
        if self._inline is not None and not asked.cancelled():
            with suppress(CodeGPTError):  # whoever asks next will hear of it
                self._inline.read_ahead(asked)

    def edited(self, uri: str) -> None:
        """A document was opened, or has changed."""
        inline = self._inline
        if inline:
            inline.edited(uri)

    def stop(self) -> None:
        """Begin nothing any more, where nobody else has a part in the thread."""
        if self._own:
            self.turns.stop()
