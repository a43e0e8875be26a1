"""The command `lrdsl`: its arguments, and the exit code of each command."""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from lrdsl.cli.exits import CLEAN, CLOSED_PIPE, FAILED, FINDINGS, INTERRUPTED, Usage
from lrdsl.errors.diagnostics import ScheduleError
from lrdsl.errors.rendering import visible

if TYPE_CHECKING:
    from lrdsl.language.library import Library
    from lrdsl.language.user_library import Files
    from lrdsl.timeline import Timeline

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
_DASH = "an expression that begins with `-` is written as (EXPR) or behind `--`"


# Of a fixed width: argparse would ask the terminal's for every option, printed or not.
_Help = partial(argparse.RawDescriptionHelpFormatter, width=78)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise Usage(f"{message}\n{self.format_usage().rstrip()}\ntry `{self.prog} --help`")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = _run(_joined(sys.argv[1:] if argv is None else argv))
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # What is still buffered has no reader; the interpreter would complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return CLOSED_PIPE
    except KeyboardInterrupt:
        return INTERRUPTED


def _run(argv: Sequence[str]) -> int:
    try:
        args = _parser(argv[:1]).parse_args(argv)
        return int(args.command(args))
    except Usage as error:
        return _fail(f"error: {error}", FAILED)
    except ScheduleError as error:
        return _fail(str(error), FINDINGS)
    except (BrokenPipeError, KeyboardInterrupt):
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


def _joined(argv: Sequence[str]) -> list[str]:
    """`-e EXPR` as one word, so that EXPR may begin with `-`."""
    words: list[str] = []
    for word in argv:
        if words and words[-1] in ("-e", "--expr"):
            words[-1] = f"--expr={word}"
        else:
            words.append(word)
    return words


def _parser(first: Sequence[str]) -> _Parser:
    """The parser of the command that `first` names; of all commands when it names none."""
    parser = _Parser(
        prog="lrdsl",
        description="Learning-rate schedules as one string: check them, see them, spell them.",
        epilog=_EPILOG,
        formatter_class=_Help,
    )
    parser.add_argument("--version", action="version", version=f"lrdsl {_version()}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name in _COMMANDS.keys() & first or _COMMANDS:
        _COMMANDS[name](commands)
    return parser


def _version() -> str:
    from lrdsl import __version__

    return __version__


def _command(commands: Any, name: str, does: str, epilog: str = "") -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=does[0].lower() + does[1:].partition(".")[0],
        description=does,
        epilog=epilog,
        formatter_class=_Help,
    )
    return parser


def _add_check(commands: Any) -> None:
    does = "Check every schedule of YAML files and folders, and of expressions."
    parser = _command(commands, "check", does)
    parser.add_argument(
        "paths", nargs="*", metavar="PATH",
        help="files, folders (their *.yaml and *.yml), or - for one expression from stdin; "
        "by default the current folder",
    )  # fmt: skip
    parser.add_argument("-e", "--expr", action="append", default=[], metavar="EXPR",
                        help="an expression; may be repeated")  # fmt: skip
    _add_params(parser)
    _add_library(parser)
    _add_timeline(parser)
    parser.set_defaults(command=_check)


def _add_eval(commands: Any) -> None:
    does = "Print the rate at every step of a run, or at some."
    parser = _command(commands, "eval", does, _DASH)
    parser.add_argument("expr", metavar="EXPR")
    parser.add_argument("--at", metavar="LIST",
                        help="steps and times, e.g. 0,5ep,50%%; by default every step")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="one JSON object")
    _add_params(parser)
    _add_library(parser)
    _add_timeline(parser)
    parser.set_defaults(command=_eval)


def _add_explain(commands: Any) -> None:
    does = "Explain a code (LRD403), a function, a name or an expression."
    parser = _command(commands, "explain", does, _DASH)
    parser.add_argument("subject", metavar="CODE|FUNCTION|EXPR")
    _add_params(parser)
    _add_library(parser)
    _add_timeline(parser)
    parser.set_defaults(command=_explain)


def _add_functions(commands: Any) -> None:
    parser = _command(commands, "functions", "List the functions and names of the language.")
    parser.add_argument("name", nargs="?", metavar="NAME", help="everything about this one")
    parser.add_argument("--json", action="store_true", help="a JSON list")
    _add_library(parser)
    parser.set_defaults(command=_functions)


def _add_fmt(commands: Any) -> None:
    does = "Print an expression, or show how files change, in canonical text."
    parser = _command(commands, "fmt", does, _DASH)
    parser.add_argument("subjects", nargs="+", metavar="EXPR|PATH",
                        help="an expression, a YAML file, a folder, or - for stdin")  # fmt: skip
    parser.add_argument("--write", action="store_true", help="change the files")
    parser.add_argument("--check", action="store_true",
                        help="exit with 1 if anything is not canonical")  # fmt: skip
    parser.set_defaults(command=_fmt)


def _add_quote(commands: Any) -> None:
    does = "Print an override as a shell and plain Hydra need it."
    parser = _command(commands, "quote", does, "example: lrdsl quote 'lr=0.1 * 0.5^epoch'")
    parser.add_argument("override", metavar="KEY=EXPR")
    parser.set_defaults(command=_quote)


_CONVERT = """\
examples:
  lrdsl convert torch 'StepLR(step_size=30, gamma=0.1)' lr=0.1 per_epoch=True
  lrdsl convert optax 'cosine_decay_schedule(init_value=0.1, decay_steps=1000)'
  lrdsl convert transformers cosine lr=5e-5 warmup_ratio=0.05 num_cycles=0.5
  lrdsl convert t5x 'constant * linear_warmup * rsqrt_decay' warmup_steps=10000
  lrdsl convert caffe solver.prototxt
  lrdsl convert keras config.json
"""


def _add_convert(commands: Any) -> None:
    does = "Print a schedule of another library as an expression."
    parser = _command(commands, "convert", does, _CONVERT)
    parser.add_argument("library", metavar="LIBRARY",
                        help="keras, torch, optax, transformers, t5x or caffe")  # fmt: skip
    parser.add_argument("source", metavar="SCHEDULE",
                        help="a call, a name, a file that holds one, or - for stdin")  # fmt: skip
    parser.add_argument("arguments", nargs="*", metavar="NAME=VALUE",
                        help="more arguments, named as in the library")  # fmt: skip
    parser.set_defaults(command=_convert)


_COMMANDS = {
    "check": _add_check,
    "eval": _add_eval,
    "explain": _add_explain,
    "functions": _add_functions,
    "fmt": _add_fmt,
    "quote": _add_quote,
    "convert": _add_convert,
}


def _add_params(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--param", action="append", default=[], metavar="NAME=VALUE",
                        help="a number or a time for a name; may be repeated")  # fmt: skip


_TIMELINE = {
    "steps_per_epoch": "optimizer updates in an epoch",
    "epochs": "epochs in the run",
    "total_steps": "optimizer updates in the run",
    "batch_size": "samples in one update",
    "tokens_per_step": "tokens in one update",
}


def _add_timeline(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the run")
    for name, help_ in _TIMELINE.items():
        group.add_argument(f"--{name.replace('_', '-')}", type=_count, metavar="N", help=help_)


def _count(text: str) -> int:
    """A positive whole number, `1e6` included."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 2**53 or value != int(value):
        raise argparse.ArgumentTypeError(f"`{text}` is not a positive whole number")
    return int(value)


def _add_library(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--library", action="append", default=[], metavar="FILE",
                        help="a .lrs file of your own definitions; may be repeated; "
                        "pyproject.toml may name some, too")  # fmt: skip


def files_of(args: argparse.Namespace) -> Files:
    """The library files of a command and of the project around it."""
    from lrdsl.configs.project import BadProject, library_files

    try:
        return library_files(args.library)
    except BadProject as error:
        raise Usage(str(error)) from None


def library_of(args: argparse.Namespace) -> Library:
    """What can be called; raises ScheduleError for a broken library file."""
    from lrdsl.language.user_library import load_checked

    return load_checked(files_of(args))


def timeline_of(args: argparse.Namespace) -> Timeline | None:
    """The timeline that the options give; None when there are none."""
    given = {name: getattr(args, name) for name in _TIMELINE if getattr(args, name) is not None}
    if not given:
        return None
    from pydantic import ValidationError

    from lrdsl.timeline import Timeline

    try:
        return Timeline(**given)
    except ValidationError as error:
        text = "; ".join(each["msg"].removeprefix("Value error, ") for each in error.errors())
        raise Usage(text) from None


def params_of(args: argparse.Namespace) -> dict[str, str]:
    """The parameters that `--param` gives."""
    params = {}
    for word in args.param:
        name, equal, value = word.partition("=")
        if not equal or not name.isidentifier():
            raise Usage(f"`--param {word}`: write `--param NAME=VALUE`")
        params[name] = value
    return params


def _check(args: argparse.Namespace) -> int:
    from lrdsl.check.checking import check_all

    expressions = list(args.expr)
    paths = [path for path in args.paths if path != "-"]
    if len(paths) < len(args.paths):
        expressions.append(sys.stdin.read())
    if not args.paths and not expressions:
        paths = ["."]
    return check_all(paths, expressions, params_of(args), timeline_of(args), files_of(args))


def _eval(args: argparse.Namespace) -> int:
    from lrdsl.cli.eval import print_values

    run, files = timeline_of(args), files_of(args)
    print_values(args.expr, params_of(args), run, args.at, json=args.json, files=files)
    return CLEAN


def _explain(args: argparse.Namespace) -> int:
    from lrdsl.views.explain import explain

    return explain(args.subject, params_of(args), timeline_of(args), library_of(args))


def _functions(args: argparse.Namespace) -> int:
    from lrdsl.views.explain import list_functions

    return list_functions(args.name, json=args.json, library=library_of(args))


def _fmt(args: argparse.Namespace) -> int:
    from lrdsl.cli.fmt import format_all

    return format_all(args.subjects, write=args.write, check=args.check)


def _quote(args: argparse.Namespace) -> int:
    from lrdsl.configs.hydra_overrides import quote

    try:
        print(quote(" ".join(args.override.split("\n"))))
    except ValueError as error:
        raise Usage(str(error)) from None
    return CLEAN


def _convert(args: argparse.Namespace) -> int:
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
    """What stands in a file or on stdin, or the word itself."""
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
