"""Planted secrets, of which nothing may be left, and honest text, of which everything is."""

import random
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codegpt.context import redaction
from codegpt.context.cursor import Around, Cursor
from codegpt.context.edits import Region
from codegpt.context.outline import outline
from codegpt.context.project import Snapshot
from codegpt.context.redaction import REDACTED, blanked, redacted
from codegpt.document import Document
from codegpt.engine.scripted import prompt_text
from codegpt.planning import CompletionOptions, plan
from codegpt.prompt import parse_fim
from codegpt.syntax import parse

FIM = parse_fim("qwen2.5-coder/spm")


def made(alphabet: str, length: int, seed: int) -> str:
    return "".join(random.Random(seed).choices(alphabet, k=length))


LETTERS = string.ascii_letters + string.digits
HEX = "0123456789abcdef"
UPPER = string.ascii_uppercase + string.digits

SECRETS = {
    "AWS access key": ("AKIA" + made(UPPER, 16, 1), "key = '{}'"),
    "AWS secret": (made(LETTERS + "/+", 40, 2), "aws_secret_access_key = {!r}"),
    "GitHub token": ("ghp_" + made(LETTERS, 36, 3), "git clone https://{}@github.com/x/y"),
    "GitHub fine-grained token": ("github_pat_" + made(LETTERS, 60, 4), "x = '{}'"),
    "GitLab token": ("glpat-" + made(LETTERS, 20, 5), "x = '{}'"),
    "Slack token": ("xoxb-" + made(LETTERS, 30, 6), "x = '{}'"),
    "Slack webhook": ("https://hooks.slack.com/services/" + made(LETTERS, 30, 7), "url = '{}'"),
    "Discord webhook": ("https://discord.com/api/webhooks/123456/" + made(LETTERS, 40, 30), "url = '{}'"),
    "Google OAuth secret": ("GOCSPX-" + made(LETTERS, 28, 31), "x = '{}'"),
    "Google OAuth token": ("ya29." + made(LETTERS, 60, 32), "x = '{}'"),
    "Stripe webhook": ("whsec_" + made(LETTERS, 32, 33), "x = '{}'"),
    "Mailgun key": ("key-" + made(HEX, 32, 34), "x = '{}'"),
    "Vault token": ("hvs." + made(LETTERS, 90, 35), "x = '{}'"),
    "age key": ("AGE-SECRET-KEY-1" + made(UPPER, 58, 36), "# {}"),
    "basic": (made(LETTERS, 24, 37) + "==", "x = ['Basic {}']"),
    "Stripe key": ("sk_live_" + made(LETTERS, 24, 8), "stripe.api_key = '{}'"),
    "Google API key": ("AIza" + made(LETTERS, 35, 9), "x = '{}'"),
    "OpenAI key": ("sk-proj-" + made(LETTERS, 40, 10), "OpenAI('{}')"),
    "Anthropic key": ("sk-ant-" + made(LETTERS, 40, 11), "x = '{}'"),
    "Hugging Face token": ("hf_" + made(LETTERS, 34, 12), "x = '{}'"),
    "PyPI token": ("pypi-" + made(LETTERS, 60, 13), "x = '{}'"),
    "npm token": ("npm_" + made(LETTERS, 36, 14), "//registry/:_authToken={}"),
    "SendGrid key": (f"SG.{made(LETTERS, 22, 15)}.{made(LETTERS, 43, 16)}", "x = '{}'"),
    "Twilio key": ("SK" + made(HEX, 32, 17), "x = '{}'"),
    "Azure storage key": (made(LETTERS, 86, 18) + "==", "AccountName=a;AccountKey={};Endpoint=b"),
    "DigitalOcean token": ("dop_v1_" + made(HEX, 64, 19), "x = '{}'"),
    "Telegram token": ("123456789:AA" + made(LETTERS, 33, 20), "x = '{}'"),
    "JSON web token": (f"eyJ{made(LETTERS, 20, 21)}.eyJ{made(LETTERS, 30, 22)}.{made(LETTERS, 40, 23)}", "x = '{}'"),
    "password in a URL": ("hunter2!x", "postgres://bob:{}@host:5432/db"),
    "bearer": (made(LETTERS, 40, 24), "headers = {{'Authorization': 'Bearer {}'}}"),
    "password": ("Xk29!kdkd", 'password = "{}"'),
    "password of a dict": ("Xk29!kdkd", '{{"db_password": "{}"}}'),
    "password of a call": ("Xk29!kdkd", "connect(user='me', password='{}')"),
    "annotated": ("a1b2c3d4e5", 'api_key: str = "{}"'),
    "of an environment file": (made(LETTERS, 24, 25), "export API_TOKEN={}"),
    "of YAML": (made(LETTERS, 24, 26), "  client_secret: '{}'"),
    "of Go": (made(LETTERS, 24, 27), 'secretKey := "{}"'),
    "private key": (made(LETTERS, 64, 28), "-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----"),
    "private key in a comment": (
        made(LETTERS, 50, 38),
        "# -----BEGIN RSA PRIVATE KEY-----\n# Proc-Type: 4\n#\n# {}\n# -----END RSA PRIVATE KEY-----",
    ),
    "private key in a comment, cut off": (made(LETTERS, 50, 39), "// -----BEGIN PRIVATE KEY-----\n// {}\n// ab"),
    "private key in a table": (made(LETTERS, 50, 40), "x = [['-----BEGIN PRIVATE KEY-----'], ['{}'],"),
    "private key written oddly": (
        made(LETTERS, 50, 41),
        "<k>-----BEGIN PRIVATE KEY-----&#10;{}&#10;-----END PRIVATE KEY-----</k>",
    ),
    "private key that is cut off": (made(LETTERS, 64, 29), "-----BEGIN OPENSSH PRIVATE KEY-----\n{}\n"),
}


@pytest.mark.parametrize("kind", SECRETS)
def test_nothing_of_a_secret_is_left(kind: str) -> None:
    secret, form = SECRETS[kind]
    text = f"def f():\n    pass\n\n{form.format(secret)}\n\nx = 1\n"
    assert secret in text
    found = redacted(text)
    assert secret not in found and REDACTED in found
    assert found.startswith("def f():\n    pass\n\n") and (found.endswith("\n\nx = 1\n") or "cut off" in kind)


@pytest.mark.parametrize("kind", SECRETS)
def test_no_prompt_holds_any_of_it(kind: str) -> None:
    """Wherever it stands: in the file itself, before and after the cursor, in one that is open, alike, or imported."""
    secret, form = SECRETS[kind]
    planted = form.format(secret)
    lines = "\n".join(f"value_{number} = fetch(address_{number})" for number in range(6))
    other = f"{planted}\n\n\ndef fetch(address):\n    return address\n\n\n{lines}\n{planted}\n"
    texts = {"app/core.py": other, "app/near.py": f"from app.core import fetch\n{planted}\n{lines}\n"}
    source = f"from app.core import fetch\n{planted}\n{lines}\nvalue = fetch(\n\n{planted}\n"
    offset = source.index("fetch(\n") + 6
    around = Around(Snapshot(texts), "app", "app/here.py", {"app/open.py": other}, (Region("app/core.py", planted, 0),))
    cursor = Cursor(Document(source, "app/here.py", "python"), offset, around)
    asked = plan(cursor.document, offset, len, FIM, CompletionOptions(context_tokens=4000), cursor)
    text = prompt_text(asked.prompt)
    assert "def fetch(address" in text and REDACTED in text
    assert secret not in text


@pytest.mark.parametrize(
    "text",
    [
        'password = os.environ["DB_PASSWORD"]',
        'password = "<your password>"',
        'token_type = "Bearer"',
        'def login(password: str = "default") -> str:',
        'field = forms.CharField(label="Password", widget=PasswordInput())',
        'secret = get_secret("projects/app/secret")',
        'token = "identifier_name"',
        'kind, token = "STRING", tokens[0]',
        'api_key = "${API_KEY}"',
        'api_key = "YOUR-API-KEY-123"',
        "PASSWORD_MIN_LENGTH = 12345678",
        'url = "https://example.com:8080/path@x"',
        "digest = '9e107d9d372bb6826bd81d3542a419d6'",
        "salted = hash(password + salt)",
        "SECRET = settings.SECRET_KEY",
        "-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----",
        'def is_key(text):\n    return "-----BEGIN PRIVATE KEY-----" in text\n\n\ndef area(a):\n    return a\n',
        'if "-----BEGIN PRIVATE KEY-----" in text and "-----END PRIVATE KEY-----" in text:\n    pass',
        'x = 1\nEND = "-----END PRIVATE KEY-----"\n',
    ],
)
def test_honest_text_stays_as_it_is(text: str) -> None:
    assert redacted(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('password = (\n    "hunter2Xq9zK"\n)', 'password = (\n    "REDACTED"\n)'),
        ('"password":\n  "hunter2Xq9zK"', '"password":\n  "REDACTED"'),
        ('password = f(\n    "hunter2Xq9zK"\n)', 'password = f(\n    "hunter2Xq9zK"\n)'),
        ("QUJD\nREVG\n-----END RSA PRIVATE KEY-----\nx = 1", "REDACTED\n\n-----END RSA PRIVATE KEY-----\nx = 1"),
        ("MIIE" + "A1b2" * 15 + "\nx = 1", "REDACTED\nx = 1"),
        (
            'KEY = """-----BEGIN PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\n'
            'A1b2A1b2A1b2A1b2A1b2\nkA==\n-----END PRIVATE KEY-----"""',
            'KEY = """-----BEGIN PRIVATE KEY-----REDACTED\n\n\n\n\n-----END PRIVATE KEY-----"""',
        ),
        (
            'KEY = (\n    "-----BEGIN PRIVATE KEY-----\\n"\n    b"A1b2A1b2A1b2A1b2A1b2\\n"\n    "kA==\\n"\n)\nx = 1\n',
            'KEY = (\n    "-----BEGIN PRIVATE KEY-----REDACTED\n\n"\n)\nx = 1\n',
        ),
        ('password = (\n    "' + "Xk29!kdkd" * 9, 'password = (\n    "REDACTED'),
        (
            "-----BEGIN EC PRIVATE KEY-----\na\nb\n-----END EC PRIVATE KEY-----\nx",
            "-----BEGIN EC PRIVATE KEY-----REDACTED\n\n\n-----END EC PRIVATE KEY-----\nx",
        ),
    ],
)
def test_over_several_lines_and_in_parts(text: str, expected: str) -> None:
    assert redacted(text) == expected


def test_a_signature_that_is_cut_is_blanked_before() -> None:
    syntax = parse(Document(f'API_SECRET = "{made(LETTERS, 130, 30)}"\nx = 1\n', language="python"))
    assert syntax is not None
    assert outline(syntax)[0].signature == 'API_SECRET = "REDACTED"'


@given(st.text(max_size=300))
def test_any_text_and_twice_is_once(text: str) -> None:
    once = redacted(text)
    assert redacted(once) == once
    assert once.count("\n") == text.count("\n")


def slowly_blanked(text: str) -> str:
    """Every expression on every line."""
    text = redaction.without_private_keys(text)
    lines, announced = [], False
    for line in text.split("\n"):
        line = redaction._ON_NEXT_LINE.sub(redaction._without_value, line) if announced else line
        line = redaction._TOKENS.sub(REDACTED, REDACTED if redaction._IN_KEY.fullmatch(line) else line)
        announced = redaction._BEFORE_VALUE.search(line) is not None
        line = redaction._ASSIGNED.sub(redaction._without_value, line)
        lines.append(redaction._UNQUOTED.sub(redaction._without_value, line))
    return "\n".join(lines)


PLANTED = [form.format(secret) for secret, form in SECRETS.values()]
LINES = st.one_of(st.sampled_from([*PLANTED, "x = 1", "password = (", "  'Xk29!kdkd',", ""]), st.text(max_size=30))


@settings(max_examples=300)
@given(st.lists(LINES, max_size=8).map("\n".join))
def test_what_is_looked_at_is_all_that_matters(text: str) -> None:
    assert blanked(text) == slowly_blanked(text)
