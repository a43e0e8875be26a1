"""The jobs of a sweep beside each other: `comparison.png` and `comparison.csv`."""

from __future__ import annotations

import json
import logging
import time
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from lrdsl.training.files import read_csv, write_csv
from lrdsl.training.pictures import draw, read_curve, shortened

log = logging.getLogger(__name__)

# The jobs that failed in this process' sweep; the command's exit code depends on it.
failures: list[str] = []

COLUMNS: tuple[str, ...] = ("job", "run", "val_accuracy", "best_val_accuracy", "best_epoch")
COLUMNS += ("first_learning_rate", "last_learning_rate", "schedule", "folder", "error")


@dataclass(frozen=True)
class Job:
    """What one job of a sweep left behind."""

    folder: Path
    overrides: tuple[str, ...]
    schedule: str
    error: str
    history: list[dict[str, str]]


class Comparison(Callback):  # type: ignore[misc]
    """Hydra calls this before and after a sweep."""

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        self.start = time.time() - 1  # file systems round
        failures.clear()

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        folder = Path(config.hydra.sweep.dir)
        jobs = read_jobs(folder, self.start)
        named = list(zip(jobs, label(jobs), strict=True))
        failures.extend(name for job, name in named if job.error)
        rows = [_row(number, job, name) for number, (job, name) in enumerate(named)]
        write_csv(folder / "comparison.csv", COLUMNS, rows)
        log.info("\n%s\n", table(rows))
        if drawn := [(job, name) for job, name in named if job.history]:
            _draw(folder / "comparison.png", drawn)
        failed = f", {len(failures)} failed" if failures else ""
        log.info(f"{len(jobs)} runs{failed}; comparison.png and comparison.csv are in {folder}")


def read_jobs(folder: Path, since: float = 0.0) -> list[Job]:
    """The jobs below a sweep's folder that ended after `since`, in the order they ran."""
    files = [file for file in folder.rglob("summary.json") if file.stat().st_mtime >= since]
    return [_read_job(file.parent) for file in sorted(files, key=_number)]


def _number(file: Path) -> tuple[int, float]:
    digits = file.parent.name.partition("_")[0]
    return (int(digits) if digits.isdigit() else 0, file.stat().st_mtime)


def _read_job(folder: Path) -> Job:
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    history = folder / "history.csv"
    return Job(
        folder=folder,
        overrides=tuple(summary["overrides"]),
        schedule=summary.get("schedule", ""),
        error=summary.get("error", ""),
        history=read_csv(history) if history.is_file() and "error" not in summary else [],
    )


def label(jobs: list[Job]) -> list[str]:
    """What tells the jobs apart: their overrides without those that all have."""
    common = set.intersection(*(set(job.overrides) for job in jobs)) if len(jobs) > 1 else set()
    own = [[word for word in job.overrides if word not in common] for job in jobs]
    names = (" ".join(_short(word) for word in words) for words in own)
    return [name or job.schedule or job.folder.name for name, job in zip(names, jobs, strict=True)]


def _short(word: str) -> str:
    key, _, value = word.lstrip("+").partition("=")
    return f"{key.rpartition('.')[2]}={value.strip(chr(39))}"


def _row(number: int, job: Job, name: str) -> dict[str, Any]:
    history, scored = job.history, [row for row in job.history if row["val_accuracy"]]
    row: dict[str, Any] = {"job": number, "run": name, "schedule": job.schedule}
    row |= {"folder": job.folder.name, "error": " ".join(job.error.split())}
    if history:
        row["first_learning_rate"] = history[0]["first_learning_rate"]
        row["last_learning_rate"] = history[-1]["learning_rate"]
    if scored:
        best = max(scored, key=lambda epoch: float(epoch["val_accuracy"]))
        row |= {"val_accuracy": scored[-1]["val_accuracy"], "best_epoch": best["epoch"]}
        row["best_val_accuracy"] = best["val_accuracy"]
    return row


def table(rows: list[dict[str, Any]]) -> str:
    """The rows for a terminal, the best validation accuracy first."""
    cells: list[tuple[str, ...]] = [
        ("job", "run", "val_accuracy", "best", "in epoch", "first lr", "last lr")
    ]
    for row in sorted(rows, key=lambda row: -float(row.get("val_accuracy") or -1)):
        accuracy = "failed" if row["error"] else row.get("val_accuracy")
        shown = {**row, "val_accuracy": accuracy}
        cells.append(tuple(_cell(shown.get(column)) for column in COLUMNS[:7]))
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    padded = ("  ".join(map(str.ljust, line, widths)) for line in cells)
    return "\n".join(line.rstrip() for line in padded)


def _cell(value: Any) -> str:
    try:
        return f"{float(value):.6g}"
    except (TypeError, ValueError):
        return shortened(str(value or ""))


def _draw(file: Path, jobs: list[tuple[Job, str]]) -> None:
    accuracy, rates = [], []
    # Curves often lie on each other; dashes let the one below show.
    for (job, name), style in zip(jobs, cycle(("-", "--", "-.", ":")), strict=False):
        history, steps = job.folder / "history.csv", job.folder / "lr.csv"
        accuracy.append(read_curve(history, "val_accuracy", shortened(name), style))
        rates.append(read_curve(steps, "learning_rate", "", style))
    draw(file, f"{len(jobs)} runs", accuracy, rates, "validation accuracy")
