"""What `make e2e` says of an editor."""

from pathlib import Path

import pytest

from tests.e2e.editors import EDITORS, Editor, NotHad, drive, run, verdict


def report(folder: Path, tests: int, skipped: int) -> Path:
    path = folder / "report.xml"
    path.write_text(f'<testsuites><testsuite tests="{tests}" skipped="{skipped}"/></testsuites>')
    return path


@pytest.mark.parametrize(
    ("tests", "skipped", "status", "said"),
    [(3, 0, 0, "passed"), (3, 1, 0, "failed"), (0, 0, 0, "failed"), (3, 0, 1, "failed"), (0, 0, 5, "failed")],
)
def test_only_what_ran_and_was_not_skipped_has_passed(tmp_path: Path, tests, skipped, status, said) -> None:
    assert verdict(report(tmp_path, tests, skipped), status) == said


def test_what_left_no_report_has_failed(tmp_path: Path) -> None:
    assert verdict(tmp_path / "none.xml", 0) == "failed"


def test_an_editor_that_cannot_be_had_is_not_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def get(_folder: Path) -> dict[str, str]:
        raise NotHad("there is no network")

    assert drive("vi", Editor(get, "none.py"), tmp_path, tmp_path) == "not run"
    assert capsys.readouterr().out == "vi: not run: there is no network\n"


def test_a_program_that_fails_is_told_by_its_last_line() -> None:
    with pytest.raises(NotHad, match=r"^no disk$"):
        run("sh", "-c", "echo begun; echo 'first' >&2; echo 'no disk' >&2; exit 3")
    assert run("sh", "-c", "echo first; echo last") == "last"


def test_every_editor_has_tests() -> None:
    assert all((Path(__file__).parent / editor.tests).exists() for editor in EDITORS.values())
