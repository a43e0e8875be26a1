"""Paths of files and folders to config files, and to their texts."""

from __future__ import annotations

import os
from collections.abc import Iterator

MAX_BYTES = 2**20
_SUFFIXES = (".yaml", ".yml")


def config_paths(path: str) -> Iterator[str]:
    """A file itself; of a folder its YAML files, hidden ones left out, in a fixed order."""
    if not os.path.isdir(path):
        yield path or os.curdir
        return
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(each for each in folders if not each.startswith("."))
        for name in sorted(names):
            if name.endswith(_SUFFIXES) and not name.startswith("."):
                yield os.path.join(folder, name)


def read_source(path: str) -> str:
    """The text of a file without its byte order mark; raises OSError, UnicodeDecodeError.

    Of a file of more than `MAX_BYTES` only the beginning, which is more than `MAX_BYTES`, too.
    """
    with open(path, "rb") as file:
        data = file.read(MAX_BYTES + 1)
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    return data.decode(encoding, "replace" if len(data) > MAX_BYTES else "strict")


def is_too_large(source: str) -> bool:
    """Whether a text has more than `MAX_BYTES` bytes."""
    return len(source.encode("utf-8", "replace")) > MAX_BYTES


def in_schedule_group(path: str) -> bool:
    """Whether a file belongs to the config group `lrdsl/schedule`, whose files are schedules."""
    return "/lrdsl/schedule/" in os.path.realpath(path).replace(os.sep, "/")
