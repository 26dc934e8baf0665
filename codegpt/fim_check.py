"""The self-check: does this model, asked in this format, look at the text after the cursor at all?

A wrong fill-in-the-middle format fails silently: the model still writes code, only far worse. So a few holes are asked
whose answer stands in the suffix and cannot be guessed from the prefix. The format passes when it fills more of them
than the same model does with the prefix alone.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from codegpt.engine.protocol import Engine, SamplingParams
from codegpt.prompt import Fim, render_fim


@dataclass(frozen=True)
class CheckHole:
    """A hole whose answer only the suffix tells."""

    prefix: str
    answer: str
    suffix: str


CHECK_HOLES: tuple[CheckHole, ...] = (
    CheckHole("import", "zorblax", "\n\nprint(zorblax.version)\nzorblax.run()\n"),
    CheckHole("class", "Wuzzle", ":\n    pass\n\n\nfirst = Wuzzle()\nsecond = Wuzzle()\n"),
    CheckHole("for", "grunkle", " in range(10):\n    print(grunkle * grunkle)\n"),
    CheckHole("with open('data.txt') as", "snorfle", ":\n    text = snorfle.read()\n    print(snorfle.name)\n"),
    CheckHole("def", "frobnicate", "(x):\n    return x + 1\n\n\nassert frobnicate(1) == 2\n"),
    CheckHole("function", "plonkify", "(a, b) {\n  return a + b;\n}\n\nconsole.log(plonkify(1, 2));\n"),
)


@dataclass(frozen=True)
class FimCheck:
    """What the self-check of one checkpoint found.

    Attributes:
        fim: the format that was judged best, as ``format/layout``; empty where the model has none.
        hits: holes it filled.
        left_only_hits: holes filled with the prefix alone.
        holes: holes asked.
    """

    fim: str
    hits: int
    left_only_hits: int
    holes: int

    @property
    def passed(self) -> bool:
        """Whether the format makes the model use the suffix."""
        return self.hits > self.left_only_hits

    def to_json(self) -> dict[str, Any]:
        """As it is stored beside the weights."""
        return asdict(self)


def run_fim_check(engine: Engine, candidates: Sequence[Fim]) -> FimCheck:
    """Ask every hole in every candidate format and with the prefix alone; the first of the best formats wins."""
    left_only = _hits(engine, None)
    scored = [(_hits(engine, fim), str(fim)) for fim in candidates]
    hits, fim = max(scored, key=lambda pair: pair[0], default=(0, ""))
    return FimCheck(fim, hits, left_only, len(CHECK_HOLES))


def _hits(engine: Engine, fim: Fim | None) -> int:
    prompts = [render_fim(hole.prefix, hole.suffix, fim) for hole in CHECK_HOLES]
    rows = engine.generate(prompts, SamplingParams(max_new_tokens=8))
    return sum(row[0].text.lstrip().startswith(hole.answer) for row, hole in zip(rows, CHECK_HOLES, strict=True))
