import secrets
from collections.abc import Mapping
from dataclasses import replace

import pytest

from codegpt.sandbox import selftest as module
from codegpt.sandbox.backends import Backend
from codegpt.sandbox.corpus.differences import LANDLOCK, NO_PID_NAMESPACE, NO_SCRATCH
from codegpt.sandbox.corpus.honest import FAMILIES, Honest
from codegpt.sandbox.corpus.hostile import Hostile
from codegpt.sandbox.opening import available_views
from codegpt.sandbox.selftest import Report, Row, selftest


def attack(name: str, source: str, expect: str, mode: str = "functions") -> Hostile:
    return Hostile(name, "test", "python", mode, frozenset(expect.split(", ")), "something", source)


def honest(name: str, source: str, verdict: str, expected: object = 3, language: str = "python") -> Honest:
    return Honest(name, language, source, "f", ((1, 2),), (expected,), verdict)  # type: ignore[arg-type]


READS = attack("reads-a-secret", "def f(x):\n    return 'ESCAPED ' + open('@FILE@').read()\n", "exception")
SHOUTS = attack("shouts", "print('ESCAPED by script')\n", "wrong answer", "script")
GUESSES = attack("guesses", "def f(x):\n    return x\n", "wrong answer")
RIGHT = honest("sum-000", "def f(a, b):\n    return a + b\n", "passed")
RAISES = honest("sum-001", "def f(a, b):\n    raise ValueError\n", "exception")
WRONG = honest("product-000", "def f(a, b):\n    return a * b\n", "wrong answer")
MISSTATED = honest("sum-002", "def f(a, b):\n    return a + b\n", "wrong answer")  # on purpose


def run(
    monkeypatch: pytest.MonkeyPatch,
    attacks: tuple[Hostile, ...],
    programs: tuple[Honest, ...],
    backend: Backend = Backend.BWRAP,
) -> tuple[Report, dict[str, list[tuple[int, int]]]]:
    """The report on these programs, and what was told of the progress."""
    stages: dict[str, list[tuple[int, int]]] = {}

    def aimed(places: Mapping[str, str]) -> tuple[Hostile, ...]:
        return tuple(replace(each, source=each.source.replace("@FILE@", places["FILE"])) for each in attacks)

    def drawn(count: int, seed: int) -> tuple[Honest, ...]:
        assert (count, seed) == (len(programs), 5)
        return programs

    monkeypatch.setattr(module, "hostile_programs", aimed)
    monkeypatch.setattr(module, "honest_programs", drawn)
    monkeypatch.setattr(module, "BARE_STARTS", 4)
    monkeypatch.setattr(module, "CHECKS", 2)
    report = selftest(
        backend, len(programs), 5, lambda stage, done, of: stages.setdefault(stage, []).append((done, of))
    )
    return report, stages


def facts(rows: tuple[Row, ...]) -> list[tuple[str, str, bool, str]]:
    return [(row.name, row.verdict, row.right, row.escape) for row in rows]


@pytest.fixture
def small(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> Report:
    report, stages = run(monkeypatch, (READS, SHOUTS, GUESSES), (RIGHT, RAISES, WRONG, MISSTATED), backend)
    assert stages == {
        "attacks": [(number, 5) for number in range(1, 6)],
        "bare jails": [(1, 2), (2, 2)] * 2,
        "programs": [(number, 4) for number in range(1, 5)],
        "checks": [(1, 2), (2, 2)],
    }
    return report


def test_a_report_counts_what_went_wrong(small: Report, backend: Backend) -> None:
    assert facts(small.hostile) == [
        ("reads-a-secret", "exception", True, ""),
        ("shouts", "wrong answer", True, "ESCAPED by script\n"),
        ("guesses", "wrong answer", True, ""),
        ("reads-a-secret (two jails)", "exception", True, ""),
        ("guesses (two jails)", "wrong answer", True, ""),
    ]
    assert facts(small.honest) == [
        ("sum-000", "passed", True, ""),
        ("sum-001", "exception", True, ""),
        ("product-000", "wrong answer", True, ""),
        ("sum-002", "passed", False, ""),
    ]
    summary = small.summary()
    rates = [summary.pop(f"{name}_per_minute") for name in ("verdicts", "bare_starts", "checks")]
    assert summary == {
        "backend": backend,
        "hostile": 3,
        "escapes": 1,
        "wrong_verdicts": 0,
        "honest": 4,
        "honest_wrong": 1,
        "differences": 0,
        "not_run": 0,
        "left": 0,
    }
    assert all(isinstance(rate, int) and rate > 4 for rate in rates)
    assert small.left == ()
    assert not small.holds


def test_groups_are_themes_and_families(small: Report) -> None:
    assert {row.group for row in small.hostile} == {"test"}
    assert [row.group for row in small.honest] == ["sum", "sum", "product", "sum"]


def test_a_jail_that_holds(sandbox: object, monkeypatch: pytest.MonkeyPatch) -> None:
    report, _ = run(monkeypatch, (READS, GUESSES), (RIGHT, RAISES, WRONG))
    assert report.holds
    assert report.backend == "bwrap"


def test_a_wrong_verdict_on_an_attack(sandbox: object, monkeypatch: pytest.MonkeyPatch) -> None:
    report, _ = run(monkeypatch, (replace(GUESSES, expect=frozenset({"violation"})),), (RIGHT,))
    assert facts(report.hostile)[0] == ("guesses", "wrong answer", False, "")
    assert (report.summary()["wrong_verdicts"], report.summary()["escapes"], report.holds) == (1, 0, False)


@pytest.mark.parametrize("mode", ["functions", "script"])
def test_an_attack_that_answers_rightly_is_an_escape(
    sandbox: object, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    """It cannot know the numbers; here it does, since they are not drawn."""
    monkeypatch.setattr(secrets, "randbits", lambda bits: 17)
    texts = iter(["of the canaries", "of the script"])
    monkeypatch.setattr(secrets, "token_hex", lambda size: next(texts))
    source = "print('of the script')\n" if mode == "script" else "def f(x):\n    return 17\n"
    report, _ = run(monkeypatch, (attack("knows", source, "wrong answer", mode),), (RIGHT,))
    assert len(report.hostile) == (1 if mode == "script" else 2)
    for row in report.hostile:
        assert (row.verdict, row.right, row.escape) == ("passed", False, "an attack was judged to be right")
    assert not report.holds


def test_the_secret_of_the_canaries_is_evidence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read where there is no jail."""
    quiet = attack("reads-quietly", "def f(x):\n    return open('@FILE@').read()\n", "wrong answer")
    report, _ = run(monkeypatch, (quiet,), (RIGHT,), Backend.UNSAFE)
    assert facts(report.hostile)[0] == (
        "reads-quietly",
        "wrong answer",
        True,
        "the secret of the canaries was read",
    )
    assert report.summary()["escapes"] == 1
    assert not report.holds


def test_an_escape_of_an_ordinary_program_counts_too(sandbox: object, monkeypatch: pytest.MonkeyPatch) -> None:
    loud = honest("loud-000", "def f(a, b):\n    print('ESCAPED')\n    return 3\n", "passed")
    report, _ = run(monkeypatch, (GUESSES,), (RIGHT, loud))
    assert [row.escape for row in report.honest] == ["", "ESCAPED\n"]
    assert not report.holds


def test_programs_without_an_interpreter_are_counted(sandbox: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "available_views", lambda: {"python": available_views()["python"]})
    script = honest("js-000", "function f(a, b) { return a + b; }", "passed", language="javascript")
    hostile = replace(GUESSES, name="js-guesses", language="javascript", source="function f(x) { return x; }")
    report, _ = run(monkeypatch, (GUESSES, hostile), (RIGHT, script))
    assert (len(report.hostile), len(report.honest), report.not_run) == (2, 1, 2)
    assert report.holds


# --- where Landlock differs

TELLS = attack("host-name", "def f(x):\n    return 'ESCAPED host'\n", "exception")
KILLS = attack("kill-the-parent", "def f(x):\n    raise OSError\n", "exited early")
SCRATCH = honest("scratch_file-000", "def f(a, b):\n    open('/tmp/x', 'w').close()\n    return a + b\n", "passed")


def test_differences_are_applied(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    report, _ = run(monkeypatch, (TELLS, KILLS, GUESSES), (SCRATCH, RIGHT), backend)
    one_jail = report.hostile[:3]
    if backend is Backend.BWRAP:
        assert facts(one_jail) == [
            ("host-name", "wrong answer", False, "ESCAPED host', args=None)"),
            ("kill-the-parent", "exception", False, ""),
            ("guesses", "wrong answer", True, ""),
        ]
        assert facts(report.honest) == [("scratch_file-000", "passed", True, ""), ("sum-000", "passed", True, "")]
        assert {row.difference for row in (*report.hostile, *report.honest)} == {""}
        return
    assert facts(one_jail) == [
        ("host-name", "wrong answer", True, ""),
        ("kill-the-parent", "exception", True, ""),
        ("guesses", "wrong answer", True, ""),
    ]
    assert facts(report.honest) == [("scratch_file-000", "exception", True, ""), ("sum-000", "passed", True, "")]
    assert [row.difference for row in one_jail] == [LANDLOCK["host-name"].why, NO_PID_NAMESPACE, ""]
    assert [row.difference for row in report.honest] == [NO_SCRATCH, ""]
    assert report.summary()["differences"] == 3
    assert report.holds


ROW = Row("host-name", "files", frozenset({"exception"}), "wrong answer", "", "ESCAPED host")


@pytest.mark.parametrize(
    ("name", "escape", "left"),
    [
        ("host-name", "ESCAPED host", ""),
        ("host-name", "a TCP connection arrived", "a TCP connection arrived"),
        ("host-name", "the secret of the canaries was read", "the secret of the canaries was read"),
        ("host-name", "an attack was judged to be right", "an attack was judged to be right"),
        ("kill-everybody", "ESCAPED by a signal", "ESCAPED by a signal"),  # learns nothing that may be known
        ("another", "ESCAPED host", "ESCAPED host"),
    ],
)
def test_what_may_be_learned_is_no_escape_and_the_rest_is(name: str, escape: str, left: str) -> None:
    row = replace(ROW, name=name, escape=escape)
    assert module._with_difference(row, Backend.LANDLOCK, name).escape == left
    assert module._with_difference(row, Backend.BWRAP, name) == row


def test_every_difference_is_of_a_program_that_there_is() -> None:
    places = ("FILE", "ENV", "PORT", "UDP_PORT", "UNIX", "ABSTRACT", "OUT", "PID")
    attacks = {program.name for program in module.hostile_programs(dict.fromkeys(places, "1"))}
    assert LANDLOCK.keys() <= attacks | FAMILIES.keys()
    assert all(difference.verdict and difference.why for difference in LANDLOCK.values())
