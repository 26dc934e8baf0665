"""Why a suggestion is as it is, and why there is none: what is known of the last answer, in words and as data.

It holds no text of any file: names of files and rules, places and numbers.
"""

from dataclasses import dataclass
from typing import Any

from codegpt.complete import Completions
from codegpt.context.gather import NOTHING, Context
from codegpt.postprocess import Cut


@dataclass(frozen=True)
class Explanation:
    """Of one answer.

    Attributes:
        line, character: where, counted from 0, in code points.
        invoked: somebody asked in so many words.
        made_by: ``model``, ``reuse`` where it was known already, or ``""`` where there was nothing to make.
        waited_s: for the engine; planning_s, writing_s: see `Took`; total_s: from request to answer.
        prompt_tokens, computed_tokens: of the prompt, and those that were not known from earlier.
    """

    uri: str = ""
    line: int = 0
    character: int = 0
    invoked: bool = False
    shown: int = 0
    confidence: float = 0.0
    extent: str = ""
    why_none: str = ""
    made_by: str = ""
    cuts: tuple[Cut, ...] = ()
    context: Context = NOTHING
    waited_s: float = 0.0
    planning_s: float = 0.0
    writing_s: float = 0.0
    total_s: float = 0.0
    prompt_tokens: int = 0
    computed_tokens: int = 0

    def as_data(self) -> dict[str, Any]:
        """For a program; `text` is for people."""
        return {
            "uri": self.uri,
            "position": {"line": self.line, "character": self.character},
            "invoked": self.invoked,
            "shown": self.shown,
            "why_none": self.why_none,
            "made_by": self.made_by,
            "extent": self.extent,
            "confidence": round(self.confidence, 3),
            "cuts": [cut._asdict() for cut in self.cuts],
            "context": [
                {"path": chunk.path, "tokens": chunk.tokens, "sources": sorted({p.source for p in chunk.pieces})}
                for chunk in self.context.chunks
            ],
            "milliseconds": {name: round(1000 * seconds, 1) for name, seconds in self._stages()},
            "prompt_tokens": self.prompt_tokens,
            "computed_tokens": self.computed_tokens,
            "text": self.as_text(),
        }

    def _stages(self) -> list[tuple[str, float]]:
        named = [("waiting", self.waited_s), ("planning", self.planning_s), ("writing", self.writing_s)]
        return [*named, ("all", self.total_s)]

    def as_text(self) -> str:
        """A few lines."""
        if not self.uri:
            return "Nothing was asked yet."
        asked = "asked for" if self.invoked else "a key"
        lines = [f"Line {self.line + 1}, column {self.character + 1} ({asked})."]
        if self.shown:
            how = "typed along with what was shown" if self.made_by == "reuse" else f"confidence {self.confidence:.2f}"
            many = "1 suggestion" if self.shown == 1 else f"{self.shown} suggestions"
            lines.append(f"{many} for the {self.extent}, {how}.")
        else:
            lines.append(f"No suggestion: {self.why_none}.")
        lines += [f"{cut.rule} took {cut.characters} characters off: {cut.reason}." for cut in self.cuts]
        if self.made_by == "model":
            for chunk in self.context.chunks:
                sources = ", ".join(sorted({piece.source for piece in chunk.pieces}))
                lines.append(f"Told of {chunk.path}: {sources}, {chunk.tokens} tokens.")
            lines.append(f"The prompt had {self.prompt_tokens} tokens, {self.computed_tokens} of them new.")
        times = ", ".join(f"{name} {1000 * seconds:.0f} ms" for name, seconds in self._stages())
        lines.append(f"{times[0].upper()}{times[1:]}.")
        return "\n".join(lines)


def explain(
    completions: Completions, *, made_by: str, uri: str, line: int, character: int, invoked: bool, total_s: float
) -> Explanation:
    """What can be said of an answer."""
    first = completions.items[0] if completions.items else None
    written = made_by == "model"
    took = completions.took
    return Explanation(
        uri=uri,
        line=line,
        character=character,
        invoked=invoked,
        shown=len(completions.items),
        confidence=first.confidence if first else 0.0,
        extent=completions.extent,
        why_none=completions.why_none,
        made_by=made_by,
        cuts=(first.cuts if first else completions.cuts) if written else (),
        context=completions.context,
        waited_s=max(0.0, total_s - took.planning_s - took.writing_s) if written else 0.0,
        planning_s=took.planning_s if written else 0.0,
        writing_s=took.writing_s if written else 0.0,
        total_s=total_s,
        prompt_tokens=took.prompt.tokens if written else 0,
        computed_tokens=took.prompt.computed if written else 0,
    )
