"""What importing costs, and which way imports point."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("module", ["codegpt", "codegpt.cli", "codegpt.complete", "codegpt_server.__main__"])
def test_importing_is_light(module: str) -> None:
    heavy = ("torch", "transformers", "pygls", "huggingface_hub")
    code = f"import sys, {module}; print([m for m in {heavy} if m in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout == "[]\n"


def tracked_files(*folders: str) -> list[str]:
    listed = subprocess.run(["git", "ls-files", *folders], cwd=ROOT, capture_output=True, text=True, check=True)
    return listed.stdout.splitlines()


def test_the_repository_stays_small() -> None:
    sizes = {name: (ROOT / name).stat().st_size for name in tracked_files() if (ROOT / name).is_file()}
    assert len(sizes) > 500
    assert sum(sizes.values()) <= 32 * 2**20
    assert sum(size for name, size in sizes.items() if name.startswith("codegpt/models/")) <= 28e6


def test_the_readme_draws_the_tree_that_is_there() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    tracked = tracked_files("codegpt", "server", "evals")
    modules = [Path(name) for name in tracked if name.endswith(".py") and not name.endswith("__init__.py")]
    assert modules
    assert [str(module) for module in modules if f" {module.name} " not in readme] == []


def test_a_file_imports_only_from_above_it_in_the_readme() -> None:
    order: list[str] = []
    folders: list[str] = []
    tree = (
        (ROOT / "README.md")
        .read_text(encoding="utf-8")
        .partition("```\ncodegpt/ ")[2]
        .partition("server/codegpt_server/")[0]
    )
    for line in tree.split("\n")[1:]:
        depth, name = (len(line) - len(line.lstrip())) // 2, line.split(maxsplit=1)[0] if line.strip() else ""
        del folders[depth - 1 :]
        if name.endswith("/"):
            folders.append(name.rstrip("/"))
            order.append(".".join(["codegpt", *folders]))
        elif name.endswith(".py"):
            order.append(".".join(["codegpt", *folders, name.removesuffix(".py")]))
    assert len(order) > 40
    upward = []
    for position, module in enumerate(order):
        path = ROOT / (module.replace(".", "/") + ".py")
        if not path.exists():  # a package: its own file gathers what lies in it
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("codegpt."):
                assert node.module in order, f"{module} imports {node.module}, which the README does not list"
                if order.index(node.module) >= position:
                    upward.append(f"{module} imports {node.module}")
    assert upward == []


def test_files_and_functions_stay_small() -> None:
    long = []
    for folder in ("codegpt", "server", "evals"):
        for path in (ROOT / folder).rglob("*.py"):
            source = path.read_text(encoding="utf-8")
            if source.count("\n") > 400:
                long.append(str(path))
            for node in ast.walk(ast.parse(source)):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    length = (node.end_lineno or 0) - node.lineno + 1
                    if length > 60 and node.name != "create_server":
                        long.append(f"{path}:{node.name}")
    assert long == []
