"""`lrdsl functions`: every function and name of the language, or all about one."""

from __future__ import annotations

import argparse
import json

from lrdsl.cli import options
from lrdsl.cli.exits import CLEAN, Usage

DESCRIPTION = "List the functions and names of the language."
EPILOG = ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", metavar="NAME", help="everything about this one")
    parser.add_argument("--json", action="store_true", help="a JSON list")
    options.add_library(parser)


def run(args: argparse.Namespace) -> int:
    from lrdsl.views.explain import Unknown, function_list, functions_as_data

    library = options.library_of(args)
    try:
        if args.json:
            print(json.dumps(functions_as_data(args.name, library), indent=2))
        else:
            print(function_list(args.name, library))
    except Unknown as error:
        raise Usage(str(error)) from None
    return CLEAN
