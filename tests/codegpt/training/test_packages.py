import zipfile
from pathlib import Path

import pytest

from codegpt.errors import InputError
from codegpt.training.packages import LARGEST, of_the_standard_library, of_this_environment, of_wheels


def make_wheel(folder: Path, name: str, licence: str, files: dict[str, bytes]) -> None:
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as archive:
        for path, content in files.items():
            archive.writestr(path, content)
        metadata = f"Metadata-Version: 2.4\nName: {name}\nVersion: 1.0\nLicense-Expression: {licence}\n\nAbout it.\n"
        archive.writestr(f"{name}-1.0.dist-info/METADATA", metadata)


def test_a_wheel_gives_its_source_as_text(tmp_path: Path) -> None:
    files = {
        "one/a.py": "\ufeffx = 'ä'\r\ny = 2\r".encode(),
        "one/latin.py": "x = 'ä'".encode("latin-1"),
        "one/zero.py": b"x = 1\0",
        "one/large.py": b"#" * (LARGEST + 1),
        "one/data.json": b"{}",
        "one/_vendor/other-2.0.dist-info/METADATA": b"Name: other\nLicense-Expression: GPL-3.0-only\n",
    }
    make_wheel(tmp_path, "one", "MIT", files)
    make_wheel(tmp_path, "two", "GPL-3.0-only", {"two/a.py": b"x = 1"})
    one, two = of_wheels(tmp_path)
    assert (one.name, one.version, one.licence, one.files) == ("one", "1.0", "MIT", {"one/a.py": "x = 'ä'\ny = 2\n"})
    assert (two.name, two.licence, two.files) == ("two", None, {})


def test_what_is_no_wheel_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no wheels"):
        list(of_wheels(tmp_path))
    (tmp_path / "bad-1.0-py3-none-any.whl").write_bytes(b"PK nothing")
    with pytest.raises(InputError, match=r"bad-1\.0.*is not a whole wheel"):
        list(of_wheels(tmp_path))
    (tmp_path / "bad-1.0-py3-none-any.whl").unlink()
    with zipfile.ZipFile(tmp_path / "empty-1.0-py3-none-any.whl", "w"):
        pass
    with pytest.raises(InputError, match="is not a whole wheel"):
        list(of_wheels(tmp_path))


def test_what_is_installed_is_there_with_its_licence() -> None:
    found = {package.name: package for package in of_this_environment()}
    assert found["click"].licence == "BSD-3-Clause"
    assert "def command(" in found["click"].files["click/decorators.py"]
    assert all(not path.startswith("..") for package in found.values() for path in package.files)


def test_the_standard_library_is_a_package() -> None:
    python = of_the_standard_library()
    assert (python.name, python.licence) == ("python", "PSF-2.0")
    assert "def isleap(" in python.files["python/calendar.py"]
    assert not any("site-packages" in path for path in python.files)
