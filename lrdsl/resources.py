"""Files that ship with the package: `grammar/` and `conf/`, installed, editable or a checkout."""

from __future__ import annotations

from functools import cache
from pathlib import Path


def resource_dir(name: str) -> Path:
    """The folder `grammar` or `conf`: inside the package when installed, else beside it."""
    inside = Path(__file__).parent / name
    return inside if inside.is_dir() else Path(__file__).parents[1] / name


@cache
def read_resource(folder: str, file: str) -> str:
    return (resource_dir(folder) / file).read_text(encoding="utf-8")
