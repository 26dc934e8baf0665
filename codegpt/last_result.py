"""The last result of `codegpt generate`, kept in the user's state directory so that it can be gone on from.

One file, written whole, that only the user may read: it holds what was asked and what was answered.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path

import cattrs
from cattrs.preconf.json import make_converter
from platformdirs import user_state_path

from codegpt.errors import InputError
from codegpt.generate import Candidates
from codegpt.languages import LANGUAGES
from codegpt.task import Asked

FORMAT = 1
_CONVERTER = make_converter()


@dataclass(frozen=True)
class Last:
    """What was asked, and what came of it."""

    asked: Asked
    result: Candidates
    model: str


def path() -> Path:
    """Where it is kept."""
    return user_state_path("codegpt") / "last-result.json"


def save(last: Last) -> None:
    """Keep it, in the place of what was kept before.

    Raises:
        OSError: it cannot be written.
    """
    file = path()
    file.parent.mkdir(parents=True, exist_ok=True)
    whole = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(whole, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
            json.dump({"format": FORMAT, **_CONVERTER.unstructure(last)}, out)
        whole.replace(file)
    finally:
        whole.unlink(missing_ok=True)


def load() -> Last:
    """What was kept.

    Raises:
        InputError: there is nothing, or nothing that this version can read.
    """
    try:
        row = json.loads(path().read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError("there is no last result; ask for something first: codegpt generate 'WORDS'") from None
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"the last result cannot be read, ask anew: {error}") from None
    if not isinstance(row, dict) or row.get("format") != FORMAT:
        raise InputError("the last result is of another version of codegpt; ask anew")
    try:
        last = _CONVERTER.structure(row, Last)
    except (cattrs.BaseValidationError, RecursionError):
        raise InputError("the last result is damaged; ask anew") from None
    numbers = {each.candidate.number for each in last.result.ranked}
    if last.asked.language not in LANGUAGES or not numbers <= last.result.seen.keys():
        raise InputError("the last result is damaged; ask anew")
    return last
