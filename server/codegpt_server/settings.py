"""What an editor may set, in `initializationOptions` or on the command line."""

from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple

from codegpt.checkpoints import DEFAULT_MODEL


@dataclass(frozen=True)
class Settings:
    """The server's settings.

    Attributes:
        model: a catalogue name, a hub id, a directory, or a GGUF file.
        fim: ``FORMAT/LAYOUT`` for a model whose format codegpt cannot tell; "" for its own choice.
        timeout_s: a suggestion is what there is after this many seconds.
        wait_s: text around the cursor that the model has not read yet is cut down to what it reads in this time; the
            rest is read while nobody asks.
        context: whether suggestions are told of the other files of the workspace.
    """

    model: str = DEFAULT_MODEL
    fim: str = ""
    timeout_s: float = 30.0
    wait_s: float = 1.0
    context: bool = True


class ParsedSettings(NamedTuple):
    """Settings that are valid, and a line for each one that was not."""

    settings: Settings
    problems: list[str]


_KINDS: dict[type, str] = {str: "a text", float: "a positive number", bool: "true or false"}


def parse_settings(given: Any, defaults: Settings) -> ParsedSettings:
    """Read an editor's JSON object; what is unknown or of the wrong type is named and left at its default."""
    if given is None:
        return ParsedSettings(defaults, [])
    if not isinstance(given, dict):
        return ParsedSettings(defaults, ["the settings must be a JSON object"])
    known = {field.name for field in fields(Settings)}
    problems: list[str] = []
    valid: dict[str, Any] = {}
    for name, value in given.items():
        if name not in known:
            problems.append(f"unknown setting {name!r}; known: {', '.join(sorted(known))}")
            continue
        default = getattr(defaults, name)
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if type(default) is type(value) is not float or (isinstance(default, float) and number and value > 0):
            valid[name] = type(default)(value)
        else:
            problems.append(f"setting {name!r} must be {_KINDS[type(default)]}")
    return ParsedSettings(replace(defaults, **valid), problems)
