"""Asserts that the model itself proposes for a function: inputs, and weak votes on what is right there; pure.

Most are wrong about something, so none is an example. But a program and an assert that were written apart and agree
speak for each other (Chen et al., CodeT, arXiv 2207.10397).
"""

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from codegpt.chat import ChatTemplate
from codegpt.example import Example, of_assert
from codegpt.interface import Interface
from codegpt.prompt import Prompt
from codegpt.request import Request, render_begun

OF_ONE_ANSWER = 5
"""Asserts that are taken of an answer; CodeT's number. Later ones are ever more alike."""


@dataclass(frozen=True)
class Proposal:
    """One assert, and how often it was proposed."""

    example: Example
    times: int = 1


def render_proposals(
    request: Request, interface: Interface, chat: ChatTemplate | None, markup: frozenset[str]
) -> Prompt:
    """Ask for asserts about the function that `request` asks for; `proposals_in` reads the answers."""
    if chat is None:
        body = "    " * (2 if interface.owner else 1) + "pass\n\n\n"
        return Prompt((f"{request.begins}{body}# Tests of {interface.name}\nassert {interface.name}(",))
    words = "Do not write the function. Write ten assert statements that test it, one a line, with different arguments."
    return render_begun(request, words, chat, markup, f"assert {interface.name}(")


def proposals_in(answers: Iterable[str], interface: Interface, begun: str = "") -> tuple[Proposal, ...]:
    """The asserts of some answers, those that were proposed most often first.

    Args:
        begun: what every answer goes on from.
    """
    counted: Counter[str] = Counter()
    for answer in answers:
        counted.update(asserts_in(begun + answer, interface.name)[:OF_ONE_ANSWER])
    found = []
    for test, times in counted.most_common():
        example = of_assert(ast.parse(test, mode="eval").body, interface.name, closed=False)
        found += [] if example is None else [Proposal(example, times)]
    return tuple(found)


def asserts_in(text: str, function: str) -> list[str]:
    """What the asserts of a text state of the function, in order, each as Python writes it.

    They stand at the left margin. What does not parse is left out.
    """
    found = []
    for statement in _statements(text):
        try:
            [node] = ast.parse(statement).body
            if isinstance(node, ast.Assert) and any(
                isinstance(each, ast.Name) and each.id == function for each in ast.walk(node.test)
            ):
                test = ast.unparse(node.test)
                compile(f"def f():\n    return bool({test})\n", "", "exec")  # `await` parses, but not there
                found.append(test)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
    return found


def over_in(text: str) -> bool:
    """Whether an answer has all the asserts that are taken of it, or has gone on to something else."""
    lines = text.split("\n")[:-1]  # the last one is still being written
    others = any(line.strip() and not _ASSERT.match(line) and not _GOES_ON.match(line) for line in lines)
    return others or sum(map(bool, map(_ASSERT.match, text.split("\n")))) > OF_ONE_ANSWER


_ASSERT = re.compile(r"assert\b")
_GOES_ON = re.compile(r"[\s)\]}]|$")


def _statements(text: str) -> Iterator[str]:
    lines: list[str] = []
    for line in text.split("\n"):
        if _ASSERT.match(line):
            if lines:
                yield "\n".join(lines)
            lines = [line]
        elif lines and _GOES_ON.match(line):
            lines.append(line)
        elif lines:
            yield "\n".join(lines)
            lines = []
    if lines:
        yield "\n".join(lines)
