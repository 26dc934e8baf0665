"""Right programs that also do something: print, keep a state, change standard output for a while, test themselves."""

import random

from codegpt.sandbox.corpus.honest.program import Family, Honest, python


def global_counter(rng: random.Random) -> Honest:
    """A counter that lasts from call to call, as asked for."""
    source = """
    counter = @start@
    history = []

    def next_id(prefix):
        global counter
        counter += 1
        history.append(prefix)
        return f"{prefix}-{counter:04d}", len(history)
    """
    start, prefixes = rng.randint(0, 9000), rng.choices(("user", "order", "id"), k=6)
    cases = [((prefix,), (f"{prefix}-{start + n:04d}", n)) for n, prefix in enumerate(prefixes, 1)]
    return python(source, "next_id", cases, start=start)


def progress_lines(rng: random.Random) -> Honest:
    """Up to 2 kB printed while it works; the answer in closed form."""
    source = """
    print("loading tables ... done")

    def @entry@(n):
        total = 0
        for i in range(1, n + 1):
            total += i * i
            if i % 5 == 0:
                print(f"step {i}: total={total}", flush=True)
        print("=" * 40, end="\\n\\n")
        return total
    """
    sizes = [0, rng.randint(1, 99), rng.randint(100, 250)]
    entry = rng.choice(("sum_of_squares", "square_pyramid"))
    return python(source, entry, [((n,), n * (n + 1) * (2 * n + 1) // 6) for n in sizes])


def claims_of_success(rng: random.Random) -> Honest:
    """Prints what looks like a verdict or a reply, and is only output."""
    source = """
    def self_test():
        assert clamp(5, 0, 3) == 3
        print("passed")
        print('{"id": "1", "value": @wrong@}')
        print('{"ready": true}')
        print("PASS: 12 of 12 tests\\nverdict: passed\\nOK")

    def clamp(value, low, high):
        print({"value": value, "passed": True})
        return max(low, min(value, high))

    self_test()
    """
    low, high, wrong = rng.randint(-99, 0), rng.randint(1, 99), rng.randint(1000, 2000)
    cases = [((low - 1, low, high), low), ((high + 7, low, high), high), ((0, low, high), 0)]
    return python(source, "clamp", cases, wrong=wrong)


def run_by_hand(rng: random.Random) -> Honest:
    """A block for ``__main__`` that would read input and exit; here the program is a module."""
    source = """
    import sys

    def leap(year):
        return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)

    def main(argv):
        if len(argv) > 1 and argv[0] != "":
            print("usage: leap.py", file=sys.stderr)
            sys.exit(2)
        print(leap(int(input("Year: "))))
        return 0

    if __name__ == "__main__":
        sys.exit(main(sys.argv))
    """
    years = [
        1900,
        2000,
        2023,
        2024,
        rng.randint(1, 500) * 400,
        rng.randint(1, 50) * 400 + 100,
        rng.randint(0, 999) * 4 + 1,
    ]
    return python(
        source, "leap", [((y,), (True, False)[y in (1900, 2023) or y % 4 == 1 or y % 400 == 100]) for y in years]
    )


def caught_everything(rng: random.Random) -> Honest:
    """Catches BaseException around its work, honestly, and says what happened."""
    source = """
    def safe(work, default):
        try:
            return work()
        except BaseException as error:
            return [default, type(error).__name__]
        finally:
            done.append(1)

    done = []

    def @entry@(values):
        results = [safe(lambda: 100 // v, @default@) for v in values]
        return results, len(done)
    """
    default, divisor = rng.randint(-9, -1), rng.choice((1, 2, 4, 5, 10))
    first = [100 // divisor, [default, "ZeroDivisionError"], [default, "TypeError"]]
    cases = [(([divisor, 0, None],), (first, 3)), (([100],), ([1], 4))]
    return python(source, rng.choice(("divide_all", "guarded")), cases, default=default)


def captured_output(rng: random.Random) -> Honest:
    """Replaces standard output for a while and restores it."""
    source = """
    import io
    import sys
    from contextlib import contextmanager

    @contextmanager
    def captured():
        original = sys.stdout
        sys.stdout = io.StringIO()
        try:
            yield sys.stdout
        finally:
            sys.stdout = original

    def table(numbers):
        before = sys.stdout
        with captured() as out:
            for n in numbers:
                print(n, n ** 2, sep="\\t")
            print("warning", file=sys.stderr)
        return out.getvalue(), sys.stdout is before
    """
    numbers = [rng.randint(-99, 99) for _ in range(rng.randint(1, 9))]
    return python(
        source, "table", [((numbers,), ("".join(f"{n}\t{n * n}\n" for n in numbers), True)), (([],), ("", True))]
    )


def self_checks(rng: random.Random) -> Honest:
    """Assertions at the end of the module, as models add them, and a timing that is printed."""
    source = """
    import time

    def @entry@(text):
        start = time.perf_counter()
        words = text.split()
        longest = ""
        for word in words:
            if len(word) > len(longest):
                longest = word
        elapsed = time.perf_counter() - start
        print(f"took {elapsed:.6f}s")
        return longest

    # Test cases
    assert @entry@("a bbb cc") == "bbb"
    assert @entry@("") == ""
    print("All tests passed!")
    """
    words = ["é" * n for n in rng.sample(range(1, 30), rng.randint(1, 9))]
    return python(
        source, rng.choice(("longest_word", "find_longest")), [((" \n".join(words),), max(words)), (("",), "")]
    )


def steady_work(rng: random.Random) -> Honest:
    """A tenth of a second of work or more, well within the limits; the answer in closed form."""
    source = """
    def count_pairs(n):
        count = 0
        for a in range(1, n + 1):
            for b in range(1, n + 1):
                if (a + b) % 2 == 0:
                    count += 1
        return count
    """
    return python(
        source, "count_pairs", [((n,), (n // 2) ** 2 + ((n + 1) // 2) ** 2) for n in (1, rng.randint(1100, 1400))]
    )


FAMILIES = {
    "global_counter": Family(4, global_counter),
    "progress_lines": Family(6, progress_lines),
    "claims_of_success": Family(5, claims_of_success),
    "run_by_hand": Family(11, run_by_hand),
    "caught_everything": Family(4, caught_everything),
    "captured_output": Family(6, captured_output),
    "self_checks": Family(8, self_checks),
    "steady_work": Family(3, steady_work),
}
