"""What a run is asked to do, as JSON that a person writes: only what is other than by default."""

import json
from pathlib import Path
from typing import Any

from cattrs import ClassValidationError, Converter, ForbiddenExtraKeysError, transform_error
from cattrs.v import format_exception

from codegpt.errors import InputError
from codegpt.training.pretrain import Pretraining


def read_options(path: Path) -> Pretraining:
    """The options of a JSON file.

    Raises:
        InputError: it is no JSON, or holds what is no option.
    """
    converter = Converter(forbid_extra_keys=True)
    for kind in (bool, int, float, str):
        converter.register_structure_hook(kind, _exactly)
    try:
        return converter.structure(json.loads(path.read_text(encoding="utf-8")), Pretraining)
    except ClassValidationError as error:
        raise InputError(f"{path}: {transform_error(error, format_exception=_said)[0]}") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise InputError(f"{path} is no JSON object of options: {error}") from error


def _said(error: BaseException, kind: type | None) -> str:
    """What is wrong: in cattrs' words for what is no option, in ours for all else."""
    return format_exception(error, kind) if isinstance(error, ForbiddenExtraKeysError) else str(error)


def _exactly(value: Any, kind: type) -> Any:
    """A value of that kind; a whole number will do for a fraction."""
    if type(value) is kind:
        return value
    if kind is float and type(value) is int:
        return float(value)
    raise TypeError(f"{value!r} is no {kind.__name__}")
