"""Conversations as prompts: a checkpoint's own chat template, in which what people wrote stays plain text.

A template is a Jinja program that comes with the weights, and neither it nor the conversation is trusted: it runs in
Jinja's sandbox, and it is given a stand-in for each text instead of the text. So the template's own control tokens can
be told from text that spells one, which stays text (see `prompt`).

Covered: templates of the kind that transformers reads. Not covered: tools, images, templates that take a text apart
(it is refused when a text does not come out whole), and a template's own begin-of-text token (the engine adds it).
"""

import json
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from jinja2 import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from codegpt.errors import CheckpointError
from codegpt.prompt import Markup, Prompt


@dataclass(frozen=True)
class Message:
    """One turn: `role` is system, user or assistant."""

    role: str
    content: str


@dataclass(frozen=True)
class ChatTemplate:
    """A checkpoint's template.

    Attributes:
        source: the Jinja text.
        eos_token: the spelling of the end-of-text token, which some templates ask for.
    """

    source: str
    eos_token: str = ""

    def render(self, messages: Sequence[Message], markup: frozenset[str], answer: str = "") -> Prompt:
        """Ask for the assistant's turn.

        Args:
            markup: the spellings of the model's control tokens.
            answer: what that turn begins with.

        Raises:
            CheckpointError: the template fails, or leaves a text out.
        """
        texts = {f"zq{secrets.token_hex(12)}qz": message.content for message in messages}
        turns = [{"role": m.role, "content": mark} for m, mark in zip(messages, texts, strict=True)]
        try:
            whole = _environment().from_string(self.source)
            rendered = whole.render(messages=turns, add_generation_prompt=True, bos_token="", eos_token=self.eos_token)
        except (TemplateError, TypeError, ValueError, LookupError, AttributeError, ArithmeticError) as error:
            raise CheckpointError(f"the model's chat template fails: {error}") from error
        if any(rendered.count(mark) != 1 for mark in texts):
            raise CheckpointError("the model's chat template does not hand on the messages it is given")
        return Prompt(_parts(rendered, texts, markup, answer))


def _parts(rendered: str, texts: dict[str, str], markup: frozenset[str], answer: str) -> tuple[str | Markup, ...]:
    """Control tokens where the template spells them; other text in runs as long as possible, as a tokenizer reads."""
    known = sorted({*markup, *texts}, key=len, reverse=True)
    parts: list[str | Markup] = []
    run = ""
    for piece in re.split(f"({'|'.join(map(re.escape, known))})", rendered):
        if piece in markup:
            parts += [run, Markup(piece)]
            run = ""
        else:
            run += texts.get(piece, piece)
    return tuple(part for part in (*parts, run + answer) if part != "")


def _environment() -> ImmutableSandboxedEnvironment:
    """What templates are written for: the settings, functions and filters that transformers gives them."""
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
    )
    environment.globals["raise_exception"] = _raise
    environment.filters["tojson"] = _to_json
    return environment


def _raise(message: str) -> NoReturn:
    raise TemplateError(message)


def _to_json(value: Any, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)
