"""How much is read for a suggestion, and what the model is told of other files from key to key."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from codegpt import planning
from codegpt.context.cursor import Around, Cursor
from codegpt.context.gather import NOTHING, Context, gather
from codegpt.context.project import Snapshot
from codegpt.document import Document
from codegpt.engine.protocol import ModelInfo, ToRead
from codegpt.engine.scripted import ScriptedEngine, prompt_text
from codegpt.planning import SOON_S, CompletionOptions, Plan, plan, plan_ahead, plan_in_time
from codegpt.prompt import Prompt, parse_fim

SPM = parse_fim("qwen2.5-coder/spm")


def at(source: str, language: str = "python") -> tuple[Document, int]:
    """The document and the offset of the cursor `‸` in a source."""
    offset = source.index("‸")
    return Document(source.replace("‸", ""), "", language), offset


def test_the_text_around_the_cursor_is_cut_to_what_is_read_in_time() -> None:
    engine = ScriptedEngine("y", seconds_per_token=0.001)
    document, offset = Document("x = 1\n" * 400, language="python"), 1800

    def asked(wait_s: float | None) -> int:
        options = CompletionOptions(wait_s=wait_s, prefix_tokens=800, suffix_tokens=400)
        return len(prompt_text(plan_in_time(document, offset, engine, parse_fim("qwen2.5-coder/spm"), options).prompt))

    # Whole lines, and as many of them above as the steps of the window's edge allow.
    assert [asked(wait_s) for wait_s in (None, 2.0, 0.7, 0.4, 0.0)] == [1086, 1086, 504, 306, 114]


class Narrow(ScriptedEngine):
    """An engine that reads `room` tokens."""

    room = 0

    @property
    def info(self) -> ModelInfo:
        return replace(super().info, context_tokens=self.room)


@pytest.mark.parametrize("fim", ["qwen2.5-coder/psm", "starcoder/psm", "santacoder/psm", None])
@pytest.mark.parametrize("room", [400, 2048, 8192])
def test_other_files_and_the_text_around_share_the_context_of_the_model(fim: str | None, room: int) -> None:
    engine = Narrow("y")
    engine.room = room
    texts = {f"core{number}.py": f"def fetch{number}(url: str) -> bytes: ...\n" * 3 for number in range(40)}
    lines = [f"from core{number} import fetch{number}\n" for number in range(40)]
    document, offset = at("".join(lines) + "x = 1\n" * 300 + "fetch1(fetch2(fetch3(‸\n" + "y = 1\n" * 300)
    cursor = Cursor(document, offset, Around(Snapshot(texts), "app", "here.py"))
    known = parse_fim(fim) if fim else None
    alone = plan_in_time(document, offset, engine, known, CompletionOptions())
    both = plan_in_time(document, offset, engine, known, CompletionOptions(), cursor)
    for asked in (alone, both):
        assert len(prompt_text(asked.prompt)) + asked.params.max_new_tokens <= room
    assert alone.prompt == plan_in_time(document, offset, engine, known, CompletionOptions(context_tokens=0)).prompt
    assert "core3.py" in prompt_text(both.prompt) or room < 2048  # what is called counts most


TEXTS = {
    f"app/{name}.py": f"def {name}(price: int) -> int:\n    return price\n" for name in ("fetch", "store", "clear")
}
HEAD = "from .fetch import fetch\nfrom .store import store\nfrom .clear import clear\n\n\n"


class Remembering(ScriptedEngine):
    """An engine that knows how some prompts begin, and reads a character in a millisecond."""

    def __init__(self, *known: Prompt, seconds: float = 0.001) -> None:
        super().__init__("x")
        self.known = [prompt_text(each) for each in known]
        self.seconds = seconds

    def seconds_to_read(self, prompt: Prompt) -> ToRead:
        text = prompt_text(prompt)
        shared = max((_shared(text, each) for each in self.known), default=0)
        return ToRead(self.seconds * (len(text) - shared), self.seconds * len(text))


def _shared(one: str, other: str) -> int:
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def asked(
    engine: ScriptedEngine,
    source: str,
    *told: Context,
    context_tokens: int = 110,
    texts: Mapping[str, str] = TEXTS,
) -> Plan:
    document, offset = at(source)
    cursor = Cursor(document, offset, Around(Snapshot(texts), "app", "app/here.py"))
    options = CompletionOptions(context_tokens=context_tokens)
    return plan_in_time(document, offset, engine, SPM, options, cursor, told)


def test_a_plan_says_what_the_model_is_told() -> None:
    found = asked(Remembering(), HEAD + "fetch(‸")
    assert [chunk.path for chunk in found.context.chunks] == ["app/fetch.py"]
    assert found.context.chunks[0].text in prompt_text(found.prompt)
    document, offset = at(HEAD + "fetch(‸")
    assert plan(document, offset, len, SPM, CompletionOptions()).context == NOTHING


def test_while_a_person_types_the_same_is_told_again() -> None:
    first = asked(Remembering(), HEAD + "fetch(‸")
    assert asked(Remembering(), HEAD + "fetch(1)\nstore(‸").context != first.context
    later = asked(Remembering(first.prompt), HEAD + "fetch(1)\nstore(‸", first.context)
    assert later.context == first.context


def test_what_is_read_soon_anyway_is_told_anew() -> None:
    first = asked(Remembering(), HEAD + "fetch(‸")
    fast = Remembering(first.prompt, seconds=SOON_S / 1000)
    assert asked(fast, HEAD + "fetch(1)\nstore(‸", first.context).context != first.context


def test_what_is_known_without_context_is_no_reason_to_leave_what_is_known_with_it() -> None:
    first, later = asked(Remembering(), HEAD + "fetch(‸"), HEAD + "fetch(1)\nstore(‸"
    document, offset = at(later)
    alone = plan(document, offset, len, SPM, CompletionOptions())
    engine = Remembering(first.prompt, alone.prompt)
    assert engine.seconds_to_read(alone.prompt).left == 0
    assert asked(engine, later, first.context).context == first.context


def test_what_was_read_ahead_is_told_though_a_suggestion_was_taken() -> None:
    first, ahead = asked(Remembering(), HEAD + "fetch(‸"), asked(Remembering(), HEAD + "store(‸")
    taken = asked(
        Remembering(first.prompt), HEAD + "store(price)‸", first.context
    )  # this is known to the end, as it was written
    assert taken.context == first.context
    engine = Remembering(taken.prompt, ahead.prompt)
    later = asked(engine, HEAD + "store(price)‸", ahead.context, first.context)
    assert later.context == ahead.context


def test_files_that_are_not_to_be_read_any_more_are_not_told() -> None:
    first = asked(Remembering(), HEAD + "fetch(‸")
    texts = {path: text for path, text in TEXTS.items() if "fetch" not in path}
    later = asked(Remembering(first.prompt), HEAD + "fetch(‸", first.context, texts=texts)
    assert "fetch" not in "".join(chunk.text for chunk in later.context.chunks)


def test_of_several_the_one_that_is_known_best_is_told() -> None:
    first, second = asked(Remembering(), HEAD + "fetch(‸"), asked(Remembering(), HEAD + "store(‸")
    for known in (first, second):
        engine = Remembering(known.prompt)
        assert asked(engine, HEAD + "clear(‸", first.context, second.context).context == known.context


def test_what_was_told_has_to_fit() -> None:
    first = asked(Remembering(), HEAD + "fetch(‸")
    later = asked(Remembering(first.prompt), HEAD + "fetch(‸", first.context, context_tokens=60)
    assert later.context == NOTHING


def test_context_that_would_be_waited_for_is_left_out_first() -> None:
    source = HEAD + "x = 1\n" * 20 + "fetch(‸"
    document, offset = at(source)
    cursor = Cursor(document, offset, Around(Snapshot(TEXTS), "app", "app/here.py"))
    engine = Remembering()

    def planned(wait_s: float) -> tuple[int, bool]:
        options = CompletionOptions(context_tokens=110, wait_s=wait_s, prefix_tokens=400)
        found = plan_in_time(document, offset, engine, SPM, options, cursor)
        return len(prompt_text(found.prompt)), found.context != NOTHING

    whole, alone = planned(9.0), planned(0.3)
    assert (whole[1], alone[1]) == (True, False)
    assert "x = 1\n" * 20 in source and alone[0] > len(source) > planned(0.1)[0]


def test_context_is_not_even_looked_for_where_the_text_around_is_not_read_in_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked: list[int] = []

    def gathering(cursor: Cursor, budget_tokens: int, *rest: Any) -> Context:
        looked.append(budget_tokens)
        return gather(cursor, budget_tokens, *rest)

    monkeypatch.setattr(planning, "gather", gathering)
    document, offset = at(HEAD + "fetch(‸")
    cursor = Cursor(document, offset, Around(Snapshot(TEXTS), "app", "app/here.py"))
    for wait_s, looked_for in ((0.01, False), (9.0, True)):
        looked.clear()
        options = CompletionOptions(context_tokens=110, wait_s=wait_s)
        found = plan_in_time(document, offset, Remembering(), SPM, options, cursor)
        assert any(budget > 0 for budget in looked) is looked_for is (found.context != NOTHING)


def test_where_what_was_told_is_known_nothing_else_is_planned() -> None:
    first, other = asked(Remembering(), HEAD + "fetch(‸"), asked(Remembering(), HEAD + "store(‸")

    class Counting(Remembering):
        times = 0

        def seconds_to_read(self, prompt: Prompt) -> ToRead:
            self.times += 1
            return super().seconds_to_read(prompt)

    engine = Counting(first.prompt)
    assert asked(engine, HEAD + "fetch(1‸", first.context, other.context).context == first.context
    assert engine.times == 1


def test_who_has_time_is_told_what_is_best_now_or_what_was_begun() -> None:
    document, offset = at(HEAD + "store(‸")
    cursor = Cursor(document, offset, Around(Snapshot(TEXTS), "app", "app/here.py"))
    begun = asked(Remembering(), HEAD + "fetch(‸").context
    options = CompletionOptions(context_tokens=110, wait_s=0.0)

    def ahead(cursor: Cursor | None, context: Context | None) -> Context:
        return plan_ahead(document, offset, Remembering(), SPM, options, cursor, context).context

    assert ahead(cursor, begun) == begun
    assert ahead(cursor, None) not in (begun, NOTHING)
    assert ahead(None, begun) == ahead(None, None) == NOTHING
    gone = replace(cursor, around=Around(Snapshot({}), "app", "app/here.py"))
    assert ahead(gone, begun) == NOTHING
