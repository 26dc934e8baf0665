from dataclasses import replace

from codegpt.complete import Completions
from codegpt.confidence import UNSURE
from codegpt.document import Document
from codegpt.engine.scripted import ScriptedEngine
from codegpt.inline import Asked, Inline, following
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
    editor.shown(first, found)
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
    editor = inline()  # its tokens have a log-probability of -0.1
    unsure = replace(asked("x = ‸\n"), confidence=0.95)
    found = editor.suggest(unsure)
    assert (found.items, found.why_none) == ((), UNSURE)
    assert texts(editor.suggest(replace(unsure, confidence=0.9))) == ["alpha + 1"]
    assert texts(editor.suggest(replace(unsure, invoked=True))) == ["alpha + 1"]


def test_what_follows_a_suggestion_is_a_new_line() -> None:
    editor = Inline(
        ScriptedEngine(lambda prompt, _: "alpha:\n" if str(prompt.parts[-1]) == "if" else "\n    beta\n"), None
    )
    first = asked("if ‸\n    y\n")
    below = following(first, editor.suggest(first))
    assert below is not None
    assert (below.document.text, below.offset) == ("if alpha:\n    \n    y\n", len("if alpha:\n    "))
    editor.shown(below, editor.suggest(below))
    assert texts(editor.known(asked("if alpha:\n    be‸\n    y\n"))) == ["ta"]


def test_a_line_that_is_whole_is_followed_by_a_new_one_and_one_with_a_rest_by_none() -> None:
    whole = following(asked("x = 1‸\n"), Completions((), TYPED))
    assert whole is not None
    assert (whole.document.text, whole.offset) == ("x = 1\n\n", 6)
    assert following(asked("f(‸)\n"), Completions(())) is None
    assert following(asked("‸\n"), Completions(())) is None
