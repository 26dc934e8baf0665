"""What a checkpoint that codegpt trained says of itself: how it is asked, and what it may be trusted with.

It lies beside the weights as `codegpt-card.json`, with figures for people that nothing else reads.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from codegpt.errors import CheckpointError
from codegpt.prompt import parse_fim

CARD = "codegpt-card.json"
FORMAT = 1
FEW_PARAMETERS = 30_000_000


@dataclass(frozen=True)
class Card:
    """What is done with a checkpoint.

    Attributes:
        fim: ``FORMAT/LAYOUT`` that it was taught, so that it need not be tried.
        one_line: it is asked for the rest of a line, and no more.
        confidence: what it is less sure of is never shown; from 0 to 1.
        parameters: how many numbers it has; 0 where that is not said.
    """

    fim: str
    one_line: bool = False
    confidence: float = 0.0
    parameters: int = 0

    @property
    def is_small(self) -> bool:
        """Whether torch is fast enough: compiled kernels would take 100 MiB more, and seconds at the first start."""
        return 0 < self.parameters <= FEW_PARAMETERS


def read_card(directory: Path) -> Card | None:
    """The card of a checkpoint; None where it has none.

    Raises:
        CheckpointError: it is of another format.
    """
    path = directory / CARD
    if not path.is_file():
        return None
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        if said["format"] != FORMAT:
            raise CheckpointError(f"{path} is of another version of codegpt")
        fim, parameters = str(parse_fim(said["fim"])), int(said.get("parameters", 0))
        return Card(fim, bool(said["one_line"]), float(said["confidence"]), parameters)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(f"{path} cannot be read: {error}") from error
