"""What comes with the extra `train` may be lacking."""

from collections.abc import Iterator
from contextlib import contextmanager

from codegpt.errors import InputError


@contextmanager
def with_the_extra() -> Iterator[None]:
    """For what is imported within.

    Raises:
        InputError: it is not installed, or of a version that is too old.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise InputError(f"{error.name} is not installed; pip install 'codegpt-lsp[train]'") from error
    except ImportError as error:
        raise InputError(f"{error}; pip install --upgrade 'codegpt-lsp[train]'") from error
