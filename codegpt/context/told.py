"""What the prompts of a document said of other files last: what stands behind it is known to the engine."""

from collections import OrderedDict
from collections.abc import Sequence

from codegpt.context.gather import NOTHING, Context

MOST_OF_A_DOCUMENT = 2
"""What was said last, and what was read ahead."""

MOST_DOCUMENTS = 16
NEAR_LINES = 6
"""So far from where a context was looked for it is still the one to be read ahead."""


class Told:
    """Contexts by document, the last one first, each with the line that it was looked for at."""

    def __init__(self) -> None:
        """Nothing was told."""
        self._by_document: OrderedDict[str, tuple[tuple[Context, int], ...]] = OrderedDict()

    def of(self, uri: str) -> Sequence[Context]:
        """What was told for a document."""
        return [context for context, _ in self._by_document.get(uri, ())]

    def near(self, uri: str, line: int) -> Context | None:
        """What was looked for last near a line of a document; None where nothing was."""
        known = self._by_document.get(uri, ())
        return next((context for context, at in known if abs(at - line) <= NEAR_LINES), None)

    def add(self, uri: str, context: Context, line: int) -> None:
        """Keep what was told for a document; the ones that were asked about longest ago are forgotten."""
        if context == NOTHING:
            return
        known = self._by_document.get(uri, ())
        at = next((at for each, at in known if each == context), line)
        others = (each for each in known if each[0] != context)
        self._by_document[uri] = ((context, at), *others)[:MOST_OF_A_DOCUMENT]
        self._by_document.move_to_end(uri)
        while len(self._by_document) > MOST_DOCUMENTS:
            self._by_document.popitem(last=False)
