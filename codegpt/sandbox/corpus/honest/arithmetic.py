"""Right programs on numbers: integers of any size and sign, floats that are exact in binary."""

import math
import random

from codegpt.sandbox.corpus.honest.program import Family, Honest, python


def _integers(rng: random.Random, count: int) -> list[int]:
    """Small, negative and 200-digit integers."""
    sizes = [10, 1_000, 10**12, 10**200]
    return [rng.choice((1, -1)) * rng.randrange(sizes[place % 4]) for place in range(count)]


def digit_sums(rng: random.Random) -> Honest:
    """Digits by division; the answer from the decimal text."""
    source = """
    def @entry@(n):
        n = abs(n)
        total = 0
        while n > 0:
            n, digit = divmod(n, 10)
            total += digit
        return total
    """
    numbers = [0, *_integers(rng, 8)]
    entry = rng.choice(("sum_of_digits", "digit_sum", "sum_digits"))
    return python(source, entry, [((n,), sum(map(int, str(abs(n))))) for n in numbers])


def long_multiplication(rng: random.Random) -> Honest:
    """School multiplication of strings of digits; the answer from Python's integers."""
    source = """
    def multiply(num1, num2):
        sign = (num1 < 0) != (num2 < 0)
        a = [int(c) for c in str(abs(num1))][::-1]
        b = [int(c) for c in str(abs(num2))][::-1]
        cells = [0] * (len(a) + len(b))
        for i, x in enumerate(a):
            for j, y in enumerate(b):
                cells[i + j] += x * y
        result = 0
        for power, cell in enumerate(cells):
            result += cell * 10 ** power
        return -result if sign else result
    """
    numbers = _integers(rng, 8)
    return python(source, "multiply", [((a, b), a * b) for a, b in zip(numbers, numbers[3:], strict=False)])


def floor_division(rng: random.Random) -> Honest:
    """Quotient and remainder by hand, with every combination of signs; the answer from ``divmod``."""
    source = """
    def divide(a, b):
        q = abs(a) // abs(b)
        r = abs(a) - q * abs(b)
        if (a < 0) != (b < 0):
            q = -q
            if r:
                q -= 1
        return q, a - q * b
    """
    pairs = [
        (rng.choice((1, -1)) * rng.randrange(10**30), rng.choice((1, -1)) * rng.randint(1, 10**9)) for _ in "123456"
    ]
    return python(source, "divide", [((a, b), divmod(a, b)) for a, b in pairs])


def geometric_floats(rng: random.Random) -> Honest:
    """Sums of halves, exact in binary; the answer in closed form."""
    source = """
    def geometric_sum(first, terms):
        total = 0.0
        term = float(first)
        for _ in range(terms):
            total += term
            term /= 2
        return total
    """
    cases = [(rng.randint(-50, 50), rng.randint(1, 40)) for _ in range(6)]
    return python(source, "geometric_sum", [((k, n), k * (2.0 - 2.0 ** (1 - n)) + 0.0) for k, n in cases])


def gcd_and_lcm(rng: random.Random) -> Honest:
    """Euclid's algorithm; the answer from ``math``."""
    source = """
    def gcd(a, b):
        while b:
            a, b = b, a % b
        return a


    def @entry@(a, b):
        g = gcd(a, b)
        return (g, a * b // g)
    """
    pairs = [(rng.randint(1, 10**exponent), rng.randint(1, 10**exponent)) for exponent in (1, 3, 9, 100)]
    entry = rng.choice(("gcd_lcm", "gcd_and_lcm"))
    return python(source, entry, [(pair, (math.gcd(*pair), math.lcm(*pair))) for pair in pairs])


def prime_sieve(rng: random.Random) -> Honest:
    """The sieve of Eratosthenes; the answer by trial division."""
    source = """
    def primes_below(n):
        # Sieve of Eratosthenes
        if n < 3:
            return []
        is_prime = [True] * n
        is_prime[0] = is_prime[1] = False
        for i in range(2, int(n ** 0.5) + 1):
            if is_prime[i]:
                for multiple in range(i * i, n, i):
                    is_prime[multiple] = False
        return [i for i, flag in enumerate(is_prime) if flag]
    """
    bounds = [0, 2, 3, 4, rng.randint(5, 60), rng.randint(100, 2000)]
    right = [[n for n in range(2, bound) if all(n % d for d in range(2, math.isqrt(n) + 1))] for bound in bounds]
    return python(source, "primes_below", [((bound,), primes) for bound, primes in zip(bounds, right, strict=True)])


def number_bases(rng: random.Random) -> Honest:
    """Writing a number in a base; the answer drawn first, and read by ``int``."""
    source = """
    DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"

    def to_base(number, base):
        if number == 0:
            return "0"
        digits = []
        negative = number < 0
        number = abs(number)
        while number:
            digits.append(DIGITS[number % base])
            number //= base
        return ("-" if negative else "") + "".join(reversed(digits))
    """
    alphabet = "0123456789abcdefghijklmnopqrstuvwxyz"
    cases: list[tuple[tuple[int, int], str]] = [((0, 7), "0")]
    for _ in range(6):
        base = rng.randint(2, 36)
        text = rng.choice(("", "-")) + alphabet[rng.randint(1, base - 1)]
        text += "".join(rng.choice(alphabet[:base]) for _ in range(rng.randint(0, 60)))
        cases.append(((int(text, base), base), text))
    return python(source, "to_base", cases)


def fast_fibonacci(rng: random.Random) -> Honest:
    """Fibonacci by doubling, up to 200 digits; the answer by adding."""
    source = """
    def fib(n):
        def pair(k):
            if k == 0:
                return (0, 1)
            a, b = pair(k // 2)
            c = a * (2 * b - a)
            d = a * a + b * b
            return (d, c + d) if k % 2 else (c, d)
        return pair(n)[0]
    """
    numbers = [0, 1]
    while len(numbers) < 1000:
        numbers.append(numbers[-1] + numbers[-2])
    asked = [0, 1, 2, rng.randint(3, 90), rng.randint(900, 999)]
    return python(source, "fib", [((n,), numbers[n]) for n in asked])


def pascal_triangle(rng: random.Random) -> Honest:
    """Rows of Pascal's triangle; the answer from ``math.comb``."""
    source = """
    def pascal_row(n):
        row = [1]
        for _ in range(n):
            row = [1] + [row[i] + row[i + 1] for i in range(len(row) - 1)] + [1]
        return row
    """
    rows = [0, 1, rng.randint(2, 12), rng.randint(40, 90)]
    return python(source, "pascal_row", [((n,), [math.comb(n, k) for k in range(n + 1)]) for n in rows])


FAMILIES = {
    "digit_sums": Family(5, digit_sums),
    "long_multiplication": Family(4, long_multiplication),
    "floor_division": Family(4, floor_division),
    "geometric_floats": Family(4, geometric_floats),
    "gcd_and_lcm": Family(5, gcd_and_lcm),
    "prime_sieve": Family(5, prime_sieve),
    "number_bases": Family(5, number_bases),
    "fast_fibonacci": Family(5, fast_fibonacci),
    "pascal_triangle": Family(4, pascal_triangle),
}
