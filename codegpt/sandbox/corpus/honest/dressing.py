"""What models write around the program they were asked for: headings, a block for running it by hand, a stray line.

None of it changes what the entry returns: the blocks for running by hand would print, exit or wait for input, but only
in a process where the program is ``__main__``.
"""

import random
from dataclasses import replace

from codegpt.sandbox.corpus.honest.program import Honest

_BEFORE = (
    "#!/usr/bin/env python3\n",
    "# -*- coding: utf-8 -*-\n",
    '"""Solution to the task."""\n\n',
    "# Here is the function you asked for.\n#\n",
    "\n\n",
    "'''Module docstring: ünïcödé, \U0001f40d.'''\n",
)

_AFTER = (
    '\n\nif __name__ == "__main__":\n    print(@entry@@arguments@)\n',
    "\n\nif __name__ == '__main__':\n    result = @entry@@arguments@\n    raise SystemExit(0 if result else 1)\n",
    '\n\nif __name__ == "__main__":\n    @entry@(input("value? "))\n',
    '\n\nif "__main__" == __name__: exit()\n',
    '\n\n__all__ = ["@entry@"]\n',
    "\n\n# Example:\n#     @entry@@arguments@",
    "   \n\n\n",
    '\nprint("module ready")\n',
)

_DRESSED = ("passed", "wrong answer", "exception")


def dress(program: Honest, rng: random.Random) -> Honest:
    """The same program with, in about half of all draws, ordinary lines before or after it; Python only."""
    if program.language != "python" or program.verdict not in _DRESSED:
        return program
    before = rng.choice(_BEFORE) if rng.random() < 0.3 else ""
    after = rng.choice(_AFTER) if rng.random() < 0.4 else ""
    arguments = "(" + ", ".join(ascii(argument) for argument in program.calls[0]) + ")"
    after = after.replace("@entry@", program.entry).replace("@arguments@", arguments)
    return replace(program, source=before + program.source + after)
