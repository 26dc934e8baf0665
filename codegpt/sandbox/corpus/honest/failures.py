"""Programs that raise: at one of the calls, after right answers, or already while they are loaded."""

import math
import random

from codegpt.sandbox.corpus.honest.program import Case, Family, Honest, python

RAISES = "exception"


def past_the_end(rng: random.Random) -> Honest:
    """IndexError: the neighbour of the last item, or the first item of nothing."""
    source = """
    def @entry@(numbers):
        best = numbers[0]
        for i in range(len(numbers)@less@):
            if numbers[i + @step@] > best:
                best = numbers[i + @step@]
        return best
    """
    numbers = [rng.randint(-99, 99) for _ in range(rng.randint(1, 9))]
    less, step = rng.choice((("", 1), (" - 1", 1), ("", 0)))
    cases: list[Case] = [((numbers,), max(numbers))]
    if (less, step) != ("", 1):
        cases.append((([],), None))
    return python(source, rng.choice(("largest", "maximum")), cases, RAISES, less=less, step=step)


def division_by_zero(rng: random.Random) -> Honest:
    """ZeroDivisionError for the empty list."""
    source = """
    def @entry@(grades):
        return sum(grades) / len(grades)
    """
    middle, spread = rng.randint(0, 99), rng.randint(0, 9)
    cases: list[Case] = [(([middle - spread, middle + spread],), float(middle)), (([],), 0.0)]
    return python(source, rng.choice(("average", "mean_grade")), cases, RAISES)


def endless_recursion(rng: random.Random) -> Honest:
    """RecursionError: a base case that is missing, or that is stepped over."""
    source = """
    def @entry@(n):
        @base@
        return n * @entry@(n - @step@)
    """
    base, step = rng.choice((("# base case?", 1), ("if n == 0: return 1", 2), ("if n == 1: return 1", 2)))
    n = 4 if "1:" in base else 5
    return python(
        source, rng.choice(("factorial", "fact")), [((n,), math.prod(range(n, 0, -step)))], RAISES, base=base, step=step
    )


def missing_key(rng: random.Random) -> Honest:
    """KeyError: a counter that starts from nothing."""
    source = """
    def count_letters(text):
        counts = {}
        for letter in text:
            counts[letter] += 1
        return counts
    """
    count = rng.randint(1, 9)
    return python(source, "count_letters", [(("",), {}), (("é" * count,), {"é": count})], RAISES)


def text_plus_number(rng: random.Random) -> Honest:
    """TypeError: text and a number added, a None called upon, or too few arguments."""
    source = """
    def label(name, number):
        return @expression@
    """
    expression = rng.choice(
        ('name + "-" + number', "name.join(number)", "sorted([name, number])[0]", "len(number)", "label(name)")
    )
    number = rng.randint(0, 99)
    return python(source, "label", [(("x", number), f"x-{number}")], RAISES, expression=expression)


def foreign_method(rng: random.Random) -> Honest:
    """AttributeError: a method of another language, or one of None."""
    source = """
    def @entry@(items):
        result = []
        for item in items:
            @line@
        return result
    """
    line = rng.choice(
        ("result.push(item)", "result.add(item)", "result += [item.trim()]", "result.append(item).sort()")
    )
    words = rng.choices(("a", "b"), k=rng.randint(1, 5))
    return python(source, rng.choice(("copy_items", "clone")), [(([],), []), ((words,), words)], RAISES, line=line)


def own_exception(rng: random.Random) -> Honest:
    """An exception class of the program's own, with an awkward constructor, raised for a good argument."""
    source = """
    class ValidationError(ValueError):
        def __init__(self, field, *, reason):
            self.field, self.reason = field, reason

        def __str__(self):
            return f"{self.field}: {self.reason} \\U0001f40d {'!' * 500}"

    def validate_age(age):
        if age < @low@:
            raise ValidationError("age", reason="too young")
        return age
    """
    low = rng.randint(2, 18)
    return python(source, "validate_age", [((low,), low), ((low - 1,), low - 1)], RAISES, low=low)


def not_implemented(rng: random.Random) -> Honest:
    """NotImplementedError: the work is left to the reader."""
    source = """
    def @entry@(graph, start):
        \"\"\"Return the nodes in topological order.\"\"\"
        # TODO: implement
        raise NotImplementedError@message@
    """
    message = rng.choice(("", '("coming soon")', "() from None"))
    return python(source, rng.choice(("order", "topological_sort")), [(({}, "a"), ["a"])], RAISES, message=message)


def unknown_name(rng: random.Random) -> Honest:
    """NameError: a module or a type that was not imported; in an annotation it is raised while loading."""
    source = """
    def @entry@(numbers@annotation@):
        roots = []
        for n in numbers:
            roots.append(@call@)
        return roots
    """
    annotation, call = rng.choice(((": List[int]", "int(n ** 0.5)"), ("", "math.isqrt(n)"), ("", "int(sqrt(n))")))
    roots = [rng.randint(0, 99) for _ in range(3)]
    cases = [(([root * root for root in roots],), roots)]
    return python(source, rng.choice(("roots", "square_roots")), cases, RAISES, annotation=annotation, call=call)


def unbound_local(rng: random.Random) -> Honest:
    """UnboundLocalError: a counter of the module changed without ``global``, or a loop that never ran."""
    source = """
    visits = @start@

    def visit():
        visits += 1
        return visits
    """
    start = rng.randint(0, 99)
    return python(source, "visit", [((), start + 1)], RAISES, start=start)


def bad_number(rng: random.Random) -> Honest:
    """ValueError: text that is no number, from within a chain of causes."""
    source = """
    def parse(text):
        try:
            return int(text)
        except ValueError as error:
            raise ValueError(f"cannot parse {text!r}") from error
    """
    number = rng.randint(-(10**9), 10**9)
    return python(source, "parse", [((f" {number}\n",), number), ((f"{number}.0",), number)], RAISES)


def failed_assertion(rng: random.Random) -> Honest:
    """AssertionError while loading: the program's own example is wrong."""
    source = """
    def triple(n):
        return n * 3

    assert triple(2) == 6
    assert triple(@n@) == @wrong@, "triple(@n@)"
    """
    n = rng.randint(3, 99)
    return python(source, "triple", [((n,), 3 * n)], RAISES, n=n, wrong=3 * n + rng.randint(1, 9))


FAMILIES = {
    "past_the_end": Family(7, past_the_end),
    "division_by_zero": Family(6, division_by_zero),
    "endless_recursion": Family(6, endless_recursion),
    "missing_key": Family(5, missing_key),
    "text_plus_number": Family(6, text_plus_number),
    "foreign_method": Family(5, foreign_method),
    "own_exception": Family(4, own_exception),
    "not_implemented": Family(4, not_implemented),
    "unknown_name": Family(6, unknown_name),
    "unbound_local": Family(3, unbound_local),
    "bad_number": Family(4, bad_number),
    "failed_assertion": Family(3, failed_assertion),
}
