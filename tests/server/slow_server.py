"""A server whose scripted engine takes its time, and which appends the end of every generation to a file.

Arguments: FILE TEXT SECONDS_PER_TOKEN
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from codegpt_server.__main__ import run_until_the_editor_ends
from codegpt_server.server import create_server
from codegpt_server.settings import Settings

from codegpt.engine.protocol import Generation, SamplingParams
from codegpt.engine.scripted import ScriptedEngine
from codegpt.load import LoadedModel
from codegpt.prompt import Prompt

log, text, seconds = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])


class LoggingEngine(ScriptedEngine):
    def generate(self, prompts: Sequence[Prompt], params: SamplingParams, **options: Any) -> list[list[Generation]]:
        results = super().generate(prompts, params, **options)
        with log.open("a", encoding="utf-8") as file:
            file.write(f"{results[0][0].stop_reason} {len(results[0][0].token_ids)}\n")
        return results


run_until_the_editor_ends(
    create_server(Settings(), lambda _settings: LoadedModel(LoggingEngine(text, (), seconds), None))
)
