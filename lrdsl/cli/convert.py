"""`lrdsl convert`: a schedule of another library as an expression."""

from __future__ import annotations

import argparse
import os
import sys
import warnings

from lrdsl.cli.exits import CLEAN, Usage
from lrdsl.errors.rendering import visible

DESCRIPTION = "Print a schedule of another library as an expression."
EPILOG = """\
examples:
  lrdsl convert torch 'StepLR(step_size=30, gamma=0.1)' lr=0.1 per_epoch=True
  lrdsl convert optax 'cosine_decay_schedule(init_value=0.1, decay_steps=1000)'
  lrdsl convert transformers cosine lr=5e-5 warmup_ratio=0.05 num_cycles=0.5
  lrdsl convert t5x 'constant * linear_warmup * rsqrt_decay' warmup_steps=10000
  lrdsl convert caffe solver.prototxt
  lrdsl convert keras config.json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("library", metavar="LIBRARY",
                        help="keras, torch, optax, transformers, t5x or caffe")  # fmt: skip
    parser.add_argument("source", metavar="SCHEDULE",
                        help="a call, a name, a file that holds one, or - for stdin")  # fmt: skip
    parser.add_argument("arguments", nargs="*", metavar="NAME=VALUE",
                        help="more arguments, named as in the library")  # fmt: skip


def run(args: argparse.Namespace) -> int:
    from lrdsl.convert import convert
    from lrdsl.convert.call_syntax import read_arguments

    try:
        with warnings.catch_warnings(record=True) as notes:
            warnings.simplefilter("always")
            found = convert(args.library, _source(args.source), **read_arguments(args.arguments))
    except ValueError as error:
        raise Usage(str(error)) from None
    print(found)
    for note in notes:
        print(f"warning: {visible(str(note.message))}", file=sys.stderr)
    return CLEAN


def _source(word: str) -> str:
    """What stands on stdin or in the file of this name, or the word itself."""
    if word == "-":
        return sys.stdin.read()
    if not os.path.isfile(word) and not word.endswith((".json", ".prototxt")):
        return word
    try:
        with open(word, encoding="utf-8") as file:
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise Usage(f"`{word}` cannot be read: {reason}") from None
