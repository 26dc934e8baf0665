"""Holes in packages from PyPI and npm, of different kinds, at places that use what another of their files defines.

A suggestion is judged by its first line, which is what the model is asked for. Half of PyPI's packages are there to
choose by, the other half to report; nothing is chosen by npm's.
"""

from collections.abc import Callable, Sequence

from codegpt.context.cursor import Around
from codegpt.context.project import Snapshot
from codegpt.languages import language_of
from codegpt_evals.datasets import Package
from codegpt_evals.problem import Hole, Problem
from codegpt_evals.repo_holes import cuts
from codegpt_evals.summary import DEVELOPMENT, REPORTED
from codegpt_evals.tasks.published import Published

HOLES = 50
"""Of a package."""


def _wheel(file: str, sha256: str, licence: str) -> Package:
    return Package("repo-holes", f"{file}-py3-none-any.whl", sha256, "", licence)


CHOSEN_BY = (
    _wheel("starlette-1.10.0", "478c0ab3b4ced6e82719849c118fa406f0278a3499c1a898cd15cd31bdc38ce4", "BSD-3-Clause"),
    _wheel("cattrs-26.2.1", "a12aaa3453dc8f633a815293179f08b7421ed18d2575c459c3c736f840beac24", "MIT"),
    _wheel("mkdocs-1.6.1", "db91759624d1647f3f34aa0c3f327dd2601beae39a366d6e064c03468d35c20e", "BSD-2-Clause"),
    _wheel("pint-0.25.3", "27eb25143bd5de9fcc4d5a4b484f16faf6b4615aa93ece6b3373a8c1a3c1b97d", "BSD-3-Clause"),
    _wheel("pdm-2.29.4", "599a299d7fb35195d41610ee8341f65c75c5c97dde9f8cfcf573790b3d1b0cd9", "MIT"),
    _wheel("beets-2.14.1", "1a28161462f757ee34672585109597f3973105f24db8fb6ca91ff7e9e339cfc1", "MIT"),
)
"""A web framework, a serialiser, a documentation tool, units of measure, a package manager, a music library."""

ONLY_REPORTED = (
    _wheel("niquests-3.21.2", "73e52614a712ee2f4d410bdd29789ca6a4ed031f8961410156e395d42b091208", "Apache-2.0"),
    _wheel("sqlglot-30.30.0", "06c4c212a7868c7dcff0fd0fda348dd3c5cbad40137b3083a70ecdfe22921cf9", "MIT"),
    _wheel("piccolo-1.38.0", "b6e9950743f58070fde69082d9bbdb8cc4856f2a1c32040967dc993d63d417f1", "MIT"),
    _wheel("textual-8.2.8", "267375fd402dc8d981457212efa71f0e3365fd17bba144ba9bb3ed7563cb374a", "MIT"),
    _wheel("mesa-3.3.1", "04d5d3ddbe7e7f8ad1a12b0d56ca02551dc92dc097aa6a984a77d7fa967ac2ba", "Apache-2.0"),
    _wheel("hatchling-1.33.0", "415290b84f464d2884303fca8974d38e7b85579069fab02a15db0828fbb1446d", "MIT"),
)
"""An HTTP client, a compiler of SQL, a database mapper, a terminal interface, a simulation, a build tool."""

PACKAGES = (*CHOSEN_BY, *ONLY_REPORTED)


def _npm(file: str, sha256: str, licence: str, *within: str) -> Package:
    return Package("repo-holes", f"{file}.tgz", sha256, "", licence, within)


SCRIPT_PACKAGES = (
    _npm("rxjs-7.8.2", "2312f8ffd9726ffd7bd53ea12c5f13663d09a3dc3326f448c70b88f5ef6fac82", "Apache-2.0", "src/"),
    _npm("eslint-10.15.0", "8cb5e45fb5b1174e4216d546b69d37c0ac5cb5d9ba8342946a04af1f59605edb", "MIT", "lib/"),
    _npm(
        "fastify-5.12.8",
        "459048aabd9311309f4f95b36e8ca065e3a4613ded292bcf50442926931e4748",
        "MIT",
        "lib/",
        "fastify.js",
    ),
    _npm("three-0.187.0", "ff540832ded0cfe919764d24a3d88f3e2a05f23303f876423e4f893841e90728", "MIT", "src/"),
)
"""A library of streams (TypeScript), a linter, a web framework and a library of 3D graphics (JavaScript)."""


def _reader(packages: Sequence[Package], extensions: tuple[str, ...], holes: int) -> Callable[..., list[Problem]]:
    def read(*contents: bytes) -> list[Problem]:
        found: list[Problem] = []
        for package, content in zip(packages, contents, strict=True):
            name = package.file.rpartition("-py3-")[0] or package.file.removesuffix(".tgz")
            found += _problems(name.rpartition("-")[0], package.sources(content, extensions), holes)
        return found

    return read


def _problems(name: str, texts: dict[str, str], holes: int) -> list[Problem]:
    project, found = Snapshot(texts), []
    for number, cut in enumerate(cuts(project, texts, holes, name)):
        text = texts[cut.path]
        around = Around(project, name, cut.path)
        hole = Hole(text[: cut.start], text[cut.end :], text[cut.start : cut.end], one_line=True, around=around)
        language = language_of(cut.path)
        assert language is not None
        task_id = f"{name}/{cut.kind}/{number}"
        found.append(Problem(task_id, language.id, hole, hole.middle, "", None, hole.prefix, hole.suffix))
    return found


python_holes = Published(PACKAGES, _reader(PACKAGES, (".py",), HOLES), "packages from PyPI; the places are ours")
script_holes = Published(
    SCRIPT_PACKAGES,
    _reader(SCRIPT_PACKAGES, (".js", ".mjs", ".cjs", ".ts", ".tsx"), HOLES),
    "packages from npm; the places are ours",
)


def half_of_hole(task_id: str) -> str:
    """Whether choices are made on a hole, or it is only reported: by its package."""
    chosen_by = {package.file.split("-")[0] for package in CHOSEN_BY}
    return DEVELOPMENT if task_id.split("/")[0] in chosen_by else REPORTED
