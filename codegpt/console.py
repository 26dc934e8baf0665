"""How every console script ends: one clear line on standard error and exit code 2, never a traceback."""

import sys
import time
from collections.abc import Sequence

import click

from codegpt.errors import CodeGPTError

LOADED = time.monotonic()
"""When this was imported, which is among the first things that a console script does."""

WRONG_USAGE = 2
INTERRUPTED = 130


def run(command: click.Command, name: str, arguments: Sequence[str] | None = None) -> int:
    """Run a click command as `name`; returns the exit code.

    Wrong usage and `CodeGPTError` are one line and 2; a bare group of commands shows its help and is 2; Ctrl-C is 130.
    """
    try:
        result = command.main(list(arguments) if arguments is not None else None, prog_name=name, standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return WRONG_USAGE
    except click.ClickException as error:
        return _fail(name, error.format_message())
    except CodeGPTError as error:
        return _fail(name, str(error))
    except OSError as error:  # a file or folder that the person named, which cannot be read or written
        return _fail(name, f"{error.filename}: {error.strerror}" if error.filename else str(error))
    except (click.Abort, KeyboardInterrupt):
        click.echo(f"{name}: interrupted", err=True)
        return INTERRUPTED
    return result if isinstance(result, int) else 0


def _fail(name: str, message: str) -> int:
    one_line = "".join(c if c.isprintable() else "\ufffd" for c in " ".join(message.split()))  # no terminal escapes
    click.echo(f"{name}: {one_line}", err=True)
    return WRONG_USAGE


def run_and_exit(command: click.Command, name: str) -> None:
    """`run`, then leave the process."""
    _begun.append(LOADED)
    try:
        sys.exit(run(command, name))
    finally:
        _begun.pop()


_begun: list[float] = []


def begun() -> float:
    """When the command of this process began, by the monotonic clock; now, where another program runs commands."""
    return _begun[-1] if _begun else time.monotonic()
