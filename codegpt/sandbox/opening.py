"""Opening a sandbox: start it, let programs try to get out of it, and refuse it if one does.

There is no silent way to a weaker jail: a kind that does not work here is refused with what to do.
"""

import contextlib
from dataclasses import dataclass
from pathlib import Path

from codegpt.errors import SandboxUnavailable
from codegpt.sandbox.backends import Backend
from codegpt.sandbox.canaries import SECRET_VARIABLE, attempts_that_worked, canaries
from codegpt.sandbox.client import Sandbox
from codegpt.sandbox.interpreter import node_view, pytest_view, python_view
from codegpt.sandbox.program import LANGUAGE_LIMITS
from codegpt.sandbox.view import View
from codegpt.sandbox.workspace import trusted_views


def available_views(trusted: Path | None = None) -> dict[str, View]:
    """What jails see: this machine's interpreters and, of a workspace that the user trusts, its files and packages."""
    views = {"python": python_view(), "pytest": pytest_view()}
    with contextlib.suppress(SandboxUnavailable):
        views["javascript"] = node_view()
    return {**views, **(trusted_views(trusted) if trusted else {})}


def open_sandbox(
    backend: Backend = Backend.BWRAP, *, trusted: Path | None = None, workers: int = 0, low_priority: bool = False
) -> Sandbox:
    """A sandbox whose jails have just been tried; the caller closes it.

    Args:
        backend: the kind of jail. `Backend.UNSAFE` is none at all, and only for a person who typed so.
        trusted: a workspace that the user trusts, whose modules and packages programs may import.
        workers: how many jails at once; 0 for one a core.
        low_priority: programs get the processor where nobody else wants it.

    Raises:
        SandboxUnavailable: if this kind of jail cannot be had here, or something got out of it.
    """
    views = available_views(trusted)
    if backend is Backend.UNSAFE:
        return Sandbox(backend, views=views, workers=workers, low_priority=low_priority)
    sandbox, attempts = try_jails(backend, views, workers, low_priority)
    leaks = [attempt for attempt in attempts if attempt.got]
    if leaks:
        sandbox.close()
        raise SandboxUnavailable(f"the jail leaks ({leaks[0].what}: {leaks[0].got}); see codegpt sandbox doctor")
    return sandbox


@dataclass(frozen=True)
class Attempt:
    """One attempt to get out, and what it got; nothing, if it was refused."""

    what: str
    got: str


def try_jails(
    backend: Backend, views: dict[str, View], workers: int = 0, low_priority: bool = False
) -> tuple[Sandbox, list[Attempt]]:
    """An open sandbox, and what came of every attempt to get out of it.

    Raises:
        SandboxUnavailable: if this kind of jail cannot be had here.
    """
    with canaries() as put_out:
        variables = {SECRET_VARIABLE: put_out.secret}
        sandbox = Sandbox(backend, views=views, workers=workers, low_priority=low_priority, environment=variables)
        try:
            worked = attempts_that_worked(put_out, sandbox.run_all, LANGUAGE_LIMITS["python"].memory_bytes)
        except BaseException:
            sandbox.close()
            raise
    return sandbox, [Attempt(what, got) for what, got in worked.items()]
