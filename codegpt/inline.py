"""What an editor is shown while somebody types: `complete`, with what is remembered from key to key.

A key may ask for nothing (`trigger`), go on with what is shown already (`reuse`), or ask the model; what the model is
not sure of is not shown (`confidence`), until so much of it was typed that the model is sure of the rest. The server
and the evals both ask this way.
"""

from contextlib import nullcontext
from dataclasses import dataclass, replace

from codegpt.checkpoints.card import Card
from codegpt.complete import Completions, PlaceIn, complete
from codegpt.confidence import DEFAULT_CONFIDENCE, sure
from codegpt.context.told import Told
from codegpt.document import Document, Edit, Span
from codegpt.engine.protocol import Cancelled, Engine, never
from codegpt.indentation import new_line
from codegpt.planning import CompletionOptions, plan_ahead
from codegpt.postprocess import Extent
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


def visible(asked: Asked, completions: Completions) -> Completions:
    """What is shown of an answer."""
    return completions if asked.invoked else sure(completions, asked.confidence)


def trusted_with(options: CompletionOptions, card: Card | None) -> CompletionOptions:
    """What a model is asked of what somebody wants: one that knows single lines alone, for no more."""
    return replace(options, extent=Extent.LINE) if card and card.one_line else options


def trusted(completions: Completions, card: Card | None) -> Completions:
    """What of its answer may be shown at all, whoever asks."""
    return sure(completions, card.confidence) if card else completions


class Inline:
    """What is remembered of an editor. `suggest` and `read_ahead` belong to the engine's thread, the others to one."""

    def __init__(self, engine: Engine, fim: Fim | None, card: Card | None = None) -> None:
        self._engine, self._fim, self._card = engine, fim, card
        self._told = Told()
        self._shown, self._hidden = Reuse(), Reuse()

    def known(self, asked: Asked) -> Completions | None:
        """The answer where no model is needed for one; None where it is."""
        silent = silence(asked)
        if silent or asked.invoked:
            return silent
        found = self._shown.find(asked.document, asked.offset)
        if found is None and (hidden := self._hidden.find(asked.document, asked.offset)):
            found = visible(asked, hidden)
            self._shown = self._shown.add(asked.document, asked.offset, found)
        return found

    def remember(self, asked: Asked, completions: Completions) -> None:
        """Keep an answer that the model has given, to be gone on with; what is shown of it stays so to its end."""
        found = visible(asked, completions)
        self._shown = self._shown.add(asked.document, asked.offset, found)
        if not found.items:
            self._hidden = self._hidden.add(asked.document, asked.offset, completions)

    def edited(self, uri: str) -> None:
        """A document has changed: what was made for others may not be right any more."""
        self._shown, self._hidden = self._shown.only(uri), self._hidden.only(uri)

    def suggest(self, asked: Asked) -> Completions:
        """Ask the model; `visible` says what is shown of its answer.

        Raises:
            OutOfMemory: see `complete`.
        """
        document, uri = asked.document, asked.document.uri
        told = self._told.of(uri, asked.line)
        options = trusted_with(asked.options, self._card)
        completions = complete(
            document, asked.offset, self._engine, self._fim, options, asked.cancelled, asked.place, told
        )
        self._told.add(uri, completions.context, asked.line)
        return trusted(completions, self._card)

    def read_ahead(self, asked: Asked) -> None:
        """Let the model read all the text around a place, for whoever asks there next."""
        uri = asked.document.uri
        near = self._told.near(uri, asked.line)
        with asked.place() as cursor:
            ahead = plan_ahead(asked.document, asked.offset, self._engine, self._fim, asked.options, cursor, near)
        self._told.add(uri, ahead.context, asked.line)
        self._engine.read(ahead.prompt, asked.cancelled)


def following(asked: Asked, completions: Completions) -> Asked | None:
    """Where somebody is likely to ask next: on the line below, once the first suggestion is taken, or none is shown.

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
