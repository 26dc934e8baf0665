import errno
import os
from pathlib import Path

import pytest

from codegpt.errors import SandboxUnavailable
from codegpt.sandbox import staging
from codegpt.sandbox.backends import Backend
from codegpt.sandbox.client import Sandbox
from codegpt.sandbox.opening import open_sandbox
from codegpt.sandbox.staging import JAIL_USER, become_nobody
from codegpt.sandbox.view import Mount, View

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="not run: only root stages anything; this is an ordinary user")


def status(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


@as_root
def test_the_supervisor_is_not_root(backend: Backend) -> None:
    with open_sandbox(backend, workers=1) as opened:
        facts = status(opened.pid)
    assert facts["Uid"].split() == facts["Gid"].split() == [str(JAIL_USER)] * 4
    assert facts["Groups"] == ""
    assert [facts[name] for name in ("CapPrm", "CapEff", "CapInh", "CapAmb")] == ["0" * 16] * 4


@as_root
def test_nothing_is_mounted_for_anybody_else(backend: Backend) -> None:
    def outside() -> tuple[str, list[list[Path]]]:
        places = [sorted(Path(place).iterdir()) for place in staging.PLACES if Path(place).is_dir()]
        return Path("/proc/self/mounts").read_text(), places

    before = outside()
    with open_sandbox(backend, workers=1) as opened:
        namespace = Path(f"/proc/{opened.pid}/ns/mnt").readlink()
        assert outside() == before
    assert outside() == before
    assert namespace != Path("/proc/self/ns/mnt").readlink()


@as_root
def test_what_is_staged_is_read_only(sandbox: Sandbox) -> None:
    outside, inside = (Path(f"/proc/{pid}/mounts").read_text().splitlines() for pid in ("self", sandbox.pid))
    mounts = [line.split() for line in inside if line not in outside]
    ours = [(place, options.split(",")) for _, place, _, options, *_ in mounts if place.startswith("/mnt/")]
    assert {mount.target for view in sandbox.views.values() for mount in view.mounts} == {
        place.removeprefix("/mnt") for place, _ in ours
    }
    assert [place for place, options in ours if not {"ro", "nosuid", "nodev"} <= {*options}] == []


def test_no_jail_stays_root_when_there_is_none(sandbox: Sandbox) -> None:
    if os.geteuid() == 0:
        pytest.skip("not run: this is root")
    with Sandbox(Backend.BWRAP, views=sandbox.views, workers=1) as other:
        assert status(other.pid)["Uid"].split() == [str(os.getuid())] * 4


@pytest.fixture
def given_up(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """No mounting and no other user, but what would have been asked of the kernel."""
    asked: list[tuple[object, ...]] = []

    def refuse(views: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(staging, "_stage", refuse)
    for name in ("setgroups", "setresgid", "setresuid"):
        monkeypatch.setattr(os, name, lambda *ids, name=name: asked.append((name, *ids)))
    return asked


def view_of(source: Path) -> dict[str, View]:
    return {"python": View((Mount(str(source), "/python"),), (), ())}


def test_root_that_may_not_mount_uses_files_that_everybody_can_read(
    given_up: list[tuple[object, ...]], open_folder: Path
) -> None:
    assert become_nobody(view_of(open_folder)) == view_of(open_folder)
    assert given_up == [("setgroups", []), ("setresgid", *[JAIL_USER] * 3), ("setresuid", *[JAIL_USER] * 3)]


@pytest.mark.parametrize("closed", [".", "above"])
def test_root_that_may_not_mount_is_told_about_closed_files(
    given_up: list[tuple[object, ...]], open_folder: Path, closed: str
) -> None:
    folder = open_folder / "above" / "python"
    folder.mkdir(parents=True)
    (folder if closed == "." else open_folder / closed).chmod(0o700)
    expected = rf"^root may not mount here \(Operation not permitted\), and {folder} is closed to other users; "
    with pytest.raises(SandboxUnavailable, match=expected):
        become_nobody(view_of(folder))
    assert given_up == []
