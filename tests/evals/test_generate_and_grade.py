"""Holes through the product's path: what is asked, what is kept, and what counts as a match."""

import subprocess
import sys

from codegpt_evals.generate import LINE_OPTIONS, generate, setup_digest
from codegpt_evals.grade import grade
from codegpt_evals.records import Hole, Sample

from codegpt.engine.protocol import SamplingParams
from codegpt.engine.scripted import ScriptedEngine, prompt_text
from codegpt.prompt import Prompt, parse_fim

HOLES = [
    Hole("t/0", "python", "def f(x):\n", "    return x + 1\n", "\n\ndef g():\n    pass\n"),
    Hole("t/1", "python", "def f(x):\n    y = 2\n", "    return g(x)\n", ""),
    Hole("t/2", "python", "a = 1\n", "b = (2)\n", "c = 3\n"),
]
ANSWERS = {"t/0": "    return x + 1\n\nprint(f(1))", "t/1": "    return f(y)\n", "t/2": "b = (2))\n"}


def script(prompt: Prompt, _row: int) -> str:
    text = prompt_text(prompt)
    [hole] = [h for h in HOLES if h.prefix in text and (h.suffix or "<|fim_suffix|><|fim_middle|>") in text]
    return ANSWERS[hole.task_id]


def samples() -> list[Sample]:
    engine = ScriptedEngine(script)
    return [s for batch in generate(HOLES, engine, parse_fim("qwen2.5-coder/spm"), 2) for s in batch]


def test_samples_stop_where_the_editor_would() -> None:
    assert [(s.task_id, s.text, s.stop_reason) for s in samples()] == [
        ("t/0", "    return x + 1\n", "stop"),
        ("t/1", "    return f(y)\n", "stop"),
        ("t/2", "b = (2))\n", "stop"),
    ]


def test_grades() -> None:
    grades = [grade(hole, sample) for hole, sample in zip(HOLES, samples(), strict=True)]
    assert [(g.exact, g.exact_raw) for g in grades] == [(True, True), (False, False), (True, False)]


def test_the_setup_names_what_a_sample_depends_on() -> None:
    engine = ScriptedEngine("")
    spm, psm = parse_fim("qwen2.5-coder/spm"), parse_fim("qwen2.5-coder/psm")
    digests = {setup_digest(engine, fim, LINE_OPTIONS) for fim in (spm, psm, None)}
    assert len(digests) == 3
    assert {s.setup for s in samples()} <= digests
    assert SamplingParams().temperature == LINE_OPTIONS.temperature == 0


def test_grading_loads_no_torch() -> None:
    code = "import sys, codegpt_evals.grade; print('torch' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout == "False\n"
