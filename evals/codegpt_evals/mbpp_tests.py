"""Asserts as people write them, made into a check.

Most run as they are, in a jail of their own. Some hand objects to and fro that cannot cross between two jails (of the
program's own classes, or a match of a regular expression, of which they ask only whether it is there), or use a name
that only the program imports. These run beside the program: the sides of a comparison become functions, one appended to
the answer and one to the canonical program, and the values are compared outside. So the expected value is not in the
answer's process. Where an assert is no comparison of two such sides, all of it is asked of the answer, and has to come
out true.
"""

import ast
import builtins
from collections.abc import Sequence

from codegpt.sandbox.program import Call
from codegpt_evals.checks import CallsCheck, Check, TestsCheck

_SIDE = "codegpt_assert"


def check_of_asserts(code: str, asserts: Sequence[str], setup: str) -> tuple[Check, str]:
    """The check, and the name of the function that is tested.

    Args:
        code: a right program.
        asserts: each the text of one or more assert statements.
        setup: trusted code run before them.

    Raises:
        ValueError: the asserts call nothing that the program defines.
        SyntaxError: something does not parse.
    """
    program, before, tests = ast.parse(code), ast.parse(setup), ast.parse("\n".join(asserts))
    functions = [node.name for node in program.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    classes = {node.name for node in program.body if isinstance(node, ast.ClassDef)}
    called = {
        node.func.id for node in ast.walk(tests) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    names = tuple(name for name in dict.fromkeys(functions) if name in called)
    if not names:
        raise ValueError("test_list: the asserts call nothing that code defines")
    used = _names(tests) | _names(before)
    known = _defines(before) | set(names) | set(vars(builtins))
    asks_truth = any(isinstance(node, ast.Assert) and _called(node.test) in names for node in tests.body)
    if used & classes or used - known or asks_truth or _hands_over_classes(tests, names):
        return _beside(code, tests, setup, names), names[-1]
    return TestsCheck("python", "\n".join(asserts), names[-1], names, setup), names[-1]


def _called(node: ast.AST) -> str:
    """The plain name that a call calls; "" for anything else."""
    return node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""


def _names(tree: ast.AST) -> set[str]:
    """The names that code reads and does not bind by itself."""
    read = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    bound = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    arguments = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    return read - bound - arguments


def _defines(tree: ast.Module) -> set[str]:
    """The names that code binds at its top level."""
    bound = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            bound |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            bound.add(node.name)
    return bound


def _hands_over_classes(tests: ast.Module, names: Sequence[str]) -> bool:
    """Whether a call of the program is given a class, such as `int`, which is no plain data."""
    for node in ast.walk(tests):
        if isinstance(node, ast.Call) and _called(node) in names:
            given = [each for each in node.args if isinstance(each, ast.Name)]
            if any(isinstance(vars(builtins).get(each.id), type) for each in given):
                return True
    return False


def _beside(code: str, tests: ast.Module, setup: str, names: Sequence[str]) -> CallsCheck:
    """The sides of each comparison as functions: of the answer, and of the canonical program."""
    asked, expected = ["", setup], ["", setup]
    for number, statement in enumerate(tests.body):
        if not isinstance(statement, ast.Assert):
            raise ValueError("test_list: a test is not an assert")
        for functions, expression in zip((asked, expected), _sides(statement.test, names), strict=True):
            functions.append(f"def {_SIDE}_{number}():\n    return {ast.unparse(expression)}\n")
    calls = tuple(Call(f"{_SIDE}_{number}") for number in range(len(tests.body)))
    return CallsCheck("python", code, calls, calls, "\n\n".join(asked), "\n\n".join(expected))


def _sides(test: ast.expr, names: Sequence[str]) -> tuple[ast.expr, ast.expr]:
    """What is asked of the answer, the side of a comparison that calls it, and what of the canonical program."""
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq):
        sides = (test.left, test.comparators[0])
        calling = [any(_called(node) in names for node in ast.walk(side)) for side in sides]
        if calling == [True, False]:
            return sides
        if calling == [False, True]:
            return sides[1], sides[0]
    return ast.IfExp(test, ast.Constant(True), ast.Constant(False)), ast.Constant(True)  # not `bool`: a name
