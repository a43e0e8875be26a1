"""A curve as a small SVG picture, for the pages of functions and the README."""

from __future__ import annotations

import math
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray

from lrdsl.views.plot import Curve, label, rate_ticks, ticks

_STAIRS = 400  # up to so many steps, each one is drawn as a level
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 462, 28, 164
_STYLE = """\
text{font:11px system-ui,sans-serif;fill:#68717a}
.grid{stroke:#8b949e;stroke-opacity:.3}
.curve{fill:none;stroke:#1f74dd;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
@media(prefers-color-scheme:dark){text{fill:#98a1ab}.curve{stroke:#539bf5}}"""


def picture(curve: Curve, title: str) -> str:
    """The curve as a small SVG file; its colours suit light and dark pages."""
    rates = rate_ticks(float(curve.values.min()), float(curve.values.max()), 4)
    epochs = [each for each in ticks(0, curve.length, 5) if each <= curve.length]
    heights = {rate: _BOTTOM - (rate - rates[0]) / (rates[-1] - rates[0]) * (_BOTTOM - _TOP)
               for rate in rates}  # fmt: skip
    places = {epoch: _LEFT + epoch / curve.length * (_RIGHT - _LEFT) for epoch in epochs}
    lines = [
        '<svg xmlns="http://www.w3.org/2000/svg" width="480" height="200" viewBox="0 0 480 200" '
        f'role="img">\n<title>{escape(title)}</title>\n<style>{_STYLE}</style>',
        *(_line(_LEFT, y, _RIGHT, y) for y in heights.values()),
        *(_text(_LEFT - 8, y + 4, label(rate), "end") for rate, y in heights.items()),
        *(_line(x, _BOTTOM, x, _BOTTOM + 4) for x in places.values()),
        *(_text(x, _BOTTOM + 17, label(epoch), "middle") for epoch, x in places.items()),
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
