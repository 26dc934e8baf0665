"""Programs that attack the jail or the judge, and the verdicts that each may get; they are read as text, not run here.

The sources are package data, `attacks/*.txt`, one theme a file. A program is asked for f(1), f(2) and f(3), or run as a
script, and should have known secrets; so it is never right, and an attack that succeeds says so by a value or a text
that begins with `ESCAPED`. Not covered: what an attack on the kernel by an unknown defect would look like.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

ESCAPED = "ESCAPED"

_HEADER = re.compile(r"^(?:#|//): (.*)\n", re.MULTILINE)
_PLACEHOLDER = re.compile(r"@([A-Z_]+)@")


@dataclass(frozen=True)
class Hostile:
    """An attack. `expect` holds every verdict that shows it to have failed, `tries` what it wants, for reading."""

    name: str
    theme: str
    language: str  # python or javascript
    mode: str  # functions: it defines f; script: it prints
    expect: frozenset[str]
    tries: str
    source: str


def hostile_programs(canaries: Mapping[str, str]) -> tuple[Hostile, ...]:
    """All attacks, sorted by theme, each aimed at the canaries that stand outside the jail.

    Args:
        canaries: what the placeholders stand for. FILE: a secret file's path. ENV: the name of a secret variable.
            PORT, UDP_PORT: of listeners on 127.0.0.1. UNIX, ABSTRACT: the path and the name of listening unix sockets.
            OUT: a path where no file is, in a directory that everybody may write to. PID: a process.

    Raises:
        KeyError: for a placeholder without a canary.
    """
    directory = files(__package__).joinpath("attacks")
    sources = sorted((file.name, file.read_text("utf-8")) for file in directory.iterdir() if file.name.endswith(".txt"))
    return tuple(program for name, text in sources for program in _programs(name.removesuffix(".txt"), text, canaries))


def _programs(theme: str, text: str, canaries: Mapping[str, str]) -> list[Hostile]:
    """The programs of one file: a header line, the source, the next header line."""
    _, *parts = _HEADER.split(text)
    return [
        _program(theme, header, _PLACEHOLDER.sub(lambda match: canaries[match[1]], source))
        for header, source in zip(parts[::2], parts[1::2], strict=True)
    ]


def _program(theme: str, header: str, source: str) -> Hostile:
    name, mode, verdicts, tries = header.split(" | ", maxsplit=3)
    return Hostile(
        name=name,
        theme=theme,
        language="javascript" if theme == "javascript" else "python",
        mode=mode,
        expect=frozenset(verdicts.split(", ")),
        tries=tries,
        source=source,
    )
