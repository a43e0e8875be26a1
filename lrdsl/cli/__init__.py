"""The command `lrdsl`: its words to the command that they name, and how it ends.

A command is one file of this package, of the command's name, with `DESCRIPTION`, `EPILOG`,
`add_arguments` and `run`. Only the file of the command that runs is imported, and what a command
needs is imported by its `run`, so that none waits for the libraries of another.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Sequence
from functools import partial
from importlib import import_module
from typing import Any, NoReturn

from lrdsl import __version__
from lrdsl.cli.exits import CLOSED_PIPE, FAILED, FINDINGS, INTERRUPTED, Usage
from lrdsl.errors.diagnostics import ScheduleError
from lrdsl.errors.rendering import visible

COMMANDS = ("check", "eval", "explain", "functions", "fmt", "quote", "convert")

_EPILOG = """\
examples:
  lrdsl check conf/ --steps-per-epoch 391 --epochs 90
  lrdsl check -e '0.01 * 0.5^floor(epoch / 10)'
  lrdsl eval 'linear(0, 0.1) for 5ep then cosine(0.1, 0)' \\
      --steps-per-epoch 391 --epochs 90 --at 0,5ep,50%
  lrdsl functions cosine
  lrdsl explain LRD403
  lrdsl convert torch 'StepLR(step_size=30, gamma=0.1)' lr=0.1

exit codes: 0 clean, 1 findings, 2 usage or unreadable file, 3 nothing to check
"""

_HelpFormatter = partial(argparse.RawDescriptionHelpFormatter, width=78)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that `argv`, or else the command line, names; returns the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = _run(_with_joined_expressions(sys.argv[1:] if argv is None else argv))
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # What is still buffered has no reader; the interpreter would complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return CLOSED_PIPE
    except KeyboardInterrupt:
        return INTERRUPTED


def _run(words: Sequence[str]) -> int:
    named = words[:1] if words and words[0] in COMMANDS else COMMANDS
    try:
        args = _parser(named).parse_args(words)
        return int(args.command(args))
    except Usage as error:
        return _fail(f"error: {error}", FAILED)
    except ScheduleError as error:
        return _fail(str(error), FINDINGS)
    except BrokenPipeError:
        raise
    except Exception as error:
        if os.environ.get("LRDSL_TRACEBACK"):
            raise
        text = visible(f"{type(error).__name__}: {error}")
        help_ = "please report it, with what `LRDSL_TRACEBACK=1` adds"
        return _fail(f"error[LRD999]: internal error: {text}\n  = help: {help_}", FAILED)


def _fail(text: str, code: int) -> int:
    sys.stdout.flush()
    print("\n".join(map(visible, text.split("\n"))), file=sys.stderr)
    return code


def _with_joined_expressions(argv: Sequence[str]) -> list[str]:
    """The words with `-e EXPR` as one of them, so that EXPR may begin with `-`."""
    words: list[str] = []
    for word in argv:
        if words and words[-1] in ("-e", "--expr"):
            words[-1] = f"--expr={word}"
        else:
            words.append(word)
    return words


class _Parser(argparse.ArgumentParser):
    """A parser that raises its errors."""

    def error(self, message: str) -> NoReturn:
        raise Usage(f"{message}\n{self.format_usage().rstrip()}\ntry `{self.prog} --help`")


def _parser(names: Iterable[str]) -> argparse.ArgumentParser:
    """The parser of the commands of these names."""
    parser = _Parser(
        prog="lrdsl",
        description="Learning-rate schedules as one string: check them, see them, spell them.",
        epilog=_EPILOG,
        formatter_class=_HelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"lrdsl {__version__}")
    parsers = parser.add_subparsers(metavar="COMMAND", required=True)
    for name in names:
        command: Any = import_module(f"lrdsl.cli.{name}")
        sentence = command.DESCRIPTION.partition(".")[0]
        each = parsers.add_parser(
            name,
            help=sentence[0].lower() + sentence[1:],
            description=command.DESCRIPTION,
            epilog=command.EPILOG,
            formatter_class=_HelpFormatter,
        )
        command.add_arguments(each)
        each.set_defaults(command=command.run)
    return parser
