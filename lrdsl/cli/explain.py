"""`lrdsl explain`: the page of a code, a function, a name of the language or an expression."""

from __future__ import annotations

import argparse

from lrdsl.cli.exits import CLEAN, Usage
from lrdsl.cli.options import (
    DASH,
    add_library,
    add_params,
    add_timeline,
    library_of,
    params_of,
    timeline_of,
)

DESCRIPTION = "Explain a code (LRD403), a function, a name or an expression."
EPILOG = DASH


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("subject", metavar="CODE|FUNCTION|EXPR")
    add_params(parser)
    add_library(parser)
    add_timeline(parser)


def run(args: argparse.Namespace) -> int:
    from lrdsl.views.explain import Unknown, explanation

    try:
        text = explanation(args.subject, params_of(args), timeline_of(args), library_of(args))
    except Unknown as error:
        raise Usage(str(error)) from None
    print(text)
    return CLEAN
