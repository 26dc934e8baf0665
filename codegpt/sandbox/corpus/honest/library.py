"""Right programs that import heavy modules: dataclasses, fractions, decimal, statistics, random, tempfile, pathlib."""

import random
import zlib

from codegpt.sandbox.corpus.honest.program import Family, Honest, python


def inventory(rng: random.Random) -> Honest:
    """Dataclasses with defaults, ordering and ``asdict``."""
    source = """
    from dataclasses import dataclass, field, asdict

    @dataclass(order=True, frozen=True)
    class Item:
        sort_key: tuple = field(init=False, repr=False)
        name: str
        price: int
        tags: list = field(default_factory=list, compare=False)

        def __post_init__(self):
            object.__setattr__(self, "sort_key", (-self.price, self.name))

    def catalogue(rows):
        items = sorted(Item(name, price) for name, price in rows)
        return [repr(item) for item in items[:2]], [asdict(item)["sort_key"] for item in items]
    """
    rows = [(f"{rng.choice('abc')}{n}", rng.randint(1, 9)) for n in range(rng.randint(2, 9))]
    keys = sorted((-price, name) for name, price in rows)
    shown = [f"Item(name='{name}', price={-key}, tags=[])" for key, name in keys[:2]]
    return python(source, "catalogue", [((rows,), (shown, keys)), (([],), ([], []))])


def annotated_dataclass(rng: random.Random) -> Honest:
    """Dataclass annotations kept as text, which dataclasses look up in ``sys.modules``."""
    source = """
    from __future__ import annotations

    from dataclasses import dataclass, replace, fields
    from typing import ClassVar


    @dataclass(slots=True)
    class Money:
        amount: int
        currency: str = "EUR"
        rates: ClassVar[dict[str, int]] = {"EUR": 1, "XXX": @rate@}

        def __add__(self, other: Money) -> Money:
            return replace(self, amount=self.amount + other.amount * self.rates[other.currency])


    def total(amounts: list[tuple[int, str]]) -> tuple[int, str, list[str]]:
        result = Money(0)
        for amount, currency in amounts:
            result = result + Money(amount, currency)
        return result.amount, result.currency, [f.name for f in fields(Money)]
    """
    rate, euros, others = rng.randint(2, 9), rng.randint(-99, 99), rng.randint(-99, 99)
    cases = [(([(euros, "EUR"), (others, "XXX")],), (euros + rate * others, "EUR", ["amount", "currency"]))]
    return python(source, "total", [*cases, (([],), (0, "EUR", ["amount", "currency"]))], rate=rate)


def exact_fractions(rng: random.Random) -> Honest:
    """Sums of fractions that telescope, as text."""
    source = """
    from fractions import Fraction

    def @entry@(n):
        total = sum((Fraction(1, k * (k + 1)) for k in range(1, n + 1)), Fraction(0))
        return str(total), total.numerator, float(total) <= 1
    """
    sizes = [1, rng.randint(2, 30), rng.randint(31, 200)]
    entry = rng.choice(("series", "telescoping_sum"))
    return python(source, entry, [((n,), (f"{n}/{n + 1}", n, True)) for n in sizes])


def money(rng: random.Random) -> Honest:
    """Decimals rounded half up, as text; the answer in whole cents."""
    source = """
    from decimal import Decimal, ROUND_HALF_UP, getcontext

    getcontext().prec = 50

    def add_tax(price, percent="@percent@"):
        gross = Decimal(price) * (1 + Decimal(percent) / 100)
        return str(gross.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP))
    """
    percent, cases = rng.randint(1, 30), []
    for _ in range(4):
        cents = rng.randint(0, 10 ** rng.choice((3, 20)))
        gross = (cents * (100 + percent) * 2 + 100) // 200
        cases.append(((f"{cents // 100}.{cents % 100:02d}",), f"{gross // 100}.{gross % 100:02d}"))
    return python(source, "add_tax", cases, percent=percent)


def averages(rng: random.Random) -> Honest:
    """Mean, median and variance of evenly spaced numbers, by formula."""
    source = """
    import statistics

    def describe(numbers):
        if len(numbers) < 2:
            raise statistics.StatisticsError("two numbers at least")
        return {
            "mean": statistics.mean(numbers),
            "median": statistics.median(numbers),
            "variance": statistics.pvariance(numbers),
            "mode": statistics.mode(numbers + numbers[:1]),
        }
    """
    cases = []
    for _ in range(3):
        half, start, step = rng.randint(1, 20), rng.randint(-99, 99), rng.randint(1, 9)
        numbers = [start + step * k for k in range(2 * half + 1)]
        rng.shuffle(numbers)
        middle = start + step * half
        spread = step * step * half * (half + 1) // 3 if half * (half + 1) % 3 == 0 else None
        answer = {"mean": middle, "median": middle, "variance": spread, "mode": numbers[0]}
        if spread is not None:
            cases.append(((numbers,), answer))
    numbers = [0, 4, 8]
    return python(source, "describe", [*cases, ((numbers,), {"mean": 4, "median": 4, "variance": 32 / 3, "mode": 0})])


def seeded_dice(rng: random.Random) -> Honest:
    """A seeded generator; Python documents that ``random()`` gives the same numbers ever after."""
    source = """
    import random

    def roll(times, seed=@seed@):
        random.seed(seed)
        dice = [int(random.random() * 6) + 1 for _ in range(times)]
        own = random.Random("text")
        return dice, own.random()
    """
    seed, text = rng.randint(0, 10**9), random.Random("text").random()
    cases: list[tuple[tuple[int], tuple[list[int], float]]] = []
    for times in (0, 3, rng.randint(4, 60)):
        dice = random.Random(seed)
        cases.append(((times,), ([int(dice.random() * 6) + 1 for _ in range(times)], text)))
    return python(source, "roll", cases, seed=seed)


def temporary_file(rng: random.Random) -> Honest:
    """A file written and read in a temporary directory."""
    source = """
    import os
    import tempfile

    def round_trip(lines):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "data.txt")
            with open(path, "w", encoding="utf-8") as f:
                f.writelines(line + "\\n" for line in lines)
            with open(path, "a", encoding="utf-8") as f:
                f.write("end")
            size = os.path.getsize(path)
            with open(path, encoding="utf-8") as f:
                read = f.read().split("\\n")
        return read, size, os.path.exists(path)
    """
    lines = rng.choices(("a", "é", "日本", "\U0001f600", ""), k=rng.randint(1, 50))
    size = sum({"a": 1, "é": 2, "日本": 6, "\U0001f600": 4, "": 0}[line] + 1 for line in lines) + 3
    return python(source, "round_trip", [((lines,), ([*lines, "end"], size, False)), (([],), (["end"], 3, False))])


def scratch_file(rng: random.Random) -> Honest:
    """A binary file under /tmp by ``pathlib``, removed again; the answer from another checksum of the same bytes."""
    source = """
    from pathlib import Path
    import zlib

    def checksum(data, name="@name@.bin"):
        path = Path("/tmp") / name
        path.write_bytes(data * 3)
        try:
            return zlib.crc32(path.read_bytes()), path.stat().st_size, path.suffix
        finally:
            path.unlink()
    """
    blocks = [b"", rng.randbytes(rng.randint(1, 5000))]
    cases = [
        ((data,), (zlib.crc32(data, zlib.crc32(data, zlib.crc32(data))), 3 * len(data), ".bin")) for data in blocks
    ]
    return python(source, "checksum", cases, name=f"honest-{rng.getrandbits(64):x}")


FAMILIES = {
    "inventory": Family(24, inventory),
    "annotated_dataclass": Family(9, annotated_dataclass),
    "exact_fractions": Family(5, exact_fractions),
    "money": Family(6, money),
    "averages": Family(6, averages),
    "seeded_dice": Family(14, seeded_dice),
    "temporary_file": Family(4, temporary_file),
    "scratch_file": Family(4, scratch_file),
}
