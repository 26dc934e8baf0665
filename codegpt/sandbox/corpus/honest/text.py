"""Right programs on text and bytes: all of Unicode in values and in the source, and several kinds of line ends."""

import random
import string
from dataclasses import replace

from codegpt.sandbox.corpus.honest.program import Family, Honest, python

_WORDS = (
    "apple",
    "Bär",
    "日本語",
    "naïve",
    "x",
    "кошка",
    "e\u0301tude",
    "\U0001f40d\U0001f680",
    "مرحبا",
    "zebra",
    "Straße",
)
_UNUSUAL = (
    "\U0001f468\u200d\U0001f469\u200d\U0001f467",  # one family, joined
    "n\u0303o\u0308",  # combining marks
    "\U0001d54f\U00010348",  # outside the basic plane
    "\u202eabc\u202c",  # right to left, overridden
    "a\x00b",
    "\U0010ffff\ufffe\ufeff",
)


def palindromes(rng: random.Random) -> Honest:
    """Palindromes, made so or spoilt in one place."""
    source = """
    def @entry@(s):
        cleaned = ""
        for ch in s:
            if ch.isalnum():
                cleaned += ch.lower()
        return cleaned == cleaned[::-1]
    """
    cases: list[tuple[tuple[str], bool]] = [(("",), True), (("A man, a plan, a canal: Panama",), True)]
    for _ in range(4):
        half = "".join(rng.choice(string.ascii_letters) for _ in range(rng.randint(2, 20)))
        middle = rng.choice(("", "é", "7"))
        cases.append(((f"{half}, {middle}! {half[::-1].upper()}",), True))
        cases.append(((f"{half}{middle}{half[:0:-1]}_9",), False))
    return python(source, rng.choice(("is_palindrome", "check_palindrome")), cases)


def caesar_cipher(rng: random.Random) -> Honest:
    """The Caesar cipher by code points; the answer from ``str.translate``."""
    source = """
    def encrypt(text, shift=@shift@):
        result = []
        for ch in text:
            if 'a' <= ch <= 'z':
                result.append(chr((ord(ch) - ord('a') + shift) % 26 + ord('a')))
            elif 'A' <= ch <= 'Z':
                result.append(chr((ord(ch) - ord('A') + shift) % 26 + ord('A')))
            else:
                result.append(ch)
        return ''.join(result)
    """
    shift = rng.randint(-30, 30)
    low, up, by = string.ascii_lowercase, string.ascii_uppercase, shift % 26
    table = str.maketrans(low + up, low[by:] + low[:by] + up[by:] + up[:by])
    texts = ["", "Hello, World!", *rng.sample(_WORDS, 4), "xyz XYZ \n"]
    return python(source, "encrypt", [((text,), text.translate(table)) for text in texts], shift=shift)


def run_lengths(rng: random.Random) -> Honest:
    """Run-length encoding of runs that were drawn."""
    source = """
    def encode(s):
        runs = []
        i = 0
        while i < len(s):
            j = i
            while j < len(s) and s[j] == s[i]:
                j += 1
            runs.append((s[i], j - i))
            i = j
        return runs
    """
    cases: list[tuple[tuple[str], list[tuple[str, int]]]] = [(("",), [])]
    for _ in range(5):
        letters = rng.sample("abcXYZ é\U0001f600\u0301\n", rng.randint(1, 8))
        runs = [(letter, rng.randint(1, 30)) for letter in letters]
        cases.append((("".join(letter * count for letter, count in runs),), runs))
    return python(source, "encode", cases)


def reversed_unicode(rng: random.Random) -> Honest:
    """Reversal and length by code point, of text that looks shorter than it is."""
    source = """
    def @entry@(text):
        out = ""
        for ch in text:
            out = ch + out
        return {"text": out, "length": len(text), "bytes": len(text.encode("utf-8"))}
    """
    cases = []
    for text in [*rng.sample(_UNUSUAL, 4), *rng.sample(_WORDS, 3)]:
        size = sum(1 + (ord(c) > 0x7F) + (ord(c) > 0x7FF) + (ord(c) > 0xFFFF) for c in text)
        cases.append(((text,), {"text": text[::-1], "length": len(text), "bytes": size}))
    return python(source, rng.choice(("reverse_text", "reverse_string")), cases)


def lone_surrogates(rng: random.Random) -> Honest:
    """Surrogates alone, in arguments, in values and escaped in the source."""
    source = r"""
    def split_pairs(text):
        units = []
        for ch in text:
            cp = ord(ch)
            if cp > 0xFFFF:
                cp -= 0x10000
                units += [chr(0xD800 + (cp >> 10)), chr(0xDC00 + (cp & 0x3FF))]
            else:
                units.append(ch)
        return units + ["\ud800", '\udfff@letter@']
    """
    letter = rng.choice(string.ascii_letters)
    tail = ["\ud800", "\udfff" + letter]
    cases = [
        ((text,), [*units, *tail]) for text, units in (("\U0001f600", ["\ud83d", "\ude00"]), ("\udc80", ["\udc80"]))
    ]
    return python(source, "split_pairs", [*cases, (("a\ud800",), ["a", "\ud800", *tail])], letter=letter)


def code_points(rng: random.Random) -> Honest:
    """Code points as U+ notation; the answer from the format language."""
    source = """
    def notation(s):
        return ["U+" + hex(ord(c))[2:].upper().rjust(4, "0") for c in s]
    """
    texts = ["", *rng.sample(_UNUSUAL, 3), *rng.sample(_WORDS, 3)]
    return python(source, "notation", [((text,), [f"U+{ord(c):04X}" for c in text]) for text in texts])


def unicode_identifiers(rng: random.Random) -> Honest:
    """Names outside ASCII, one of which Python folds: the ligature in ``ﬁn`` is two letters."""
    source = """
    π = 3.0
    größe = @size@

    def fläche(длина, ширина=größe):
        # 面积 = 长 × 宽
        结果 = длина * ширина
        ﬁn = 结果 + 0.5
        return {"площадь": fin, "π": π, "名": "@name@"}
    """
    size, name = rng.randint(2, 99), rng.choice(_WORDS)
    cases = [((n,), {"площадь": n * size + 0.5, "π": 3.0, "名": name}) for n in (0, rng.randint(1, 99))]
    return python(source, "fläche", cases, size=size, name=name)


def line_endings(rng: random.Random) -> Honest:
    """A source in CRLF; its literals over several lines have plain line ends all the same."""
    source = """
    TEXT = '''first
    @word@
    '''

    def lines_of(extra):
        parts = TEXT + \\
            extra
        return [len(TEXT), parts.splitlines()]
    """
    word = rng.choice(("second", "deuxième", "二"))
    extra = rng.choice(("third\r\nfourth", "a\rb\x0bc", ""))
    tail = {"third\r\nfourth": ["third", "fourth"], "a\rb\x0bc": ["a", "b", "c"], "": []}[extra]
    case = ((extra,), [len(word) + 7, ["first", word, *tail]])
    program = python(source, "lines_of", [case, (("x",), [len(word) + 7, ["first", word, "x"]])], word=word)
    return replace(program, source=program.source.replace("\n", "\r\n"))


def tab_indentation(rng: random.Random) -> Honest:
    """A source indented by tabs, with a form feed and blanks at line ends."""
    source = """
    def count_@kind@(text):
        count = 0
        for ch in text:
            if ch in "@letters@":
                count += 1
        return count
    """
    kind, letters = rng.choice((("vowels", "aeiouAEIOU"), ("digits", "0123456789"), ("brackets", "()[]{}")))
    cases = []
    for _ in range(4):
        right, rest = rng.choices(letters, k=rng.randint(0, 9)), rng.choices("xyz \té", k=5)
        cases.append((("".join(rng.sample([*right, *rest], len(right) + 5)),), len(right)))
    program = python(source, f"count_{kind}", cases, kind=kind, letters=letters)
    tabbed = "".join(line.replace("    ", "\t") + "  \n" for line in program.source.splitlines())
    return replace(program, source="\x0c\n" + tabbed)


def camel_case(rng: random.Random) -> Honest:
    """Words joined in camel case; the words were drawn."""
    source = """
    def to_camel(snake):
        first, *others = snake.split("_")
        return first.lower() + "".join(word.capitalize() for word in others)
    """
    cases = []
    for _ in range(5):
        words = ["".join(rng.choices(string.ascii_lowercase, k=rng.randint(1, 8))) for _ in range(rng.randint(1, 5))]
        cases.append((("_".join(words),), words[0] + "".join(word[0].upper() + word[1:] for word in words[1:])))
    return python(source, "to_camel", cases)


def xor_bytes(rng: random.Random) -> Honest:
    """Bytes combined with a key, twice; the answer from integers."""
    source = """
    def xor(data, key=@key@):
        repeated = key * (len(data) // len(key) + 1)
        return bytes(a ^ b for a, b in zip(data, repeated))
    """
    key = rng.randbytes(4)
    cases: list[tuple[tuple[bytes], bytes]] = [((b"",), b"")]
    for blocks in (1, 3, 20):
        data = rng.randbytes(4 * blocks)
        number = int.from_bytes(data, "big") ^ int.from_bytes(key * blocks, "big")
        cases.append(((data,), number.to_bytes(4 * blocks, "big")))
    return python(source, "xor", cases, key=repr(key))


FAMILIES = {
    "palindromes": Family(5, palindromes),
    "caesar_cipher": Family(5, caesar_cipher),
    "run_lengths": Family(5, run_lengths),
    "reversed_unicode": Family(5, reversed_unicode),
    "lone_surrogates": Family(4, lone_surrogates),
    "code_points": Family(4, code_points),
    "unicode_identifiers": Family(4, unicode_identifiers),
    "line_endings": Family(4, line_endings),
    "tab_indentation": Family(4, tab_indentation),
    "camel_case": Family(4, camel_case),
    "xor_bytes": Family(4, xor_bytes),
}
