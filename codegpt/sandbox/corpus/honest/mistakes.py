"""Programs that run to their end and return something else than was asked for."""

import bisect
import collections
import itertools
import math
import random

from codegpt.sandbox.corpus.honest.program import Case, Family, Honest, python

WRONG = "wrong answer"


def off_by_one(rng: random.Random) -> Honest:
    """A range that ends one too early."""
    source = """
    def @entry@(n):
        \"\"\"Return the sum of the integers from 1 to n inclusive.\"\"\"
        total = 0
        for i in range(1, n):
            total += i
        return total
    """
    entry = rng.choice(("sum_to_n", "total", "add_up"))
    return python(source, entry, [((n,), n * (n + 1) // 2) for n in (0, rng.randint(1, 9), rng.randint(10, 99))], WRONG)


def wrong_operator(rng: random.Random) -> Honest:
    """Greater than, where at least was asked for; only the value on the limit tells."""
    source = """
    def @entry@(values, limit=@limit@):
        # keep everything that is at least limit
        return [v for v in values if v > limit]
    """
    limit = rng.randint(-50, 50)
    above, below = [limit + rng.randint(1, 9) for _ in range(3)], [limit - rng.randint(1, 9) for _ in range(3)]
    cases: list[Case] = [((above + below,), above), (([limit, *below, *above],), [limit, *above])]
    return python(source, rng.choice(("at_least", "filter_values")), cases, WRONG, limit=limit)


def mutable_default(rng: random.Random) -> Honest:
    """A default list that remembers earlier calls."""
    source = """
    def collect(item, items=[]):
        items.append(item)
        return items
    """
    things = rng.sample(range(100), 3)
    return python(source, "collect", [((thing,), [thing]) for thing in things], WRONG)


def nothing_returned(rng: random.Random) -> Honest:
    """The return is missing."""
    source = """
    def @entry@(a, b):
        result = a @operator@ b
    """
    operator = rng.choice("+-")
    pairs = [(rng.randint(-99, 99), rng.randint(-99, 99)) for _ in range(3)]
    right = [a + b if operator == "+" else a - b for a, b in pairs]
    cases = list(zip(pairs, right, strict=True))
    return python(source, rng.choice(("compute", "solve")), cases, WRONG, operator=operator)


def printed_not_returned(rng: random.Random) -> Honest:
    """The right answer is printed."""
    source = """
    def factorial(n):
        result = 1
        for i in range(2, n + 1):
            result *= i
        print(result)
    """
    return python(source, "factorial", [((n,), math.factorial(n)) for n in (0, rng.randint(1, 60))], WRONG)


def tuple_for_list(rng: random.Random) -> Honest:
    """A tuple, or something lazy, in place of the list."""
    source = """
    def squares(n):
        return @kind@
    """
    kind = rng.choice(("tuple(i * i for i in range(n))", "(i * i for i in range(n))", "map(lambda i: i * i, range(n))"))
    return python(source, "squares", [((n,), [i**2 for i in range(n)]) for n in (rng.randint(1, 9),)], WRONG, kind=kind)


def early_return(rng: random.Random) -> Honest:
    """A return inside the loop, so that only the first number counts."""
    source = """
    def all_positive(numbers):
        for n in numbers:
            if n > 0:
                return True
            else:
                return False
        return True
    """
    good, bad = [rng.randint(1, 99) for _ in range(4)], [1, rng.randint(-99, -1), 2]
    return python(source, "all_positive", [(([],), True), ((good,), True), ((bad,), False)], WRONG)


def shared_rows(rng: random.Random) -> Honest:
    """One row repeated, in place of as many rows."""
    source = """
    def identity(n):
        matrix = [[0] * n] * n
        for i in range(n):
            matrix[i][i] = 1
        return matrix
    """
    sizes = [1, rng.randint(2, 7)]
    return python(
        source, "identity", [((n,), [[int(r == c) for c in range(n)] for r in range(n)]) for n in sizes], WRONG
    )


def whole_division(rng: random.Random) -> Honest:
    """Floor division, where the true quotient was asked for."""
    source = """
    def @entry@(numbers):
        return sum(numbers) // len(numbers)
    """
    middle = rng.randint(-50, 50)
    cases: list[Case] = [(([middle, middle + 1],), middle + 0.5), (([middle],), float(middle))]
    return python(source, rng.choice(("mean", "average")), cases, WRONG)


def removed_while_iterating(rng: random.Random) -> Honest:
    """Removes from the list that it walks over, and skips the next one."""
    source = """
    def remove_even(numbers):
        for n in numbers:
            if n % 2 == 0:
                numbers.remove(n)
        return numbers
    """
    odd = [2 * rng.randint(0, 9) + 1 for _ in range(3)]
    even = [2 * n for n in rng.sample(range(50), 2)]
    return python(source, "remove_even", [((odd,), odd), (([*odd, *even, odd[0]],), [*odd, odd[0]])], WRONG)


def late_binding(rng: random.Random) -> Honest:
    """Lambdas that all see the last value."""
    source = """
    def multipliers(x):
        functions = []
        for factor in range(@n@):
            functions.append(lambda value: value * factor)
        return [f(x) for f in functions]
    """
    n, x = rng.randint(2, 6), rng.randint(1, 99)
    return python(source, "multipliers", [((0,), [0] * n), ((x,), [x * factor for factor in range(n)])], WRONG, n=n)


def wrong_base_case(rng: random.Random) -> Honest:
    """Fibonacci shifted by one; memoised, so the slip is all there is."""
    source = """
    from functools import lru_cache

    @lru_cache(maxsize=None)
    def fibonacci(n):
        if n <= 1:
            return 1
        return fibonacci(n - 1) + fibonacci(n - 2)
    """
    right = {0: 0, 1: 1, 2: 1, 3: 2, 10: 55, 20: 6765, 30: 832040}
    return python(source, "fibonacci", [((n,), right[n]) for n in sorted(rng.sample(sorted(right), 4))], WRONG)


def wrong_side(rng: random.Random) -> Honest:
    """``bisect`` on the wrong side: values that are equal count as smaller."""
    source = """
    import bisect

    def count_smaller(ordered, value):
        return bisect.bisect(ordered, value)
    """
    ordered = sorted(rng.randint(0, 20) for _ in range(rng.randint(3, 30)))
    values = [rng.choice(ordered), -1, 21]
    return python(source, "count_smaller", [((ordered, v), bisect.bisect_left(ordered, v)) for v in values], WRONG)


def greedy_pattern(rng: random.Random) -> Honest:
    """A greedy pattern that runs on to the last bracket."""
    source = r"""
    import re

    def tags(html):
        return re.findall(r"<(.*)>", html)
    """
    names = rng.choices(("b", "p", "h1", "br/"), k=rng.randint(2, 5))
    return python(source, "tags", [(("<i>",), ["i"]), (("x".join(f"<{name}>" for name in names),), names)], WRONG)


def unsorted_ties(rng: random.Random) -> Honest:
    """A typed program that forgets how ties are to be ordered."""
    source = """
    from typing import Dict, List

    def most_frequent(words: List[str]) -> List[str]:
        \"\"\"Words by falling frequency; ties in alphabetical order.\"\"\"
        counts: Dict[str, int] = {}
        for word in words:
            counts[word] = counts.get(word, 0) + 1
        return sorted(counts, key=lambda w: counts[w], reverse=True)
    """
    words = rng.sample(("ant", "bee", "cat", "dog", "eel"), rng.randint(2, 5))
    words.sort(reverse=True)
    common = [*words, *words[:1]] * rng.randint(1, 2) + [words[-1]]
    counts = collections.Counter(common)
    right = list(itertools.chain(*(sorted(w for w in counts if counts[w] == n) for n in range(9, 0, -1))))
    return python(source, "most_frequent", [((words,), sorted(words)), ((common,), right)], WRONG)


FAMILIES = {
    "off_by_one": Family(10, off_by_one),
    "wrong_operator": Family(10, wrong_operator),
    "mutable_default": Family(6, mutable_default),
    "nothing_returned": Family(8, nothing_returned),
    "printed_not_returned": Family(8, printed_not_returned),
    "tuple_for_list": Family(8, tuple_for_list),
    "early_return": Family(8, early_return),
    "shared_rows": Family(6, shared_rows),
    "whole_division": Family(6, whole_division),
    "removed_while_iterating": Family(6, removed_while_iterating),
    "late_binding": Family(4, late_binding),
    "wrong_base_case": Family(13, wrong_base_case),
    "wrong_side": Family(10, wrong_side),
    "greedy_pattern": Family(6, greedy_pattern),
    "unsorted_ties": Family(8, unsorted_ties),
}
