"""Right programs that take text apart or put it together with re, json, textwrap, string and hashlib."""

import hashlib
import json
import random
import string

from codegpt.sandbox.corpus.honest.program import Family, Honest, python


def log_fields(rng: random.Random) -> Honest:
    """A pattern with named groups over log lines made from drawn fields."""
    source = r'''
    import re

    LINE = re.compile(
        r"""^\[(?P<level>[A-Z]+)\]\s+   # how bad
        (?P<host>[\w.-]+):(?P<port>\d{1,5})
        (?:[ ](?P<text>.*))?$""",
        re.VERBOSE | re.MULTILINE,
    )

    def parse_log(log):
        found = []
        for match in LINE.finditer(log):
            row = match.groupdict()
            row["port"] = int(row["port"])
            found.append(row)
        return found
    '''
    rows: list[dict[str, object]] = []
    lines = ["", "not a record", "[low] a:1 x"]
    for _ in range(rng.randint(1, 8)):
        host, port = rng.choice(("db-1.local", "bücher", "10.0.0.1")), rng.randint(1, 65535)
        level, text = rng.choice(("INFO", "ERROR")), rng.choice(("ok", "naïve: [x] \U0001f600", None))
        rows.append({"level": level, "host": host, "port": port, "text": text})
        lines.append(f"[{level}]  {host}:{port}" + (f" {text}" if text else ""))
    return python(source, "parse_log", [(("\n".join(lines),), rows), (("",), [])])


def tokens(rng: random.Random) -> Honest:
    """A scanner by alternatives and a parser by descent; the answer from the tree that was drawn."""
    source = r"""
    import re

    TOKEN = re.compile(r"\s*(?:(\d+)|(.))")

    def evaluate(text):
        tokens = [number or symbol for number, symbol in TOKEN.findall(text)]
        position = 0

        def expression():
            nonlocal position
            value = term()
            while position < len(tokens) and tokens[position] in "+-":
                operator = tokens[position]
                position += 1
                value = value + term() if operator == "+" else value - term()
            return value

        def term():
            nonlocal position
            value = factor()
            while position < len(tokens) and tokens[position] == "*":
                position += 1
                value *= factor()
            return value

        def factor():
            nonlocal position
            token = tokens[position]
            position += 1
            if token == "(":
                value = expression()
                position += 1
                return value
            return int(token)

        return expression()
    """
    cases = []
    for _ in range(4):
        value = rng.randint(0, 99)
        text = str(value)
        for _ in range(rng.randint(0, 12)):
            other, blank = rng.randint(0, 99), rng.choice(("", " ", "  "))
            sign = rng.choice("+-*")
            value = value + other if sign == "+" else value - other if sign == "-" else value * other
            text = f"({text}{blank}{sign}{blank}{other})"
        cases.append(((text,), value))
    return python(source, "evaluate", [*cases, (("2 + 3 * 4 - 1",), 13)])


def escaped_pattern(rng: random.Random) -> Honest:
    """An escape that Python warns of when it compiles the source, and takes all the same."""
    source = r"""
    import re

    def @entry@(text):
        # find every number in the text
        return [int(n) for n in re.findall("-?\d+", text)], re.sub('\s+', ' ', text).strip()
    """
    numbers = [rng.randint(-999, 999) for _ in range(rng.randint(1, 9))]
    text = " x\t".join(map(str, numbers))
    cases = [((f"  {text}\n",), (numbers, " x ".join(map(str, numbers)))), (("",), ([], ""))]
    return python(source, rng.choice(("numbers_in", "extract_numbers")), cases)


def replacements(rng: random.Random) -> Honest:
    """Substitution by a function, look-around and back references; snake case drawn first."""
    source = r"""
    import re

    def to_snake(name):
        return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()

    def tidy(text):
        text = re.sub(r"\b(\w+)( \1\b)+", r"\1", text)
        return re.sub(r"\{(\w+)\}", lambda m: to_snake(m.group(1)), text)
    """
    words = ["".join(rng.choices(string.ascii_lowercase, k=rng.randint(2, 7))) for _ in range(4)]
    camel = "".join(word.capitalize() for word in words)
    cases = [((f"the the {{{camel}}} is is is {words[0]}!",), f"the {'_'.join(words)} is {words[0]}!"), (("",), "")]
    return python(source, "tidy", cases)


def wrapped_text(rng: random.Random) -> Honest:
    """``textwrap`` on words that fit; the answer by filling lines greedily."""
    source = '''
    import textwrap

    HELP = textwrap.dedent("""\\
        usage:
          @word@
    """)

    def wrap(text, width=@width@):
        return textwrap.wrap(text, width=width), textwrap.indent(HELP, "> ")
    '''
    width, word = rng.randint(12, 40), rng.choice(("run", "größer"))
    words = ["".join(rng.choices(string.ascii_lowercase, k=rng.randint(1, 9))) for _ in range(rng.randint(3, 40))]
    lines = [words[0]]
    for following in words[1:]:
        if len(lines[-1]) + 1 + len(following) <= width:
            lines[-1] += " " + following
        else:
            lines.append(following)
    return python(source, "wrap", [((" ".join(words),), (lines, f"> usage:\n>   {word}\n"))], width=width, word=word)


def letters(rng: random.Random) -> Honest:
    """``string.Template`` and the alphabets of ``string``."""
    source = """
    import string

    MAIL = string.Template("Dear $name, you owe $$${amount}.")

    def write(name, amount):
        body = MAIL.safe_substitute(name=name, amount=amount)
        return body, [c for c in body if c in string.punctuation], string.capwords(name)
    """
    cases = []
    for name in ("ada lovelace", "$name", "ÉVA o'neil"):
        amount = rng.randint(1, 9999)
        marks = [c for c in name if c in "$'"]
        proper = {"ada lovelace": "Ada Lovelace", "$name": "$name", "ÉVA o'neil": "Éva O'neil"}[name]
        cases.append(((name, amount), (f"Dear {name}, you owe ${amount}.", [*marks, ",", "$", "."], proper)))
    return python(source, "write", cases)


def json_documents(rng: random.Random) -> Honest:
    """JSON read, changed and written; the answer written here."""
    source = """
    import json

    def @entry@(document):
        try:
            data = json.loads(document)
        except json.JSONDecodeError as error:
            return {"error": type(error).__name__, "at": error.pos}
        data["total"] = sum(item["price"] * item.get("count", 1) for item in data["items"])
        return json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    """
    prices = [rng.randint(-50, 500) / 4 for _ in range(rng.randint(1, 6))]
    data: dict[str, object] = {"items": [{"price": price, "count": 2} for price in prices]}
    data |= {"name": "été \U0001f600", "null": None}
    indented = json.dumps(data, indent=rng.choice((None, 2)))
    total = 2.0 * sum(prices)
    items = ",".join(f'{{"count":2,"price":{price}}}' for price in prices)
    answer = f'{{"items":[{items}],"name":"été \U0001f600","null":null,"total":{total}}}'
    cases: list[tuple[tuple[str], object]] = [
        ((indented,), answer),
        (('{"a": }',), {"error": "JSONDecodeError", "at": 6}),
    ]
    return python(source, rng.choice(("process", "add_total")), cases)


def digests(rng: random.Random) -> Honest:
    """A chain of SHA-256 digests."""
    source = """
    import hashlib

    def chain(blocks):
        previous = "0" * 64
        for block in blocks:
            previous = hashlib.sha256((previous + block).encode("utf-8")).hexdigest()
        return previous, hashlib.md5(b"@salt@").digest()
    """
    salt, cases = str(rng.randint(0, 10**6)), []
    for blocks in ([], ["genesis"], [str(rng.randint(0, 999)) + "é" for _ in range(9)]):
        digest = b"0" * 64
        for block in blocks:
            hashed = hashlib.new("sha256", digest)
            hashed.update(block.encode())
            digest = hashed.digest().hex().encode()
        cases.append(((blocks,), (digest.decode(), hashlib.new("md5", salt.encode()).digest())))
    return python(source, "chain", cases, salt=salt)


FAMILIES = {
    "log_fields": Family(16, log_fields),
    "tokens": Family(6, tokens),
    "escaped_pattern": Family(5, escaped_pattern),
    "replacements": Family(5, replacements),
    "wrapped_text": Family(4, wrapped_text),
    "letters": Family(3, letters),
    "json_documents": Family(6, json_documents),
    "digests": Family(4, digests),
}
