"""The library files that a command uses: those it is given, and those of `pyproject.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lrdsl.libraries import Files


class BadProject(Exception):
    """A library or project file that cannot be used; the message says why."""


def library_files(given: Sequence[str]) -> Files:
    """Name and text of each library file: of the project around the current folder, then `given`.

    `[tool.lrdsl] libraries = ["schedules.lrs"]` in `pyproject.toml` names files beside it.
    """
    paths = [*_project_paths(Path.cwd()), *map(Path, given)]
    seen: dict[Path, Path] = {}
    for path in paths:
        seen.setdefault(path.resolve(), path)
    return tuple((path.as_posix(), _read(path)) for path in seen.values())


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise BadProject(f"`{path}` cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise BadProject(f"`{path}` cannot be read: not UTF-8") from None


def _project_paths(folder: Path) -> list[Path]:
    """The files that the nearest `pyproject.toml` names."""
    for parent in (folder, *folder.parents):
        project = parent / "pyproject.toml"
        if project.is_file():
            return [_shown(parent / name, folder) for name in _listed(project)]
    return []


def _shown(path: Path, folder: Path) -> Path:
    return path.relative_to(folder) if path.is_relative_to(folder) else path


def _listed(project: Path) -> list[str]:
    try:
        data: dict[str, Any] = tomllib.loads(project.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadProject(f"`{project}` cannot be read: {error}") from None
    names = data.get("tool", {}).get("lrdsl", {}).get("libraries", [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise BadProject(f"`{project}`: `tool.lrdsl.libraries` is a list of file names")
    return names
