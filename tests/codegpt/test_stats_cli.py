import json
import time
from datetime import date
from pathlib import Path

import pytest

from codegpt.cli import cli
from codegpt.console import run
from codegpt.stats_cli import Figures, by_day, figures
from codegpt.usage import Outcome, Shown, usage_path, write

NOW = time.time()


def row(outcome: Outcome, accepted: int = 0, ms: float = 10.0, language: str = "python", at: float = NOW) -> Shown:
    return Shown(at, language, False, ms, 1, 20, outcome, accepted)


ROWS = [
    row(Outcome.ACCEPTED, 20, 10.0),
    row(Outcome.PARTLY, 5, 30.0),
    row(Outcome.TYPED, 0, 20.0),
    row(Outcome.REJECTED, 0, 400.0, "go", NOW - 3 * 86_400),
]


@pytest.fixture(autouse=True)
def own_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))


def test_figures() -> None:
    assert figures(ROWS) == Figures(4, 1, 1, 1, 1, 0.5, 25, 30.0, 400.0)


def test_by_day() -> None:
    noon = time.mktime((2026, 3, 2, 12, 0, 0, 0, 0, -1))
    rows = [row(Outcome.ACCEPTED, at=noon), row(Outcome.REJECTED, at=noon), row(Outcome.TYPED, at=noon - 2 * 86_400)]
    assert by_day(rows, 3, date(2026, 3, 2)) == [
        (date(2026, 2, 28), 1, 0),
        (date(2026, 3, 1), 0, 0),
        (date(2026, 3, 2), 2, 1),
    ]


def test_as_data(capsys: pytest.CaptureFixture[str]) -> None:
    write(usage_path(), ROWS)
    assert run(cli, "codegpt", ["stats", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["days"], found["all"]["shown"], found["all"]["acceptance"]) == (30, 4, 0.5)
    assert list(found["languages"]) == ["python", "go"]
    assert [each["shown"] for each in found["by_day"]] == [1, 3]
    assert run(cli, "codegpt", ["stats", "--json", "--days", "2"]) == 0
    assert json.loads(capsys.readouterr().out)["all"]["shown"] == 3


def test_as_a_table_and_a_picture(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    write(usage_path(), ROWS)
    assert run(cli, "codegpt", ["stats", "--svg", str(tmp_path / "stats.svg")]) == 0
    printed = capsys.readouterr().out
    assert "python" in printed and "67%" in printed and "█" in printed
    drawn = (tmp_path / "stats.svg").read_text()
    assert drawn.startswith("<svg") and "@font-face" not in drawn and "codegpt&#160;stats" in drawn


def test_without_anything_counted(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(cli, "codegpt", ["stats"]) == 0
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert run(cli, "codegpt", ["stats", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["all"] is None


def test_a_file_that_is_none_of_ours_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    usage_path().parent.mkdir(parents=True)
    usage_path().write_bytes(b"nothing that SQLite knows" * 100)
    assert run(cli, "codegpt", ["stats"]) == 2
    assert "move it away" in capsys.readouterr().err
