"""From a model's name to an engine that is ready, and the format it is to be asked in.

This is where the checkpoint, torch and the self-check meet; torch is imported on the first call, not before.
"""

import json
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from pathlib import Path

from codegpt.chat import ChatTemplate
from codegpt.checkpoints import DEFAULT_MODEL, EMBEDDED, Checkpoint, at_hand, find, stands_in
from codegpt.checkpoints.card import Card
from codegpt.checkpoints.manifest import write_json
from codegpt.engine.protocol import Engine, Precision, SamplingParams
from codegpt.errors import CheckpointError, CodeGPTError, InputError
from codegpt.fim_check import FimCheck, run_fim_check
from codegpt.prompt import Fim, Layout, Prompt, candidate_fims, parse_fim

_CHECK_FORMAT = 1
"""Raise it when the holes or the rendering change, so that old results are not believed."""


GET_LARGER = f"for requests in words: codegpt models pull {DEFAULT_MODEL}"


@dataclass(frozen=True)
class LoadedModel:
    """An engine, how to ask it for a hole and in words, and what a person should know about it ("" for nothing).

    Attributes:
        stands_in_for: the model that was asked for, where this is a smaller one that is there already; else "".
    """

    engine: Engine
    fim: Fim | None
    warning: str = ""
    chat: ChatTemplate | None = None
    card: Card | None = None
    stands_in_for: str = ""

    @property
    def why_no_words(self) -> str:
        """Why requests in words are not for this model; "" where they are."""
        lines = self.card is not None and self.card.one_line
        return f"{self.engine.info.name} writes single lines alone; {GET_LARGER}" if lines else ""


def load_model(model: str, fim: str = "") -> LoadedModel:
    """Load `model` and settle its fill-in-the-middle format.

    Args:
        model: a catalogue name, a hub id, a directory, or a GGUF file; with ``+ADAPTER`` behind it where it has one.
        fim: ``FORMAT/LAYOUT`` to override the catalogue; "" leaves the choice to the catalogue, else to the self-check.

    Raises:
        InputError: an unknown `fim`, or one in the environment's CODEGPT_PRECISION.
        ModelNotFound, CheckpointError: see `codegpt.checkpoints.find`.
    """
    wanted, precision = _wanted_fim(fim), _wanted_precision()
    checkpoint = find(model)
    if precision is Precision.AUTO and checkpoint.card is not None and checkpoint.card.is_small:
        precision = Precision.FULL

    from codegpt.engine.torch_engine import load_torch_engine  # seconds to import

    store = checkpoint.home / "int8.safetensors"
    engine = load_torch_engine(
        checkpoint.directory,
        checkpoint.name,
        checkpoint.digest,
        precision=precision,
        store=store,
        adapter=checkpoint.adapter,
    )
    chat = _chat_template(checkpoint.directory)
    wanted = wanted or _known_fim(checkpoint)
    candidates = (wanted,) if wanted else candidate_fims(engine.info.markup)
    if not all(fim.format.markup(fim.layout) <= engine.info.markup for fim in candidates):
        raise InputError(
            f"{checkpoint.name} has not the control tokens of {wanted}; leave --fim out to try what it has"
        )
    if not candidates:
        warning = f"{checkpoint.name} cannot fill in the middle: only the text before the cursor is used"
        return LoadedModel(engine, None, warning, chat)
    if checkpoint.card is not None:  # it was taught that format, which need not be tried
        return LoadedModel(engine, wanted, chat=chat, card=checkpoint.card)
    try:
        check = _checked(checkpoint, engine, candidates)
    except CodeGPTError:
        raise
    except Exception as error:  # the first time the model runs: torch raises whatever its shapes and memory give
        raise CheckpointError(f"{checkpoint.name} does not run: {error!r}") from error
    if check.passed:
        return LoadedModel(engine, parse_fim(check.fim), chat=chat)
    found = f"{check.hits} of {check.holes} holes with {check.fim}, {check.left_only_hits} with the left side only"
    if wanted:
        warning = f"{checkpoint.name} failed the fill-in-the-middle self-check ({found})"
        return LoadedModel(engine, wanted, warning, chat)
    warning = f"{checkpoint.name}: no fill-in-the-middle format worked ({found}); using the left side"
    return LoadedModel(engine, None, warning, chat)


def load_to_complete(model: str, fim: str = "") -> LoadedModel:
    """As `load_model`; while the default model is not here, what is here stands in for it.

    Raises:
        InputError, ModelNotFound, CheckpointError: see `load_model`.
    """
    chosen = at_hand(model)
    loaded = load_model(chosen, fim)
    if chosen == model:
        return loaded
    return replace(loaded, warning=stands_in(chosen), stands_in_for=model if chosen == EMBEDDED else "")


def token_counter(model: str) -> Callable[[str], int]:
    """How many tokens of a model a text takes, without loading the model.

    Raises:
        ModelNotFound, CheckpointError: see `codegpt.checkpoints.find`.
    """
    from codegpt.engine.tokens import Tokens

    try:
        return Tokens((find(model).directory / "tokenizer.json").read_text(encoding="utf-8")).count
    except (OSError, ValueError) as error:
        raise CheckpointError(f"the tokenizer of {model} cannot be read: {error}") from error


def warm_up(engine: Engine) -> None:
    """Let an engine read and write a little: what is compiled and listed is there then, and its speed is known."""
    prompt = Prompt(("def double(value):\n    return 2 * value\n\n\n" * 6 + "print(dou",))
    engine.generate([prompt], SamplingParams(max_new_tokens=4, heal=True))
    engine.forget()


def _chat_template(directory: Path) -> ChatTemplate | None:
    """The checkpoint's chat template: a file of its own, or a member of `tokenizer_config.json`."""
    try:
        settings = json.loads((directory / "tokenizer_config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        settings = {}
    settings = settings if isinstance(settings, dict) else {}
    source: object = settings.get("chat_template")
    with suppress(OSError, ValueError):
        source = (directory / "chat_template.jinja").read_text(encoding="utf-8")
    end = settings.get("eos_token")
    return ChatTemplate(source, end if isinstance(end, str) else "") if isinstance(source, str) and source else None


def _wanted_fim(fim: str) -> Fim | None:
    try:
        return parse_fim(fim) if fim else None
    except ValueError as error:
        raise InputError(str(error)) from None


def _wanted_precision() -> Precision:
    wanted = os.environ.get("CODEGPT_PRECISION") or Precision.AUTO
    if wanted not in list(Precision):
        raise InputError(f"CODEGPT_PRECISION is {wanted!r}; it may be {' or '.join(Precision)}")
    return Precision(wanted)


def _known_fim(checkpoint: Checkpoint) -> Fim | None:
    """What its card says, or the catalogue."""
    if checkpoint.card is not None:
        return parse_fim(checkpoint.card.fim)
    entry = checkpoint.entry
    return parse_fim(f"{entry.fim}/{Layout(entry.layout)}") if entry and entry.fim else None


def _checked(checkpoint: Checkpoint, engine: Engine, candidates: tuple[Fim, ...]) -> FimCheck:
    """The stored result for this digest and these candidates, or a new one, which is stored."""
    path = checkpoint.home / "fim-check.json"
    key = {
        "format": _CHECK_FORMAT,
        "digest": checkpoint.digest,
        "candidates": [str(fim) for fim in candidates],
    }
    stored = _read(path, key, candidates)
    if stored is not None:
        return stored
    check = run_fim_check(engine, candidates)
    with suppress(OSError):  # a cache that cannot be written costs time at the next start, no more
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, {**key, "result": check.to_json()})
    return check


def _read(path: Path, key: dict[str, object], candidates: tuple[Fim, ...]) -> FimCheck | None:
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        if {name: stored[name] for name in key} != key:
            return None
        check = FimCheck(**{field.name: stored["result"][field.name] for field in fields(FimCheck)})
        counts = (check.hits, check.left_only_hits, check.holes)
        sound = check.fim in [str(fim) for fim in candidates] and all(type(count) is int for count in counts)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return check if sound else None
