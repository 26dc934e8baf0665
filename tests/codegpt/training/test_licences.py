import pytest

from codegpt.training.licences import permissive

MIT, BSD = "License :: OSI Approved :: MIT License", "License :: OSI Approved :: BSD License"
GPL = "License :: OSI Approved :: GNU General Public License v3 (GPLv3)"


@pytest.mark.parametrize(
    ("expression", "classifiers", "line", "found"),
    [
        ("MIT", [], "", "MIT"),
        ("Apache-2.0 OR GPL-3.0-only", [], "", "Apache-2.0 OR GPL-3.0-only"),
        ("MIT AND GPL-3.0-only", [], "", None),
        ("(MIT OR Apache-2.0) AND BSD-3-Clause", [], "", "(MIT OR Apache-2.0) AND BSD-3-Clause"),
        ("(MIT OR GPL-3.0-only) AND BSD-3-Clause", [], "", None),
        ("Apache-2.0 WITH LLVM-exception", [], "", None),
        ("GPL-3.0-only", [MIT], "MIT", None),
        ("", [MIT], "MIT, see LICENSE", "MIT"),
        ("", [MIT], "GPL-3.0", None),
        ("", [MIT, BSD], "", "MIT AND BSD-3-Clause"),
        ("", [MIT, GPL], "", None),
        ("", ["License :: OSI Approved", "Topic :: Games"], "BSD 3-Clause License", "BSD-3-Clause"),
        ("", [], "Apache License 2.0", "Apache-2.0"),
        ("", [], "Apache License, Version 2.0", "Apache-2.0"),
        ("", [], "new BSD", "BSD-3-Clause"),
        ("", [], "MIT-0", "MIT-0"),
        ("", [], "Copyright (c) 2020. Permission is hereby granted", None),
        ("", [], "", None),
    ],
)
def test_what_a_package_says_of_its_licence(
    expression: str, classifiers: list[str], line: str, found: str | None
) -> None:
    assert permissive(expression, classifiers, line) == found
