"""`lrdsl check`: the schedules of files and expressions to reports and an exit code."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lrdsl.cli.exits import CLEAN, FAILED, FINDINGS, NOTHING
from lrdsl.errors.diagnostics import Diagnostic, ScheduleError, Span
from lrdsl.errors.rendering import visible
from lrdsl.language.typecheck import Parameters
from lrdsl.language.user_library import problems

if TYPE_CHECKING:
    from pathlib import Path

    from lrdsl.configs.schedule_sites import Check
    from lrdsl.language.user_library import Files
    from lrdsl.timeline import Timeline

MAX_BYTES = 2**20
MAX_SHOWN = 100
_SUFFIXES = (".yaml", ".yml")


@dataclass
class Report:
    """What was seen so far."""

    schedules: int = 0
    files: int = 0
    unreadable: bool = False
    severities: Counter[str] = field(default_factory=Counter)

    def show(self, found: Sequence[Diagnostic], source: str, name: str) -> None:
        """Print the problems of one text."""
        self.severities.update(each.severity for each in found)
        if found:
            from lrdsl.errors.rendering import render_all

            ordered = sorted(found, key=lambda each: (each.span, each.code))
            print(render_all(ordered[:MAX_SHOWN], source, name), end="\n\n")
        if len(found) > MAX_SHOWN:
            print(f"{visible(name)}: {len(found) - MAX_SHOWN:,} more problems\n")

    @property
    def code(self) -> int:
        if self.unreadable:
            return FAILED
        if self.severities["error"] or self.severities["warning"]:
            return FINDINGS
        return CLEAN if self.schedules else NOTHING


def check_all(
    paths: Sequence[str],
    expressions: Sequence[str],
    params: Parameters,
    run: Timeline | None,
    files: Files = (),
) -> int:
    """Check everything named, print what is wrong and a last line; returns the exit code."""
    report = Report()
    for text in expressions:
        report.schedules += 1
        report.show(check_expression(text, params, run, files), text, "schedule")
    for path in paths:
        for name in _names_of(path):
            _check_file(name, run, report, files)
    _print_summary(report, run)
    return report.code


def check_expression(
    text: str, params: Parameters, run: Timeline | None, files: Files = ()
) -> list[Diagnostic]:
    """Everything wrong with one text; without a timeline, all that needs none."""
    try:
        found = problems(text, params, files)
    except ScheduleError as error:  # a parameter is no number
        return [Diagnostic(each.code, each.message, Span(0, 1)) for each in error.diagnostics]
    if run is None or any(each.severity == "error" for each in found):
        return found
    from lrdsl.schedule import Schedule

    return Schedule(text, params, dict(files)).check(run)


def files_of(path: str) -> Iterator[Path]:
    """A file itself; of a folder its YAML files, hidden ones left out, in a fixed order."""
    from pathlib import Path

    return map(Path, _names_of(path))


def _names_of(path: str) -> Iterator[str]:
    if not os.path.isdir(path):
        yield path or os.curdir
        return
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(each for each in folders if not each.startswith("."))
        for name in sorted(names):
            if name.endswith(_SUFFIXES) and not name.startswith("."):
                yield os.path.join(folder, name)


def read_source(path: Path | str) -> str:
    """The text of a YAML file without its byte order mark; raises OSError, UnicodeDecodeError."""
    with open(path, "rb") as file:
        data = file.read(MAX_BYTES + 1)
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    if len(data) > MAX_BYTES:
        return data.decode(encoding, "replace")
    return data.decode(encoding)


def in_group(path: Path | str) -> bool:
    """Whether a file belongs to the config group `lrdsl/schedule`."""
    return "/lrdsl/schedule/" in os.path.realpath(path).replace(os.sep, "/")


def _check_file(path: str, run: Timeline | None, report: Report, files: Files) -> None:
    report.files += 1
    try:
        source = read_source(path)
    except OSError as error:
        report.unreadable = True
        reason = error.strerror or type(error).__name__
        sys.stdout.flush()
        print(f"error: `{visible(_shown(path))}` cannot be read: {reason}", file=sys.stderr)
        return
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode("utf-8", "replace")
        at = len(before.removeprefix("\ufeff"))
        found = Diagnostic("LRD501", "the YAML cannot be read: not UTF-8", Span(at, at + 1))
        report.show([found], before + "\ufffd", _shown(path))
        return
    group = "expr" in source and in_group(path)
    count, found_all = check_source(source, group=group, run=run, files=files)
    report.schedules += count
    if found_all:
        report.show(found_all, source, _shown(path))


def _shown(path: str) -> str:
    from pathlib import Path

    return Path(path).as_posix()


# What a file must hold to be worth reading as YAML.
_MENTIONED = ("schedule", "lr", "learning_rate", "expr")


def check_source(
    source: str, *, group: bool = False, run: Timeline | None = None, files: Files = ()
) -> tuple[int, list[Diagnostic]]:
    """How many schedules a YAML text has, and what is wrong with them."""
    if not any(word in source for word in _MENTIONED):
        return 0, []
    if len(source.encode("utf-8", "replace")) > MAX_BYTES:
        message = f"the file is larger than {MAX_BYTES:,} bytes and was not checked"
        return 0, [Diagnostic("LRD916", message, Span(0, 1))]
    from lrdsl.configs.schedule_sites import Slot, check_slot
    from lrdsl.configs.yaml_files import find_schedules

    check: Check | None = None
    if run is not None:
        check = lambda text, params: check_expression(text, params, run, files)  # noqa: E731
    count, found = 0, []
    for each in find_schedules(source, group=group):
        if isinstance(each, Slot):
            count += not each.is_name
            found += check_slot(each, check, files)
        else:
            found.append(each)
    return count, found


def _print_summary(report: Report, run: Timeline | None) -> None:
    files = f" in {_many(report.files, 'file')}" if report.files else ""
    what = f"{_many(report.schedules, 'schedule')}{files}"
    results = [_many(report.severities[each], each) for each in ("error", "warning", "info")
               if report.severities[each]]  # fmt: skip
    if report.schedules or results:
        print(f"{what}: {', '.join(results) or 'no problems'}")
    else:
        print(f"nothing to check: {what}")
    if report.schedules and (run is None or run.total_steps is None):
        print("not checked: lengths and rates over a run, which need"
              " --steps-per-epoch and --epochs (or --total-steps)")  # fmt: skip


def _many(count: int, noun: str) -> str:
    plural = noun if count == 1 or noun == "info" else f"{noun}s"
    return f"{count:,} {plural}" if count else f"no {plural}"
