"""Accuracy and learning rate over the epochs, for one run or for several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lrdsl.training.files import read_csv, whole

_MOST_POINTS = 4000


@dataclass(frozen=True)
class Curve:
    """One line of a picture: name, epochs, values."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    style: str = "-"


def read_curve(file: Path, column: str, name: str, style: str = "-") -> Curve:
    """A column of `history.csv` or `lr.csv` over its column `epoch`."""
    rows = [row for row in read_csv(file) if row[column]]
    rows = rows[:: max(len(rows) // _MOST_POINTS, 1)]
    x, y = ([float(row[each]) for row in rows] for each in ("epoch", column))
    return Curve(name, x, y, style)


def draw_history(folder: Path, title: str) -> None:
    """`history.png` from the files of a run."""
    kinds = {"accuracy": "training", "val_accuracy": "validation"}
    history = [read_curve(folder / "history.csv", *kind) for kind in kinds.items()]
    rate = read_curve(folder / "lr.csv", "learning_rate", "")
    draw(folder / "history.png", title, [each for each in history if each.x], [rate], "accuracy")


def draw(file: Path, title: str, above: Sequence[Curve], below: Sequence[Curve], what: str) -> None:
    """A picture of two panels over one axis of epochs: `what` above, the learning rate below."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 6.5), dpi=130, layout="constrained")
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=[3, 2])
    title = shortened(" ".join(title.split()).replace("$", r"\$"), 90)
    figure.suptitle(title, fontsize=11, family="monospace")
    _panel(top, above, what)
    # A rate holds until the next step.
    _panel(bottom, below, "learning rate", drawstyle="steps-post")
    bottom.set_xlabel("epoch")
    bottom.set_ylim(bottom=min(0, *(min(curve.y, default=0) for curve in below)))
    if len(above) > 1:
        top.legend(frameon=False, fontsize=9)
    with whole(file) as draft:
        figure.savefig(draft)


def _panel(axes: Any, curves: Sequence[Curve], label: str, drawstyle: str = "default") -> None:
    for curve in curves:
        # A run of one epoch is one point, which a line would not show.
        marker = "o" if len(curve.x) < 3 else None
        options = {"label": curve.name, "marker": marker, "drawstyle": drawstyle}
        axes.plot(curve.x, curve.y, curve.style, linewidth=1.6, **options)
    axes.set_ylabel(label)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)


def shortened(text: str, most: int = 60) -> str:
    return text if len(text) <= most else f"{text[: most - 3]}..."
