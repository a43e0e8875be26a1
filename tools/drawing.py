"""Lines over two axes as a small SVG file, whose colours suit light and dark pages."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape


@dataclass(frozen=True)
class Axis:
    """A linear or logarithmic axis with labelled places; what is off it is drawn at its ends."""

    name: str
    ticks: Sequence[tuple[float, str]]
    low: float
    high: float
    log: bool = False

    def share(self, value: float) -> float:
        """How far along the axis a value is, from 0 to 1."""
        low, high = self.low, self.high
        if self.log:
            value, low, high = (math.log10(max(float(each), 1e-300)) for each in (value, low, high))
        return min(max((value - low) / (high - low), 0.0), 1.0)


@dataclass(frozen=True)
class Line:
    """A line of the colour that `kind` names in `STYLE`; its name stands above the drawing."""

    name: str
    kind: str
    xs: Sequence[float]
    ys: Sequence[float]


LEFT, RIGHT, HEIGHT = 60, 462, 140
STYLE = """\
text{font:11px system-ui,sans-serif;fill:#68717a}
.grid{stroke:#8b949e;stroke-opacity:.3}
polyline{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
.lrdsl{stroke:#1f74dd}text.lrdsl{fill:#1f74dd;stroke:none}
.peer{stroke:#d9730d}text.peer{fill:#d9730d;stroke:none}
.other{stroke:#8250df}text.other{fill:#8250df;stroke:none}
@media(prefers-color-scheme:dark){text{fill:#98a1ab}.lrdsl{stroke:#539bf5}text.lrdsl{fill:#539bf5}
.peer{stroke:#f0883e}text.peer{fill:#f0883e}.other{stroke:#b392f0}text.other{fill:#b392f0}}"""


def drawing(title: str, x: Axis, y: Axis, lines: Sequence[Line]) -> str:
    """The text of the file: the names of the lines in a row each, then axes and lines."""
    top = 30 + 15 * len(lines)
    bottom = top + HEIGHT

    def place(a: float, b: float) -> tuple[float, float]:
        return LEFT + x.share(a) * (RIGHT - LEFT), bottom - y.share(b) * HEIGHT

    across = [(place(at, y.low)[0], label) for at, label in x.ticks]
    up = [(place(x.low, at)[1], label) for at, label in y.ticks]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="480" height="{bottom + 36}" '
        f'viewBox="0 0 480 {bottom + 36}" role="img">\n<title>{escape(title)}</title>\n'
        f"<style>{STYLE}</style>",
        *(_rule(LEFT, at, RIGHT, at) for at in sorted({at for at, _ in up} | {float(bottom)})),
        *(_text(LEFT - 8, at + 4, label, "end") for at, label in up),
        *(_rule(at, bottom, at, bottom + 4) for at, _ in across),
        *(_text(at, bottom + 17, label, "middle") for at, label in across),
        _text(LEFT - 8, top - 14, y.name, "end"),
        _text((LEFT + RIGHT) / 2, bottom + 32, x.name, "middle"),
        *(
            _text(LEFT, 14 + 15 * row, line.name, "start", line.kind)
            for row, line in enumerate(lines)
        ),
        *(_polyline(line.kind, map(place, line.xs, line.ys)) for line in lines),
    ]
    return "\n".join([*parts, "</svg>\n"])


def stairs(steps: Sequence[int], rates: Sequence[float]) -> tuple[list[float], list[float]]:
    """Each rate as a level from its step to the next one."""
    xs = [float(x) for step in steps for x in (step, step + 1)]
    return xs, [rate for rate in rates for _ in (0, 1)]


def _polyline(kind: str, places: Iterable[tuple[float, float]]) -> str:
    points = [f"{_pixel(a)},{_pixel(b)}" for a, b in places]
    return f'<polyline class="{kind}" points="{" ".join(dict.fromkeys(points))}"/>'


def _rule(x1: float, y1: float, x2: float, y2: float) -> str:
    ends = {"x1": x1, "y1": y1, "x2": x2, "y2": y2}
    numbers = " ".join(f'{name}="{_pixel(at)}"' for name, at in ends.items())
    return f'<line class="grid" {numbers}/>'


def _text(x: float, y: float, text: str, anchor: str, kind: str = "") -> str:
    label = f' class="{kind}"' if kind else ""
    shown = escape(text)
    return f'<text{label} x="{_pixel(x)}" y="{_pixel(y)}" text-anchor="{anchor}">{shown}</text>'


def _pixel(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
