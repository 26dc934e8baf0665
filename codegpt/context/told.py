"""What the prompts of a document said of other files last: what stands behind it is known to the engine."""

from collections import OrderedDict
from collections.abc import Sequence

from codegpt.context.gather import NOTHING, Context

MOST_OF_A_DOCUMENT = 2
"""What was said last, and what was read ahead."""

MOST_DOCUMENTS = 16


class Told:
    """Contexts by document, the last one first."""

    def __init__(self) -> None:
        """Nothing was told."""
        self._by_document: OrderedDict[str, tuple[Context, ...]] = OrderedDict()

    def of(self, uri: str) -> Sequence[Context]:
        """What was told for a document."""
        return self._by_document.get(uri, ())

    def add(self, uri: str, context: Context) -> None:
        """Keep what was told for a document; the ones that were asked about longest ago are forgotten."""
        if context != NOTHING:
            others = (each for each in self.of(uri) if each != context)
            self._by_document[uri] = (context, *others)[:MOST_OF_A_DOCUMENT]
            self._by_document.move_to_end(uri)
            while len(self._by_document) > MOST_DOCUMENTS:
                self._by_document.popitem(last=False)
