"""What the prompts of a document said of other files last: what stands behind it is known to the engine."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import NamedTuple

from codegpt.context.gather import NOTHING, Context

MOST_OF_A_DOCUMENT = 2
"""What was said last, and what was read ahead."""

MOST_DOCUMENTS = 16
NEAR_LINES, JUMP_LINES = 6, 20
"""So far from where a context was looked for it is still the one to be read ahead; and farther is another place."""


class _Known(NamedTuple):
    """A context, the line that it was looked for at, and the one that it was told at last."""

    context: Context
    found_at: int
    told_at: int


class Told:
    """Contexts by document, the last one first."""

    def __init__(self) -> None:
        """Nothing was told."""
        self._by_document: OrderedDict[str, tuple[_Known, ...]] = OrderedDict()

    def of(self, uri: str, line: int) -> Sequence[Context]:
        """What was told last at this place of a document."""
        known = self._by_document.get(uri, ())
        return [each.context for each in known if abs(each.told_at - line) <= JUMP_LINES]

    def near(self, uri: str, line: int) -> Context | None:
        """What was looked for last near a line of a document; None where nothing was."""
        known = self._by_document.get(uri, ())
        return next((each.context for each in known if abs(each.found_at - line) <= NEAR_LINES), None)

    def add(self, uri: str, context: Context, line: int) -> None:
        """Keep what was told at a line of a document; of documents, those that were asked about last."""
        if context == NOTHING:
            return
        known = self._by_document.get(uri, ())
        found_at = next((each.found_at for each in known if each.context == context), line)
        others = (each for each in known if each.context != context)
        self._by_document[uri] = (_Known(context, found_at, line), *others)[:MOST_OF_A_DOCUMENT]
        self._by_document.move_to_end(uri)
        while len(self._by_document) > MOST_DOCUMENTS:
            self._by_document.popitem(last=False)
