"""Holes through the editor's own path: what is asked, what is shown, and what each rule does to it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from codegpt.complete import conclude
from codegpt.context.cursor import Cursor
from codegpt.context.fit import CountTokens
from codegpt.engine.protocol import Generation, StopReason
from codegpt.planning import CompletionOptions, Plan, plan
from codegpt.postprocess import Extent, drop_typed_space
from codegpt.prompt import Fim
from codegpt_evals.problem import Hole, Problem
from codegpt_evals.records import Sample


def options_for(hole: Hole, options: CompletionOptions) -> CompletionOptions:
    """The editor's options; a set of one-line holes asks for a line, whatever the syntax at the cursor would choose."""
    return replace(options, extent=Extent.LINE) if hole.one_line else options


def plan_for(problem: Problem, count_tokens: CountTokens, fim: Fim | None, options: CompletionOptions) -> Plan:
    """What the editor would ask with its cursor in the hole."""
    hole = problem.asks
    assert isinstance(hole, Hole)
    document = hole.document(problem.language)
    cursor = Cursor(document, len(hole.prefix), hole.around) if hole.around else None
    return plan(document, len(hole.prefix), count_tokens, fim, options_for(hole, options), cursor)


@dataclass(frozen=True)
class Fillings:
    """The texts that one generation comes to, each as it would stand in the hole.

    Attributes:
        shown: what the editor would show.
        raw: what the model wrote up to where decoding was stopped, without the white space that was already typed.
        without: for each rule that cut something, what would be shown without that rule.
    """

    shown: str
    raw: str
    without: Mapping[str, str]


def fillings(problem: Problem, sample: Sample) -> Fillings:
    """Cut what the model wrote as the editor does, and with each rule left out that cut something."""
    hole = problem.asks
    assert isinstance(hole, Hole) and sample.raw is not None
    asked = plan_for(problem, len, None, CompletionOptions(context_tokens=0))
    reason = StopReason(sample.stop_reason) if sample.stop_reason in list(StopReason) else StopReason.STOP
    generation = Generation(sample.raw, (), sample.mean_logprob, reason)
    shown, cutting = _shown(asked, generation)
    raw, _ = drop_typed_space(sample.raw, asked.place)
    without = {rule: _shown(asked, generation, frozenset({rule}))[0] for rule in cutting}
    return Fillings(
        hole.inserted(shown),
        raw if not hole.whole_lines or raw.endswith("\n") else raw + "\n",
        {rule: hole.inserted(text) for rule, text in without.items()},
    )


def _shown(asked: Plan, generation: Generation, left_out: frozenset[str] = frozenset()) -> tuple[str, list[str]]:
    """The text of the one suggestion, "" for none, and the rules that cut it."""
    completions = conclude(asked, [generation], left_out)
    text = completions.items[0].text if completions.items else ""
    cuts = completions.items[0].cuts if completions.items else completions.cuts
    return text, list(dict.fromkeys(cut.rule for cut in cuts if cut.rule != drop_typed_space.__name__))


def is_exact(hole: Hole, filling: str) -> bool:
    """Whether a filling is what stood in the hole; white space before the end of a line does not count.

    Of a hole of one line, its first line counts.
    """
    ends_line = hole.middle.endswith("\n") or hole.suffix[:1] in ("", "\r", "\n")
    wanted, found = (text.split("\n", 1)[0] if hole.one_line else text for text in (hole.middle, filling))
    return _without_space_at_ends(found, ends_line) == _without_space_at_ends(wanted, ends_line)


def _without_space_at_ends(text: str, ends_line: bool) -> list[str]:
    *lines, last = (text.rstrip() if ends_line else text).split("\n")
    return [*(line.rstrip() for line in lines), last]
