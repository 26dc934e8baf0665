"""What is kept of the last result comes back as it was; anything else is one clear line."""

from pathlib import Path

import pytest

from codegpt import last_result
from codegpt.errors import InputError
from codegpt.generate import ranked
from codegpt.interface import interface_of_signature
from codegpt.last_result import Last
from codegpt.request import Turn
from codegpt.sandbox.program import Tests
from codegpt.selection import Candidate, Seen, Vote
from codegpt.task import Asked, Place

F = interface_of_signature("f(x: int = 1) -> int")
RESULT = ranked(
    [Candidate(0, "é \U0001f600", 2, -0.5), Candidate(3, "two", 1, -1.0)],
    {0: Seen((True,), ("= 1",), frozenset({Vote(0, 2)})), 3: Seen((True,), ("= 2",), frozenset(), "no jail")},
    4,
    ("f(1)",),
)


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    "asked",
    [
        Asked("words"),
        Asked("w", interface=F, tests=Tests("assert f()", "f", ("f",)), turns=(Turn("program", "more"),)),
        Asked("", interface=F, place=Place("def f():\n", "a\n", "b\n", F)),
    ],
)
def test_it_comes_back_as_it_was(asked: Asked) -> None:
    last = Last(asked, RESULT, "a model")
    last_result.save(last)
    assert last_result.load() == last
    assert last_result.path().stat().st_mode & 0o777 == 0o600
    assert [each.name for each in last_result.path().parent.iterdir()] == ["last-result.json"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "there is no last result"),
        ("", "cannot be read"),
        ("[]", "of another version"),
        ('{"format": 0}', "of another version"),
        ('{"format": 1}', "is damaged"),
        ('{"format": 1, "asked": {"words": 3}, "result": {}, "model": ""}', "is damaged"),
        ("\xff", "cannot be read"),
    ],
)
def test_anything_else_is_one_clear_line(text: str | None, message: str) -> None:
    if text is not None:
        last_result.path().parent.mkdir(parents=True)
        last_result.path().write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError, match=message):
        last_result.load()
