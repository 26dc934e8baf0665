"""What is run: a program, what is asked of it, and how much it may use."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from codegpt.errors import InputError, SandboxUnavailable
from codegpt.sandbox.codec import Value

MIB = 1 << 20
LONGEST_SOURCE = 4 * MIB


@dataclass(frozen=True)
class Limits:
    """What one program may use. CPU time is of the whole program, since it cannot start another process.

    Attributes:
        wall_s: without the time in which the program was ready and no core was free; see `clock`.
        call_cpu_s: of one call, in Python; 0 for none of its own. It is kept inside, by an exception, so that the calls
            behind one that does not end are answered; the other limits do not depend on it.
    """

    cpu_s: int = 2
    wall_s: float = 6.0
    memory_bytes: int = 512 * MIB
    scratch_bytes: int = 16 * MIB  # of /tmp, a fresh tmpfs
    file_bytes: int = 8 * MIB
    open_files: int = 64
    processes: int = 16  # threads count
    output_bytes: int = 64 << 10  # standard output and standard error together
    reply_bytes: int = MIB
    call_cpu_s: float = 0.0


LANGUAGE_LIMITS: dict[str, Limits] = {
    "python": Limits(),
    # node reserves address space by the gigabyte, so its memory is the data segment; it starts a dozen threads
    "javascript": Limits(cpu_s=3, wall_s=9.0, processes=32),
}


@dataclass(frozen=True)
class Program:
    """The text that a model wrote.

    Attributes:
        module: in a trusted workspace, the dotted name of the module of Python that it takes the place of, and whose
            package it imports from; "" for a program that stands alone.
    """

    source: str
    language: str = "python"
    module: str = ""

    def __post_init__(self) -> None:
        """Refuse what no jail can run.

        Raises:
            SandboxUnavailable: if the language has no runner.
            InputError: if the source is too long, or `module` is no name.
        """
        if self.language not in LANGUAGE_LIMITS:
            raise SandboxUnavailable(
                f"no runner for {self.language}; programs in {' and '.join(LANGUAGE_LIMITS)} can be run"
            )
        if self.module and not all(part.isidentifier() for part in self.module.split(".")):
            raise InputError(f"{self.module!r} is no name of a module")
        if len(self.source) > LONGEST_SOURCE:
            raise InputError(f"a program of {len(self.source)} characters; at most {LONGEST_SOURCE} are run")


@dataclass(frozen=True)
class Call:
    """One call of a function that the program defines."""

    function: str
    args: tuple[Value, ...] = ()
    kwargs: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class Calls:
    """Ask the program for the values of these calls, in this order, in one process."""

    calls: tuple[Call, ...]


@dataclass(frozen=True)
class Stdin:
    """Run the program as a script over these bytes of standard input."""

    data: bytes = b""


@dataclass(frozen=True)
class Tests:
    """Run tests in a second jail, where `names` stand for the program's functions.

    With style "check", `source` defines `check(candidate)` (Python) or makes counted assertions (JavaScript); `setup`
    is trusted code run before it. With style "pytest", `source` is a file of tests that imports the program as
    `module`.
    """

    source: str
    entry: str
    names: tuple[str, ...] = ()
    setup: str = ""
    style: str = "check"
    module: str = "candidate"
    __test__ = False  # pytest: not a test class


Task: TypeAlias = Calls | Stdin | Tests


@dataclass(frozen=True)
class Job:
    """A program and what is asked of it."""

    program: Program
    task: Task
    limits: Limits | None = None  # those of the language

    @property
    def limits_in_force(self) -> Limits:
        """The job's own limits, else the language's."""
        return self.limits or LANGUAGE_LIMITS[self.program.language]
