"""Text to token ids and back: plain text never becomes a control token, and half a character is never shown.

A tokenizer's *added tokens* are matched in any text before the model's own vocabulary is asked, whether they are
flagged `special` or not, and `encode_special_tokens` protects against the first kind only. So plain text is encoded by
a copy of the tokenizer from which every control token has been taken out. Added tokens that are white space or a
single character are ordinary text (CodeGen's runs of spaces, DeepSeek-Coder's missing letters) and stay.

Covered: any `tokenizer.json` of the tokenizers library. Not covered: tokenizers that exist only as Python code.
"""

import json
from collections.abc import Sequence
from functools import cached_property, lru_cache
from itertools import takewhile

from tokenizers import Tokenizer

from codegpt.document import encode_utf8
from codegpt.engine.vocabulary import Vocabulary
from codegpt.errors import CheckpointError
from codegpt.prompt import Markup, Prompt

_REPLACEMENT = "\ufffd"

_KEPT_TEXTS, _KEPT_CHARACTERS = 256, 2**15
"""So many of the last texts that are not longer are kept encoded: at a key most of what is counted is as it was."""

MOST_HEALED_TOKENS = 4
"""So many tokens are taken back at the most, where a tokenizer does not tell words apart."""


def _is_markup(content: str) -> bool:
    return len(content) > 1 and not content.isspace()


def _added(tokenizer: Tokenizer) -> dict[str, int]:
    return {token.content: number for number, token in tokenizer.get_added_tokens_decoder().items()}


class Tokens:
    """The tokenizer of one checkpoint."""

    def __init__(self, tokenizer_json: str) -> None:
        """Read the contents of a `tokenizer.json`.

        Raises:
            CheckpointError: it is not a tokenizer the library can read.
        """
        try:
            description = json.loads(tokenizer_json)
            whole = Tokenizer.from_str(tokenizer_json)
            whole.no_truncation()
            whole.no_padding()
            plain = {
                **description,
                "added_tokens": [t for t in description.get("added_tokens", []) if not _is_markup(t["content"])],
                "post_processor": None,
                "truncation": None,
                "padding": None,
            }
            self._plain = Tokenizer.from_str(json.dumps(plain))
        except Exception as error:  # the library raises bare Exception
            raise CheckpointError(f"the checkpoint's tokenizer.json cannot be read: {error}") from error
        self._whole = whole
        added = _added(whole)
        self.markup: dict[str, int] = {token: added[token] for token in added if _is_markup(token)}
        self._markup_ids = frozenset(self.markup.values())
        # The library numbers added tokens anew when it reads them, so those that stay move up where one was taken out.
        self._id_of_plain = {number: added[token] for token, number in _added(self._plain).items()}
        self._encoded = lru_cache(_KEPT_TEXTS)(self._encode_text)
        self._anchor = self.encode_text("x")
        self._anchor_text: str = whole.decode(self._anchor, skip_special_tokens=False)
        framed = whole.encode("x")
        special = takewhile(lambda pair: pair[1], zip(framed.ids, framed.special_tokens_mask, strict=True))
        self.start_ids: tuple[int, ...] = tuple(token for token, _ in special)
        """What the tokenizer puts before every text: a begin-of-text token for some families, nothing for most."""

    @property
    def end_ids(self) -> frozenset[int]:
        """The ids that end a generation: every control token, since a model that writes one has left the code."""
        return self._markup_ids

    def encode_text(self, text: str) -> list[int]:
        """The ids of plain text; none of them is a control token."""
        return list(self._ids(text))

    def _ids(self, text: str) -> Sequence[int]:
        return self._encoded(text) if len(text) <= _KEPT_CHARACTERS else self._encode_text(text)

    def _encode_text(self, text: str) -> Sequence[int]:
        text = encode_utf8(text).decode()  # without lone surrogates, which the library refuses
        encoding = self._plain.encode(text, add_special_tokens=False)
        ids = [self._id_of_plain.get(token, token) for token in encoding.ids]
        if self._markup_ids.isdisjoint(ids):
            return ids
        # The model's own vocabulary holds the spelling too (possible with Unigram and `ignore_merges`): break it up.
        pieces = (
            [token] if token not in self._markup_ids else self._spell(text[start:end])
            for token, (start, end) in zip(ids, encoding.offsets, strict=True)
        )
        return [token for piece in pieces for token in piece]

    def _spell(self, text: str) -> list[int]:
        """Character by character; one that the vocabulary lacks is left out, as its "unknown" is a control token."""
        ids = (token for character in text for token in self._plain.encode(character, add_special_tokens=False).ids)
        return [token for token in (self._id_of_plain.get(i, i) for i in ids) if token not in self._markup_ids]

    def encode(self, prompt: Prompt) -> list[int]:
        """The ids of a prompt: what the tokenizer starts with, then each part.

        Raises:
            CheckpointError: the tokenizer has no such control token.
        """
        ids = list(self.start_ids)
        for part in prompt.parts:
            if isinstance(part, Markup):
                if part.token not in self.markup:
                    raise CheckpointError(f"the model's tokenizer has no control token {part.token!r}")
                ids.append(self.markup[part.token])
            else:
                ids.extend(self.encode_text(part))
        return ids

    def encode_healed(self, prompt: Prompt) -> tuple[list[int], str]:
        """The ids of a prompt without its last word, and that word: what comes next has to begin with it.

        A prompt that ends in the middle of a word ends in tokens that the model has seldom seen there, and the one
        token that it knows the whole word by cannot follow them ("token healing"). Where the prompt ends in a control
        token, or in what is not ASCII (its letters may be split between tokens), it is as it is.

        Raises:
            CheckpointError: see `encode`.
        """
        ids = self.encode(prompt)
        text = prompt.parts[-1] if prompt.parts else ""
        if not isinstance(text, str) or not text:
            return ids, ""
        encoding = self._plain.encode(encode_utf8(text).decode(), add_special_tokens=False)
        words = encoding.word_ids
        if not self._markup_ids.isdisjoint(self._id_of_plain.get(token, token) for token in encoding.ids):
            return ids, ""  # `encode_text` broke a control token up, and what it made are other tokens than these
        first = words.index(words[-1]) if words else 0
        first = max(first, len(words) - MOST_HEALED_TOKENS)
        word = text[encoding.offsets[first][0] :] if words else ""
        if not word.isascii() or len(ids) - (len(words) - first) < 1:
            return ids, ""
        return ids[: len(ids) - (len(words) - first)], word

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The texts of all tokens but the control tokens."""
        tokens = [token for token in range(self._whole.get_vocab_size()) if token not in self._markup_ids]
        texts = self._whole.decode_batch([[*self._anchor, token] for token in tokens], skip_special_tokens=False)
        after = len(self._anchor_text)
        return Vocabulary({token: text[after:] for token, text in zip(tokens, texts, strict=True)})

    def count(self, text: str) -> int:
        """How many tokens plain text takes."""
        return len(self._ids(text))

    def decode(self, ids: Sequence[int]) -> str:
        """The text of generated ids, without a character of which only some bytes are there yet.

        Decoded behind an anchor, since SentencePiece decoders drop the space that a text begins with.
        """
        text = self._decode(ids)
        if text.endswith(_REPLACEMENT):  # byte fallback spoils a whole run of bytes for one character in it
            earlier = (self._decode(ids[:end]) for end in range(max(0, len(ids) - 3), len(ids)))
            text = max((each.rstrip(_REPLACEMENT) for each in (text, *earlier)), key=len)
        return text

    def breaks_off(self, ids: Sequence[int]) -> bool:
        """Whether they end within a character, as far as can be seen."""
        return self._decode(ids).endswith(_REPLACEMENT)

    def _decode(self, ids: Sequence[int]) -> str:
        text: str = self._whole.decode([*self._anchor, *ids], skip_special_tokens=False)
        return text[len(self._anchor_text) :]
