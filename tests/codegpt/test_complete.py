from itertools import count

import pytest

from codegpt.complete import RANKING_TOKENS, Completion, Completions, complete, conclude, rank
from codegpt.context.cursor import Around, Cursor
from codegpt.context.project import Snapshot
from codegpt.document import Document
from codegpt.engine.protocol import Generation, SamplingParams, StopReason
from codegpt.engine.scripted import ScriptedEngine
from codegpt.languages import LANGUAGES
from codegpt.planning import CompletionOptions, choose_extent, plan
from codegpt.postprocess import Cut, Extent, Place
from codegpt.prompt import Markup, Prompt, parse_fim
from codegpt.syntax import parse

PSM = parse_fim("qwen2.5-coder/psm")
PRE, SUF, MID = Markup("<|fim_prefix|>"), Markup("<|fim_suffix|>"), Markup("<|fim_middle|>")


def at(source: str, language: str = "python") -> tuple[Document, int]:
    """The document and the offset of the cursor `‸` in a source."""
    offset = source.index("‸")
    return Document(source.replace("‸", ""), "", language), offset


class Recorder:
    """An engine that writes `text` and keeps what it was asked."""

    def __init__(self, text: str) -> None:
        self.prompts: list[Prompt] = []
        self.engine = ScriptedEngine(self._script)
        self._text = text

    def _script(self, prompt: Prompt, _row: int) -> str:
        self.prompts.append(prompt)
        return self._text


def texts(completions: Completions) -> list[str]:
    return [item.text for item in completions.items]


def test_a_line_from_end_to_end() -> None:
    recorder = Recorder(" a + b\n\n\ndef g():\n")
    found = complete(*at("def f(a, b):\n    return ‸\n\nf(1, 2)\n"), recorder.engine, PSM)
    assert recorder.prompts == [Prompt((PRE, "def f(a, b):\n    return", SUF, "\n\nf(1, 2)\n", MID))]
    cuts = (
        Cut("drop_typed_space", "white space that is already typed", 1),
        Cut("stop_at_line_end", "the completion is for this line only", 1),
    )
    written = Generation(" a + b\n", tuple(map(ord, " a + b\n")), -0.1, StopReason.STOP)
    assert found == Completions((Completion("a + b", written, cuts, -0.1 * 7),), "", Extent.LINE, cuts)
    assert found.written == (written,)


def test_a_block_from_end_to_end() -> None:
    recorder = Recorder("    total = a + b\n    return total\n\n\ndef g():\n    pass\n")
    found = complete(*at("def f(a, b):\n    ‸\n\n\nf(1, 2)\n"), recorder.engine, PSM)
    assert recorder.prompts[0].parts == (PRE, "def f(a, b):\n", SUF, "\n\n\nf(1, 2)\n", MID)
    assert (texts(found), found.extent) == (["total = a + b\n    return total"], Extent.BLOCK)
    assert found.items[0].generation.stop_reason is StopReason.STOP


@pytest.mark.parametrize(
    ("source", "fim", "parts"),
    [
        ("x =‸ y", PSM, (PRE, "x =", SUF, " y", MID)),
        ("x = \t ‸ y", PSM, (PRE, "x =", SUF, " y", MID)),
        ("  \t‸\ny", PSM, (PRE, SUF, "\ny", MID)),
        ("a\r\nb\rc = ‸\r\nd\r\n", PSM, (PRE, "a\nb\nc =", SUF, "\nd\n", MID)),
        ("\ufeffx = ‸\n", PSM, (PRE, "x =", SUF, "\n", MID)),
        ("‸\ufeffx\n", PSM, (PRE, SUF, "x\n", MID)),
        ("<|fim_middle|>‸<|fim_suffix|>", PSM, (PRE, "<|fim_middle|>", SUF, "<|fim_suffix|>", MID)),
        ("x = ‸\ny", parse_fim("qwen2.5-coder/spm"), (PRE, SUF, "\ny", MID, "x =")),
        ("x = ‸\ny", None, ("x =",)),
        ("‸", PSM, (PRE, SUF, MID)),
        ("‸", None, ("",)),
    ],
)
def test_the_prompt(source: str, fim: None, parts: tuple[object, ...]) -> None:
    document, offset = at(source)
    assert plan(document, offset, len, fim, CompletionOptions()).prompt.parts == parts


def test_secrets_are_not_in_the_prompt() -> None:
    secret, other = "ghp_" + "a1B2" * 9, "Xk29!kdkd"
    source = f"TOKEN = '{secret}'\npassword = '{other}'\nx = f(‸)\ny = '{secret}'\n"
    asked = plan(*at(source), len, PSM, CompletionOptions())
    assert asked.prompt.parts == (
        *(PRE, "TOKEN = 'REDACTED'\npassword = 'REDACTED'\nx = f("),
        *(SUF, ")\ny = 'REDACTED'\n", MID),
    )


def test_the_line_that_is_being_typed_stays_where_its_end_would_change() -> None:
    secret = "ghp_" + "a1B2" * 9
    for line, shown in ((f"x = '{secret}", f"x = '{secret}"), (f"f('{secret}', other=1, ", "f('REDACTED', other=1,")):
        asked = plan(*at(f"{line}‸\n"), len, None, CompletionOptions())
        assert asked.prompt == Prompt((shown,))


def test_other_files_stand_before_the_text_as_the_model_knows_files() -> None:
    texts = {"app/core.py": "def fetch(url: str) -> bytes:\r\n    return b''\r\n"}
    document, offset = at("from app.core import fetch\n\nfetch(‸)\n")
    cursor = Cursor(document, offset, Around(Snapshot(texts), "app", "app/here.py"))
    options = CompletionOptions(sources=("imported",))
    asked = plan(document, offset, len, PSM, options, cursor)
    window = (PRE, "from app.core import fetch\n\nfetch(", SUF, ")\n", MID)
    files = (Markup("<|repo_name|>"), "app\n", Markup("<|file_sep|>"))
    core = "app/core.py\ndef fetch(url: str) -> bytes: ...\n"
    assert asked.prompt.parts == (*files, core, Markup("<|file_sep|>"), "app/here.py\n", *window)
    commented = "# Path: app/core.py\n# def fetch(url: str) -> bytes: ...\n"
    starcoder = plan(document, offset, len, parse_fim("starcoder/psm"), options, cursor).prompt.parts
    assert starcoder[1] == commented + window[1]
    alone = plan(document, offset, len, None, options, cursor).prompt
    assert alone == Prompt((commented + str(window[1]),))
    assert plan(document, offset, len, PSM, CompletionOptions(context_tokens=0), cursor).prompt.parts == window


def test_the_budget_cuts_the_prompt_and_not_the_place() -> None:
    document, offset = at("# one\n# two\nx = ‸\n# four\n# five\n")
    asked = plan(document, offset, len, PSM, CompletionOptions(prefix_tokens=10, suffix_tokens=8))
    assert asked.prompt.parts == (PRE, "# two\nx =", SUF, "\n# four\n", MID)
    assert asked.place.prefix == "# one\n# two\nx = "
    assert asked.place.suffix == "\n# four\n# five\n"
    assert plan(document, offset, len, PSM, CompletionOptions(prefix_tokens=0, suffix_tokens=0)).prompt.parts == (
        PRE,
        SUF,
        MID,
    )
    # Fewer tokens than there is white space at the cursor.
    document, offset = at("x" + " " * 20 + "‸")
    assert plan(document, offset, len, PSM, CompletionOptions(prefix_tokens=5)).prompt.parts == (PRE, SUF, MID)


def test_the_options_reach_the_engine() -> None:
    options = CompletionOptions(max_line_tokens=7, max_block_tokens=9, timeout_s=1.5, temperature=0.5, seed=3)
    expected = SamplingParams(max_new_tokens=7, temperature=0.5, seed=3, timeout_s=1.5)
    assert plan(*at("x = ‸\n"), len, PSM, options).params == expected
    assert plan(*at("def f():‸\n"), len, PSM, options).params.max_new_tokens == 9
    forced = CompletionOptions(extent=Extent.BLOCK)
    assert plan(*at("x = ‸\n"), len, PSM, forced).place.extent is Extent.BLOCK


@pytest.mark.parametrize(
    ("language", "source", "extent"),
    [
        ("python", "def f():‸\n", Extent.BLOCK),
        ("python", "def f(x) -> int: ‸\n", Extent.BLOCK),
        ("python", "def f():\n    ‸\n", Extent.BLOCK),
        ("python", "def f():\n    x = 1\n    ‸\n    return x\n", Extent.BLOCK),
        ("python", "‸", Extent.BLOCK),
        ("python", "if x:‸", Extent.BLOCK),
        ("python", "d = {‸\n}\n", Extent.BLOCK),
        ("python", "d = {'a':‸\n", Extent.LINE),
        ("python", "d = {\n    ‸\n}\n", Extent.LINE),
        ("python", "f = lambda x:‸\n", Extent.LINE),
        ("python", "y = x[1:‸\n", Extent.LINE),
        ("python", 'x = "see:‸\n', Extent.LINE),
        ("python", "# see:‸\n", Extent.LINE),
        ("python", "foo(‸)\n", Extent.LINE),
        ("python", "def f(‸):\n    pass\n", Extent.LINE),
        ("python", "x = ‸\n", Extent.LINE),
        ("python", "import ‸\n", Extent.LINE),
        ("python", "ret‸\n", Extent.LINE),
        ("javascript", "function f() {‸\n}\n", Extent.BLOCK),
        ("javascript", "function f() {‸}\n", Extent.LINE),
        ("javascript", "function f() {\n  ‸\n}\n", Extent.BLOCK),
        ("javascript", "const f = (x) =>‸\n", Extent.BLOCK),
        ("javascript", "const x =‸\n", Extent.LINE),
        ("javascript", "let undo‸\n", Extent.LINE),
        ("typescript", "const x:‸\n", Extent.LINE),
        ("go", "func f() {\n\tif err != nil {‸\n}\n", Extent.BLOCK),
        ("go", "switch x {\ncase 1:‸\n}\n", Extent.BLOCK),
        ("go", "x := ‸\n", Extent.LINE),
        ("ruby", "def foo(a)‸\nend\n", Extent.BLOCK),
        ("ruby", "xs.each do |x|‸\nend\n", Extent.BLOCK),
        ("ruby", "loop do‸\n", Extent.BLOCK),
        ("ruby", "undo‸\n", Extent.LINE),
        ("ruby", "def f‸\n", Extent.LINE),
        ("", "if (x) {‸\n", Extent.BLOCK),
        ("", "    ‸\n", Extent.BLOCK),
        ("", "if x then‸\n", Extent.BLOCK),
        ("", "let authen‸\n", Extent.LINE),
        ("", "x = ‸\n", Extent.LINE),
        ("", "    ‸foo\n", Extent.LINE),
    ],
)
def test_how_far_a_completion_may_reach(language: str, source: str, extent: Extent) -> None:
    document, offset = at(source, language)
    place = Place(document.text[:offset], document.text[offset:], Extent.LINE, LANGUAGES.get(language))
    assert choose_extent(parse(document), place, offset) is extent


def test_an_unknown_language_is_completed_all_the_same() -> None:
    found = complete(*at("begin {‸\n", "cobol"), ScriptedEngine("\n  a\n}\nnext\n"), PSM)
    assert (texts(found), found.extent) == (["\n  a\n}"], Extent.BLOCK)


def test_a_crlf_document_gets_crlf() -> None:
    found = complete(*at("def f():\r\n    ‸\r\n"), ScriptedEngine("    a\n    b\nc\n"), PSM)
    assert texts(found) == ["a\r\n    b"]


def test_a_cancelled_call_suggests_nothing() -> None:
    found = complete(*at("x = ‸\n"), ScriptedEngine("12345"), PSM, cancelled=lambda: True)
    assert (found.items, found.why_none) == ((), "cancelled")
    asked = count()
    found = complete(*at("x = ‸\n"), ScriptedEngine("12345"), PSM, cancelled=lambda: next(asked) > 2)
    assert (found.items, found.why_none) == ((), "cancelled")


def test_what_is_there_at_the_deadline_is_suggested() -> None:
    late = CompletionOptions(timeout_s=0.3, max_block_tokens=1000)
    slow = ScriptedEngine("a = 1\n" + "b" * 500, seconds_per_token=0.01)
    found = complete(*at("‸\n"), slow, PSM, late)
    assert [(item.text, item.generation.stop_reason) for item in found.items] == [("a = 1", StopReason.DEADLINE)]
    found = complete(*at("‸\n"), ScriptedEngine("a"), PSM, CompletionOptions(timeout_s=0.0))
    assert (found.items, found.why_none) == ((), "the deadline passed before the first token")


def test_equal_suggestions_are_one() -> None:
    engine = ScriptedEngine(lambda _prompt, row: ["1", " 2\nx", "1  ", "2", ""][row])
    found = complete(*at("x = ‸\n"), engine, PSM, CompletionOptions(n=5, temperature=1.0))
    assert texts(found) == ["1", "2"]


def test_the_surest_suggestion_comes_first() -> None:
    asked = plan(*at("x = ‸\n"), len, PSM, CompletionOptions())
    rows = [
        Generation("a", (1,), -2.0, StopReason.END_OF_TEXT),
        Generation("b", (1,), -0.5, StopReason.END_OF_TEXT),
        Generation("a", (1,), -0.1, StopReason.STOP),
        Generation("c", (1,), -0.01, StopReason.CANCELLED),
    ]
    found = conclude(asked, rows)
    assert [(item.text, item.generation.mean_logprob) for item in found.items] == [("a", -0.1), ("b", -0.5)]
    assert found.why_none == ""


@pytest.mark.parametrize(
    ("left_out", "text", "rules"),
    [
        ((), "a", ["drop_typed_space", "stop_at_line_end", "drop_unopened_closers"]),
        (("no_such_rule",), "a", ["drop_typed_space", "stop_at_line_end", "drop_unopened_closers"]),
        (("drop_typed_space",), " a", ["stop_at_line_end", "drop_unopened_closers"]),
        (("drop_unopened_closers",), "a)", ["drop_typed_space", "stop_at_line_end"]),
        (("stop_at_line_end",), "a", ["drop_typed_space", "drop_unopened_closers"]),
        (("stop_at_line_end", "drop_unopened_closers"), "a)\nb", ["drop_typed_space"]),
        (("stop_at_line_end", "drop_unopened_closers", "drop_typed_space"), " a)\nb", []),
    ],
)
def test_a_rule_that_is_left_out_does_not_cut(left_out: tuple[str, ...], text: str, rules: list[str]) -> None:
    asked = plan(*at("x = ‸\n"), len, PSM, CompletionOptions())
    rows = [Generation(" a)\nb", (1,), -0.5, StopReason.END_OF_TEXT)]
    found = conclude(asked, rows, frozenset((*left_out, "drop_what_breaks")))
    assert texts(found) == [text]
    assert [cut.rule for cut in found.items[0].cuts] == rules
    assert found.cuts == found.items[0].cuts


def test_what_would_not_parse_is_not_shown() -> None:
    asked = plan(*at("x = ‸\n"), len, PSM, CompletionOptions())
    rows = [Generation(text, (1,), -0.5, StopReason.END_OF_TEXT) for text in (" 1 +", " 1 + 2")]
    found = conclude(asked, rows)
    assert texts(found) == ["1 + 2"]
    found = conclude(asked, rows[:1])
    assert (found.items, found.why_none) == ((), "the code around it would not parse")
    assert found.cuts[-1] == Cut("drop_what_breaks", "the code around it would not parse", 3)
    assert texts(conclude(asked, rows[:1], frozenset({"drop_what_breaks"}))) == ["1 +"]


def test_a_rule_that_is_left_out_is_not_why_there_is_nothing() -> None:
    asked = plan(*at("a = 1\n‸\nb = 2\n"), len, PSM, CompletionOptions())
    rows = [Generation("b = 2\n", (1,), -0.5, StopReason.END_OF_TEXT)]
    assert conclude(asked, rows).why_none == "it repeats the text below the cursor"
    found = conclude(asked, rows, frozenset({"drop_copy_of_next_line"}))
    assert (texts(found), found.why_none) == (["b = 2"], "")


def test_what_was_cut_off_loses_its_unfinished_line_whatever_is_left_out() -> None:
    asked = plan(*at("def f():‸\n"), len, PSM, CompletionOptions())
    rows = [Generation("\n    a\nb\nc", (1,), -0.5, StopReason.LENGTH)]
    assert texts(conclude(asked, rows)) == ["\n    a"]
    assert texts(conclude(asked, rows, frozenset({"stop_at_scope_end"}))) == ["\n    a\nb"]


@pytest.mark.parametrize(
    ("source", "text", "limit", "expected"),
    [
        ("def f():\n    ‸\n", "    a = 1\n    b = 2\n", 14, "a = 1"),
        ("def f():\n    ‸\n", "    a = 1\n    b = 2\n", 8, "a ="),
        ("def f():‸\n", "\n    a = 1\n    b = 2\n", 18, "\n    a = 1"),
        ("x = ‸\n", "12345678", 4, "1234"),
    ],
)
def test_a_block_that_was_cut_off_loses_its_unfinished_line(source: str, text: str, limit: int, expected: str) -> None:
    options = CompletionOptions(max_block_tokens=limit, max_line_tokens=limit)
    [item] = complete(*at(source), ScriptedEngine(text), PSM, options).items
    assert (item.text, item.generation.stop_reason) == (expected, StopReason.LENGTH)


@pytest.mark.parametrize(
    ("source", "text", "why"),
    [
        ("x = ‸\n", "", "the model wrote nothing"),
        ("x = ‸\n", "  \n", "the model wrote nothing"),
        ("def f():\n    ‸\n", "def g():\n", "the model would leave this block"),
        ("a = 1\n‸\nb = 2\n", "b = 2\n", "it repeats the text below the cursor"),
        ("foo(‸)\n", ")", "a bracket closes that is not open here"),
    ],
)
def test_why_there_is_no_suggestion(source: str, text: str, why: str) -> None:
    found = complete(*at(source), ScriptedEngine(text), PSM)
    assert (found.items, found.why_none) == ((), why)


def test_the_engine_is_stopped_as_soon_as_nothing_more_can_survive() -> None:
    asked = count()
    engine = ScriptedEngine("    a\n    b\n\n\ndef g():\n    pass\n")
    [item] = complete(*at("def f():\n    ‸\n"), engine, PSM, cancelled=lambda: next(asked) < 0).items
    assert (item.text, item.generation.stop_reason) == ("a\n    b", StopReason.STOP)
    assert next(asked) == len("    a\n    b\n\n\ndef g():\n")  # asked once before each token


LINES = ["x = 1\n", "y = 2\n", "x = 1 \n", "z = 3\n"]


def test_of_several_suggestions_the_one_that_goes_best_with_what_follows_comes_first() -> None:
    asked: list[tuple[Prompt, str, str]] = []

    def fit(prompt: Prompt, text: str, following: str) -> float:
        asked.append((prompt, text, following))
        return -1.0 if text == "    z = 3" else -9.0

    engine = ScriptedEngine(lambda _prompt, row: "    " + LINES[row], fit=fit)
    several = CompletionOptions(extent=Extent.LINE, n=4)
    found = complete(*at("def f():\r\n    ‸\r\n    return z\r\n" + "#" * 99), engine, PSM, several)
    assert texts(found) == ["z = 3", "x = 1", "y = 2"]
    following = ("\n    return z\n" + "#" * 99)[:RANKING_TOKENS]
    assert asked == [(Prompt(("def f():\n",)), f"    {text}", following) for text in ("x = 1", "y = 2", "z = 3")]


def test_likelihood_and_fit_are_added() -> None:
    def item(text: str, logprob: float) -> Completion:
        return Completion(text, Generation(text, (1,), -0.5, StopReason.STOP), (), logprob)

    first, second = item("a", -5.0), item("b", -4.0)
    assert rank(Completions((first, second)), [0.0, 0.0]).items == (second, first)
    assert rank(Completions((first, second)), [-1.0, -3.0]).items == (first, second)
    assert rank(Completions((first, second)), [-1.0, -2.0]).items == (first, second)  # as likely: as they were


def never_asked(_prompt: Prompt, _text: str, _following: str) -> float:
    raise AssertionError


class Rows(ScriptedEngine):
    """An engine whose search finds these."""

    def __init__(self, *rows: Generation) -> None:
        super().__init__("", fit=never_asked)
        self._rows = list(rows)

    def search(self, *_args: object, **_kwargs: object) -> list[Generation]:  # type: ignore[override]
        return self._rows


@pytest.mark.parametrize("source", ["x = ‸", "x = ‸\n  \n"])
def test_where_nothing_follows_the_likeliest_comes_first(source: str) -> None:
    short = Generation("0\n", (1, 2), -0.5, StopReason.STOP, (-0.5, -0.5), (1, 2))
    long = Generation("f(x)\n", (1, 2, 3, 4, 5), -0.4, StopReason.STOP, (-0.4,) * 5, (1, 2, 3, 4, 5))
    found = complete(*at(source), Rows(long, short), PSM, CompletionOptions(n=2))
    assert [(item.text, item.logprob) for item in found.items] == [("0", -1.0), ("f(x)", -2.0)]


def test_what_the_rules_cut_off_is_not_charged() -> None:
    text = "    a = 1\n\n\ndef g():\n"
    ends = (9, 12, 16, len(text))
    row = Generation(text, (1, 2, 3, 4), -2.0, StopReason.STOP, (-1.0, -0.5, -3.0, -3.5), ends)
    asked = plan(*at("def f():\n    ‸\n"), len, PSM, CompletionOptions())
    [item] = conclude(asked, [row]).items
    assert (item.text, item.logprob) == ("a = 1", -1.5)


def test_a_ranking_that_is_late_is_by_likelihood_alone() -> None:
    calls = count()

    def fit(_prompt: Prompt, text: str, _following: str) -> float:
        return float(text)

    engine = ScriptedEngine(lambda _prompt, row: f"{row}\n", fit=fit)
    options = CompletionOptions(n=3)
    assert texts(complete(*at("x = ‸\ny = 1\n"), engine, PSM, options)) == ["2", "1", "0"]
    late = complete(*at("x = ‸\ny = 1\n"), engine, PSM, options, cancelled=lambda: next(calls) >= 6)
    assert texts(late) == ["0", "1", "2"]


def test_the_ranking_has_the_time_that_the_search_left() -> None:
    left: list[float | None] = []

    class Timed(ScriptedEngine):
        def logprobs_after(self, *args: object, timeout_s: float | None = None, **_kwargs: object) -> None:  # type: ignore[override]
            left.append(timeout_s)

    engine = Timed(lambda _prompt, row: f"{row}\n", seconds_per_token=0.01)
    complete(*at("x = ‸\ny = 1\n"), engine, PSM, CompletionOptions(n=2, timeout_s=20.0))
    complete(*at("x = ‸\ny = 1\n"), engine, PSM, CompletionOptions(n=2))
    assert left[0] is not None
    assert 0 < left[0] <= 20.0 - 4 * 0.01
    assert left[1] is None
