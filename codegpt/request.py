r"""Requests in words as prompts, and what a model answered as a program.

A request has words, and may have code that the program begins with, such as a signature with its docstring. That code
is kept as it stands: the model's answer is begun with it, so that it can neither be forgotten nor changed.

A model with a chat template is asked in it, and its answer is one fenced block of code, opened for it. A model without
one goes on from a file: the words as a comment, then the code.
"""

import re
from dataclasses import dataclass, replace

from codegpt.chat import ChatTemplate, Message
from codegpt.languages import LANGUAGES
from codegpt.openings import openings
from codegpt.prompt import Prompt

_FENCE = "```"
_LINE = re.compile(r"[^\n]*\n|[^\n]+")


@dataclass(frozen=True)
class Turn:
    """What the model answered, and what was said to it then."""

    program: str
    words: str


@dataclass(frozen=True)
class Request:
    """What is wanted.

    Attributes:
        words: in natural language; may be empty where `begins` says it all.
        begins: code that the program begins with; ends with a line end where it is not empty.
        language: an id of `LANGUAGES`.
        context: code that stands before it in its file.
        turns: what came after that, the latest last.
    """

    words: str
    begins: str = ""
    language: str = "python"
    context: str = ""
    turns: tuple[Turn, ...] = ()


def render_request(request: Request, chat: ChatTemplate | None, markup: frozenset[str]) -> Prompt:
    """Ask for the program that follows `request.begins`.

    Args:
        chat: the model's chat template; None where it has none.
        markup: the spellings of its control tokens.
    """
    if chat is None:
        return Prompt((_as_a_file(request),))
    conversation = [_asked(request)]
    for turn in request.turns:
        conversation += [Message("assistant", _block(turn.program, request)), Message("user", turn.words)]
    return chat.render(conversation, markup, f"{_FENCE}{request.language}\n{request.begins}")


def failed(request: Request, program: str, failure: str) -> Request:
    """The same, said to the model again: what it wrote before, and what came of it."""
    words = f"This is wrong. {failure}\n\nWrite it again, so that it is right."
    return replace(request, turns=(*request.turns, Turn(program, words)))


def render_begun(request: Request, words: str, chat: ChatTemplate, markup: frozenset[str], begun: str) -> Prompt:
    """Show what `request.begins` and ask something else about it, in a block of code that is begun with `begun`."""
    asked = f"{_block(request.begins, request)}\n\n{words}"
    return chat.render([Message("user", asked)], markup, f"{_FENCE}{request.language}\n{begun}")


def _as_a_file(request: Request) -> str:
    """What is said as comments, each above the code it is about."""
    mark = LANGUAGES[request.language].line_comment

    def comment(words: str) -> str:
        return "".join(f"{mark} {line}".rstrip() + "\n" for line in words.strip().splitlines())

    parts = [f"{request.context}\n\n\n" if request.context else "", comment(request.words)]
    for turn in request.turns:
        parts += [turn.program.rstrip(), "\n\n\n", comment(turn.words)]
    return "".join(parts) + request.begins


def _block(code: str, request: Request) -> str:
    return f"{_FENCE}{request.language}\n{code.rstrip()}\n{_FENCE}"


def _asked(request: Request) -> Message:
    name = LANGUAGES[request.language].name
    asked = [request.words.strip()] if request.words.strip() else []
    if request.context:
        asked.insert(0, f"This is the file so far:\n\n{_block(request.context, request)}")
    if request.begins:
        asked.append(f"Complete this {name} code:\n\n{_block(request.begins, request)}")
    asked.append(f"Answer with one block of {name} code.")
    return Message("user", "\n\n".join(asked))


def answered(text: str, request: Request, fenced: bool) -> bool:
    """Whether what else a model writes does not belong to the program: decoding may stop."""
    if fenced:
        return _closed_at(text) >= 0
    whole = text[: text.rfind("\n") + 1]  # a line that is being written may still begin something
    return bool(request.begins) and _own_lines(whole, request)[1]


def program_of(text: str, request: Request, fenced: bool) -> str:
    """The program that an answer makes.

    Args:
        text: what the model wrote after `request.begins`.
        fenced: it was asked for a block of code, which ends the program; else the first line at the left margin that
            begins nothing which the program uses ends it.
    """
    if fenced:
        closed = _closed_at(text)
        own = text if closed < 0 else text[:closed]
    else:
        own = _own_lines(text, request)[0] if request.begins else text
    return (request.begins + own).rstrip() + "\n"


def _closed_at(text: str) -> int:
    """Where the line that closes the block begins; -1 while there is none."""
    if text.startswith(_FENCE):
        return 0
    found = text.find(f"\n{_FENCE}")
    return found if found < 0 else found + 1


_GOES_ON = re.compile(r"[)\]}]")
_BEGUN = re.compile(
    r"^(?:(?:export|default|async|pub|static)\s+)*(?:def|class|function|const|let|var|func|fn)\s+([^\W\d]\w*)"
)
_IMPORTS = re.compile(r"(?:import|from)\b")
_MAY_STAND_ABOVE = re.compile(r"[@#]|//|/\*|(?:import|from)\b")
"""Of something that begins."""
_NAME = re.compile(r"[^\W\d]\w*")
_IMPORTING = ("from", "import", "as")


def _own_lines(text: str, request: Request) -> tuple[str, bool]:
    """The lines that belong to the program, and whether one that does not has come.

    That is a line at the left margin, inside nothing, that begins nothing which the lines before it use.
    """
    language = LANGUAGES[request.language]
    own, end, belongs = 0, 0, True
    for number, line in enumerate(_LINE.findall(text)):
        begins_with_space = line[0].isspace()
        if number and not begins_with_space and not _GOES_ON.match(line):
            written = request.begins + text[:end]
            opened = openings(written, language)
            if opened.quote is None and not opened.brackets:
                names = _NAME.findall(line) if _IMPORTS.match(line) else _BEGUN.findall(line)
                belongs = not set(names).difference(_IMPORTING).isdisjoint(_NAME.findall(written))
                if not belongs and not _MAY_STAND_ABOVE.match(line):
                    return text[:own], True
        belongs = belongs or (begins_with_space and bool(line.strip()))
        end += len(line)
        own = end if belongs else own
    return text[:own], False
