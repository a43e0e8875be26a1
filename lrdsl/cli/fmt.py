"""`lrdsl fmt`: expressions and the one-line schedules of YAML files to canonical text."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from difflib import unified_diff
from pathlib import Path

from lrdsl.check.checking import files_of, in_group, read_source
from lrdsl.configs.schedule_sites import Slot
from lrdsl.errors.diagnostics import ScheduleError
from lrdsl.errors.exits import CLEAN, FAILED, FINDINGS, Usage
from lrdsl.errors.rendering import visible
from lrdsl.syntax.formatter import format_lines, format_program, has_comment
from lrdsl.syntax.parser import parse


def format_all(subjects: Sequence[str], *, write: bool, check: bool) -> int:
    """Print canonical expressions and the changes of files; returns the exit code."""
    code = CLEAN
    for subject in subjects:
        if os.path.exists(subject):
            for path in files_of(subject):
                code = max(code, _format_file(path, write=write, check=check))
        elif subject.endswith((".yaml", ".yml")):
            raise Usage(f"there is no file `{subject}`")
        else:
            text = sys.stdin.read() if subject == "-" else subject
            code = max(code, _format_expression(text, check=check))
    return code


def _format_expression(text: str, *, check: bool) -> int:
    program = parse(text)
    shown = text.strip("\n") if has_comment(text) else format_lines(program)
    print("\n".join(map(visible, shown.split("\n"))))
    if has_comment(text):
        print("note: left as it is, for its comments", file=sys.stderr)
    return FINDINGS if check and shown != text.strip("\n") else CLEAN


def _format_file(path: Path, *, write: bool, check: bool) -> int:
    name = path.as_posix()
    try:
        source = read_source(path)
        with path.open("rb") as file:
            marked = file.read(3) == b"\xef\xbb\xbf"
    except (OSError, UnicodeDecodeError) as error:
        print(f"error: `{visible(name)}` cannot be read: {visible(str(error))}", file=sys.stderr)
        return FAILED
    result = format_source(source, group=in_group(path))
    if result == source:
        return CLEAN
    if write:
        path.write_bytes(result.encode("utf-8-sig" if marked else "utf-8"))
        print(f"{visible(name)}: rewritten")
    else:
        before, after = source.splitlines(), result.splitlines()
        for line in unified_diff(before, after, name, name, lineterm=""):
            print(visible(line))
    return FINDINGS if check else CLEAN


def format_source(source: str, *, group: bool = False) -> str:
    """A YAML text with its one-line schedules in canonical form, all else untouched."""
    slots = _slots(source, group)
    result, expected = source, [slot.text for slot in slots]
    order = sorted(range(len(slots)), key=lambda index: slots[index].place.whole, reverse=True)
    for index in order:
        whole = slots[index].place.whole
        new = _canonical(slots[index], source[whole.start : whole.end])
        if new:
            result = f"{result[: whole.start]}{new}{result[whole.end :]}"
            expected[index] = _read(new) or ""
    # YAML must read the new text as it is meant, whatever stands around it.
    return result if [slot.text for slot in _slots(result, group)] == expected else source


def _slots(source: str, group: bool) -> list[Slot]:
    from lrdsl.configs.yaml_files import find_schedules

    return [each for each in find_schedules(source, group=group) if isinstance(each, Slot)]


def _canonical(slot: Slot, old: str) -> str | None:
    """The new scalar; None where there is none, or something would be lost."""
    if slot.is_name or has_comment(slot.text) or "\n" in old or not slot.place.begins:
        return None
    try:
        text = format_program(parse(slot.text))
    except ScheduleError:
        return None
    quote = slot.style if slot.style in ("'", '"') else ""
    new = f"{quote}{text}{quote}"
    return new if text != slot.text and _read(new) == text else None


def _read(scalar: str) -> str | None:
    """The text that YAML reads in a scalar on its own."""
    import yaml

    try:
        node = yaml.compose(scalar, Loader=yaml.SafeLoader)
    except yaml.YAMLError:
        return None
    return node.value if isinstance(node, yaml.ScalarNode) else None
