"""What a person may set: in `initializationOptions`, in the editor's configuration, on the command line."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple

from codegpt.checkpoints import DEFAULT_MODEL
from codegpt.confidence import DEFAULT_CONFIDENCE
from codegpt.languages import LANGUAGES
from codegpt.planning import CompletionOptions
from codegpt.postprocess import MAX_BLOCK_LINES

SECTION = "codegpt"
"""The name of our settings among those of others in an editor's configuration."""


@dataclass(frozen=True)
class Settings:
    """The server's settings.

    Attributes:
        model: a catalogue name, a hub id, a directory, or a GGUF file.
        fim: ``FORMAT/LAYOUT`` for a model whose format codegpt cannot tell; "" for its own choice.
        enabled: whether anything is suggested.
        disabled_languages: ids of languages in which nothing is.
        context: whether suggestions are told of the other files of the workspace.
        ahead: whether text is read, and the next suggestion made, while nobody asks.
        confidence: what the model is less sure of is not shown unless somebody asks in so many words; from 0 to 1.
        candidates: so many different suggestions at most for somebody who does.
        max_lines: a suggestion has so many at most.
        timeout_s: a suggestion is what there is after this many seconds.
        wait_s: text around the cursor that the model has not read yet is cut down to what it reads in this time; the
            rest is read while nobody asks.
        trusted: whether programs made of this workspace may be run, in the jail. Only `initializationOptions` say so:
            what can be set while the server runs may come out of the workspace itself.
    """

    model: str = DEFAULT_MODEL
    fim: str = ""
    enabled: bool = True
    disabled_languages: tuple[str, ...] = ()
    context: bool = True
    ahead: bool = True
    confidence: float = DEFAULT_CONFIDENCE
    candidates: int = 3
    max_lines: int = MAX_BLOCK_LINES
    timeout_s: float = 30.0
    wait_s: float = 1.0
    trusted: bool = False

    def options(self, invoked: bool) -> CompletionOptions:
        """What a suggestion is asked with.

        Args:
            invoked: somebody asks in so many words, and is shown several.
        """
        return CompletionOptions(
            n=self.candidates if invoked else 1,
            max_lines=self.max_lines,
            timeout_s=self.timeout_s,
            wait_s=self.wait_s,
            invoked=invoked,
        )


class ParsedSettings(NamedTuple):
    """Settings that are valid, and a line for each one that was not."""

    settings: Settings
    problems: list[str]


class _Range(NamedTuple):
    least: float
    most: float
    words: str


_RANGES = {
    "confidence": _Range(0, 1, "a number from 0 to 1"),
    "candidates": _Range(1, 8, "a whole number from 1 to 8"),
    "max_lines": _Range(1, 200, "a whole number from 1 to 200"),
    "timeout_s": _Range(0.05, 3600, "a number of seconds from 0.05 to 3600"),
    "wait_s": _Range(0.05, 3600, "a number of seconds from 0.05 to 3600"),
}

_AT_THE_START = ("trusted",)


def parse_settings(given: Any, defaults: Settings, *, live: bool = False) -> ParsedSettings:
    """Read an editor's JSON object; what is unknown or invalid is named, and the default stands for it.

    Args:
        live: they come while the server runs.
    """
    if given is None:
        return ParsedSettings(defaults, [])
    if not isinstance(given, Mapping):
        return ParsedSettings(defaults, ["the settings must be a JSON object"])
    known = [field.name for field in fields(Settings)]
    problems: list[str] = []
    valid: dict[str, Any] = {}
    for name, value in given.items():
        if name not in known:
            problems.append(f"unknown setting {str(name)[:50]!r}; known: {', '.join(sorted(known))}")
        elif live and name in _AT_THE_START:
            if value != getattr(defaults, name):
                problems.append(f"setting {name!r} counts at the start alone, in initializationOptions")
        else:
            read = _read(name, value, getattr(defaults, name))
            if isinstance(read, _Problem):
                problems.append(f"setting {name!r} must be {read.wanted}")
            else:
                valid[name] = read
    return ParsedSettings(replace(defaults, **valid), problems)


class _Problem(NamedTuple):
    wanted: str


def _read(name: str, value: Any, default: Any) -> Any:
    """A value as its setting has it, or what it has to be."""
    if isinstance(default, bool):
        return value if isinstance(value, bool) else _Problem("true or false")
    if isinstance(default, str):
        return value if isinstance(value, str) else _Problem("a text")
    if isinstance(default, tuple):
        fits = isinstance(value, list | tuple) and all(isinstance(each, str) for each in value)
        return tuple(value) if fits else _Problem(f"a list of languages, such as {', '.join(sorted(LANGUAGES)[:3])}")
    wanted = _RANGES[name]
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not wanted.least <= value <= wanted.most or (isinstance(default, int) and value != int(value)):
        return _Problem(wanted.words)
    return type(default)(value)


def section_of(settings: Any) -> Mapping[str, Any] | None:
    """Our part of what `workspace/didChangeConfiguration` says; None where it says nothing of us.

    Editors send all of their settings, those of `SECTION` alone, or ours without that name.
    """
    if not isinstance(settings, Mapping):
        return None
    if SECTION in settings:
        ours = settings[SECTION]
        return ours if isinstance(ours, Mapping) else None
    known = {field.name for field in fields(Settings)}
    return settings if settings and known.intersection(settings) else None
