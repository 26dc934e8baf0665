"""One problem: what is asked, how an answer is judged, and two programs whose verdicts are known beforehand."""

from dataclasses import dataclass

from codegpt.context.cursor import Around
from codegpt.document import Document
from codegpt.request import Request
from codegpt_evals.checks import Check


@dataclass(frozen=True)
class Hole:
    """A place in a document, and what stood there.

    A hole that takes out whole lines leaves the text after it at the start of a line. In an editor there is an empty
    line to type into, so the document has one more line end, and what is inserted is followed by it.

    Attributes:
        one_line: a line is asked for, whatever the syntax at the cursor would choose.
        around: what the document lies in, where it is one of a project.
    """

    prefix: str
    suffix: str
    middle: str
    one_line: bool = False
    around: Around | None = None

    @property
    def whole_lines(self) -> bool:
        """Whether the hole takes out lines with their ends."""
        return self.middle.endswith("\n") and (not self.prefix or self.prefix.endswith("\n"))

    def document(self, language: str) -> Document:
        """The document that an editor would show, with the cursor after `prefix`."""
        return Document(self.prefix + ("\n" if self.whole_lines else "") + self.suffix, language=language)

    def inserted(self, completion: str) -> str:
        """What stands in the hole once a completion has been taken."""
        return completion + "\n" if self.whole_lines else completion


@dataclass(frozen=True)
class Problem:
    """One problem of a benchmark.

    Attributes:
        asks: a request in words, or a hole to fill.
        canonical: the benchmark's own answer, which must pass.
        control: a program that is known to be wrong, which must fail.
        check: None where only an exact match can be judged.
        head, tail: the text around a completion, in the program that is run.
    """

    task_id: str
    language: str
    asks: Request | Hole
    canonical: str
    control: str
    check: Check | None
    head: str = ""
    tail: str = ""

    def program(self, completion: str) -> str:
        """The program that a completion makes."""
        return self.head + completion + self.tail
