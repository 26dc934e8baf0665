"""Published files of problems: where they are on this machine, else where their publisher has them, and their digests.

A file is looked for in `$CODEGPT_DATA`, then in the cache, and else fetched from its publisher. No byte of it is used
before its sha256 is the pinned one.
"""

import gzip
import hashlib
import io
import os
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from codegpt.checkpoints.homes import cache_root
from codegpt.errors import CheckpointError, DownloadError

TIMEOUT_S = 60


@dataclass(frozen=True)
class Dataset:
    """One file.

    Attributes:
        folder, file: where it lies below `$CODEGPT_DATA`, and below the cache.
        url: the publisher's, or of a copy, at a fixed commit.
        licence: its SPDX name.
    """

    folder: str
    file: str
    sha256: str
    url: str
    licence: str

    def text(self) -> str:
        """The contents, decompressed.

        Raises:
            CheckpointError: a file of that name is here, but is not the published one.
            DownloadError: it is not here and cannot be fetched.
        """
        content = self.content()
        return (gzip.decompress(content) if self.file.endswith(".gz") else content).decode("utf-8")

    def content(self) -> bytes:
        """The bytes as they were published; raises what `text` does."""
        return self._checked(self.path() or self._fetched())

    def path(self) -> Path | None:
        """Where the file is on this machine; None where it is not."""
        candidates = (folder / self.folder / self.file for folder in self._folders())
        return next((path for path in candidates if path.is_file()), None)

    def _folders(self) -> list[Path]:
        named = os.environ.get("CODEGPT_DATA")
        return [*([Path(named).expanduser()] if named else []), cache_root() / "data"]

    def _checked(self, path: Path) -> bytes:
        content = path.read_bytes()
        found = hashlib.sha256(content).hexdigest()
        if found != self.sha256:
            raise CheckpointError(f"{path} is not the published file: sha256 {found[:12]}, expected {self.sha256[:12]}")
        return content

    def _fetched(self) -> Path:
        import pooch  # only when something is fetched

        pooch.get_logger().setLevel("ERROR")
        home = cache_root() / "data" / self.folder
        try:
            fetch = pooch.HTTPDownloader(timeout=TIMEOUT_S)
            return Path(pooch.retrieve(self.url, f"sha256:{self.sha256}", self.file, home, downloader=fetch))
        except (OSError, ValueError) as error:  # requests' errors are OSErrors; a wrong digest is a ValueError
            raise DownloadError(
                f"{self.file} is not on this machine and cannot be fetched from {self.url} "
                f"({type(error).__name__}); put it into {home}, or set CODEGPT_DATA to a folder with {self.folder}/"
            ) from error


@dataclass(frozen=True)
class Package(Dataset):
    """A package's archive, a wheel or npm's, which pip or npm fetches from wherever this machine gets packages from.

    Attributes:
        within: the folders and files of it that were written by hand.
    """

    within: tuple[str, ...] = ("",)

    def sources(self, content: bytes, extensions: tuple[str, ...]) -> dict[str, str]:
        """The source files of the archive, by path."""
        if self.file.endswith(".whl"):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                found = {name: archive.read(name) for name in archive.namelist() if name.endswith(extensions)}
        else:
            with tarfile.open(fileobj=io.BytesIO(content)) as archive:
                files = [member for member in archive if member.isfile() and member.name.endswith(extensions)]
                found = {
                    member.name.partition("/")[2]: file.read()
                    for member in files
                    if (file := archive.extractfile(member)) is not None
                }
        return {path: text.decode("utf-8") for path, text in found.items() if path.startswith(self.within)}

    def _fetched(self) -> Path:
        home = cache_root() / "data" / self.folder
        home.mkdir(parents=True, exist_ok=True)
        try:
            subprocess.run(
                self._command(home), cwd=home, check=True, capture_output=True, text=True, timeout=10 * TIMEOUT_S
            )
        except (OSError, subprocess.SubprocessError) as error:
            said = (getattr(error, "stderr", "") or str(error)).strip().splitlines()[-1:]
            raise DownloadError(
                f"{self.file} is not on this machine and could not be fetched ({''.join(said)}); put it into {home}, "
                f"or set CODEGPT_DATA to a folder with {self.folder}/"
            ) from error
        return home / self.file

    def _command(self, home: Path) -> list[str]:
        if self.file.endswith(".tgz"):
            name, _, version = self.file.removesuffix(".tgz").rpartition("-")
            return ["npm", "pack", "--silent", f"{name}@{version}"]
        name, version, *_ = self.file.split("-")
        wanted = f"{name.replace('_', '-')}=={version}"
        pip = [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check"]
        return [*pip, "--no-deps", "--only-binary", ":all:", "--dest", str(home), wanted]


def _github(repository: str, commit: str, path: str) -> str:
    return f"https://raw.githubusercontent.com/{repository}/{commit}/{path}"


_INFILLING = ("openai/human-eval-infilling", "88062ff9859c875d04db115b698ed4b0f0395170")
_PLUS = ("evalplus/humanevalplus_release", "200defce9e3429d28ca215b6dd061c0f7f31c18b")


def _infilling(kind: str, sha256: str) -> Dataset:
    file = f"HumanEval-{kind}.jsonl.gz"
    return Dataset("humaneval-infilling", file, sha256, _github(*_INFILLING, f"data/{file}"), "MIT")


HUMANEVAL = Dataset(
    "humaneval",
    "HumanEval.jsonl.gz",
    "b796127e635a67f93fb35c04f4cb03cf06f38c8072ee7cee8833d7bee06979ef",
    _github("openai/human-eval", "6d43fb980f9fee3c892a914eda09951f772ad10d", "data/HumanEval.jsonl.gz"),
    "MIT",
)
HUMANEVAL_PLUS = Dataset(
    "humanevalplus",
    "HumanEvalPlus.jsonl.gz",
    "272720b90ac375502c8ed23cd791c2a93dfb22a911641a494da74a426c09f101",
    _github(*_PLUS, "HumanEvalPlus.jsonl.gz"),
    "Apache-2.0",
)
HUMANEVAL_PLUS_MINI = Dataset(
    "humanevalplus",
    "HumanEvalPlus-Mini.jsonl.gz",
    "91486741f1627101021fbe50523df08eebb5b0bf5e804b633dcd5ca3c14dbd2f",
    _github(*_PLUS, "HumanEvalPlus-Mini.jsonl.gz"),
    "Apache-2.0",
)
HUMANEVAL_X_JS = Dataset(
    "humaneval-x",
    "humaneval_js.jsonl.gz",
    "fe5d467f2c1a027b3f6f18d3729aca01f6458c1de2e2d1292a019c5aa9bed424",
    _github(
        "THUDM/CodeGeeX",
        "2838420b7b4492cf3d16bce5320e26e65960c9e2",
        "codegeex/benchmark/humaneval-x/js/data/humaneval_js.jsonl.gz",
    ),
    "Apache-2.0",
)
MBPP = Dataset(
    "mbpp",
    "mbpp.jsonl",
    "ccf64ceae9c5403bf50a044cb6d505bfd2a2963ee58338ba268fd65beab92a9f",
    _github("OckBench/OckBench", "b72752a0ba5989d3c212675ec60d3eedcd838628", "data/mbpp.jsonl"),
    "CC-BY-4.0",
)
MBPP_SANITIZED = Dataset(
    "mbpp",
    "sanitized-mbpp.json",
    "8ac32b2799150228e2d745aed09c870b7e4444246d4727d1004576207ef40769",
    _github("mrigankpawagi/PropertyEval", "b2be813dcff867cc350c61b8d3ea57ec088ce1ac", "sanitized-mbpp.json"),
    "CC-BY-4.0",
)
INFILLING_SINGLE = _infilling("SingleLineInfilling", "1277073e7ddce163ef68598c2bca777f688a53df99422f097e37362090f88e1f")
INFILLING_MULTI = _infilling("MultiLineInfilling", "2f341612eee1d35da1357a4f365e0c0b3ba6e2b62eb491e88aaefa4855af0349")
INFILLING_RANDOM = _infilling("RandomSpanInfilling", "b4f330d8a8ff97bf85d9def497dffcae4d741e506449386a877236e422e33e8d")
INFILLING_RANDOM_LIGHT = _infilling(
    "RandomSpanInfillingLight", "1432250ecac0cb56e6f97f8faf0970419ef892a98fda7e1f5aa4c4b87209b760"
)
