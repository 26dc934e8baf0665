"""Right programs in the newer or rarer syntax: matching, assignment expressions, decorators."""

import random

from codegpt.sandbox.corpus.honest.program import Family, Honest, python


def match_statement(rng: random.Random) -> Honest:
    """Structural matching of commands; the answers are drawn with them."""
    source = """
    class Point:
        __match_args__ = ("x", "y")

        def __init__(self, x, y):
            self.x = x
            self.y = y

    def run(command):
        match command:
            case ["move", int(dx), int(dy)] if dx or dy:
                return f"moved {dx},{dy}"
            case ["move", *_]:
                return "stayed"
            case {"action": "say" | "shout" as how, "text": str(text), **rest}:
                return (how, text, rest)
            case None | True:
                return "nothing"
            case (x, y):
                match Point(x, y):
                    case Point(0, other) | Point(other, 0):
                        return other
                return [y, x]
            case _:
                return None
    """
    dx, n = rng.randint(1, 99), rng.randint(1, 99)
    cases: list[tuple[tuple[object], object]] = [
        ((["move", dx, -n],), f"moved {dx},{-n}"),
        ((["move", 0, 0],), "stayed"),
        (({"action": "shout", "text": "hé", "n": n},), ("shout", "hé", {"n": n})),
        ((None,), "nothing"),
        (((0, n),), n),
        (([dx, n],), [n, dx]),
        ((n + 1,), None),
    ]
    return python(source, "run", rng.sample(cases, 5))


def walrus(rng: random.Random) -> Honest:
    """Assignment expressions, f-strings with ``=`` and positional-only parameters."""
    source = """
    def collatz(n, /, *, limit=1000):
        steps = [n]
        while (n := steps[-1]) != 1 and (count := len(steps)) < limit:
            steps.append(3 * n + 1 if n % 2 else n // 2)
        return steps, f"{n=}", [half for s in steps if (half := s / 2) > @bound@]
    """
    bound, power = rng.randint(1, 40), rng.randint(1, 12)
    down = [2**k for k in range(power, -1, -1)]
    five = [5, 16, 8, 4, 2, 1]
    cases = [((steps[0],), (steps, "n=1", [s / 2 for s in steps if s > 2 * bound])) for steps in (down, five)]
    return python(source, "collatz", cases, bound=bound)


def decorated(rng: random.Random) -> Honest:
    """Decorators by hand, with and without arguments; the answer by formula."""
    source = """
    def repeat(times):
        def decorator(func):
            def wrapper(*args, **kwargs):
                wrapper.calls += 1
                return [func(*args, **kwargs) for _ in range(times)]
            wrapper.calls = 0
            return wrapper
        return decorator

    def shout(func):
        return lambda text: func(text).upper() + "@end@"

    @repeat(@times@)
    @shout
    def greet(name):
        return f"hello {name}"

    def greetings(names):
        lines = [line for name in names for line in greet(name)]
        return lines, greet.calls
    """
    times, end = rng.randint(1, 4), rng.choice(("!", "?!", "…"))
    answer = [f"HELLO {name}{end}" for name in ("ADA", "SS", "ÉVA") for _ in range(times)]
    return python(source, "greetings", [((["ada", "ß", "Éva"],), (answer, 3)), (([],), ([], 3))], times=times, end=end)


FAMILIES = {
    "match_statement": Family(5, match_statement),
    "walrus": Family(4, walrus),
    "decorated": Family(5, decorated),
}
