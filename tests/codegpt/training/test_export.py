import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import LlamaForCausalLM

from codegpt.checkpoints import EMBEDDED, find
from codegpt.checkpoints import embedded as shipped
from codegpt.checkpoints.card import Card
from codegpt.engine.kv_cache import KvCache
from codegpt.engine.model import never_interrupted
from codegpt.engine.shards import Shards
from codegpt.errors import InputError
from codegpt.load import load_model
from codegpt.training.corpus import Corpus
from codegpt.training.export import export
from codegpt.training.gpt import GptShape, config_of
from codegpt.training.pretrain import Pretraining, pretrain
from codegpt.training.samples import Recipe

ASKED = Pretraining(
    shape=GptShape(width=32, layers=2, heads=2, kv_heads=1, hidden=48, context=128),
    recipe=Recipe(length=64, other_files=0.0),
    steps=6,
    warmup=2,
    decay=2,
    rows=4,
    rows_at_once=4,
    save_every=2,
    judge_every=3,
)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, small_corpus: Corpus, tokenizer_json: str) -> Path:
    folder = tmp_path_factory.mktemp("run")
    pretrain(ASKED, small_corpus, folder, tokenizer_json)
    return folder


@pytest.fixture
def out(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CODEGPT_CACHE", str(tmp_path / "cache"))
    return export(run, tmp_path / "out", 0.7)


def test_what_is_written_is_a_checkpoint_with_a_card(out: Path, run: Path) -> None:
    assert sorted(path.name for path in out.iterdir()) == [
        *("codegpt-card.json", "config.json", "model.safetensors", "tokenizer.json"),
    ]
    found = find(str(out))
    parameters = sum(each.numel() for each in load_file(run / "step-6" / "model.safetensors").values())
    assert found.card == Card("qwen2.5-coder/spm", one_line=True, confidence=0.7, parameters=parameters)
    said = json.loads((out / "codegpt-card.json").read_text())
    assert (said["steps"], said["tokens"] > 500, 6 < said["held_out_loss"] < 6.5) == (6, True, True)
    kinds = {str(tensor.dtype) for name, tensor in load_file(out / "model.safetensors").items() if "proj" in name}
    assert kinds == {"torch.int8", "torch.float32"}


def test_the_engine_computes_with_exactly_these_numbers(out: Path, run: Path) -> None:
    tensors = Shards(out)
    model = LlamaForCausalLM(config_of(GptShape(600, 32, 2, 2, 1, 48, 128)))
    model.load_state_dict({name: tensors.read(name) for name in tensors.names}, strict=False)
    ids = torch.arange(7, 40)[None]
    with torch.no_grad():
        expected = model(input_ids=ids).logits[0, -1]
    loaded = load_model(str(out))
    assert str(loaded.fim) == "qwen2.5-coder/spm"
    assert loaded.warning == ""
    ours = loaded.engine._model.forward(ids, KvCache(), never_interrupted)[0, -1].float()  # type: ignore[attr-defined]
    assert torch.allclose(ours, expected, atol=2e-2)
    trained = load_file(run / "step-6" / "model.safetensors")
    assert tensors.names == trained.keys()
    for name, tensor in trained.items():
        assert (tensors.read(name) - tensor).abs().max() <= tensor.abs().max() / 250 + 1e-6


WITHOUT = """
import sys
absent = ("numba", "transformers", "peft", "datasketch", "matplotlib", "huggingface_hub")
sys.modules.update(dict.fromkeys(absent, None))
from codegpt.complete import complete
from codegpt.document import Document
from codegpt.inline import trusted
from codegpt.load import load_to_complete, warm_up
loaded = load_to_complete(sys.argv[1])
warm_up(loaded.engine)
trusted(complete(Document("def add(a, b):\\n    return ", "a.py"), 26, loaded.engine, loaded.fim), loaded.card)
assert {"torch", "tokenizers", "safetensors"} <= sys.modules.keys()
"""


def test_it_completes_where_transformers_cannot_be_imported(out: Path) -> None:
    subprocess.run([sys.executable, "-c", WITHOUT, str(out)], check=True)


def test_the_best_state_is_written_unless_the_last_is_asked_for(run: Path, tmp_path: Path) -> None:
    def steps(folder: Path) -> int:
        found: int = json.loads((folder / "codegpt-card.json").read_text())["steps"]
        return found

    path = run / "step-6" / "state.json"
    before = path.read_text()
    path.write_text(json.dumps({**json.loads(before), "best": [5.0, 4]}))
    try:
        assert steps(export(run, tmp_path / "best", 0.0)) == 4
        assert steps(export(run, tmp_path / "last", 0.0, last=True)) == 6
    finally:
        path.write_text(before)


def test_a_folder_without_a_run_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no run with a state"):
        export(tmp_path, tmp_path / "out", 0.0)


def test_the_package_s_own_model_is_one_like_it(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipped, "FOLDER", out)
    found = find(EMBEDDED)
    assert (found.name, found.directory) == ("embedded", out)
    assert found.card is not None and found.card.one_line
