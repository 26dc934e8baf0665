"""A checkpoint's tensors with a low-rank adapter added in: W + scale * B A (Hu et al., arXiv 2106.09685).

Adding it in once, when the model is loaded, costs nothing afterwards: whatever reads the weights reads the sum.
Covered: adapters as peft writes them (`adapter_config.json`, `adapter_model.safetensors`) on plain linear layers, also
rank-stabilized ones. Anything else that such a configuration may ask for is refused, not left out.
"""

import json
import math
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from codegpt.checkpoints.adapters import CONFIG, WEIGHTS
from codegpt.engine.lean_weights import Tensors
from codegpt.errors import CheckpointError

_PREFIX = "base_model.model."
_REFUSED = (
    *("use_dora", "fan_in_fan_out", "modules_to_save", "rank_pattern", "alpha_pattern", "lora_bias"),
    "alora_invocation_tokens",
)
_PLAIN_STARTS = (True, False, None, "gaussian")
"""How an adapter may have begun; other ways change the model's own weights too."""


class Adapted:
    """`Tensors` that are the sum of a checkpoint's and an adapter's.

    Raises:
        CheckpointError: the adapter is not whole, asks for what is not covered, or is for another model.
    """

    def __init__(self, base: Tensors, folder: Path) -> None:
        self._base = base
        try:
            config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
            if config["peft_type"] != "LORA" or config.get("bias", "none") != "none":
                raise CheckpointError(f"{folder} is not a plain LoRA adapter")
            if asked := [name for name in _REFUSED if config.get(name)]:
                raise CheckpointError(f"{folder} is an adapter of a kind that is not covered: {', '.join(asked)}")
            if config.get("init_lora_weights") not in _PLAIN_STARTS:
                raise CheckpointError(
                    f"{folder} is an adapter that began as {config['init_lora_weights']}: not covered"
                )
            rank = config["r"]
            self._scale = config["lora_alpha"] / (math.sqrt(rank) if config.get("use_rslora") else rank)
            low_rank = load_file(folder / WEIGHTS)
        except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
            raise CheckpointError(f"{folder} holds no adapter: {error}") from error
        self._pairs: dict[str, tuple[Tensor, Tensor]] = {}
        for name, tensor in low_rank.items():
            target, kind, _ = name.removeprefix(_PREFIX).rpartition(".lora_A.weight")
            if kind:
                self._pairs[f"{target}.weight"] = (tensor, low_rank[name.replace(".lora_A.", ".lora_B.")])
        if 2 * len(self._pairs) != len(low_rank) or not self._pairs.keys() <= set(base.names):
            raise CheckpointError(f"{folder} is an adapter of another model")

    @property
    def names(self) -> frozenset[str]:
        """Those of the checkpoint."""
        return frozenset(self._base.names)

    def read(self, name: str) -> Tensor:
        """One of them, in the checkpoint's number type.

        Raises:
            CheckpointError: there is none, or the adapter's is of another size.
        """
        weight = self._base.read(name)
        if name not in self._pairs:
            return weight
        down, up = self._pairs[name]
        if (len(up), down.shape[1]) != tuple(weight.shape):
            raise CheckpointError(f"the adapter's {name} is of another size than the model's")
        added: Tensor = weight.float() + self._scale * up.float() @ down.float()
        return added.to(weight.dtype)
