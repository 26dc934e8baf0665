"""What the names of a file mean in its project, by its imports and by how it declares them; no types are inferred."""

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from posixpath import basename

from codegpt.context.imports import DEFAULT, EVERYTHING, Import
from codegpt.context.outline import Entry
from codegpt.context.project import Defined, Facts, Project
from codegpt.context.resolve import resolve

HOPS = 3
"""How often a name is followed that a file only passes on from another, or from a class to what it inherits from."""

MOST_BASES = 6
MOST_DECLARED = 6

_NAME = re.compile(r"[^\W\d]\w*")


def meant(project: Project, path: str, language: str, wanted: Import, hops: int = HOPS) -> Iterator[Defined]:
    """The definitions that an import means; of a module or a file all that it defines at its top level."""
    for target in resolve(wanted, path, language, project) or project.outside(wanted, language):
        facts = project.facts(target)
        if facts is None:
            continue
        if not wanted.name or wanted.name == EVERYTHING:
            yield from (Defined(target, entry) for entry in facts.entries if not entry.holder)
            continue
        found = facts.by_name.get(wanted.name, ())
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


def known_as(project: Project, path: str, facts: Facts, name: str) -> Sequence[Defined]:
    """The definitions that a name means in a file: its own, or what it imports."""
    here = [Defined(path, entry) for entry in facts.by_name.get(name, ())]
    bound = (each for each in facts.imports if each.bound == name)
    return here or [found for each in bound for found in meant(project, path, facts.language, each)]


def members_of(project: Project, of: Defined) -> Sequence[Entry]:
    """The methods of a class."""
    facts = project.facts(of.path)
    members = facts.by_holder.get(of.entry.name, ()) if facts else ()
    return [entry for entry in members if of.entry.start <= entry.start < of.entry.end]


def lineage(project: Project, of: Defined, hops: int = HOPS) -> Iterator[Defined]:
    """A class, and the ones that it inherits from."""
    yield of
    facts = project.facts(of.path)
    if facts is None or not hops:
        return
    for name in islice(names_behind(of.entry), MOST_BASES):
        for base in known_as(project, of.path, facts, name):
            if base != of:
                yield from lineage(project, base, hops - 1)


def names_behind(holder: Entry) -> Sequence[str]:
    """The names between a class's name and its body: among them those that it inherits from."""
    behind = holder.signature.partition(holder.name)[2]
    closed = behind.find(")")
    head = behind[: closed if behind.lstrip().startswith("(") and closed >= 0 else None].split("\n    ", 1)[0]
    return list(dict.fromkeys(_NAME.findall(head)))


def declared(text: str, name: str) -> Sequence[str]:
    """The names of classes and functions that a text declares a variable with, the last first.

    By how it is written: an annotation, a call that is assigned, a type before the name, or a property's type.
    """
    it = re.escape(name)
    written = re.compile(
        rf"\b{it}[ \t]*\??:[ \t]*(?P<annotation>(?:\[[^\]\n]{{0,80}}\]|[^\[=,;)\n]){{1,80}})"
        rf"|\b{it}[ \t]*(?::=|=)[ \t]*(?:await\s+|new\s+|&)?(?P<call>[^\W\d][\w.]{{0,80}})[ \t]*[({{]"
        rf"|\b(?P<before>[A-Z]\w{{0,80}})(?:<[^<>\n]{{0,80}}>)?[ \t]+[&*]?{it}\b"
        rf"|\bdef {it}\([^()\n]{{0,80}}\)[ \t]*->[ \t]*(?P<returned>[^:\n]{{1,80}})"
    )
    found: dict[str, None] = {}
    for match in reversed(list(written.finditer(text))):
        said = match["annotation"] or match["before"] or match["returned"] or match["call"].rpartition(".")[2]
        found |= dict.fromkeys(_NAME.findall(said))
    return list(found)[:MOST_DECLARED]


_RETURNED = re.compile(r"->\s*(.+?):?\s*\Z|\)\s*:\s*(.+?)\s*\Z", re.DOTALL)


def returned_by(function: Entry) -> Sequence[str]:
    """The names in the type that a function says it returns."""
    match = _RETURNED.search(function.signature)
    return _NAME.findall(match[1] or match[2]) if match else []
