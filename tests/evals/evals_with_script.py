"""`codegpt-evals` with a model that answers slowly from a script; run as a program of its own, to be killed."""

import sys
import time
from collections.abc import Sequence
from typing import Any

from codegpt_evals import commands, stages

from codegpt.console import run_and_exit
from codegpt.engine.protocol import Generation
from codegpt.engine.scripted import ScriptedEngine, prompt_text
from codegpt.load import LoadedModel
from codegpt.prompt import Prompt

SECONDS = float(sys.argv.pop(1))


def answer(prompt: Prompt, row: int) -> str:
    number = int(prompt_text(prompt).rsplit("number ", 1)[1].split()[0])
    return f"import time\n\n\ndef f():\n    time.sleep(0.1)\n    return {number + (row == 1)}\n"


class SlowEngine(ScriptedEngine):
    """Takes its time over a batch."""

    def generate(self, prompts: Sequence[Prompt], *args: Any, **kwargs: Any) -> list[list[Generation]]:
        time.sleep(SECONDS)
        return super().generate(prompts, *args, **kwargs)


stages.load_model = lambda _model, _fim: LoadedModel(SlowEngine(answer), None)  # type: ignore[attr-defined]
run_and_exit(commands.evals, "codegpt-evals")
