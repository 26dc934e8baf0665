"""llama.cpp in a process and an environment of its own: token ids in, token ids out, greedy or drawn.

Talks JSON lines. `{"ids": [...], "most": N}` is answered with a token id a line; after each comes `1` (go on) or `0`.
`{"ids": [...], "most": N, "rows": R, "temperature": T, "seed": S}` is answered with a list of R ids a line (null for a
row that has ended); after each comes the list of the rows that go on. The first line of all says what it is.

The prompt cache is on: what a prompt shares with the last sequence is not computed again. This is written against the
C interface, since the Python class above it copies all logits for every token.

    python llama.py FILE.gguf THREADS CONTEXT ROWS
"""

import ctypes
import json
import sys
from typing import Any

import llama_cpp
import numpy as np

BATCH = 512


class Llama:
    """A model and one context; sequence 0 holds the last prompt and what was written behind it."""

    def __init__(self, path: str, threads: int, context: int, rows: int) -> None:
        llama_cpp.llama_backend_init()
        model_params = llama_cpp.llama_model_default_params()
        model_params.n_gpu_layers = 0
        self.model = llama_cpp.llama_model_load_from_file(path.encode(), model_params)
        params = llama_cpp.llama_context_default_params()
        params.n_ctx, params.n_batch, params.n_ubatch = context, BATCH, BATCH
        params.n_threads = params.n_threads_batch = threads
        params.n_seq_max = rows
        params.kv_unified = True
        self.context = llama_cpp.llama_init_from_model(self.model, params)
        self.memory = llama_cpp.llama_get_memory(self.context)
        self.vocabulary = llama_cpp.llama_vocab_n_tokens(llama_cpp.llama_model_get_vocab(self.model))
        self.batch = llama_cpp.llama_batch_init(BATCH, 0, 1)
        self.held: list[int] = []

    def decode(self, tokens: list[tuple[int, int, int]], wanted: set[int]) -> None:
        """Compute (token, position, sequence) each; logits of those whose index is `wanted`."""
        self.batch.n_tokens = len(tokens)
        for at, (token, position, sequence) in enumerate(tokens):
            self.batch.token[at] = token
            self.batch.pos[at] = position
            self.batch.n_seq_id[at] = 1
            self.batch.seq_id[at][0] = sequence
            self.batch.logits[at] = at in wanted
        if llama_cpp.llama_decode(self.context, self.batch) != 0:
            raise RuntimeError("llama_decode failed")

    def logits(self, at: int) -> Any:
        """(vocabulary,) of a token of the last batch."""
        pointer = llama_cpp.llama_get_logits_ith(self.context, at)
        return np.ctypeslib.as_array(ctypes.cast(pointer, ctypes.POINTER(ctypes.c_float)), (self.vocabulary,))

    def prefill(self, ids: list[int]) -> Any:
        """The logits after a prompt, of which only what sequence 0 does not hold is computed."""
        done = 0
        while done < min(len(self.held), len(ids) - 1) and self.held[done] == ids[done]:
            done += 1
        llama_cpp.llama_memory_seq_rm(self.memory, 0, done, -1)
        self.held = list(ids)
        at = 0
        for begin in range(done, len(ids), BATCH):
            part = ids[begin : begin + BATCH]
            at = len(part) - 1
            self.decode([(token, begin + i, 0) for i, token in enumerate(part)], {at})
        return self.logits(at)

    def write(self, ids: list[int], most: int) -> None:
        """One row, greedy."""
        logits = self.prefill(ids)
        for _ in range(most):
            token = int(np.argmax(logits))
            say(token)
            if not json.loads(sys.stdin.readline()):
                return
            self.decode([(token, len(self.held), 0)], {0})
            self.held.append(token)
            logits = self.logits(0)

    def write_rows(self, ids: list[int], most: int, rows: int, temperature: float, seed: int) -> None:
        """Many rows of one prompt, whose keys and values they share."""
        random = np.random.default_rng(seed)
        first = self.prefill(ids)
        for row in range(1, rows):
            llama_cpp.llama_memory_seq_cp(self.memory, 0, row, -1, -1)
        tokens = {row: draw(first, temperature, random) for row in range(rows)}
        for step in range(most):
            say([tokens.get(row) for row in range(rows)])
            growing = json.loads(sys.stdin.readline())
            if not growing or step == most - 1:
                break
            self.decode([(tokens[row], len(ids) + step, row) for row in growing], set(range(len(growing))))
            tokens = {row: draw(self.logits(at), temperature, random) for at, row in enumerate(growing)}
        for row in range(rows):
            llama_cpp.llama_memory_seq_rm(self.memory, row, -1, -1)
        self.held = []


def draw(logits: Any, temperature: float, random: np.random.Generator) -> int:
    """A token; the likeliest one at temperature 0."""
    if temperature == 0:
        return int(np.argmax(logits))
    mass = np.cumsum(np.exp((logits - logits.max()) / temperature))
    return int(np.searchsorted(mass, random.random() * mass[-1]))


def say(message: object) -> None:
    """A line of JSON."""
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Answer until standard input ends."""
    path, threads, context, rows = sys.argv[1], *map(int, sys.argv[2:])
    llama = Llama(path, threads, context, rows)
    system = llama_cpp.llama_print_system_info().decode()
    say({"version": llama_cpp.__version__, "system": system})
    for line in sys.stdin:
        asked = json.loads(line)
        if "rows" in asked:
            llama.write_rows(**asked)
        else:
            llama.write(**asked)


if __name__ == "__main__":
    main()
