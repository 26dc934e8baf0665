import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codegpt.errors import InputError, SandboxUnavailable
from codegpt.sandbox import workspace
from codegpt.sandbox.backends import Backend
from codegpt.sandbox.client import Sandbox
from codegpt.sandbox.interpreter import pytest_view, python_view
from codegpt.sandbox.opening import open_sandbox
from codegpt.sandbox.outcome import Outcome, Returned
from codegpt.sandbox.program import Call, Job, Limits, Program, Tests
from codegpt.sandbox.staging import JAIL_USER
from codegpt.sandbox.verdict import Judgement, Verdict, judge_calls, judge_tests
from codegpt.sandbox.view import Mount
from codegpt.sandbox.workspace import (
    Masks,
    environment_of,
    module_in,
    readable_beneath,
    secrets_beneath,
    trusted_views,
)
from codegpt.secret_files import is_secret

SECRET = "hunter2-7d1f"
NAMES_OF_SECRETS = """
.env .env.local .ENV.Production .envrc key.pem KEY.PEM server.key cert.p12 cert.pfx vault.kdbx my.keystore my.jks
id_rsa id_rsa.pub ID_ED25519.PUB id_dsa id_ecdsa_sk credentials credentials.json Credentials.csv secrets.yaml
service-account.json service-account-prod.json .git .hg .svn .ssh .gnupg .aws .azure .gcloud .kube .docker .netrc
_netrc .npmrc .pypirc .git-credentials .pgpass .htpasswd
"""
NAMES_OF_NOTHING = """
env environment.py envrc .gitignore .github .gitattributes git keyboard.py monkey key pem pem.py
rsa.py grid_rsa.py id_generator.py id_ed.py secret_santa.py secrets my_credentials.md keys.json
service_account.py netrc.py docker aws.py Dockerfile .dockerignore kube.yaml x.pem.py
"""


@pytest.mark.parametrize("name", NAMES_OF_SECRETS.split())
def test_a_name_of_a_secret(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize("name", NAMES_OF_NOTHING.split())
def test_a_name_of_no_secret(name: str) -> None:
    assert not is_secret(name)


# --- which paths are masked


def plant(root: Path, *paths: str) -> Path:
    """Files of these paths, with what a secret would be in them; a path that ends with a slash is a directory."""
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        if path.endswith("/"):
            (root / path).mkdir()
        else:
            (root / path).write_text(SECRET)
    return root


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(os.path.realpath(tmp_path))


def masks_of(root: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    masks = secrets_beneath(str(root))
    return masks.files, masks.directories


def test_secrets_at_any_depth(folder: Path) -> None:
    plant(folder, ".env", "src/deep/down/id_rsa", "src/deep/main.py", ".git/config", "sub/.aws/credentials", "b/.ssh/")
    assert masks_of(folder) == ((".env", "src/deep/down/id_rsa"), (".git", "b/.ssh", "sub/.aws"))


def test_no_secrets(folder: Path) -> None:
    assert masks_of(plant(folder, "a.py", "b/c.py", "empty/")) == ((), ())


def test_a_secret_file_may_be_a_directory_and_the_other_way_round(folder: Path) -> None:
    assert masks_of(plant(folder, ".env/inner.txt", ".git")) == ((".git",), (".env",))


@pytest.mark.parametrize("absolute", [False, True])
def test_what_a_link_points_to_is_masked_and_not_the_link(folder: Path, absolute: bool) -> None:
    plant(folder, "settings/plain.txt", "settings/other.txt", "inner/tree/HEAD")
    start = str(folder) if absolute else "."
    (folder / ".env").symlink_to(f"{start}/settings/plain.txt")
    (folder / ".git").symlink_to(f"{start}/inner/tree")
    assert masks_of(folder) == (("settings/plain.txt",), ("inner/tree",))


def test_a_link_of_another_name_to_a_secret(folder: Path) -> None:
    plant(folder, ".env")
    (folder / "notes.txt").symlink_to(".env")
    assert masks_of(folder) == ((".env",), ())


def test_links_that_leave_the_workspace_or_lead_nowhere(folder: Path) -> None:
    plant(folder, "outside/.env", "root/a.py")
    root = folder / "root"
    (root / ".env").symlink_to("../outside/.env")
    (root / ".envrc").symlink_to("missing")
    (root / ".env.loop").symlink_to(".env.loop")
    (root / ".aws").symlink_to(folder / "outside")
    (root / "linked").symlink_to(folder / "outside")  # not followed: there is nothing in the jail that it leads to
    assert masks_of(root) == ((), ())


def test_a_directory_that_only_begins_like_the_workspace_is_outside(folder: Path) -> None:
    plant(folder, "root/a.py", "root-of-another/plain.txt")
    (folder / "root" / ".env").symlink_to(folder / "root-of-another" / "plain.txt")
    assert masks_of(folder / "root") == ((), ())


def test_virtual_environments_are_left_out(folder: Path) -> None:
    plant(folder, ".venv/pyvenv.cfg", ".venv/lib/certifi/cacert.pem", "deep/odd name/pyvenv.cfg", "deep/odd name/a.key")
    plant(folder, "venv-no-more/cacert.pem", "deep/b.key")
    plant(folder, "deep/odd name/lib/c.pem", "backend/pyvenv.cfg", "backend/.env")
    own = (
        "backend/.env",
        "deep/b.key",
        "deep/odd name/a.key",
    )
    assert masks_of(folder) == ((*own, "venv-no-more/cacert.pem"), ())


def test_nothing_is_looked_for_in_a_masked_directory(folder: Path) -> None:
    assert masks_of(plant(folder, ".git/.env", ".git/modules/.git/id_rsa", "a.py")) == ((), (".git",))


def test_odd_names(folder: Path) -> None:
    names = ["a b/.env", "é字😀/.env", "new\nline/.env", "-dash/.env", "\udcff/.env", "a:b/.env"]
    plant(folder, *names)
    assert set(masks_of(folder)[0]) == set(names)


def test_too_many_entries(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(folder, *(f"{number}.py" for number in range(10)))
    monkeypatch.setattr(workspace, "MOST_ENTRIES", 9)
    assert masks_of(folder) == ((), ())
    plant(folder, "sub/one-more.py")
    with pytest.raises(InputError, match=rf"^{folder} is too large a workspace .*choose a directory inside it$"):
        secrets_beneath(str(folder))


def test_too_many_secrets(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(folder, *(f"{number}/.env" for number in range(5)))
    monkeypatch.setattr(workspace, "MOST_MASKS", 2)
    with pytest.raises(InputError, match="too large a workspace"):
        secrets_beneath(str(folder))


@contextlib.contextmanager
def not_root() -> Iterator[None]:
    """What a supervisor may read: root gives up being root before it looks for secrets."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(JAIL_USER)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("mode", [0o000, 0o600], ids=["closed", "readable but not searchable"])
def test_a_directory_that_nobody_may_enter(open_folder: Path, mode: int) -> None:
    plant(open_folder, ".env", "closed/.env", "a/.env")
    if os.geteuid() == 0:
        os.chown(open_folder / "closed", JAIL_USER, JAIL_USER)
    (open_folder / "closed").chmod(mode)
    try:
        with not_root():
            assert masks_of(open_folder) == ((".env", "a/.env"), ())
    finally:
        (open_folder / "closed").chmod(0o700)


def test_a_link_into_a_directory_outside_that_nobody_may_enter(open_folder: Path) -> None:
    plant(open_folder, "root/a/.env", "closed/plain.txt")
    (open_folder / "root" / ".env").symlink_to("../closed/plain.txt")
    if os.geteuid() == 0:
        os.chown(open_folder / "closed", JAIL_USER, JAIL_USER)
    (open_folder / "closed").chmod(0o000)
    try:
        with not_root():
            assert masks_of(open_folder / "root") == (("a/.env",), ())
    finally:
        (open_folder / "closed").chmod(0o700)


# --- what is left to be seen


def test_without_masks_the_whole_is_readable(folder: Path) -> None:
    assert readable_beneath(str(plant(folder, "a.py")), Masks((), ())) == [str(folder)]


def test_the_siblings_of_what_is_masked(folder: Path) -> None:
    plant(folder, "a.py", "src/b.py", "src/deep/c.py", "src/deep/.env", "src/deep/more/d.py", "other/e.py", ".git/HEAD")
    (folder / "link").symlink_to("a.py")
    shown = readable_beneath(str(folder), Masks(("src/deep/.env",), (".git",)))
    assert shown == [f"{folder}/{path}" for path in ("a.py", "other", "src/b.py", "src/deep/c.py", "src/deep/more")]


def test_a_masked_path_in_a_masked_directory(folder: Path) -> None:
    plant(folder, "a.py", ".git/config", ".git/HEAD")
    assert readable_beneath(str(folder), Masks((".git/config",), (".git",))) == [f"{folder}/a.py"]


HONEST = ["a", "b", "src", "main.py"]
SECRETS = [".env", ".git", "id_rsa", "x.key"]
TREES = st.recursive(
    st.just(None),
    lambda below: st.dictionaries(st.sampled_from(HONEST + SECRETS), below, max_size=4),
    max_leaves=25,
)
LINKS = st.lists(
    st.tuples(st.integers(0, 99), st.sampled_from(["link", ".envrc", ".aws"]), st.integers(0, 99)), max_size=3
)


def grow(root: Path, tree: dict[str, Any] | None) -> None:
    if tree is None:
        root.write_text(SECRET)
        return
    root.mkdir(exist_ok=True)
    for name, below in tree.items():
        grow(root / name, below)


def link(root: Path, links: list[tuple[int, str, int]]) -> set[Path]:
    """Make the links, and return what they mask: what those with a secret's name, in no masked place, point to."""
    directories = sorted(path for path in [root, *root.rglob("*")] if path.is_dir())
    targets = sorted(root.rglob("*"))
    masked = set()
    for at, name, to in links if targets else []:
        place, target = directories[at % len(directories)] / name, targets[to % len(targets)]
        if not os.path.lexists(place):
            place.symlink_to(os.path.relpath(target, place.parent))
            if is_secret(name) and not any(map(is_secret, place.parent.relative_to(root).parts)):
                masked.add(target)
    return masked


@settings(deadline=None, max_examples=150)
@given(tree=TREES.filter(lambda tree: tree is not None), links=LINKS)
def test_all_that_is_not_masked_is_readable_and_nothing_that_is(
    tree: dict[str, Any], links: list[tuple[int, str, int]]
) -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(os.path.realpath(name))
        grow(root, tree)
        files = [path for path in root.rglob("*") if path.is_file()]
        masked = link(root, links)
        shown = [Path(path) for path in readable_beneath(str(root), secrets_beneath(str(root)))]
    for file in files:
        secret = any(map(is_secret, file.relative_to(root).parts)) or any(map(file.is_relative_to, masked))
        assert any(map(file.is_relative_to, shown)) is not secret, file
    assert not [(a, b) for a in shown for b in shown if a != b and a.is_relative_to(b)]


# --- environments and views


@pytest.mark.parametrize("name", [".venv", "venv", "env"])
def test_the_environment_of_a_workspace(folder: Path, name: str) -> None:
    assert environment_of(folder) is None
    plant(folder, f"{name}/bin/python")
    assert environment_of(folder) is None
    plant(folder, f"{name}/pyvenv.cfg")
    assert environment_of(folder) == folder / name / "bin" / "python"
    (folder / name / "bin" / "python").unlink()
    assert environment_of(folder) is None


def test_the_first_environment_is_taken(folder: Path) -> None:
    plant(folder, "env/bin/python", "env/pyvenv.cfg", "venv/bin/python", "venv/pyvenv.cfg", ".venv/pyvenv.cfg")
    assert environment_of(folder) == folder / "venv" / "bin" / "python"


@pytest.mark.parametrize("layout", [[], ["src/a.py"]], ids=["flat", "src"])
def test_the_views_of_a_workspace_without_an_environment(folder: Path, layout: list[str]) -> None:
    plant(folder, "b.py", *layout)
    views = trusted_views(folder)
    own = ("/workspace", "/workspace/src") if layout else ("/workspace",)
    assert views.keys() == {"python", "pytest"}
    for name, view in (("python", python_view()), ("pytest", pytest_view())):
        assert views[name].mounts == (*view.mounts, Mount(str(folder), "/workspace"))
        assert views[name].paths == (*own, *view.paths)
        assert views[name].workspace == "/workspace"
        assert (views[name].python, views[name].environment) == (view.python, view.environment)


def test_a_workspace_under_another_name_is_shown_as_what_it_is(folder: Path) -> None:
    plant(folder, "real/a.py")
    (folder / "link").symlink_to("real")
    assert trusted_views(folder / "link")["python"].mounts[-1] == Mount(str(folder / "real"), "/workspace")


@pytest.mark.parametrize("name", ["missing", "file.py"])
def test_a_workspace_that_is_no_directory(folder: Path, name: str) -> None:
    plant(folder, "file.py")
    with pytest.raises(InputError, match=rf"^{folder}/{name}: not a directory$"):
        trusted_views(folder / name)


def test_an_environment_that_does_not_answer(folder: Path) -> None:
    plant(folder, ".venv/bin/python", ".venv/pyvenv.cfg")
    with pytest.raises(SandboxUnavailable, match=rf"^cannot ask {folder}/\.venv/bin/python about itself: "):
        trusted_views(folder)


# --- in a real jail


def make_workspace(root: Path) -> Path:
    """A workspace with modules, secrets of several kinds, links to them, and our own environment as its `.venv`."""
    root.mkdir()
    root.chmod(0o755)
    (root / "src").mkdir()
    (root / "sibling.py").write_text("FACTOR = 3\n\ndef times(x):\n    return FACTOR * x\n")
    (root / "src" / "other.py").write_text("def plus(x):\n    return x + 1\n")
    (root / "package" / "sub").mkdir(parents=True)
    (root / "package" / "__init__.py").write_text("FACTOR = 3\nfrom .place import f\n")
    (root / "package" / "near.py").write_text("def plus(x):\n    return x + 1\n")
    (root / "package" / "place.py").write_text("def f(x):\n    ")
    (root / "package" / "sub" / "deep.py").write_text("def back():\n    from .. import f\n    return f(2)\n")
    plant(
        root, ".env", ".git/config", "secrets/server.key", "src/deep/.aws/credentials", "settings.txt", "config/a.txt"
    )
    (root / "notes.txt").symlink_to(".git/config")
    (root / ".env.local").symlink_to("settings.txt")
    (root / ".envrc").symlink_to(root / "config" / "a.txt")
    if Path(sys.prefix, "pyvenv.cfg").exists():
        (root / ".venv").symlink_to(sys.prefix)
    return root


@pytest.fixture(scope="module")
def root() -> Iterator[Path]:
    top = Path(tempfile.mkdtemp(prefix="codegpt-test-"))
    top.chmod(0o755)
    yield make_workspace(top / "workspace")
    shutil.rmtree(top)


@pytest.fixture(scope="module")
def trusted(backend: Backend, root: Path) -> Iterator[Sandbox]:
    """A sandbox that trusts the workspace."""
    with open_sandbox(backend, trusted=root, workers=1) as opened:
        yield opened


@pytest.fixture(scope="module")
def untrusting(backend: Backend) -> Iterator[Sandbox]:
    """A sandbox that trusts nothing."""
    with open_sandbox(backend, workers=1) as opened:
        yield opened


needs_environment = pytest.mark.skipif(
    not Path(sys.prefix, "pyvenv.cfg").exists(), reason="not run: the tests run outside a virtual environment"
)
MODULES = Program("import sibling, other\ndef f(x):\n    return other.plus(sibling.times(x))\n")
PACKAGES = Program("import numpy, sibling\ndef f(x):\n    return sibling.times(int(numpy.array(x).sum()))\n")


def test_modules_of_a_trusted_workspace(trusted: Sandbox, untrusting: Sandbox) -> None:
    calls = [Call("f", (2,)), Call("f", (0,))]
    assert judge_calls(trusted.call(MODULES, calls), [7, 1]) == Judgement(Verdict.PASSED, "2 of 2 calls")
    assert judge_calls(trusted.call(MODULES, calls), [7, 2]).verdict is Verdict.WRONG_ANSWER
    refused = judge_calls(untrusting.call(MODULES, calls), [7, 1])
    assert refused == Judgement(Verdict.UNAVAILABLE, "ModuleNotFoundError: No module named 'sibling'")


IN_PACKAGE = """
from . import FACTOR
from .near import plus
from .sub.deep import back
def f(x):
    return plus(FACTOR * x)
def whose():
    return [__name__, __package__, back()]
"""


def test_a_program_in_the_place_of_a_module(trusted: Sandbox, backend: Backend) -> None:
    """Its package gets the program where it imports the module, whose file need not even parse."""
    calls = [Call("f", (2,)), Call("whose")]
    program = Program(IN_PACKAGE, module="package.place")
    asked = judge_calls(trusted.call(program, calls), [7, ["package.place", "package", 7]])
    assert asked == Judgement(Verdict.PASSED, "2 of 2 calls")
    tests = Tests("from package.place import f\n\ndef test_f():\n    assert f(2) == 7\n", "f", style="pytest")
    [outcome] = trusted.run_all([Job(program, replace(tests, module="package.place"))])
    has_directory = backend is Backend.BWRAP  # which pytest wants
    assert judge_tests(outcome).verdict is (Verdict.PASSED if has_directory else Verdict.UNAVAILABLE)


def test_a_program_in_the_place_of_a_package(trusted: Sandbox) -> None:
    program = Program("from .near import plus\nFACTOR = 5\ndef f(x):\n    return plus(FACTOR * x)\n", module="package")
    assert judge_calls(trusted.call(program, [Call("f", (2,))]), [11]).verdict is Verdict.PASSED


@pytest.mark.parametrize("module", ["nowhere.place", "sibling.place", "missing"])
def test_a_program_in_the_place_of_nothing_stands_alone(trusted: Sandbox, module: str) -> None:
    program = Program("def f():\n    return __name__\n", module=module)
    assert judge_calls(trusted.call(program, [Call("f")]), ["candidate"]).verdict is Verdict.PASSED
    outcome = trusted.call(Program("import nothing\n", module=module), [Call("f")])
    assert outcome.raised is not None and outcome.raised.message == "No module named 'nothing'"


def test_the_name_of_a_module_that_is_no_name() -> None:
    with pytest.raises(InputError, match="is no name of a module"):
        Program("", module="a b")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("sibling.py", "sibling"),
        ("src/other.py", "other"),
        ("src/pkg/__init__.py", "pkg"),
        ("pkg/deep/mod.py", "pkg.deep.mod"),
        ("not-a-name/mod.py", ""),
        ("../outside.py", ""),
    ],
)
def test_what_a_file_is_imported_as(root: Path, path: str, name: str) -> None:
    assert module_in(root, root / path) == name


@needs_environment
def test_packages_of_a_trusted_workspace(trusted: Sandbox, untrusting: Sandbox) -> None:
    calls = [Call("f", ([1, 2, 3],))]
    assert judge_calls(trusted.call(PACKAGES, calls), [18]) == Judgement(Verdict.PASSED, "1 of 1 calls")
    refused = judge_calls(untrusting.call(PACKAGES, calls), [18])
    assert refused == Judgement(Verdict.UNAVAILABLE, "ModuleNotFoundError: No module named 'numpy'")


READ = """
import os, sibling
root = os.path.dirname(sibling.__file__)
def read(path):
    try:
        with open(os.path.join(root, path)) as file:
            return file.read()
    except OSError:
        return "refused"
def read_all():
    files = [os.path.relpath(os.path.join(place, name), root) for place, _, names in os.walk(root) for name in names]
    return {path: read(path) for path in files if ".venv" not in path}
def write(path):
    try:
        open(os.path.join(root, path), "w").close()
    except OSError:
        return "refused"
"""


def ask(sandbox: Sandbox, function: str, *args: Any) -> tuple[Any, Outcome]:
    outcome = sandbox.call(Program(READ), [Call(function, args)])
    (reply,) = outcome.replies
    assert isinstance(reply.result, Returned), outcome
    return reply.result.value, outcome


@pytest.mark.parametrize(
    "path",
    [
        ".env",
        ".git/config",
        "notes.txt",
        "secrets/server.key",
        "src/deep/.aws/credentials",
        ".env.local",
        "settings.txt",
        "src/../.env",
        ".git/../.git/config",
    ],
)
def test_a_secret_is_not_to_be_read(trusted: Sandbox, path: str) -> None:
    said, outcome = ask(trusted, "read", path)
    assert said == "refused"
    assert SECRET not in repr(outcome)


@pytest.mark.parametrize("path", [".envrc", "config/a.txt"])
def test_a_secret_behind_an_absolute_link_is_not_to_be_read(trusted: Sandbox, path: str) -> None:
    said, outcome = ask(trusted, "read", path)
    assert said == "refused"
    assert SECRET not in repr(outcome)


def test_a_secret_by_its_path_outside(trusted: Sandbox, root: Path) -> None:
    said, _ = ask(trusted, "read", str(root / ".env"))
    assert said == "refused"


def test_everything_else_is_read(trusted: Sandbox, root: Path) -> None:
    found, _ = ask(trusted, "read_all")
    assert found["sibling.py"] == (root / "sibling.py").read_text()
    assert found["src/other.py"] == (root / "src" / "other.py").read_text()
    secret = {path for path, text in found.items() if text == SECRET}
    assert secret <= {".envrc", "config/a.txt"}  # those have a test of their own


def test_a_secret_that_came_after_the_sandbox(trusted: Sandbox, root: Path) -> None:
    assert ask(trusted, "read", "src/.env")[0] == "refused"
    for path in ("src/.env", "late.txt"):
        (root / path).write_text(SECRET)
    try:
        assert ask(trusted, "read", "src/.env")[0] == "refused"
        assert ask(trusted, "read", "late.txt")[0] == SECRET
    finally:
        (root / "src" / ".env").unlink()
        (root / "late.txt").unlink()


@pytest.mark.parametrize("path", ["sibling.py", "new.py", "src/new.py", ".git/config", ".git/new", ".env"])
def test_a_workspace_is_not_written_to(trusted: Sandbox, root: Path, path: str) -> None:
    before = (root / path).read_bytes() if (root / path).exists() else None
    assert ask(trusted, "write", path)[0] == "refused"
    assert ((root / path).read_bytes() if (root / path).exists() else None) == before


TESTS = """
import numpy, other, sibling
from candidate import f
def test_numbers():
    assert f(2) == sibling.times(2) + int(numpy.int64(1))
def test_more():
    assert f(0) == other.plus(0)
"""


PATIENT = Limits(cpu_s=20, wall_s=60.0)  # pytest loads the plugins of the environment


@needs_environment
def test_tests_import_what_the_workspace_has(trusted: Sandbox) -> None:
    tests = Tests(TESTS, entry="f", style="pytest")
    judgement = judge_tests(trusted.run(Job(MODULES, tests, PATIENT)))
    if trusted.backend is Backend.LANDLOCK:
        assert judgement.verdict is Verdict.UNAVAILABLE
        assert judgement.detail.startswith("pytest needs a directory to write to")
        return
    assert judgement == Judgement(Verdict.PASSED, "2 assertions, 2 calls")
    wrong = Program(MODULES.source + "def f(x):\n    return 1\n")
    assert judge_tests(trusted.run(Job(wrong, tests, PATIENT))).verdict is Verdict.WRONG_ANSWER


def test_tests_do_not_see_an_untrusted_workspace(untrusting: Sandbox) -> None:
    program = Program("def f(x):\n    return 1\n")
    tests = Tests("import sibling\nfrom candidate import f\ndef test():\n    assert f(1)\n", entry="f", style="pytest")
    assert judge_tests(untrusting.run(Job(program, tests))).verdict is Verdict.UNAVAILABLE


@pytest.mark.parametrize("name", ["two words é字", "a:b", "-dash", "new\nline"])
def test_a_workspace_of_any_name(backend: Backend, open_folder: Path, name: str) -> None:
    root = make_workspace(open_folder / name)
    with open_sandbox(backend, trusted=root, workers=1) as opened:
        assert judge_calls(opened.call(MODULES, [Call("f", (2,))]), [7]).passed
        assert ask(opened, "read", ".env")[0] == "refused"


def test_secrets_of_any_name(backend: Backend, open_folder: Path) -> None:
    root = make_workspace(open_folder / "root")
    names = ["a b/.env", "é字😀/.env", "new\nline/.env", "-dash/.env", 'quote"/.env']
    plant(root, *names)
    with open_sandbox(backend, trusted=root, workers=1) as opened:
        assert [ask(opened, "read", name)[0] for name in names] == ["refused"] * len(names)


def opens_and_hides(backend: Backend, root: Path) -> None:
    """The workspace is usable, its `.env` is not."""
    with open_sandbox(backend, trusted=root, workers=1) as opened:
        assert judge_calls(opened.call(MODULES, [Call("f", (2,))]), [7]).passed
        found, _ = ask(opened, "read_all")
    assert {path for path, text in found.items() if text == SECRET} <= {".envrc", "config/a.txt"}


def test_a_workspace_with_a_directory_that_is_closed(backend: Backend, open_folder: Path) -> None:
    root = make_workspace(open_folder / "root")
    plant(root, "closed/.env")
    (root / "closed").chmod(0o700 if os.geteuid() == 0 else 0o000)
    try:
        opens_and_hides(backend, root)
    finally:
        (root / "closed").chmod(0o700)


@pytest.mark.parametrize("absolute", [False, True])
def test_a_workspace_with_a_link_into_a_closed_directory(backend: Backend, open_folder: Path, absolute: bool) -> None:
    root = make_workspace(open_folder / "root")
    plant(open_folder, "closed/.env")
    (open_folder / "closed").chmod(0o700 if os.geteuid() == 0 else 0o000)
    (root / ".env.shared").symlink_to(open_folder / "closed" / ".env" if absolute else "../closed/.env")
    try:
        opens_and_hides(backend, root)
    finally:
        (open_folder / "closed").chmod(0o700)


@pytest.mark.parametrize(("name", "target"), [(".env.deep", ".git/config"), (".kube", ".git/hooks")])
def test_a_workspace_with_a_link_into_a_masked_directory(
    backend: Backend, open_folder: Path, name: str, target: str
) -> None:
    root = make_workspace(open_folder / "root")
    plant(root, ".git/HEAD", ".git/hooks/post-commit")
    (root / name).symlink_to(target)
    opens_and_hides(backend, root)


def test_a_workspace_with_thousands_of_files_beside_a_secret(backend: Backend, open_folder: Path) -> None:
    root = make_workspace(open_folder / "root")
    for number in range(3000):
        (root / f"a_file_with_a_name_{number}.txt").touch()
    with open_sandbox(backend, trusted=root, workers=1) as opened:
        assert judge_calls(opened.call(MODULES, [Call("f", (2,))]), [7]).passed
        assert ask(opened, "read", ".env")[0] == "refused"
