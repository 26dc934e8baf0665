r"""Examples: what a request itself says of the program, as calls that can be run and what has to come of them.

Read from docstrings and prose: doctests, calls with what they give, blocks of input and output. Values are literals, of
Python or as other languages write them (``true``, ``null``). What two examples contradict each other about is left out.
"""

import re
from collections.abc import Sequence

from codegpt.doctests import of_sessions, sessions_in
from codegpt.example import Example, without_contradictions
from codegpt.prose import of_prose

LONGEST_TEXT = 100_000
"""Characters of words or of a docstring that are looked at."""


def examples_in(
    text: str, function: str, parameters: Sequence[str] = (), *, said_back: bool = False
) -> tuple[Example, ...]:
    """The examples that words or a docstring give of a function, in their order, each call once.

    Args:
        parameters: the names of its parameters, for inputs that are given by name or without a call.
        said_back: they are said to an answer, so that "f(2) returns 3" may be what is wrong with it.
    """
    text = _CODE_MARK.sub(lambda match: match[1] or "", text[:LONGEST_TEXT].replace("\r\n", "\n"))
    sessions, prose = sessions_in(text)
    found = [*of_sessions(sessions, function), *of_prose(prose, function, parameters, said_back)]
    return without_contradictions(found)


_CODE_MARK = re.compile(r"""(?<!\w)("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|`""")
