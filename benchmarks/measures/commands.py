"""`lrdsl check` in a new process: one file, and many, beside imports and yamllint."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks import ROOT
from benchmarks.page import Cell, Row, Table
from benchmarks.timer import Task, Times, compare

PASS, IMPORTS = "python -c pass", "python -c 'import yaml, lark'"

CONFIG = """\
# Experiment {number}
data:
  name: cifar10
  batch_size: 128
  augment: [flip, crop, cutout]
model:
  name: resnet18
  width: 64
optimizer:
  name: momentum
  momentum: 0.9
  schedule: linear(0, 0.{number}1) for 5ep then cosine(0.{number}1, 0.001)
finetune:
  optimizer: {{name: adamw, lr: "0.0{number}1 * 0.5^floor(epoch / 10)"}}
trainer:
  epochs: 90
  seed: {number}
"""


def measure(small: bool) -> Iterator[Table]:
    """Cold start, then 1,000 files; a small table checks five."""
    with tempfile.TemporaryDirectory() as folder:
        yield _cold_start(_configs(Path(folder) / "one", 1), 0 if small else 25)
        many = 5 if small else 1000
        yield _files(_configs(Path(folder) / "many", many), many, 0 if small else 40)


def _cold_start(folder: Path, seconds: float) -> Table:
    imports, nothing = _python("-c", "import yaml, lark"), _python("-c", "pass")
    tasks = {
        "`lrdsl check FILE`": _python("-m", "lrdsl", "check", str(folder)),
        "`import lrdsl`": _python("-c", "import lrdsl"),
        "`from lrdsl import Schedule`": _python("-c", "from lrdsl import Schedule"),
        f"`{IMPORTS}`": imports,
    }
    beside, alone = compare(tasks, imports, seconds), compare(tasks, nothing, seconds)
    return Table(
        "Cold start",
        f"New processes, against `{IMPORTS}`, which `lrdsl check` needs, too, and `{PASS}`.",
        ["/ imports", "/ pass", "ms"],
        [_cold_row(name, beside[name], alone[name]) for name in tasks],
    )


def _cold_row(name: str, beside: Times, alone: Times) -> Row:
    return Row(name, {"/ imports": beside.ratio, "/ pass": alone.ratio, "ms": alone.seconds * 1e3})


def _files(folder: Path, number: int, seconds: float) -> Table:
    check = _python("-m", "lrdsl", "check", str(folder))
    yamllint = shutil.which("yamllint")
    note = f"{number:,} files of 0.4 kB with two schedules each, in one process; against "
    if yamllint:
        relaxed = _command(yamllint, "-d", "relaxed", str(folder))
        times, column = compare({"": check}, relaxed, seconds)[""], "/ yamllint"
        note += "`yamllint -d relaxed`, which looks at the form of YAML only."
    else:
        imports = _python("-c", "import yaml, lark")
        times, column = compare({"": check}, imports, seconds)[""], "/ imports"
        note += f"`{IMPORTS}`, as there was no `yamllint` on the path."
    cells: dict[str, Cell] = {column: times.ratio, "s": times.seconds}
    return Table(f"{number:,} files", note, [column, "s"], [Row("`lrdsl check FOLDER`", cells)])


def _configs(folder: Path, number: int) -> Path:
    folder.mkdir()
    for k in range(number):
        (folder / f"{k:04}.yaml").write_text(CONFIG.format(number=k), encoding="utf-8")
    return folder


def _python(*words: str) -> Task:
    return _command(sys.executable, *words)


def _command(*words: str) -> Task:
    """A command in a new process, its compiled modules kept as on a user's machine."""
    environment = {**os.environ}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)

    def run() -> None:
        subprocess.run(words, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)

    return run
