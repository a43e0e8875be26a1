"""The curve of a schedule: what it gives on a run, as terminal text and as SVG."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lrdsl.engines.numpy import compile_numpy
from lrdsl.errors.diagnostics import ScheduleError
from lrdsl.ir.ops import Op
from lrdsl.language.builtins import Signature
from lrdsl.language.user_library import Files
from lrdsl.schedule import Schedule
from lrdsl.timeline import Timeline

STEPS_PER_EPOCH = 100
_WIDTH, _HEIGHT = 60, 12  # of the plot, in cells
_EVERY_STEP = 2**22  # so many steps are drawn from all of their rates, more from as many of them


@dataclass(frozen=True, eq=False)
class Curve:
    """The rates of every step of a run."""

    values: NDArray[np.float64]
    epochs: int

    def points(self, count: int) -> list[tuple[float, float]]:
        """Epoch and rate at evenly spread steps, the first and the last among them."""
        steps = np.linspace(0, len(self.values) - 1, count).round().astype(np.int64)
        epochs = steps * self.epochs / len(self.values)
        return list(zip(epochs.tolist(), self.values[steps].tolist(), strict=True))

    def columns(self, count: int) -> list[tuple[float, float]]:
        """Of each of `count` equal parts of the run the lowest and the highest rate."""
        total, columns = len(self.values), []
        for column in range(count):
            start = column * total // count
            part = self.values[start : max(start + 1, (column + 1) * total // count)]
            columns.append((float(part.min()), float(part.max())))
        return columns


def run_of(signature: Signature) -> Timeline:
    """The run that a function's example is drawn on."""
    return Timeline(
        steps_per_epoch=STEPS_PER_EPOCH,
        epochs=signature.epochs,
        batch_size=128,
        tokens_per_step=65_536,
    )


def example_curve(signature: Signature, files: Files = ()) -> Curve | None:
    """The example of a function on its run; None where it has no value at some step."""
    try:
        values = Schedule(signature.example, library=dict(files)).values(run_of(signature))
    except ScheduleError:
        return None
    return Curve(values, signature.epochs) if np.isfinite(values).all() else None


# axes


def ticks(low: float, high: float, count: int) -> list[float]:
    """Round numbers, about `count`, from at most `low` to at least `high`."""
    rough = (high - low) / count
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(each * unit for each in (1, 2, 2.5, 5, 10) if each * unit >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [float(f"{number * step:.6g}") for number in range(first, last + 1)]


def rate_ticks(lowest: float, highest: float, count: int) -> list[float]:
    """The labels of the rate axis, which has 0 on it: a curve's height is its rate."""
    low, high = min(0.0, lowest), max(0.0, highest)
    return ticks(low, high if high > low else low + 1, count)


def label(value: float) -> str:
    return f"{value:.6g}".replace("e-0", "e-").replace("e+0", "e").replace("e+", "e")


# terminal


def draw(curve: Curve, *, ascii_only: bool = False) -> str:
    """The curve in about 70 by 15 cells of braille dots, or of `'`, `.` and `:`."""
    unit = "epoch" if curve.epochs == 1 else "epochs"
    return _drawing(curve.columns(_WIDTH * _DOTS[ascii_only][0]), curve.epochs, unit, ascii_only)


def draw_run(ir: Op, run: Timeline, *, ascii_only: bool = False) -> str:
    """The course over a run of any length, whose `total_steps` are known, in as many cells.

    A column has all rates of its steps, so that no outlier is lost; of a run of more than 4
    million steps, the rates of so many evenly spread steps.
    """
    total = run.total_steps
    assert total is not None
    steps = np.linspace(0, total - 1, min(total, _EVERY_STEP)).round().astype(np.int64)
    across = _DOTS[ascii_only][0]
    columns = Curve(compile_numpy(ir).at(steps), 1).columns(_WIDTH * across)
    if not run.steps_per_epoch:
        return _drawing(columns, total, "steps", ascii_only)
    unit = "epoch" if total == run.steps_per_epoch else "epochs"
    return _drawing(columns, total / run.steps_per_epoch, unit, ascii_only)


def _drawing(columns: list[tuple[float, float]], length: float, unit: str, ascii_only: bool) -> str:
    across, down = _DOTS[ascii_only]
    rates = rate_ticks(min(low for low, _ in columns), max(high for _, high in columns), 4)
    dots = _HEIGHT * down - 1
    cells = _cells(_touching(columns, rates[0], dots / (rates[-1] - rates[0])), across, down)
    labels = {_HEIGHT - 1 - round((rate - rates[0]) / (rates[-1] - rates[0]) * dots) // down: rate
              for rate in rates}  # fmt: skip
    margin = max(len("rate"), *(len(label(rate)) for rate in rates))
    tick, line, corner, flat, foot = "+|+-+" if ascii_only else "┤│└─┬"
    lines = ["rate".rjust(margin)]
    for row in range(_HEIGHT):
        left = label(labels[row]).rjust(margin) if row in labels else " " * margin
        codes = (cells.get((column, row), 0) for column in range(_WIDTH))
        shown = "".join(_ASCII[code] if ascii_only else _braille(code) for code in codes)
        lines.append(f"{left} {tick if row in labels else line}{shown}".rstrip())
    marks = {round(each / length * _WIDTH): label(each)
             for each in ticks(0, length, 5) if each <= length}  # fmt: skip
    axis = "".join(foot if column in marks else flat for column in range(_WIDTH + 1))
    lines.append(f"{' ' * margin} {corner}{axis}")
    lines.append(f"{' ' * margin}  {_under(marks)} {unit}")
    return "\n".join(lines)


# The dots of a cell, across and down: of braille, and of ASCII.
_DOTS = {False: (2, 4), True: (1, 2)}
_ASCII = {0: " ", 1: "'", 2: ".", 3: ":"}
# The bits of a braille character, by column and row of the dot.
_BRAILLE = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))


def _braille(bits: int) -> str:
    return chr(0x2800 + bits) if bits else " "


def _touching(
    columns: list[tuple[float, float]], bottom: float, scale: float
) -> list[tuple[int, int]]:
    """For each column of dots the lowest and the highest, so that the columns touch."""
    touching: list[tuple[int, int]] = []
    for column in columns:
        low, high = (round((rate - bottom) * scale) for rate in column)
        if touching:
            low, high = min(low, touching[-1][1] + 1), max(high, touching[-1][0] - 1)
        touching.append((low, high))
    return touching


def _cells(columns: list[tuple[int, int]], across: int, down: int) -> dict[tuple[int, int], int]:
    """The dots of each cell, as bits; cells are counted from the left and from the top."""
    cells: dict[tuple[int, int], int] = {}
    for x, (low, high) in enumerate(columns):
        for y in range(low, high + 1):
            row = _HEIGHT * down - 1 - y
            bit = _BRAILLE[x % across][row % down]
            key = x // across, row // down
            cells[key] = cells.get(key, 0) | bit
    return cells


def _under(marks: dict[int, str]) -> str:
    """The labels of the epoch axis, each under its mark."""
    text = ""
    for column, label in marks.items():
        text = text.ljust(max(column - len(label) // 2, len(text) + bool(text))) + label
    return text
