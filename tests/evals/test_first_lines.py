"""First lines against what stood there."""

import pytest
from codegpt_evals.first_lines import FirstLine, differences, figures, first_line


@pytest.mark.parametrize(
    ("wanted", "found", "exact", "similarity", "recall"),
    [
        ("x = f(a)\nmore", "x = f(a)  \nother", 1.0, 1.0, 1.0),
        ("fetch(url)", "fetch(path)", 0.0, 0.6364, 0.5),
        ("fetch(url)", "", 0.0, 0.0, 0.0),
        ("a, a, b", "a", 0.0, 0.1429, 0.5),
        ("1 + 1", "1 + 1", 1.0, 1.0, 1.0),
        ("1 + 1", "2", 0.0, 0.0, 0.0),
        ("é😀", "é", 0.0, 0.5, 1.0),
    ],
)
def test_one_line(wanted: str, found: str, exact: float, similarity: float, recall: float) -> None:
    assert first_line("P/1", wanted, found) == FirstLine("P/1", exact, similarity, recall)


def test_several() -> None:
    lines = [FirstLine(f"P/{number}", float(number < 3), 0.5, 1.0) for number in range(4)]
    found = figures(lines)
    assert found["exact"].value == 0.75 and 0.0 < found["exact"].low < 0.75 < found["exact"].high <= 1.0
    assert found["similarity"] == (0.5, 0.5, 0.5)


def test_differences_are_paired() -> None:
    first = {f"P/{number}": FirstLine(f"P/{number}", 0.0, 0.2, 0.0) for number in range(10)}
    second = {f"P/{number}": FirstLine(f"P/{number}", 1.0, 0.7, 0.0) for number in range(3, 12)}
    found = differences(first, second)
    assert found["exact"] == (1.0, 1.0, 1.0) and found["recall"] == (0.0, 0.0, 0.0)
    assert found["similarity"] == pytest.approx((0.5, 0.5, 0.5))
