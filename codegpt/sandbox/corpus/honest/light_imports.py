"""Right programs that import a light module: collections, itertools, functools, math, copy, datetime, io."""

import datetime
import itertools
import math
import random

from codegpt.sandbox.corpus.honest.program import Family, Honest, python


def anagrams(rng: random.Random) -> Honest:
    """Groups of anagrams by ``defaultdict``; the groups are drawn."""
    source = """
    from collections import defaultdict

    def group_anagrams(words):
        groups = defaultdict(list)
        for word in words:
            groups["".join(sorted(word))].append(word)
        return sorted(groups.values())
    """
    letters = ["".join(chosen) for chosen in rng.sample(list(itertools.combinations("abcdef", 4)), 5)]
    groups = [sorted({"".join(rng.sample(chosen, 4)) for _ in range(rng.randint(1, 6))}) for chosen in letters]
    words = [word for row in itertools.zip_longest(*groups) for word in row if word]
    return python(source, "group_anagrams", [((words,), sorted(groups)), (([],), [])])


def top_words(rng: random.Random) -> Honest:
    """The most common words by ``Counter``; the counts are drawn, all different."""
    source = """
    from collections import Counter

    def @entry@(text, n=@n@):
        counts = Counter(text.lower().split())
        return counts.most_common(n), dict(counts - Counter(counts.keys()))
    """
    n = rng.randint(1, 5)
    counts = dict(
        zip(
            rng.sample(["the", "a", "of", "to", "é", "in", "кот"], 5),
            sorted(rng.sample(range(1, 12), 5))[::-1],
            strict=True,
        )
    )
    words = [word for word, count in counts.items() for _ in range(count)]
    text = " \t".join(rng.choice((word, word.upper())) for word in rng.sample(words, len(words)))
    answer = (list(counts.items())[:n], {word: count - 1 for word, count in counts.items() if count > 1})
    return python(source, rng.choice(("top_words", "word_frequency")), [((text,), answer), (("",), ([], {}))], n=n)


def window_maxima(rng: random.Random) -> Honest:
    """Maxima of windows by a deque; the answer by slices."""
    source = """
    import collections

    def max_sliding_window(nums, k):
        queue = collections.deque()
        result = []
        for i, n in enumerate(nums):
            while queue and nums[queue[-1]] <= n:
                queue.pop()
            queue.append(i)
            if queue[0] == i - k:
                queue.popleft()
            if i >= k - 1:
                result.append(nums[queue[0]])
        return result
    """
    numbers = [rng.randint(-9, 9) for _ in range(rng.randint(8, 60))]
    cases = [((numbers, k), [max(numbers[i : i + k]) for i in range(len(numbers) - k + 1)]) for k in (1, 2, 7)]
    return python(source, "max_sliding_window", cases)


def named_tuples(rng: random.Random) -> Honest:
    """A namedtuple used inside; plain tuples come out."""
    source = """
    from collections import namedtuple

    Item = namedtuple("Item", ["name", "price", "count"], defaults=[1])

    def invoice(rows):
        items = [Item(*row) for row in rows]
        dearest = max(items, key=lambda item: item.price, default=None)
        total = sum(item.price * item.count for item in items)
        return total, dearest and dearest._replace(count=0)._asdict()
    """
    prices, count = rng.sample(range(1, 500), 3), rng.randint(2, 9)
    rows = [("a", prices[0]), ("b", prices[1], count), ("c", prices[2])]
    best = max(zip(prices, "abc", strict=True))
    answer = (sum(prices) + (count - 1) * prices[1], {"name": best[1], "price": best[0], "count": 0})
    return python(source, "invoice", [((rows,), answer), (([],), (0, None))])


def iterator_tools(rng: random.Random) -> Honest:
    """``groupby``, ``accumulate`` and ``product``; the answer from loops and runs drawn."""
    source = """
    import itertools

    def analyse(bits):
        runs = [(bit, sum(1 for _ in run)) for bit, run in itertools.groupby(bits)]
        ends = list(itertools.accumulate(n for _, n in runs))
        firsts = list(itertools.islice(itertools.product("xy", repeat=len(runs) % 4), 3))
        return runs, ends, firsts
    """
    bit, runs, ends = rng.randint(0, 1), [], [0]
    for _ in range(rng.randint(1, 9)):
        runs.append((bit, rng.randint(1, 9)))
        ends.append(ends[-1] + runs[-1][1])
        bit = 1 - bit
    width = len(runs) % 4
    words = [tuple("xy"[n >> place & 1] for place in reversed(range(width))) for n in range(min(3, 2**width))]
    bits = [bit for bit, count in runs for _ in range(count)]
    return python(source, "analyse", [((bits,), (runs, ends[1:], words)), (([],), ([], [], [()]))])


def reductions(rng: random.Random) -> Honest:
    """``reduce``, ``partial`` and ``operator``; the answer from ``math``."""
    source = """
    from functools import partial, reduce
    from operator import mul, itemgetter

    product = partial(reduce, mul)

    def factor_pairs(pairs):
        return product(map(itemgetter(0), pairs), 1), product([b for _, b in pairs], @start@)
    """
    start = rng.randint(-5, 5)
    pairs = [(rng.randint(-99, 99), rng.randint(1, 10**9)) for _ in range(rng.randint(1, 30))]
    answer = (math.prod(a for a, _ in pairs), start * math.prod(b for _, b in pairs))
    return python(source, "factor_pairs", [((pairs,), answer), (([],), (1, start))], start=start)


def grid_paths(rng: random.Random) -> Honest:
    """Paths through a grid by ``lru_cache``; the answer from ``math.comb``."""
    source = """
    from functools import @cache@

    @@cache@@call@
    def @entry@(m, n):
        if m == 1 or n == 1:
            return 1
        return @entry@(m - 1, n) + @entry@(m, n - 1)
    """
    cache, call = rng.choice((("lru_cache", "(maxsize=None)"), ("lru_cache", ""), ("cache", "")))
    entry = rng.choice(("unique_paths", "count_paths", "paths"))
    sizes = [(1, 1), (rng.randint(2, 9), rng.randint(2, 9)), (rng.randint(20, 60), rng.randint(20, 60))]
    cases = [(size, math.comb(sum(size) - 2, size[0] - 1)) for size in sizes]
    return python(source, entry, cases, cache=cache, call=call)


def geometry(rng: random.Random) -> Honest:
    """Distances that are whole, from Pythagorean triples."""
    source = """
    import math

    class Point:
        def __init__(self, x, y):
            self.x = x
            self.y = y

        def distance(self, other):
            return math.sqrt((self.x - other.x) ** 2 + (self.y - other.y) ** 2)

    def perimeter(points):
        corners = [Point(*p) for p in points]
        return sum(a.distance(b) for a, b in zip(corners, corners[1:] + corners[:1])), math.isqrt(len(points) ** 2)
    """
    cases = []
    for a, b, c in ((3, 4, 5), (5, 12, 13), (8, 15, 17)):
        k, x, y = rng.randint(1, 99), rng.randint(-99, 99), rng.randint(-99, 99)
        cases.append((([(x, y), (x + k * a, y), (x, y + k * b)],), (float(k * (a + b + c)), 3)))
    return python(source, "perimeter", cases)


def deep_copies(rng: random.Random) -> Honest:
    """``copy.deepcopy`` keeps the original; the answer states both."""
    source = """
    import copy

    def updated(board, row, column, value):
        changed = copy.deepcopy(board)
        changed[row][column] = value
        return {"before": board, "after": changed, "shared": changed[0] is board[0]}
    """
    size, value = rng.randint(1, 6), rng.choice(("X", 1, None))
    row, column = rng.randrange(size), rng.randrange(size)
    after = [[value if (r, c) == (row, column) else 0 for c in range(size)] for r in range(size)]
    board = [[0] * size for _ in range(size)]
    answer = {"before": [[0] * size for _ in range(size)], "after": after, "shared": False}
    return python(source, "updated", [((board, row, column, value), answer)])


def calendar_days(rng: random.Random) -> Honest:
    """Days by ``datetime``; the answer from ordinal numbers."""
    source = """
    from datetime import date, datetime, timedelta

    def schedule(start, days):
        first = datetime.strptime(start, "%Y-%m-%d").date()
        last = first + timedelta(days=days)
        return [last.isoformat(), last.weekday(), (last - date(2000, 1, 1)).days, f"{first:%d/%m/%y}"]
    """
    cases = []
    for _ in range(4):
        ordinal, days = rng.randint(700_000, 760_000), rng.randint(-2000, 2000)
        year, month, day = str(datetime.date.fromordinal(ordinal)).split("-")
        last = datetime.date.fromordinal(ordinal + days)
        answer = [str(last), (ordinal + days + 6) % 7, ordinal + days - 730_120, f"{day}/{month}/{year[2:]}"]
        cases.append(((f"{year}-{month}-{day}", days), answer))
    return python(source, "schedule", cases)


def text_buffers(rng: random.Random) -> Honest:
    """``StringIO`` and ``BytesIO`` as files; the answer by joining."""
    source = """
    import io

    def render(rows):
        out = io.StringIO(newline="")
        for row in rows:
            print(*row, sep="@sep@", file=out)
        out.seek(0)
        first = out.readline()
        return first, out.read(), len(io.BytesIO(out.getvalue().encode("utf-16-le")).read())
    """
    sep, rows = rng.choice((",", ";", "\\t", "→")), [[rng.randint(0, 99) for _ in range(3)] for _ in range(4)]
    mark = "\t" if sep == "\\t" else sep
    lines = [mark.join(map(str, row)) + "\n" for row in rows]
    answer = (lines[0], "".join(lines[1:]), 2 * sum(map(len, lines)))
    return python(source, "render", [((rows,), answer), (([],), ("", "", 0))], sep=sep)


FAMILIES = {
    "anagrams": Family(14, anagrams),
    "top_words": Family(15, top_words),
    "window_maxima": Family(8, window_maxima),
    "named_tuples": Family(8, named_tuples),
    "iterator_tools": Family(12, iterator_tools),
    "reductions": Family(8, reductions),
    "grid_paths": Family(12, grid_paths),
    "geometry": Family(15, geometry),
    "deep_copies": Family(4, deep_copies),
    "calendar_days": Family(5, calendar_days),
    "text_buffers": Family(5, text_buffers),
}
