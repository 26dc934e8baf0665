"""Where the second kind of jail differs from the first: programs and families, the verdict they get, and why.

Landlock has no namespaces. What it leaves open is metadata and names; what it cannot give is a place to write.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Difference:
    """The verdict in the jail of Landlock and seccomp, and the reason.

    `learns` is for attacks that get to know what this jail does not hide; they say so by their marker, and that is no
    escape.
    """

    verdict: str
    why: str
    learns: bool = False


NO_SCRATCH = "there is no scratch directory: nothing can be written"
NO_ROOT = "the machine's own directories are there and may not be listed, instead of a root of the jail's own"
NO_PID_NAMESPACE = "processes outside have numbers here; signals to them are refused"
SAME_PATHS = "our own programs are not at /jail, so the attack ends before it makes its call"

LANDLOCK: dict[str, Difference] = {
    "behaves-only-when-watched": Difference("wrong answer", "a program can tell this jail from the other", True),
    "host-name": Difference("wrong answer", "the machine's name can be read: there is no namespace for it", True),
    "link-for-a-later-reader": Difference("exception", NO_SCRATCH),
    "left-over-of-another-run": Difference("exception", NO_SCRATCH),
    "change-root": Difference("exception", NO_SCRATCH),
    "list-the-root": Difference("exception", NO_ROOT),
    "js-list-the-root": Difference("exception", NO_ROOT),
    "open-by-handle": Difference("exception", SAME_PATHS),
    "load-a-kernel-module": Difference("exception", SAME_PATHS),
    "impostor-by-another-way": Difference("exception", "its arguments are longer, which confuses the attack"),
    "kill-everybody": Difference("wrong answer", NO_PID_NAMESPACE),
    "kill-the-parent": Difference("exception", NO_PID_NAMESPACE),
    "stop-the-parent": Difference("exception", NO_PID_NAMESPACE),
    "js-kill-the-parent": Difference("exception", NO_PID_NAMESPACE),
    "scratch_file": Difference("exception", NO_SCRATCH),
    "temporary_file": Difference("exception", NO_SCRATCH),
}
