"""Measure the tables whose libraries are installed, keep the results and write the page."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from benchmarks.options import Options
from benchmarks.report import keep, write_page
from benchmarks.subject import run_apart

HERE = Path(__file__).parent

# Subject, which is a file of `measures/`, and the libraries without which there is nothing to
# measure. In the order of the page.
SUBJECTS: dict[str, tuple[str, ...]] = {
    "graphs": ("tensorflow",),
    "calls": ("tensorflow",),
    "training": ("tensorflow",),
    "fit": ("tensorflow",),
    "placement": ("tensorflow",),
    "front_end": (),
    "cold_start": (),
    "whole_run": (),
    "per_step": (),
    "memory": (),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run what was asked for; 1 when a table failed."""
    parser = _parser()
    args = parser.parse_args(argv)
    if args.quick and args.output == HERE:
        parser.error("quick figures are no results: name another folder with --output")
    unknown = set(args.tables) - SUBJECTS.keys()
    if unknown:
        parser.error(f"no such table: {', '.join(sorted(unknown))}")
    options = Options(quick=args.quick, huge=args.huge)
    failed = False
    for subject in [] if args.page else args.tables or SUBJECTS:
        missing = [name for name in SUBJECTS[subject] if find_spec(name) is None]
        if missing:
            _say(f"{subject}: skipped, needs `pip install {' '.join(missing)}`")
            continue
        start = time.perf_counter()
        entry = run_apart(subject, options)
        keep(args.output, args.environment, subject, entry)
        failed |= bool(entry["failed"])
        outcome = "; ".join([f"{len(entry['tables'])} tables", *entry["failed"]])
        _say(f"{subject}: {outcome}, {time.perf_counter() - start:.0f} s")
    _say(f"written: {write_page(args.output, list(SUBJECTS))}")
    return int(failed)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "tables", nargs="*", metavar="TABLE", help=f"all, or some of: {', '.join(SUBJECTS)}"
    )
    parser.add_argument("--quick", action="store_true", help="one round of a few rows, to try it")
    parser.add_argument("--page", action="store_true", help="only write the page, of what is kept")
    parser.add_argument("--huge", action="store_true", help="whole runs of 10^8 steps, too")
    parser.add_argument(
        "--environment", metavar="NAME",
        help="what to call this set of libraries in the results; else after the largest of them",
    )  # fmt: skip
    parser.add_argument(
        "--output", type=Path, default=HERE, metavar="FOLDER",
        help="where results/ and RESULTS.md go, by default benchmarks/; not for quick figures",
    )  # fmt: skip
    return parser


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
