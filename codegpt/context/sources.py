"""Where context comes from: each source is a pure function from a place in a project to pieces of other text, by worth.

A source may be switched off (`SOURCES`), so that what it is worth can be measured. Scores of different sources are on
one scale: the weight of a name near the cursor (`near.names_near`), times how surely the piece is what that name
means.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from posixpath import basename, dirname
from textwrap import dedent

from codegpt.context.edits import Region
from codegpt.context.imports import DEFAULT, EVERYTHING, Import, imports
from codegpt.context.near import CALLED, names_near
from codegpt.context.outline import Entry, outline
from codegpt.context.project import Defined, Facts, Project
from codegpt.context.resolve import resolve
from codegpt.context.similar import Similar
from codegpt.document import Document
from codegpt.languages import LANGUAGES
from codegpt.syntax import Syntax, parse

HOPS = 3
"""How often a name is followed that a file only passes on from another."""

IMPORTED, MEMBER, INHERITED, NAMED, OWN, USED, SIMILAR, RECENT, TESTED = 1.0, 0.6, 0.8, 0.7, 0.5, 0.5, 0.9, 0.5, 0.4
"""How sure it is that a piece matters, by how it was found."""

OUTSIDE = 0.4
"""How much what other packages define counts: the model may know them."""

UNUSED = 0.1
"""The weight of an imported name that is not near the cursor."""


@dataclass(frozen=True)
class Piece:
    """A definition of another place that may go into the prompt.

    Attributes:
        source: the name of the source that found it.
        score: how much it is worth; see the module.
    """

    path: str
    entry: Entry
    source: str
    score: float


@dataclass(frozen=True)
class Around:
    """What a document lies in, as an editor knows it.

    Attributes:
        name: of the project, as a prompt names it.
        path: of the document, in the project.
        opened: other files that are open, by path, as they are now; the one that was looked at last comes first.
        recent: regions that were edited last, the last one first.
    """

    project: Project = field(compare=False)
    name: str
    path: str
    opened: Mapping[str, str] = field(default_factory=dict)
    recent: tuple[Region, ...] = ()


@dataclass(frozen=True)
class Cursor:
    """A cursor in a file of a project."""

    document: Document
    offset: int
    around: Around
    _found: dict[str, tuple["Piece", ...]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def found(self, source: str) -> tuple["Piece", ...]:
        """What a source finds; looked for once, however often the budget changes.

        Of the cursor's own file only what reads the document itself: the project may still have it as it was saved.
        """
        if source not in self._found:
            live = source in (own.__name__, recent.__name__)
            pieces = SOURCES[source](self)
            self._found[source] = tuple(piece for piece in pieces if live or piece.path != self.path)
        return self._found[source]

    def looked(self, sources: Iterable[str]) -> "Cursor":
        """The same, after all of these have looked: the project is not asked any more."""
        for source in sources:
            self.found(source)
        return self

    @property
    def language(self) -> str:
        """The id of the document's language, by its path where the editor says none that we know."""
        return self.syntax.language.id if self.syntax else self.document.language

    @property
    def project(self) -> Project:
        """That the file lies in."""
        return self.around.project

    @property
    def path(self) -> str:
        """Of the file, in the project."""
        return self.around.path

    @cached_property
    def syntax(self) -> Syntax | None:
        """Of the document as it is now."""
        return parse(self.document)

    @cached_property
    def near(self) -> Mapping[str, float]:
        """The names around the cursor by weight."""
        return names_near(self.document, self.offset, LANGUAGES.get(self.language))

    @cached_property
    def imports(self) -> tuple[Import, ...]:
        """What the document imports."""
        return imports(self.syntax) if self.syntax else ()

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """What the document defines."""
        return outline(self.syntax) if self.syntax else ()

    def weight(self, name: str) -> float:
        """Of a name; `UNUSED` for one that is not near."""
        return self.near.get(name, UNUSED)


Source = Callable[[Cursor], Iterator[Piece]]


def imported(cursor: Cursor) -> Iterator[Piece]:
    """What the file's imports mean: the names, the members of classes, what is used of a module."""
    for each in cursor.imports:
        for found in meant(cursor.project, cursor.path, cursor.language, each):
            name = each.bound or found.entry.name
            weight = cursor.weight(name) if each.name else cursor.weight(found.entry.name)
            weight *= OUTSIDE if found.path.startswith("/") else 1
            if not each.name and weight <= UNUSED:
                continue  # of a module or an include only what is used
            yield Piece(found.path, found.entry, imported.__name__, IMPORTED * weight)
            yield from members(cursor, found, imported.__name__, MEMBER * weight)


def members(cursor: Cursor, of: Defined, source: str, score: float) -> Iterator[Piece]:
    """The methods of a class; one whose name is near the cursor counts as that name does."""
    facts = cursor.project.facts(of.path)
    for entry in facts.entries if facts else ():
        if entry.holder == of.entry.name and of.entry.start <= entry.start < of.entry.end:
            public = not entry.name.startswith("_") or entry.name in _CONSTRUCTORS
            own = cursor.near.get(entry.name, 0.0)
            yield Piece(of.path, entry, source, max(score if public else score / 4, IMPORTED * own))


_CONSTRUCTORS = ("__init__", "__call__", "__enter__", "constructor", "new", "initialize")


def meant(project: Project, path: str, language: str, wanted: Import, hops: int = HOPS) -> Iterator[Defined]:
    """The definitions that an import means; of a module or a file all that it defines at its top level."""
    for target in resolve(wanted, path, language, project) or project.outside(wanted, language):
        facts = project.facts(target)
        if facts is None:
            continue
        if not wanted.name or wanted.name == EVERYTHING:
            yield from (Defined(target, entry) for entry in facts.entries if not entry.holder)
            continue
        found = [entry for entry in facts.entries if entry.name == wanted.name and not entry.holder]
        if found or wanted.name == DEFAULT:
            yield from (Defined(target, entry) for entry in found or facts.entries[:1])
            return
        if hops and (passed := list(_passed_on(project, target, facts, wanted, hops - 1))):
            yield from passed
            return
        if language == "python" and basename(target).split(".")[0] in (wanted.name, "__init__"):
            yield from (Defined(target, entry) for entry in facts.entries if not entry.holder)


def _passed_on(project: Project, path: str, facts: Facts, wanted: Import, hops: int) -> Iterator[Defined]:
    for each in facts.imports:
        if each.bound == wanted.name and each.name:
            yield from meant(project, path, facts.language, each, hops)
        elif each.name == EVERYTHING:
            yield from meant(project, path, facts.language, Import(each.module, wanted.name, wanted.name), hops)


def named(cursor: Cursor) -> Iterator[Piece]:
    """What the names near the cursor may mean that nothing in the file defines or binds: mostly methods."""
    bound = {each.bound for each in cursor.imports} | {entry.name for entry in cursor.entries}
    for name, weight in cursor.near.items():
        if name in bound or len(name) < 3 or (cursor.syntax is None and _is_word(name)):
            continue
        found = [each for each in cursor.project.defining(name) if each.path != cursor.path]
        kin = [each for each in found if _is_kin(each.path, cursor.path)]
        for each in kin or found:
            yield Piece(each.path, each.entry, named.__name__, NAMED * weight / len(kin or found))


def _is_word(name: str) -> bool:
    """Whether a name may as well be a word of prose."""
    return name.isalpha() and (name.islower() or name.istitle())


def _is_kin(path: str, other: str) -> bool:
    """Whether two files lie in one folder, or one beneath the other's."""
    one, two = f"{dirname(path)}/", f"{dirname(other)}/"
    return one.startswith(two) or two.startswith(one)


def inherited(cursor: Cursor) -> Iterator[Piece]:
    """What the class around the cursor inherits from classes of other files."""
    if cursor.syntax is None:
        return
    around = {
        scope.name for scope in cursor.syntax.scopes_at(cursor.offset) if scope.kind in ("class", "interface", "impl")
    }
    for holder in (entry for entry in cursor.entries if entry.name in around):
        bases = frozenset(_NAMES.findall(_head_of(holder)))
        for each in cursor.imports:
            if each.bound in bases:
                for base in meant(cursor.project, cursor.path, cursor.language, each):
                    yield Piece(base.path, base.entry, inherited.__name__, INHERITED)
                    yield from members(cursor, base, inherited.__name__, INHERITED)


_NAMES = re.compile(r"[^\W\d]\w*")


def _head_of(holder: Entry) -> str:
    """What stands behind a class's name and before its body: among it what it inherits from."""
    behind = holder.signature.partition(holder.name)[2]
    closed = behind.find(")")
    return behind[: closed if behind.lstrip().startswith("(") and closed >= 0 else None].split("\n    ", 1)[0]


def own(cursor: Cursor) -> Iterator[Piece]:
    """What the file itself defines, for where the window around the cursor does not show it."""
    for entry in cursor.entries:
        if not entry.start <= cursor.offset <= entry.end:
            yield Piece(cursor.path, entry, own.__name__, OWN * cursor.weight(entry.name))


def tested(cursor: Cursor) -> Iterator[Piece]:
    """For a file of tests, the module that it is about, by its name."""
    stem, dot, extension = basename(cursor.path).partition(".")
    about = stem.removeprefix("test_").removesuffix("_test").removesuffix("_spec")
    if about == stem and not extension.startswith(("test.", "spec.")):
        return
    for path in cursor.project.ending(f"{about}{dot}{extension.removeprefix('test.').removeprefix('spec.')}"):
        facts = cursor.project.facts(path)
        if path == cursor.path or facts is None:
            continue
        for entry in facts.entries:
            yield Piece(path, entry, tested.__name__, TESTED * max(cursor.weight(entry.name), 0.5))


def used(cursor: Cursor) -> Iterator[Piece]:
    """How other files call the function whose arguments are being written, nearest files first."""
    name = next((name for name, weight in cursor.near.items() if weight == CALLED), "")
    if not name:
        return
    call = re.compile(rf"\b{re.escape(name)}\s*\(")
    paths = sorted(cursor.project.mentioning(name), key=lambda path: (-_in_common(path, cursor.path), path))
    found = 0
    for path in paths[:MOST_CALLERS]:
        text = cursor.project.text(path) if path != cursor.path else ""
        for match in call.finditer(text):
            piece = _lines_at(text, match.start())
            if "import" not in piece.signature and found < MOST_CALLS:
                found += 1
                yield Piece(path, piece, used.__name__, USED * CALLED / (1 + found))
                break


MOST_CALLERS, MOST_CALLS = 8, 3


def _lines_at(text: str, offset: int, lines: int = 3) -> Entry:
    """The line of a place and the next ones, as a piece of text."""
    start = text.rfind("\n", 0, offset) + 1
    end = start
    for _ in range(lines):
        end = text.find("\n", end) + 1 or len(text)
    return lines_entry(text[start:end], start, end)


def lines_entry(text: str, start: int, end: int) -> Entry:
    """Lines of a file that define nothing."""
    return Entry("", LINES, "", dedent(text).rstrip(), "", start, end)


LINES = "lines"
"""The kind of an entry that is no definition but text."""


def _in_common(path: str, other: str) -> int:
    pairs = zip(path.split("/"), other.split("/"), strict=False)
    return next((count for count, (one, two) in enumerate(pairs) if one != two), 0)


def similar(cursor: Cursor) -> Iterator[Piece]:
    """What is like the text at the cursor in the files that are open, imported, or beside this one."""
    texts = neighbours(cursor)
    for window in similar_in(tuple(texts.items())).like(cursor.document, cursor.offset, MOST_ALIKE):
        entry = lines_entry(window.text, window.start, window.end)
        yield Piece(window.path, entry, similar.__name__, SIMILAR * window.score)


MOST_ALIKE = 3
MOST_NEIGHBOURS = 12
MOST_CHARACTERS = 400_000


def neighbours(cursor: Cursor) -> dict[str, str]:
    """The texts that are looked through: what is open, what the file imports, and what lies beside it."""
    found = {path: text for path, text in cursor.around.opened.items() if path != cursor.path}
    imported_ = (
        path for each in cursor.imports for path in resolve(each, cursor.path, cursor.language, cursor.project)
    )
    for path in (*imported_, *cursor.project.within(dirname(cursor.path))):
        if len(found) >= MOST_NEIGHBOURS or sum(map(len, found.values())) > MOST_CHARACTERS:
            break
        if path != cursor.path and path not in found:
            found[path] = cursor.project.text(path)
    return {path: text for path, text in found.items() if len(text) <= MOST_CHARACTERS}


@lru_cache(maxsize=8)
def similar_in(texts: tuple[tuple[str, str], ...]) -> Similar:
    """The index of some texts; they stay the same from key to key."""
    return Similar(dict(texts))


def recent(cursor: Cursor) -> Iterator[Piece]:
    """What was edited last, elsewhere than in the text around the cursor."""
    for number, region in enumerate(cursor.around.recent):
        entry = lines_entry(region.text, region.start, region.start + len(region.text))
        yield Piece(region.file, entry, recent.__name__, RECENT / (1 + number))


_ALL = (imported, inherited, named, own, used, similar, recent, tested)
SOURCES: Mapping[str, Source] = {source.__name__: source for source in _ALL}
"""All of them, by name."""
