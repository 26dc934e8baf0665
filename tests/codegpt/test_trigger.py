import pytest

from codegpt.document import Document
from codegpt.trigger import DELETED, IN_STRING, IN_WORD, LONGEST_LINE, why_silent


@pytest.mark.parametrize(
    ("source", "language", "why"),
    [
        ("x = ‸\n", "python", ""),
        ("‸", "python", ""),
        ("x = fo‸\n", "python", ""),
        ("x = f‸oo\n", "python", IN_WORD),
        ("x = naï‸ve\n", "python", IN_WORD),
        ("x = foo‸(1)\n", "python", ""),
        ("x = ‸foo\n", "python", ""),
        ("x = open('‸')\n", "python", IN_STRING),
        ("x = open('data/fi‸')\n", "python", IN_STRING),
        ('x = {"key‸\n', "python", IN_STRING),
        ("raise ValueError('must be ‸')\n", "python", ""),
        ("raise ValueError('must ‸')\n", "python", ""),
        ("x = f'{na‸}'\n", "python", ""),
        ("x = f'{name}-‸'\n", "python", IN_STRING),
        ("x = 'a' + ‸\n", "python", ""),
        ("# don't‸\n", "python", ""),
        ('"""‸\n', "python", ""),
        ('    """Don\'t ‸\n', "python", ""),
        ("x = `${na‸}`\n", "javascript", ""),
        ("x = require('./‸')\n", "javascript", IN_STRING),
        ("x = open('‸')\n", "plaintext", ""),
        ("x = '" + "a" * LONGEST_LINE + "‸'\n", "python", ""),
        ("x = '😀‸'\n", "python", IN_STRING),
        ("x = '\r\n‸y\r\n", "python", ""),
    ],
)
def test_where_a_key_asks(source: str, language: str, why: str) -> None:
    offset = source.index("‸")
    assert why_silent(Document(source.replace("‸", ""), "", language), offset) == why


def test_deleting_asks_for_nothing() -> None:
    assert why_silent(Document("x = \n", "", "python"), 4, deleted=True) == DELETED
