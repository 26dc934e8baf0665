import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from transformers import LlamaConfig, LlamaForCausalLM

from codegpt.checkpoints import find, with_adapter
from codegpt.checkpoints.adapters import folder_of
from codegpt.engine.tokens import Tokens
from codegpt.errors import InputError
from codegpt.load import load_model
from codegpt.prompt import Fim, parse_fim
from codegpt.training import commands
from codegpt.training.corpus import SourceText
from codegpt.training.finetune import Finetuning, Learner, check, finetune
from codegpt.training.windows import Sizes, Windows

ASKED = Finetuning(rank=4, rate=2e-2, windows=4, minutes=5, epochs=1.0, save_every=4)
SPM = "qwen2.5-coder/spm"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory, tokenizer_json: str) -> Path:
    """A small model that has learnt nothing."""
    folder = tmp_path_factory.mktemp("model")
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=600,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=512,
        initializer_range=0.2,
        tie_word_embeddings=True,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    (folder / "tokenizer.json").write_text(tokenizer_json)
    return folder


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODEGPT_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def windows(texts: list[SourceText], tokenizer_json: str) -> Windows:
    fim: Fim = parse_fim(SPM)
    return Windows(texts[:2], Tokens(tokenizer_json), fim, Sizes(prefix=48, suffix=24, middle=16))


def losses(folder: Path) -> list[float]:
    return [json.loads(line)["loss"] for line in (folder / "log.jsonl").read_text().splitlines()]


def test_it_learns_and_the_product_uses_what_it_learnt(model: Path, windows: Windows, tmp_path: Path) -> None:
    base = find(str(model))
    folder = finetune(base, windows, ASKED, folder_of("mine"))
    found = losses(folder)
    assert len(found) == round(windows.stretches / 4)
    assert sum(found[-5:]) < sum(found[:5]) - 1
    adapted = find(with_adapter(str(model), "mine"))
    assert adapted.adapter == folder
    assert not folder.with_name("mine.unfinished").exists()
    plain, taught = load_model(str(model), SPM), load_model(with_adapter(str(model), "mine"), SPM)
    assert plain.engine.info.digest != taught.engine.info.digest
    learner = Learner(base, ASKED)
    learner.put_back(_kept(folder))
    ids = torch.tensor([windows.tokens.encode_text("def heappush(heap, item):\n")])
    with torch.no_grad():
        expected = learner._model.get_base_model()(input_ids=ids).logits[0, -1].float()  # type: ignore[operator]
    model_of = taught.engine._model  # type: ignore[attr-defined]
    from codegpt.engine.kv_cache import KvCache
    from codegpt.engine.model import never_interrupted

    ours = model_of.forward(ids, KvCache(), never_interrupted)[0, -1].float()
    assert torch.corrcoef(torch.stack([ours, expected]))[0, 1] > 0.99


def _kept(folder: Path) -> dict[str, torch.Tensor]:
    from safetensors.torch import load_file

    return load_file(folder / "adapter_model.safetensors")


def test_what_was_killed_goes_on_with_the_same_losses(model: Path, windows: Windows, tmp_path: Path) -> None:
    whole = losses(finetune(find(str(model)), windows, ASKED, tmp_path / "whole"))
    program = f"""
import sys
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parent)!r})
from test_finetune import ASKED, SPM
from conftest import MODULES
import sysconfig
from codegpt.checkpoints import find
from codegpt.engine.tokens import Tokens
from codegpt.prompt import parse_fim
from codegpt.training.corpus import SourceText
from codegpt.training.finetune import finetune
from codegpt.training.windows import Sizes, Windows
root = Path(sysconfig.get_path("stdlib"))
texts = [SourceText("python", f"{{name}}.py", (root / f"{{name}}.py").read_text("utf-8")) for name in MODULES[:2]]
tokens = Tokens((Path({str(model)!r}) / "tokenizer.json").read_text())
windows = Windows(texts, tokens, parse_fim(SPM), Sizes(prefix=48, suffix=24, middle=16))
finetune(find({str(model)!r}), windows, ASKED, Path({str(tmp_path / "killed")!r}))
"""
    work, kills = tmp_path / "killed.unfinished", 0
    for after in (6, 11):
        process = subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < deadline:
            log = work / "log.jsonl"
            if log.exists() and f'"step": {after},' in log.read_text():
                os.kill(process.pid, signal.SIGKILL)
                kills += 1
                break
            time.sleep(0.005)
        process.wait()
    subprocess.run([sys.executable, "-c", program], check=True)
    assert kills == 2
    assert losses(tmp_path / "killed") == pytest.approx(whole, abs=1e-4)


def test_a_model_of_another_kind_is_refused(tmp_path: Path, tokenizer_json: str) -> None:
    from transformers import GPT2Config, GPT2LMHeadModel

    folder = tmp_path / "gpt2"
    GPT2LMHeadModel(GPT2Config(vocab_size=600, n_embd=8, n_layer=1, n_head=1, n_positions=64)).save_pretrained(folder)
    (folder / "tokenizer.json").write_text(tokenizer_json)
    with pytest.raises(InputError, match="is a gpt2; adapters are for plain llama and qwen2 models"):
        check(find(str(folder)))


def test_the_command_says_before_and_after(model: Path, texts: list[SourceText], tmp_path: Path) -> None:
    project = tmp_path / "shop"
    project.mkdir()
    for each in texts[:6]:
        (project / each.path).write_text(each.text)
    given = [str(project), "--model", str(model), "--fim", SPM, "--minutes", "0.05", "--holes", "4", "--json"]
    done = CliRunner().invoke(commands.cli, ["finetune", *given])
    assert done.exit_code == 0, done.output
    result = json.loads(done.stdout.splitlines()[-1])
    assert (result["adapter"], result["exact"]["holes"]) == ("shop", 4)
    assert Path(result["folder"]) == folder_of("shop")
    assert "5 files to learn from, 1 held out" in done.stderr
