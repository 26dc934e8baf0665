"""CodeT's released CodeGen-16B samples as a file that `codegpt-evals grade` takes.

They are 100 programs for each HumanEval problem, cut where CodeT cuts them, before any of its stop words. Their prompts
have no examples, so this is not quite HumanEval. Source: github.com/microsoft/CodeT, MIT.

    python benchmarks/codet_samples.py $CODEGPT_DATA/codet samples.jsonl
    codegpt-evals grade samples.jsonl --task humaneval --out graded
"""

import gzip
import json
import sys
from pathlib import Path

STOP = ("\nclass", "\ndef", "\n#", "\nif", "\nprint")
PROMPTS = "HumanEval_for_code_generation.jsonl"
SAMPLES = "HumanEval_codegen16B_temp0.8_topp0.95_num100_max300_code_solution.jsonl.gz"


def main(folder: Path, out: Path) -> None:
    """Write one line a sample."""
    rows = map(json.loads, (folder / PROMPTS).read_text(encoding="utf-8").splitlines())
    task_ids = {row["prompt"]: row["task_id"] for row in rows}
    count = 0
    with gzip.open(folder / SAMPLES, "rt", encoding="utf-8") as released, out.open("w", encoding="utf-8") as file:
        for line in released:
            row = json.loads(line)
            for index, sample in enumerate(row["samples"]):
                cut = min([len(sample), *(at for at in map(sample.find, STOP) if at >= 0)])
                solution = row["prompt"] + sample[:cut]
                file.write(
                    json.dumps({"task_id": task_ids[row["prompt"]], "index": index, "solution": solution}) + "\n"
                )
                count += 1
    sys.stdout.write(json.dumps({"samples": count, "out": str(out)}) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
