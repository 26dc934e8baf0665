"""The real default model, as pulled and converted: it completes code."""

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from codegpt.checkpoints import DEFAULT_MODEL, find

pytestmark = pytest.mark.model


def test_the_converted_model_completes_code() -> None:
    directory = find(DEFAULT_MODEL).directory
    tokenizer = AutoTokenizer.from_pretrained(directory, local_files_only=True)
    model = AutoModelForCausalLM.from_pretrained(directory, dtype=torch.bfloat16, local_files_only=True)
    prompt = tokenizer("def add(a, b):\n    return a +", return_tensors="pt")
    with torch.inference_mode():
        logits = model(**prompt).logits
    assert torch.isfinite(logits).all()
    assert tokenizer.decode(logits[0, -1].argmax()) == " b"
    assert model.config.tie_word_embeddings is False
    for token, number in {"<|fim_prefix|>": 151659, "<|fim_middle|>": 151660, "<|fim_suffix|>": 151661}.items():
        assert tokenizer(token)["input_ids"] == [number]
