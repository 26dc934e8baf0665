"""Where a person edited last."""

from codegpt.context.edits import MOST, NEAR_LINES, Edits, Region

TEXT = "".join(f"line {number}\r\n" for number in range(100))


def test_the_last_one_comes_first_and_what_is_near_is_one_place() -> None:
    edits = Edits().edited("a", 10).edited("b", 5).edited("a", 10 + NEAR_LINES)
    assert edits.places == (("a", 10 + NEAR_LINES), ("b", 5))
    assert edits.edited("a", 90).places == (("a", 90), ("a", 10 + NEAR_LINES), ("b", 5))
    for line in range(0, 1000, 100):
        edits = edits.edited("c", line)
    assert len(edits.places) == MOST


def test_what_stands_below_an_edit_moves_with_it() -> None:
    edits = Edits().edited("a", 100).edited("b", 100).edited("a", 3, 50)
    assert edits.places == (("a", 3), ("b", 100), ("a", 150))
    assert edits.edited("a", 20, -10).places == (("a", 20), ("a", 3), ("b", 100), ("a", 140))


def test_regions_are_of_other_places_and_of_files_that_are_there() -> None:
    edits = Edits().edited("gone", 1).edited("a", 99).edited("a", 50).edited("b", 0)
    regions = edits.regions({"a": TEXT, "b": TEXT}, ("a", 45))
    assert [region.file for region in regions] == ["b", "a"]
    assert all(TEXT[region.start :].startswith(region.text) for region in regions)
    assert regions[0].text == "\r\n".join(f"line {number}" for number in range(9))
    assert regions[1].text.startswith("line 96\r\n") and regions[1].text.endswith("line 99\r\n")


def test_a_document_that_has_become_shorter() -> None:
    edits = Edits().edited("a", 5000)
    assert edits.regions({"a": "x = 1\n"}, ("b", 0)) == ()
    assert edits.regions({"a": "x = 1"}, ("b", 0)) == (Region("a", "x = 1", 0),)
