"""Drawing samples: which batches, what is asked, and that a run which goes on ends as an undisturbed one."""

import inspect
from dataclasses import replace
from pathlib import Path

import pytest
from codegpt_evals.generation import (
    BATCHES_IN_GROUP,
    Drawing,
    Sampling,
    Speed,
    ask,
    draw,
    groups,
    prepare,
    setup_digest,
    setup_of,
)
from codegpt_evals.problem import Hole, Problem
from codegpt_evals.records import read_samples

from codegpt import postprocess
from codegpt.chat import ChatTemplate
from codegpt.context.cursor import Around
from codegpt.context.project import Snapshot
from codegpt.document import Document
from codegpt.engine.protocol import ModelInfo, SamplingParams
from codegpt.engine.scripted import ScriptedEngine, prompt_text
from codegpt.errors import InputError
from codegpt.load import LoadedModel
from codegpt.planning import CompletionOptions, plan_in_time
from codegpt.prompt import Prompt, parse_fim
from codegpt.request import Request

OPTIONS = CompletionOptions()
CHAT = ChatTemplate("{% for m in messages %}<|s|>{{ m.role }}\n{{ m.content }}<|e|>\n{% endfor %}<|s|>assistant\n")


def words(count: int) -> list[Problem]:
    return [Problem(f"t/{n}", "python", Request(f"problem {n}"), "", "", None) for n in range(count)]


def echo(prompt: Prompt, row: int) -> str:
    return f"{prompt_text(prompt).strip()} row {row}\n```\nmore"


def drawing(path: Path, problems: list[Problem], sampling: Sampling, chat: ChatTemplate | None = CHAT) -> Drawing:
    loaded = LoadedModel(ScriptedEngine(echo, ("<|s|>", "<|e|>")), None, chat=chat)
    return prepare(problems, loaded, sampling, OPTIONS, path)


def test_words_are_asked_in_the_models_chat_and_end_with_their_block(tmp_path: Path) -> None:
    path = tmp_path / "samples.jsonl"
    [speed] = draw(drawing(path, words(1), Sampling()))
    [sample] = read_samples(path)
    assert sample.solution is not None
    assert sample.solution.startswith("<|s|>user\nproblem 0\n\nAnswer with one block of Python code.<|e|>\n<|s|>assist")
    assert sample.solution.endswith("```python row 0\n")
    assert (sample.stop_reason, sample.completion) == ("stop", None)
    assert sample.raw is not None
    assert sample.raw.endswith("```python row 0\n```")
    assert isinstance(speed, Speed)
    assert speed.tokens == sample.tokens


def test_a_model_without_a_chat_goes_on_from_a_file(tmp_path: Path) -> None:
    problem = Problem("t", "python", Request("say hello", "def f():\n"), "", "", None)
    list(draw(drawing(tmp_path / "s.jsonl", [problem], Sampling(), None)))
    assert read_samples(tmp_path / "s.jsonl")[0].solution == "def f():\n# say hello\ndef f(): row 0\n"


def shape(sampling: Sampling, count: int = 5) -> list[tuple[list[str], int, int]]:
    loaded = LoadedModel(ScriptedEngine(""), None)
    asked = [ask(problem, loaded, sampling, OPTIONS) for problem in words(count)]
    return [([a.problem.task_id for a in b.asked], b.first_row, b.rows) for b in groups(asked, sampling)]


def test_problems_and_rows_share_groups() -> None:
    assert BATCHES_IN_GROUP == 2
    assert shape(Sampling(batch=2)) == [(["t/0", "t/1", "t/2", "t/3"], 0, 1), (["t/4"], 0, 1)]
    hot = Sampling(temperature=1, samples=2, batch=4)
    assert shape(hot, 6) == [(["t/0", "t/1", "t/2", "t/3"], 0, 2), (["t/4", "t/5"], 0, 2)]
    many = Sampling(temperature=1, samples=5, batch=2)
    assert shape(many, 2) == [(["t/0", "t/1"], first, min(2, 5 - first)) for first in (0, 2, 4)]


def test_holes_with_other_limits_are_in_other_groups(problems: dict[str, Problem]) -> None:
    loaded = LoadedModel(ScriptedEngine(""), None)
    asked = [ask(problem, loaded, Sampling(), OPTIONS) for problem in problems.values()]
    assert len(asked) == 5
    for group in groups(asked, Sampling()):
        assert len({each.params for each in group.asked}) == 1


class Small(ScriptedEngine):
    """With room for 1,024 tokens, each a character."""

    @property
    def info(self) -> ModelInfo:
        return replace(super().info, context_tokens=1024)


def test_room_for_other_files_is_left_only_where_there_are_some() -> None:
    before, after = "a = 1\n" * 100, "b = 2\n" * 40
    around = Around(Snapshot({"p/a.py": before}), "p", "p/a.py")
    loaded = LoadedModel(
        Small("", ("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>")), parse_fim("qwen2.5-coder/spm")
    )

    def read(hole: Hole) -> int:
        asked = ask(Problem("t", "python", hole, "", "", None), loaded, Sampling(), OPTIONS)
        return sum(len(part) for part in asked.prompt.parts if isinstance(part, str))

    alone = plan_in_time(Document(f"{before}\n{after}"), len(before), loaded.engine, loaded.fim, OPTIONS).prompt
    assert read(Hole(before, after, "c = 3\n")) == sum(len(part) for part in alone.parts if isinstance(part, str))
    assert read(Hole(before, after, "c = 3\n")) > 700 > read(Hole(before, after, "c = 3\n", around=around))


@pytest.mark.parametrize("keep", range(0, 2700, 90))
def test_a_run_that_goes_on_ends_as_an_undisturbed_one(tmp_path: Path, keep: int) -> None:
    sampling = Sampling(temperature=1, samples=2, batch=1)
    whole, cut = tmp_path / "whole.jsonl", tmp_path / "cut.jsonl"
    list(draw(drawing(whole, words(5), sampling)))
    content = whole.read_bytes()
    assert len(read_samples(whole)) == 10
    cut.write_bytes(content[:keep])
    todo = drawing(cut, words(5), sampling)
    assert todo.done in (0, 2, 4, 6, 8, 9, 10)
    list(draw(todo))
    assert cut.read_bytes() == content


@pytest.mark.parametrize("answer", ["a\n```\n", "a"])
def test_every_sample_is_counted_once(tmp_path: Path, answer: str) -> None:
    loaded = LoadedModel(ScriptedEngine(answer), None)
    sampling = Sampling(temperature=1, samples=2)
    counted: list[int] = []
    list(draw(prepare(words(3), loaded, sampling, OPTIONS, tmp_path / "s.jsonl"), counted.append))
    assert sum(counted) == 6


def test_a_finished_run_draws_nothing(tmp_path: Path) -> None:
    path = tmp_path / "samples.jsonl"
    list(draw(drawing(path, words(3), Sampling())))
    assert (drawing(path, words(3), Sampling()).groups, drawing(path, words(3), Sampling()).done) == ((), 3)


def test_more_problems_keep_the_groups_that_are_whole(tmp_path: Path) -> None:
    path, other = tmp_path / "samples.jsonl", tmp_path / "other.jsonl"
    list(draw(drawing(path, words(3), Sampling(batch=1))))
    more = drawing(path, words(6), Sampling(batch=1))
    assert (more.done, more.dropped) == (2, 1)
    list(draw(more))
    list(draw(drawing(other, words(6), Sampling(batch=1))))
    assert path.read_bytes() == other.read_bytes()


def test_samples_of_the_same_prompt_are_taken_from_another_run(tmp_path: Path) -> None:
    other, path = tmp_path / "other.jsonl", tmp_path / "samples.jsonl"
    written = iter(range(100))
    engine = ScriptedEngine(lambda _prompt, _row: f"{next(written)}\n```\n", ("<|s|>", "<|e|>"))
    loaded = LoadedModel(engine, None, chat=CHAT)
    list(draw(prepare(words(3), loaded, Sampling(), OPTIONS, other)))
    elsewhere = [replace(each, setup="of another context") for each in read_samples(other)]
    elsewhere[1] = replace(elsewhere[1], prompt="another")
    for done in (2, 3):
        asked = prepare(words(3), loaded, Sampling(), OPTIONS, path, elsewhere)
        assert asked.done == done
        list(draw(asked))
    found = {sample.task_id: sample for sample in read_samples(path)}
    assert [found[f"t/{number}"] for number in (0, 2)] == [read_samples(other)[0], read_samples(other)[2]]
    assert found["t/1"].solution != read_samples(other)[1].solution
    assert found["t/1"].prompt == read_samples(other)[1].prompt


@pytest.mark.parametrize(
    "change",
    [
        {"sampling": Sampling(temperature=0.5)},
        {"sampling": Sampling(temperature=1, seed=3)},
        {"sampling": Sampling(temperature=1, samples=2)},
        {"sampling": Sampling(temperature=1, batch=3)},
        {"chat": None},
        {"problems": [replace(words(1)[0], asks=Request("other words"))]},
    ],
)
def test_samples_that_were_drawn_otherwise_are_never_reused(tmp_path: Path, change: dict[str, object]) -> None:
    given: dict[str, object] = {"problems": words(1), "sampling": Sampling(temperature=1)}
    path = tmp_path / "samples.jsonl"
    list(draw(drawing(path, **given)))  # type: ignore[arg-type]
    with pytest.raises(InputError, match="holds samples of another model, prompt or setting"):
        drawing(path, **{**given, **change})  # type: ignore[arg-type]


def test_the_setup_names_what_samples_depend_on() -> None:
    engine = ScriptedEngine("")
    base = LoadedModel(engine, None)
    digests = {
        setup_digest(setup_of(loaded, sampling, options))
        for loaded, sampling, options in [
            (base, Sampling(), OPTIONS),
            (replace(base, chat=CHAT), Sampling(), OPTIONS),
            (base, Sampling(batch=2), OPTIONS),
            (base, Sampling(), CompletionOptions(prefix_tokens=9)),
            (base, Sampling(candidates=2), OPTIONS),
        ]
    }
    assert len(digests) == 5
    completion = setup_of(base, Sampling(temperature=0.5, seed=3), OPTIONS)["completion"]
    assert (completion["temperature"], completion["seed"], completion["n"]) == (0.5, 3, 1)


def test_a_change_of_where_answers_end_is_another_setup(monkeypatch: pytest.MonkeyPatch) -> None:
    base = LoadedModel(ScriptedEngine(""), None)
    before = setup_of(base, Sampling(), OPTIONS)
    getsource = inspect.getsource
    monkeypatch.setattr(inspect, "getsource", lambda module: getsource(module) + "#" * (module is postprocess))
    after = setup_of(base, Sampling(), OPTIONS)
    assert {name for name in before if before[name] != after[name]} == {"code"}


@pytest.mark.parametrize("wrong", [{"samples": 0}, {"batch": 0}])
def test_nothing_cannot_be_drawn(wrong: dict[str, int]) -> None:
    with pytest.raises(InputError, match="there is at least one sample"):
        Sampling(**wrong)  # type: ignore[arg-type]


def test_several_samples_need_a_temperature() -> None:
    with pytest.raises(InputError, match="give --temperature"):
        Sampling(samples=2)


def test_a_problem_that_is_too_long_is_named() -> None:
    loaded = LoadedModel(ScriptedEngine(""), None)
    long = Problem("t/long", "python", Request("x" * 1_000_000), "", "", None)
    with pytest.raises(InputError, match="t/long does not fit the model's context of 1000000 tokens"):
        ask(long, loaded, Sampling(), OPTIONS)


def test_a_requests_limit_is_within_the_models_context() -> None:
    [asked] = [ask(problem, LoadedModel(ScriptedEngine(""), None), Sampling(), OPTIONS) for problem in words(1)]
    assert asked.params == SamplingParams(512)
