"""One subject's tables, measured in a process of their own, which may fail for itself."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks import ROOT
from benchmarks.options import Options
from benchmarks.report import replace_text, versions
from benchmarks.tables import as_data

LIMIT = 900  # seconds
FAILED = 1  # the exit code of a process that wrote what failed
ENVIRONMENT = {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}


def run_apart(subject: str, options: Options) -> dict[str, Any]:
    """The entry of a subject: the versions, its tables, and why those that failed did.

    A new process for each: libraries that cannot live in one process, what one allocates and how
    one ends are nothing to the others.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "entry.json"
        command = [sys.executable, "-m", "benchmarks.subject", subject, str(path)]
        try:
            done = subprocess.run(
                [*command, json.dumps(asdict(options))],
                cwd=ROOT, env={**os.environ, **ENVIRONMENT}, check=False, timeout=LIMIT,
                stderr=subprocess.PIPE, text=True,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return _read(path, [f"not ready after {LIMIT} s"])
        if done.returncode == 0:
            return _read(path, [])
        print(done.stderr, file=sys.stderr)  # of no interest when all goes well
        known = done.returncode == FAILED and path.exists()
        return _read(path, [] if known else [f"the process ended with {done.returncode}"])


def _read(path: Path, failed: list[str]) -> dict[str, Any]:
    """What a process wrote before it ended, and how it failed besides."""
    written = path.read_text(encoding="utf-8") if path.exists() else "{}"
    entry = {**_entry([], []), **json.loads(written)}
    return {**entry, "failed": entry["failed"] + failed}


def _entry(tables: list[dict[str, Any]], failed: list[str]) -> dict[str, Any]:
    return {"versions": versions(), "tables": tables, "failed": failed}


def measured(subject: str, options: Options) -> Iterator[dict[str, Any]]:
    """The entry of a subject, measured here, as it stands after each table and at the end."""
    tables: list[dict[str, Any]] = []
    failed: list[str] = []

    def attempt(make: Callable[[], Any]) -> Any:
        try:
            return make()
        except Exception as error:
            traceback.print_exc()
            failed.append(f"{type(error).__name__}: {error}".splitlines()[0])
        return None

    module = attempt(lambda: importlib.import_module(f"benchmarks.measures.{subject}"))
    for measurement in (module and attempt(lambda: module.measure(options))) or []:
        table = attempt(measurement)
        if table is not None:
            tables.append(as_data(table))
            print(f"  {table.title}", flush=True)
            yield _entry(tables, failed)
    yield _entry(tables, failed)


if __name__ == "__main__":
    _, name, target, given = sys.argv
    entry = _entry([], [])
    for entry in measured(name, Options(**json.loads(given))):
        replace_text(Path(target), json.dumps(entry))
    sys.exit(FAILED if entry["failed"] else 0)
