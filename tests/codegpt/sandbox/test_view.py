import pytest

from codegpt.sandbox.view import Mount, View, outside, without_nested


@pytest.mark.parametrize(
    ("mounts", "kept"),
    [
        ([], ()),
        ([("/a", "/x"), ("/a", "/x")], (("/a", "/x"),)),
        ([("/a/b", "/x/b"), ("/a", "/x")], (("/a", "/x"),)),
        ([("/a/b/c", "/x/b/c"), ("/a/b", "/x/b"), ("/a", "/x")], (("/a", "/x"),)),
        ([("/a", "/x"), ("/a/b", "/y")], (("/a", "/x"), ("/a/b", "/y"))),  # shown at another place
        ([("/a", "/x"), ("/a/b", "/x/c")], (("/a", "/x"), ("/a/b", "/x/c"))),
        ([("/a", "/x"), ("/ab", "/xb")], (("/a", "/x"), ("/ab", "/xb"))),  # a longer name is no child
        ([("/c", "/x/c"), ("/a", "/x")], (("/c", "/x/c"), ("/a", "/x"))),
    ],
)
def test_mounts_that_another_one_shows_are_left_out(
    mounts: list[tuple[str, str]], kept: tuple[tuple[str, str], ...]
) -> None:
    assert sorted(without_nested([Mount(*mount) for mount in mounts]), key=lambda mount: mount.source) == sorted(
        (Mount(*mount) for mount in kept), key=lambda mount: mount.source
    )


def test_the_shortest_source_is_mounted_first() -> None:
    mounts = [Mount("/long/name", "/x/inner"), Mount("/a", "/x")]
    assert without_nested(mounts) == (Mount("/a", "/x"), Mount("/long/name", "/x/inner"))


def view_of(*mounts: tuple[str, str]) -> View:
    return View(tuple(Mount(*mount) for mount in mounts), (), ())


PARTS = view_of(("/home/me/lib", "/python/lib"), ("/env/pytest", "/pytest/pytest"), ("/other/pluggy", "/pytest/pluggy"))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/python/lib", "/home/me/lib"),
        ("/python/lib/python3.11/os.py", "/home/me/lib/python3.11/os.py"),
        ("/python/library", "/python/library"),
        ("/python/bin", "/python/bin"),
        ("/python", "/home/me"),  # holds a mount, of which the source has another name
        ("/pytest", "/env"),  # only parts of it are mounted: the directory of the first
        ("/pytest/packaging", "/pytest/packaging"),
        ("/tmp", "/tmp"),
        ("/", "/"),
        ("-s", "-s"),
        ("", ""),
        ("UTC", "UTC"),
    ],
)
def test_where_a_path_of_the_jail_lies_outside(path: str, expected: str) -> None:
    assert outside(PARTS, path) == expected


def test_the_root_is_never_the_parent_of_a_mount() -> None:
    assert outside(view_of(("/home/me/project", "/workspace")), "/") == "/"
    assert outside(view_of(("/home/me/project", "/workspace")), "/workspace/a b/é") == "/home/me/project/a b/é"


def test_a_mount_comes_before_the_parent_of_one() -> None:
    assert outside(view_of(("/a/inner", "/x/inner"), ("/b", "/x")), "/x") == "/b"
