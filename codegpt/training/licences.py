"""Which licences let anybody train a model on the text and ship it, as a package's metadata states them; pure.

Covered: MIT, BSD, Apache-2.0 and PSF-2.0, as SPDX expressions (PEP 639), as classifiers, or as a short `License` line.
What states nothing, or several things of which one is not among these, is not permissive.
"""

import re
from collections.abc import Iterable, Sequence

PERMISSIVE = frozenset(
    ("MIT", "MIT-0", "0BSD", "BSD-2-Clause", "BSD-3-Clause", "BSD-3-Clause-LBNL", "Apache-2.0", "PSF-2.0", "Python-2.0")
)
"""By their SPDX names."""

_CLASSIFIERS = {
    "MIT License": "MIT",
    "MIT No Attribution License (MIT-0)": "MIT-0",
    "BSD License": "BSD-3-Clause",
    "Apache Software License": "Apache-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
"""What the package index calls them; it tells the kinds of BSD not apart."""

_LINES: tuple[tuple[str, str], ...] = (
    (r"(the )?mit( license)?( \(mit\))?", "MIT"),
    (r"(the )?(new |modified |simplified )?bsd( license)?|bsd[ -]3([ -]clause)?( license)?|3-clause bsd( license)?",
     "BSD-3-Clause"),
    (r"bsd[ -]2([ -]clause)?( license)?|2-clause bsd( license)?", "BSD-2-Clause"),
    (r"(the )?apache([ -]license)?(,? v(ersion)?)?[ -]?2(\.0)?|apache[ -]2(\.0)?( license)?|apache software license"
     r"( 2\.0)?|apache license,? (version )?2\.0|asl 2\.0", "Apache-2.0"),
    (r"psf(-2\.0)?( license)?|python software foundation license", "PSF-2.0"),
)  # fmt: skip


_RESTRICTIVE = re.compile(r"GPL|MPL|EUPL|CDDL|SSPL|BUSL|General Public|Mozilla|Proprietary|Commercial", re.IGNORECASE)


def permissive(expression: str, classifiers: Sequence[str], line: str) -> str | None:
    """The licence, by SPDX name or expression, where all that is stated is permissive; else None.

    Args:
        expression: `License-Expression` of the metadata, which counts alone where it is there.
        classifiers: all `Classifier` lines.
        line: `License`, which counts where no classifier says anything.
    """
    if expression:
        return expression if _allowed(expression) else None
    stated = [each.rpartition(" :: ")[2] for each in classifiers if each.startswith("License :: ")]
    stated = [each for each in stated if each != "OSI Approved"]
    if stated:
        return None if _RESTRICTIVE.search(line[:80]) else _joined(_CLASSIFIERS.get(each) for each in stated)
    found = next((name for pattern, name in _LINES if re.fullmatch(pattern, line.strip().lower())), None)
    return found or (line.strip() if line.strip() in PERMISSIVE else None)


def _joined(names: Iterable[str | None]) -> str | None:
    """One expression for several names; None where one is not known."""
    listed = list(dict.fromkeys(names))
    return " AND ".join(name for name in listed if name) if all(listed) else None


def _allowed(expression: str) -> bool:
    """Whether an SPDX expression leaves a way that is permissive throughout; brackets and exceptions are refused."""
    if re.search(r"[()]| WITH ", expression):
        return all(name in PERMISSIVE for name in re.findall(r"[\w.+-]+", expression) if name not in ("AND", "OR"))
    ways = re.split(r"\s+OR\s+", expression.strip())
    return any(all(name in PERMISSIVE for name in re.split(r"\s+AND\s+", way)) for way in ways)
