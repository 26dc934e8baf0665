"""Files from the Hugging Face hub, by its own client, so that its settings (endpoint, token, cache, offline) hold.

A GGUF goes to a folder of ours, because it is converted and then dropped. Safetensors stay in the hub's cache, where
other tools share them. Only safetensors, configuration and tokenizer are asked for, never pickles or code.
"""

import io
import queue
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codegpt.checkpoints.catalogue import HubSource
from codegpt.checkpoints.disk import FreeBytes, ensure_room, is_full
from codegpt.checkpoints.formats import CONFIG, INDEX, OPTIONAL_FILES, TOKENIZER
from codegpt.checkpoints.manifest import sha256_of
from codegpt.checkpoints.progress import Progress
from codegpt.errors import CheckpointError

if TYPE_CHECKING:
    from huggingface_hub import ModelInfo

REACH_S = 5.0
"""How long the hub has to answer the first question, name resolution included."""

UNWANTED = "*/*"
WANTED = ("model*.safetensors", INDEX, CONFIG, TOKENIZER, *OPTIONAL_FILES)


class HubUnreachable(Exception):
    """The hub cannot serve this; the message says why in a few words. Another source may."""


def ask_hub(source: HubSource) -> "ModelInfo":
    """What the hub says of a repository: its files, and the commit that the revision stands for.

    Raises:
        HubUnreachable: no answer within `REACH_S`, or a refusal.
    """
    from huggingface_hub import HfApi

    answers: queue.Queue[ModelInfo | Exception] = queue.Queue()

    def ask() -> None:
        try:
            answers.put(HfApi().model_info(source.repo, revision=source.revision, files_metadata=True, timeout=REACH_S))
        except Exception as error:  # whatever its client raises means the same here: no answer
            answers.put(error)

    # In a thread that is left behind if need be: no timeout of the client bounds a name lookup that hangs.
    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=REACH_S)
    except queue.Empty:
        raise HubUnreachable(f"no answer within {REACH_S:.0f} s") from None
    if isinstance(answer, Exception):
        raise HubUnreachable(_first_line(answer)) from answer
    return answer


def download_file(source: HubSource, folder: Path, progress: Progress) -> Path:
    """Download the one file of `source` into `folder`, unverified; an interrupted download goes on where it was.

    Raises:
        HubUnreachable: it cannot be had there.
        OSError: no room.
    """
    from huggingface_hub import hf_hub_download

    assert source.file is not None
    with _failing_as_unreachable():
        return Path(
            hf_hub_download(
                source.repo,
                source.file,
                revision=source.revision,
                local_dir=folder,
                tqdm_class=_bar(f"downloading {source.file}", progress),
            )
        )


def download_repository(source: HubSource, info: "ModelInfo", progress: Progress, free: FreeBytes) -> Path:
    """Bring a safetensors repository into the hub's cache, verify it, and return its folder there.

    Raises:
        CheckpointError: it holds no safetensors, or bytes other than the hub states.
        DownloadError: too little disk space.
        HubUnreachable: a file cannot be had.
        OSError: no room.
    """
    from huggingface_hub import constants, hf_hub_download, try_to_load_from_cache

    sizes = {file.rfilename: file.size or 0 for file in info.siblings or () if _wanted(file.rfilename)}
    if not any(name.endswith(".safetensors") for name in sizes):
        raise CheckpointError(f"{source.repo} on the hub holds no safetensors; pickle checkpoints are refused")
    missing = [n for n in sizes if not isinstance(try_to_load_from_cache(source.repo, n, revision=info.sha), str)]
    ensure_room(Path(constants.HF_HUB_CACHE), sum(sizes[name] for name in missing), free)
    folder = _snapshot(source, progress)
    corrupt = _not_as_stated(folder, progress)
    for path in corrupt:  # sent so, or gone bad in the cache since
        with _failing_as_unreachable():
            hf_hub_download(
                source.repo,
                path.name,
                revision=folder.name,
                force_download=True,
                tqdm_class=_bar(f"downloading {path.name} again", progress),
            )
    for path in _not_as_stated(folder, progress) if corrupt else ():
        raise CheckpointError(
            f"{source.repo}/{path.name}: the hub states sha256 {path.resolve().name}, but sent something else"
        )
    return folder


def cached_repository(source: HubSource, progress: Progress) -> Path:
    """The folder of a repository that is in the hub's cache already, verified.

    Raises:
        CheckpointError: a file there is corrupt.
        HubUnreachable: it is not there, or not all of it.
    """
    folder = _snapshot(source, progress, local_files_only=True)
    for path in _not_as_stated(folder, progress):
        raise CheckpointError(f"{path} is corrupt: its sha256 should be {path.resolve().name}")
    return folder


def _snapshot(source: HubSource, progress: Progress, *, local_files_only: bool = False) -> Path:
    from huggingface_hub import snapshot_download

    with _failing_as_unreachable():
        return Path(
            snapshot_download(
                source.repo,
                revision=source.revision,
                allow_patterns=list(WANTED),
                ignore_patterns=UNWANTED,
                local_files_only=local_files_only,
                tqdm_class=_bar(f"downloading {source.repo}", progress),
            )
        )


def _wanted(name: str) -> bool:
    return any(fnmatch(name, pattern) for pattern in WANTED) and not fnmatch(name, UNWANTED)


def _not_as_stated(folder: Path, progress: Progress) -> list[Path]:
    """The corrupt files of a snapshot in the hub's cache, which stores large files under the sha256 the hub stated.

    The small text files have another kind of digest, and so has everything where the file system has no links.
    """
    stated = {path: path.resolve().name for path in sorted(folder.iterdir()) if _wanted(path.name)}
    return [
        path
        for path, digest in stated.items()
        if re.fullmatch(r"[0-9a-f]{64}", digest) and sha256_of(path, progress, "checking the model's files") != digest
    ]


def _bar(what: str, progress: Progress) -> Any:
    """The class of progress bars that the hub's client wants; it draws nothing and tells `progress`."""
    from tqdm import tqdm  # type: ignore[import-untyped]

    class Bar(tqdm):  # type: ignore[misc]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **{**kwargs, "file": io.StringIO()})

        def update(self, n: float | None = 1) -> bool | None:
            self.n += n or 0
            # A second bar, of bytes on the wire, runs beside the first with some transfers.
            if "downloading bytes" not in (self.desc or ""):
                progress.step(what, int(self.n), int(self.total or 0))
            return None

    return Bar


@contextmanager
def _failing_as_unreachable() -> Iterator[None]:
    try:
        yield
    except Exception as error:  # the client passes on what its HTTP and transfer libraries raise, of many kinds
        if is_full(error) and not isinstance(error, OSError):
            raise OSError(28, "No space left on device") from error
        if is_full(error):
            raise
        raise HubUnreachable(_first_line(error)) from error


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
