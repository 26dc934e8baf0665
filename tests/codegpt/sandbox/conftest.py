import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from codegpt.sandbox.backends import Backend
from codegpt.sandbox.client import Sandbox
from codegpt.sandbox.landlock import REQUIRED_ABI, abi
from codegpt.sandbox.opening import available_views


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    if shutil.which("bwrap") is None:
        pytest.skip("not run: install bubblewrap")
    with Sandbox(views=available_views()) as opened:
        yield opened


@pytest.fixture(params=[Backend.BWRAP, Backend.LANDLOCK], scope="module")
def backend(request: pytest.FixtureRequest) -> Backend:
    """Each kind of jail that this machine has."""
    if request.param is Backend.BWRAP and shutil.which("bwrap") is None:
        pytest.skip("not run: install bubblewrap")
    if request.param is Backend.LANDLOCK and abi() < REQUIRED_ABI:
        pytest.skip(f"not run: Landlock ABI {REQUIRED_ABI} is needed (Linux 6.12), this kernel has {abi()}")
    return Backend(request.param)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A directory that every user may read, which `tmp_path` is not: a root that runs the tests gives up being root."""
    folder = Path(tempfile.mkdtemp(prefix="codegpt-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)
