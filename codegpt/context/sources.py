"""Where context comes from: each source is a pure function from a place in a project to pieces of other text, by worth.

A source may be switched off (`SOURCES`), so that what it is worth can be measured. Scores of different sources are on
one scale: the weight of a name near the cursor (`Cursor.weight`), times how surely the piece is what that name means.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from posixpath import basename

from codegpt.context.cursor import UNUSED, Cursor, Piece, Source
from codegpt.context.meaning import all_meant, declared, known_as, lineage, meant, members_of, returned_by
from codegpt.context.outline import Entry
from codegpt.context.project import Defined
from codegpt.context.snippets import header, recent, similar, used
from codegpt.document import Document

IMPORTED, MEMBER, RECEIVED, INHERITED, TESTED = 1.0, 0.6, 0.6, 0.8, 0.4
"""How sure it is that a piece matters, by how it was found."""

OUTSIDE = 0.4
"""How much what other packages define counts: the model may know them."""


def imported(cursor: Cursor) -> Iterator[Piece]:
    """What the file's imports mean: the names, the members of classes, what is used of a module."""
    for each, meanings in all_meant(cursor.project, cursor.path, cursor.facts):
        for found, held in meanings:
            name = each.bound or found.entry.name
            weight = cursor.weight(name) if each.name else cursor.weight(found.entry.name)
            weight *= OUTSIDE if found.path.startswith("/") else 1
            if not each.name and weight <= UNUSED:
                continue  # of a module or an include only what is used
            yield Piece(found.path, found.entry, imported.__name__, IMPORTED * weight)
            yield from members(cursor, found.path, held, imported.__name__, MEMBER * weight)


def members(cursor: Cursor, path: str, held: Sequence[Entry], source: str, score: float) -> Iterator[Piece]:
    """The methods of a class; one whose name is near the cursor counts as that name does."""
    for entry in held:
        public = not entry.name.startswith("_") or entry.name in _CONSTRUCTORS
        yield Piece(path, entry, source, max(score if public else score / 4, IMPORTED * cursor.weight(entry.name)))


_CONSTRUCTORS = ("__init__", "__call__", "__enter__", "constructor", "new", "initialize")


def received(cursor: Cursor) -> Iterator[Piece]:
    """The members of what stands before the dot at the cursor: of a module, a class, or those that it may be of."""
    text = cursor.document.text
    before = _RECEIVER.search(text, max(0, cursor.offset - LONGEST_NAME), cursor.offset)
    if before is None:
        return
    found: list[Defined] = []
    for each in cursor.imports:
        if before[1] in (each.bound, "" if each.name else each.bound.rpartition(".")[2]):
            named = list(meant(cursor.project, cursor.path, cursor.language, each, modules=False))
            found += [member for what in named if what.entry.kind != "function" for member in _members(cursor, what)]
            found += () if named else meant(cursor.project, cursor.path, cursor.language, each)
    for name in declared(text, before[1]):
        for kind in _classes(cursor, name):
            found += _members(cursor, kind)
    for path, entry in ((each.path, each.entry) for each in found):
        yield Piece(path, entry, received.__name__, RECEIVED + cursor.weight(entry.name))


def _members(cursor: Cursor, of: Defined) -> list[Defined]:
    """Of a class, and of what it inherits from."""
    bases = lineage(cursor.project, of, cursor.facts if of.path == cursor.path else None)
    return [Defined(base.path, entry) for base in bases for entry in members_of(cursor.project, base)]


_RECEIVER = re.compile(r"([^\W\d]\w*)\s*[?!&]?(?:\.|->|::)\s*\w*\Z")
LONGEST_NAME = 200
MOST_PLACES = 3
"""Of a class that is not imported; of a name with more of them none is likely meant."""


def _classes(cursor: Cursor, name: str) -> Iterator[Defined]:
    """The classes that a name means at the cursor; for a function, those that it says it returns."""
    found = known_as(cursor.project, cursor.path, cursor.facts, name) or cursor.project.defining(name)
    for each in found if len({each.path for each in found}) <= MOST_PLACES else ():
        if each.entry.kind not in ("function", "method"):
            yield each
        elif facts := cursor.project.facts(each.path):
            for returned in returned_by(each.entry):
                yield from known_as(cursor.project, each.path, facts, returned)


def inherited(cursor: Cursor) -> Iterator[Piece]:
    """What the class around the cursor inherits from classes of other files."""
    for holder in _around(cursor):
        for base in lineage(cursor.project, Defined(cursor.path, holder), cursor.facts)[1:]:
            yield Piece(base.path, base.entry, inherited.__name__, INHERITED)
            yield from members(cursor, base.path, members_of(cursor.project, base), inherited.__name__, INHERITED)


def _around(cursor: Cursor) -> Iterator[Entry]:
    """The classes that the cursor stands in, or right behind, with an indentation that belongs to them."""
    text, document = cursor.document.text, cursor.document
    indent = _indent_at(document, cursor.offset)
    for entry in cursor.entries:
        inside = entry.start <= cursor.offset <= entry.end
        behind = entry.end < cursor.offset and not text[entry.end : cursor.offset].strip()
        if entry.kind in _INHERITING and (inside or (behind and indent > _indent_at(document, entry.start))):
            yield entry


_INHERITING = ("class", "interface", "impl")


def _indent_at(document: Document, offset: int) -> int:
    line = document.line_text(document.line_at(offset))
    return len(line) - len(line.lstrip())


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


_ALL = (imported, received, inherited, used, similar, recent, tested, header)
SOURCES: Mapping[str, Source] = {source.__name__: source for source in _ALL}
"""All of them, by name."""

OF_THE_DOCUMENT = (recent, header)
"""Those that read the cursor's own file as it is now; the project may still have it as it was saved."""
