"""The jobs of a sweep beside each other: `comparison.png` and `comparison.csv`."""

from __future__ import annotations

import json
import logging
import time
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from lrdsl.training.files import read_csv, write_csv
from lrdsl.training.pictures import draw, read_curve

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
        names = label(jobs)
        failures.extend(name for job, name in zip(jobs, names, strict=True) if job.error)
        rows = [_row(number, *each) for number, each in enumerate(zip(jobs, names, strict=True))]
        write_csv(folder / "comparison.csv", COLUMNS, rows)
        log.info("\n%s\n", table(rows))
        drawn = [(job, name) for job, name in zip(jobs, names, strict=True) if job.history]
        if drawn:
            _draw(folder / "comparison.png", drawn)
        log.info("%s", _last_line(folder, len(jobs)))


def read_jobs(folder: Path, since: float = 0.0) -> list[Job]:
    """The jobs below a sweep's folder that ended after `since`, in the order they ran."""
    files = [file for file in folder.rglob("summary.json") if file.stat().st_mtime >= since]
    return [_read_job(file.parent) for file in sorted(files, key=lambda file: _number(file))]


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


def _row(number: int, job: Job, name: str) -> tuple[Any, ...]:
    history = [row for row in job.history if row["val_accuracy"]]
    best = max(history, key=lambda row: float(row["val_accuracy"]), default=None)
    return (
        number,
        name,
        history[-1]["val_accuracy"] if history else None,
        best and best["val_accuracy"],
        best and best["epoch"],
        job.history[0]["first_learning_rate"] if job.history else None,
        job.history[-1]["learning_rate"] if job.history else None,
        job.schedule,
        job.folder.name,
        " ".join(job.error.split()) or None,
    )


def table(rows: list[tuple[Any, ...]]) -> str:
    """The rows for a terminal, the best validation accuracy first."""
    shown = ("job", "run", "val_accuracy", "best", "in epoch", "first lr", "last lr")
    ordered = sorted(rows, key=lambda row: -float(row[2] or -1))
    cells = [shown, *([_cell(value) for value in row[:7]] for row in ordered)]
    for line, row in zip(cells[1:], ordered, strict=True):
        line[2] = "failed" if row[-1] else line[2]  # type: ignore[index]
    widths = [max(len(line[column]) for line in cells) for column in range(len(shown))]
    padded = (
        "  ".join(f"{cell:<{w}}" for cell, w in zip(line, widths, strict=True)) for line in cells
    )
    return "\n".join(line.rstrip() for line in padded)


def _cell(value: Any) -> str:
    try:
        return f"{float(value):.6g}"
    except (TypeError, ValueError):
        text = str(value or "")
        return text if len(text) <= 60 else f"{text[:57]}..."


def _draw(file: Path, jobs: list[tuple[Job, str]]) -> None:
    names = [name if len(name) <= 60 else f"{name[:57]}..." for _, name in jobs]
    # Curves often lie on each other; dashes let the one below show.
    styles = islice(cycle(("-", "--", "-.", ":")), len(jobs))
    own = list(zip((job.folder for job, _ in jobs), names, styles, strict=True))
    accuracy = [
        read_curve(folder / "history.csv", "val_accuracy", name, style)
        for folder, name, style in own
    ]
    rates = [read_curve(folder / "lr.csv", "learning_rate", "", style) for folder, _, style in own]
    draw(file, f"{len(jobs)} runs", accuracy, rates, "validation accuracy")


def _last_line(folder: Path, jobs: int) -> str:
    failed = f", {len(failures)} failed" if failures else ""
    return f"{jobs} runs{failed}; comparison.png and comparison.csv are in {folder}"
