"""How long commands and imports take in a new process, and how many instructions."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from benchmarks import ROOT
from benchmarks.options import Options
from benchmarks.tables import Cell, Goal, Measurement, Row, Table
from benchmarks.timer import interleaved

PASS = "python -c pass"
PEER = "import yaml, lark"
LIMIT = 1.3
# Compiled modules are kept, as on a user's machine.
BYTECODE = tempfile.mkdtemp(prefix="lrdsl-bytecode-")
# Instructions of these only: a simulated import of TensorFlow takes minutes.
LIGHT = ("", "yaml", "lark", "yaml, lark", "lrdsl", "numpy", "pydantic")
HEAVY = ("hydra", "numexpr", "optax", "torch", "keras", "tensorflow")


def measure(options: Options) -> list[Measurement]:
    """Light commands and imports many times, heavy imports a few times."""
    return [partial(_table, options)]


def _table(options: Options) -> Table:
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.yaml"
        config.write_text("schedule: 0.01 * 0.5^floor(epoch / 10)\n", encoding="utf-8")
        light = {f"import {name}": ["-c", f"import {name}"] for name in LIGHT if name}
        light = {
            PASS: ["-c", "pass"],
            "lrdsl check FILE": ["-m", "lrdsl", "check", str(config)],
            "lrdsl check -e EXPR": ["-m", "lrdsl", "check", "-e", "0.1 * 0.5^epoch"],
            **light,
            "from lrdsl import Schedule": ["-c", "from lrdsl import Schedule"],
        }
        heavy = {PASS: light[PASS]} | {
            f"import {name}": ["-c", f"import {name}"] for name in HEAVY if find_spec(name)
        }
        rows = _timed(light, 25, 30, options, peer=PEER)
        if not options.quick:
            rows += _timed(heavy, 3, 60, options)[1:]
        for row in rows[: 2 if options.quick else len(light)]:
            row.cells["M instructions"] = _instructions(light[row.name])
    missing = [name for name in HEAVY if not find_spec(name)]
    notes = ["Instructions: of the whole process, counted by valgrind's cachegrind."]
    if not shutil.which("valgrind"):
        notes = ["valgrind is missing, so no instructions are counted."]
    notes += [f"Missing: {', '.join(missing)}."] if missing else []
    columns = ["ms", "/ pass", f"/ {PEER}", "M instructions"]
    return Table("Cold start", f"`{PASS}`", columns, rows, notes)


def _timed(
    commands: dict[str, list[str]], rounds: int, seconds: float, options: Options,
    peer: str | None = None,
) -> list[Row]:  # fmt: skip
    tasks = {name: lambda words=words: run_command(words) for name, words in commands.items()}
    times = interleaved(
        tasks, seconds=options.seconds(seconds), rounds=options.rounds(rounds), shortest=0.0
    )
    rows = []
    for name in commands:
        cells: dict[str, Cell] = {
            "ms": times.median(name) * 1000,
            "/ pass": times.ratio(name, PASS),
        }
        if peer:
            cells[f"/ {peer}"] = times.ratio(name, peer)
        goals = [Goal(f"/ {peer}", "<=", LIMIT)] if name == "lrdsl check FILE" else []
        rows.append(Row(name, cells, goals))
    return rows


def run_command(words: list[str]) -> None:
    """Run Python with these arguments, in a new process."""
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": BYTECODE}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    subprocess.run(
        [sys.executable, *words], cwd=ROOT, check=True, env=environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def _instructions(words: list[str]) -> float | None:
    """Millions of instructions of a command; None without valgrind."""
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        return None
    command = [
        valgrind, "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null",
        sys.executable, *words,
    ]  # fmt: skip
    done = subprocess.run(
        command, cwd=ROOT, check=False, capture_output=True, text=True,
        env={**os.environ, "PYTHONHASHSEED": "0"},
    )  # fmt: skip
    found = re.search(r"I\s+refs:\s+([\d,]+)", done.stderr)
    return int(found[1].replace(",", "")) / 1e6 if found else None
