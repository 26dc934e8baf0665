"""What an editor is shown while somebody types: `complete`, with what is remembered from key to key.

A key may ask for nothing (`trigger`), go on with what is shown already (`reuse`), or ask the model; what the model is
not sure of is not shown (`confidence`). The server and the evals both ask this way.
"""

from contextlib import nullcontext
from dataclasses import dataclass, replace

from codegpt.complete import Completions, PlaceIn, complete
from codegpt.confidence import DEFAULT_CONFIDENCE, sure
from codegpt.context.told import Told
from codegpt.document import Document, Edit, Span
from codegpt.engine.protocol import Cancelled, Engine, never
from codegpt.indentation import new_line
from codegpt.planning import CompletionOptions, plan_ahead
from codegpt.prompt import Fim
from codegpt.reuse import Reuse
from codegpt.trigger import why_silent


@dataclass(frozen=True)
class Asked:
    """A place in a document, and how it is asked about.

    Attributes:
        place: says, in the engine's thread, what is known of the project around it.
        invoked: somebody asks in so many words, and is always answered; else it is a key that asks.
        deleted: the key took text away.
        confidence: what is less sure is not shown, where a key asks.
    """

    document: Document
    offset: int
    options: CompletionOptions
    cancelled: Cancelled = never
    place: PlaceIn = nullcontext
    invoked: bool = False
    deleted: bool = False
    confidence: float = DEFAULT_CONFIDENCE

    @property
    def line(self) -> int:
        """That the place is in."""
        return self.document.line_at(self.offset)


def silence(asked: Asked) -> Completions | None:
    """That nothing is asked for at a place, and why; None where something may be."""
    why = "" if asked.invoked else why_silent(asked.document, asked.offset, asked.deleted)
    return Completions((), why) if why else None


class Inline:
    """What is remembered of an editor. `known` and `shown` belong to one thread, the others to the engine's."""

    def __init__(self, engine: Engine, fim: Fim | None) -> None:
        self._engine, self._fim = engine, fim
        self._told = Told()
        self._reuse = Reuse()

    def known(self, asked: Asked) -> Completions | None:
        """The answer where no model is needed for one; None where it is."""
        silent = silence(asked)
        return silent or (None if asked.invoked else self._reuse.find(asked.document, asked.offset))

    def shown(self, asked: Asked, completions: Completions) -> None:
        """Remember an answer that the model has given."""
        self._reuse = self._reuse.add(asked.document, asked.offset, completions)

    def edited(self, uri: str) -> None:
        """A document has changed: what is shown in others may not be right any more."""
        self._reuse = self._reuse.only(uri)

    def suggest(self, asked: Asked) -> Completions:
        """Ask the model.

        Raises:
            OutOfMemory: see `complete`.
        """
        document, uri = asked.document, asked.document.uri
        told = self._told.of(uri, asked.line)
        completions = complete(
            document, asked.offset, self._engine, self._fim, asked.options, asked.cancelled, asked.place, told
        )
        self._told.add(uri, completions.context, asked.line)
        return completions if asked.invoked else sure(completions, asked.confidence)

    def read_ahead(self, asked: Asked) -> None:
        """Let the model read all the text around a place, for whoever asks there next."""
        uri = asked.document.uri
        near = self._told.near(uri, asked.line)
        with asked.place() as cursor:
            ahead = plan_ahead(asked.document, asked.offset, self._engine, self._fim, asked.options, cursor, near)
        self._told.add(uri, ahead.context, asked.line)
        self._engine.read(ahead.prompt, asked.cancelled)


def following(asked: Asked, completions: Completions) -> Asked | None:
    """Where somebody is likely to ask next: on the line below, once the first suggestion is taken, or there is none.

    None where more stands on the line.
    """
    text = completions.items[0].text if completions.items else ""
    document = asked.document.apply(Edit(Span(asked.offset, asked.offset), text))
    offset = asked.offset + len(text)
    line = document.line_at(offset)
    if document.text[offset : document.line_span(line).end].strip() or not document.line_text(line).strip():
        return None
    below = new_line(document, offset)
    return replace(asked, document=document.apply(Edit(Span(offset, offset), below)), offset=offset + len(below))
