"""Programs that cannot be judged by their answers: broken syntax, exits, and imports of what is not there."""

import random
from dataclasses import replace

from codegpt.sandbox.corpus.honest.program import Case, Family, Honest, python

BROKEN = "syntax error"
EXITS = "exited early"
LACKS = "unavailable"

_WHOLE = """
def @entry@(numbers, limit=@limit@):
    \"\"\"Sum of the numbers up to limit.\"\"\"
    total = 0
    for number in numbers:
        if number <= limit and (number % 2 == 0 or number > @low@):
            total += number
    message = "total: {}".format(total)
    print(message)
    return total
"""


def _whole(rng: random.Random, verdict: str) -> Honest:
    """A right program to be broken, with a call."""
    limit = rng.randint(50, 99)
    cases: list[Case] = [(([limit, limit + 1],), limit)]
    entry = rng.choice(("limited_sum", "bounded_total"))
    return python(_WHOLE, entry, cases, verdict, limit=limit, low=rng.randint(2, 9))


def cut_off(rng: random.Random) -> Honest:
    """The text ends in the middle, as when the last token allowed was spent."""
    program = _whole(rng, BROKEN)
    mark = rng.choice(
        (
            ':\n    "',
            "up to",
            "for number",
            "in numbers:\n",
            "(number % 2",
            "or number",
            "total +",
            '"total: {',
            ".format(",
        )
    )
    end = program.source.index(mark) + len(mark)
    if mark == "total +":
        end = program.source.index("total += number") + len("total +=")
    return replace(program, source=program.source[:end])


def bad_indentation(rng: random.Random) -> Honest:
    """One line too far in or out, or tabs mixed with blanks."""
    program = _whole(rng, BROKEN)
    old, new = rng.choice(
        (
            ("    total = 0", "      total = 0"),
            ("        if number", "    if number"),
            ("            total +=", "        total +="),
            ("    message", "   message"),
            ("    for number", "\tfor number"),
        )
    )
    return replace(program, source=program.source.replace(old, new, 1))


def unbalanced(rng: random.Random) -> Honest:
    """A bracket, a quote or a colon too many or too few."""
    program = _whole(rng, BROKEN)
    old, new = rng.choice(
        (
            ("numbers:", "numbers"),
            ("and (", "and ("[:-1]),
            ("and (", "and (("),
            ("print(message)", "print message"),
            ('"total: {}"', '"total: {}'),
            ("limit)", "limit]") if "limit)" in program.source else ("format(", "format["),
            ("total = 0", "total == = 0"),
            ("return total", "return total }"),
        )
    )
    return replace(program, source=program.source.replace(old, new, 1))


def fenced_answer(rng: random.Random) -> Honest:
    """Prose, a fence of Markdown or another language around the program."""
    program = _whole(rng, BROKEN)
    before, after = rng.choice(
        (
            ("Here is the function you asked for:\n\n", ""),
            ("```python\n", "```\n"),
            ("", "```\nThis function sums the numbers.\n"),
            ("", "\nconsole.log(`${limit}`);\n"),
            ("", "\n<|endoftext|>"),
            ("", "\nreturn None\n"),
            ("", "\nclass = 3\n"),
        )
    )
    return replace(program, source=before + program.source + after)


def exit_in_function(rng: random.Random) -> Honest:
    """``sys.exit`` where the function should return or raise."""
    source = """
    import sys

    def @entry@(text):
        if not text.isdigit():
            print("invalid input", file=sys.stderr)
            @leave@
        return int(text)
    """
    leave = rng.choice(("sys.exit(1)", "sys.exit()", 'sys.exit("bad input")', "raise SystemExit", "sys.exit(0)"))
    number = rng.randint(0, 999)
    cases: list[Case] = [((str(number),), number), (("x",), None), (("7",), 7)]
    return python(source, rng.choice(("parse", "read_number")), cases, EXITS, leave=leave)


def exit_by_name(rng: random.Random) -> Honest:
    """``exit()`` and ``quit()``, which Python's site module puts there for people at the prompt."""
    source = """
    def menu(choice):
        if choice == "q":
            @leave@
        return choice.upper()
    """
    leave = rng.choice(("exit()", "quit()", "exit(0)"))
    return python(source, "menu", [(("a",), "A"), (("q",), None)], EXITS, leave=leave)


def main_at_import(rng: random.Random) -> Honest:
    """A script that runs and exits when it is loaded, without asking for ``__main__``."""
    source = """
    import sys

    def double(n):
        return n * 2

    def main():
        print(double(@n@))
        return @status@

    @last@
    """
    n = rng.randint(1, 99)
    last = rng.choice(("sys.exit(main())", "main()\n\nsys.exit()", 'if __name__ != "":\n    sys.exit(main())'))
    return python(source, "double", [((n,), n + n)], EXITS, n=n, status=rng.choice((0, 1, None)), last=last)


def third_party(rng: random.Random) -> Honest:
    """A package that is not of the standard library, imported at the top."""
    source = """
    import @package@ as lib

    def total(values):
        return lib.@call@(values)
    """
    package, call = rng.choice(
        (("numpy", "sum"), ("pandas", "Series"), ("requests", "post"), ("scipy.stats", "mode"), ("sympy", "Add"))
    )
    return python(source, "total", [(([1, 2],), 3)], LACKS, package=package, call=call)


def sibling_module(rng: random.Random) -> Honest:
    """A module of the project that the program was cut from."""
    source = """
    from @module@ import load_settings, Settings

    def width(text):
        return len(text) * Settings.scale
    """
    module = rng.choice(("my_project.settings", "settings_of_app", "app.core.models", "solution_part_one"))
    return python(source, "width", [(("ab",), 2)], LACKS, module=module)


def late_import(rng: random.Random) -> Honest:
    """A package imported inside the function, for one kind of argument only."""
    source = """
    def dot(a, b):
        if len(a) > 2:
            import numpy as np
            return int(np.dot(a, b))
        return sum(x * y for x, y in zip(a, b))
    """
    a, b = ([rng.randint(-9, 9) for _ in range(4)] for _ in "ab")
    short = a[0] * b[0] + a[1] * b[1]
    return python(source, "dot", [((a[:2], b[:2]), short), ((a, b), short + a[2] * b[2] + a[3] * b[3])], LACKS)


FAMILIES = {
    "cut_off": Family(13, cut_off),
    "bad_indentation": Family(8, bad_indentation),
    "unbalanced": Family(8, unbalanced),
    "fenced_answer": Family(6, fenced_answer),
    "exit_in_function": Family(10, exit_in_function),
    "exit_by_name": Family(3, exit_by_name),
    "main_at_import": Family(7, main_at_import),
    "third_party": Family(14, third_party),
    "sibling_module": Family(7, sibling_module),
    "late_import": Family(4, late_import),
}
