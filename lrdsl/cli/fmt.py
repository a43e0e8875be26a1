"""`lrdsl fmt`: expressions, and the one-line schedules of config files, in canonical text."""

from __future__ import annotations

import argparse
import os
import sys
from difflib import unified_diff
from pathlib import Path

from lrdsl.cli import options
from lrdsl.cli.exits import CLEAN, FAILED, FINDINGS, Usage
from lrdsl.errors.rendering import visible

DESCRIPTION = "Print an expression, or show how files change, in canonical text."
EPILOG = options.DASH


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("subjects", nargs="+", metavar="EXPR|PATH",
                        help="an expression, a YAML file, a folder, or - for stdin")  # fmt: skip
    parser.add_argument("--write", action="store_true", help="change the files")
    parser.add_argument("--check", action="store_true",
                        help="exit with 1 if anything is not canonical")  # fmt: skip


def run(args: argparse.Namespace) -> int:
    from lrdsl.configs.config_files import config_paths

    code = CLEAN
    for subject in args.subjects:
        if os.path.exists(subject):
            for path in config_paths(subject):
                code = max(code, _format_file(Path(path), write=args.write, check=args.check))
        elif subject.endswith((".yaml", ".yml")):
            raise Usage(f"there is no file `{subject}`")
        else:
            text = sys.stdin.read() if subject == "-" else subject
            code = max(code, _format_expression(text, check=args.check))
    return code


def _format_expression(text: str, *, check: bool) -> int:
    from lrdsl.syntax.formatter import format_lines, has_comment
    from lrdsl.syntax.parser import parse

    program = parse(text)
    shown = text.strip("\n") if has_comment(text) else format_lines(program)
    print("\n".join(map(visible, shown.split("\n"))))
    if has_comment(text):
        print("note: left as it is, for its comments", file=sys.stderr)
    return FINDINGS if check and shown != text.strip("\n") else CLEAN


def _format_file(path: Path, *, write: bool, check: bool) -> int:
    from lrdsl.configs.config_files import in_schedule_group, read_source
    from lrdsl.configs.yaml_formatting import format_source

    name = path.as_posix()
    try:
        source = read_source(str(path))
        with path.open("rb") as file:
            has_mark = file.read(3) == b"\xef\xbb\xbf"
    except (OSError, UnicodeDecodeError) as error:
        print(f"error: `{visible(name)}` cannot be read: {visible(str(error))}", file=sys.stderr)
        return FAILED
    result = format_source(source, group=in_schedule_group(str(path)))
    if result == source:
        return CLEAN
    if write:
        path.write_bytes(result.encode("utf-8-sig" if has_mark else "utf-8"))
        print(f"{visible(name)}: rewritten")
    else:
        before, after = source.splitlines(), result.splitlines()
        for line in unified_diff(before, after, name, name, lineterm=""):
            print(visible(line))
    return FINDINGS if check else CLEAN
