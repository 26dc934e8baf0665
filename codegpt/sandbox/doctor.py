"""What `codegpt sandbox doctor` says: the kinds of jail, and for each whether anything gets out of it."""

import platform
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from codegpt.errors import SandboxUnavailable
from codegpt.sandbox.backends import Backend
from codegpt.sandbox.landlock import abi
from codegpt.sandbox.opening import available_views, try_jails


@dataclass(frozen=True)
class BackendFacts:
    """One kind of jail: what each attempt to get out of it got, and why it is not to be used."""

    name: str
    holds: bool
    why_not: str
    attempts: dict[str, str]


@dataclass(frozen=True)
class Facts:
    """What this machine has, and what works on it; the first kind of jail is the default."""

    machine: dict[str, str]
    backends: tuple[BackendFacts, ...]


def examine() -> Facts:
    """Look, and try every kind of jail."""
    return Facts(machine(), (_try(Backend.BWRAP), _try(Backend.LANDLOCK)))


def _try(backend: Backend) -> BackendFacts:
    try:
        sandbox, attempts = try_jails(backend, available_views())
    except SandboxUnavailable as error:
        return BackendFacts(backend, False, str(error), {})
    sandbox.close()
    leaks = [attempt.what for attempt in attempts if attempt.got]
    why_not = f"it leaks: {', '.join(leaks)}" if leaks else ""
    return BackendFacts(backend, not leaks, why_not, {attempt.what: attempt.got for attempt in attempts})


def machine() -> dict[str, str]:
    """The versions and settings that a jail depends on."""
    limit = Path("/proc/sys/user/max_user_namespaces")
    apparmor = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
    facts = {
        "kernel": f"{platform.system()} {platform.release()} {platform.machine()}",
        "bubblewrap": _version(shutil.which("bwrap"), "--version") or "not installed",
        "user namespaces": limit.read_text().strip() if limit.exists() else "unknown",
        "Landlock": f"version {abi()}" if abi() else "not in this kernel",
        "node": _version(shutil.which("node"), "--version") or "not installed: no JavaScript",
    }
    if apparmor.exists() and apparmor.read_text().strip() == "1":
        facts["AppArmor"] = "blocks user namespaces without a profile; bubblewrap needs one that allows userns"
    return facts


def _version(executable: str | None, *arguments: str) -> str:
    if executable is None:
        return ""
    done = subprocess.run([executable, *arguments], capture_output=True, text=True, check=False, timeout=30)
    return f"{done.stdout.strip()} ({executable})"
