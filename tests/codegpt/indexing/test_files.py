"""Which files of a workspace are read."""

import os
import socket
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codegpt.context.project import LARGEST
from codegpt.indexing import files
from codegpt.indexing.files import DEEPEST, Skipped, is_ignored, read_source, walk


def lay(root: Path, texts: dict[str, str]) -> None:
    for path, text in texts.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")


def paths(root: Path) -> list[str]:
    return [path for path, _ in walk(root)]


def test_source_files_in_order(tmp_path: Path) -> None:
    lay(tmp_path, {"b.py": "", "a/z.go": "", "a/b/c.rs": "", "notes.txt": "", "Makefile": "", ".hidden/x.py": ""})
    assert paths(tmp_path) == [".hidden/x.py", "a/b/c.rs", "a/z.go", "b.py"]


def test_what_git_ignores(tmp_path: Path) -> None:
    lay(
        tmp_path,
        {
            ".gitignore": "build/\n*.gen.py\n!kept.gen.py\n/top.py\n",
            "build/a.py": "",
            "x/build/a.py": "",
            "a.gen.py": "",
            "kept.gen.py": "",
            "top.py": "",
            "x/top.py": "",
            "x/.gitignore": "own.py\n!a.gen.py\n",
            "x/own.py": "",
            "x/a.gen.py": "",
            "own.py": "",
            ".git/info/exclude": "private.py\n",
            "private.py": "",
            ".codegptignore": "vendor/\n!top.py\n",
            "vendor/v.py": "",
        },
    )
    assert paths(tmp_path) == ["kept.gen.py", "own.py", "top.py", "x/a.gen.py", "x/top.py"]


def test_our_own_ignore_file_counts_over_those_of_git(tmp_path: Path) -> None:
    lay(
        tmp_path,
        {
            ".codegptignore": "private.py\n!made.py\n",
            "x/.gitignore": "!private.py\nmade.py\n",
            "x/private.py": "",
            "x/made.py": "",
        },
    )
    assert paths(tmp_path) == ["x/made.py"]


def test_rules_above_the_workspace_count_up_to_its_repository(tmp_path: Path) -> None:
    lay(
        tmp_path,
        {
            ".gitignore": "all.py\n",
            "repository/.git/info/exclude": "/work/excluded.py\n",
            "repository/.gitignore": "generated/\n/work/top.py\n",
            "repository/.codegptignore": "own.py\n",
            **{f"repository/work/{name}.py": "" for name in ("all", "excluded", "generated/a", "top", "own", "x/top")},
        },
    )
    assert paths(tmp_path / "repository/work") == ["all.py", "x/top.py"]


def test_odd_lines_of_an_ignore_file_say_nothing(tmp_path: Path) -> None:
    lay(tmp_path, {"a.py": "", "b.py": "", "c.py": "", "d.py": ""})
    (tmp_path / ".gitignore").write_bytes(
        b"\xef\xbb\xbfa.py\r\n***x/**y\n!\n\\\n[\n\xff\xfe\n/\n//\n# c.py\nd.py\0\nb.py"
    )
    assert paths(tmp_path) == ["c.py", "d.py"]
    (tmp_path / ".gitignore").unlink()
    os.mkfifo(tmp_path / ".gitignore")
    (tmp_path / ".codegptignore").mkdir()
    assert paths(tmp_path) == ["a.py", "b.py", "c.py", "d.py"]


LINES = [
    *("a", "b.py", "/a", "a/", "*.py", "!b.py", "!a", "a/*", "!a/b.py", "**/b.py", "a/**", "/*/a/", "#", "**", "/**"),
    *("**/a/**", "!a/**", "a/**/b.py", "[ab].py", "?.py", "!*/", "!*", "*", "a/**  ", "b.py ", "\\!a", "*.py\\"),
    *("**/", "!**/*/", "/**/", "a/**/", "!a/**/", "/*/", "!/*/*/", "*/", "**/*"),
]
RULES = st.lists(st.sampled_from(LINES), max_size=4).map("\n".join)


@settings(max_examples=60, deadline=None)
@given(top=RULES, inner=RULES, exclude=RULES, own=RULES)
def test_it_is_as_git_says(
    tmp_path_factory: pytest.TempPathFactory, top: str, inner: str, exclude: str, own: str
) -> None:
    root = tmp_path_factory.mktemp("git")
    subprocess.run(["git", "init", "-q", root], check=True)
    places = [f"{folder}{name}.py" for folder in ("", "a/", "a/a/", "c/", "c/a/") for name in "abc"]
    lay(root, {".gitignore": top, "a/.gitignore": inner, ".git/info/exclude": exclude, **dict.fromkeys(places, "")})
    command = ["git", "-C", root, "ls-files", "--others", "--exclude-standard", "*.py"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    assert sorted(paths(root)) == sorted(listed)
    (root / ".codegptignore").write_text(own)
    assert set(paths(root)) == {path for path in places if not is_ignored(root, path)}


def test_what_is_ignored_need_not_be_there(tmp_path: Path) -> None:
    lay(tmp_path, {".gitignore": "made/\n"})
    ignored = ["made/a.py", "x/made/a.py", ".env", "node_modules/a.js", ".ssh/x.py"]
    assert [is_ignored(tmp_path, path) for path in ignored] == [True] * 5
    assert not is_ignored(tmp_path, "x/made.py") and not is_ignored(tmp_path / "none", "a.py")


def test_folders_in_one_another_without_end(tmp_path: Path) -> None:
    lay(tmp_path, {"d/" * (DEEPEST - 1) + "a.py": "", "d/" * DEEPEST + "a.py": ""})
    assert paths(tmp_path) == ["d/" * (DEEPEST - 1) + "a.py"]


def test_what_is_never_read(tmp_path: Path) -> None:
    lay(
        tmp_path,
        {
            "node_modules/a/index.js": "",
            "env/pyvenv.cfg": "",
            "env/lib/a.py": "",
            "cache/CACHEDIR.TAG": "",
            "cache/a.py": "",
            ".env.py": "",
            "secrets.py": "",
            ".git/hooks/a.py": "",
            "bad\nname.py": "",
            "ok.py": "",
        },
    )
    assert paths(tmp_path) == ["ok.py"]


def test_links_pipes_and_sockets_are_no_files(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    lay(outside, {"a.py": "secret"})
    root = tmp_path / "root"
    lay(root, {"a.py": "x"})
    (root / "link.py").symlink_to(outside / "a.py")
    (root / "linked").symlink_to(outside)
    (root / "loop").symlink_to(root)
    os.mkfifo(root / "pipe.py")
    with socket.socket(socket.AF_UNIX) as listening:
        before = Path.cwd()
        os.chdir(root)  # a socket's path may not be long
        try:
            listening.bind("socket.py")
        finally:
            os.chdir(before)
        assert paths(root) == ["a.py"]
        for path in ("link.py", "linked/a.py", "../outside/a.py"):
            with pytest.raises(Skipped, match="outside the workspace"):
                read_source(root, path)
        with pytest.raises(Skipped, match="a link"):
            read_source(root, "loop/a.py")
        with pytest.raises(Skipped, match="not a regular file"):
            read_source(root, "pipe.py")
        with pytest.raises(OSError):
            read_source(root, "socket.py")


def test_a_folder_that_becomes_a_link_while_its_file_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay(tmp_path, {"root/x/a.py": "mine", "outside/a.py": "secret"})
    opened = files._opened

    def swapped(path: str) -> object:
        (tmp_path / "root/x").rename(tmp_path / "root/y")
        (tmp_path / "root/x").symlink_to(tmp_path / "outside")
        return opened(path)

    monkeypatch.setattr(files, "_opened", swapped)
    with pytest.raises(Skipped, match="a link"):
        read_source(tmp_path / "root", "x/a.py")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"x = '\xff'\n", "not UTF-8"),
        (b"a\0b", "binary"),
        (b"#" * (LARGEST + 1), "larger than 1 MiB"),
        (b"x=1;" * 1000, "its lines are too long to be written by hand"),
    ],
)
def test_what_is_skipped_has_a_reason(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "a.py").write_bytes(content)
    with pytest.raises(Skipped, match=f"a.py: {reason}"):
        read_source(tmp_path, "a.py")


def test_a_secret_is_not_read_by_its_name(tmp_path: Path) -> None:
    lay(tmp_path, {".aws/a.py": "x", "a.py": "\ufeffx = 'é'\r\n"})
    with pytest.raises(Skipped, match="secrets"):
        read_source(tmp_path, ".aws/a.py")
    (tmp_path / "a.py").write_bytes(b"\xef\xbb\xbfx = '\xc3\xa9'\r\n")
    assert read_source(tmp_path, "a.py")[0] == "x = 'é'\r\n"


def test_a_file_that_changes_while_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    version_of, changes = files.version_of, iter([True])

    def changing(info: os.stat_result) -> files.Version:
        found = version_of(info)
        if next(changes, False):
            (tmp_path / "a.py").write_text("x = 1\n" + "y" * (found.size + 1) + "\n")
        return found

    monkeypatch.setattr(files, "version_of", changing)
    text, _ = read_source(tmp_path, "a.py")  # at the second look it stood still
    assert text.startswith("x = 1\n")


def test_a_file_that_never_stands_still(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    counter = iter(range(100))
    monkeypatch.setattr(files, "version_of", lambda info: files.Version(info.st_size, next(counter), info.st_ino))
    with pytest.raises(Skipped, match="it changes while it is read"):
        read_source(tmp_path, "a.py")


def test_no_more_files_than_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay(tmp_path, {f"{number}.py": "" for number in range(5)})
    monkeypatch.setattr(files, "MOST_FILES", 3)
    assert paths(tmp_path) == ["0.py", "1.py", "2.py"]


def test_a_directory_that_is_not_there(tmp_path: Path) -> None:
    assert paths(tmp_path / "none") == []
