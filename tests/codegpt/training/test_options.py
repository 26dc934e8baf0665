import json
from pathlib import Path

import pytest

from codegpt.errors import InputError
from codegpt.training.gpt import GptShape
from codegpt.training.options import read_options
from codegpt.training.pretrain import Pretraining
from codegpt.training.samples import Recipe


def test_what_is_left_out_is_as_by_default(tmp_path: Path) -> None:
    path = tmp_path / "options.json"
    path.write_text(json.dumps({"shape": {"layers": 2}, "recipe": {"spm": 1}, "steps": 900, "muon": False}))
    found = read_options(path)
    assert found == Pretraining(shape=GptShape(layers=2), recipe=Recipe(spm=1.0), steps=900, muon=False)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "no JSON object"),
        ({"stepz": 1}, "stepz"),
        ({"steps": "9"}, "'9' is no int"),
        ({"steps": 2.5}, "2.5 is no int"),
        ({"muon": "false"}, "'false' is no bool"),
        ({"save_every": 0}, "save_every must be at least 1"),
        ({"steps": 10, "decay": 11}, "decay must be from 0"),
        ({"long": 4096}, "rows may have from 16 to 2048 tokens"),
        ({"shape": {"heads": 7}}, "an even multiple of heads"),
        ({"shape": {"width": 0}}, "at least 1"),
    ],
)
def test_what_cannot_be_is_one_line(tmp_path: Path, options: object, said: str) -> None:
    path = tmp_path / "options.json"
    path.write_text(json.dumps(options))
    with pytest.raises(InputError, match=said):
        read_options(path)
    path.write_text("{")
    with pytest.raises(InputError, match="no JSON object"):
        read_options(path)
