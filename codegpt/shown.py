"""Candidates as people and programs read them; pure.

As text it is code all through: what is known of a candidate stands above it as a comment.
"""

from dataclasses import asdict
from typing import Any

from codegpt.generate import Candidates
from codegpt.languages import LANGUAGES
from codegpt.selection import NOTHING, RAISED, VALUE, Evidence, Level, Ranked

LONGEST_LINE = 200


def one_line(text: str) -> str:
    """Text that a program may have chosen, as one line that can be printed; line ends in it as Python writes them."""
    written = text.strip().replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")
    shown = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in written)
    return shown if len(shown) <= LONGEST_LINE else f"{shown[:LONGEST_LINE]}..."


def evidence_in_words(evidence: Evidence) -> str:
    """One line, such as ``examples passed (3 of 3), 18 of 32 samples behave alike, 25 on an average input``."""
    said = [evidence.level + (f" ({evidence.passed} of {evidence.of})" if evidence.of else "")]
    if evidence.level is not Level.PARSES and evidence.inputs:
        said.append(f"{evidence.agree} of {evidence.drawn} samples behave alike")
        if round(evidence.support) > evidence.agree:
            said.append(f"{evidence.support:.0f} on an average input")
    if evidence.reason:
        said.append(one_line(evidence.reason))
    return ", ".join(said)


def first_of_each(result: Candidates, most: int) -> list[Ranked]:
    """The best candidate of each behaviour, at most so many."""
    seen: set[int] = set()
    found: list[Ranked] = []
    for each in result.ranked:
        if each.cluster not in seen and len(found) < most:
            seen.add(each.cluster)
            found.append(each)
    return found


def as_text(language: str, result: Candidates, most: int) -> str:
    """The candidates, one after another, as code with comments."""
    mark = LANGUAGES[language].line_comment
    return "\n\n".join(
        f"{mark} {number}: {evidence_in_words(each.evidence)}\n{each.candidate.program}"
        for number, each in enumerate(first_of_each(result, most), start=1)
    )


def remarks(result: Candidates) -> list[str]:
    """What is said besides."""
    if not result.ranked:
        return [f"no candidate: of {result.drawn} answers {result.broken} do not parse, the others were not finished"]
    said = [f"{result.broken} of {result.drawn} answers do not parse."] if result.broken else []
    first = result.ranked[0].evidence
    if not first.of and first.level is Level.AGREEMENT:
        said.append("No examples given: ranked by agreement.")
    if result.repaired:
        said.append("Written again after the first answers had failed an example.")
    if result.question is not None:
        question = result.question
        one, other = one_line(in_words(question.first)), one_line(in_words(question.second))
        said.append(f"For {one_line(question.input)} the first {one}, the second {other}.")
    if result.sampling_s:
        said.append(f"{result.drawn} samples; {result.sampling_s:.1f} s drawing, {result.jail_s:.1f} s in the jail.")
    return said


def in_words(behaviour: str) -> str:
    """What a program did on an input, as a predicate."""
    for begins, predicate in ((VALUE, "gives"), (RAISED, "raises"), (NOTHING, "does not answer:")):
        if behaviour.startswith(begins):
            return f"{predicate} {behaviour.removeprefix(begins) or 'nothing'}"
    return behaviour


def as_data(language: str, result: Candidates, most: int) -> dict[str, Any]:
    """For `--json`."""
    return {
        "candidates": [
            {"program": each.candidate.program, "evidence": asdict(each.evidence), "behaviour": each.cluster}
            for each in first_of_each(result, most)
        ],
        "language": language,
        "samples": result.drawn,
        "broken": result.broken,
        "question": None if result.question is None else asdict(result.question),
        "repaired": result.repaired,
        "sampling_s": round(result.sampling_s, 3),
        "jail_s": round(result.jail_s, 3),
    }
