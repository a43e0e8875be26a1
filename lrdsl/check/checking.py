"""Expressions and config files to what is wrong with their schedules."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from lrdsl.configs.config_files import (
    MAX_BYTES,
    config_paths,
    in_schedule_group,
    is_too_large,
    read_source,
)
from lrdsl.configs.recognition import is_cron, is_expression, may_hold_schedules
from lrdsl.errors.diagnostics import Diagnostic, ScheduleError, Span
from lrdsl.language.params import Parameters
from lrdsl.language.user_library import Files, load, problems

if TYPE_CHECKING:
    from lrdsl.configs.schedule_sites import ScheduleSite
    from lrdsl.timeline import Timeline


@dataclass(frozen=True)
class Checked:
    """One text after its check: what it is called, its schedules, and what is wrong with them.

    unreadable: why there is no text to check.
    """

    name: str
    text: str = ""
    schedules: int = 0
    found: Sequence[Diagnostic] = ()
    is_file: bool = True
    unreadable: str = ""


def check_all(
    expressions: Iterable[str],
    paths: Iterable[str],
    params: Parameters,
    run: Timeline | None,
    libraries: Files = (),
) -> Iterator[Checked]:
    """Each expression with `params`, then each config file of the paths, after its check."""
    for text in expressions:
        found = check_expression(text, params, run, libraries)
        yield Checked("schedule", text, 1, found, is_file=False)
    for path in paths:
        for file in config_paths(path):
            yield check_file(file, run, libraries)


def check_expression(
    text: str, params: Parameters, run: Timeline | None, libraries: Files = ()
) -> list[Diagnostic]:
    """Everything wrong with one expression; without a timeline, all that needs none."""
    try:
        found = problems(text, params, libraries)
    except ScheduleError as error:  # a parameter is no number
        return [Diagnostic(each.code, each.message, Span(0, 1)) for each in error.diagnostics]
    return found if _has_error(found) or run is None else _on_timeline(text, params, run, libraries)


def check_file(path: str, run: Timeline | None, libraries: Files = ()) -> Checked:
    """A config file after its check, positions being those of the file."""
    name = _shown(path)
    try:
        source = read_source(path)
    except OSError as error:
        return Checked(name, unreadable=error.strerror or type(error).__name__)
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode("utf-8", "replace").removeprefix("\ufeff")
        span = Span(len(before), len(before) + 1)
        wrong = Diagnostic("LRD501", "the YAML cannot be read: not UTF-8", span)
        return Checked(name, f"{before}\ufffd", found=[wrong])
    group = "expr" in source and in_schedule_group(path)
    count, found = check_source(source, group=group, run=run, libraries=libraries)
    return Checked(name, source, count, found)


def check_source(
    source: str, *, group: bool = False, run: Timeline | None = None, libraries: Files = ()
) -> tuple[int, list[Diagnostic]]:
    """How many schedules a YAML text has, and what is wrong with them.

    group: the text is a file of the config group `lrdsl/schedule`, which is a schedule itself.
    """
    if not may_hold_schedules(source):
        return 0, []
    if is_too_large(source):
        message = f"the file is larger than {MAX_BYTES:,} bytes and was not checked"
        return 0, [Diagnostic("LRD916", message, Span(0, 1))]
    from lrdsl.configs.schedule_sites import find_schedules

    count, found = 0, []
    for each in find_schedules(source, group=group):
        if isinstance(each, Diagnostic):
            found.append(each)
        elif not each.is_name:
            count += 1
            found += check_site(each, run, libraries)
    return count, found


def check_site(
    site: ScheduleSite, run: Timeline | None = None, libraries: Files = ()
) -> list[Diagnostic]:
    """What is wrong with a schedule of a file, in the file's own positions.

    Nothing is said of the schedules of other tools, which stand under the same keys.
    """
    found = _problems(site, libraries)
    if _has_error(found):
        found = found if site.strict else _unless_foreign(site.text, found, libraries)
    elif run is not None and site.is_resolved:
        found = _on_timeline(site.text, site.params, run, libraries)
    return [located for each in found if (located := site.locate(each))]


def _problems(site: ScheduleSite, libraries: Files) -> Sequence[Diagnostic]:
    if site.params:
        return problems(site.text, site.params, libraries, interpolations=True)
    return _problems_of_text(site.text, libraries)


@lru_cache(maxsize=1024)
def _problems_of_text(text: str, libraries: Files) -> tuple[Diagnostic, ...]:
    """Kept, because the configs of a project repeat each other's schedules."""
    return tuple(problems(text, {}, libraries, interpolations=True))


def _on_timeline(
    text: str, params: Parameters, run: Timeline, libraries: Files
) -> list[Diagnostic]:
    from lrdsl.schedule import Schedule

    return Schedule(text, params, dict(libraries)).check(run)


def _has_error(found: Sequence[Diagnostic]) -> bool:
    return any(each.severity == "error" for each in found)


def _unless_foreign(
    text: str, found: Sequence[Diagnostic], libraries: Files
) -> Sequence[Diagnostic]:
    """The problems of a text that may be another tool's: none, or only that it is not ours."""
    if is_cron(text):
        return []
    unread = any(each.code < "LRD011" for each in found)  # syntax and unknown names
    if not unread or is_expression(text, load(libraries).library.own):
        return found
    return [Diagnostic("LRD590", "not recognised as a schedule", Span(0, len(text)), "info")]


def _shown(path: str) -> str:
    """A path as it is usually written, with `/` and without needless parts."""
    return os.path.normpath(path).replace(os.sep, "/")
