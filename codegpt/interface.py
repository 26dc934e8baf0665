"""What every candidate has to offer: a function with its parameters, or a program that reads and prints."""

import ast
import re
from dataclasses import dataclass

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
        owner: the class that it is a method of; "" for a function of the module.
    """

    name: str
    parameters: tuple[Parameter, ...] = ()
    returns: str = ""
    owner: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Of the parameters that a caller gives."""
        return tuple(parameter.name for parameter in self.parameters)

    def __str__(self) -> str:
        """As Python writes it."""
        listed = ", ".join(
            each.name
            + (f": {each.annotation}" if each.annotation else "")
            + (f" = {each.default}" if each.default and each.annotation else f"={each.default}" if each.default else "")
            for each in self.parameters
        )
        return f"{self.name}({listed})" + (f" -> {self.returns}" if self.returns else "")


def interface_of(code: str) -> Interface | None:
    """The last function that Python code defines at its top level, or the last method of its last class.

    The code may end behind a signature or a docstring.
    """
    tree = _parsed(code)
    if tree is None:
        return None
    last = next(
        (n for n in reversed(tree.body) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)), None
    )
    if isinstance(last, ast.ClassDef):
        methods = [node for node in last.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        return _interface(methods[-1], last.name) if methods else None
    return None if last is None else _interface(last, "")


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


def docstring_of(code: str) -> str:
    """The docstring of the function that `interface_of` finds; "" for none."""
    tree = _parsed(code)
    found = [] if tree is None else [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    return (ast.get_docstring(found[-1]) or "") if found else ""


def _parsed(code: str) -> ast.Module | None:
    last = code.rstrip().rsplit("\n", 1)[-1]
    indentation = last[: len(last) - len(last.lstrip())] + ("    " if last.rstrip().endswith(":") else "")
    for ending in ("", f"\n{indentation}pass\n", f"\n    {indentation}pass\n"):
        try:
            return ast.parse(code.rstrip() + ending)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
    return None


def _interface(node: ast.FunctionDef | ast.AsyncFunctionDef, owner: str) -> Interface:
    arguments = node.args
    listed = [*arguments.posonlyargs, *arguments.args]
    defaults = ["", *[""] * (len(listed) - len(arguments.defaults)), *map(ast.unparse, arguments.defaults)][1:]
    parameters = [
        Parameter(each.arg, ast.unparse(each.annotation) if each.annotation else "", default)
        for each, default in zip(listed, defaults, strict=True)
    ]
    static = any(isinstance(each, ast.Name) and each.id == "staticmethod" for each in node.decorator_list)
    return Interface(
        node.name,
        tuple(parameters[1:] if owner and not static else parameters),
        ast.unparse(node.returns) if node.returns else "",
        owner,
    )
