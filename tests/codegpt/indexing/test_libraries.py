"""Files outside a project that its imports name."""

import os
from pathlib import Path

import pytest

from codegpt.context.imports import EVERYTHING, Import
from codegpt.indexing.libraries import Roots, is_library, outside, roots_of

SITE = ".venv/lib/python3.11/site-packages"


def lay(root: Path, texts: dict[str, str]) -> Path:
    for path, text in texts.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return root


def declared(work: Path, module: str) -> list[str]:
    """Where the types of a module are, from the folder of node's packages."""
    found = outside(Import(module, "x", "x"), "typescript", roots_of(work), os.path.isfile)
    return [path.removeprefix(f"{work}/node_modules/") for path in found]


@pytest.fixture(autouse=True)
def nothing_is_active(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)


def test_the_own_environment_then_the_active_one_then_the_standard_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    active = lay(tmp_path / "active", {"pyvenv.cfg": "", "lib/python3.12/site-packages/a.py": ""})
    bare, own = tmp_path / "bare", lay(tmp_path / "own", {".venv/pyvenv.cfg": "", f"{SITE}/a.py": ""})
    [standard] = roots_of(bare).python
    assert (Path(standard) / "json" / "__init__.py").is_file()
    monkeypatch.setenv("VIRTUAL_ENV", str(active))
    assert roots_of(bare).python == (str(active / "lib/python3.12/site-packages"), standard)
    assert roots_of(own).python == (str(own / SITE), standard)


def test_an_environment_that_is_elsewhere_is_none_of_the_workspace(tmp_path: Path) -> None:
    elsewhere = lay(tmp_path / "elsewhere", {"pyvenv.cfg": "", "lib/python3.11/site-packages/a.py": ""})
    linked, within = tmp_path / "linked", lay(tmp_path / "within", {"env/pyvenv.cfg": ""})
    linked.mkdir()
    (linked / ".venv").symlink_to(elsewhere)
    (linked / "node_modules").symlink_to(elsewhere)
    (within / "env/lib").symlink_to(elsewhere / "lib")
    for work in (linked, within):
        assert len(roots_of(work).python) == 1 and roots_of(work).node == ""


def test_a_library_lies_beneath_a_root_whatever_its_path_says(tmp_path: Path) -> None:
    work = lay(tmp_path / "work", {".venv/pyvenv.cfg": "", f"{SITE}/a.py": "", f"{SITE}/.ssh/b.py": "", "c.py": ""})
    (work / SITE / "link.py").symlink_to(work / "c.py")
    (work / SITE / "kept.py").symlink_to(work / SITE / "a.py")
    roots = roots_of(work)
    names = ("a.py", "kept.py", ".ssh/b.py", "link.py", "../../../../c.py", "none.py")
    assert [is_library(f"{work}/{SITE}/{name}", roots) for name in names] == [True, True, False, False, False, True]
    assert not is_library(str(work / "c.py"), roots) and not is_library("/etc/passwd", Roots())


def test_a_name_is_a_module_of_its_package_or_in_it(tmp_path: Path) -> None:
    names = ("p/__init__.py", "p/q.py", "p/stub.pyi", "one.py")
    work = lay(tmp_path / "work", {".venv/pyvenv.cfg": "", **{f"{SITE}/{name}": "" for name in names}})
    roots, cases = (
        roots_of(work),
        [("p", "q"), ("p", "f"), ("p", EVERYTHING), ("p.stub", "T"), ("one", ""), ("no", "x")],
    )
    found = [outside(Import(module, name, name), "python", roots, os.path.isfile) for module, name in cases]
    expected = ["p/q.py", "p/__init__.py", "p/__init__.py", "p/stub.pyi", "one.py", None]
    assert found == [[f"{work}/{SITE}/{each}"] if each else [] for each in expected]
    assert outside(Import(".p", "q", "q"), "python", roots, os.path.isfile) == []
    assert outside(Import("p", "q", "q"), "rust", roots, os.path.isfile) == []


def test_declarations_of_node(tmp_path: Path) -> None:
    work = lay(
        tmp_path / "work",
        {
            "node_modules/a/package.json": '{"types": "lib/a.d.ts"}',
            "node_modules/a/lib/a.d.ts": "",
            "node_modules/a/more.d.ts": "",
            "node_modules/b/package.json": '{"exports": {".": {"types": "./b.d.ts"}}}',
            "node_modules/b/b.d.ts": "",
            "node_modules/c/index.d.ts": "",
            "node_modules/@types/d/index.d.ts": "",
            "node_modules/@e/f/package.json": '{"typings": "f.d.ts"}',
            "node_modules/@e/f/f.d.ts": "",
            "node_modules/@types/g__h/index.d.ts": "",
        },
    )
    expected = {
        "a": "a/lib/a.d.ts",
        "a/more": "a/more.d.ts",
        "b": "b/b.d.ts",
        "c": "c/index.d.ts",
        "d": "@types/d/index.d.ts",
        "@e/f": "@e/f/f.d.ts",
        "@g/h": "@types/g__h/index.d.ts",
    }
    assert {module: declared(work, module) for module in expected} == {each: [path] for each, path in expected.items()}
    assert [declared(work, module) for module in ("./a", "/a", "none")] == [[], [], []]


@pytest.mark.parametrize(
    "manifest",
    [
        *("", "[]", "null", "{", '"x"', '{"types": 7}', '{"types": {}}', '{"exports": []}', '{"exports": {".": "x"}}'),
        *('{"types": "../../../outside.d.ts"}', '{"types": "/etc/passwd"}', '{"types": "a\\u0000b"}', "[" * 100_000),
    ],
)
def test_a_manifest_that_says_nothing_good(tmp_path: Path, manifest: str) -> None:
    lay(tmp_path, {"outside.d.ts": "", "work/node_modules/a/package.json": manifest})
    assert declared(tmp_path / "work", "a") == []


def test_a_manifest_that_comes_later(tmp_path: Path) -> None:
    lay(tmp_path, {"work/node_modules/a/index.d.ts": "", "work/node_modules/a/lib/t.d.ts": ""})
    assert declared(tmp_path / "work", "a") == ["a/index.d.ts"]
    lay(tmp_path, {"work/node_modules/a/package.json": '{"types": "lib/t.d.ts"}'})
    assert declared(tmp_path / "work", "a") == ["a/lib/t.d.ts"]


def test_a_manifest_that_is_no_file(tmp_path: Path) -> None:
    lay(tmp_path, {"work/node_modules/a/index.d.ts": "", "elsewhere.json": '{"types": "other.d.ts"}'})
    lay(tmp_path, {"work/node_modules/b/index.d.ts": "", "work/node_modules/b/other.d.ts": ""})
    os.mkfifo(tmp_path / "work/node_modules/a/package.json")
    (tmp_path / "work/node_modules/b/package.json").symlink_to(tmp_path / "elsewhere.json")
    assert declared(tmp_path / "work", "a") == ["a/index.d.ts"]
    assert declared(tmp_path / "work", "b") == ["b/index.d.ts"]
