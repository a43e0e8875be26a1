"""`lrdsl fmt`: expressions, and the one-line schedules of config files, in canonical text."""

from __future__ import annotations

import argparse
import codecs
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
    from lrdsl.configs import config_files
    from lrdsl.configs.yaml_formatting import format_source

    name = visible(path.as_posix())
    try:
        source = config_files.read_source(str(path))
        with path.open("rb") as file:
            encoding = _encoding(file.read(3))
    except (OSError, UnicodeDecodeError) as error:
        return _failed(f"`{name}` cannot be read: {visible(str(error))}")
    if config_files.is_too_large(source):
        limit = f"{config_files.MAX_BYTES:,} bytes"
        return _failed(f"`{name}` is larger than {limit} and was left as it is")
    result = format_source(source, group=config_files.in_schedule_group(str(path)))
    if result == source:
        return CLEAN
    if write:
        path.write_bytes(result.encode(encoding))
        print(f"{name}: rewritten")
    else:
        before, after = source.splitlines(), result.splitlines()
        for line in unified_diff(before, after, path.as_posix(), path.as_posix(), lineterm=""):
            print(visible(line))
    return FINDINGS if check else CLEAN


def _failed(message: str) -> int:
    print(f"error: {message}", file=sys.stderr)
    return FAILED


def _encoding(start: bytes) -> str:
    """The encoding of a file by its byte order mark, which is written again."""
    if start[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return "utf-16"
    return "utf-8-sig" if start == codecs.BOM_UTF8 else "utf-8"
