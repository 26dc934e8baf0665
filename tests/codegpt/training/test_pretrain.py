import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from safetensors.torch import load_file

from codegpt.errors import InputError
from codegpt.training import corpus as corpora
from codegpt.training import state
from codegpt.training.corpus import Corpus
from codegpt.training.gpt import GptShape
from codegpt.training.pretrain import Pretraining, pretrain
from codegpt.training.samples import Recipe
from codegpt.training.tokenizer import Coder

ASKED = Pretraining(
    shape=GptShape(width=16, layers=2, heads=2, kv_heads=1, hidden=32, context=128),
    recipe=Recipe(length=64, other_files=0.0),
    steps=24,
    warmup=2,
    decay=8,
    rows=4,
    rows_at_once=2,
    long=128,
    save_every=5,
    judge_every=8,
)
OPTIONS = {
    "shape": {"width": 16, "layers": 2, "heads": 2, "kv_heads": 1, "hidden": 32, "context": 128},
    "recipe": {"length": 64, "other_files": 0.0},
    "steps": 24,
    "warmup": 2,
    "decay": 8,
    "rows": 4,
    "rows_at_once": 2,
    "long": 128,
    "save_every": 5,
    "judge_every": 8,
}


def losses(folder: Path) -> list[tuple[int, float]]:
    lines = map(json.loads, (folder / "log.jsonl").read_text().splitlines())
    return [(line["step"], line.get("loss", line.get("held_out_loss"))) for line in lines if "peak_flops" not in line]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, small_corpus: Corpus, tokenizer_json: str) -> Path:
    """A run that nobody disturbed."""
    folder = tmp_path_factory.mktemp("whole")
    assert pretrain(ASKED, small_corpus, folder, tokenizer_json) == folder / "step-24"
    return folder


def test_it_learns(whole: Path) -> None:
    found = losses(whole)
    steps = [number for number, _ in found]
    assert steps == [*range(1, 9), 8, *range(9, 17), 16, *range(17, 25), 24]
    held_out = [loss for number, loss in found if steps.count(number) == 2][1::2]
    assert held_out[0] > held_out[1] > held_out[2]
    assert 6.2 < found[0][1] < 6.6
    assert sorted(path.name for path in whole.glob("step-*")) == ["step-20", "step-24"]


def test_what_was_stopped_goes_on_with_the_same_losses(
    whole: Path, tmp_path: Path, small_corpus: Corpus, tokenizer_json: str
) -> None:
    for _ in range(100):
        if pretrain(ASKED, small_corpus, tmp_path, tokenizer_json, stop_after_s=0.3):
            break
    assert losses(tmp_path) == losses(whole)


@pytest.fixture(scope="module")
def on_disk(tmp_path_factory: pytest.TempPathFactory, small_corpus: Corpus, tokenizer_json: str) -> Path:
    """A corpus, a tokenizer and options."""
    folder = tmp_path_factory.mktemp("disk")
    corpora.write(small_corpus, folder / "corpus")
    (folder / "tokenizer.json").write_text(tokenizer_json)
    (folder / "options.json").write_text(json.dumps(OPTIONS))
    return folder


def command(on_disk: Path, run: Path) -> list[str]:
    given = {"--corpus": "corpus", "--tokenizer": "tokenizer.json", "--options": "options.json"}
    options = [each for option, name in given.items() for each in (option, str(on_disk / name))]
    return ["-m", "codegpt.training.commands", "pretrain", str(run), *options]


def test_what_was_killed_goes_on_with_the_same_losses(whole: Path, on_disk: Path, tmp_path: Path) -> None:
    kills = 0
    for after in (3, 9, 14):
        process = subprocess.Popen([sys.executable, *command(on_disk, tmp_path)], stderr=subprocess.DEVNULL)
        log, deadline = tmp_path / "log.jsonl", time.monotonic() + 60
        while process.poll() is None and time.monotonic() < deadline:
            if log.exists() and f'"step": {after}' in log.read_text():
                os.kill(process.pid, signal.SIGKILL)
                kills += 1
                break
            time.sleep(0.005)
        process.wait()
    done = subprocess.run([sys.executable, *command(on_disk, tmp_path)], capture_output=True, text=True, check=True)
    assert kills >= 2
    assert json.loads(done.stdout) == {"done": True, "state": str(tmp_path / "step-24")}
    assert losses(tmp_path) == losses(whole)


def test_two_processes_learn_what_one_does(whole: Path, on_disk: Path, tmp_path: Path) -> None:
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    subprocess.run([*torchrun, *command(on_disk, tmp_path)], check=True, capture_output=True, env=environment)
    together, alone = losses(tmp_path), losses(whole)
    assert [step for step, _ in together] == [step for step, _ in alone]
    assert [loss for _, loss in together] == pytest.approx([loss for _, loss in alone], abs=0.02)
    one, two = (load_file(folder / "step-24" / "model.safetensors") for folder in (whole, tmp_path))
    assert one.keys() == two.keys()


def test_a_folder_holds_one_run(whole: Path, small_corpus: Corpus, tokenizer_json: str) -> None:
    for other in (replace(ASKED, rows=8), replace(ASKED, seed=1)):
        with pytest.raises(InputError, match="of other options or another corpus"):
            pretrain(other, small_corpus, whole)
    with pytest.raises(InputError, match="of other options or another corpus"):
        pretrain(ASKED, replace(small_corpus, origins=small_corpus.origins[:1]), whole)
    with pytest.raises(InputError, match="of 24 steps, and the rate falls from step 16 on"):
        pretrain(replace(ASKED, steps=30), small_corpus, whole)
    with pytest.raises(InputError, match="all its packages are held out"):
        pretrain(ASKED, replace(small_corpus, texts=small_corpus.texts[-1:]), whole)


def test_a_run_may_be_made_longer_until_its_rate_falls(
    whole: Path, tmp_path: Path, small_corpus: Corpus, tokenizer_json: str
) -> None:
    short = replace(ASKED, steps=17, decay=1)
    for _ in range(100):
        if state.newest(tmp_path) is not None:
            break
        pretrain(short, small_corpus, tmp_path, tokenizer_json, stop_after_s=0.4)
    assert pretrain(ASKED, small_corpus, tmp_path) == tmp_path / "step-24"
    assert losses(tmp_path) == losses(whole)


def test_a_tokenizer_is_learnt_where_none_is_given(tmp_path: Path, small_corpus: Corpus) -> None:
    asked = replace(ASKED, shape=replace(ASKED.shape, vocabulary=400), steps=1, decay=0)
    pretrain(asked, small_corpus, tmp_path)
    assert Coder.of(tmp_path / "tokenizer.json").size == 400


def test_long_rows_hold_as_many_tokens() -> None:
    assert (ASKED.rows_at(15), ASKED.recipe_at(15).length) == (4, 64)
    assert (ASKED.rows_at(16), ASKED.recipe_at(16).length) == (2, 128)


def test_it_loads_neither_the_server_nor_a_grammar() -> None:
    program = """
import sys
import codegpt.training.pretrain
loaded = {name.partition(".")[0] for name in sys.modules}
print(sorted(name for name in loaded if name.startswith(("tree_sitter", "pygls", "lsprotocol", "peft"))))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
