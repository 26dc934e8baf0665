"""A name, a hub id and a path are told apart by spelling; the working directory has no say."""

from pathlib import Path

import pytest

from codegpt.checkpoints import CHECKPOINTS, DEFAULT_MODEL
from codegpt.checkpoints.names import Local, Published, identify, local_slug
from codegpt.errors import ModelNotFound


@pytest.mark.parametrize(
    "text", ["qwen2.5-coder-0.5b", " Qwen2.5-Coder-0.5B ", "Qwen/Qwen2.5-Coder-0.5B", "qwen/qwen2.5-coder-0.5b"]
)
def test_the_catalogue(text: str) -> None:
    assert identify(text, CHECKPOINTS) == Published(CHECKPOINTS["qwen2.5-coder-0.5b"], True, "qwen2.5-coder-0.5b")


def test_a_hub_id() -> None:
    meant = identify("acme/Model-1.0", CHECKPOINTS)
    assert isinstance(meant, Published)
    assert (meant.listed, meant.slug) == (False, "hub--acme--Model-1.0")
    assert (meant.entry.hub.repo, meant.entry.hub.revision, meant.entry.hub.file) == ("acme/Model-1.0", "main", None)


@pytest.mark.parametrize(
    "text", ["/m", "./m", "../m", "~/m", "a/b/c", "a/", "org/../x", "m.gguf", "x/m.safetensors", "M.BIN", "a\\b"]
)
def test_a_path(text: str) -> None:
    assert identify(text, CHECKPOINTS) == Local(Path(text).expanduser().absolute())


def test_the_working_directory_cannot_stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in (DEFAULT_MODEL, "acme/model", "mine"):
        (tmp_path / name).mkdir(parents=True)
    assert isinstance(identify(DEFAULT_MODEL, CHECKPOINTS), Published)
    assert isinstance(identify("acme/model", CHECKPOINTS), Published)
    with pytest.raises(ModelNotFound, match=r"unknown model 'mine'; for the path, write \./mine "):
        identify("mine", CHECKPOINTS)


def test_an_unknown_name_lists_near_ones() -> None:
    with pytest.raises(ModelNotFound) as caught:
        identify("qwen2.5-coder-1.5b-instrct", CHECKPOINTS)
    assert str(caught.value) == (
        "unknown model 'qwen2.5-coder-1.5b-instrct'; did you mean qwen2.5-coder-1.5b-instruct or "
        "qwen2.5-coder-0.5b-instruct? (a hub id org/name or a path will do as well)"
    )


@pytest.mark.parametrize("text", ["gpt", "", "a b/c", "x" * 5000])
def test_an_unknown_name_lists_the_known_ones(text: str) -> None:
    with pytest.raises(ModelNotFound, match=r"known: qwen2\.5-coder-0\.5b-instruct, qwen2\.5-coder-1\.5b-instruct, "):
        identify(text, CHECKPOINTS)


def test_local_slugs_differ_by_path() -> None:
    assert local_slug(Path("/a/My model!")) == "local-My-model-" + local_slug(Path("/a/My model!"))[-12:]
    assert local_slug(Path("/a/m")) != local_slug(Path("/b/m"))


def test_the_catalogue_is_consistent() -> None:
    assert DEFAULT_MODEL in CHECKPOINTS
    for name, entry in CHECKPOINTS.items():
        assert name == entry.name == name.lower()
        assert (entry.sha256 is None) == (entry.hub.file is None) == (entry.converted_bytes == 0)
        assert entry.sha256 is None or len(entry.sha256) == 64
        assert entry.mirror is None or entry.sha256, "a mirror is only usable with a digest to check it by"
