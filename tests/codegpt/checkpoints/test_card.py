import json
from pathlib import Path

import pytest

from codegpt.checkpoints.card import Card, read_card
from codegpt.errors import CheckpointError

SAID = {"format": 1, "fim": "qwen2.5-coder/spm", "one_line": True, "confidence": 0.5, "steps": 9}


def test_what_a_card_says(tmp_path: Path) -> None:
    assert read_card(tmp_path) is None
    (tmp_path / "codegpt-card.json").write_text(json.dumps(SAID))
    assert read_card(tmp_path) == Card("qwen2.5-coder/spm", True, 0.5)
    (tmp_path / "codegpt-card.json").write_text(json.dumps({**SAID, "parameters": 8}))
    assert read_card(tmp_path) == Card("qwen2.5-coder/spm", True, 0.5, 8)


def test_which_ones_are_small() -> None:
    found = [Card("", parameters=count).is_small for count in (0, 1, 30_000_000, 30_000_001)]
    assert found == [False, True, True, False]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "cannot be read"),
        ("{}", "cannot be read"),
        (json.dumps({**SAID, "format": 2}), "another version"),
        (json.dumps({**SAID, "fim": "nothing/spm"}), "unknown fill-in-the-middle format"),
        (json.dumps({**SAID, "fim": 7}), "cannot be read"),
    ],
)
def test_a_card_that_is_none(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "codegpt-card.json").write_text(text)
    with pytest.raises(CheckpointError, match=said):
        read_card(tmp_path)
