"""The files of a project as facts: what each defines, imports and mentions. Pure; `index` keeps them on disk.

Paths are relative to the project's root, with ``/``.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Protocol, TypeVar

from codegpt.context.imports import Import, imports_at, statements
from codegpt.context.outline import Entry, outline, receiver_of
from codegpt.document import Document, Span, encode_utf8
from codegpt.syntax import Syntax, parse

Header = tuple[tuple[Span, tuple[Import, ...]], ...]
"""Statements, and what each imports."""

LARGEST = 1 << 20
"""Bytes of a file; what is larger was not written by hand."""

SHORTEST_NAME = 3
"""Characters; shorter names say nothing of what is meant."""


@dataclass(frozen=True)
class Facts:
    """What a file defines and imports."""

    language: str
    entries: tuple[Entry, ...] = ()
    imports: tuple[Import, ...] = ()

    @cached_property
    def by_name(self) -> Mapping[str, Sequence[Entry]]:
        """What the file defines at its top level, by name."""
        return _grouped((entry.name, entry) for entry in self.entries if not entry.holder)

    @cached_property
    def by_holder(self) -> Mapping[str, Sequence[Entry]]:
        """The members of what it defines, by the name of what they are in."""
        held = ((entry.holder or receiver_of(entry), entry) for entry in self.entries)
        return _grouped((holder, entry) for holder, entry in held if holder)


def _grouped(pairs: Iterable[tuple[str, Entry]]) -> Mapping[str, Sequence[Entry]]:
    found: dict[str, list[Entry]] = {}
    for name, entry in pairs:
        found.setdefault(name, []).append(entry)
    return found


@dataclass(frozen=True)
class Parsed:
    """All that an index keeps of a file.

    Attributes:
        mentions: the names that it uses and does not define, sorted.
    """

    facts: Facts
    mentions: tuple[str, ...]


@lru_cache(maxsize=32)
def parsed(document: Document) -> Parsed | None:
    """What a document says; None where there is no grammar for it, or it is too large to be parsed.

    The last ones are kept: what else is open in an editor is the same from key to key.
    """
    syntax = parse.__wrapped__(document)  # the tree is not needed again
    if syntax is None:
        return None
    facts, _ = _said(syntax)
    defined = {entry.name for entry in facts.entries}
    used = {reference.name for reference in syntax.references}
    return Parsed(facts, tuple(sorted(name for name in used - defined if len(name) >= SHORTEST_NAME)))


@lru_cache(maxsize=4)
def facts_and_header(document: Document) -> tuple[Facts, Header] | None:
    """What a document defines and imports, and the statements at its top that import something; None as above."""
    syntax = parse.__wrapped__(document)
    return None if syntax is None else _said(syntax)


def _said(syntax: Syntax) -> tuple[Facts, Header]:
    found = imports_at(syntax)
    facts = Facts(syntax.language.id, outline(syntax), tuple(each for _, each in found))
    return facts, statements(syntax, found)


@dataclass(frozen=True)
class Defined:
    """A definition and where it is."""

    path: str
    entry: Entry


Answer = TypeVar("Answer")


class Files(Protocol):
    """Which files there are."""

    def has(self, path: str) -> bool:
        """Whether there is a file of exactly this path."""
        ...

    def ending(self, suffix: str) -> Sequence[str]:
        """The files whose last parts are these, nearest to the root first."""
        ...

    def within(self, directory: str) -> Sequence[str]:
        """The files directly in a directory, sorted."""
        ...


class Project(Files, Protocol):
    """One state of a project's files; asked twice, it says the same."""

    def outside(self, wanted: Import, language: str) -> Sequence[str]:
        """The files of other packages that an import names, as absolute paths; none where none is known."""
        ...

    def facts(self, path: str) -> Facts | None:
        """What is known of a file, of one outside too; None where nothing is."""
        ...

    def defining(self, name: str) -> Sequence[Defined]:
        """All definitions of a name, sorted by path and place; none where there are more than `MOST_DEFINITIONS`."""
        ...

    def mentioning(self, name: str) -> Sequence[str]:
        """The files that use a name which they do not define, sorted; at most `MOST_MENTIONS`."""
        ...

    def text(self, path: str, largest: int = LARGEST) -> str:
        """What a file says, without its secrets; "" where it is not to be read, or has more bytes than `largest`."""
        ...

    def remember(self, question: Hashable, find: Callable[[], Answer]) -> Answer:
        """What was found for a question about this state of the project; found if it is not known."""
        ...


MOST_DEFINITIONS = 50
"""A name of more is `run` or `__init__`, and says nothing of which is meant."""

MOST_MENTIONS = 200


@dataclass(frozen=True)
class Snapshot:
    """A project in memory: for one that is small, and as the twin of `index.Index`."""

    texts: Mapping[str, str]

    @cached_property
    def _parsed(self) -> dict[str, Parsed]:
        found = ((path, self._parse(path)) for path in sorted(self.texts))
        return {path: each for path, each in found if each is not None}

    def _parse(self, path: str) -> Parsed | None:
        """What a file says; looked at once it is asked for."""
        return self.remember((parsed, path), lambda: parsed(Document(self.texts[path], path)))

    @cached_property
    def _by_name(self) -> dict[str, list[Defined]]:
        found: dict[str, list[Defined]] = {}
        for path, each in self._parsed.items():
            for entry in each.facts.entries:
                found.setdefault(entry.name, []).append(Defined(path, entry))
        return found

    @cached_property
    def _by_mention(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for path, each in self._parsed.items():
            for name in each.mentions:
                found.setdefault(name, []).append(path)
        return found

    @cached_property
    def _by_last_part(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for path in sorted(self.texts, key=nearest_first):
            found.setdefault(path.rpartition("/")[2], []).append(path)
        return found

    def has(self, path: str) -> bool:
        """See `Files`."""
        return path in self.texts

    def ending(self, suffix: str) -> Sequence[str]:
        """See `Files`."""
        return [
            path
            for path in self._by_last_part.get(suffix.rpartition("/")[2], ())
            if path == suffix or path.endswith(f"/{suffix}")
        ]

    def within(self, directory: str) -> Sequence[str]:
        """See `Files`."""
        return sorted(path for path in self.texts if path.rpartition("/")[0] == directory)

    def outside(self, wanted: Import, language: str) -> Sequence[str]:
        """None."""
        return ()

    def facts(self, path: str) -> Facts | None:
        """See `Project`."""
        known = self._parse(path) if path in self.texts else None
        return None if known is None else known.facts

    def defining(self, name: str) -> Sequence[Defined]:
        """See `Project`."""
        found = self._by_name.get(name, [])
        return found if len(found) <= MOST_DEFINITIONS else ()

    def mentioning(self, name: str) -> Sequence[str]:
        """See `Project`."""
        return self._by_mention.get(name, [])[:MOST_MENTIONS]

    def text(self, path: str, largest: int = LARGEST) -> str:
        """See `Project`."""
        text = self.texts.get(path, "")
        return text if len(encode_utf8(text)) <= largest else ""

    @cached_property
    def _known(self) -> dict[Hashable, Any]:
        return {}

    def remember(self, question: Hashable, find: Callable[[], Answer]) -> Answer:
        """See `Project`."""
        if question not in self._known:
            self._known[question] = find()
        answer: Answer = self._known[question]
        return answer


def nearest_first(path: str) -> tuple[int, str]:
    """The order of files of which the one nearest to the root is most likely meant."""
    return path.count("/"), path


@dataclass(frozen=True)
class Live:
    """A project in which some files are open and changed: what an editor holds counts more than what is on disk."""

    base: Project
    opened: Mapping[str, str]

    @cached_property
    def _opened(self) -> Snapshot:
        return Snapshot(self.opened)

    def has(self, path: str) -> bool:
        """See `Files`."""
        return path in self.opened or self.base.has(path)

    def ending(self, suffix: str) -> Sequence[str]:
        """See `Files`."""
        return sorted({*self.base.ending(suffix), *self._opened.ending(suffix)}, key=nearest_first)

    def within(self, directory: str) -> Sequence[str]:
        """See `Files`."""
        return sorted({*self.base.within(directory), *self._opened.within(directory)})

    def outside(self, wanted: Import, language: str) -> Sequence[str]:
        """See `Project`."""
        return self.base.outside(wanted, language)

    def facts(self, path: str) -> Facts | None:
        """See `Project`."""
        return (self._opened if path in self.opened else self.base).facts(path)

    def defining(self, name: str) -> Sequence[Defined]:
        """See `Project`."""
        saved = [each for each in self.base.defining(name) if each.path not in self.opened]
        return sorted((*saved, *self._opened.defining(name)), key=lambda each: (each.path, each.entry.start))

    def mentioning(self, name: str) -> Sequence[str]:
        """See `Project`."""
        saved = [path for path in self.base.mentioning(name) if path not in self.opened]
        return sorted((*saved, *self._opened.mentioning(name)))[:MOST_MENTIONS]

    def text(self, path: str, largest: int = LARGEST) -> str:
        """See `Project`."""
        return (self._opened if path in self.opened else self.base).text(path, largest)

    @cached_property
    def _state(self) -> Hashable:
        return frozenset((path, hash(text)) for path, text in self.opened.items())  # the texts are not to be kept

    def remember(self, question: Hashable, find: Callable[[], Answer]) -> Answer:
        """See `Project`; while nothing else that is open changes, it is the same."""
        return self.base.remember((question, self._state), find)
