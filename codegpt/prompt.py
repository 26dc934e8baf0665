"""Prompts as data: what a model is asked, written as plain text and control tokens, and never as one string.

A `Prompt` is a sequence of parts: plain text, and `Markup` for the model's control tokens. The engine encodes text as
plain text even where it spells a control token, and turns `Markup` alone into that token's id, so a file that contains
``<|fim_middle|>`` cannot steer the model.

`FIM_FORMATS` says how each model family was taught to fill in the middle. PSM is prefix, suffix, middle; SPM is
suffix, prefix, middle: there the text before the cursor comes last, so that typing only ever extends the prompt
(Bavarian et al., "Efficient Training of Language Models to Fill in the Middle", arXiv 2207.14255). Which layout a
model is asked in comes from the catalogue, the user or the self-check (`fim_check`), never from the model's name.
"""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True)
class Markup:
    """One control token of the model, by its spelling in the tokenizer."""

    token: str


@dataclass(frozen=True)
class Prompt:
    """The parts of one prompt in order."""

    parts: tuple[str | Markup, ...]


class Layout(StrEnum):
    """The order of the parts of a fill-in-the-middle prompt."""

    PSM = "psm"
    SPM = "spm"


class Slot(StrEnum):
    """Where the text around the cursor goes in a template."""

    PREFIX = "prefix"
    SUFFIX = "suffix"


Template = tuple[Markup | Slot, ...]


@dataclass(frozen=True)
class FimFormat:
    """How one model family writes a hole.

    Attributes:
        name: what a user and the catalogue call it.
        layouts: the template of each layout the family was trained on, or is known to take.
        source: who states it.
        repository: the control tokens before the name of a repository and before each of its files, where the family
            was taught with them.
        run: whether it was run here on real weights; where False it is "from the publisher, not run".
    """

    name: str
    layouts: dict[Layout, Template]
    source: str
    repository: tuple[Markup, Markup] | None = None
    run: bool = False

    def markup(self, layout: Layout) -> frozenset[str]:
        """The control tokens that a layout needs."""
        return frozenset(part.token for part in self.layouts[layout] if isinstance(part, Markup))


@dataclass(frozen=True)
class Fim:
    """A format and the layout it is used in."""

    format: FimFormat
    layout: Layout

    def __str__(self) -> str:
        """As the user writes it, for instance ``qwen2.5-coder/spm``."""
        return f"{self.format.name}/{self.layout}"


def _three_tokens(prefix: str, suffix: str, middle: str) -> dict[Layout, Template]:
    """PSM, and the variant of SPM in which the prefix follows the middle token, made for training both together."""
    pre, suf, mid = Markup(prefix), Markup(suffix), Markup(middle)
    return {
        Layout.PSM: (pre, Slot.PREFIX, suf, Slot.SUFFIX, mid),
        Layout.SPM: (pre, suf, Slot.SUFFIX, mid, Slot.PREFIX),
    }


FIM_FORMATS: dict[str, FimFormat] = {
    fim.name: fim
    for fim in (
        FimFormat(
            "qwen2.5-coder",
            _three_tokens("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"),
            "Qwen2.5-Coder technical report, arXiv 2409.12186; SPM measured here, see evals/results",
            repository=(Markup("<|repo_name|>"), Markup("<|file_sep|>")),
            run=True,
        ),
        FimFormat(
            "starcoder",  # StarCoder and StarCoder2
            _three_tokens("<fim_prefix>", "<fim_suffix>", "<fim_middle>"),
            "StarCoder, arXiv 2305.06161; StarCoder2, arXiv 2402.19173",
        ),
        FimFormat(
            "santacoder",
            _three_tokens("<fim-prefix>", "<fim-suffix>", "<fim-middle>"),
            "SantaCoder, arXiv 2301.03988",
        ),
        FimFormat(
            "codellama",
            _three_tokens("▁<PRE>", "▁<SUF>", "▁<MID>"),
            "Code Llama, arXiv 2308.12950",
        ),
        FimFormat(
            "deepseek-coder",
            {
                Layout.PSM: (
                    Markup("<｜fim▁begin｜>"),
                    Slot.PREFIX,
                    Markup("<｜fim▁hole｜>"),
                    Slot.SUFFIX,
                    Markup("<｜fim▁end｜>"),
                )
            },
            "DeepSeek-Coder, arXiv 2401.14196",
        ),
        FimFormat(
            "codegemma",
            _three_tokens("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"),
            "CodeGemma, arXiv 2406.11409",
        ),
        FimFormat(
            "codestral",
            {Layout.SPM: (Markup("[SUFFIX]"), Slot.SUFFIX, Markup("[PREFIX]"), Slot.PREFIX)},
            "Mistral's tokenizer documentation for Codestral",
        ),
        FimFormat(
            "granite",
            _three_tokens("<fim_prefix>", "<fim_suffix>", "<fim_middle>"),
            "Granite Code, arXiv 2405.04324",
        ),
        FimFormat(
            "mellum",
            {
                Layout.SPM: (
                    Markup("<fim_suffix>"),
                    Slot.SUFFIX,
                    Markup("<fim_prefix>"),
                    Slot.PREFIX,
                    Markup("<fim_middle>"),
                )
            },
            "Mellum model card",
        ),
    )
}


def candidate_fims(markup: frozenset[str]) -> tuple[Fim, ...]:
    """The formats and layouts whose control tokens a tokenizer has, one for each distinct template.

    Several families share the same tokens and templates; the first in the table stands for them all.
    """
    distinct: dict[Template, Fim] = {}
    for fim_format in FIM_FORMATS.values():
        for layout, template in fim_format.layouts.items():
            if fim_format.markup(layout) <= markup:
                distinct.setdefault(template, Fim(fim_format, layout))
    return tuple(distinct.values())


def parse_fim(text: str) -> Fim:
    """Read ``FORMAT/LAYOUT``, for instance ``qwen2.5-coder/spm``.

    Raises:
        ValueError: no such format or layout; the message lists the known ones.
    """
    name, _, layout = text.partition("/")
    for fim_format in FIM_FORMATS.values():
        for known in fim_format.layouts:
            if (fim_format.name, known) == (name, layout):
                return Fim(fim_format, known)
    known_fims = ", ".join(f"{f.name}/{layout}" for f in FIM_FORMATS.values() for layout in f.layouts)
    raise ValueError(f"unknown fill-in-the-middle format {text!r}; known: {known_fims}")


@dataclass(frozen=True)
class Repository:
    """What a prompt says of other files: each as its path and text, in order.

    Attributes:
        path: of the file with the hole.
        line_comment: of its language, for models that know no repositories.
    """

    name: str
    files: tuple[tuple[str, str], ...]
    path: str
    line_comment: str = "#"


def render_fim(prefix: str, suffix: str, fim: Fim | None, repository: Repository | None = None) -> Prompt:
    """Ask for the text between `prefix` and `suffix`; with no `fim`, ask for what follows `prefix`.

    Other files stand before all else: as files where the model's family was taught with them, else as comments.
    """
    before: tuple[str | Markup, ...] = ()
    if repository is not None and repository.files:
        if fim is not None and fim.format.repository is not None:
            before = _files(repository, *fim.format.repository)
        else:
            prefix = commented(repository) + prefix
    if fim is None:
        return Prompt((*before, prefix))
    text = {Slot.PREFIX: prefix, Slot.SUFFIX: suffix}
    filled = (text[part] if isinstance(part, Slot) else part for part in fim.format.layouts[fim.layout])
    return Prompt((*before, *(part for part in filled if part != "")))


def _files(repository: Repository, name: Markup, file: Markup) -> tuple[str | Markup, ...]:
    """The format of Qwen2.5-Coder's model card, which is StarCoder2's."""
    parts: list[str | Markup] = [name, f"{repository.name}\n"]
    for path, text in repository.files:
        parts += [file, f"{path}\n{text}"]
    return (*parts, file, f"{repository.path}\n")


def commented(repository: Repository) -> str:
    """Other files as comments at the head of a file."""
    texts = (f"Path: {path}\n{text}" for path, text in repository.files)
    return "".join(commented_lines(text, repository.line_comment) for text in texts)


def commented_lines(text: str, mark: str) -> str:
    """Each line of a text as a comment."""
    return "".join(f"{mark} {line}".rstrip() + "\n" for line in text.rstrip("\n").split("\n"))


def for_model(text: str) -> str:
    """Line ends as models know them, and no byte order mark."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
