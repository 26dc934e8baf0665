"""What a run is asked to do, as JSON that a person writes: only what is other than by default."""

import json
from pathlib import Path

from cattrs import ClassValidationError, Converter, transform_error

from codegpt.errors import InputError
from codegpt.training.pretrain import Pretraining


def read_options(path: Path) -> Pretraining:
    """The options of a JSON file.

    Raises:
        InputError: it is no JSON, or holds what is no option.
    """
    converter = Converter(forbid_extra_keys=True)
    try:
        return converter.structure(json.loads(path.read_text(encoding="utf-8")), Pretraining)
    except ClassValidationError as error:
        raise InputError(f"{path}: {transform_error(error)[0]}") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise InputError(f"{path} is no JSON object of options: {error}") from error
