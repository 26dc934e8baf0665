"""What a terminal shows, as a picture that loads nothing."""

import re

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console

_WITHOUT_FONTS = re.sub(r"@font-face \{\{.*?\n    \}\}\n", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
"""Rich's format has links to a web font."""


def svg_of(console: Console, title: str) -> str:
    """All that was printed on a console that records."""
    return console.export_svg(title=title, code_format=_WITHOUT_FONTS)
