"""The model: a decoder-only GPT of the Llama kind, transformers' own, and its loss on packed rows."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import AttentionInterface, LlamaConfig, LlamaForCausalLM

from codegpt.errors import InputError

IGNORED = -100
"""The label of what is no token."""

ROPE_THETA = 10_000.0


@dataclass(frozen=True)
class GptShape:
    """How large a model is.

    Attributes:
        width: features; a multiple of the heads.
        hidden: features inside the feed-forward part of a layer.
        context: the most tokens of a row that it is made for.
    """

    vocabulary: int = 8192
    width: int = 320
    layers: int = 8
    heads: int = 5
    kv_heads: int = 5
    hidden: int = 864
    context: int = 2048

    def __post_init__(self) -> None:
        if min(self.vocabulary, self.width, self.layers, self.heads, self.kv_heads, self.hidden, self.context) < 1:
            raise ValueError("all sizes must be at least 1")
        if self.width % (2 * self.heads) or self.heads % self.kv_heads:
            raise ValueError("width must be an even multiple of heads, and heads a multiple of kv_heads")


def _attention(
    module: nn.Module, queries: Tensor, keys: Tensor, values: Tensor, mask: object, scaling: float, **options: object
) -> tuple[Tensor, None]:
    """Causal attention in plain products of (B, H, T, D): on a CPU a fifth faster to learn with than torch's own."""
    repeated = queries.shape[1] // keys.shape[1]
    if repeated > 1:
        keys, values = (each.repeat_interleave(repeated, dim=1) for each in (keys, values))
    length = queries.shape[2]
    later = torch.ones(length, length, dtype=torch.bool, device=queries.device).triu(1)
    scores = (queries * scaling) @ keys.transpose(2, 3)
    said = scores.masked_fill(later, -torch.inf).softmax(-1).to(values.dtype) @ values
    return said.transpose(1, 2).contiguous(), None


ATTENTION = "causal-products"
AttentionInterface.register(ATTENTION, _attention)


def config_of(shape: GptShape) -> LlamaConfig:
    """The shape as transformers, and the engine, read it."""
    return LlamaConfig(
        vocab_size=shape.vocabulary,
        hidden_size=shape.width,
        intermediate_size=shape.hidden,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.kv_heads,
        max_position_embeddings=shape.context,
        rope_parameters={"rope_type": "default", "rope_theta": ROPE_THETA},
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=0,
        pad_token_id=None,
        initializer_range=0.02,
        use_cache=False,
        architectures=["LlamaForCausalLM"],
    )


def new_model(shape: GptShape, seed: int) -> LlamaForCausalLM:
    """A model that has learnt nothing; the same seed gives the same one."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = LlamaForCausalLM(config_of(shape))
    for layer in model.model.layers:  # each layer begins as what it reads, and small embeddings are not drowned
        nn.init.zeros_(layer.self_attn.o_proj.weight)
        nn.init.zeros_(layer.mlp.down_proj.weight)
    if not torch.cuda.is_available():
        model.set_attn_implementation(ATTENTION)
    return model


TIED = "lm_head.weight"
"""Is the embedding."""


def tensors_of(model: LlamaForCausalLM) -> dict[str, Tensor]:
    """All that it has learnt, named as transformers names it, each once."""
    return {name: tensor.contiguous() for name, tensor in model.state_dict().items() if name != TIED}


def put_back(model: LlamaForCausalLM, tensors: Mapping[str, Tensor]) -> None:
    """The opposite of `tensors_of`.

    Raises:
        InputError: they are of another model.
    """
    expected = {name: tensor.shape for name, tensor in tensors_of(model).items()}
    if {name: tensor.shape for name, tensor in tensors.items()} != expected:
        raise InputError("what was kept is of a model of another shape")
    model.load_state_dict(tensors, strict=False)


def parameters_of(model: LlamaForCausalLM) -> int:
    """How many numbers it learns; tied ones count once."""
    return sum(parameter.numel() for parameter in model.parameters())


def flops_of_token(model: LlamaForCausalLM, length: int) -> int:
    """Multiplications and additions of training on one token of a row: six a weight, and those of causal attention.

    Source: Kaplan et al., arXiv 2001.08361, and PaLM's appendix B (arXiv 2204.02311), with half of the keys seen.
    """
    config = model.config
    attention = 6 * config.num_hidden_layers * config.hidden_size * length
    return 6 * parameters_of(model) + attention


def losses_of(model: LlamaForCausalLM, ids: Tensor, pad: int) -> Tensor:
    """The loss (nats) of each token of rows (B, T + 1) but the first, (B, T); 0 where it is padding."""
    hidden = model.model(input_ids=ids[:, :-1]).last_hidden_state  # (B, T, H)
    labels = ids[:, 1:]
    logits = functional.linear(hidden.flatten(0, 1), model.lm_head.weight)  # (B * T, V)
    wanted = labels.flatten().masked_fill(labels.flatten() == pad, IGNORED)
    return functional.cross_entropy(logits.float(), wanted, reduction="none").view_as(labels)
