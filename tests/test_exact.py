"""Every rate is the float32 nearest to the real number, as mpmath finds it; where not, how far.

The default run looks at some 20,000 pairs of an expression and a step. Ten million take about ten
minutes in one process, half of it in two, and rewrite the figures of `docs/precision.md`:

    pytest tests/test_exact.py -m exhaustive -n 2 --dist load --update-golden
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from engines import ENGINES, bits, installed
from exact import Oracle
from exact_cases import FIGURES, Case, cases, exact, load, measure, off, rates, rounded, save

from lrdsl import Schedule, Timeline
from lrdsl.views.function_page import signatures

HERE = Path(__file__).parent
ROWS = [
    row
    for file in ("arithmetic", "conditions", "library", "time")
    for row in yaml.safe_load((HERE / "conformance" / f"{file}.yaml").read_text())
    if "at" in row and not row.get("params")
]
RUN = Timeline(steps_per_epoch=391, epochs=90)
LONG = Timeline(steps_per_epoch=10**6, epochs=10**4)
# Where a float32 may be wrong; docs/precision.md says why: `sin` and `cos` of a number of radians,
# and a sum that cancels near the end of a run of more than 10^9 steps.
INEXACT = {"sin", "cos", "exponential_ramp"}


# the oracle itself


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["expr"][:60])
def test_the_oracle_knows_the_language(row: dict[str, Any]) -> None:
    oracle = Oracle(row["expr"], Timeline(**row.get("run", {})))
    for step, expected in row["at"].items():
        answer = oracle.exactly(step)
        assert answer is not None
        assert answer[1] == pytest.approx(expected, rel=1e-12, abs=1e-15), step


@pytest.mark.parametrize(
    ("text", "single"),
    [
        ("1 + 2^-24", 1.0),  # ties go to the even one
        ("1 + 3 * 2^-24", 1 + 2.0**-22),
        ("1 + 2^-24 + 2^-90", 1 + 2.0**-23),
        ("sqrt(1 + 2^-23 + 2^-48)", 1.0),
        ("2^-126 - 2^-151", 2.0**-126),
        ("2^-126 - 2^-150", 0.0),
        ("0.5^step", 0.0),
        ("sin(pi / 6) - 1 / 2", 0.0),
        ("2^128", np.inf),
        ("1 - sin(2^step / 10^9)^2 - cos(2^step / 10^9)^2 + 1e-300", 0.0),
    ],
)
def test_the_oracle_rounds_once(text: str, single: float) -> None:
    answer = Oracle(text, RUN).exactly(200)
    assert answer is not None and answer[0] == single


def test_the_oracle_says_when_it_does_not_know() -> None:
    oracle = Oracle("floor(exp(log(2)))", RUN)
    assert oracle.exactly(0) is None and oracle.undecided == 1
    assert Oracle("1 / step", RUN).exactly(0) is None
    assert Oracle("log(-1 - step)", RUN).exactly(0) is None


def test_the_measure_of_an_error() -> None:
    case = Case("1 / 3", RUN, np.array([0, 1]))
    real = exact(case)
    third = np.float32(1 / 3)
    away = off(np.array([third, np.nextafter(third, 1)]), real, np.float32)
    assert away[0] == pytest.approx(1 / 3) and away[1] == pytest.approx(4 / 3)
    assert off(np.array([1 / 3, np.nan]), real, np.float64).tolist() == [
        pytest.approx(1 / 3),
        np.inf,
    ]


# the rates


@pytest.mark.parametrize("name", signatures())
def test_every_function_rounds_correctly(name: str) -> None:
    row = measure(name, 5, 60)
    assert row["pairs"] > 200 and row["undecided"] == 0
    if name not in INEXACT:
        assert row["wrong"] == 0 and row["ulp32"] <= 0.5, row


def off64(text: str, run: Timeline, steps: list[int]) -> Any:
    case = Case(text, run, np.array(steps, np.int64))
    return off(rates(case), exact(case), np.float64)


ENDS = [10**10 - 1, 10**10 - 2, 10**10 - 1000]
REWRITTEN = [
    # a sum that would cancel is computed without the sum
    ("0.05 * (1 + cos(pi * progress))", LONG, ENDS),
    ("0.05 * (1 + cos(pi * min(1, progress)))", LONG, ENDS),
    ("0.1 - 0.1 * sin(pi * progress / 2)", LONG, ENDS),
    ("cycle(0.1 * (1 - t / span), every=1%, growth=2)", LONG, [10**8 - 1, 3 * 10**8 - 1]),
    ("cosine_restarts(0.1, every=1%, growth=2)", LONG, [10**8 - 1, 3 * 10**8 - 1]),
    # laps that are no whole number of steps, at their last one
    ("cycle(0.1 * (1 - t / span), every=10ep, growth=1.5)", RUN, [437745957100, 984928413250]),
    ("cosine_restarts(0.1, every=10.7ep, growth=1.37)", RUN, [702151991450, 961948232470]),
    ("cycle(1 - min(1, 2 * t / span), every=10ep, growth=1.5)", RUN, [820773676406]),
    ("1 for 3ep then cosine_restarts(0.1, every=10ep, growth=1.5)", RUN, [437745958273]),
    ("cycle(1 for 10st then 0.1 * (1 - t / span), 10ep, growth=1.5)", RUN, [984928413250]),
    ("cycle(0.1 * (1 - t / span), every=0.1234567ep)", RUN, [999999999867, 999999999868]),
    ("polynomial_cycle(0.1, over=10ep)", RUN, [10**12 - k for k in range(1, 99)]),
    ("max(1e-20, 1 - step / (step + 7))", RUN, [10**12, 10**9]),
    ("polynomial(1, 0, k=0.5)", LONG, ENDS),
    ("polynomial(1, 0, 0.9, k=1.5)", LONG, ENDS),
    ("cosine(0.1, k=0.5)", LONG, ENDS),
    ("polynomial(0, 0.1, k=2.5)", RUN, [1, 2, 3, 35]),
    ("polynomial(0.001, 0.1, k=1.5)", RUN, [0, 1, 2, 35189]),
    ("1 - (1 - elapsed()^9)", Timeline(total_steps=10**4), [5]),
    ("cosine(0.1, k=1.2)", LONG, ENDS),
    ("0.1 - 0.1 * min(1, progress)^0.9", LONG, ENDS),
    ("0.1 * (1 - sqrt(progress))", LONG, ENDS),
    ("0.1 * (1 - tanh(3 * progress))", RUN, [35190, 70000, 100_000]),
    ("tanh_decay(0.1, high=10)", RUN, [35189, 35190]),
    # a rate is found from the steps that are left, as a whole number
    ("polynomial(0.9, 0.001, power=0.9, over=1810711st)", RUN, [0, 1, 905_355, 1810710, 1810711]),
    ("polynomial(0.9, power=1.5, over=1810711st)", RUN, [0, 1, 905_355, 1810710]),
    ("polynomial(0.9, power=4, over=1810711st)", RUN, [0, 1, 905_355, 1810710]),
    ("polynomial(0.1, 0.001, power=2, over=1000003st)", RUN, [0, 1, 500_000, 1000002, 1000003]),
    ("polynomial_cycle(0.9, 0.00671, power=3, over=181071st)", RUN, [0, 1, 181071, 181072, 10**12]),
    ("inverse_time(0.17, 0.71, every=2000st)", RUN, [0, 1, 2000, 10**6, 10**12]),
    # restarts beyond 2^24 as a search among numbers that float32 holds
    (
        "cosine_restarts(1, 0.01, every=1000st, growth=2, scale=0.9)",
        RUN,
        [1000 * (2**k - 1) + d for k in (13, 14, 15, 24, 29) for d in (-1, 0, 1)],
    ),
    # the rounding of a base near 1 would grow with the exponent
    ("0.1 * 0.99994^step", RUN, [10_000, 65_535]),
    ("exp_range(0, 1, half=2ep, decay=0.999999)", RUN, [10**6 + 7]),
]


@pytest.mark.parametrize(("text", "run", "steps"), REWRITTEN)
def test_no_digits_are_lost(text: str, run: Timeline, steps: list[int]) -> None:
    assert off64(text, run, steps).max() < 20


@pytest.mark.parametrize(
    "text",
    ["exponential_ramp(0.06, rate=0.1)", "exponential_ramp(1, rate=0.01)", "polynomial(1, k=0.5)",
     "polynomial(3e-4, power=0.5, k=0.5)", "cosine(0.01, k=0.5)", "0.3 - 0.3 * sqrt(progress)",
     "0.1 * (1 + cos(pi * progress))", "0.1 * (8 - 0.5^(-3 * progress))"],
)  # fmt: skip
def test_what_ends_at_zero_arrives(text: str) -> None:
    for steps in (7, 49, 1000, 35190, 99_991, 5 * 10**9):
        assert Schedule(text).value(steps, Timeline(total_steps=steps)) == 0, steps


def test_what_rises_to_a_number_arrives() -> None:
    """Also where the power is that of a whole number of steps."""
    for total in (3, 7, 49, 390, 1000, 35190, 99_991, 10**6 + 3, 5 * 10**9 + 7):
        run = Timeline(total_steps=total)
        for power in ("0.5", "0.9", "1.5", "2", "3", "4", "7", "20"):
            for text, last, slack in (
                ("u^p", 1, 2.0**-52),
                ("0.3 * u^p", 0.3, 2.0**-52),
                ("0.1 + 0.2 * u^p", 0.3, 2.0**-52),
                ("polynomial(0.1, 0.3, power=p)", 0.3, 2.0**-52),
                ("1 if u^p >= 1 else 2", 1, 0),
                ("0.3 - 0.3 * u^p", 0, 0),
                ("0.1 * (1 - u^p)", 0, 0),
            ):
                text = f"{text} where p = {power}, u = min(1, progress)"
                value = Schedule(text).value(total, run)
                assert abs(value - last) <= slack, (text, total)


def test_what_is_divided_begins_where_it_should() -> None:
    for start in (0.17, 0.1, 0.3, 0.9):
        assert Schedule(f"inverse_time({start}, 0.71, every=2000st)").value(0, RUN) == start


def test_sums_keep_their_meaning() -> None:
    """Forms next to those that are rewritten."""
    texts = [
        "0.1 + 0.2 * sin(pi * progress)", "0.1 - sqrt(progress)", "0.3 + sqrt(step / 7)",
        "2 - 3^progress", "1 - 2^(progress / 3)", "step / (step + 3) - 2", "3 - tanh(epoch)",
        "min(0.3, step / (step + 9))", "max(0.3, -step / (step + 9))", "2 + (1 + exp(-epoch))",
        "clamp(5 / (1 + step), 0.1, 1)", "(step - 5) / (3 - step)", "1 - sqrt(1 - progress)",
        "0.2 * (1 - 2 * cos(pi * progress)^2)", "step / pick([3, 5, 7], epoch)",
        "min(1, (1 - step / 100)^10)", "max(0, (1 - step / 100)^9)", "max(-1, (2 - epoch)^3)",
        "min(0.5, (1 - progress)^1.5)", "max(0.1, 0.3 * min(1, epoch / 7)^0.9)",
    ]  # fmt: skip
    steps = np.array([1, 2, 4, 390, 391, 3000, 17_595, 35_000])
    for text in texts:
        case = Case(text, RUN, steps)
        real = exact(case)
        assert real.known.all(), text
        assert (rounded(rates(case)) == real.single).all(), text


# every engine


@pytest.mark.parametrize("engine", [name for name in ENGINES if name != "numpy"])
@pytest.mark.parametrize(("text", "run", "steps"), REWRITTEN)
def test_engines_give_these_bits(text: str, run: Timeline, steps: list[int], engine: str) -> None:
    same_bits(text, run, steps[:4], engine)


@pytest.mark.exhaustive
@pytest.mark.parametrize("engine", [name for name in ENGINES if name != "numpy"])
@pytest.mark.parametrize("name", signatures())
def test_engines_give_the_bits_of_every_function(name: str, engine: str) -> None:
    for case in cases(name, 7, 16):
        few = case.steps[:: max(1, len(case.steps) // 30)].tolist()
        same_bits(case.text, case.run, few, engine)


def same_bits(text: str, run: Timeline, steps: list[int], engine: str) -> None:
    if not installed(engine):
        pytest.skip(f"{engine} is not installed")
    expected = bits(ENGINES["numpy"](Schedule(text), run, steps))
    assert bits(ENGINES[engine](Schedule(text), run, steps)).tolist() == expected.tolist(), text


# ten million pairs


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", signatures())
def test_ten_million_pairs(name: str, request: pytest.FixtureRequest) -> None:
    row = measure(name, 28, 7200)
    if request.config.getoption("--update-golden"):
        with locked(FIGURES.with_suffix(".lock")):
            keep(name, row)
    known = load()["functions"][name]
    assert row["pairs"] == known["pairs"] and row["wrong"] <= known["wrong"], row
    assert row["ulp32"] <= known["ulp32"] * 1.001, row


def keep(name: str, row: dict[str, Any]) -> None:
    figures = load()
    functions = figures.setdefault("functions", {})
    functions[name] = row
    figures["functions"] = {name: functions[name] for name in signatures() if name in functions}
    save(figures)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """One process at a time."""
    while True:
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL))
            break
        except FileExistsError:
            time.sleep(0.01)
    try:
        yield
    finally:
        path.unlink()
