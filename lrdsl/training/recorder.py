"""What a run did, epoch by epoch, with the learning rate that every update really used."""

from __future__ import annotations

import logging
import os
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from lrdsl import Schedule, Timeline
from lrdsl.training.files import write_csv

log = logging.getLogger(__name__)

METRICS = ("loss", "accuracy", "val_loss", "val_accuracy")
COLUMNS = ("epoch", "step", *METRICS, "first_learning_rate", "learning_rate", "seconds")


class Recorder(keras.callbacks.Callback):  # type: ignore[misc]
    """Writes `history.csv`, `lr.csv` and TensorBoard events, and shows a line per epoch.

    Keras logs the rate after the update, which is the next update's. Here the optimizer's own
    count of updates says which steps an epoch made; the schedule says their rates.
    """

    def __init__(self, folder: Path, schedule: Schedule, timeline: Timeline, lines: bool) -> None:
        super().__init__()
        self.folder, self.schedule, self.timeline, self.lines = folder, schedule, timeline, lines
        self.rows: list[dict[str, Any]] = []
        self._made = 0
        self._draft = folder / ".lr.draft.csv"

    def on_train_begin(self, logs: Any = None) -> None:
        self._events = EventFileWriter(str(self.folder / "tensorboard"))
        self._made = self._updates()
        self._draft.write_text("step,epoch,learning_rate\n", encoding="utf-8")

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._began = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        made = self._updates()
        steps = np.arange(self._made, made, dtype=np.int64)
        # float32 is what the optimizer was given.
        rates = self.schedule.values(self.timeline, steps).astype(np.float32)
        self._made = made
        row: dict[str, Any] = dict.fromkeys(COLUMNS)
        row |= {"epoch": epoch + 1, "step": made}
        row |= {name: float(logs[name]) for name in METRICS if name in logs}
        if len(rates):
            row |= {"first_learning_rate": rates[0], "learning_rate": rates[-1]}
        row["seconds"] = round(time.monotonic() - self._began, 3)
        self.rows.append(row)
        self._write(row, steps, rates)
        if self.lines:
            log.info("%s", _line(row, self.params.get("epochs")))

    def _write(self, row: dict[str, Any], steps: Any, rates: Any) -> None:
        write_csv(self.folder / "history.csv", COLUMNS, self.rows)
        per_epoch = self.timeline.steps_per_epoch or 1
        with self._draft.open("a", encoding="utf-8") as file:
            for step, rate in zip(steps.tolist(), rates, strict=True):
                file.write(f"{step},{step / per_epoch:.6g},{rate!s}\n")
                self._events.add_event(_event(step, learning_rate=float(rate)))
        metrics = {name: row[name] for name in METRICS if row[name] is not None}
        self._events.add_event(_event(row["step"], **metrics))
        self._events.flush()

    def close(self) -> None:
        """Everything written so far becomes final, whether training ended or was stopped."""
        if self._draft.exists():
            self._events.close()
            os.replace(self._draft, self.folder / "lr.csv")

    def _updates(self) -> int:
        """Optimizer updates made; those that a loss scale skipped do not count."""
        optimizer = self.model.optimizer
        return int(getattr(optimizer, "inner_optimizer", optimizer).iterations)


def _line(row: dict[str, Any], epochs: int | None) -> str:
    total = str(epochs or row["epoch"])
    cells = [f"epoch {row['epoch']:>{len(total)}}/{total}"]
    cells += [f"{name} {row[name]:.4f}" for name in METRICS if row[name] is not None]
    if row["learning_rate"] is not None:
        cells.append(f"lr {row['learning_rate']:.6g}")
    return "  ".join([*cells, f"{row['seconds']:.1f}s"])


def _event(step: int, **values: float) -> Event:
    """An event of TensorBoard, made without the framework that trains."""
    items = [Summary.Value(tag=tag, simple_value=value) for tag, value in values.items()]
    return Event(wall_time=time.time(), step=step, summary=Summary(value=items))
