"""Measure the subjects whose libraries are installed, and write their sections of the page."""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from benchmarks import ROOT
from benchmarks.page import replace_sections, section

PAGE = Path(__file__).parent / "RESULTS.md"

# Subject, which is a file of `measures/`, and the libraries that it needs; in the page's order.
SUBJECTS: dict[str, tuple[str, ...]] = {
    "values": ("numpy",),
    "graphs": ("tensorflow", "keras"),
    "calls": ("tensorflow", "keras", "jax", "optax", "torch"),
    "training": ("tensorflow", "keras"),
    "commands": ("lark", "pyyaml"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Measure what was asked for; 1 when a subject failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("subjects", nargs="*", metavar="SUBJECT", help=", ".join(SUBJECTS))
    parser.add_argument("--small", action="store_true", help="tiny sizes, shown and not kept")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    if unknown := set(args.subjects) - SUBJECTS.keys():
        parser.error(f"no such subject: {', '.join(sorted(unknown))}")
    if args.here:
        print(measured(args.subjects[0], args.small))
        return 0
    failed = False
    for subject in args.subjects or SUBJECTS:
        missing = [each for each in SUBJECTS[subject] if not _version(each)]
        if missing:
            print(f"{subject}: skipped, needs {', '.join(missing)}", file=sys.stderr)
            continue
        print(f"{subject} ...", file=sys.stderr, flush=True)
        text = _apart(subject, args.small)
        failed |= text is None
        if args.small:
            print(text or "")
        elif text:
            page = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
            PAGE.write_text(replace_sections(page, {subject: text}, list(SUBJECTS)), "utf-8")
    return int(failed)


def measured(subject: str, small: bool) -> str:
    """The section of a subject, measured in this process."""
    tables = importlib.import_module(f"benchmarks.measures.{subject}").measure(small)
    versions = [f"{each} {_version(each)}" for each in SUBJECTS[subject]]
    python = f"Python {platform.python_version()}, {os.cpu_count()} cores"
    return section(subject, f"{', '.join([python, *versions])}.", list(tables))


def _apart(subject: str, small: bool) -> str | None:
    """The same, in a process of its own; None where that failed."""
    command = [sys.executable, "-m", "benchmarks", "--here", *["--small"] * small, subject]
    environment = {**os.environ, "KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    return done.stdout if done.returncode == 0 else None


def _version(library: str) -> str:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return ""


if __name__ == "__main__":
    raise SystemExit(main())
