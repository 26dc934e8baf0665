"""Finding checkpoints: quick where nothing changed, and never silent where something did."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from codegpt.checkpoints import CatalogueEntry, find, homes, manifest, store, verify
from codegpt.checkpoints.homes import cache_root, home_of, install_converted
from codegpt.errors import CheckpointError, DownloadError, ModelNotFound


@pytest.fixture
def installed(entry: CatalogueEntry, tiny_gguf: Path, recorder) -> dict[str, CatalogueEntry]:
    """A catalogue whose one model is on this machine."""
    assert entry.sha256
    install_converted(home_of("tiny"), tiny_gguf, "tiny", "test", entry.sha256, recorder)
    return {"tiny": entry}


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that were read in full, as they are."""
    names: list[str] = []
    real = manifest.sha256_of

    def noting(path: Path, *args: object) -> str:
        names.append(path.name)
        return real(path, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(manifest, "sha256_of", noting)
    return names


def flip_a_byte(path: Path, *, keep_time: bool = False) -> None:
    state = path.stat()
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    times = (state.st_atime_ns, state.st_mtime_ns if keep_time else state.st_mtime_ns + 1)
    os.utime(path, ns=times)


def test_the_cache_can_be_elsewhere(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cache_root() == cache
    monkeypatch.setenv("CODEGPT_CACHE", "~/here")
    assert cache_root() == Path.home() / "here"
    monkeypatch.delenv("CODEGPT_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    assert sys.platform != "linux" or cache_root() == Path("/xdg/codegpt")


def test_an_installed_model_is_found(installed: dict[str, CatalogueEntry], hashed: list[str]) -> None:
    found = find("Tiny", catalogue=installed)
    assert found.name == "tiny"
    assert found.home == home_of("tiny")
    assert found.directory == home_of("tiny") / "model"
    assert found.digest == installed["tiny"].sha256
    assert found.entry is installed["tiny"]
    assert hashed == []


def test_finding_is_light(installed: dict[str, CatalogueEntry]) -> None:
    code = (
        "import sys; from codegpt.checkpoints import find; find(sys.argv[1]); find(sys.argv[1]);"
        "heavy = ('torch', 'transformers', 'huggingface_hub', 'gguf', 'filelock', 'rich');"
        "print([m for m in heavy if m in sys.modules])"
    )
    directory = str(home_of("tiny") / "model")
    done = subprocess.run([sys.executable, "-c", code, directory], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_not_pulled(cache: Path) -> None:
    with pytest.raises(ModelNotFound) as caught:
        find("qwen2.5-coder-0.5b-instruct")
    assert str(caught.value) == (
        "qwen2.5-coder-0.5b-instruct is not on this machine yet; run: codegpt models pull qwen2.5-coder-0.5b-instruct"
    )
    with pytest.raises(ModelNotFound, match=r"^acme/m is not on this machine yet; run: codegpt models pull acme/m$"):
        find("acme/m")
    assert not cache.exists()


@pytest.mark.parametrize("text", ["", '{"format": 1, "na', "[]", '{"format": 2}', '{"format": 1, "files": {"x": 3}}'])
def test_a_broken_manifest_is_no_model(installed: dict[str, CatalogueEntry], text: str) -> None:
    (home_of("tiny") / "codegpt.json").write_text(text)
    with pytest.raises(ModelNotFound, match="run: codegpt models pull tiny"):
        find("tiny", catalogue=installed)


def test_a_flipped_byte_is_named_and_set_aside(installed: dict[str, CatalogueEntry]) -> None:
    weights = home_of("tiny") / "model" / "model.safetensors"
    before = sha256(weights.read_bytes()).hexdigest()
    flip_a_byte(weights)
    after = sha256(weights.read_bytes()).hexdigest()
    with pytest.raises(CheckpointError) as caught:
        find("tiny", catalogue=installed)
    assert str(caught.value) == (
        f"{weights} is corrupt: sha256 {after[:12]}... where {before[:12]}... was expected; it was set aside as "
        "model.safetensors.corrupt; run: codegpt models pull tiny"
    )
    assert not weights.exists()
    assert sha256(weights.with_name("model.safetensors.corrupt").read_bytes()).hexdigest() == after
    with pytest.raises(CheckpointError) as caught:
        find("tiny", catalogue=installed)
    assert str(caught.value) == f"{weights} is missing; run: codegpt models pull tiny"


def test_a_byte_flipped_behind_the_stamp_is_for_verify(installed: dict[str, CatalogueEntry]) -> None:
    weights = home_of("tiny") / "model" / "model.safetensors"
    flip_a_byte(weights, keep_time=True)
    find("tiny", catalogue=installed)
    with pytest.raises(
        CheckpointError, match=r"was set aside as model\.safetensors\.corrupt; run: codegpt models pull tiny"
    ):
        verify("tiny", catalogue=installed)


def test_verify_reads_everything(installed: dict[str, CatalogueEntry], hashed: list[str], recorder) -> None:
    assert verify("tiny", catalogue=installed, progress=recorder) == find("tiny", catalogue=installed)
    assert hashed == ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"]
    size = (home_of("tiny") / "model" / "model.safetensors").stat().st_size
    assert ("checking the model's files", size, size) in recorder.steps


def test_a_copied_cache_is_read_once(installed: dict[str, CatalogueEntry], hashed: list[str]) -> None:
    os.utime(home_of("tiny") / "model" / "tokenizer.json", ns=(1, 1))
    find("tiny", catalogue=installed)
    find("tiny", catalogue=installed)
    assert hashed == ["tokenizer.json"]


def test_a_directory_of_the_user(installed: dict[str, CatalogueEntry], tmp_path: Path, hashed: list[str]) -> None:
    mine = tmp_path / "mine"
    (home_of("tiny") / "model").rename(mine)
    before = {path.name: path.stat().st_mtime_ns for path in mine.iterdir()}
    found = find(str(mine))
    lines = [f"{sha256((mine / name).read_bytes()).hexdigest()}  {name}\n" for name in sorted(before)]
    assert found == store.Checkpoint(str(mine), mine, found.home, sha256("".join(lines).encode()).hexdigest(), None)
    assert found.home.parent == cache_root() / "checkpoints"
    assert hashed == sorted(before)
    hashed.clear()
    assert find(str(mine)) == found
    assert hashed == []
    assert {path.name: path.stat().st_mtime_ns for path in mine.iterdir()} == before

    flip_a_byte(mine / "model.safetensors")  # the user's own change, or so it looks
    changed = find(str(mine))
    assert changed.digest != found.digest
    assert hashed == ["model.safetensors"]

    flip_a_byte(mine / "model.safetensors", keep_time=True)  # this looks like a failing disk
    with pytest.raises(CheckpointError, match=r"model.safetensors is corrupt: sha256 .* though its size and time"):
        verify(str(mine))
    assert sorted(path.name for path in mine.iterdir()) == sorted(before), "nothing of the user's is renamed"


def test_auto_map_in_a_directory_runs_nothing(installed: dict[str, CatalogueEntry], tmp_path: Path) -> None:
    mine = home_of("tiny") / "model"
    config = json.loads((mine / "config.json").read_text())
    (mine / "config.json").write_text(json.dumps({**config, "auto_map": {"AutoConfig": "evil.Config"}}))
    (mine / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    find(str(mine))
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("absent", "there is no {}/absent"),
        ("absent.gguf", "there is no {}/absent.gguf"),
        ("n" * 300, "{}/" + "n" * 300),
    ],
)
def test_no_such_path(cache: Path, tmp_path: Path, path: str, line: str) -> None:
    with pytest.raises(ModelNotFound) as caught:
        find(str(tmp_path / path))
    assert str(caught.value).startswith(line.format(tmp_path))


def test_one_file_of_a_directory(installed: dict[str, CatalogueEntry]) -> None:
    directory = home_of("tiny") / "model"
    with pytest.raises(ModelNotFound) as caught:
        find(str(directory / "model.safetensors"))
    file = directory / "model.safetensors"
    assert str(caught.value) == f"{file} is one file of a checkpoint; give its directory: {directory}"


@pytest.fixture
def conversions(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    done: list[Path] = []
    real = homes.install_converted

    def noting(home: Path, *args: object) -> manifest.Manifest:
        done.append(home)
        return real(home, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(store, "install_converted", noting)
    return done


def test_a_local_gguf_is_converted_once_for_its_content(
    cache: Path, tiny_gguf: Path, tmp_path: Path, hashed: list[str], conversions: list[Path]
) -> None:
    mine = tmp_path / "mine.gguf"
    mine.write_bytes(tiny_gguf.read_bytes())
    digest = sha256(mine.read_bytes()).hexdigest()
    home = cache / "checkpoints" / f"gguf-{digest[:16]}"

    found = find(str(mine))
    assert found == store.Checkpoint(str(mine), home / "model", home, digest, None)
    assert mine.read_bytes() == tiny_gguf.read_bytes()
    hashed.clear()
    assert find(str(mine)) == found
    assert hashed == []

    moved = mine.rename(tmp_path / "moved.gguf")
    assert find(str(moved)).directory == found.directory
    assert hashed == ["moved.gguf"]
    assert conversions == [home]

    flip_a_byte(home / "model" / "model.safetensors")
    with pytest.raises(CheckpointError, match="run the same command again to convert it anew"):
        find(str(moved))
    assert find(str(moved)).directory == found.directory
    assert conversions == [home, home]


def test_a_local_gguf_that_cannot_be_converted(cache: Path, make_gguf: Callable[..., Path], tmp_path: Path) -> None:
    path = make_gguf(tmp_path / "odd.gguf", extra="rope_freqs.weight")
    with pytest.raises(CheckpointError, match=r"has no place for its tensor rope_freqs\.weight"):
        find(str(path))
    assert [p.name for p in (cache / "checkpoints").glob("gguf-*/*")] == []
    assert path.exists()


def test_a_full_disk_while_converting(cache: Path, tiny_gguf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("codegpt.checkpoints.convert.save_file", full)
    with pytest.raises(DownloadError, match=r"^cannot write to .*gguf-[0-9a-f]{16}: the disk is full; make room"):
        find(str(tiny_gguf))
    assert [p.name for p in (cache / "checkpoints").glob("gguf-*/*")] == []
