"""The curve of a schedule: what it gives on a run, as terminal text and as SVG."""

from __future__ import annotations

import math
from dataclasses import dataclass
from xml.sax.saxutils import escape

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
_STAIRS = 400  # up to so many steps, each one is drawn as a level


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


def _ticks(low: float, high: float, count: int) -> list[float]:
    """Round numbers, about `count`, from at most `low` to at least `high`."""
    rough = (high - low) / count
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(each * unit for each in (1, 2, 2.5, 5, 10) if each * unit >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [float(f"{number * step:.6g}") for number in range(first, last + 1)]


def _rates(lowest: float, highest: float, count: int) -> list[float]:
    """The labels of the rate axis, which has 0 on it: a curve's height is its rate."""
    low, high = min(0.0, lowest), max(0.0, highest)
    return _ticks(low, high if high > low else low + 1, count)


def _label(value: float) -> str:
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
    rates = _rates(min(low for low, _ in columns), max(high for _, high in columns), 4)
    dots = _HEIGHT * down - 1
    cells = _cells(_touching(columns, rates[0], dots / (rates[-1] - rates[0])), across, down)
    labels = {_HEIGHT - 1 - round((rate - rates[0]) / (rates[-1] - rates[0]) * dots) // down: rate
              for rate in rates}  # fmt: skip
    margin = max(len("rate"), *(len(_label(rate)) for rate in rates))
    tick, line, corner, flat, foot = "+|+-+" if ascii_only else "┤│└─┬"
    lines = ["rate".rjust(margin)]
    for row in range(_HEIGHT):
        left = _label(labels[row]).rjust(margin) if row in labels else " " * margin
        codes = (cells.get((column, row), 0) for column in range(_WIDTH))
        shown = "".join(_ASCII[code] if ascii_only else _braille(code) for code in codes)
        lines.append(f"{left} {tick if row in labels else line}{shown}".rstrip())
    marks = {round(each / length * _WIDTH): _label(each)
             for each in _ticks(0, length, 5) if each <= length}  # fmt: skip
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


# SVG

_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 462, 28, 164
_STYLE = """\
text{font:11px system-ui,sans-serif;fill:#68717a}
.grid{stroke:#8b949e;stroke-opacity:.3}
.curve{fill:none;stroke:#1f74dd;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
@media(prefers-color-scheme:dark){text{fill:#98a1ab}.curve{stroke:#539bf5}}"""


def picture(curve: Curve, title: str) -> str:
    """The curve as a small SVG file; its colours suit light and dark pages."""
    rates = _rates(float(curve.values.min()), float(curve.values.max()), 4)
    epochs = [each for each in _ticks(0, curve.epochs, 5) if each <= curve.epochs]
    heights = {rate: _BOTTOM - (rate - rates[0]) / (rates[-1] - rates[0]) * (_BOTTOM - _TOP)
               for rate in rates}  # fmt: skip
    places = {epoch: _LEFT + epoch / curve.epochs * (_RIGHT - _LEFT) for epoch in epochs}
    lines = [
        '<svg xmlns="http://www.w3.org/2000/svg" width="480" height="200" viewBox="0 0 480 200" '
        f'role="img">\n<title>{escape(title)}</title>\n<style>{_STYLE}</style>',
        *(_line(_LEFT, y, _RIGHT, y) for y in heights.values()),
        *(_text(_LEFT - 8, y + 4, _label(rate), "end") for rate, y in heights.items()),
        *(_line(x, _BOTTOM, x, _BOTTOM + 4) for x in places.values()),
        *(_text(x, _BOTTOM + 17, _label(epoch), "middle") for epoch, x in places.items()),
        _text(_LEFT - 8, _TOP - 14, "rate", "end"),
        _text((_LEFT + _RIGHT) / 2, _BOTTOM + 32, "epoch", "middle"),
        f'<polyline class="curve" points="{_polyline(curve, rates[0], rates[-1])}"/>\n</svg>\n',
    ]
    return "\n".join(lines)


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    ends = {"x1": x1, "y1": y1, "x2": x2, "y2": y2}
    numbers = (f'{name}="{_pixel(at)}"' for name, at in ends.items())
    return f'<line class="grid" {" ".join(numbers)}/>'


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{_pixel(x)}" y="{_pixel(y)}" text-anchor="{anchor}">{text}</text>'


def _pixel(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _polyline(curve: Curve, low: float, high: float) -> str:
    values = np.append(curve.values, curve.values[-1])
    steps = np.arange(len(values))
    if len(values) <= _STAIRS:
        values, steps = np.repeat(values, 2)[:-1], np.repeat(steps, 2)[1:]
    xs = _LEFT + steps / (len(curve.values)) * (_RIGHT - _LEFT)
    ys = _BOTTOM - (values - low) / (high - low) * (_BOTTOM - _TOP)
    kept = _outstanding(xs, ys, 0.15)
    return " ".join(f"{_pixel(x)},{_pixel(y)}" for x, y in zip(xs[kept], ys[kept], strict=True))


def _outstanding(xs: NDArray[np.float64], ys: NDArray[np.float64], tolerance: float) -> list[int]:
    """The points that a line needs to stay within `tolerance` of all (Douglas and Peucker)."""
    kept, stretches = {0, len(xs) - 1}, [(0, len(xs) - 1)]
    while stretches:
        a, b = stretches.pop()
        if b - a < 2:
            continue
        dx, dy = xs[b] - xs[a], ys[b] - ys[a]
        away = np.abs(dy * (xs[a + 1 : b] - xs[a]) - dx * (ys[a + 1 : b] - ys[a]))
        furthest = int(away.argmax())
        if away[furthest] > tolerance * math.hypot(dx, dy):
            middle = a + 1 + furthest
            kept.add(middle)
            stretches += [(a, middle), (middle, b)]
    return sorted(kept)
