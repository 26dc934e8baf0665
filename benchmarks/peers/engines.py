"""What others would run in our place, as engines: the same prompts, the same rules for where a suggestion ends.

`LlamaCpp` is a process of its own (`llama.py`); `Generate` is transformers' `generate`, here.
"""

import contextlib
import json
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import torch
from transformers import (
    AutoModelForCausalLM,
    ContinuousBatchingConfig,
    GenerationConfig,
    PreTrainedModel,
    StoppingCriteria,
)

from codegpt.engine.decode import Row
from codegpt.engine.device import choose_placement
from codegpt.engine.protocol import (
    Cancelled,
    GenerateOnly,
    Generation,
    ModelInfo,
    PromptWork,
    SamplingParams,
    StopReason,
    Watch,
    never,
)
from codegpt.engine.tokens import Tokens
from codegpt.errors import InputError
from codegpt.prompt import Prompt

GoOn = Callable[[int], bool]
"""Told each token as it is written; False ends the row."""

GoOnRow = Callable[[int, int], bool]
"""The same for many rows: `go_on(row, token)`."""


class Peer(GenerateOnly, ABC):
    """An engine that writes one greedy row."""

    def __init__(self, name: str, tokens: Tokens, context_tokens: int, dtype: str) -> None:
        super().__init__(ModelInfo(name, "", context_tokens, frozenset(tokens.markup), "cpu", dtype))
        self._tokens = tokens

    @abstractmethod
    def write(self, ids: Sequence[int], most: int, go_on: GoOn) -> None:
        """Write greedily behind a prompt."""

    def count_tokens(self, text: str) -> int:
        """How many tokens `text` takes as plain text."""
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
        """One greedy row for one prompt."""
        [prompt] = prompts
        assert n == 1 and params.temperature == 0
        ids = self._tokens.encode(prompt)
        row = Row(0, torch.empty(0))

        def go_on(token: int) -> bool:
            row.append(token, 0.0, self._tokens, params, watch)
            return row.stop_reason is None

        self.write(ids, params.max_new_tokens, go_on)
        self.last_prompt = PromptWork(len(ids), len(ids))
        return [[row.generation(StopReason.LENGTH)]]


class LlamaCpp(Peer):
    """llama.cpp with its prompt cache. Use as a context manager."""

    def __init__(self, python: Path, gguf: Path, tokens: Tokens, threads: int, context: int = 2048, rows: int = 1):
        argv = [python, Path(__file__).with_name("llama.py"), gguf, threads, context, rows]
        self._process = subprocess.Popen(
            [str(each) for each in argv],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            bufsize=1,
        )
        said = self._hear()
        super().__init__("llama.cpp", tokens, context, gguf.stem.rpartition("-")[2])
        self.version, self.system = f"llama-cpp-python {said['version']}", said["system"].strip()

    @classmethod
    def found(cls, folder: Path, tokens: Tokens, threads: int, context: int = 2048, rows: int = 1) -> "LlamaCpp":
        """The one that `make peers` made in this folder.

        Raises:
            InputError: there is none.
        """
        python, files = folder / "venv" / "bin" / "python", sorted(folder.glob("gguf/*/*.gguf"))
        if not python.exists() or not files:
            raise InputError(f"{folder} holds no llama.cpp; run `make peers` (it builds for some minutes)")
        return cls(python, files[0], tokens, threads, context, rows)

    def write(self, ids: Sequence[int], most: int, go_on: GoOn) -> None:
        """Write greedily behind a prompt."""
        self._say({"ids": list(ids), "most": most})
        for _ in range(most):
            wants_more = go_on(self._hear())
            self._say(int(wants_more))
            if not wants_more:
                return

    def write_rows(
        self, ids: Sequence[int], most: int, rows: int, temperature: float, seed: int, go_on: GoOnRow
    ) -> None:
        """Draw many rows behind one prompt."""
        self._say({"ids": list(ids), "most": most, "rows": rows, "temperature": temperature, "seed": seed})
        for _ in range(most):
            drawn = self._hear()
            growing = [row for row, token in enumerate(drawn) if token is not None and go_on(row, token)]
            self._say(growing)
            if not growing:
                return

    def forget(self) -> None:
        """Lose what is known of earlier prompts."""
        self.write([0], 1, lambda _token: False)

    def _say(self, message: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message) + "\n")

    def _hear(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("llama.cpp ended; run benchmarks/peers/llama.py by hand to see why")
        return json.loads(line)

    def __enter__(self) -> "LlamaCpp":
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the process."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        self._process.terminate()
        self._process.wait()


class Generate(Peer):
    """transformers' `generate`, in the number type that this machine computes in; plain, or with prompt lookup."""

    def __init__(self, model: PreTrainedModel, tokens: Tokens, lookup_tokens: int = 0) -> None:
        self._model: Any = model
        self._lookup_tokens = lookup_tokens
        super().__init__("transformers", tokens, 2048, str(model.dtype).removeprefix("torch."))

    @classmethod
    def load(cls, directory: Path, tokens: Tokens) -> "Generate":
        """A checkpoint."""
        dtype = choose_placement().dtype
        return cls(AutoModelForCausalLM.from_pretrained(directory, dtype=dtype, local_files_only=True), tokens)

    def with_lookup(self, lookup_tokens: int) -> "Generate":
        """The same weights, with so many tokens guessed by prompt lookup."""
        return Generate(self._model, self._tokens, lookup_tokens)

    @property
    def parameters(self) -> int:
        """How many weights it has; what is used twice counts once."""
        return int(self._model.num_parameters())

    def write(self, ids: Sequence[int], most: int, go_on: GoOn) -> None:
        """Write greedily behind a prompt."""
        lookup = {"prompt_lookup_num_tokens": self._lookup_tokens} if self._lookup_tokens else {}
        told = _Told(len(ids), lambda _row, token: go_on(token))
        self._generate(ids, most, told, do_sample=False, temperature=None, **lookup)

    def write_rows(
        self, ids: Sequence[int], most: int, rows: int, temperature: float, seed: int, go_on: GoOnRow
    ) -> None:
        """Draw many rows behind one prompt; `go_on` hears of rows that have ended too."""
        torch.manual_seed(seed)
        told = _Told(len(ids), go_on)
        self._generate(ids, most, told, do_sample=True, temperature=temperature, num_return_sequences=rows)

    def write_rows_continuously(
        self, ids: Sequence[int], most: int, rows: int, temperature: float, seed: int, go_on: GoOnRow
    ) -> None:
        """Draw many rows by continuous batching: one prompt, and rows that end leave."""
        drawn = {"do_sample": True, "temperature": temperature, "top_k": 0, "top_p": None}
        config = GenerationConfig(  # type: ignore[no-untyped-call]
            max_new_tokens=most, num_return_sequences=rows, eos_token_id=-1, **drawn
        )
        batching = ContinuousBatchingConfig(seed=seed, max_memory_percent=0.2, max_requests_per_batch=rows)
        known: dict[str, int] = {}  # tokens of each row
        ended: set[str] = set()
        with self._model.continuous_batching_context_manager(config, continuous_batching_config=batching) as manager:
            manager.add_request(list(ids), max_new_tokens=most, streaming=True)
            while len(ended) < rows:
                said = manager.get_result(timeout=600)
                if said is None or said.error:
                    raise RuntimeError(f"continuous batching ended: {said and said.error}")
                name, before = said.request_id, known.setdefault(said.request_id, 0)
                known[name] = len(said.generated_tokens)
                for token in said.generated_tokens[before:]:
                    if name not in ended and not go_on(list(known).index(name), token):
                        ended.add(name)
                        manager.cancel_request(name)
                if said.is_finished():
                    ended.add(name)

    def _generate(self, ids: Sequence[int], most: int, told: "_Told", **how: Any) -> None:
        prompt = torch.tensor([list(ids)])
        self._model.generate(
            prompt,
            attention_mask=torch.ones_like(prompt),
            max_new_tokens=most,
            top_p=None,
            top_k=0,
            repetition_penalty=1.0,
            pad_token_id=min(self._tokens.end_ids),
            stopping_criteria=[told],
            **how,
        )


class _Told(StoppingCriteria):
    """Hands on what was written since the last time."""

    def __init__(self, known: int, go_on: GoOnRow) -> None:
        self._known = known
        self._go_on = go_on
        self._ended: list[bool] = []

    def __call__(self, input_ids: torch.Tensor, scores: object, **_: object) -> torch.Tensor:
        """(rows,): whether each has ended."""
        self._ended = self._ended or [False] * len(input_ids)
        for row, ids in enumerate(input_ids[:, self._known :].tolist()):
            for token in ids:
                self._ended[row] = self._ended[row] or not self._go_on(row, token)
        self._known = input_ids.shape[1]
        return torch.tensor(self._ended)
