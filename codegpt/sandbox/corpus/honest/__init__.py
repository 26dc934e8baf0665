"""The honest corpus: programs as a code model would write them for ordinary requests, and the right verdict on each.

Right, wrong and broken in ordinary ways; the sandbox must judge each of them as stated. None of them is hostile, none
runs out of time or memory. `FAMILIES` says how many of a thousand programs are of each kind; the weights are chosen so
that about 72 in 100 programs are right, and imports are as in generated code: about 45 in 100 import nothing, 25 one
light module, 15 typing, re or the like, and the rest heavier or absent modules, or they are JavaScript.
"""

import random
from dataclasses import replace

from codegpt.sandbox.corpus.honest import (
    algorithms,
    arithmetic,
    behaviour,
    broken,
    classes,
    concurrency,
    containers,
    failures,
    javascript,
    library,
    library_failures,
    light_imports,
    mistakes,
    patterns,
    searching,
    syntax,
    text,
    typed,
    values,
)
from codegpt.sandbox.corpus.honest.dressing import dress
from codegpt.sandbox.corpus.honest.program import Family, Honest

__all__ = ["FAMILIES", "Family", "Honest", "honest_programs"]

FAMILIES: dict[str, Family] = {
    **arithmetic.FAMILIES,
    **values.FAMILIES,
    **text.FAMILIES,
    **containers.FAMILIES,
    **algorithms.FAMILIES,
    **classes.FAMILIES,
    **syntax.FAMILIES,
    **behaviour.FAMILIES,
    **light_imports.FAMILIES,
    **searching.FAMILIES,
    **typed.FAMILIES,
    **patterns.FAMILIES,
    **concurrency.FAMILIES,
    **library.FAMILIES,
    **mistakes.FAMILIES,
    **failures.FAMILIES,
    **library_failures.FAMILIES,
    **broken.FAMILIES,
    **javascript.FAMILIES,
}


def honest_programs(count: int, seed: int) -> tuple[Honest, ...]:
    """Draw programs, each family as often as its weight says, rounded up or down.

    The draw is systematic: the families lie one after another on a line, each as long as its weight, and programs are
    taken at equal distances from a random start. So a thousand programs hold every family at its weight exactly.

    Args:
        count: How many programs.
        seed: The same count and seed give the same programs.

    Returns:
        The programs, in random order, with names of their own.
    """
    rng = random.Random(f"honest {count} {seed}")
    names = list(FAMILIES)
    rng.shuffle(names)
    total = sum(family.per_thousand for family in FAMILIES.values())
    start = rng.randrange(total)
    programs: list[Honest] = []
    end = 0
    for name in names:
        taken = -((start - end * count) // total)
        end += FAMILIES[name].per_thousand
        programs.extend(_written(name, number, seed) for number in range(-((start - end * count) // total) - taken))
    rng.shuffle(programs)
    return tuple(programs)


def _written(name: str, number: int, seed: int) -> Honest:
    """One program; it depends on its name and the seed alone."""
    rng = random.Random(f"{name} {number} {seed}")
    return replace(dress(FAMILIES[name].write(rng), rng), name=f"{name}-{number:03d}")
