import math
from dataclasses import replace
from itertools import accumulate

import pytest

from codegpt.checkpoints.card import Card
from codegpt.complete import Completion, Completions
from codegpt.confidence import UNSURE
from codegpt.document import Document
from codegpt.engine.protocol import Generation, StopReason
from codegpt.engine.scripted import ScriptedEngine
from codegpt.inline import Asked, Inline, following, visible
from codegpt.planning import CompletionOptions
from codegpt.reuse import TYPED
from codegpt.trigger import DELETED, IN_WORD


def asked(source: str, language: str = "python") -> Asked:
    offset = source.index("‸")
    return Asked(Document(source.replace("‸", ""), "file:///a.py", language), offset, CompletionOptions())


def texts(found: Completions | None) -> list[str] | None:
    return None if found is None else [item.text for item in found.items]


def inline(text: str = "alpha + 1\n") -> Inline:
    return Inline(ScriptedEngine(text), None)


def test_the_model_is_asked_once_for_a_line_that_is_typed_along_with() -> None:
    editor = inline()
    first = asked("x = ‸\n")
    assert editor.known(first) is None
    found = editor.suggest(first)
    editor.remember(first, found)
    assert texts(found) == ["alpha + 1"]
    assert texts(editor.known(asked("x = al‸\n"))) == ["pha + 1"]
    assert editor.known(asked("x = alpha + 1‸\n")) == Completions((), TYPED)
    assert editor.known(asked("x = alto‸\n")) is None
    editor.edited("file:///a.py")
    assert texts(editor.known(asked("x = al‸\n"))) == ["pha + 1"]
    editor.edited("file:///b.py")
    assert editor.known(asked("x = al‸\n")) is None


def test_a_key_may_ask_for_nothing_and_whoever_asks_in_words_is_answered() -> None:
    editor = inline()
    deleting = replace(asked("x = ‸\n"), deleted=True)
    assert editor.known(deleting) == Completions((), DELETED)
    assert editor.known(replace(deleting, invoked=True)) is None
    within = asked("x = f‸oo\n")
    assert editor.known(within) == Completions((), IN_WORD)
    assert editor.known(replace(within, invoked=True)) is None


def test_what_the_model_is_not_sure_of_is_shown_to_whoever_asks_in_words() -> None:
    found = inline().suggest(asked("x = ‸\n"))  # its tokens have a log-probability of -0.1
    unsure = replace(asked("x = ‸\n"), confidence=0.95)
    assert visible(unsure, found) == replace(found, items=(), why_none=UNSURE)
    assert texts(visible(replace(unsure, confidence=0.9), found)) == ["alpha + 1"]
    assert texts(visible(replace(unsure, invoked=True), found)) == ["alpha + 1"]


def answer(*tokens: tuple[str, float]) -> Completions:
    """A text by its tokens, each with its probability."""
    text = "".join(token for token, _ in tokens)
    ends = tuple(accumulate(len(token) for token, _ in tokens))
    logprobs = tuple(math.log(probability) for _, probability in tokens)
    ids = tuple(range(len(tokens)))
    written = Generation(text, ids, sum(logprobs) / len(ids), StopReason.STOP, logprobs, ends)
    return Completions((Completion(text, written, (), sum(logprobs)),))


HALF_SURE = (("alp", 0.1), ("ha(", 0.9), ("beta", 0.2), (")", 0.9))


def test_what_was_hidden_is_shown_once_the_model_is_sure_of_what_is_left() -> None:
    editor = inline()
    editor.remember(asked("x = ‸\n"), answer(*HALF_SURE))
    assert editor.known(asked("x = ‸\n")) == replace(answer(*HALF_SURE), items=(), why_none=UNSURE)
    hidden = editor.known(asked("x = al‸\n"))  # what is left begins within a token of which it was not sure
    assert hidden is not None and (hidden.items, hidden.why_none) == ((), UNSURE)
    found = editor.known(asked("x = alp‸\n"))
    assert texts(found) == ["ha(beta)"]
    assert found is not None and found.items[0].confidence == pytest.approx((0.9 * 0.2 * 0.9) ** (1 / 3))
    assert texts(editor.known(asked("x = alpha(‸\n"))) == ["beta)"]  # it stays, although that is less sure
    assert editor.known(asked("x = alpha(beta)‸\n")) == replace(answer(*HALF_SURE), items=(), why_none=TYPED)
    assert editor.known(asked("x = alto‸\n")) is None


def test_what_is_still_hidden_is_shown_to_whoever_asks_in_words_by_the_model_alone() -> None:
    editor = inline()
    editor.remember(asked("x = ‸\n"), answer(*HALF_SURE))
    assert editor.known(replace(asked("x = a‸\n"), invoked=True)) is None
    editor.edited("file:///b.py")
    assert editor.known(asked("x = a‸\n")) is None


def test_what_is_shown_goes_before_what_was_hidden() -> None:
    editor = inline()
    editor.remember(asked("x = ‸\n"), answer(*HALF_SURE))
    editor.remember(asked("x = a‸\n"), answer(("lto", 0.9)))
    assert texts(editor.known(asked("x = al‸\n"))) == ["to"]
    assert texts(editor.known(asked("x = alp‸\n"))) == ["ha(beta)"]


def test_what_follows_a_suggestion_is_a_new_line() -> None:
    editor = Inline(
        ScriptedEngine(lambda prompt, _: "alpha:\n" if str(prompt.parts[-1]) == "if" else "\n    beta\n"), None
    )
    first = asked("if ‸\n    y\n")
    below = following(first, editor.suggest(first))
    assert below is not None
    assert (below.document.text, below.offset) == ("if alpha:\n    \n    y\n", len("if alpha:\n    "))
    editor.remember(below, editor.suggest(below))
    assert texts(editor.known(asked("if alpha:\n    be‸\n    y\n"))) == ["ta"]


def test_a_line_that_is_whole_is_followed_by_a_new_one_and_one_with_a_rest_by_none() -> None:
    whole = following(asked("x = 1‸\n"), Completions((), TYPED))
    assert whole is not None
    assert (whole.document.text, whole.offset) == ("x = 1\n\n", 6)
    assert following(asked("f(‸)\n"), Completions(())) is None
    assert following(asked("‸\n"), Completions(())) is None


def test_a_model_that_may_be_trusted_with_lines_alone_writes_one_and_only_what_it_is_sure_of() -> None:
    script = "    total = 0\n    return total\n"
    place = replace(asked("def f():\n    ‸\n"), invoked=True)
    assert texts(Inline(ScriptedEngine(script), None).suggest(place)) == ["total = 0\n    return total"]
    lines = Inline(ScriptedEngine(script), None, Card("qwen2.5-coder/spm", one_line=True, confidence=0.9))
    assert texts(lines.suggest(place)) == ["total = 0"]
    unsure = Inline(ScriptedEngine(script), None, Card("qwen2.5-coder/spm", one_line=True, confidence=0.95))
    found = unsure.suggest(place)
    assert (texts(found), found.why_none) == ([], UNSURE)
