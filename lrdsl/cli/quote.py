"""`lrdsl quote`: an override as a shell and Hydra without our decorator need it."""

from __future__ import annotations

import argparse

from lrdsl.cli.exits import CLEAN, Usage

DESCRIPTION = "Print an override as a shell and plain Hydra need it."
EPILOG = "example: lrdsl quote 'lr=0.1 * 0.5^epoch'"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("override", metavar="KEY=EXPR")


def run(args: argparse.Namespace) -> int:
    from lrdsl.configs.hydra_values import quote

    try:
        print(quote(args.override.replace("\n", " ")))
    except ValueError as error:
        raise Usage(str(error)) from None
    return CLEAN
