import json
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from codegpt import load
from codegpt.chat import ChatTemplate
from codegpt.checkpoints import CHECKPOINTS, Checkpoint
from codegpt.checkpoints.card import Card
from codegpt.engine.protocol import Precision
from codegpt.engine.scripted import ScriptedEngine, prompt_text
from codegpt.errors import InputError, ModelNotFound
from codegpt.fim_check import CHECK_HOLES, FimCheck
from codegpt.load import LoadedModel, load_model
from codegpt.prompt import Prompt, parse_fim, render_fim

QWEN = ("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>")
PSM, SPM = "qwen2.5-coder/psm", "qwen2.5-coder/spm"


@dataclass
class Fake:
    """A checkpoint on disk and an engine that knows the formats `known`; it counts what it is asked."""

    checkpoint: Checkpoint
    known: tuple[str, ...] = (SPM,)
    markup: tuple[str, ...] = QWEN
    asked: list[str] = field(default_factory=list)
    precisions: list[Precision] = field(default_factory=list)

    def engine(
        self, directory: Path, name: str, digest: str, *, precision: Precision, store: Path, adapter: Path | None
    ) -> ScriptedEngine:
        wanted = self.checkpoint
        assert (directory, name, digest, adapter) == (wanted.directory, wanted.name, wanted.digest, wanted.adapter)
        assert store == self.checkpoint.home / "int8.safetensors"
        self.precisions.append(precision)
        return ScriptedEngine(self._script, self.markup)

    def _script(self, prompt: Prompt, _row: int) -> str:
        self.asked.append(prompt_text(prompt))
        for hole in CHECK_HOLES:
            if prompt in [render_fim(hole.prefix, hole.suffix, parse_fim(fim)) for fim in self.known]:
                return hole.answer
        return ""

    @property
    def stored(self) -> Path:
        return self.checkpoint.home / "fim-check.json"


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    fake = Fake(Checkpoint("m", tmp_path / "weights", tmp_path / "home", "d1", None))
    monkeypatch.setattr(load, "find", lambda model: fake.checkpoint)
    monkeypatch.setitem(sys.modules, "codegpt.engine.torch_engine", SimpleNamespace(load_torch_engine=fake.engine))
    return fake


def outcome(loaded: LoadedModel) -> tuple[str | None, str]:
    return str(loaded.fim) if loaded.fim else None, loaded.warning


def test_the_check_finds_the_format_and_is_stored(fake: Fake) -> None:
    assert outcome(load_model("m")) == (SPM, "")
    assert len(fake.asked) == 18
    assert json.loads(fake.stored.read_text()) == {
        "format": 1,
        "digest": "d1",
        "candidates": [PSM, SPM],
        "result": {"fim": SPM, "hits": 5, "left_only_hits": 0, "holes": 6},
    }


def test_a_stored_check_is_not_run_again(fake: Fake) -> None:
    load_model("m")
    fake.asked.clear()
    assert outcome(load_model("m")) == (SPM, "")
    assert fake.asked == []


@pytest.mark.parametrize(
    "change",
    [{"digest": "d2"}, {"format": 0}, {"candidates": [PSM]}],
    ids=["other weights", "other holes", "other candidates"],
)
def test_a_stored_check_of_something_else_is_not_believed(fake: Fake, change: dict[str, object]) -> None:
    load_model("m")
    stored = json.loads(fake.stored.read_text())
    stored["result"]["fim"] = PSM
    fake.stored.write_text(json.dumps({**stored, **change}))
    fake.asked.clear()
    assert outcome(load_model("m")) == (SPM, "")
    assert len(fake.asked) == 18


@pytest.mark.parametrize(
    "result",
    [
        None,
        [],
        {},
        {"fim": SPM},
        {"fim": "nope/psm", "hits": 5, "left_only_hits": 0, "holes": 6},
        {"fim": "codestral/spm", "hits": 5, "left_only_hits": 0, "holes": 6},
        {"fim": 7, "hits": 5, "left_only_hits": 0, "holes": 6},
        {"fim": PSM, "hits": "5", "left_only_hits": 0, "holes": 6},
        {"fim": PSM, "hits": None, "left_only_hits": 0, "holes": 6},
    ],
)
def test_a_corrupt_result_is_not_believed(fake: Fake, result: object) -> None:
    load_model("m")
    stored = json.loads(fake.stored.read_text())
    fake.stored.write_text(json.dumps({**stored, "result": result}))
    fake.asked.clear()
    assert outcome(load_model("m")) == (SPM, "")
    assert len(fake.asked) == 18


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"format": 1'])
def test_a_corrupt_file_is_not_believed(fake: Fake, content: bytes) -> None:
    fake.stored.parent.mkdir()
    fake.stored.write_bytes(content)
    assert outcome(load_model("m")) == (SPM, "")
    assert json.loads(fake.stored.read_text())["result"]["fim"] == SPM


def test_a_cache_that_cannot_be_written_only_costs_time(fake: Fake) -> None:
    fake.checkpoint.home.write_text("a file where the folder should be")
    assert outcome(load_model("m")) == (SPM, "")
    assert outcome(load_model("m")) == (SPM, "")
    assert len(fake.asked) == 36


def test_a_model_that_fails_every_format_is_asked_from_the_left(fake: Fake) -> None:
    fake.known = ()
    assert outcome(load_model("m")) == (
        None,
        f"m: no fill-in-the-middle format worked (0 of 6 holes with {PSM}, 0 with the left side only); "
        "using the left side",
    )


def test_a_model_without_control_tokens_is_asked_from_the_left(fake: Fake) -> None:
    fake.markup = ("<|endoftext|>",)
    assert outcome(load_model("m")) == (
        None,
        "m cannot fill in the middle: only the text before the cursor is used",
    )
    assert fake.asked == []


def test_the_user_decides_but_is_warned(fake: Fake) -> None:
    assert outcome(load_model("m", SPM)) == (SPM, "")
    assert len(fake.asked) == 12
    assert outcome(load_model("m", PSM)) == (
        PSM,
        f"m failed the fill-in-the-middle self-check (0 of 6 holes with {PSM}, 0 with the left side only)",
    )


def test_a_format_that_the_tokenizer_lacks_is_refused(fake: Fake) -> None:
    with pytest.raises(InputError) as raised:
        load_model("m", "codestral/spm")
    assert str(raised.value) == ("m has not the control tokens of codestral/spm; leave --fim out to try what it has")


def test_an_unknown_format_is_refused_before_anything_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "find", lambda model: pytest.fail("looked for the model"))
    with pytest.raises(InputError, match=r"^unknown fill-in-the-middle format 'nope'; known: qwen2\.5-coder/psm, "):
        load_model("m", "nope")


def test_an_unknown_model_is_refused_without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    def find(model: str) -> Checkpoint:
        raise ModelNotFound(f"no {model}")

    monkeypatch.setattr(load, "find", find)
    monkeypatch.setitem(sys.modules, "codegpt.engine.torch_engine", None)
    with pytest.raises(ModelNotFound, match=r"^no m$"):
        load_model("m")


def test_the_catalogue_names_the_format(fake: Fake, tmp_path: Path) -> None:
    entry = next(entry for entry in CHECKPOINTS.values() if (entry.fim, entry.layout) == ("qwen2.5-coder", "psm"))
    fake.checkpoint = Checkpoint("m", tmp_path / "weights", tmp_path / "home", "d1", entry)
    fake.known = (PSM, SPM)
    assert outcome(load_model("m")) == (PSM, "")
    assert len(fake.asked) == 12
    assert outcome(load_model("m", SPM)) == (SPM, "")


def test_what_is_stored_reads_back_as_it_was(fake: Fake) -> None:
    fake.known = ()
    first, second = load_model("m"), load_model("m")
    assert (first.fim, first.warning) == (second.fim, second.warning)
    assert FimCheck(**json.loads(fake.stored.read_text())["result"]) == FimCheck(PSM, 0, 0, 6)
    assert len(fake.asked) == 18


def settings_file(fake: Fake, content: object) -> None:
    fake.checkpoint.directory.mkdir(exist_ok=True)
    text = content if isinstance(content, str) else json.dumps(content)
    (fake.checkpoint.directory / "tokenizer_config.json").write_text(text, encoding="utf-8")


def template_file(fake: Fake, content: bytes) -> None:
    fake.checkpoint.directory.mkdir(exist_ok=True)
    (fake.checkpoint.directory / "chat_template.jinja").write_bytes(content)


def test_the_chat_template_of_its_own_file_wins(fake: Fake) -> None:
    settings_file(fake, {"chat_template": "member", "eos_token": "<|im_end|>"})
    template_file(fake, "file é😀".encode())
    assert load_model("m").chat == ChatTemplate("file é😀", "<|im_end|>")


def test_the_chat_template_may_be_a_member_of_the_settings(fake: Fake) -> None:
    settings_file(fake, {"chat_template": "member", "eos_token": "<|im_end|>"})
    assert load_model("m").chat == ChatTemplate("member", "<|im_end|>")


def test_a_template_file_alone_is_enough(fake: Fake) -> None:
    template_file(fake, b"file")
    assert load_model("m").chat == ChatTemplate("file", "")


def test_a_template_file_that_is_no_text_is_as_none(fake: Fake) -> None:
    settings_file(fake, {"chat_template": "member"})
    template_file(fake, b"\xff\xfe")
    assert load_model("m").chat == ChatTemplate("member", "")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "null",
        "[]",
        '"chat_template"',
        {},
        {"eos_token": "</s>"},
        {"chat_template": ""},
        {"chat_template": None},
        {"chat_template": [{"name": "default", "template": "a"}]},
    ],
)
def test_a_model_without_a_chat_template(fake: Fake, content: object) -> None:
    assert load_model("m").chat is None
    settings_file(fake, content)
    assert load_model("m").chat is None


@pytest.mark.parametrize("content", ["", "{", "null", "[]"])
def test_settings_that_cannot_be_read_do_not_hide_the_template_file(fake: Fake, content: str) -> None:
    settings_file(fake, content)
    template_file(fake, b"file")
    assert load_model("m").chat == ChatTemplate("file", "")


@pytest.mark.parametrize("end", [None, 7, ["</s>"], {"content": "</s>"}])
def test_an_end_token_that_is_no_text_is_left_out(fake: Fake, end: object) -> None:
    settings_file(fake, {"chat_template": "member", "eos_token": end})
    assert load_model("m").chat == ChatTemplate("member", "")


def test_a_model_has_its_chat_template_whatever_becomes_of_the_format(fake: Fake) -> None:
    template_file(fake, b"file")
    fake.known = ()
    assert load_model("m").chat == ChatTemplate("file", "")
    assert load_model("m", PSM).chat == ChatTemplate("file", "")
    fake.markup = ()
    assert load_model("m").chat == ChatTemplate("file", "")


def test_precision_comes_from_the_environment(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    load_model("m")
    monkeypatch.setenv("CODEGPT_PRECISION", "int8")
    load_model("m")
    assert fake.precisions == [Precision.AUTO, Precision.INT8]
    monkeypatch.setenv("CODEGPT_PRECISION", "int3")
    with pytest.raises(InputError, match="CODEGPT_PRECISION is 'int3'; it may be auto or full or int8"):
        load_model("m")


def test_a_small_model_is_computed_in_its_floats(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    for parameters in (8_000_000, 80_000_000):
        fake.checkpoint = replace(fake.checkpoint, card=Card(SPM, parameters=parameters))
        load_model("m")
    monkeypatch.setenv("CODEGPT_PRECISION", "int8")
    fake.checkpoint = replace(fake.checkpoint, card=Card(SPM, parameters=8_000_000))
    load_model("m")
    assert fake.precisions == [Precision.FULL, Precision.AUTO, Precision.INT8]


def test_the_model_that_stands_in_says_so(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "at_hand", lambda model: "embedded" if model == "m" else model)
    loaded = load.load_to_complete("m")
    assert (loaded.warning, loaded.stands_in_for) == (load.stands_in("embedded"), "m")
    assert load.load_to_complete("other").warning == ""
    monkeypatch.setattr(load, "at_hand", lambda model: "larger")
    loaded = load.load_to_complete("m")
    assert (loaded.warning, loaded.stands_in_for) == (load.stands_in("larger"), "")
