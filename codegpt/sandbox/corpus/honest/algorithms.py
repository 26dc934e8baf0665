"""Right programs that are algorithms: recursion, memo tables, dynamic programming, search; without an import."""

import itertools
import math
import random
from collections.abc import Iterable

from codegpt.sandbox.corpus.honest.program import Family, Honest, python


def deep_recursion(rng: random.Random) -> Honest:
    """Recursion to a depth of 900, which Python's usual limit of 1,000 allows; the answer in closed form."""
    source = """
    def @entry@(n):
        if n == 0:
            return 0
        return n + @entry@(n - 1)
    """
    depths = [0, 1, rng.randint(2, 800), 900]
    entry = rng.choice(("sum_to", "triangular", "recursive_sum"))
    return python(source, entry, [((n,), n * (n + 1) // 2) for n in depths])


def common_subsequence(rng: random.Random) -> Honest:
    """The longest common subsequence with a memo dict; the answer from a table."""
    source = """
    def lcs(a, b, memo=None):
        if memo is None:
            memo = {}
        key = (len(a), len(b))
        if key in memo:
            return memo[key]
        if not a or not b:
            result = 0
        elif a[-1] == b[-1]:
            result = 1 + lcs(a[:-1], b[:-1], memo)
        else:
            result = max(lcs(a[:-1], b, memo), lcs(a, b[:-1], memo))
        memo[key] = result
        return result
    """
    cases = []
    for length in (0, 5, 20, 40):
        a, b = ("".join(rng.choices("abcd", k=length)) for _ in "ab")
        row = [0] * (length + 1)
        for letter in a:
            above, row = row, [0]
            for place, other in enumerate(b):
                row.append(above[place] + 1 if letter == other else max(above[place + 1], row[place]))
        cases.append(((a, b), row[-1]))
    return python(source, "lcs", cases)


def binary_search(rng: random.Random) -> Honest:
    """Binary search; the answer from ``list.index``."""
    source = """
    def @entry@(nums, target):
        lo, hi = 0, len(nums) - 1
        while lo <= hi:
            mid = (lo + hi) // 2
            if nums[mid] == target:
                return mid
            elif nums[mid] < target:
                lo = mid + 1
            else:
                hi = mid - 1
        return -1
    """
    numbers = sorted(rng.sample(range(-500, 500), rng.randint(1, 60)))
    targets = [numbers[0], numbers[-1], rng.choice(numbers), -501, 500, rng.randint(-500, 500)]
    right = [numbers.index(target) if target in numbers else -1 for target in targets]
    cases = [((numbers, target), place) for target, place in zip(targets, right, strict=True)]
    return python(source, rng.choice(("binary_search", "search")), [*cases, (([], 1), -1)])


def backtracking(rng: random.Random) -> Honest:
    """Permutations by swapping back and forth, sorted; the answer from ``itertools``."""
    source = """
    def permute(nums):
        result = []

        def backtrack(start):
            if start == len(nums):
                result.append(nums[:])
                return
            for i in range(start, len(nums)):
                nums[start], nums[i] = nums[i], nums[start]
                backtrack(start + 1)
                nums[start], nums[i] = nums[i], nums[start]

        backtrack(0)
        return sorted(result)
    """
    lists = [rng.sample(range(100), size) for size in (0, 1, rng.randint(2, 5))]
    return python(source, "permute", [((n,), sorted(map(list, itertools.permutations(n)))) for n in lists])


def knapsack(rng: random.Random) -> Honest:
    """The knapsack by a table; the answer by trying every choice."""
    source = """
    def knapsack(weights, values, capacity):
        best = [0] * (capacity + 1)
        for w, v in zip(weights, values):
            for c in range(capacity, w - 1, -1):
                best[c] = max(best[c], best[c - w] + v)
        return best[capacity]
    """
    cases = []
    for size in (0, 1, 5, 9):
        items = [(rng.randint(1, 20), rng.randint(0, 50)) for _ in range(size)]
        room = rng.randint(1, 60)
        choices: Iterable[tuple[bool, ...]] = itertools.product((False, True), repeat=size)
        bags = [list(itertools.compress(items, choice)) for choice in choices]
        best = max(sum(value for _, value in bag) for bag in bags if sum(weight for weight, _ in bag) <= room)
        cases.append((([weight for weight, _ in items], [value for _, value in items], room), best))
    return python(source, "knapsack", cases)


def towers(rng: random.Random) -> Honest:
    """The towers of Hanoi: how many moves, and the first disc's share of them."""
    source = """
    def hanoi(n, source="A", target="C", spare="B", moves=None):
        moves = [] if moves is None else moves
        if n > 0:
            hanoi(n - 1, source, spare, target, moves)
            moves.append((n, source, target))
            hanoi(n - 1, spare, target, source, moves)
        return moves

    def summary(n):
        moves = hanoi(n)
        return len(moves), sum(disc == 1 for disc, _, _ in moves), moves[len(moves) // 2]
    """
    sizes = rng.sample(range(1, 11), 4)
    return python(source, "summary", [((n,), (2**n - 1, 2 ** (n - 1), (n, "A", "C"))) for n in sizes])


def matrix_product(rng: random.Random) -> Honest:
    """A product of matrices whose powers have a closed form."""
    source = """
    def matmul(a, b):
        return [[sum(x * y for x, y in zip(row, col)) for col in zip(*b)] for row in a]

    def power(matrix, n):
        result = [[int(i == j) for j in range(len(matrix))] for i in range(len(matrix))]
        for _ in range(n):
            result = matmul(result, matrix)
        return result
    """
    cases = []
    for exponent in (0, 1, rng.randint(2, 60)):
        shear, scale = rng.randint(-9, 9), rng.randint(-9, 9)
        cases.append((([[1, shear], [0, 1]], exponent), [[1, shear * exponent], [0, 1]]))
        cases.append((([[scale]], exponent), [[math.prod([scale] * exponent)]]))
    return python(source, "power", cases)


def roman_numerals(rng: random.Random) -> Honest:
    """Roman numerals by subtraction; the answer from the digits of each place."""
    source = """
    def to_roman(num):
        values = [(1000, 'M'), (900, 'CM'), (500, 'D'), (400, 'CD'), (100, 'C'), (90, 'XC'),
                  (50, 'L'), (40, 'XL'), (10, 'X'), (9, 'IX'), (5, 'V'), (4, 'IV'), (1, 'I')]
        out = ''
        for value, numeral in values:
            while num >= value:
                out += numeral
                num -= value
        return out
    """
    places = ("IVX", "XLC", "CDM", "M  ")
    shapes = ("", "0", "00", "000", "01", "1", "10", "100", "1000", "02")
    cases = []
    for number in [rng.randint(1, 3999) for _ in range(6)]:
        digits = [number // 10**power % 10 for power in range(4)]
        parts = ["".join(places[power][int(c)] for c in shapes[digit]) for power, digit in enumerate(digits)]
        cases.append(((number,), "".join(reversed(parts))))
    return python(source, "to_roman", cases)


def merge_sort(rng: random.Random) -> Honest:
    """Merge sort; the answer from ``sorted``."""
    source = """
    def merge_sort(arr):
        if len(arr) <= 1:
            return arr
        mid = len(arr) // 2
        left, right = merge_sort(arr[:mid]), merge_sort(arr[mid:])
        merged = []
        i = j = 0
        while i < len(left) and j < len(right):
            if left[i] <= right[j]:
                merged.append(left[i])
                i += 1
            else:
                merged.append(right[j])
                j += 1
        merged.extend(left[i:])
        merged.extend(right[j:])
        return merged
    """
    lists = [[rng.randint(-(10**k), 10**k) for _ in range(k * k)] for k in (0, 1, 3, 12, 25)]
    return python(source, "merge_sort", [((numbers,), sorted(numbers)) for numbers in lists])


def brackets(rng: random.Random) -> Honest:
    """Balanced brackets, grown so or spoilt."""
    source = """
    def is_balanced(s):
        stack = []
        pairs = {')': '(', ']': '[', '}': '{'}
        for ch in s:
            if ch in '([{':
                stack.append(ch)
            elif ch in pairs:
                if not stack or stack.pop() != pairs[ch]:
                    return False
        return not stack
    """
    text = ""
    for _ in range(rng.randint(3, 30)):
        opening, closing = rng.choice(("()", "[]", "{}"))
        text = opening + text + closing if rng.random() < 0.5 else text + opening + "x" + closing
    cases = [(("",), True), ((text,), True), ((text[:-1],), False), (("(" + text + "]",), False), ((")(",), False)]
    return python(source, "is_balanced", cases)


FAMILIES = {
    "deep_recursion": Family(5, deep_recursion),
    "common_subsequence": Family(5, common_subsequence),
    "binary_search": Family(6, binary_search),
    "backtracking": Family(5, backtracking),
    "knapsack": Family(4, knapsack),
    "towers": Family(4, towers),
    "matrix_product": Family(5, matrix_product),
    "roman_numerals": Family(6, roman_numerals),
    "merge_sort": Family(6, merge_sort),
    "brackets": Family(5, brackets),
}
