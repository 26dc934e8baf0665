from pathlib import Path

from codegpt.training import log


def test_lines_are_appended_and_those_of_later_steps_cut(tmp_path: Path) -> None:
    log.cut(tmp_path, 0)  # there is none yet
    for step in (1, 2, 3):
        log.append(tmp_path, step=step, loss=1.5)
    with (tmp_path / log.LOG).open("a") as file:
        file.write('{"step": 2, "lo')  # as after a kill
    log.cut(tmp_path, 2)
    assert (tmp_path / log.LOG).read_text() == '{"step": 1, "loss": 1.5}\n{"step": 2, "loss": 1.5}\n'
    assert [path.name for path in tmp_path.iterdir()] == [log.LOG]
