"""Tokens that may begin a text."""

from hypothesis import given
from hypothesis import strategies as st

from codegpt.engine.vocabulary import Vocabulary

VOCABULARY = Vocabulary(dict(enumerate(["", "p", "pr", "print", "prints", "q", "\n", "\n\n", "pr"])))


def test_longer_and_shorter_ones() -> None:
    assert sorted(VOCABULARY.beginning("pr")) == [1, 2, 3, 4, 8]
    assert sorted(VOCABULARY.beginning("print")) == [1, 2, 3, 4, 8]
    assert sorted(VOCABULARY.beginning("prinz")) == [1, 2, 8]
    assert sorted(VOCABULARY.beginning("\n")) == [6, 7]
    assert VOCABULARY.beginning("x") == []


TEXTS = st.text("ab\U0001f600\U0010ffff", max_size=4)


@given(st.lists(TEXTS, max_size=20), TEXTS.filter(bool))
def test_it_finds_what_a_search_finds(texts: list[str], text: str) -> None:
    found = Vocabulary(dict(enumerate(texts))).beginning(text)
    expected = [at for at, each in enumerate(texts) if each and (each.startswith(text) or text.startswith(each))]
    assert sorted(found) == expected
