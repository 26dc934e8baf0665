import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import load_file, save_file
from transformers import LlamaConfig, LlamaForCausalLM

from codegpt.checkpoints import find, with_adapter
from codegpt.checkpoints.adapters import folder_of, read_record
from codegpt.engine.tokens import Tokens
from codegpt.errors import CheckpointError, InputError
from codegpt.load import load_model
from codegpt.prompt import Fim, parse_fim
from codegpt.training import commands, learner
from codegpt.training.corpus import SourceText
from codegpt.training.finetune import Finetuning, finetune
from codegpt.training.learner import Learner, Lora, check
from codegpt.training.windows import Sizes, Windows

ASKED = Finetuning(Lora(rank=4), rate=2e-2, windows=4, minutes=5, epochs=1.0, save_every=4)
SPM = "qwen2.5-coder/spm"
SIZES = Sizes(stretch=160, context=48, middle=16)


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
    return Windows("shop", texts[:2], Tokens(tokenizer_json), fim, SIZES)


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
    learner = Learner(base, ASKED.lora, ASKED.seed)
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
    return load_file(folder / "adapter_model.safetensors")


def test_what_was_killed_goes_on_with_the_same_losses(model: Path, windows: Windows, tmp_path: Path) -> None:
    whole = losses(finetune(find(str(model)), windows, ASKED, tmp_path / "whole"))
    program = f"""
import sys
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parent)!r})
from test_finetune import ASKED, SIZES, SPM
from conftest import MODULES
import sysconfig
from codegpt.checkpoints import find
from codegpt.engine.tokens import Tokens
from codegpt.prompt import parse_fim
from codegpt.training.corpus import SourceText
from codegpt.training.finetune import finetune
from codegpt.training.windows import Windows
root = Path(sysconfig.get_path("stdlib"))
texts = [SourceText("python", f"{{name}}.py", (root / f"{{name}}.py").read_text("utf-8")) for name in MODULES[:2]]
tokens = Tokens((Path({str(model)!r}) / "tokenizer.json").read_text())
windows = Windows("shop", texts, tokens, parse_fim(SPM), SIZES)
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


class Told:
    """What progress was told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        self.lines.append(line)

    def step(self, what: str, done: int, total: int) -> None:
        pass


def test_the_same_is_not_learnt_twice_and_another_origin_not_replaced(model: Path, windows: Windows) -> None:
    base, told = find(str(model)), Told()
    quick = replace(ASKED, epochs=0.2)
    folder = finetune(base, windows, quick, folder_of("shop"), "one", told)
    adapted = find(with_adapter(str(model), "shop"))
    adapted.home.mkdir(parents=True)
    said = json.loads((folder / "adapter_config.json").read_text())
    assert said["base_model_name_or_path"] == base.name
    weights = (folder / "adapter_model.safetensors").stat()
    finetune(base, windows, quick, folder, "one", told)
    assert told.lines[-1] == "shop has learnt these files already"
    assert (folder / "adapter_model.safetensors").stat() == weights
    with pytest.raises(InputError, match="the adapter shop is of another folder or model; call this one --name NAME"):
        finetune(base, windows, quick, folder, "two", told)
    finetune(base, windows, replace(quick, seed=1), folder, "one", told)
    record = read_record(folder)
    assert record is not None
    assert (record.origin, record.asked["seed"], record.base) == ("one", 1, base.name)
    assert not adapted.home.exists()  # the int8 weights of the one before
    assert sorted(path.name for path in folder.parent.iterdir()) == ["shop"]


def test_what_was_begun_for_other_files_is_begun_anew(model: Path, windows: Windows) -> None:
    base, told = find(str(model)), Told()
    folder = folder_of("shop")
    work = folder.with_name("shop.unfinished")
    (work / "step-3").mkdir(parents=True)
    (work / "asked.json").write_text(json.dumps({"asked": {"of": "something else"}, "steps": 9}))
    finetune(base, windows, replace(ASKED, epochs=0.2), folder, progress=told)
    assert told.lines[0] == "the files or what is asked for have changed since it was stopped: beginning anew"
    assert losses(folder)


def test_a_model_that_lacks_a_tensor_or_is_of_no_kind_is_refused(model: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(model, broken)
    tensors = load_file(broken / "model.safetensors")
    save_file(
        {name: each for name, each in tensors.items() if "layers.1.mlp.up" not in name}, broken / "model.safetensors"
    )
    with pytest.raises(CheckpointError, match=r"lacks the tensor model\.layers\.1\.mlp\.up_proj\.weight"):
        Learner(find(str(broken)), Lora(), 0)
    config = json.loads((broken / "config.json").read_text())
    (broken / "config.json").write_text(json.dumps({**config, "model_type": "nothing"}))
    with pytest.raises(InputError, match="cannot be taught"):
        check(find(str(broken)))


def test_a_step_is_the_same_however_many_windows_are_computed_together(
    model: Path, windows: Windows, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = list(islice(windows.endless(0), 5))
    adapters = []
    for at_once in (1, 5):
        monkeypatch.setattr(learner, "AT_ONCE", at_once)
        taught = Learner(find(str(model)), Lora(rank=2), 0)
        loss = taught.learn(found, 1e-2)
        taught.learn(found, 1e-2)
        adapters.append((loss, torch.cat([each.flatten() for each in taught.tensors.values()])))
    (one_loss, one), (other_loss, other) = adapters
    assert one_loss == pytest.approx(other_loss, rel=1e-3)
    assert torch.corrcoef(torch.stack([one, other]))[0, 1] > 0.98
    assert taught.learn(found, 1e-2) < one_loss


def test_a_model_of_another_kind_is_refused(tmp_path: Path, tokenizer_json: str) -> None:
    from transformers import GPT2Config, GPT2LMHeadModel

    folder = tmp_path / "gpt2"
    GPT2LMHeadModel(GPT2Config(vocab_size=600, n_embd=8, n_layer=1, n_head=1, n_positions=64)).save_pretrained(folder)
    (folder / "tokenizer.json").write_text(tokenizer_json)
    with pytest.raises(InputError, match="is a gpt2; adapters are for plain llama and qwen2 models"):
        check(find(str(folder)))


def test_the_command_says_before_and_after(model: Path, texts: list[SourceText], tmp_path: Path) -> None:
    project = tmp_path / "_shop"
    project.mkdir()
    for each in texts[:6]:
        (project / each.path).write_text(each.text)
    (project / "key.py").write_text('token = "ghp_' + "a1B2" * 9 + '"\n')
    given = [str(project), "--model", str(model), "--fim", SPM, "--minutes", "0.05", "--holes", "4", "--json"]
    done = CliRunner().invoke(commands.cli, ["finetune", *given])
    assert done.exit_code == 0, done.output
    result = json.loads(done.stdout.splitlines()[-1])
    assert (result["adapter"], result["exact"]["holes"], result["exact"]["files"]) == ("shop", 4, 1)
    assert (result["files"], result["left_out"]) == ({"learnt": 5, "held_out": 1}, {"a secret": ["key.py"]})
    assert Path(result["folder"]) == folder_of("shop")
    assert "1 file left out: a secret (key.py)\n5 files to learn from, 1 held out" in done.stderr
    more = CliRunner().invoke(commands.cli, ["finetune", *given[:-3], "--holes", "6"])
    assert more.exit_code == 0, more.output
    assert "shop has learnt these files already" in more.stderr
    assert "so many holes cannot tell whether it got better" in more.stdout
    answers = [json.loads(line) for line in folder_of("shop.answers.jsonl").read_text().splitlines()]
    assert (len(answers), len({each["model"] for each in answers})) == (12, 2)
    given[given.index("--minutes") + 1] = "0.06"
    other = tmp_path / "b" / "shop"
    shutil.copytree(project, other)
    refused = CliRunner().invoke(commands.cli, ["finetune", str(other), *given[1:]])
    assert "is of another folder or model; call this one --name NAME" in str(refused.exception)
    assert "holes before" not in refused.stderr  # it is said before anything is asked
