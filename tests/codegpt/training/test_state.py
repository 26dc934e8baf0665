import json
from pathlib import Path

import pytest
import torch

from codegpt.errors import InputError
from codegpt.training.gpt import GptShape, new_model, put_back, tensors_of
from codegpt.training.optimizer import optimizers_of, step
from codegpt.training.rows import Place
from codegpt.training.state import State, load, newest, save, write

SHAPE = GptShape(vocabulary=64, width=16, layers=2, heads=2, kv_heads=1, hidden=32, context=64)


def learn(model: torch.nn.Module, optimizers: dict[str, torch.optim.Optimizer]) -> None:
    model(input_ids=torch.arange(8)[None]).logits.logsumexp(-1).sum().backward()
    step(optimizers, 1e-2)


def test_a_state_comes_back_with_all_that_the_optimizers_remember(tmp_path: Path) -> None:
    model = new_model(SHAPE, 0)
    optimizers = optimizers_of(model, 0.1, True)
    learn(model, optimizers)
    state = State(1, {64: Place(0, 2, 3)}, 99, (4.5, 1))
    place = save(tmp_path, state, tensors_of(model), optimizers)
    assert newest(tmp_path) == place == tmp_path / "step-1"
    other = new_model(SHAPE, 1)
    others = optimizers_of(other, 0.1, True)
    found, tensors = load(place, others)
    assert found == state
    put_back(other, tensors)
    for _ in range(2):
        learn(model, optimizers)
        learn(other, others)
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), other.parameters(), strict=True))


def test_the_newest_states_and_the_best_one_stay(tmp_path: Path) -> None:
    model = new_model(SHAPE, 0)
    for number in range(1, 7):
        save(tmp_path, State(number, best=(3.0, 2)), tensors_of(model), {})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["step-2", "step-5", "step-6"]


def test_what_was_not_finished_is_not_there(tmp_path: Path) -> None:
    assert newest(tmp_path) is None
    (tmp_path / "step-9.123.tmp").mkdir()
    assert newest(tmp_path) is None
    save(tmp_path, State(1), tensors_of(new_model(SHAPE, 0)), {})
    assert [path.name for path in tmp_path.iterdir()] == ["step-1"]


def test_no_pickle_is_written(tmp_path: Path) -> None:
    model = new_model(SHAPE, 0)
    optimizers = optimizers_of(model, 0.1, True)
    learn(model, optimizers)
    save(tmp_path, State(1), tensors_of(model), optimizers)
    names = sorted(path.name for path in (tmp_path / "step-1").iterdir())
    assert names == ["model.safetensors", "optimizers.safetensors", "state.json"]


def test_a_state_of_another_format_or_other_optimizers_is_refused(tmp_path: Path) -> None:
    model = new_model(SHAPE, 0)
    optimizers = optimizers_of(model, 0.1, True)
    learn(model, optimizers)
    place = save(tmp_path, State(1), tensors_of(model), optimizers)
    deeper = new_model(GptShape(vocabulary=64, width=16, layers=3, heads=2, kv_heads=1, hidden=32), 0)
    with pytest.raises(InputError, match="a model of another shape"):
        put_back(deeper, tensors_of(model))
    described = json.loads((place / "state.json").read_text())
    (place / "state.json").write_text(json.dumps({**described, "format": 0}))
    with pytest.raises(InputError, match="another version"):
        load(place, {})
    (place / "state.json").write_text("{")
    with pytest.raises(InputError, match="is no state of this model"):
        load(place, {})


def test_what_lies_beside_states_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl.7.tmp").write_text("")
    (tmp_path / "step-3.7.tmp").mkdir()
    model = tensors_of(new_model(SHAPE, 0))
    save(tmp_path, State(1), model, {})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log.jsonl.7.tmp", "step-1"]


def test_a_state_that_is_there_is_not_written_again(tmp_path: Path) -> None:
    model = tensors_of(new_model(SHAPE, 0))
    place = save(tmp_path, State(1), model, {})
    before = (place / "state.json").stat().st_mtime_ns
    assert save(tmp_path, State(1), model, {}) == place
    assert (place / "state.json").stat().st_mtime_ns == before


def test_a_broken_state_is_said(tmp_path: Path) -> None:
    place = save(tmp_path, State(1), tensors_of(new_model(SHAPE, 0)), {})
    (place / "model.safetensors").write_bytes(b"broken")
    with pytest.raises(InputError, match="is no state of this model"):
        load(place, {})


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"there/model\.safetensors cannot be written: .*; what was kept before is there"
    ):
        write({"x": torch.zeros(2)}, tmp_path / "not" / "there" / "model.safetensors")
