"""What one honest program is: its source, the calls made to it, what the right answers are, and the right verdict.

A family writes such programs from drawn parameters. The right answers are stated by the family, from a closed form,
another algorithm or the standard library; the source is never run to find them.
"""

import random
import re
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

Language = Literal["python", "javascript"]
Case = tuple[tuple[object, ...], object]
"""The positional arguments of a call, and the right answer to it."""

_MARK = re.compile(r"@(\w+)@")


@dataclass(frozen=True)
class Honest:
    """One honest program.

    Attributes:
        name: Family and number, ``gcd_and_lcm-004``.
        language: What the source is written in.
        source: The whole program.
        entry: The function that the calls go to.
        calls: The positional arguments of each call, made in this order to one process.
        expected: The right answer to each call; what a right program would return, whatever this one does.
        verdict: The right verdict on this program, in the words of ``codegpt.sandbox``.
    """

    name: str
    language: Language
    source: str
    entry: str
    calls: tuple[tuple[object, ...], ...]
    expected: tuple[object, ...]
    verdict: str


@dataclass(frozen=True)
class Family:
    """A way to write programs of one kind.

    Attributes:
        per_thousand: How many of a thousand drawn programs are of this family.
        write: Draws the parameters and writes one program; its name is still empty.
    """

    per_thousand: int
    write: Callable[[random.Random], Honest]


def python(template: str, entry: str, cases: Sequence[Case], verdict: str = "passed", **marks: object) -> Honest:
    """A Python program without a name.

    Args:
        template: The source, indented at will; ``@mark@`` stands for a drawn parameter and ``@entry@`` for the entry.
        entry: The function that is called.
        cases: The calls and their right answers.
        verdict: The right verdict.
        marks: What is written in place of each mark.

    Raises:
        KeyError: The template has a mark that is not given.
    """
    return _program("python", template, entry, cases, verdict, marks)


def javascript(template: str, entry: str, cases: Sequence[Case], verdict: str = "passed", **marks: object) -> Honest:
    """A JavaScript program without a name; the arguments are those of ``python``."""
    return _program("javascript", template, entry, cases, verdict, marks)


def _program(
    language: Language, template: str, entry: str, cases: Sequence[Case], verdict: str, marks: dict[str, object]
) -> Honest:
    values = {"entry": entry, **marks}
    plain = textwrap.dedent(template).removeprefix("\n")
    return Honest(
        name="",
        language=language,
        source=_MARK.sub(lambda found: str(values[found[1]]), plain),
        entry=entry,
        calls=tuple(arguments for arguments, _ in cases),
        expected=tuple(answer for _, answer in cases),
        verdict=verdict,
    )
