"""`lrdsl check`: what is wrong with schedules in config files and expressions."""

from __future__ import annotations

import argparse
import sys

from lrdsl.cli import options
from lrdsl.cli.exits import CLEAN, FAILED, FINDINGS, NOTHING

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
    options.add_schedule_options(parser)


def run(args: argparse.Namespace) -> int:
    from lrdsl.check.checking import check_all
    from lrdsl.check.report import print_report

    expressions, paths = list(args.expr), [path for path in args.paths if path != "-"]
    if len(paths) < len(args.paths):
        expressions.append(sys.stdin.read())
    if not args.paths and not expressions:
        paths = ["."]
    timeline = options.timeline_of(args)
    results = check_all(
        expressions, paths, options.params_of(args), timeline, options.library_files_of(args)
    )
    totals = print_report(results, timeline)
    if totals.unreadable:
        return FAILED
    if totals.severities["error"] or totals.severities["warning"]:
        return FINDINGS
    return CLEAN if totals.schedules else NOTHING
