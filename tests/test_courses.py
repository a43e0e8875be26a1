"""`lrdsl explain EXPR` of a run of any length: the outstanding rates, the jumps and the curve."""

from __future__ import annotations

import numpy as np
import pytest

from lrdsl import Schedule, Timeline
from lrdsl.cli import main
from lrdsl.views.plot import Curve, draw, run_curve

Output = pytest.CaptureFixture[str]
LONG = ["--total-steps", "3000000"]


def explained(text: str, capsys: Output, *options: str) -> str:
    assert main(["explain", text, *(options or LONG)]) == 0
    return capsys.readouterr().out


def test_the_page_of_a_long_run(capsys: Output) -> None:
    out = explained("linear(0, 0.1) for 5% then cycle(cosine(0.1 * 0.9^lap), every=13%)", capsys)
    assert "steps 0 to 149,999: linear(0, 0.1)" in out
    assert "rates of 3,000,000 steps:" in out
    assert "first   0 at step 0\n" in out and "lowest  0 at step 0\n" in out
    assert "highest 0.1 at step 150,000\n" in out
    assert "jumps   7, the first at steps 540,000; 930,000; 1,320,000\n" in out
    assert "to 0.09 at step 540,000\n" in out
    assert "3e6 steps" in out


def test_of_a_longer_run_it_says_up_to_where_it_looked(capsys: Output) -> None:
    out = explained("0.1 if progress < 0.5 else 0.01", capsys, "--total-steps", "1e12")
    assert "rates of the first 100,000,000 of 1,000,000,000,000 steps:" in out
    assert "jumps   none\n" in out and "1e12 steps" in out


@pytest.mark.parametrize(
    ("text", "line"),
    [("cosine(0.1)", "jumps   none\n"),
     ("0.1 if progress < 0.5 else 0.01", "jumps   1, at step 1,500,000\n"),
     ("piecewise([10%, 20%], [3, 2, 1])", "2, at steps 300,000; 600,000\n"),
     ("cycle(linear(0.1, 0), every=100st)", "29,999, the first at steps 100; 200; 300\n"),
     ("0.1 if step != 262144 else 0.3", "jumps   2, at steps 262,144; 262,145\n"),
     ("0.1 if step < 262143 else 0.3", "jumps   1, at step 262,143\n"),
     ("0.1 if step < 1 else 0.3", "jumps   1, at step 1\n"),
     ("0.1 if step < 2999999 else 0.3", "jumps   1, at step 2,999,999\n"),
     ("hold(cosine(0.1), every=2ep)", "jumps   "),
     ("0.1 * mod(0.95 * step, 1)", "jumps   150,000, the first at steps 1; 21; 41\n")],
)  # fmt: skip
def test_what_is_said(text: str, line: str, capsys: Output) -> None:
    run = ["--steps-per-epoch", "30000", "--epochs", "100"]
    assert line in explained(text, capsys, *run)


def test_the_extremes_are_those_of_every_step(capsys: Output) -> None:
    text = "0.1 * (1 + 0.2 * noise(7))"
    rates = Schedule(text).values(Timeline(total_steps=3_000_000)).astype("f4")
    out = explained(text, capsys)
    assert f" at step {rates.argmin():,}\n" in out and f" at step {rates.argmax():,}\n" in out
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
    long = draw(run_curve(Schedule(text).bind(run).ir, run), ascii_only=ascii_only)
    every = draw(Curve(Schedule(text).values(run), 10), ascii_only=ascii_only)
    pairs = zip(long.split("\n"), every.split("\n"), strict=True)
    different = [x != y for a, b in pairs for x, y in zip(a.ljust(80), b.ljust(80), strict=True)]
    assert sum(different) <= 12


def test_an_outlier_of_one_step_is_drawn() -> None:
    run = Timeline(total_steps=4_000_000)
    ir = Schedule("0.1 if step != 3111111 else 0.3").bind(run).ir
    top = next(
        line for line in draw(run_curve(ir, run), ascii_only=False).split("\n") if "0.3 ┤" in line
    )
    bar = top.partition("┤")[2]
    assert len(bar.rstrip()) == 47 and bar.strip("⠀ ") == bar[46]


def test_the_axis_is_in_epochs_where_they_are_known() -> None:
    core = Schedule("cosine(0.1)").bind(Timeline(total_steps=10**9)).ir
    known = Timeline(total_steps=10**9, steps_per_epoch=10**7)
    assert draw(run_curve(core, known)).endswith("100 epochs")
    assert draw(run_curve(core, Timeline(total_steps=10**9))).endswith("1e9 steps")


def test_columns_of_every_rate() -> None:
    curve = Curve(np.array([3.0, 1.0, 2.0, 5.0]), 1)
    assert curve.columns(2) == [(1, 3), (2, 5)]
    assert curve.columns(8) == [(v, v) for v in (3, 3, 1, 1, 2, 2, 5, 5)]
