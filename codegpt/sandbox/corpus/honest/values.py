"""Right programs whose values are at the edges of their types: -0.0, the largest floats, booleans that are integers."""

import math
import random

from codegpt.sandbox.corpus.honest.program import Family, Honest, python


def negative_zero(rng: random.Random) -> Honest:
    """Halving towards zero keeps the sign of -0.0."""
    source = """
    def scale_all(values, factor):
        \"\"\"Multiply every value by factor.\"\"\"
        return [value * factor for value in values]
    """
    values = [0.0, -0.0, rng.randint(1, 99) / 4]
    factor = -float(rng.choice((1, 2, 4)))
    product = math.ldexp(-values[2], int(math.log2(-factor)))
    return python(source, "scale_all", [((values, factor), [-0.0, 0.0, product]), (([], factor), [])])


def kinds_of_values(rng: random.Random) -> Honest:
    """Booleans are integers, but are to be told apart here."""
    source = """
    def classify(value):
        if value is None:
            return "none"
        if isinstance(value, bool):
            return "bool"
        elif isinstance(value, int):
            return "int"
        elif isinstance(value, float):
            return "float"
        return type(value).__name__

    def @entry@(values):
        return {"kinds": [classify(v) for v in values], "all": all(values), "truthy": [bool(v) for v in values]}
    """
    known: list[tuple[object, str]] = [
        (True, "bool"),
        (1, "int"),
        (0, "int"),
        (None, "none"),
        (1.0, "float"),
        ("1", "str"),
        (1j, "complex"),
    ]
    known += [(False, "bool"), (b"", "bytes"), ((), "tuple"), ({0}, "set"), (frozenset(), "frozenset")]
    cases = []
    for _ in range(5):
        drawn = rng.sample(known, rng.randint(1, 8))
        truthy = [value not in (0, None, b"", (), frozenset()) for value, _ in drawn]
        answer = {"kinds": [kind for _, kind in drawn], "all": False not in truthy, "truthy": truthy}
        cases.append((([value for value, _ in drawn],), answer))
    return python(source, rng.choice(("describe", "inspect_values")), cases)


def complex_products(rng: random.Random) -> Honest:
    """Complex products; the answer from the parts."""
    source = """
    def product(numbers):
        result = 1 + 0j
        for z in numbers:
            result *= z
        return result
    """
    cases = []
    for _ in range(5):
        a, b, c, d = (rng.randint(-9, 9) or 1 for _ in range(4))
        cases.append((([complex(a, b), complex(c, d)],), complex(a * c - b * d, a * d + b * c)))
    return python(source, "product", [*cases, (([],), 1 + 0j)])


def edges_of_types(rng: random.Random) -> Honest:
    """Values where one representation ends and the next begins, moved about and nested."""
    source = """
    def rotate(values, steps=@steps@):
        steps %= len(values) or 1
        turned = values[steps:] + values[:steps]
        return {"values": turned, "last": (turned[-1:], ((),)), "deep": [[[[turned[:1]]]]]}
    """
    edges: list[object] = [
        2**53 + 1,
        10**18 - 1,
        10**18,
        -(10**18),
        2**63,
        -(2**64) - 1,
        5e-324,
        -1.7976931348623157e308,
    ]
    edges += [
        0.1 + 0.2,
        1e16,
        123456789.0,
        "",
        "\x00",
        "\u2028",
        b"",
        b"\x00\xff",
        1e-7,
        -0.0,
        complex(-0.0, 2.5),
        None,
    ]
    edges += [(1,), [[]], {}, {"": {(): frozenset({frozenset()})}}, {True: "one"}, {1.5: None}, {0, "0"}, "\r\n"]
    cases = []
    steps = rng.randint(0, 3)
    for size in (5, 9):
        drawn = rng.sample(edges, size)
        turned = [drawn[(place + steps) % size] for place in range(size)]
        cases.append(((drawn,), {"values": turned, "last": ([turned[-1]], ((),)), "deep": [[[[[turned[0]]]]]]}))
    return python(source, "rotate", cases, steps=steps)


FAMILIES = {
    "negative_zero": Family(4, negative_zero),
    "kinds_of_values": Family(4, kinds_of_values),
    "complex_products": Family(4, complex_products),
    "edges_of_types": Family(5, edges_of_types),
}
