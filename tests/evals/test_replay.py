"""What is measured of each event, and what the rows come to."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from codegpt_evals import commands
from codegpt_evals.replay import Row, by_confidence, default_documents, replay, summarize, write_rows
from codegpt_evals.typist import Kind
from codegpt_evals.workspace import workspace_of

from codegpt.document import Document
from codegpt.engine.protocol import Cancelled, never
from codegpt.engine.scripted import ScriptedEngine, prompt_text
from codegpt.load import LoadedModel
from codegpt.prompt import Prompt, parse_fim

TEXT = "x = 1\ny = f(x)\n" * 3


def row(
    kind: Kind, ms: float, *, shown: bool = True, exact: bool | None = False, keys: int = 1, by_hand: int = 1
) -> Row:
    return Row("a.py", kind, ms, 100, 2, shown, exact, keys, by_hand)


def test_each_event_is_a_row() -> None:
    engine = ScriptedEngine("x = 1")
    seen: list[Row] = []
    documents = [("a.py", Document(TEXT, language="python"))]
    rows = replay(documents, engine, None, events=9, places=2, seen=seen.append, every_key=True)
    assert rows == seen
    assert len(rows) == 9
    assert rows[0].kind is Kind.OPEN
    assert all(each.prompt_tokens == each.computed_tokens for each in rows)
    assert {each.file for each in rows} == {"a.py"}


def test_events_are_shared_among_the_files() -> None:
    documents = [(name, Document(TEXT * 20, language="python")) for name in ("a.py", "b.py", "c.py")]
    rows = replay(documents, ScriptedEngine("?"), None, events=10, places=3)
    assert [sum(each.file == name for each in rows) for name in ("a.py", "b.py", "c.py")] == [3, 3, 4]


def test_a_file_that_ends_early_leaves_its_events_to_the_others() -> None:
    documents = [("a.py", Document("x", language="python")), ("b.py", Document(TEXT * 20, language="python"))]
    rows = replay(documents, ScriptedEngine("?"), None, events=20, places=3)
    assert [sum(each.file == name for each in rows) for name in ("a.py", "b.py")] == [2, 18]


def test_between_two_keys_the_engine_reads_ahead() -> None:
    read: list[str] = []

    class Reading(ScriptedEngine):
        def read(self, prompt: Prompt, cancelled: Cancelled = never) -> None:
            read.append(prompt_text(prompt))
            assert not cancelled()

    document = Document(TEXT, language="python")
    rows = replay([("a.py", document)], Reading("?"), None, events=3, places=1, pause_s=0.02)
    assert len(read) == len(rows) == 3
    replay([("a.py", document)], Reading("?"), None, events=3, places=1)
    assert len(read) == 3


def test_who_types_fast_is_asked_for_less_often() -> None:
    documents = [("a.py", Document("value = f(1)", language="python"))]
    each = replay(documents, ScriptedEngine("?"), None, events=99, places=1)
    third = replay(documents, ScriptedEngine("?"), None, events=99, places=1, burst=3)
    assert [(row.kind, row.keys) for row in each] == [(Kind.OPEN, 0)] + [(Kind.KEY, 1)] * 12
    assert [(row.kind, row.keys) for row in third] == [(Kind.OPEN, 0)] + [(Kind.KEY, 3)] * 4
    assert sum(row.by_hand for row in each) == sum(row.by_hand for row in third) == 12
    fifth = replay(documents, ScriptedEngine("?"), None, events=99, places=1, burst=5)
    assert [row.keys for row in fifth] == [0, 5, 5, 2]


def test_the_project_around_a_file_is_told_and_so_is_what_was_edited(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "core.py").write_text("def f(width: int) -> int:\n    return width\n")
    path = tmp_path / "a.py"
    far = (" " * 80 + "\n") * 99
    path.write_text(f"from core import f\n{far}" + "f(x)\n" * 3 + far + "f(x)\n" * 3)
    prompts: list[str] = []

    def script(prompt: Prompt, _row: int) -> str:
        prompts.append(prompt_text(prompt))
        return "?"

    document = Document(path.read_text(), path.as_uri(), "python")
    workspaces = [workspace_of(path)]
    fim = parse_fim("qwen2.5-coder/spm")
    replay(
        [("a.py", document)], ScriptedEngine(script), fim, events=60, places=2, workspaces=workspaces, every_key=True
    )
    assert all("core.py\ndef f(width: int) -> int: ..." in prompt for prompt in prompts)
    edited = ["f(x)" in prompt.partition("<|fim_prefix|>")[0] for prompt in prompts]
    assert any(edited) and not edited[0]
    replay([("a.py", document)], ScriptedEngine(script), fim, events=1, places=2)
    assert "core.py" not in prompts[-1]


def test_planning_takes_no_time_where_nothing_is_asked_of_the_model() -> None:
    documents = [("a.py", Document("value = f(1)", language="python"))]
    rows = replay(documents, ScriptedEngine("value = f(1)"), None, events=99, places=1, accepts=False)
    planned = {made_by: [row.planning_ms for row in rows if row.made_by == made_by] for made_by in ("model", "reuse")}
    assert len(planned["model"]) >= 1 and all(0 < ms <= row.ms for ms, row in zip(planned["model"], rows, strict=False))
    assert len(planned["reuse"]) >= 5 and set(planned["reuse"]) == {0.0}


def test_files_with_nothing_to_type() -> None:
    assert replay([("a.py", Document("\n \n"))], ScriptedEngine("?"), None, events=5, places=1) == []


def test_the_summary() -> None:
    rows = [
        row(Kind.OPEN, 900.0, exact=None, keys=0, by_hand=0),
        row(Kind.KEY, 100.0),
        row(Kind.KEY, 200.0, exact=True),
        row(Kind.ACCEPT, 300.0, shown=False, exact=None, by_hand=7),
    ]
    summary = summarize(rows)
    assert (summary.p50_ms, summary.events, summary.computed_tokens_per_key_p50) == (250.0, 4, 2.0)
    assert summary.computed_tokens_per_key == 2.0
    assert summary.exact_match == 0.5
    assert summary.keystrokes_saved == pytest.approx(1 - 3 / 9, abs=1e-4)
    assert summary.wrong_shown == 0.25
    assert (summary.coverage, summary.precision, summary.asked_the_model) == (1.0, 0.5, 1.0)
    assert summary.kinds[Kind.KEY] == (150.0, 195.0, 199.0, 2)
    assert Kind.JUMP not in summary.kinds


def test_nothing_typed_saves_nothing() -> None:
    summary = summarize([row(Kind.OPEN, 1.0, exact=None, keys=0, by_hand=0)])
    assert (summary.keystrokes_saved, summary.exact_match) == (0.0, 0.0)


def test_rows_on_disk_hold_no_text(tmp_path: Path) -> None:
    write_rows(tmp_path / "deep" / "rows.jsonl", [row(Kind.KEY, 1.5)])
    [line] = (tmp_path / "deep" / "rows.jsonl").read_text().splitlines()
    assert json.loads(line) == {
        "file": "a.py",
        "kind": "key",
        "ms": 1.5,
        "prompt_tokens": 100,
        "computed_tokens": 2,
        "shown": True,
        "exact": False,
        "keys": 1,
        "by_hand": 1,
        "made_by": "model",
        "confidence": 0.0,
        "written_tokens": 0,
        "planning_ms": 0.0,
    }


def test_the_default_files_are_there() -> None:
    names = [name for name, document in default_documents() if document.language == "python" and document.text]
    assert names == ["textwrap.py", "decoder.py", "heapq.py", "shlex.py", "document.py", "typist.py"]


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "load_model", lambda _model, _fim: LoadedModel(ScriptedEngine("x = 1"), None))
    source = tmp_path / "a.py"
    source.write_text(TEXT * 9)
    out = tmp_path / "rows.jsonl"
    ran = CliRunner().invoke(commands.evals, ["replay", "--files", str(source), "--events", "12", "--out", str(out)])
    assert ran.exit_code == 0
    line = json.loads(ran.stdout.splitlines()[-1])
    assert {"p50_ms", "p95_ms", "p99_ms", "computed_tokens_per_key_p50", "exact_match", "keystrokes_saved"} <= set(line)
    assert (line["model"], line["engine"], line["events"]) == ("scripted", "none", 12)
    assert len(out.read_text().splitlines()) == 12


def test_a_file_with_nothing_to_type_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "load_model", lambda _model, _fim: LoadedModel(ScriptedEngine("x"), None))
    (tmp_path / "empty.py").write_text("\n")
    ran = CliRunner().invoke(commands.evals, ["replay", "--files", str(tmp_path / "empty.py")])
    assert ran.exit_code != 0
    assert "the files hold no line that could be typed again" in str(ran.exception)


def test_a_key_asks_as_in_the_server() -> None:
    documents = [("a.py", Document("value = open('some/file').read()", language="python"))]
    rows = replay(documents, ScriptedEngine("value = open(path)"), None, events=99, places=1)
    made = [each.made_by for each in rows]
    assert made[0] == "model"
    assert set(made[1 : len("value = open(") + 1]) == {"reuse"}
    assert set(made[len("value = open('") : len("value = open('some/file")]) == {""}
    asked = replay(documents, ScriptedEngine("value = open(path)"), None, events=99, places=1, every_key=True)
    assert {each.made_by for each in asked} == {"model"}


def test_what_is_not_sure_is_not_shown_and_what_a_threshold_would_do_is_known() -> None:
    documents = [("a.py", Document("x = 1\n" * 3, language="python"))]
    rows = replay(documents, ScriptedEngine("x = 1"), None, events=99, places=1, every_key=True)
    assert {each.confidence for each in rows if each.shown} == {0.9048}
    judged = sum(each.exact is not None for each in rows)
    right = sum(each.exact is True for each in rows)
    found = {least: rest for least, *rest in by_confidence(rows, (0.0, 0.9, 0.95))}
    assert found[0.0] == found[0.9] == [1.0, round(right / judged, 4)]
    assert found[0.95] == [0.0, 0.0]
    silent = replay(documents, ScriptedEngine("x = 1"), None, events=99, places=1, confidence=0.95)
    assert not any(each.shown for each in silent)
    assert max(each.confidence for each in silent) == 0.9048


def test_in_a_pause_what_comes_next_is_made() -> None:
    documents = [("a.py", Document("a = 1\nb = 2\n", language="python"))]
    engine = ScriptedEngine(lambda prompt, _: "b = 2" if "a = 1" in prompt_text(prompt) else "a = 1")
    rows = replay(documents, engine, None, events=99, places=1, pause_s=0.02)
    newline = next(each for each in rows if each.kind is Kind.NEWLINE)
    assert (newline.made_by, newline.exact) == ("ahead", True)
