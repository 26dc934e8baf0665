"""What every candidate has to offer: a function with its parameters, or a program that reads and prints."""

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from codegpt.errors import InputError


@dataclass(frozen=True)
class Parameter:
    """One parameter, with its type as it is written; "" where none is."""

    name: str
    annotation: str = ""
    default: str = ""


@dataclass(frozen=True)
class Interface:
    """A function.

    Attributes:
        parameters: those that a caller gives by position.
        owner: the class that it is a method of; "" for a function of the module.
        written: all its parameters as they are written, where `parameters` does not say it all: ``*``, ``**``.
        needs_names: whether one has to be given by its name.
        is_async: a call of it comes to a coroutine.
    """

    name: str
    parameters: tuple[Parameter, ...] = ()
    returns: str = ""
    owner: str = ""
    written: str = ""
    needs_names: bool = False
    is_async: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Of the parameters that a caller gives."""
        return tuple(parameter.name for parameter in self.parameters)

    def __str__(self) -> str:
        """As Python writes it."""
        listed = self.written or ", ".join(
            each.name
            + (f": {each.annotation}" if each.annotation else "")
            + (f" = {each.default}" if each.default and each.annotation else f"={each.default}" if each.default else "")
            for each in self.parameters
        )
        return f"{self.name}({listed})" + (f" -> {self.returns}" if self.returns else "")


def named_only(name: str) -> Interface:
    """A function of which nothing else is known."""
    return Interface(name, written="*args")


@dataclass(frozen=True)
class OpenFunction:
    """A function at the end of code, which has no body yet.

    Attributes:
        line: where it begins, its decorators among it, from 0.
    """

    interface: Interface
    docstring: str
    line: int


def interface_of(code: str) -> Interface | None:
    """The last function that Python code defines at its top level, or the last method of its last class.

    The code may end behind a signature or a docstring.
    """
    found = _last(code)
    return None if found is None else _interface(*found)


def docstring_of(code: str) -> str:
    """The docstring of the function that `interface_of` finds; "" for none."""
    found = _last(code)
    return "" if found is None else ast.get_docstring(found[0]) or ""


def open_function(code: str) -> OpenFunction | None:
    """The function that code ends in: behind its signature or its docstring.

    None where it ends in none, or in one that has a body or stands in another function.
    """
    tree = _parsed(code)
    found: list[tuple[Function, str]] = []

    def look(body: Sequence[ast.stmt], owner: str) -> None:
        """In order, so that the last one found is the last one there."""
        for node in body:
            if isinstance(node, Function):
                found.append((node, owner))
            elif isinstance(node, ast.ClassDef):
                look(node.body, node.name)
            elif isinstance(node, ast.If | ast.Try | ast.With):
                look([*node.body, *getattr(node, "orelse", []), *getattr(node, "finalbody", [])], owner)

    if tree is None:
        return None
    look(tree.body, "")
    last_line = code.rstrip().count("\n") + 1
    node, owner = max(found, key=lambda each: each[0].lineno, default=(None, ""))
    if node is None or (node.end_lineno or 0) < last_line:
        return None
    docstring = ast.get_docstring(node, clean=True)
    written = [each for each in node.body[docstring is not None :] if each.lineno <= last_line]
    if written:
        return None
    first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
    return OpenFunction(_interface(node, owner), docstring or "", first - 1)


def interface_of_signature(signature: str) -> Interface:
    """What a person wrote, such as ``mean(values: list[float]) -> float``.

    Raises:
        InputError: it is no signature.
    """
    text = re.sub(r"^\s*(?:def\s+)?", "", signature).strip().rstrip(":")
    found = interface_of(f"def {text}:\n    pass\n")
    if found is None:
        raise InputError(f"{signature!r} is no signature; write it as 'mean(values: list[float]) -> float'")
    return found


Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef


def _last(code: str) -> tuple[Function, str] | None:
    """With the name of the class that it is a method of."""
    tree = _parsed(code)
    body = [] if tree is None else tree.body
    last = next((node for node in reversed(body) if isinstance(node, Function | ast.ClassDef)), None)
    if isinstance(last, ast.ClassDef):
        methods = [node for node in last.body if isinstance(node, Function)]
        return (methods[-1], last.name) if methods else None
    return None if last is None else (last, "")


def _parsed(code: str) -> ast.Module | None:
    last = code.rstrip().rsplit("\n", 1)[-1]
    indentation = last[: len(last) - len(last.lstrip())] + ("    " if last.rstrip().endswith(":") else "")
    bodies = ("", f"\n{indentation}pass\n", f"\n    {indentation}pass\n")
    for ending in (*bodies, *(f"{body}\nfinally:\n    pass\n" for body in bodies)):
        try:
            return ast.parse(code.rstrip() + ending)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
    return None


def _interface(node: Function, owner: str) -> Interface:
    arguments = node.args
    listed = [*arguments.posonlyargs, *arguments.args]
    defaults = ["", *[""] * (len(listed) - len(arguments.defaults)), *map(ast.unparse, arguments.defaults)][1:]
    parameters = [
        Parameter(each.arg, ast.unparse(each.annotation) if each.annotation else "", default)
        for each, default in zip(listed, defaults, strict=True)
    ]
    static = any(isinstance(each, ast.Name) and each.id == "staticmethod" for each in node.decorator_list)
    more = arguments.posonlyargs or arguments.kwonlyargs or arguments.vararg or arguments.kwarg
    return Interface(
        node.name,
        tuple(parameters[1:] if owner and not static else parameters),
        ast.unparse(node.returns) if node.returns else "",
        owner,
        ast.unparse(arguments) if more else "",
        any(default is None for default in arguments.kw_defaults),
        isinstance(node, ast.AsyncFunctionDef),
    )
