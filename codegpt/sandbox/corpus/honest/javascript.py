"""A few programs in JavaScript; few, since node starts slowly."""

import random

from codegpt.sandbox.corpus.honest.program import Case, Family, Honest, javascript


def js_words(rng: random.Random) -> Honest:
    """Arrays, objects and text in a plain function; also exported, where there is a ``module``."""
    source = """
    /**
     * Count how often each word occurs.
     * @param {string} text
     */
    function countWords(text) {
      const counts = {};
      for (const word of text.toLowerCase().split(/\\s+/).filter(Boolean)) {
        counts[word] = (counts[word] || 0) + 1;
      }
      const ranked = Object.entries(counts).sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
      console.log(`passed ${ranked.length} words`);
      return { counts, ranked, none: null, average: ranked.length / @size@ };
    }

    if (typeof module !== "undefined") module.exports = { countWords };
    """
    counts = {
        word: rng.randint(1, 9) for word in rng.sample(["the", "été", "\U0001f600", "x", "кот"], rng.randint(1, 5))
    }
    ranked = [list(pair) for pair in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))]
    words = [word for word, count in counts.items() for _ in range(count)]
    rng.shuffle(words)
    answer = {"counts": counts, "ranked": ranked, "none": None, "average": len(counts) / 8 if len(counts) % 8 else 1}
    cases: list[Case] = [((" \t".join(words),), answer)]
    cases.append((("",), {"counts": {}, "ranked": [], "none": None, "average": 0}))
    return javascript(source, "countWords", cases, size=8)


def js_classes(rng: random.Random) -> Honest:
    """A class, BigInt, Map, Set and a generator behind a function held in a constant."""
    source = """
    class Sequence {
      #seen = new Set();
      *numbers(limit) {
        let [a, b] = [0n, 1n];
        while (limit-- > 0) {
          this.#seen.add(String(a));
          yield a;
          [a, b] = [b, a + b];
        }
      }
      get size() {
        return this.#seen.size;
      }
    }

    const summarise = (limit) => {
      const sequence = new Sequence();
      const last = [...sequence.numbers(limit)].pop() ?? null;
      const twice = last === null ? 0n : 2n * last;
      return [last === null ? "" : last.toString(), sequence.size, new Map([["twice", twice]])];
    };
    """
    numbers = [0, 1]
    while len(numbers) < 400:
        numbers.append(numbers[-1] + numbers[-2])
    lasts = {limit: numbers[limit - 1] for limit in (rng.randint(3, 90), rng.randint(300, 400))}
    cases: list[Case] = [((n,), [str(last), n - 1, {"twice": 2 * last}]) for n, last in lasts.items()]
    return javascript(source, "summarise", [((0,), ["", 0, {"twice": 0}]), *cases])


def js_wrong_order(rng: random.Random) -> Honest:
    """Numbers sorted as text."""
    source = """
    function sortNumbers(numbers) {
      return numbers.slice().sort();
    }
    """
    numbers = [rng.randint(2, 9), *(rng.randint(10, 19) for _ in range(rng.randint(1, 6)))]
    cases: list[Case] = [(([1, 2, 3],), [1, 2, 3]), ((numbers,), sorted(numbers))]
    return javascript(source, "sortNumbers", cases, "wrong answer")


def js_undefined(rng: random.Random) -> Honest:
    """TypeError: a property of undefined."""
    source = """
    function firstTag(post) {
      return post.meta.tags[0].toUpperCase();
    }
    """
    tag = rng.choice(("news", "été"))
    cases: list[Case] = [(({"meta": {"tags": [tag]}},), tag.upper()), (({"id": rng.randint(1, 9)},), None)]
    return javascript(source, "firstTag", cases, "exception")


FAMILIES = {
    "js_words": Family(13, js_words),
    "js_classes": Family(9, js_classes),
    "js_wrong_order": Family(4, js_wrong_order),
    "js_undefined": Family(4, js_undefined),
}
