r"""A byte-level BPE tokenizer for code: runs of indentation are single tokens, and words keep the space before them.

Text is split before any merge, as GPT-4's and Qwen's tokenizers split it: a word with the one space or mark before it,
single digits, marks with the line ends behind them, and white space. So ``):`` with its line feed is one token, and so
is the indentation of the next line but for the last space, which belongs to its first word.
The control tokens are spelt as Qwen2.5-Coder's, so that a prompt is rendered the same way for both.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tokenizers import Encoding, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from codegpt.errors import InputError

END, PREFIX, SUFFIX, MIDDLE = "<|endoftext|>", "<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"
REPOSITORY, FILE, PAD = "<|repo_name|>", "<|file_sep|>", "<|fim_pad|>"
CONTROL = (END, PREFIX, SUFFIX, MIDDLE, REPOSITORY, FILE, PAD)

VOCABULARY = 8192

_SPLIT = r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"


def train(texts: Iterable[str], vocabulary: int = VOCABULARY) -> Tokenizer:
    """A tokenizer of so many entries, the control tokens first."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_SPLIT), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=list(CONTROL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def learn_tokenizer(texts: Sequence[str], vocabulary: int) -> str:
    """A `tokenizer.json` from some of many texts, each with the same chance."""
    share = max(1, sum(map(len, texts)) // CHARACTERS)
    described: str = train(texts[::share], vocabulary).to_str()
    return described


CHARACTERS = 60_000_000
"""A tokenizer is learnt from so many at most."""

MOST_ENTRIES = 1 << 16
"""Rows are kept in 16 bits a token."""


class Coder:
    """Text to token ids, plain text and control tokens apart: text that spells a control token is text.

    Raises:
        InputError: it is no tokenizer that a model can be trained with.
    """

    def __init__(self, tokenizer_json: str) -> None:
        try:
            described = json.loads(tokenizer_json)
            whole = Tokenizer.from_str(tokenizer_json)
        except Exception as error:  # the library raises bare Exception
            raise InputError(f"this is no tokenizer.json: {error}") from error
        if lacking := [token for token in CONTROL if whole.token_to_id(token) is None]:
            raise InputError(f"the tokenizer has no {lacking[0]}, which training needs")
        if whole.get_vocab_size() > MOST_ENTRIES:
            raise InputError(f"the tokenizer has {whole.get_vocab_size():,} entries; at most {MOST_ENTRIES:,} can be")
        self.size: int = whole.get_vocab_size()
        numbers = {token: whole.token_to_id(token) for token in CONTROL}
        self.control: dict[str, int] = {token: number for token, number in numbers.items() if number is not None}
        self._whole = whole
        self._plain = Tokenizer.from_str(json.dumps({**described, "added_tokens": []}))

    @classmethod
    def of(cls, path: Path) -> "Coder":
        """The tokenizer of a `tokenizer.json`."""
        return cls(path.read_text(encoding="utf-8"))

    def encode(self, text: str) -> list[int]:
        """The ids of plain text."""
        ids: list[int] = self._plain.encode(text, add_special_tokens=False).ids
        return ids

    def read_all(self, texts: list[str]) -> Iterator[Encoding]:
        """The ids of many plain texts, and where each stands in its text (code points); on all cores."""
        yield from self._plain.encode_batch(texts, add_special_tokens=False)

    def decode(self, ids: list[int]) -> str:
        """The text of ids, control tokens spelt out."""
        text: str = self._whole.decode(ids, skip_special_tokens=False)
        return text
