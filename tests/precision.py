"""The tables and pictures of `docs/precision.md`: made of what `tests/precision.json` holds."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
from exact_cases import Case, exact, load, off

from lrdsl import Schedule, Timeline

RESTARTS = "cosine_restarts(0.1, 0.001, every={}st, growth={})"


# tables


def tables() -> dict[str, str]:
    """The generated parts of the page, by the name of their place."""
    known = load()
    return {
        "functions": "\n".join(_functions(known["functions"])),
        "exceptions": "\n".join(_exceptions(known["functions"])),
        "peers": "\n".join(_peers(known["peers"], known["versions"])),
    }


def _functions(rows: dict[str, Any]) -> Iterator[str]:
    yield "| function | pairs | wrong float32 | worst, float32 ulp | worst, float64 ulp |"
    yield "|---|---|---|---|---|"
    for name, row in rows.items():
        yield (f"| `{name}` | {row['pairs']:,} | {row['wrong']:,} | {_ulp(row['ulp32'])} "
               f"| {_short(row['ulp64'])} |")  # fmt: skip
    pairs, wrong = (sum(row[key] for row in rows.values()) for key in ("pairs", "wrong"))
    yield f"| all | {pairs:,} | {wrong:,} | | |"


def _exceptions(rows: dict[str, Any]) -> Iterator[str]:
    yield "| function | wrong, of all | the worst of them | run, in steps | at step |"
    yield "|---|---|---|---|---|"
    for name, row in rows.items():
        if row["wrong"]:
            text, total, step = row["at ulp32"]
            yield (f"| `{name}` | {row['wrong']:,} of {row['pairs']:,} | `{text}` "
                   f"| {total:,} | {step:,} |")  # fmt: skip


def _peers(rows: list[dict[str, Any]], versions: dict[str, str]) -> Iterator[str]:
    named = ", ".join(f"{name} {number}" for name, number in sorted(versions.items()))
    yield f"With {named}:\n"
    yield ("| peer | here | to step 2^24: wrong | worst, ulp | later: wrong | worst, ulp "
           "| lrdsl: wrong |")  # fmt: skip
    yield "|---|---|---|---|---|---|---|"
    for row in rows:
        bands = [row[band] for band in ("early", "late") if band in row]
        cells = [cell for band in bands for cell in _band(band)]
        cells += [""] * (4 - len(cells))
        ours = sum(band["ours"] for band in bands)
        steps = sum(band["steps"] for band in bands)
        peer = f"{row['peer']} `{row['name'].partition(',')[0]}`{_rest(row['name'])}, {row['mode']}"
        line = f"| {peer} | `{row['text']}` | {' | '.join(cells)} | {ours} of {steps:,} |"
        yield line.replace("  ", " ")


def _rest(name: str) -> str:
    tail = name.partition(",")[2]
    return f" ({tail.strip()})" if tail else ""


def _band(band: dict[str, Any]) -> tuple[str, str]:
    return f"{100 * band['wrong'] / band['steps']:.3g} %", _ulp(band["ulp32"])


def _ulp(error: float) -> str:
    """An error; beyond 2^23 no digit is right."""
    if error == 0:
        return "0"
    if error <= 0.5:
        return f"{math.floor(error * 1e5) / 1e5:.5f}" if error < 0.5 else "0.5"
    return "no digit right" if error >= 2**23 else _short(error)


def _short(error: float) -> str:
    return f"{error:.2f}" if error < 10 else f"{error:.2g}".replace("e+0", "e").replace("e+", "e")


# pictures


@dataclass(frozen=True)
class Axis:
    """A linear or logarithmic axis with labelled places."""

    name: str
    ticks: Sequence[tuple[float, str]]
    low: float
    high: float
    log: bool = False

    def share(self, value: float) -> float:
        """How far along the axis, from 0 to 1; what is off it is at its ends."""
        low, high = self.low, self.high
        if self.log:
            value, low, high = (math.log10(max(each, 1e-300)) for each in (value, low, high))
        return min(max((value - low) / (high - low), 0.0), 1.0)


@dataclass(frozen=True)
class Line:
    name: str
    kind: str
    xs: Sequence[float]
    ys: Sequence[float]


LEFT, RIGHT, TOP, BOTTOM = 60, 462, 44, 180
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
    """Lines over two axes as a small SVG file; its colours suit light and dark pages."""
    across = [(LEFT + x.share(at) * (RIGHT - LEFT), label) for at, label in x.ticks]
    up = [(BOTTOM - y.share(at) * (BOTTOM - TOP), label) for at, label in y.ticks]
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" width="480" height="216" viewBox="0 0 480 216" '
        f'role="img">\n<title>{escape(title)}</title>\n<style>{STYLE}</style>',
        *(_rule(LEFT, at, RIGHT, at) for at, _ in up),
        *(_text(LEFT - 8, at + 4, label, "end") for at, label in up),
        *(_rule(at, BOTTOM, at, BOTTOM + 4) for at, _ in across),
        *(_text(at, BOTTOM + 17, label, "middle") for at, label in across),
        _text(LEFT - 8, TOP - 14, y.name, "end"),
        _text((LEFT + RIGHT) / 2, BOTTOM + 32, x.name, "middle"),
        *(_text(LEFT + 200 * (k % 2), 14 + 14 * (k // 2), line.name, "start", line.kind)
          for k, line in enumerate(lines)),
        *(_polyline(line, x, y) for line in lines),
    ]  # fmt: skip
    return "\n".join([*parts, "</svg>\n"])


def _polyline(line: Line, x: Axis, y: Axis) -> str:
    points = [
        f"{_pixel(LEFT + x.share(a) * (RIGHT - LEFT))},"
        f"{_pixel(BOTTOM - y.share(b) * (BOTTOM - TOP))}"
        for a, b in zip(line.xs, line.ys, strict=True)
    ]
    return f'<polyline class="{line.kind}" points="{" ".join(dict.fromkeys(points))}"/>'


def _rule(x1: float, y1: float, x2: float, y2: float) -> str:
    ends = {"x1": x1, "y1": y1, "x2": x2, "y2": y2}
    numbers = " ".join(f'{name}="{_pixel(at)}"' for name, at in ends.items())
    return f'<line class="grid" {numbers}/>'


def _text(x: float, y: float, text: str, anchor: str, kind: str = "") -> str:
    label = f' class="{kind}"' if kind else ""
    return f'<text{label} x="{_pixel(x)}" y="{_pixel(y)}" text-anchor="{anchor}">{text}</text>'


def _pixel(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def pictures() -> dict[str, str]:
    """The SVG text of each picture, by file name."""
    shown = load()["pictured"]
    return {
        "steps.svg": _steps(shown["steps"]),
        "restart.svg": _restart(shown["restart"]),
        "tail.svg": _tail(shown["tail"]),
        "errors.svg": _errors(shown["errors"]),
    }


RATE = Axis("rate", [(0, "0"), (0.05, "0.05"), (0.1, "0.1")], 0, 0.1)


def ours(text: str, steps: list[int], run: Timeline | None = None) -> list[float]:
    values = Schedule(text).values(run or Timeline(), np.array(steps))
    return [float(value) for value in values.astype(np.float32)]


def _stairs(steps: list[int], rates: list[float]) -> tuple[list[float], list[float]]:
    xs = [float(x) for step in steps for x in (step, step + 1)]
    return xs, [rate for rate in rates for _ in (0, 1)]


def _steps(shown: dict[str, Any]) -> str:
    first = shown["steps"][0]
    steps = [step - first for step in shown["steps"]]
    mine = ours(RESTARTS.format(40, 1), shown["steps"])
    lines = [Line("Keras CosineDecayRestarts", "peer", *_stairs(steps, shown["eager"])),
             Line("lrdsl", "lrdsl", *_stairs(steps, mine))]  # fmt: skip
    x = Axis("steps after 67,108,864 (2^26)", [(k, str(k)) for k in range(0, 161, 40)], 0, 161)
    return drawing("A cosine of 40 steps, far into a run: float32 knows every 8th step", x, RATE,
                   lines)  # fmt: skip


def _restart(shown: dict[str, Any]) -> str:
    steps = [step - 4_095_000 for step in shown["steps"]]
    kept = [k for k, step in enumerate(steps) if -8 <= step <= 8]
    mine = ours(RESTARTS.format(1000, 2), shown["steps"])
    every = {"peer": shown["graph"], "lrdsl": mine}
    names = {"peer": "Keras CosineDecayRestarts, tf.function", "lrdsl": "lrdsl"}
    lines = [Line(names[kind], kind, *_stairs([steps[k] for k in kept], [rates[k] for k in kept]))
             for kind, rates in every.items()]  # fmt: skip
    x = Axis("steps from the restart at 4,095,000", [(k, f"{k}") for k in range(-8, 9, 4)], -8, 9)
    return drawing("A restart that comes two steps early in a graph", x, RATE, lines)


def _tail(shown: dict[str, Any]) -> str:
    steps = shown["steps"]
    run = Timeline(total_steps=100_000)
    left = [100_000 - step for step in steps]
    lines = [Line("Keras CosineDecay, tf.function", "peer", left, shown["graph"]),
             Line("lrdsl", "lrdsl", left, ours("cosine(0.1)", steps, run))]  # fmt: skip
    x = Axis("steps left, of 100,000", [(60, "60"), (40, "40"), (20, "20"), (1, "1")], 60, 0)
    y = Axis("rate", [(10.0**k, f"1e{k}") for k in (-7, -8, -9, -10)] + [(1e-11, "0")],
             1e-11, 1e-7, log=True)  # fmt: skip
    return drawing("The last 60 of 100,000 steps of a cosine", x, y, lines)


def _errors(shown: dict[str, Any]) -> str:
    steps = np.array(shown["steps"])
    smooth, restarts = "exponential(0.1, 0.999, every=1e7st)", RESTARTS.format(1000, 1)
    reals = {text: exact(Case(text, Timeline(), steps)) for text in (smooth, restarts)}
    every = [
        ("Keras ExponentialDecay(0.1, 10^7, 0.999)", "other", smooth, shown["exponential"]),
        ("Keras CosineDecayRestarts(0.1, 1000)", "peer", restarts, shown["restarts"]),
        *(("lrdsl, both", "lrdsl", text, ours(text, steps.tolist())) for text in reals),
    ]
    away = {name: np.zeros(steps.size) for name, *_ in every}
    for name, _, text, found in every:
        off_by = off(np.array(found, np.float32), reals[text], np.float32)
        away[name] = np.maximum(away[name], off_by)
    kinds = {name: kind for name, kind, *_ in every}
    lines = [Line(name, kind, *_worst(steps, away[name])) for name, kind in kinds.items()]
    x = Axis("step", [(10.0**k, f"10^{k}") for k in (0, 3, 6, 9, 12)], 1, 1e12, log=True)
    y = Axis("ulp", [(0.5, "0.5"), (1e3, "10^3"), (1e6, "10^6"), (1e9, "10^9")], 0.05, 1e9, True)
    return drawing("How far the float32 is off, in units in the last place", x, y, lines)


def _worst(steps: Any, away: Any) -> tuple[list[float], list[float]]:
    """The worst error of each of 72 stretches of steps."""
    edges = np.geomspace(1, 1e12, 73)
    place = np.clip(np.searchsorted(edges, steps, side="right"), 1, 72)
    found = [(float(edges[k]), float(away[place == k].max())) for k in range(1, 73)
             if (place == k).any()]  # fmt: skip
    return [x for x, _ in found], [y for _, y in found]
