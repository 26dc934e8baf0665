"""Programs that raise from within the standard library, or because of how they use it."""

import math
import random

from codegpt.sandbox.corpus.honest.program import Case, Family, Honest, python

RAISES = "exception"


def empty_heap(rng: random.Random) -> Honest:
    """IndexError from a heap that runs empty."""
    source = """
    import heapq

    def smallest(numbers, k):
        heap = list(numbers)
        heapq.heapify(heap)
        return [heapq.heappop(heap) for _ in range(k)]
    """
    numbers = rng.sample(range(100), rng.randint(1, 9))
    size = len(numbers)
    return python(
        source, "smallest", [((numbers, size), sorted(numbers)), ((numbers, size + 1), sorted(numbers))], RAISES
    )


def no_match(rng: random.Random) -> Honest:
    """AttributeError: a pattern that did not match."""
    source = r"""
    import re

    def domain(address):
        return re.match(r"[\w.]+@sign@([\w.]+)$", address).group(1)
    """
    host = rng.choice(("example.org", "a.b.c"))
    cases: list[Case] = [((f"me@{host}",), host), (("nobody",), None)]
    return python(source, "domain", cases, RAISES, sign="@")


def frozen_instance(rng: random.Random) -> Honest:
    """FrozenInstanceError, an AttributeError, from a dataclass."""
    source = """
    from dataclasses import dataclass

    @dataclass(frozen=True)
    class Point:
        x: int
        y: int

    def moved(x, y, dx):
        point = Point(x, y)
        point.x += dx
        return point.x, point.y
    """
    x, y, dx = (rng.randint(-99, 99) for _ in range(3))
    return python(source, "moved", [((x, y, dx), (x + dx, y))], RAISES)


def abstract_class(rng: random.Random) -> Honest:
    """TypeError: an abstract class with a typed interface is instantiated."""
    source = """
    from abc import ABC, abstractmethod
    from typing import Optional

    class Shape(ABC):
        @abstractmethod
        def area(self) -> Optional[float]: ...

        @property
        @abstractmethod
        def name(self) -> str: ...

    class Square(Shape):
        def __init__(self, side: float) -> None:
            self.side = side

        def area(self) -> float:
            return self.side * self.side

    def area_of_square(side: float) -> float:
        return Square(side).area()
    """
    side = rng.randint(1, 99) / 2
    return python(source, "area_of_square", [((side,), math.pow(side, 2))], RAISES)


FAMILIES = {
    "empty_heap": Family(5, empty_heap),
    "no_match": Family(6, no_match),
    "frozen_instance": Family(4, frozen_instance),
    "abstract_class": Family(4, abstract_class),
}
