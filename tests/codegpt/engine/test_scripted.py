import time
from itertools import count

import pytest

from codegpt.engine.protocol import Engine, Generation, ModelInfo, SamplingParams, StopReason
from codegpt.engine.scripted import ScriptedEngine, prompt_text
from codegpt.prompt import Markup, Prompt

ASK = Prompt(("a", Markup("<m>"), "b"))


def one(engine: ScriptedEngine, params: SamplingParams | None = None) -> Generation:
    [[generation]] = engine.generate([ASK], params or SamplingParams())
    return generation


def test_it_is_an_engine_and_says_what_it_is() -> None:
    engine: Engine = ScriptedEngine("x", markup=["<m>"])
    assert engine.info == ModelInfo("scripted", "", 1_000_000, frozenset({"<m>"}), "none", "none")
    assert engine.count_tokens("ab\n😀") == 4


def test_it_writes_its_script() -> None:
    assert one(ScriptedEngine("xy")) == Generation("xy", (120, 121), -0.1, StopReason.END_OF_TEXT)
    assert one(ScriptedEngine("")) == Generation("", (), 0.0, StopReason.END_OF_TEXT)


def test_the_script_sees_the_prompt_and_the_row() -> None:
    engine = ScriptedEngine(lambda prompt, row: f"{prompt_text(prompt)}:{row}")
    answers = engine.generate([ASK, Prompt(("c",))], SamplingParams(), n=2)
    assert [[row.text for row in rows] for rows in answers] == [["a<m>b:0", "a<m>b:1"], ["c:0", "c:1"]]
    assert engine.generate([], SamplingParams()) == []
    assert engine.generate([ASK], SamplingParams(), n=0) == [[]]


@pytest.mark.parametrize(
    ("script", "stop", "limit", "text", "reason"),
    [
        ("abcdef", (), 3, "abc", StopReason.LENGTH),
        ("abc", (), 3, "abc", StopReason.LENGTH),  # the end of the text would have been a fourth token
        ("abc", (), 4, "abc", StopReason.END_OF_TEXT),
        ("abcdef", ("cd",), 9, "ab", StopReason.STOP),
        ("abcdef", ("cd", "bcd"), 9, "a", StopReason.STOP),
        ("abcdef", ("cd",), 4, "ab", StopReason.STOP),
        ("abcdef", ("zz",), 9, "abcdef", StopReason.END_OF_TEXT),
    ],
)
def test_where_it_stops(script: str, stop: tuple[str, ...], limit: int, text: str, reason: StopReason) -> None:
    generation = one(ScriptedEngine(script), SamplingParams(max_new_tokens=limit, stop=stop))
    assert (generation.text, generation.stop_reason) == (text, reason)


def test_the_watch_ends_its_own_row() -> None:
    seen: list[tuple[int, str]] = []

    def watch(row: int, text: str) -> bool:
        seen.append((row, text))
        return row == 1 and text == "a"

    rows = ScriptedEngine("ab").generate([ASK, ASK], SamplingParams(), n=1, watch=watch)
    assert [[(row.text, row.stop_reason) for row in each] for each in rows] == [
        [("ab", StopReason.END_OF_TEXT)],
        [("a", StopReason.STOP)],
    ]
    assert seen == [(0, "a"), (0, "ab"), (1, "a")]


def test_a_cancelled_call_returns_what_it_has() -> None:
    asked = count(1)
    rows = ScriptedEngine("abcd").generate([ASK], SamplingParams(), n=2, cancelled=lambda: next(asked) > 2)
    assert [(row.text, row.stop_reason) for row in rows[0]] == [
        ("ab", StopReason.CANCELLED),
        ("", StopReason.CANCELLED),
    ]


def test_a_late_call_returns_what_it_has() -> None:
    started = time.monotonic()
    generation = one(
        ScriptedEngine("x" * 1000, seconds_per_token=0.01), SamplingParams(max_new_tokens=1000, timeout_s=0.1)
    )
    assert 0.1 <= time.monotonic() - started < 1
    assert generation.stop_reason is StopReason.DEADLINE
    assert 1 <= len(generation.text) <= 10


def test_prompt_text_spells_the_parts() -> None:
    assert prompt_text(ASK) == "a<m>b"
    assert prompt_text(Prompt(())) == ""
