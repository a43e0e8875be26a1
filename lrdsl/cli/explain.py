"""`lrdsl explain`: the page of a code, a function, a name of the language or an expression."""

from __future__ import annotations

import argparse

from lrdsl.cli import options
from lrdsl.cli.exits import CLEAN, Usage

DESCRIPTION = "Explain a code (LRD403), a function, a name or an expression."
EPILOG = options.DASH


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("subject", metavar="CODE|FUNCTION|EXPR")
    options.add_schedule_options(parser)


def run(args: argparse.Namespace) -> int:
    from lrdsl.views.explain import Unknown, explanation

    try:
        text = explanation(
            args.subject,
            options.params_of(args),
            options.timeline_of(args),
            options.library_of(args),
        )
    except Unknown as error:
        raise Usage(str(error)) from None
    print(text)
    return CLEAN
