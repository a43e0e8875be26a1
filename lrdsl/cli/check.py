"""`lrdsl check`: what is wrong with schedules in config files and expressions."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from lrdsl.cli.exits import CLEAN, FAILED, FINDINGS, NOTHING
from lrdsl.cli.options import (
    add_library,
    add_params,
    add_timeline,
    library_files_of,
    params_of,
    timeline_of,
)

if TYPE_CHECKING:
    from lrdsl.check.report import Totals

DESCRIPTION = "Check every schedule of YAML files and folders, and of expressions."
EPILOG = ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths", nargs="*", metavar="PATH",
        help="files, folders (their *.yaml and *.yml), or - for one expression from stdin; "
        "by default the current folder",
    )  # fmt: skip
    parser.add_argument("-e", "--expr", action="append", default=[], metavar="EXPR",
                        help="an expression; may be repeated")  # fmt: skip
    add_params(parser)
    add_library(parser)
    add_timeline(parser)


def run(args: argparse.Namespace) -> int:
    from lrdsl.check.checking import check_all
    from lrdsl.check.report import print_report

    expressions, paths = list(args.expr), [path for path in args.paths if path != "-"]
    if len(paths) < len(args.paths):
        expressions.append(sys.stdin.read())
    if not args.paths and not expressions:
        paths = ["."]
    timeline = timeline_of(args)
    results = check_all(expressions, paths, params_of(args), timeline, library_files_of(args))
    return _exit_code(print_report(results, timeline))


def _exit_code(totals: Totals) -> int:
    if totals.unreadable:
        return FAILED
    if totals.severities["error"] or totals.severities["warning"]:
        return FINDINGS
    return CLEAN if totals.schedules else NOTHING
