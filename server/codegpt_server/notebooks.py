"""A notebook as one document: the code above and below a cell is the text around it; pure."""

from collections.abc import Sequence

from codegpt.document import Document

BETWEEN = "\n\n"
"""Stands between two cells: the end of one never goes on in the next."""


def joined(cells: Sequence[Document], at: int, uri: str) -> tuple[Document, int]:
    """The cells that are in the language of one of them, as one document, and where that one begins in it.

    Args:
        uri: of the notebook.
    """
    language = cells[at].language
    alike = [(number, cell) for number, cell in enumerate(cells) if cell.language == language]
    begin = sum(len(cell.text) + len(BETWEEN) for number, cell in alike if number < at)
    text = BETWEEN.join(cell.text for _, cell in alike)
    return Document(text, uri, language, sum(cell.version for _, cell in alike)), begin
