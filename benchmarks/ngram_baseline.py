"""What counting does: an n-gram model of the same corpus, tokenizer and path as our own GPT, on the same tasks.

The next token is the most frequent one behind the longest context, of up to five tokens, that was seen: in the document
before the cursor first, in the corpus else ("stupid backoff", Brants et al. 2007, without its weights, which change no
order within one context). It sees nothing after the cursor. The last line of standard output is JSON.

    python benchmarks/ngram_baseline.py CORPUS TOKENIZER.json --task infilling-single --out DIR [--subset 500]
"""

import hashlib
import json
import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import click
import numpy as np
import numpy.typing as npt
from codegpt_evals import stages
from codegpt_evals.bars import Bars
from codegpt_evals.tasks import TASK_NAMES

from codegpt.console import run_and_exit
from codegpt.engine.protocol import (
    Cancelled,
    GenerateOnly,
    Generation,
    ModelInfo,
    SamplingParams,
    StopReason,
    Watch,
    never,
)
from codegpt.engine.tokens import Tokens
from codegpt.load import LoadedModel
from codegpt.prompt import Prompt
from codegpt.training import corpus as corpora
from codegpt.training.tokenizer import END, Coder

LONGEST = 5
"""Tokens of a context."""

_FACTOR = np.uint64(0x9E3779B97F4A7C15)


class Best(NamedTuple):
    """Of contexts of one length, by hash, ascending: the most frequent next token, and its share."""

    contexts: npt.NDArray[np.uint64]
    tokens: npt.NDArray[np.uint16]
    shares: npt.NDArray[np.float32]


def hashes(ids: npt.NDArray[np.uint16], length: int) -> npt.NDArray[np.uint64]:
    """One number for every `length` tokens in a row."""
    found = np.full(len(ids) - length + 1, length, dtype=np.uint64)
    for offset in range(length):
        found = (found ^ (ids[offset : len(ids) - length + 1 + offset].astype(np.uint64) + np.uint64(1))) * _FACTOR
    return found


def counted(ids: npt.NDArray[np.uint16], length: int) -> Best:
    """The best token behind each context of a length; of long ones, those that came more than once."""
    contexts, following = hashes(ids[:-1], length), ids[length:].astype(np.uint64)
    order = np.lexsort((following, contexts))
    contexts, following = contexts[order], following[order]
    starts = np.flatnonzero(np.r_[True, (contexts[1:] != contexts[:-1]) | (following[1:] != following[:-1])])
    counts = np.diff(np.r_[starts, len(contexts)])
    contexts, following = contexts[starts], following[starts]
    groups = np.flatnonzero(np.r_[True, contexts[1:] != contexts[:-1]])
    totals = np.add.reduceat(counts, groups)
    by_count = np.lexsort((-counts, contexts))  # within a context the most frequent first
    best = by_count[groups]
    kept = totals > (1 if length > 2 else 0)
    shares = (counts[best] / totals)[kept].astype(np.float32)
    return Best(contexts[groups][kept], following[best][kept].astype(np.uint16), shares)


Seen = dict[tuple[int, ...], Counter[int]]
"""What came behind the contexts of a document."""


class NgramEngine(GenerateOnly):
    """An `Engine` that counts."""

    def __init__(self, tables: Sequence[Best], tokens: Tokens) -> None:
        digest = hashlib.sha256(b"".join(part.tobytes() for table in tables for part in table)).hexdigest()
        super().__init__(ModelInfo("ngram", digest, 1_000_000, frozenset(tokens.markup), "cpu", "counts"))
        self._tables, self._tokens = tables, tokens
        self._end = tokens.markup[END]

    def count_tokens(self, text: str) -> int:
        """Of plain text."""
        return self._tokens.count(text)

    def generate(
        self,
        prompts: Sequence[Prompt],
        params: SamplingParams,
        *,
        n: int = 1,
        watch: Watch | None = None,
        cancelled: Cancelled = never,
        rows_at_once: int = 0,
    ) -> list[list[Generation]]:
        """The likeliest token, again and again."""
        found = [self._continued(prompt, params, number * n, watch) for number, prompt in enumerate(prompts)]
        return [[each] * n for each in found]

    def _continued(self, prompt: Prompt, params: SamplingParams, row: int, watch: Watch | None) -> Generation:
        if params.heal:  # the last word is written anew, where the best guess goes on with it
            healed = self._from(*self._tokens.encode_healed(prompt), params, row, watch)
            if healed is not None:
                return healed
        found = self._from(self._tokens.encode(prompt), "", params, row, watch)
        assert found is not None
        return found

    def _from(
        self, ids: list[int], begin: str, params: SamplingParams, row: int, watch: Watch | None
    ) -> Generation | None:
        """What follows; None where it does not begin in that way."""
        own: Seen = {}
        for length in range(2, LONGEST + 1):
            for at in range(len(ids) - length):
                own.setdefault(tuple(ids[at : at + length]), Counter())[ids[at + length]] += 1
        written: list[int] = []
        logprobs: list[float] = []
        ends: list[int] = []
        text, reason = "", StopReason.LENGTH
        while len(written) < params.max_new_tokens:
            token, share = self._next([*ids, *written], own)
            if token == self._end:
                reason = StopReason.END_OF_TEXT
                break
            written.append(token)
            logprobs.append(math.log(max(share, 1e-6)))
            text = self._tokens.decode(written)
            ends.append(len(text))
            if not text.startswith(begin) and not begin.startswith(text):
                return None
            if watch and watch(row, text[len(begin) :]):
                reason = StopReason.STOP
                break
        mean = sum(logprobs) / len(logprobs) if logprobs else 0.0
        shown = tuple(max(0, end - len(begin)) for end in ends)
        return Generation(text[len(begin) :], tuple(written), mean, reason, tuple(logprobs), shown)

    def _next(self, ids: list[int], own: Seen) -> tuple[int, float]:
        for length in range(min(LONGEST, len(ids)), -1, -1):
            context = ids[len(ids) - length :]
            if behind := own.get(tuple(context)):
                [(token, count)] = behind.most_common(1)
                return token, count / behind.total()
            table = self._tables[length]
            code = hashes(np.array(context, dtype=np.uint16), length)[0] if length else np.uint64(0)
            at = int(np.searchsorted(table.contexts, code))
            if at < len(table.contexts) and table.contexts[at] == code:
                return int(table.tokens[at]), float(table.shares[at])
        return self._end, 1.0


@click.command()
@click.argument("corpus", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.argument("tokenizer", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--task", default="infilling-single", show_default=True, type=click.Choice(TASK_NAMES))
@click.option("--subset", type=click.IntRange(1), help="Only so many problems, the same random ones each time.")
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False))
def main(corpus: Path, tokenizer: Path, task: str, subset: int | None, out: Path) -> None:
    """Count the corpus, then run a task of the evals."""
    coder = Coder.of(tokenizer)
    read = [each.text for each in corpora.read(corpus).training]
    end = coder.control[END]
    ids = np.array([token for found in coder.read_all(read) for token in (*found.ids, end)], dtype=np.uint16)
    counts = np.bincount(ids)
    zero = Best(
        np.zeros(1, np.uint64), np.array([counts.argmax()], np.uint16), np.array([counts.max() / len(ids)], np.float32)
    )
    tables = [zero, *(counted(ids, length) for length in range(1, LONGEST + 1))]
    engine = NgramEngine(tables, Tokens(tokenizer.read_text(encoding="utf-8")))
    result = stages.run(task, subset=subset, loaded=LoadedModel(engine, None), out=out, bars=Bars())
    click.echo(json.dumps({"tokens": len(ids), "contexts": [len(each.contexts) for each in tables], **result.line}))


if __name__ == "__main__":
    run_and_exit(main, "ngram_baseline")
