"""Right programs with classes, closures, decorators and the newer syntax; without an import, but for ``__future__``."""

import itertools
import random

from codegpt.sandbox.corpus.honest.program import Family, Honest, python


def vectors(rng: random.Random) -> Honest:
    """A class with ``__eq__``, ``__add__`` and ``__hash__``, used inside; plain numbers come out."""
    source = """
    class Vector:
        def __init__(self, x, y):
            self.x, self.y = x, y

        def __add__(self, other):
            return Vector(self.x + other.x, self.y + other.y)

        def __eq__(self, other):
            return isinstance(other, Vector) and (self.x, self.y) == (other.x, other.y)

        def __hash__(self):
            return hash((self.x, self.y))

    def walk(steps):
        here = Vector(0, 0)
        seen = {here}
        for dx, dy in steps:
            here = here + Vector(dx, dy)
            seen.add(here)
        return [here.x, here.y], len(seen), here == Vector(0, 0)
    """
    cases = []
    for _ in range(4):
        steps = [(rng.randint(-1, 1), rng.randint(-1, 1)) for _ in range(rng.randint(0, 40))]
        xs = [0, *itertools.accumulate(x for x, _ in steps)]
        ys = [0, *itertools.accumulate(y for _, y in steps)]
        cases.append(((steps,), ([xs[-1], ys[-1]], len(set(zip(xs, ys, strict=True))), xs[-1] == ys[-1] == 0)))
    return python(source, "walk", cases)


def bank_account(rng: random.Random) -> Honest:
    """An exception class of its own, raised and caught; the answer from sums chosen to fail or not."""
    source = """
    class InsufficientFunds(Exception):
        \"\"\"Raised when a withdrawal exceeds the balance.\"\"\"

        def __init__(self, needed):
            super().__init__(f"need {needed} more")
            self.needed = needed

    class Account:
        def __init__(self, balance=@start@):
            self._balance = balance

        @property
        def balance(self):
            return self._balance

        def withdraw(self, amount):
            if amount > self._balance:
                raise InsufficientFunds(amount - self._balance)
            self._balance -= amount

    def process(amounts):
        account = Account()
        messages = []
        for amount in amounts:
            try:
                account.withdraw(amount)
            except InsufficientFunds as e:
                messages.append(str(e))
        return account.balance, messages
    """
    start, spent, over = rng.randint(100, 999), rng.randint(0, 99), rng.randint(1, 9)
    amounts = [spent, start - spent + over, 0, start - spent]
    cases = [
        ((amounts,), (0, [f"need {over} more"])),
        (([],), (start, [])),
        (([start, 1, 2],), (0, ["need 1 more", "need 2 more"])),
    ]
    return python(source, "process", cases, start=start)


def closures(rng: random.Random) -> Honest:
    """Closures with ``nonlocal`` state, each with its own; the answer by formula."""
    source = """
    def make_counter(start, step=@step@):
        count = start - step

        def increment():
            nonlocal count
            count += step
            return count

        return increment

    def @entry@(start, times):
        a, b = make_counter(start), make_counter(0)
        return [(a(), b()) for _ in range(times)] + [(a(), None)]
    """
    step = rng.randint(-9, 9)
    cases = []
    for start, times in ((0, 0), (rng.randint(-9, 9), rng.randint(1, 9))):
        pairs: list[tuple[int, int | None]] = [(start + step * k, step * k) for k in range(times)]
        cases.append(((start, times), [*pairs, (start + step * times, None)]))
    return python(source, rng.choice(("run_counters", "count_up")), cases, step=step)


def linked_list(rng: random.Random) -> Honest:
    """A linked list with slots, iterated; the answer from ``reversed``."""
    source = """
    from __future__ import annotations


    class Node:
        __slots__ = ("value", "next")

        def __init__(self, value: int, next: Node | None = None) -> None:
            self.value = value
            self.next = next

        def __iter__(self):
            node = self
            while node is not None:
                yield node.value
                node = node.next


    def build(values: list[int]) -> Node | None:
        head: Node | None = None
        for value in reversed(values):
            head = Node(value, head)
        return head


    def @entry@(values: list[int]) -> list[int]:
        head, previous = build(values), None
        while head:
            head.next, previous, head = previous, head, head.next
        return list(previous or ())
    """
    lists = [[rng.randint(0, 99) for _ in range(size)] for size in (0, 1, rng.randint(2, 50))]
    entry = rng.choice(("reverse_linked", "reverse_list"))
    return python(source, entry, [((values,), values[::-1]) for values in lists])


def plugins(rng: random.Random) -> Honest:
    """Subclasses that enter themselves in a table, class methods, ``super`` and ``__getattr__``."""
    source = """
    class Shape:
        kinds = {}

        def __init_subclass__(cls, /, sides, **kwargs):
            super().__init_subclass__(**kwargs)
            cls.kinds[cls.__name__.lower()] = cls
            cls.sides = sides

        def __getattr__(self, name):
            if name.startswith("twice_"):
                return 2 * getattr(self, name.removeprefix("twice_"))
            raise AttributeError(name)

        @classmethod
        def named(cls, name):
            return cls.kinds[name]()

    class Triangle(Shape, sides=3):
        pass

    class Polygon(Shape, sides=@sides@):
        @staticmethod
        def label():
            return "many"

    def describe(name):
        shape = Shape.named(name)
        return shape.sides, shape.twice_sides, hasattr(shape, "label"), hasattr(shape, "area"), sorted(Shape.kinds)
    """
    sides, kinds = rng.randint(5, 99), ["polygon", "triangle"]
    cases = [(("triangle",), (3, 6, False, False, kinds)), (("polygon",), (sides, 2 * sides, True, False, kinds))]
    return python(source, "describe", cases, sides=sides)


FAMILIES = {
    "vectors": Family(6, vectors),
    "bank_account": Family(6, bank_account),
    "closures": Family(5, closures),
    "linked_list": Family(6, linked_list),
    "plugins": Family(4, plugins),
}
