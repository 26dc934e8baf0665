"""The error tree: every failure that a caller may want to name.

::

    CodeGPTError                one clear line for a person, always with what to do
    ├── InputError              the request itself is wrong: file, position, option
    ├── ModelNotFound           no such model, or not on this machine yet
    ├── CheckpointError         weights that are corrupt, of a refused format, or cannot be converted
    ├── DownloadError           a pull that could not finish: network, disk, mirror
    ├── PromptTooLong           the prompt does not fit the model's context
    ├── OutOfMemory             too little memory even for one prompt
    ├── SandboxUnavailable      no jail that holds works here, or the language has no runner
    └── Cancelled               the caller's `cancelled()` turned true

A wrong *generated* program is never an exception.
"""


class CodeGPTError(Exception):
    """Base of all errors raised on purpose; `str(error)` is one line fit for a person."""


class InputError(CodeGPTError):
    """The request is wrong: a missing file, a position outside it, a malformed option."""


class ModelNotFound(CodeGPTError):
    """The named model is unknown, or is not on this machine yet."""


class CheckpointError(CodeGPTError):
    """Weights that are corrupt, of a refused format, or that cannot be converted."""


class DownloadError(CodeGPTError):
    """A pull could not finish: no network, disk full, or a source that does not answer."""


class PromptTooLong(CodeGPTError):
    """The prompt does not fit into the model's context window."""


class OutOfMemory(CodeGPTError):
    """There is too little memory, also after everything that was kept for later has been given up."""


class SandboxUnavailable(CodeGPTError):
    """Nothing can be run: no backend holds on this machine, or a language has no runner."""


class Cancelled(CodeGPTError):
    """The caller's `cancelled()` turned true while the work was going on."""
