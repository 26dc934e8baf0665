"""What was seen of a run, from outside the jail. Facts only: the verdict is `verdict.judge`'s."""

from dataclasses import dataclass
from enum import StrEnum

from codegpt.sandbox.codec import Value


class End(StrEnum):
    """How a run ended."""

    COMPLETE = "complete"  # every call answered, the script over, the tests reported
    NOT_LOADED = "not loaded"  # the program raised while it was loaded
    EXITED = "exited"  # the process was gone before it had answered
    CPU_TIME = "cpu time"
    WALL_TIME = "wall time"
    OUTPUT = "output"
    VIOLATION = "violation"
    INFRASTRUCTURE = "infrastructure"


@dataclass(frozen=True)
class Raised:
    """An exception, by the name of its class; the message is the program's own and for reading only."""

    name: str
    bases: tuple[str, ...] = ()  # the names of its ancestors, nearest first
    message: str = ""


CALL_TIMEOUT = "CallTimeout"
"""As if it had raised this: a call that took longer than `Limits.call_cpu_s`."""


@dataclass(frozen=True)
class Unencodable:
    """The call returned a value that is not plain data."""

    type_name: str


@dataclass(frozen=True)
class Returned:
    """The call's value, and its positional arguments as they were afterwards; None if it changed none of them."""

    value: Value
    args: tuple[Value, ...] | None = None


@dataclass(frozen=True)
class Reply:
    """The answer to one call, and the wall time until it came."""

    result: Returned | Raised | Unencodable
    seconds: float


@dataclass(frozen=True)
class TestReport:
    """What the checker jail said of its tests."""

    outcome: str  # passed, failed, raised, candidate raised, unavailable
    name: str = ""
    message: str = ""
    calls: int = 0
    assertions: int = 0
    __test__ = False  # pytest: not a test class


@dataclass(frozen=True)
class Outcome:
    """One run. `raised` is what ended the loading or the script.

    `exit_code` is that of a program which ended by itself or by a limit inside, 128 + the signal if one killed it; None
    if it was still there when it was done with.
    """

    end: End
    detail: str = ""
    replies: tuple[Reply, ...] = ()
    raised: Raised | None = None
    report: TestReport | None = None
    exit_code: int | None = None
    stdout: bytes = b""
    stderr: bytes = b""
    wall_s: float = 0.0
