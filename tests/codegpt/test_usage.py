import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from codegpt.usage import KEPT_DAYS, Counter, Outcome, Shown, read, usage_path, write

NOW = time.time()
ROW = Shown(NOW, "python", False, 12.5, 1, 20, Outcome.ACCEPTED, 20)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "data" / "usage.sqlite3"
    assert read(path) == []
    rows = [replace(ROW, at=NOW - 10, outcome=Outcome.PARTLY, accepted=3), replace(ROW, invoked=True), ROW]
    write(path, rows)
    assert read(path) == rows
    assert read(path, NOW - 5) == rows[1:]
    write(path, [ROW])
    assert len(read(path)) == 4


def test_what_is_old_goes(tmp_path: Path) -> None:
    path = tmp_path / "usage.sqlite3"
    old = replace(ROW, at=NOW - (KEPT_DAYS + 1) * 86_400)
    write(path, [old, ROW])
    assert read(path) == [ROW]


def test_no_text_can_be_in_it(tmp_path: Path) -> None:
    path = tmp_path / "usage.sqlite3"
    write(path, [ROW])
    with closing(sqlite3.connect(path)) as connection:
        columns = connection.execute("SELECT name, type FROM pragma_table_info('shown')").fetchall()
    assert [name for name, kind in columns if kind == "TEXT"] == ["language", "outcome"]


def test_a_newer_file_and_one_that_is_none_are_left_as_they_are(tmp_path: Path) -> None:
    newer, other = tmp_path / "newer", tmp_path / "other"
    write(newer, [ROW])
    with closing(sqlite3.connect(newer)) as connection:
        connection.execute("PRAGMA user_version = 99")
    other.write_bytes(b"no database at all, but long enough to be looked at" * 30)
    for path in (newer, other):
        before = path.read_bytes()
        with pytest.raises(sqlite3.Error):
            write(path, [ROW])
        with pytest.raises(sqlite3.Error):
            read(path)
        assert path.read_bytes() == before


def test_a_counter_writes_what_it_has_at_the_end_and_does_not_fail(tmp_path: Path) -> None:
    path = tmp_path / "usage.sqlite3"
    counter = Counter(path, every_s=60)
    for _ in range(100):
        counter.add(ROW)
    counter.stop()
    assert read(path) == [ROW] * 100
    hindered = Counter(tmp_path / "usage.sqlite3" / "no folder", every_s=0.01)
    hindered.add(ROW)
    hindered.stop()
    Counter(path).stop()


def test_a_counter_writes_now_and_then(tmp_path: Path) -> None:
    path = tmp_path / "usage.sqlite3"
    counter = Counter(path, every_s=0.01)
    for number in range(1, 4):
        counter.add(ROW)
        end = time.monotonic() + 20
        while len(read(path)) < number and time.monotonic() < end:
            time.sleep(0.01)
        assert len(read(path)) == number
    counter.stop()


def test_several_processes_count_into_one_file(tmp_path: Path) -> None:
    path = tmp_path / "usage.sqlite3"
    code = (
        "import sys; from pathlib import Path; from codegpt.usage import *\n"
        "for _ in range(20): write(Path(sys.argv[1]), [Shown(time.time(), 'python', False, 1.0, 1, 1, Outcome.TYPED)])"
    )
    running = [subprocess.Popen([sys.executable, "-c", f"import time\n{code}", str(path)]) for _ in range(3)]
    assert [process.wait(60) for process in running] == [0, 0, 0]
    assert len(read(path)) == 60


def test_where_it_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    if sys.platform == "linux":
        assert usage_path() == tmp_path / "codegpt" / "usage.sqlite3"
