"""Right programs that import typing or enum, as answers to interview questions do."""

import random

from codegpt.sandbox.corpus.honest.program import Family, Honest, python


def two_sum(rng: random.Random) -> Honest:
    """A class named Solution with a typed method; the pair is drawn, and no other sums to the target."""
    source = """
    from typing import Dict, List


    class Solution:
        def twoSum(self, nums: List[int], target: int) -> List[int]:
            seen: Dict[int, int] = {}
            for i, num in enumerate(nums):
                if target - num in seen:
                    return [seen[target - num], i]
                seen[num] = i
            return []


    def two_sum(nums: List[int], target: int) -> List[int]:
        return Solution().twoSum(nums, target)
    """
    cases = []
    for _ in range(4):
        numbers = [2 * number for number in rng.sample(range(1000), rng.randint(2, 30))]
        first, second = sorted(rng.sample(range(len(numbers)), 2))
        numbers[first] += 1  # the only odd number and the only one with this partner
        cases.append(((numbers, numbers[first] + numbers[second]), [first, second]))
        cases.append(((numbers, -1), []))
    return python(source, "two_sum", cases)


def merged_intervals(rng: random.Random) -> Honest:
    """Merging intervals; the merged ones are drawn and then cut up."""
    source = """
    from typing import List, Tuple

    Interval = Tuple[int, int]

    def merge(intervals: List[Interval]) -> List[Interval]:
        \"\"\"Merge overlapping intervals.

        >>> merge([(1, 3), (2, 6)])
        [(1, 6)]
        \"\"\"
        merged: List[Interval] = []
        for start, end in sorted(intervals):
            if merged and start <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(merged[-1][1], end))
            else:
                merged.append((start, end))
        return merged
    """
    cases: list[tuple[tuple[list[tuple[int, int]]], list[tuple[int, int]]]] = [(([],), [])]
    for _ in range(4):
        marks = sorted(rng.sample(range(-500, 500), 2 * rng.randint(1, 8)))
        whole = list(zip(marks[::2], marks[1::2], strict=True))
        middles = [(start, rng.randint(start, end), end) for start, end in whole]
        cut = [piece for start, middle, end in middles for piece in ((start, middle), (middle, end))]
        rng.shuffle(cut)
        cases.append(((cut,), whole))
    return python(source, "merge", cases)


def binary_trees(rng: random.Random) -> Honest:
    """A tree of optional nodes; the answer about a full tree, by formula."""
    source = """
    from __future__ import annotations
    from typing import Iterator, Optional


    class TreeNode:
        def __init__(self, val: int = 0, left: Optional[TreeNode] = None, right: Optional[TreeNode] = None):
            self.val = val
            self.left = left
            self.right = right


    def insert(root: Optional[TreeNode], val: int) -> TreeNode:
        if root is None:
            return TreeNode(val)
        if val < root.val:
            root.left = insert(root.left, val)
        else:
            root.right = insert(root.right, val)
        return root


    def in_order(root: Optional[TreeNode]) -> Iterator[int]:
        if root:
            yield from in_order(root.left)
            yield root.val
            yield from in_order(root.right)


    def height(root: Optional[TreeNode]) -> int:
        return 0 if root is None else 1 + max(height(root.left), height(root.right))


    def tree_sort(values: list[int]) -> tuple[list[int], int]:
        root = None
        for value in values:
            root = insert(root, value)
        return list(in_order(root)), height(root)
    """
    cases: list[tuple[tuple[list[int]], tuple[list[int], int]]] = [(([],), ([], 0))]
    for levels in (1, rng.randint(2, 5)):
        k, base = rng.randint(1, 9), rng.randint(-99, 99)
        numbers = [(2 * n + 1) << (levels - 1 - level) for level in range(levels) for n in range(2**level)]
        order = [base + k * number for number in numbers]
        cases.append(((order,), ([base + k * n for n in range(1, 2**levels)], levels)))
    rising = list(range(rng.randint(2, 90)))
    return python(source, "tree_sort", [*cases, ((rising,), (rising, len(rising)))])


def generic_stack(rng: random.Random) -> Honest:
    """Generics, protocols and casts; the answer from a list."""
    source = """
    from typing import Any, Callable, Generic, Protocol, TypeVar, Union, cast, overload

    T = TypeVar("T")


    class Sized(Protocol):
        def __len__(self) -> int: ...


    class Stack(Generic[T]):
        def __init__(self) -> None:
            self._items: list[T] = []

        def push(self, item: T) -> None:
            self._items.append(item)

        def pop(self) -> T:
            return self._items.pop()

        def __len__(self) -> int:
            return len(self._items)


    OPERATORS: dict[str, Callable[[int, int], int]] = {
        "+": lambda a, b: a + b,
        "-": lambda a, b: a - b,
        "*": lambda a, b: a * b,
    }


    def depth(of: Sized) -> int:
        return len(of)


    def rpn(expression: str) -> Union[int, None]:
        stack: Stack[int] = Stack()
        for token in expression.split():
            if token in OPERATORS:
                b, a = stack.pop(), stack.pop()
                stack.push(OPERATORS[token](a, b))
            else:
                stack.push(int(token))
        return cast(int, stack.pop()) if depth(stack) == 1 else None
    """
    a, b, c = (rng.randint(-99, 99) for _ in range(3))
    cases: list[tuple[tuple[str], int | None]]
    cases = [((f"{a} {b} + {c} *",), (a + b) * c), ((f"{a} {b} {c} - *",), a * (b - c)), ((f"{a} {b}",), None)]
    return python(source, "rpn", [*cases, ((str(c),), c)])


def typed_records(rng: random.Random) -> Honest:
    """A typed namedtuple and a typed dict inside; plain values come out."""
    source = """
    from typing import Literal, NamedTuple, TypedDict

    class Reading(NamedTuple):
        sensor: str
        value: float
        unit: Literal["C", "F"] = "C"

    class Summary(TypedDict, total=False):
        count: int
        highest: float
        sensors: list[str]

    def summarise(rows: list[tuple[str, float]]) -> Summary:
        readings = [Reading(name, value) for name, value in rows]
        if not readings:
            return Summary(count=0)
        return {
            "count": len(readings),
            "highest": max(r.value for r in readings),
            "sensors": sorted({r.sensor for r in readings if r.unit == "C"}),
        }
    """
    values = rng.sample(range(-400, 400), rng.randint(1, 20))
    rows = [(rng.choice("wxyz"), value / 4) for value in values]
    names = [name for name in "wxyz" if any(row[0] == name for row in rows)]
    answer = {"count": len(values), "highest": max(values) / 4, "sensors": names}
    return python(source, "summarise", [((rows,), answer), (([],), {"count": 0})])


def traffic_lights(rng: random.Random) -> Honest:
    """An enum as a state machine; names and values come out."""
    source = """
    from enum import Enum, Flag, auto

    class Light(Enum):
        RED = "stop"
        GREEN = "go"
        AMBER = "wait"

        def next(self):
            members = list(Light)
            return members[(members.index(self) + 1) % len(members)]

    class Right(Flag):
        READ = auto()
        WRITE = auto()

    def @entry@(start, steps):
        light = Light[start]
        for _ in range(steps):
            light = light.next()
        return light.name, light.value, (Right.READ | Right.WRITE).value, Light("go") is Light.GREEN
    """
    states = [("RED", "stop"), ("GREEN", "go"), ("AMBER", "wait")]
    cases = []
    for first in range(3):
        steps = rng.randint(0, 200)
        cases.append(((states[first][0], steps), (*states[(first + steps) % 3], 3, True)))
    return python(source, rng.choice(("simulate", "light_after")), cases)


FAMILIES = {
    "two_sum": Family(22, two_sum),
    "merged_intervals": Family(16, merged_intervals),
    "binary_trees": Family(14, binary_trees),
    "generic_stack": Family(7, generic_stack),
    "typed_records": Family(6, typed_records),
    "traffic_lights": Family(6, traffic_lights),
}
