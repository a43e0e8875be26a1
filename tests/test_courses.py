"""`lrdsl explain EXPR` of a run of any length: the outstanding rates, the jumps and the curve."""

from __future__ import annotations

import numpy as np
import pytest

from lrdsl import Schedule, Timeline
from lrdsl.cli import main
from lrdsl.views.plot import Curve, draw, draw_run

Output = pytest.CaptureFixture[str]
HUGE = ["--total-steps", "1000000000000"]


def explained(text: str, capsys: Output, *options: str) -> str:
    assert main(["explain", text, *(options or HUGE)]) == 0
    return capsys.readouterr().out


def test_the_page_of_a_million_million_steps(capsys: Output) -> None:
    out = explained("linear(0, 0.1) for 5% then cycle(cosine(0.1 * 0.9^lap), every=13%)", capsys)
    assert "steps 0 to 49,999,999,999: linear(0, 0.1)" in out
    assert "first   0 at step 0\n" in out and "lowest  0 at step 0\n" in out
    assert "highest 0.1 at step 50,000,000,000\n" in out
    assert ("jumps   7, the first at steps "
            "180,000,000,000; 310,000,000,000; 440,000,000,000\n") in out  # fmt: skip
    assert "to 0.09 at step 180,000,000,000\n" in out
    assert "1e12 steps" in out


@pytest.mark.parametrize(
    ("text", "line"),
    [("cosine(0.1)", "jumps   none\n"),
     ("0.1 if progress < 0.5 else 0.01", "jumps   1, at step 500,000,000,000\n"),
     ("piecewise([10%, 20%], [3, 2, 1])", "2, at steps 100,000,000,000; 200,000,000,000\n"),
     ("cycle(linear(0.1, 0), every=100st)", "9,999,999,999, the first at steps 100; 200; 300\n"),
     ("0.1 + 0.01 * sin(floor(sqrt(step)))", "jumps   none seen\n"),
     ("hold(cosine(0.1), every=50st)", "jumps   about 1"),
     ("0.1 * mod(0.95 * step, 1)", "jumps   50,000,000,000, the first at steps 1; 21; 41\n"),
     ("0.1 * mod(0.949999999999 * step, 1)", "jumps   none seen\n"),
     ("0.1 * (1 + 0.2 * noise(7))", "of those seen; none is below 0.079999"),
     ("0.1 * exp(0.1 * normal_noise(7))", "of those seen; none is above 0.17")],
)  # fmt: skip
def test_what_is_said(text: str, line: str, capsys: Output) -> None:
    assert line in explained(text, capsys)


def test_short_runs_have_the_extremes_of_every_step(capsys: Output) -> None:
    text = "0.1 * (1 + 0.2 * noise(7))"
    rates = Schedule(text).values(Timeline(total_steps=3_000))
    out = explained(text, capsys, "--total-steps", "3000")
    assert f"{rates.min():.12g} at step {rates.argmin():,}\n" in out
    assert f"{rates.max():.12g} at step {rates.argmax():,}\n" in out
    assert "lowest  0 at step 0\n" in explained("linear(0, 1)", capsys, "--total-steps", "1")


@pytest.mark.parametrize(
    "text",
    ["linear(0, 0.1) for 5% then cosine(0.1, 0.001)", "cosine_restarts(0.1, every=30%)",
     "cycle(linear(0.1, 0), every=700st) * (1 - progress)", "piecewise([30%, 60%], [3, 1, 2])"],
)  # fmt: skip
@pytest.mark.parametrize("ascii_only", [False, True])
def test_long_runs_are_drawn_as_their_rates_are(text: str, ascii_only: bool) -> None:
    """All but a few cells: bounds of a column may reach a dot further."""
    run = Timeline(steps_per_epoch=10_000, epochs=10)
    long = draw_run(Schedule(text).bind(run).core, run, ascii_only=ascii_only)
    every = draw(Curve(Schedule(text).values(run), 10), ascii_only=ascii_only)
    pairs = zip(long.split("\n"), every.split("\n"), strict=True)
    different = [x != y for a, b in pairs for x, y in zip(a.ljust(80), b.ljust(80), strict=True)]
    assert sum(different) <= 12


def test_an_outlier_of_one_step_is_drawn() -> None:
    run = Timeline(total_steps=10**12)
    core = Schedule("0.1 if step != 777777777777 else 0.3").bind(run).core
    top = next(line for line in draw_run(core, run).split("\n") if "0.3 ┤" in line)
    bar = top.partition("┤")[2]
    assert len(bar.rstrip()) == 47 and bar.strip("⠀ ") == bar[46]


def test_the_axis_is_in_epochs_where_they_are_known() -> None:
    core = Schedule("cosine(0.1)").bind(Timeline(total_steps=10**9)).core
    known = Timeline(total_steps=10**9, steps_per_epoch=10**7)
    assert draw_run(core, known).endswith("100 epochs")
    assert draw_run(core, Timeline(total_steps=10**9)).endswith("1e9 steps")


def test_columns_of_every_rate() -> None:
    curve = Curve(np.array([3.0, 1.0, 2.0, 5.0]), 1)
    assert curve.columns(2) == [(1, 3), (2, 5)]
    assert curve.columns(8) == [(v, v) for v in (3, 3, 1, 1, 2, 2, 5, 5)]
