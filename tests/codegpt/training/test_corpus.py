import json
from pathlib import Path

import pytest

from codegpt.errors import InputError
from codegpt.training.corpus import Limits, SourceText, build, is_held_out, read, write
from codegpt.training.overlap import Benchmarks
from codegpt.training.packages import Package


def code(name: str) -> str:
    """A file of which no other one is a near-duplicate."""
    words = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lamda")
    lines = (f"    {name}_{word} = {name}_first.take_{name}_{word}({name}_second, {name})\n" for word in words)
    head = f'"""About {name}."""\n\n\ndef make_{name}({name}_first, {name}_second):\n'
    return head + "".join(lines) + f"    return {name}_beta\n"


def package(name: str, files: dict[str, str], licence: str | None = "MIT") -> Package:
    return Package(name, "1.0", licence, files)


NONE = Benchmarks([])


def test_what_is_kept_and_what_is_left_out_and_why() -> None:
    solved = code("solved")
    one = package("one", {"one/a.py": code("a"), "one/copy.py": code("a") + "# the same\n", "one/short.py": "x = 1\n"})
    two = package("two", {"two/bench.py": f"# {code('b')}" + solved, "two/b.py": code("b")})
    built = build([one, two, package("three", {}, None)], Benchmarks([solved]))
    assert [(each.package, each.path) for each in built.texts] == [("one", "one/copy.py"), ("two", "two/b.py")]
    assert built.left_out == {
        "a near-duplicate": 1,
        "licence not permissive, or not stated": 1,
        "shares 30 lexical tokens with a benchmark": 1,
        "too short or too long": 1,
    }
    [first, second] = built.origins
    assert (first.package, first.version, first.licence, first.files) == ("one", "1.0", "MIT", 1)
    assert second.bytes == len(code("b"))


def test_of_a_large_package_some_files_are_taken_and_always_the_same() -> None:
    files = {f"p/f{n}.py": code(f"n{n}") for n in range(10)}
    limits = Limits(bytes_of_package=3 * len(code("n0")) + 10)
    built = build([package("p", files)], NONE, limits)
    assert len(built.texts) == 3
    assert built.left_out == {"more of one package than is taken": 7}
    again = build([package("p", dict(reversed(files.items())))], NONE, limits)
    assert again == built


def test_a_share_of_the_tests_is_taken() -> None:
    files = {f"p/tests/test_{n}.py": code(f"n{n}") for n in range(40)}
    taken = len(build([package("p", files)], NONE).texts)
    assert 2 <= taken <= 20
    assert len(build([package("p", files)], NONE, Limits(tests=0)).texts) == 0
    assert len(build([package("p", files)], NONE, Limits(tests=1)).texts) == 40


def test_packages_are_held_out_whole() -> None:
    names = [f"package{number}" for number in range(200)]
    held = [name for name in names if is_held_out(name)]
    assert held == ["package41", "package47", "package54", "package108", "package169"]
    built = build([package(name, {f"{name}/a.py": code(name)}) for name in names[100:120]], NONE)
    assert [each.package for each in built.held_out] == ["package108"]
    assert len(built.training) == 19


def test_a_corpus_comes_back_as_it_was(tmp_path: Path) -> None:
    built = build([package("p", {"p/a.py": code("ä𝒳")})], NONE)
    write(built, tmp_path)
    assert read(tmp_path) == built
    assert built.texts == (SourceText("p", "p/a.py", code("ä𝒳")),)
    manifest = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    assert (manifest["files"], manifest["packages"][0]["licence"]) == (1, "MIT")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["documents.jsonl.xz", "manifest.json"]


def test_a_corpus_that_is_not_whole_is_none(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no corpus"):
        read(tmp_path)
    write(build([package("p", {"p/a.py": code("a")})], NONE), tmp_path)
    documents = tmp_path / "documents.jsonl.xz"
    documents.write_bytes(documents.read_bytes()[:-3])
    with pytest.raises(InputError, match="was changed"):
        read(tmp_path)
