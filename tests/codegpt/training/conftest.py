"""A small corpus: some modules of the standard library, and a tokenizer that was learnt from them."""

import sysconfig
from pathlib import Path

import pytest

from codegpt.training.corpus import Corpus, Origin, SourceText
from codegpt.training.tokenizer import Coder, train

MODULES = ("bisect", "calendar", "colorsys", "fnmatch", "heapq", "linecache", "queue", "sched", "shlex", "textwrap")


@pytest.fixture(scope="session")
def texts() -> list[SourceText]:
    folder = Path(sysconfig.get_path("stdlib"))
    return [SourceText("python", f"{name}.py", (folder / f"{name}.py").read_text("utf-8")) for name in MODULES]


@pytest.fixture(scope="session")
def small_corpus(texts: list[SourceText]) -> Corpus:
    held_out = [SourceText("package47", each.path, each.text) for each in texts[:1]]
    origins = tuple(
        Origin(name, "1", "PSF-2.0", 1, 1, f"d-{name}", name != "python") for name in ("python", "package47")
    )
    return Corpus(origins, {}, tuple(texts[1:] + held_out))


@pytest.fixture(scope="session")
def tokenizer_json(texts: list[SourceText]) -> str:
    described: str = train((each.text for each in texts), 600).to_str()
    return described


@pytest.fixture(scope="session")
def coder(tokenizer_json: str) -> Coder:
    return Coder(tokenizer_json)
