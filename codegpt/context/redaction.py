"""Secrets in source text, by how they are written: found and blanked before any of it goes into a prompt.

Two kinds of evidence: the form that an issuer gives its tokens (the table), and a value that is assigned to a name like
`password` and does not look like a word or a placeholder. What is blanked reads `REDACTED`; a text keeps its number of
lines.
Not covered: a secret that looks like any other word, and one that is put together at run time.
"""

import math
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from itertools import accumulate

REDACTED = "REDACTED"

_ISSUED: dict[str, tuple[str, tuple[str, ...]]] = {
    "AWS access key": (r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b", ("AKIA", "ASIA", "ABIA", "ACCA")),
    "GitHub token": (
        r"\b(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{22,255})",
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
    ),
    "GitLab token": (
        r"\bgl(?:pat|dt|rt|soat|ptt|cbt|ft|imt|agent)-[A-Za-z0-9_\-]{20,}",
        ("glpat-", "gldt-", "glrt-", "glsoat-", "glptt-", "glcbt-", "glft-", "glimt-", "glagent-"),
    ),
    "Slack token": (r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}", ("xox",)),
    "Slack webhook": (r"https://hooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9/_-]{20,}", ("hooks.slack.com",)),
    "Discord webhook": (
        r"https://(?:\w+\.)?discord(?:app)?\.com/api/webhooks/\d+/[A-Za-z0-9_-]{30,}",
        ("/api/webhooks/",),
    ),
    "Stripe key": (
        r"\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,}|\bwhsec_[A-Za-z0-9]{24,}",
        ("k_live_", "k_test_", "whsec_"),
    ),
    "Google API key": (r"\bAIza[A-Za-z0-9_\-]{35}", ("AIza",)),
    "Google OAuth secret": (r"\bGOCSPX-[A-Za-z0-9_\-]{20,}|\bya29\.[A-Za-z0-9_\-]{20,}", ("GOCSPX-", "ya29.")),
    "OpenAI or Anthropic key": (r"\bsk-(?:ant-|proj-|svcacct-|or-v1-)?[A-Za-z0-9_\-]{20,}", ("sk-",)),
    "Hugging Face token": (r"\bhf_[A-Za-z0-9]{30,}", ("hf_",)),
    "PyPI token": (r"\bpypi-[A-Za-z0-9_\-]{40,}", ("pypi-",)),
    "npm token": (r"\bnpm_[A-Za-z0-9]{36}", ("npm_",)),
    "SendGrid key": (r"\bSG\.[A-Za-z0-9_\-]{16,}\.[A-Za-z0-9_\-]{16,}", ("SG.",)),
    "Twilio key": (r"\b(?:SK|AC)[0-9a-f]{32}\b", ("SK", "AC")),
    "Mailgun key": (r"\bkey-[0-9a-f]{32}\b", ("key-",)),
    "Azure storage key": (r"(?<=AccountKey=)[A-Za-z0-9+/]{60,}={0,2}", ("AccountKey=",)),
    "DigitalOcean token": (r"\bdo[op]_v1_[0-9a-f]{64}\b", ("_v1_",)),
    "Telegram bot token": (r"\b\d{8,10}:AA[A-Za-z0-9_\-]{33}\b", (":AA",)),
    "Vault token": (r"\bhv[sbr]\.[A-Za-z0-9_\-]{24,}", ("hvs.", "hvb.", "hvr.")),
    "JSON web token": (
        r"(?<![A-Za-z0-9_\-])eyJ[A-Za-z0-9_\-]{8,}\.eyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{8,}",
        (".eyJ",),
    ),
    "age key": (r"\bAGE-SECRET-KEY-1[A-Z0-9]{50,}", ("AGE-SECRET-KEY-1",)),
    "password in a URL": (r"(?<=://)[^\s:/@\"'`{}$<>]{1,64}:[^\s:/@\"'`{}$<>]{3,}(?=@)", ("://",)),
    "authorization header": (
        r"(?<=\b[Bb]earer )[A-Za-z0-9_\-.=+/]{20,}|(?<=\b[Bb]asic )[A-Za-z0-9+/]{20,}={0,2}",
        ("earer ", "asic "),
    ),
}
"""How issuers write their tokens, and what any such text has, as it stands."""

_KEY_BEGINS = r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
_KEY_ENDS = r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
_IN_BETWEEN = r"""(?x:(?:
    [A-Za-z0-9+/=]{20,}                                                    # a line of it
    | (?:\A|(?<=[\n"'`])|(?<=\\n)) [\t ]* [A-Za-z0-9+/=]{1,19} (?= [\t ]* (?: \n | \\[nr] | ["'`] | -----END | \Z ) )
    | (?:\A|(?<=[\n"'`])|(?<=\\n)) [\t ]* [A-Z][A-Za-z-]{2,20} :\  [^\n"'`\\]{0,100}  # a header
    | \n [\t ]* (?: \#+ | //+ | \* | -- | ;+ | %+ | > ) (?= [\t ] )             # within a comment
    | \\[nr] | [bBrRfFuU]{1,2}(?=["']) | [\s"'`,+.;()\[\]\\]
    )*+)"""
"""What stands between the ends of a key, as it is written in a file of its own or in a program's string."""
_UP_TO_END = r"(?P<key>(?:(?!-----BEGIN )[\s\S]){0,20000}?)"
_WHOLE_KEY = re.compile(rf"(?P<begin>{_KEY_BEGINS}|\A){_UP_TO_END}(?={_KEY_ENDS})")
_PRIVATE_KEY = re.compile(rf"(?P<begin>{_KEY_BEGINS})(?P<key>{_IN_BETWEEN})")
_END_OF_KEY = re.compile(rf"(?P<begin>\A)(?P<key>{_IN_BETWEEN})(?={_KEY_ENDS})")
"""A part of a file may begin within a key, or end there."""
_LINE_OF_KEY = re.compile(r"[A-Za-z0-9+/=]{20,}")
_IN_KEY = re.compile(r"[ \t]*[A-Za-z0-9+/]{60,76}={0,2}\s*")
"""A line of a key of which neither end is in the text, or of any other data that is no loss."""
SHORTEST_KEY = 60
"""Characters of such a line."""
_TOKENS = re.compile("|".join(f"(?:{pattern})" for pattern, _ in _ISSUED.values()))
_MARKS = tuple(mark for _, marks in _ISSUED.values() for mark in marks)
_NAMED = r"""
    (?: pass(?:word|wd|phrase)? | pwd | secret | token | api_?key | apikey | access_?key | private_?key | client_?secret
      | auth_?key | credentials? | encryption_?key | signing_?key | salt | dsn | connection_?string )
    \w{0,64} ["']? \s{0,20}
"""
_QUOTED = r"""(?P<quote> ["'`] ) (?P<value> [^"'`\n]{6,} ) (?P=quote)"""
_ASSIGNED = re.compile(
    rf"(?ix) {_NAMED} (?: = | : | => | := | , ) \s{{0,20}} (?: [\w\[\], |]{{0,80}} = \s{{0,20}} )? {_QUOTED}"
)
_BEFORE_VALUE = re.compile(rf"(?ix) {_NAMED} (?: = | : | => | := ) \s{{0,20}} [(\\]? \s* \Z")
_ON_NEXT_LINE = re.compile(r"""(?x) \A \s* (?P<quote> ["'`] ) (?P<value> [^"'`\n]{6,} ) (?: (?P=quote) | \Z )""")
"""What was cut off may lack its end."""
_UNQUOTED = re.compile(
    r"(?i)^[ \t]*(?:export[ \t]+)?[A-Z0-9_]{0,64}?"
    r"(?:PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY|ACCESS_KEY|PRIVATE_KEY)[A-Z0-9_]{0,64}"
    r"[ \t]*[=:][ \t]*(?P<value>(?=[^\s]*[^\W\d])[^\s\"'`#$(){}<>,;]{8,})\s*$"
)
_PLACEHOLDER = re.compile(
    r"(?i)\A(?:x+|\*+|\.+|<.*>|\$.*|%.*|\{.*\}|.*(?:example|changeme|placeholder|your[-_ ]|dummy|redacted|secret"
    r"|password|token|api[-_ ]?key|getenv|environ).*)\Z"
)
_WORDS = re.compile(r"[^\W\d]*(?:[_.\-][^\W\d]*)*")
LEAST_BITS = 2.3
"""Of a character of a value; less has hardly two different ones."""


@lru_cache(maxsize=16)
def redacted(text: str) -> str:
    """`blanked`; the last texts are kept, as most of a prompt is at the next key."""
    return blanked(text)


def blanked(text: str) -> str:
    """The text without what looks like a secret, in as many lines; linear in its length."""
    if "PRIVATE KEY" in text:
        text = without_private_keys(text)
    lines, announced = text.split("\n"), -1
    for number, has_mark, has_word in _worth_a_look(text, lines):
        line = lines[number]
        if announced == number:
            line = _ON_NEXT_LINE.sub(_without_value, line)
        if len(line) >= SHORTEST_KEY and _IN_KEY.fullmatch(line):
            line = REDACTED
        if has_mark:
            line = _TOKENS.sub(REDACTED, line)
        if has_word:
            announced = number + 1 if _BEFORE_VALUE.search(line) else -1
            line = _UNQUOTED.sub(_without_value, _ASSIGNED.sub(_without_value, line))
        lines[number] = line
    return "\n".join(lines)


def _worth_a_look(text: str, lines: list[str]) -> list[tuple[int, bool, bool]]:
    """The numbers of the lines that the expressions may have anything for, and which ones: to look is cheap."""
    lower = text.lower()
    if len(lower) != len(text):  # offsets would not be the same
        return [(number, True, True) for number in range(len(lines))]
    starts = list(accumulate((len(line) + 1 for line in lines), initial=0))
    marked = {bisect_right(starts, at) - 1 for mark in _MARKS for at in _places(mark, text)}
    telling = {bisect_right(starts, at) - 1 for word in _TELLING for at in _places(word, lower)}
    long = {number for number, line in enumerate(lines) if len(line) >= SHORTEST_KEY}
    behind = {number + 1 for number in telling if number + 1 < len(lines)}
    return [(each, each in marked, each in telling) for each in sorted(marked | telling | long | behind)]


def _places(word: str, text: str) -> Iterator[int]:
    at = text.find(word)
    while at >= 0:
        yield at
        at = text.find(word, at + len(word))


def without_private_keys(text: str) -> str:
    """The text without what stands between the ends of private keys, and of one of which one end is there."""
    text = _WHOLE_KEY.sub(_without_key_if_dense, text)
    return _END_OF_KEY.sub(_without_key, _PRIVATE_KEY.sub(_without_key, text))


def _without_key_if_dense(match: "re.Match[str]") -> str:
    """Without all that is between the ends, however it is written, where most of it can be nothing but a key."""
    key = match["key"]
    long = sum(len(line) for line in _LINE_OF_KEY.findall(key))
    if 2 * long < len("".join(key.split())) or not long:
        return match[0]
    return match["begin"] + REDACTED + "\n" * key.count("\n")


def _without_key(match: "re.Match[str]") -> str:
    """Without what is between the ends; a program that only names them has no key there."""
    key = match["key"]
    if not _LINE_OF_KEY.search(key) and not match.string.startswith("-----END ", match.end()):
        return match[0]
    behind = key[len(key.rstrip("\"'`,+() \t\n\r\\")) :]  # what belongs to the program again
    return match["begin"] + REDACTED + "\n" * (key.count("\n") - behind.count("\n")) + behind


_TELLING = ("pass", "pwd", "secret", "token", "key", "credential", "salt", "dsn", "connection")
"""What any name that `_NAMED` and `_UNQUOTED` are for has in it, in small letters."""


def _without_value(match: "re.Match[str]") -> str:
    value = match["value"]
    if not _is_secret(value):
        return match[0]
    begin = match.start("value") - match.start()
    return match[0][:begin] + REDACTED + match[0][begin + len(value) :]


def _is_secret(value: str) -> bool:
    """Whether a value that is assigned to a telling name is one, and no word, placeholder or expression."""
    if _PLACEHOLDER.match(value) or " " in value.strip() or _WORDS.fullmatch(value):
        return False
    return _bits(value) >= LEAST_BITS


def _bits(value: str) -> float:
    """Entropy of the characters of a text (Shannon), in bits a character."""
    counts = Counter(value).values()
    return -sum(count / len(value) * math.log2(count / len(value)) for count in counts)
