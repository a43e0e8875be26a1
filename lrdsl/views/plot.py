"""The curve of a schedule: what it gives on a run, as text for a terminal."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
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
# The bits of the dots of a cell, from the top down, and the characters by their bits.
_BRAILLE = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
_ASCII = np.array([[1], [2]])
_CHARACTERS = {False: " " + "".join(map(chr, range(0x2801, 0x2900))), True: " '.:"}


@dataclass(frozen=True, eq=False)
class Curve:
    """The rates of evenly spread steps of a run, and how many epochs, or steps, the run has."""

    values: NDArray[np.float64]
    length: float
    unit: str = "epochs"

    def points(self, count: int) -> list[tuple[float, float]]:
        """Epoch and rate at evenly spread steps, the first and the last among them."""
        steps = np.linspace(0, len(self.values) - 1, count).round().astype(np.int64)
        epochs = steps * self.length / len(self.values)
        return list(zip(epochs.tolist(), self.values[steps].tolist(), strict=True))

    def columns(self, count: int) -> list[tuple[float, float]]:
        """Of each of `count` equal parts of the run the lowest and the highest rate."""
        starts = np.arange(count) * len(self.values) // count
        lowest, highest = (f.reduceat(self.values, starts) for f in (np.minimum, np.maximum))
        return list(zip(lowest.tolist(), highest.tolist(), strict=True))


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


def run_curve(ir: Op, run: Timeline) -> Curve:
    """The rates of every step of a run, whose `total_steps` are known.

    Of a run of more than 4 million steps, the rates of so many evenly spread steps.
    """
    total = run.total_steps
    assert total is not None
    steps = np.linspace(0, total - 1, min(total, _EVERY_STEP)).round().astype(np.int64)
    rates = compile_numpy(ir).at(steps)
    if not run.steps_per_epoch:
        return Curve(rates, total, "steps")
    return Curve(rates, total / run.steps_per_epoch)


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


def draw(curve: Curve, *, ascii_only: bool | None = None) -> str:
    """The curve in about 70 by 15 cells of braille dots, or of `'`, `.` and `:`.

    A column has all rates of its steps, so that no outlier is lost. `ascii_only`: None asks the
    encoding of the terminal.
    """
    if ascii_only is None:
        ascii_only = not _can_be_printed("┤⠿")
    bits = _ASCII if ascii_only else _BRAILLE
    down, across = bits.shape
    columns = curve.columns(_WIDTH * across)
    rates = rate_ticks(min(low for low, _ in columns), max(high for _, high in columns), 4)
    dots, scale = np.zeros((_HEIGHT * down, _WIDTH * across), int), rates[-1] - rates[0]
    for x, (low, high) in enumerate(_touching(columns, rates[0], (len(dots) - 1) / scale)):
        dots[len(dots) - 1 - high : len(dots) - low, x] = 1
    cells = np.einsum("ydxa,da->yx", dots.reshape(_HEIGHT, down, _WIDTH, across), bits)
    rows = {_HEIGHT - 1 - round((rate - rates[0]) / scale * (len(dots) - 1)) // down: label(rate)
            for rate in rates}  # fmt: skip
    drawn = ["".join(_CHARACTERS[ascii_only][code] for code in row) for row in cells]
    return "\n".join(_framed(drawn, rows, curve, "+|+-+" if ascii_only else "┤│└─┬"))


def _can_be_printed(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def _touching(
    columns: list[tuple[float, float]], bottom: float, scale: float
) -> Iterator[tuple[int, int]]:
    """For each column of dots the lowest and the highest, so that the columns touch."""
    before = None
    for column in columns:
        low, high = (round((rate - bottom) * scale) for rate in column)
        if before:
            low, high = min(low, before[1] + 1), max(high, before[0] - 1)
        yield (before := (low, high))


def _framed(drawn: list[str], rows: dict[int, str], curve: Curve, axes: str) -> Iterator[str]:
    """The lines of a drawing between axes with labels, of which `rows` are those of the rates."""
    tick, line, corner, flat, foot = list(axes)
    margin = max(len("rate"), *map(len, rows.values()))
    yield "rate".rjust(margin)
    for row, text in enumerate(drawn):
        yield f"{rows.get(row, ''):>{margin}} {tick if row in rows else line}{text}".rstrip()
    marks = {round(each / curve.length * _WIDTH): label(each)
             for each in ticks(0, curve.length, 5) if each <= curve.length}  # fmt: skip
    axis = "".join(foot if column in marks else flat for column in range(_WIDTH + 1))
    yield f"{' ' * margin} {corner}{axis}"
    labels = ""
    for column, text in marks.items():
        labels = labels.ljust(max(column - len(text) // 2, len(labels) + bool(labels))) + text
    unit = "epoch" if curve.unit == "epochs" and curve.length == 1 else curve.unit
    yield f"{' ' * margin}  {labels} {unit}"
