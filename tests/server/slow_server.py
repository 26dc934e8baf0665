"""A server whose scripted engine takes its time, and which appends the end of every generation to a file.

Arguments: FILE TEXT SECONDS_PER_TOKEN

Several texts are separated by `|`: each row writes the one of its number. It reads as fast as it writes, and appends
to FILE.read how much it has read ahead, and of how much, and to FILE.prompts every prompt, as JSON, to FILE.ahead
those that are read ahead. What is logged, of whatever level, goes to standard error.
"""

import json
import logging
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from codegpt_server.__main__ import run_until_the_editor_ends
from codegpt_server.handlers import create_server
from codegpt_server.settings import Settings

from codegpt.engine.protocol import Cancelled, Generation, SamplingParams, never
from codegpt.engine.scripted import ScriptedEngine, prompt_text
from codegpt.load import LoadedModel
from codegpt.prompt import Prompt

log, texts, seconds = Path(sys.argv[1]), sys.argv[2].split("|"), float(sys.argv[3])


def script(_prompt: Prompt, row: int) -> str:
    return texts[row % len(texts)]


class LoggingEngine(ScriptedEngine):
    def read(self, prompt: Prompt, cancelled: Cancelled = never) -> None:
        length = len(prompt_text(prompt))
        with log.with_suffix(".ahead").open("a", encoding="utf-8") as file:
            file.write(json.dumps(prompt_text(prompt)) + "\n")
        read = 0
        while read < length and not cancelled():
            time.sleep(seconds)
            read += 1
        with log.with_suffix(".read").open("a", encoding="utf-8") as file:
            file.write(f"{read} of {length}\n")

    def generate(self, prompts: Sequence[Prompt], params: SamplingParams, **options: Any) -> list[list[Generation]]:
        results = super().generate(prompts, params, **options)
        with log.with_suffix(".prompts").open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(prompt_text(prompt)) + "\n" for prompt in prompts)
        with log.open("a", encoding="utf-8") as file:
            file.write(f"{results[0][0].stop_reason} {len(results[0][0].token_ids)}\n")
        return results


logging.basicConfig(level=logging.DEBUG)
run_until_the_editor_ends(
    create_server(Settings(), lambda _settings: LoadedModel(LoggingEngine(script, (), seconds), None))
)
