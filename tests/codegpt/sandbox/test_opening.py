import re
import shutil
from pathlib import Path

import pytest

from codegpt.errors import SandboxUnavailable
from codegpt.sandbox import client, opening
from codegpt.sandbox.backends import Backend
from codegpt.sandbox.canaries import ATTEMPTS
from codegpt.sandbox.client import Sandbox
from codegpt.sandbox.opening import Attempt, available_views, open_sandbox, try_jails
from codegpt.sandbox.outcome import Returned
from codegpt.sandbox.program import Call, Program

ADD = Program("def f(a, b):\n    return a + b\n")


def test_a_sandbox_is_opened_and_works(backend: Backend) -> None:
    with open_sandbox(backend, workers=1) as opened:
        assert opened.backend is backend
        assert [reply.result for reply in opened.call(ADD, [Call("f", (2, 3))]).replies] == [Returned(5)]


def test_every_attempt_is_made_and_refused(backend: Backend) -> None:
    opened, attempts = try_jails(backend, available_views())
    opened.close()
    assert attempts == [Attempt(name, "") for name in (*ATTEMPTS, "anything else")]


def test_both_languages_where_node_is_installed() -> None:
    languages = {"python", "pytest", "javascript"} if shutil.which("node") else {"python", "pytest"}
    assert available_views().keys() == languages


@pytest.fixture(scope="module")
def without_a_jail() -> dict[str, str]:
    opened, attempts = try_jails(Backend.UNSAFE, available_views(), workers=1)
    opened.close()
    assert [attempt.what for attempt in attempts] == [*ATTEMPTS]
    return {attempt.what: attempt.got for attempt in attempts}


@pytest.mark.parametrize(
    ("what", "got"),
    [
        ("outside file", r"got '[0-9a-f]{32}'"),
        ("loopback listener", r"got 'connected'"),
        ("unix listener", r"got 'connected'"),
        ("outside write", r"got 'written'"),
        ("fork", r"got 64"),
    ],
)
def test_without_a_jail_the_attempts_succeed(without_a_jail: dict[str, str], what: str, got: str) -> None:
    assert re.fullmatch(got, without_a_jail[what])


@pytest.mark.parametrize("what", ["environment secret", "memory"])
def test_without_a_jail_the_environment_is_clear_and_memory_limited(without_a_jail: dict[str, str], what: str) -> None:
    assert not without_a_jail[what].startswith("got")


def test_an_attempt_that_was_refused_got_nothing(without_a_jail: dict[str, str]) -> None:
    """Also when another one got something."""
    assert without_a_jail["memory"] == ""


def test_unsafe_is_opened_only_by_name() -> None:
    with open_sandbox(Backend.UNSAFE, workers=1) as opened:
        assert opened.backend is Backend.UNSAFE
        assert [reply.result for reply in opened.call(ADD, [Call("f", ("a", "b"))]).replies] == [Returned("ab")]


def test_a_jail_that_leaks_is_refused(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[Sandbox] = []

    def leaking(backend: Backend, views: object, workers: int, low: bool) -> tuple[Sandbox, list[Attempt]]:
        tried.append(Sandbox(backend, views=sandbox.views, workers=1))
        return tried[0], [Attempt("outside file", ""), Attempt("fork", "got 64"), Attempt("memory", "got 1")]

    monkeypatch.setattr(opening, "try_jails", leaking)
    expected = r"^the jail leaks \(fork: got 64\); see codegpt sandbox doctor$"
    with pytest.raises(SandboxUnavailable, match=expected):
        open_sandbox(workers=1)
    assert [each.backend for each in tried] == [Backend.BWRAP]
    with pytest.raises(SandboxUnavailable, match=r"^the sandbox is closed$"):
        tried[0].call(ADD, [Call("f", (2, 3))])


@pytest.mark.parametrize("name", ["outside file", "loopback listener", "unix listener", "outside write", "fork"])
def test_one_attempt_that_works_is_enough(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The attempts are made for real, in no jail, but by the logic that opens one."""
    views = available_views()
    monkeypatch.setattr("codegpt.sandbox.canaries.ATTEMPTS", {name: ATTEMPTS[name]})
    monkeypatch.setattr(
        opening, "Sandbox", lambda backend, **given: Sandbox(Backend.UNSAFE, **{**given, "views": views})
    )
    with pytest.raises(SandboxUnavailable, match=rf"^the jail leaks \({name}: got .*\); see codegpt sandbox doctor$"):
        open_sandbox(workers=1)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Backend]:
    """The kinds of jail of which a sandbox is started from here on."""
    kinds: list[Backend] = []

    def start(self: Sandbox) -> object:
        kinds.append(self.backend)
        return real(self)

    real = Sandbox._start
    monkeypatch.setattr(Sandbox, "_start", start)
    return kinds


def test_without_bubblewrap(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, started: list[Backend]) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    expected = (
        "no jail: install bubblewrap (the package is called bubblewrap everywhere); "
        "the weaker second kind is --backend landlock"
    )
    with pytest.raises(SandboxUnavailable, match=f"^{re.escape(expected)}$"):
        open_sandbox()
    assert started == [Backend.BWRAP]


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (
            "echo 'bwrap: No permissions to create a new namespace' >&2; exit 1",
            "the jail did not start (exited: exit code 1): bwrap: No permissions to create a new namespace",
        ),
        ("exit 0", "the jail did not start (exited: exit code 0):"),
        ("kill -9 $$", "the jail did not start (exited: killed by SIGKILL):"),
        ("echo hello >&4", "the jail did not start (violation: a reply that is not a line of JSON):"),
    ],
)
def test_a_bubblewrap_that_fails(
    monkeypatch: pytest.MonkeyPatch, open_folder: Path, started: list[Backend], script: str, said: str
) -> None:
    bwrap = open_folder / "bwrap"
    bwrap.write_text(f"#!/bin/sh\n{script}\n")
    bwrap.chmod(0o755)
    monkeypatch.setenv("PATH", str(open_folder))
    with pytest.raises(SandboxUnavailable) as caught:
        open_sandbox(workers=1)
    assert str(caught.value).strip() == said
    assert started == [Backend.BWRAP]


def test_a_bubblewrap_that_cannot_be_run(monkeypatch: pytest.MonkeyPatch, open_folder: Path) -> None:
    bwrap = open_folder / "bwrap"
    bwrap.write_text("#!/no/such/shell\n")
    bwrap.chmod(0o755)
    monkeypatch.setenv("PATH", str(open_folder))
    with pytest.raises(SandboxUnavailable, match=r"^cannot start a jail: \[Errno 2\] No such file or directory: "):
        open_sandbox(workers=1)


@pytest.mark.parametrize("version", [0, 5])
def test_a_kernel_without_enough_of_landlock(
    monkeypatch: pytest.MonkeyPatch, started: list[Backend], version: int
) -> None:
    monkeypatch.setattr(client, "abi", lambda: version)
    expected = rf"^Landlock of this kernel is version {version}; 6 is needed \(Linux 6\.12\)$"
    with pytest.raises(SandboxUnavailable, match=expected):
        open_sandbox(Backend.LANDLOCK)
    assert started == [Backend.LANDLOCK]
