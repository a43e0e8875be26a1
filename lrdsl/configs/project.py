"""The library files that a command uses: those it is given, and those of `pyproject.toml`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lrdsl.errors.diagnostics import ScheduleError

if TYPE_CHECKING:
    from pathlib import Path

    from lrdsl.language.user_library import Files


class BadProject(Exception):
    """A library or project file that cannot be used; the message says why."""


def library_files(given: Sequence[str]) -> Files:
    """Name and text of each library file: of the project around the current folder, then `given`.

    `[tool.lrdsl] libraries = ["schedules.lrs"]` in `pyproject.toml` names files beside it.
    """
    here = os.getcwd()
    around = _project_folder(here)
    listed = [] if around is None else _listed(os.path.join(around, "pyproject.toml"))
    if not listed and not given:
        return ()  # as for most, who need not wait for `pathlib`
    from pathlib import Path

    paths = [_shown(Path(around or here, name), Path(here)) for name in listed]
    files: dict[str, tuple[str, str]] = {}
    for path in (*paths, *map(Path, given)):
        text = _read(path)
        files.setdefault(os.path.realpath(path), (path.as_posix(), text))
    return tuple(files.values())


def _read(path: Path) -> str:
    from lrdsl.language.library_files import read_library_file

    try:
        return read_library_file(path)
    except ScheduleError as error:
        raise BadProject(error.diagnostics[0].message) from None


def _project_folder(folder: str) -> str | None:
    """The nearest folder, this one or one around it, with a `pyproject.toml`."""
    while not os.path.isfile(os.path.join(folder, "pyproject.toml")):
        inside, folder = folder, os.path.dirname(folder)
        if folder == inside:
            return None
    return folder


def _shown(path: Path, folder: Path) -> Path:
    return path.relative_to(folder) if path.is_relative_to(folder) else path


def _listed(project: str) -> list[str]:
    """The library files that a project names; none where it never mentions this tool."""
    try:
        with open(project, encoding="utf-8") as file:
            text = file.read()
        data = _read_toml(text) if "lrdsl" in text else {}
    except (OSError, ValueError, RecursionError) as error:  # not UTF-8, not TOML, or too deep
        raise BadProject(f"`{project}` cannot be read: {error}") from None
    settings = _table(project, _table(project, data, "tool"), "tool.lrdsl")
    names = settings.get("libraries", [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise BadProject(f"`{project}`: `tool.lrdsl.libraries` is a list of file names")
    return names


def _table(project: str, around: dict[str, Any], key: str) -> dict[str, Any]:
    """The table `key` (`tool.lrdsl` of `tool`), empty where there is none."""
    found = around.get(key.rpartition(".")[2], {})
    if not isinstance(found, dict):
        raise BadProject(f"`{project}`: `{key}` is a table")
    return found


def _read_toml(text: str) -> dict[str, Any]:
    import tomllib

    return tomllib.loads(text)
