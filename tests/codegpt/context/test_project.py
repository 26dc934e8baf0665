"""A project in memory, and one with files that are open and changed."""

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from codegpt.context.project import Live, Project, Snapshot

PIECES = st.sampled_from(
    ["def f(a): g(a)\n", "class A(B):\n    def f(self): self.g()\n", "from .b import f\n", "x = f\n"]
)
TREES = st.dictionaries(
    st.sampled_from(["a.py", "b.py", "p/a.py", "p/q/a.py"]), st.lists(PIECES, max_size=4).map("".join)
)
NAMES = ("f", "g", "A", "B", "x", "self", "none")


def said(project: Project, paths: set[str]) -> object:
    """All that a project says of some paths and names."""
    return (
        [(project.has(path), project.facts(path), project.text(path)) for path in sorted(paths)],
        [list(project.ending(path.rpartition("/")[2])) for path in sorted(paths)],
        [list(project.within(directory)) for directory in ("", "p", "p/q")],
        [(list(project.defining(name)), list(project.mentioning(name))) for name in NAMES],
    )


@given(TREES, TREES)
def test_what_is_open_counts_as_if_it_were_saved(saved: dict[str, str], opened: dict[str, str]) -> None:
    paths = {"none.py", *saved, *opened}
    assert said(Live(Snapshot(saved), opened), paths) == said(Snapshot({**saved, **opened}), paths)


def test_names_too_short_or_defined_here_are_no_mentions() -> None:
    project = Snapshot({"a.py": "def long_name(): pass\nlong_name(other_name, ab)\n"})
    assert list(project.mentioning("other_name")) == ["a.py"]
    assert list(project.mentioning("long_name")) == [] == list(project.mentioning("ab"))


def test_an_answer_is_found_once_for_each_state() -> None:
    asked: list[str] = []

    def find(answer: str) -> Callable[[], str]:
        def found() -> str:
            asked.append(answer)
            return answer

        return found

    base = Snapshot({"a.py": "x = 1\n"})
    assert [base.remember("q", find("one")), base.remember("q", find("two"))] == ["one", "one"]
    for opened in ({"b.py": "y = 1\n"}, {"b.py": "y = 1\n"}, {"b.py": "y = 2\n"}):
        Live(base, opened).remember("q", find(opened["b.py"]))
    assert asked == ["one", "y = 1\n", "y = 2\n"]
