"""Conversations as prompts: a checkpoint's own chat template, in which what people wrote stays plain text.

A template is a Jinja program that comes with the weights, and neither it nor the conversation is trusted: it runs in
Jinja's sandbox, and it is given a stand-in for each text instead of the text. So the template's own control tokens can
be told from text that spells one, which stays text (see `prompt`).

Covered: templates as transformers reads them, with most of what it gives them. Not covered: tools, images, today's date
(a prompt is the same every day), a template's own begin-of-text token (the engine adds it), and what a template does to
a text (trims it, asks what it holds): the text stays as it is, and has to come out once.
"""

import json
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from jinja2 import TemplateError
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
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
        except Exception as error:  # a foreign program, which may fail in any way
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


class _Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's sandbox, without what makes a text of any length out of a number."""

    intercepted_binops = frozenset(("*", "**", "%"))

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Nor the methods of a text that widen it."""
        return attr not in WIDENING and super().is_safe_attribute(obj, attr, value)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Numbers may be multiplied, within reason; texts and lists may not."""
        small = all(isinstance(value, int | float) and abs(value) < LARGEST_NUMBER for value in (left, right))
        if not small or operator == "**":
            raise SecurityError(f"{type(left).__name__} {operator} {type(right).__name__} is not allowed in a template")
        return super().call_binop(context, operator, left, right)


LARGEST_NUMBER = 1 << 53
WIDENING = ("center", "expandtabs", "format", "format_map", "ljust", "rjust", "translate", "zfill")


def _environment() -> _Sandbox:
    """What templates are written for: the settings, functions and filters that transformers gives them."""
    environment = _Sandbox(trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"])
    environment.globals["raise_exception"] = _raise
    environment.filters["tojson"] = _to_json
    for name in ("format", "center", "indent"):
        del environment.filters[name]
    del environment.globals["lipsum"]
    return environment


def _raise(message: str) -> NoReturn:
    raise TemplateError(message)


def _to_json(
    value: Any,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    indent = None if indent is None else min(indent, 8)
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)
