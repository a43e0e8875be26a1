"""Options that several commands share: added to a parser, and read as what they stand for."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from lrdsl.cli.exits import Usage

if TYPE_CHECKING:
    from lrdsl.language.library import Library
    from lrdsl.language.user_library import Files
    from lrdsl.timeline import Timeline

# The epilog of commands whose first argument is an expression.
DASH = "an expression that begins with `-` is written as (EXPR) or behind `--`"
_TIMELINE = {
    "steps_per_epoch": "optimizer updates in an epoch",
    "epochs": "epochs in the run",
    "total_steps": "optimizer updates in the run",
    "batch_size": "samples in one update",
    "tokens_per_step": "tokens in one update",
}


def add_schedule_options(parser: argparse.ArgumentParser) -> None:
    """What an expression needs besides its text: params, libraries and the run."""
    parser.add_argument("--param", action="append", default=[], metavar="NAME=VALUE",
                        help="a number or a time for a name; may be repeated")  # fmt: skip
    add_library(parser)
    group = parser.add_argument_group("the run")
    for name, help_ in _TIMELINE.items():
        group.add_argument(f"--{name.replace('_', '-')}", type=_count, metavar="N", help=help_)


def params_of(args: argparse.Namespace) -> dict[str, str]:
    """The parameters by name, their values as they are written."""
    params = {}
    for word in args.param:
        name, equal, value = word.partition("=")
        if not equal or not name.isidentifier():
            raise Usage(f"`--param {word}`: write `--param NAME=VALUE`")
        params[name] = value
    return params


def add_library(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--library", action="append", default=[], metavar="FILE",
                        help="a .lrs file of your own definitions; may be repeated; "
                        "pyproject.toml may name some, too")  # fmt: skip


def library_files_of(args: argparse.Namespace) -> Files:
    """Name and text of the library files of a command and of the project around it."""
    from lrdsl.configs.project import BadProject, library_files

    try:
        return library_files(args.library)
    except BadProject as error:
        raise Usage(str(error)) from None


def library_of(args: argparse.Namespace) -> Library:
    """What can be called; raises ScheduleError for a broken library file."""
    from lrdsl.language.user_library import load_checked

    return load_checked(library_files_of(args))


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


def _count(text: str) -> int:
    """A positive whole number, `1e6` included."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 2**53 or value != int(value):
        raise argparse.ArgumentTypeError(f"`{text}` is not a positive whole number")
    return int(value)
