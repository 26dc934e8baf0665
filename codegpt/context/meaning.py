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
_DOTTED = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")


def meant(
    project: Project, path: str, language: str, wanted: Import, hops: int = HOPS, *, modules: bool = True
) -> Iterator[Defined]:
    """The definitions that an import means.

    Args:
        modules: of a module or a file, all that it defines at its top level; else nothing.
    """
    for target in resolve(wanted, path, language, project) or project.outside(wanted, language):
        facts = project.facts(target)
        if facts is None:
            continue
        if not wanted.name or wanted.name == EVERYTHING:
            yield from (Defined(target, entry) for entry in facts.entries if modules and not entry.holder)
            continue
        found = facts.by_name.get(wanted.name, ())
        if wanted.name == DEFAULT:
            found = found or facts.by_name.get(wanted.bound, ()) or _likely_default(facts)
        if found:
            yield from (Defined(target, entry) for entry in found)
            return
        if hops and (passed := list(_passed_on(project, target, facts, wanted, hops - 1, modules))):
            yield from passed
            return
        if modules and language == "python" and basename(target).split(".")[0] in (wanted.name, "__init__"):
            yield from (Defined(target, entry) for entry in facts.entries if not entry.holder)


Held = tuple[Defined, Sequence[Entry]]
"""A definition, and its members."""


def all_meant(project: Project, path: str, facts: Facts) -> Sequence[tuple[Import, Sequence[Held]]]:
    """The definitions that the imports of a file mean, each with its members; looked for once a state of the project.

    Args:
        facts: of the file.
    """

    def find() -> Sequence[tuple[Import, Sequence[Held]]]:
        return [
            (each, [(found, members_of(project, found)) for found in meant(project, path, facts.language, each)])
            for each in facts.imports
        ]

    return project.remember((all_meant.__name__, path, facts.language, facts.imports), find)


def _likely_default(facts: Facts) -> Sequence[Entry]:
    """What a script most likely exports as its default: its first class or function, else what it defines first."""
    top = [entry for entry in facts.entries if not entry.holder]
    return [entry for entry in top if entry.kind in ("class", "function")][:1] or top[:1]


def _passed_on(
    project: Project, path: str, facts: Facts, wanted: Import, hops: int, modules: bool
) -> Iterator[Defined]:
    for each in facts.imports:
        if each.bound == wanted.name and each.name:
            yield from meant(project, path, facts.language, each, hops, modules=modules)
        elif each.name == EVERYTHING:
            named = Import(each.module, wanted.name, wanted.name)
            yield from meant(project, path, facts.language, named, hops, modules=modules)


def known_as(project: Project, path: str, facts: Facts, name: str) -> Sequence[Defined]:
    """The definitions that a name means in a file: its own, or what it imports; ``a.B`` is the B of a module a."""
    if here := [Defined(path, entry) for entry in facts.by_name.get(name, ())]:
        return here
    module, _, last = name.rpartition(".")
    if module:
        wanted = [_within(each, last) for each in facts.imports if each.bound == module]
    else:
        wanted = [each for each in facts.imports if each.bound == name]
    return [found for each in wanted for found in meant(project, path, facts.language, each, modules=False)]


def _within(module: Import, name: str) -> Import:
    """What is called so in a module that a file has bound to a name."""
    if module.name in ("", EVERYTHING):
        return Import(module.module, name, name)
    dot = "" if module.module.endswith(".") else "."
    return Import(f"{module.module}{dot}{module.name}", name, name)


def members_of(project: Project, of: Defined) -> Sequence[Entry]:
    """The methods of a class; Go's stand outside of it."""
    facts = project.facts(of.path)
    members = facts.by_holder.get(of.entry.name, ()) if facts else ()
    return [entry for entry in members if not entry.holder or of.entry.start <= entry.start < of.entry.end]


def lineage(project: Project, of: Defined, facts: Facts | None = None) -> Sequence[Defined]:
    """A class, and the ones that it inherits from, nearest first; each once.

    Args:
        facts: of the file of the class, where that is not the one that the project knows.
    """
    found, last = {(of.path, of.entry.start): of}, [of]
    for _ in range(HOPS):
        bases = [
            base
            for each in last
            if (known := facts if each is of and facts else project.facts(each.path))
            for name in islice(names_behind(each.entry), MOST_BASES)
            for base in known_as(project, each.path, known, name)
        ]
        last = [base for base in bases if (base.path, base.entry.start) not in found]
        found |= {(base.path, base.entry.start): base for base in last}
    return tuple(found.values())


def names_behind(holder: Entry) -> Sequence[str]:
    """The names between a class's name and its body, among them those that it inherits from; of an impl its trait."""
    if holder.kind == "impl":
        trait, is_one, _ = holder.signature.partition(" for ")
        return _NAME.findall(trait.removeprefix("impl"))[:1] if is_one else []
    behind = holder.signature.partition(holder.name)[2]
    closed = behind.find(")")
    head = behind[: closed if behind.lstrip().startswith("(") and closed >= 0 else None].split("\n    ", 1)[0]
    return list(dict.fromkeys(_DOTTED.findall(head)))


def declared(text: str, name: str) -> Sequence[str]:
    """The names of classes and functions that a text declares a variable with, the last first.

    By how it is written: an annotation, a call that is assigned, a type before or behind the name, a property's type.
    """
    it = re.escape(name)
    written = re.compile(
        rf"\b{it}[ \t]*\??:[ \t]*(?P<annotation>(?:\[[^\]\n]{{0,80}}\]|[^\[=,;)\n]){{1,80}})"
        rf"|\b{it}[ \t]*(?::=|=)[ \t]*(?:await\s+|new\s+|&)?(?P<call>[^\W\d][\w.:]{{0,80}})[ \t]*(?:[({{]|(?<=\.new)$)"
        rf"|\b(?P<before>[A-Z]\w{{0,80}})(?:<[^<>\n]{{0,80}}>)?(?:[ \t]+[&*]?|[&*]+[ \t]*){it}\b"
        rf"|\b(?:var[ \t]+)?{it}[ \t]+\*?(?P<behind>(?:\w{{1,80}}\.)?[A-Z]\w{{0,80}})"
        rf"|\bdef {it}\([^()\n]{{0,80}}\)[ \t]*->[ \t]*(?P<returned>[^:\n]{{1,80}})",
        re.MULTILINE,
    )
    found: dict[str, None] = {}
    for match in reversed(list(written.finditer(text))):
        said = next(text for text in match.groups() if text)
        names = _NAME.findall(said)
        if match["call"]:  # a class, its method that makes one, or a function
            names = [*names[-1:], *[name for name in names[:-1] if name[0].isupper()]]
        found |= dict.fromkeys(names)
    return list(found)[:MOST_DECLARED]


_RETURNED = re.compile(r"(?:->|\)\s*:|\)(?=\s*\*?[\w.]+\Z))\s*(.+?):?\s*\Z", re.DOTALL)


def returned_by(function: Entry) -> Sequence[str]:
    """The names in the type that a function says it returns."""
    match = _RETURNED.search(function.signature)
    return _NAME.findall(match[1]) if match else []
