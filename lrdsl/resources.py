"""Files that ship with the package: `grammar/` and `conf/`, installed, editable or a checkout."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def resource_dir(name: str) -> Path:
    """The folder `grammar` or `conf`: inside the package when installed, else beside it."""
    from pathlib import Path

    return Path(_folder(name))


def _folder(name: str) -> str:
    package = os.path.dirname(__file__)
    inside = os.path.join(package, name)
    return inside if os.path.isdir(inside) else os.path.join(os.path.dirname(package), name)


@cache
def read_resource(folder: str, file: str) -> str:
    with open(os.path.join(_folder(folder), file), encoding="utf-8") as opened:
        return opened.read()
