"""Text to tree, beside other parsers, and whole checks of files, beside lark and PyYAML."""

from __future__ import annotations

import ast
import tempfile
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import lark

from benchmarks import ROOT
from benchmarks.measures.cold_start import run_command
from benchmarks.options import Options
from benchmarks.tables import Cell, Goal, Measurement, Row, Table
from benchmarks.timer import Task, interleaved
from lrdsl.resources import read_resource
from lrdsl.syntax.parser import parse

PARSED = "ast.parse"
TERMS = (2, 14, 137)
FILES = (1, 100, 1000)
PASS = "python -c pass"

CONFIG = """\
# Experiment {number}
data:
  name: cifar10
  batch_size: 128
  augment: [flip, crop, cutout]
model:
  name: resnet18
  width: 64
  dropout: 0.1
optimizer:
  name: momentum
  momentum: 0.9
  weight_decay: 5.0e-4
  schedule: linear(0, 0.{number}1) for 5ep then cosine(0.{number}1, 0.001)
finetune:
  optimizer: {{name: adamw, lr: "0.0{number}1 * 0.5^floor(epoch / 10)"}}
trainer:
  epochs: 90
  seed: {number}
  mixed_precision: false
  callbacks:
    - checkpoint
    - csv
"""

# What one would write without much thought: the same grammar, read by Lark.
PEER = """\
import argparse, pathlib
import lark, yaml
parser = argparse.ArgumentParser()
parser.add_argument("grammar"), parser.add_argument("folder")
args = parser.parse_args()
grammar = lark.Lark(pathlib.Path(args.grammar).read_text(), parser="lalr", lexer="basic",
                    propagate_positions=True)
def visit(value):
    for key, each in value.items():
        if isinstance(each, dict):
            visit(each)
        elif key in ("schedule", "lr"):
            grammar.parse(str(each))
for path in sorted(pathlib.Path(args.folder).rglob("*.yaml")):
    visit(yaml.safe_load(path.read_text()))
"""


def measure(options: Options) -> list[Measurement]:
    """Parsers at three sizes, then commands on 1, 100 and 1,000 files."""
    return [partial(_parsers, options), partial(_checks, options)]


def _parsers(options: Options) -> Table:
    tasks = _parse_functions()
    rows: list[Row] = [Row(name, {}) for name in tasks]
    columns = []
    for count in TERMS[:1] if options.quick else TERMS:
        text = " + ".join(f"0.{k + 1} * 0.9{k % 10} ** (step // {100 + k})" for k in range(count))
        nodes = sum(1 for _ in ast.walk(ast.parse(text, mode="eval")))
        column = f"{nodes:,} nodes"
        columns.append(column)
        each: dict[str, Task] = {name: _of(task, text) for name, task in tasks.items()}
        times = interleaved(each, seconds=options.seconds(4), rounds=options.rounds(41))
        for row in rows:
            row.cells[column] = times.ratio(row.name, PARSED)
    skipped = [] if "simpleeval" in tasks else ["simpleeval is missing: `pip install simpleeval`."]
    return Table(
        "Front end: parse", f"`{PARSED}`, which is C; sizes are in its nodes", columns,
        rows,
        ["Lark reads the same grammar, and gives positions only where it says so; lrdsl does.",
         *skipped],
    )  # fmt: skip


def _of(task: Callable[[str], Any], text: str) -> Task:
    return lambda: task(text)


def _parse_functions() -> dict[str, Callable[[str], Any]]:
    grammar = read_resource("grammar", "lrdsl.lark")
    options: dict[str, Any] = {"parser": "lalr", "lexer": "basic", "start": "start"}
    lalr = lark.Lark(grammar, **options)
    placed = lark.Lark(grammar, **options, propagate_positions=True)
    tasks: dict[str, Callable[[str], Any]] = {
        PARSED: lambda text: ast.parse(text, mode="eval"),
        "lrdsl": parse,
        "Lark LALR": lalr.parse,
        "Lark LALR, positions": placed.parse,
        "compile": lambda text: compile(text, "schedule", "eval"),
    }
    if find_spec("simpleeval"):
        import simpleeval

        tasks["simpleeval"] = simpleeval.SimpleEval().parse
    return tasks


def _checks(options: Options) -> Table:
    with tempfile.TemporaryDirectory() as folder:
        return _checked_in(Path(folder), options)


def _checked_in(folder: Path, options: Options) -> Table:
    counts = FILES[:2] if options.quick else FILES
    (folder / "peer.py").write_text(PEER, encoding="utf-8")
    tasks = {PASS: _command("-c", "pass")}
    for count in counts:
        configs = _write_configs(folder / str(count), count)
        grammar = ROOT / "grammar" / "lrdsl.lark"
        tasks[f"lrdsl check, {count:,}"] = _command("-m", "lrdsl", "check", configs)
        tasks[f"lark + PyYAML, {count:,}"] = _command(folder / "peer.py", grammar, configs)
    times = interleaved(tasks, seconds=options.seconds(30), rounds=options.rounds(11), shortest=0.0)
    rows = []
    for name in tasks:
        mine, _, number = name.partition(", ")
        cells: dict[str, Cell] = {
            "ms": times.median(name) * 1000,
            "/ pass": times.ratio(name, PASS),
        }
        if number:
            cells["/ lark + PyYAML"] = times.ratio(name, f"lark + PyYAML, {number}")
            cells["/ lark + PyYAML on 100"] = times.ratio(name, "lark + PyYAML, 100")
        ours = mine == "lrdsl check"
        rows.append(Row(name, cells, _goals(number) * ours))
    return Table(
        "Front end: check files", f"`{PASS}`, and a script of lark and `yaml.safe_load`",
        ["ms", "/ pass", "/ lark + PyYAML", "/ lark + PyYAML on 100"], rows,
        ["Whole commands, start included; files of 0.6 kB with two schedules each. The script only "
         "parses; `lrdsl check` also checks names, types and values."],
    )  # fmt: skip


def _goals(number: str) -> list[Goal]:
    return [Goal("/ lark + PyYAML on 100", "<=", 1)] if number == "1,000" else []


def _write_configs(folder: Path, count: int) -> Path:
    folder.mkdir()
    for number in range(count):
        (folder / f"{number:04}.yaml").write_text(CONFIG.format(number=number), encoding="utf-8")
    return folder


def _command(*words: str | Path) -> Task:
    return lambda: run_command(list(map(str, words)))
