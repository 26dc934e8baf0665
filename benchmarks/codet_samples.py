"""CodeT's released CodeGen-16B samples as files that `codegpt-evals` takes.

They are 100 programs for each HumanEval problem, cut where CodeT cuts them, before any of its stop words, and 100
answers to a prompt for asserts. Their prompts have no examples, so this is not quite HumanEval. Source:
github.com/microsoft/CodeT, MIT.

    python benchmarks/codet_samples.py $CODEGPT_DATA/codet samples.jsonl asserts.jsonl
    codegpt-evals grade samples.jsonl --task humaneval --out graded
    codegpt-evals select samples.jsonl --task humaneval --asserts asserts.jsonl --graded graded --out selected
"""

import gzip
import json
import sys
from pathlib import Path

STOP = ("\nclass", "\ndef", "\n#", "\nif", "\nprint")
FILES = {
    "solution": (
        "HumanEval_for_code_generation.jsonl",
        "HumanEval_codegen16B_temp0.8_topp0.95_num100_max300_code_solution.jsonl.gz",
    ),
    "completion": (
        "HumanEval_for_test_case_generation.jsonl",
        "HumanEval_codegen16B_temp0.8_topp0.95_num100_max300_test_case.jsonl.gz",
    ),
}


def main(folder: Path, programs: Path, asserts: Path) -> None:
    """Write one line a sample."""
    counts = {"samples": _write(folder, "solution", programs), "asserts": _write(folder, "completion", asserts)}
    sys.stdout.write(json.dumps(counts) + "\n")


def _write(folder: Path, what: str, out: Path) -> int:
    """Whole programs as solutions, what goes on from "assert " as completions; how many there were."""
    prompts, samples = FILES[what]
    rows = map(json.loads, (folder / prompts).read_text(encoding="utf-8").splitlines())
    task_ids = {row["prompt"]: row["task_id"] for row in rows}
    count = 0
    with gzip.open(folder / samples, "rt", encoding="utf-8") as released, out.open("w", encoding="utf-8") as file:
        for row in map(json.loads, released):
            for index, sample in enumerate(row["samples"]):
                cut = min([len(sample), *(at for at in map(sample.find, STOP) if at >= 0)])
                text = row["prompt"] + sample[:cut] if what == "solution" else sample
                file.write(json.dumps({"task_id": task_ids[row["prompt"]], "index": index, what: text}) + "\n")
                count += 1
    return count


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
