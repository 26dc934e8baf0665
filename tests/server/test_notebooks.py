from codegpt_server.notebooks import joined

from codegpt.document import Document


def test_the_cells_of_a_language_are_one_document() -> None:
    cells = [
        Document("x = 1\n", "cell:1", "python", 1),
        Document("# A title\n", "cell:2", "markdown", 1),
        Document("", "cell:3", "python", 1),
        Document("print(x)", "cell:4", "python", 3),
    ]
    whole, begin = joined(cells, 3, "file:///a.ipynb")
    assert whole == Document("x = 1\n\n\n\n\nprint(x)", "file:///a.ipynb", "python", 5)
    assert whole.text[begin:] == "print(x)"
    assert joined(cells, 0, "u")[1] == 0
    assert joined(cells, 1, "u") == (Document("# A title\n", "u", "markdown", 1), 0)
