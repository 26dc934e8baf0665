"""Right programs on lists, tuples, sets, dicts and None, without an import."""

import operator
import random

from codegpt.sandbox.corpus.honest.program import Family, Honest, python


def _numbers(rng: random.Random, most: int = 12) -> list[int]:
    return [rng.randint(-99, 99) for _ in range(rng.randint(1, most))]


def flattened(rng: random.Random) -> Honest:
    """A nested list made by wrapping parts of a flat one, which is the answer."""
    source = """
    def flatten(nested):
        flat = []
        for item in nested:
            if isinstance(item, (list, tuple)):
                flat.extend(flatten(item))
            else:
                flat.append(item)
        return flat
    """
    cases: list[tuple[tuple[list[object]], list[object]]] = [(([],), []), (([[], [()]],), [])]
    for depth in (1, 3, 40):
        flat: list[object] = [*_numbers(rng), None, "ab", True, 2.5]
        nested = list(flat)
        for _ in range(depth):
            cut = rng.randrange(len(nested) + 1)
            nested = [*nested[:cut], nested[cut:]] if rng.random() < 0.5 else [nested, (), []]
        cases.append(((nested,), flat))
    return python(source, "flatten", cases)


def chunks(rng: random.Random) -> Honest:
    """Cutting a list; the pieces are drawn, and the list is made of them."""
    source = """
    def @entry@(items, size=@size@):
        if size <= 0:
            raise ValueError("size must be positive")
        return [items[i:i + size] for i in range(0, len(items), size)]
    """
    size = rng.randint(1, 6)
    cases: list[tuple[tuple[list[int]], list[list[int]]]] = [(([],), [])]
    for _ in range(4):
        pieces = [[rng.randint(0, 9) for _ in range(size)] for _ in range(rng.randint(1, 5))]
        pieces.append([rng.randint(0, 9) for _ in range(rng.randint(1, size))])
        cases.append((([item for piece in pieces for item in piece],), pieces))
    return python(source, rng.choice(("chunk", "split_list", "batches")), cases, size=size)


def tuple_keys(rng: random.Random) -> Honest:
    """Two dicts with tuples for keys, added together; the answer from parts drawn apart."""
    source = """
    def add_grids(first, second):
        merged = dict(first)
        for point, value in second.items():
            merged[point] = merged.get(point, 0) + value
        return merged
    """
    cases = []
    for _ in range(4):
        points: list[object] = [(rng.randint(0, 99), y) for y in range(6)]
        points[0] = ((), frozenset({1}), None)
        left = {point: rng.randint(1, 9) for point in points[:2]}
        right = {point: rng.randint(1, 9) for point in points[4:]}
        shared = {point: (rng.randint(1, 9), rng.randint(1, 9)) for point in points[2:4]}
        total = {**left, **{point: a + b for point, (a, b) in shared.items()}, **right}
        first = {**left, **{point: a for point, (a, _) in shared.items()}}
        cases.append(((first, {**{point: b for point, (_, b) in shared.items()}, **right}), total))
    return python(source, "add_grids", cases)


def set_algebra(rng: random.Random) -> Honest:
    """Sets and frozensets in the answer, from regions drawn apart."""
    source = """
    def compare(a, b):
        common = set()
        for item in a:
            if item in b:
                common.add(item)
        return {"common": common, "either": frozenset(set(a) | set(b)), "only": (set(a) - common, set(b) - common)}
    """
    cases = []
    for _ in range(4):
        drawn: list[object] = [*rng.sample(range(1000), 9), "a", ("b", 2), None, frozenset({3, "c"})]
        rng.shuffle(drawn)
        left, both, right = set(drawn[:4]), set(drawn[4:8]), set(drawn[8:])
        answer = {"common": both, "either": frozenset(drawn), "only": (left, right)}
        cases.append(((left | both, both | right), answer))
    return python(
        source, "compare", [*cases, (([], ()), {"common": set(), "either": frozenset(), "only": (set(), set())})]
    )


def transposed(rng: random.Random) -> Honest:
    """The transpose of a matrix given by a formula."""
    source = """
    def transpose(matrix):
        rows = len(matrix)
        cols = len(matrix[0]) if rows else 0
        result = [[0] * rows for _ in range(cols)]
        for r in range(rows):
            for c in range(cols):
                result[c][r] = matrix[r][c]
        return result
    """
    cases: list[tuple[tuple[list[list[int]]], list[list[int]]]] = [(([],), [])]
    for _ in range(4):
        rows, columns, k = rng.randint(1, 7), rng.randint(1, 7), rng.randint(2, 99)
        matrix = [[k * r + c * c for c in range(columns)] for r in range(rows)]
        cases.append(((matrix,), [[k * r + c * c for r in range(rows)] for c in range(columns)]))
    return python(source, "transpose", cases)


def sorted_records(rng: random.Random) -> Honest:
    """Sorting by two keys, one downwards; the answer by two stable sorts."""
    source = """
    def rank(people):
        \"\"\"Oldest first, then by name.\"\"\"
        return sorted(people, key=lambda p: (-p["age"], p["name"]))
    """
    cases = []
    for _ in range(4):
        people = [{"name": f"{rng.choice('ABÇdé')}{n}", "age": rng.randint(20, 24)} for n in range(rng.randint(0, 9))]
        answer = sorted(people, key=operator.itemgetter("name"))
        answer.sort(key=operator.itemgetter("age"), reverse=True)
        cases.append(((people,), answer))
    return python(source, "rank", cases)


def in_place(rng: random.Random) -> Honest:
    """A function that works on its argument and returns None, as asked."""
    source = """
    def @entry@(items):
        left, right = 0, len(items) - 1
        while left < right:
            items[left], items[right] = items[right], items[left]
            left += 1
            right -= 1
    """
    return python(source, rng.choice(("reverse_in_place", "reverse_list")), [((_numbers(rng),), None), (([],), None)])


def generated(rng: random.Random) -> Honest:
    """Generators, one inside the other, turned into a list; the answer by formula."""
    source = """
    def countdown(n):
        while n > 0:
            yield n
            n -= 1

    def pairs(n):
        for i in countdown(n):
            yield from ((i, j) for j in countdown(i) if (i + j) % @step@ == 0)
        return None

    def @entry@(n):
        return list(pairs(n))
    """
    step = rng.randint(1, 5)
    sizes = [0, 1, rng.randint(2, 9), rng.randint(10, 25)]
    right = [[(i, i - k) for i in range(n, 0, -1) for k in range(i) if (2 * i - k) % step == 0] for n in sizes]
    cases = [((size,), pairs) for size, pairs in zip(sizes, right, strict=True)]
    return python(source, rng.choice(("all_pairs", "list_pairs")), cases, step=step)


def starred(rng: random.Random) -> Honest:
    """Star arguments, keyword-only defaults and unpacking; the answer from the parts drawn."""
    source = """
    def join_all(*parts, sep=", ", end=@end@, **options):
        assert not options
        return sep.join(map(str, parts)) + end

    def @entry@(*args):
        first, *middle, last = args
        return join_all(first, *middle, last, **{"sep": @sep@}), [*middle], (last, first)
    """
    end, sep = rng.choice(("!", "", "\n", "é")), rng.choice(("-", "", "::"))
    cases = []
    for count in (2, 3, 8):
        texts = [str(rng.randint(0, 99)) for _ in range(count)]
        cases.append((tuple(texts), (sep.join(texts) + end, texts[1:-1], (texts[-1], texts[0]))))
    return python(source, rng.choice(("combine", "summary")), cases, end=repr(end), sep=repr(sep))


def inverted(rng: random.Random) -> Honest:
    """A dict turned round, with keys of several types; 1 and True would be one key."""
    source = """
    def invert(mapping):
        inverted = {}
        for key, value in mapping.items():
            inverted.setdefault(value, []).append(key)
        return inverted
    """
    cases = []
    for _ in range(4):
        names = iter(rng.sample(range(10_000), 40))
        values: list[object] = [True, "a", 2.5, None, (1, "x"), b"\x00\xff"]
        answer = {value: [next(names) for _ in range(rng.randint(1, 4))] for value in rng.sample(values, 4)}
        cases.append((({name: value for value, group in answer.items() for name in group},), answer))
    return python(source, "invert", cases)


def optional_results(rng: random.Random) -> Honest:
    """None for what is not there, told from zero and from the empty string."""
    source = """
    def find_all(table, names, default=None):
        found = [table.get(name, default) for name in names]
        missing = [name for name in names if name not in table]
        return found, missing or None
    """
    table: dict[str, object] = {"zero": 0, "empty": "", "no": False, "nothing": None, "n": rng.randint(1, 99)}
    cases: list[tuple[tuple[dict[str, object], list[str]], tuple[list[object], list[str] | None]]]
    cases = [((table, list(table)), (list(table.values()), None)), (({}, []), ([], None))]
    absent = f"absent{rng.randint(0, 999)}"
    cases.append(((table, [absent, "zero"]), ([None, 0], [absent])))
    return python(source, "find_all", cases)


FAMILIES = {
    "flattened": Family(5, flattened),
    "chunks": Family(6, chunks),
    "tuple_keys": Family(4, tuple_keys),
    "set_algebra": Family(4, set_algebra),
    "transposed": Family(5, transposed),
    "sorted_records": Family(6, sorted_records),
    "in_place": Family(4, in_place),
    "generated": Family(5, generated),
    "starred": Family(5, starred),
    "inverted": Family(4, inverted),
    "optional_results": Family(5, optional_results),
}
