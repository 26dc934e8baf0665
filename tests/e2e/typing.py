"""What is typed to measure how long ghost text takes, and the figures of it."""

import statistics
from collections.abc import Sequence
from typing import Any

TYPED = '''"""Settings in files of lines, name = value."""

import os
from pathlib import Path


def read_settings(path: Path) -> dict[str, str]:
"""The settings in a file, none where there is no file."""
if not path.exists():
return {}
settings = {}
for line in path.read_text().splitlines():
name, _, value = line.partition("=")
settings[name.strip()] = value.strip()
'''
"""A module, as it is typed where the editor indents."""

KEY_MS = 100
"""Between two keys."""

PAUSE_AFTER = 3
"""Keys, then nothing is typed until ghost text is there, or none comes."""

LONGEST_PAUSE_MS = 3000


def percentiles(ms: Sequence[float]) -> dict[str, Any]:
    """How many there are, the median and the 95th percentile."""
    if len(ms) < 2:
        return {"keys": len(ms)}
    return {
        "keys": len(ms),
        "p50_ms": round(statistics.median(ms), 1),
        "p95_ms": round(statistics.quantiles(ms, n=20, method="inclusive")[-1], 1),
    }
