"""Cases for the oracle: every function with many parameters, on runs from 40 to 10^12 steps."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from exact import Oracle
from numpy.typing import NDArray

from lrdsl import Schedule, ScheduleError, Timeline
from lrdsl.views.function_page import signatures

# What the exhaustive run and tests/exact_peers.py found; docs/precision.md shows it.
FIGURES = Path(__file__).with_name("precision.json")

LAST = 10**12
RUNS = [
    Timeline(steps_per_epoch=spe, epochs=epochs, batch_size=128, tokens_per_step=65_536)
    for spe, epochs in [(391, 90), (10, 4), (1000, 1000), (100, 100), (10**6 + 3, 997),
                        (10**9, 1000), (977, 1024)]
]  # fmt: skip

# What a parameter may be, by its name, or by function and name where that says too little.
RATES = ["0.1", "0.001", "1", "0.5", "3e-4", "0.06", "{:.3g}", "{:.5g}"]
NUMBERS: dict[str, list[str]] = {
    "end": ["0", "0", "1e-5", "0.01", "0.001", "{:.3g}"],
    "low": ["0.001", "1e-5", "0.01"], "high": ["0.1", "0.006", "1"],
    "from": ["0", "0.01", "0.3"], "to": ["0.01", "0.1", "1e-4"],
    "growth": ["1", "2", "1.5", "1.1", "3"], "scale": ["1", "0.5", "0.9", "0.97"],
    "limit": ["1", "3", "1e15"], "power": ["1", "2", "3", "0.5", "0.9", "1.5"],
    "k": ["1", "1.5", "2", "0.5"], "staircase": ["0", "1"], "factor": ["0.1", "0.5", "0.94"],
    "rate": ["0.96", "0.5", "0.9", "0.999", "0.1"], "decay": ["0.999", "0.99994", "0.5"],
    "alpha": ["0", "0.05", "0.3"], "beta": ["0.001", "0", "0.1"],
    "periods": ["0.5", "1", "2.5", "7"], "rise": ["0.3", "0.1", "0.45", "0.25"],
    "div": ["25", "10", "3"], "final_div": ["10000", "100", "7"], "three_phase": ["0", "1"],
    "cut": ["0.1", "0.3", "0.01"], "ratio": ["32", "10"], "size": ["512", "64", "768"],
    "seed": ["7", "42", "123456"], "n": ["100", "7", "12345"], "u": ["progress", "epoch / 7"],
    "x": ["step", "floor(epoch)"], "value": RATES,
    "tanh_decay low": ["-7", "-3", "-6"], "tanh_decay high": ["3", "2", "6"],
    "natural_exp rate": ["0.1", "0.01", "1e-3"], "inverse_time rate": ["0.5", "1e-4", "1", "3"],
    "sigmoid rate": ["0.001", "0.1", "-0.01", "1e-6"], "range_test rate": ["1", "0.1", "3"],
    "noam factor": ["1", "2", "0.5"], "power_law scale": ["4", "1", "0.3"],
    "power_law power": ["-0.51", "-0.5", "-1"], "time_based decay": ["0.0001", "0.01", "1e-6"],
    "exponential_ramp rate": ["0.1", "0.5", "0.01", "0.9"],
}  # fmt: skip
SCHEDULES = ["cosine(0.1)", "linear(0.1, 0.01)", "cosine(1, 0)", "polynomial(1, 0.1, power=2)"]
LISTS = {
    "milestones": ["[30, 60, 80]", "[10%, 50%, 50%, 90%]", "[1.5ep, 77777st]"],
}
BUILT_IN = {
    "abs": ["abs(epoch - {t})", "abs(0.1 - {r} * progress)"],
    "min": ["min({r}, {r} * epoch)", "min({r}, cosine({r}), 0.07)"],
    "max": ["max({r}, 0.1 - {r} * epoch)", "max({r}, cosine({r}))"],
    "clamp": ["clamp(0.1 - {r} * epoch, 0.01, 0.05)", "clamp(cosine(1), 0.2, {r} + 0.2)"],
    "floor": ["{r} * 0.5^floor(epoch / {n})", "{r} / (1 + floor(step / {n}))"],
    "ceil": ["{r} * 0.5^ceil(epoch / {n})", "{r} / (1 + ceil(step / {f}))"],
    "round": ["{r} * 0.5^round(epoch / {n})", "{r} / (1 + round(step / {f}))"],
    "sqrt": ["{r} / sqrt(1 + epoch)", "{r} * sqrt(step / {n})", "{r} / sqrt(step + {f})"],
    "exp": ["{r} * exp(-{r} * epoch)", "{r} * exp(-progress)", "exp(-{n} * progress^2)"],
    "log": ["{r} / (1 + log(1 + epoch))", "{r} * log(2 + step / {n})"],
    "sin": ["{r} * sin(pi / 2 * (1 - progress))", "{r} * sin(pi * epoch / {n})",
            "{r} * sin(step / {n})"],
    "cos": ["{r} / 2 * (1 + cos(pi * min(1, progress)))", "{r} * cos(pi * epoch / {n})",
            "{r} + 0.1 * cos(epoch)"],
    "tanh": ["{r} * (1 - tanh(3 * min(1, progress)))", "{r} * tanh(0.1 + epoch / {n})"],
    "mod": ["{r} * 0.9^mod(epoch, {n})", "{r} * (1 + mod(step, {f}))"],
    "piecewise": ["piecewise([30, 60], [0.1, {r}, {r}])", "piecewise([1.37, 50%], [1, 0.1, {r}])",
                  "piecewise([16777217st, 99%], [0.3, {r}, {r}])"],
    "interp": ["interp([0, 1.5, 80%], [0, {r}, 0.001])", "interp([7st, 50%], [{r}, {r}])"],
    "pick": ["pick([0.1, {r}, {r}], epoch / {n})", "pick([0.3, {r}], step / {f})"],
    "passed": ["{r} * 0.1^passed([30, 60, 80%])", "{r} / (1 + passed([3st, 1ep, 50%]))"],
    "cycle": ["cycle(cosine({r}, 0), every={T}, growth={g})", "cycle({r} * 0.5^lap, every={T})",
              "cycle(linear(0, {r}) for 10st then cosine({r}), every={T})",
              "warmup({T}) * cycle({r} * (1 - t / span)^2, every={T}, growth={g})"],
    "at": ["at({r} * 0.5^epoch, t - {T} if t > {T} else 0ep)", "at(cosine({r}), t + {T})"],
    "recur": ["recur({r}, prev / (1 + 0.0001 * epoch), every=5%)",
              "recur({r}, prev * 0.95 + 0.001, every=3%)"],
}  # fmt: skip
AROUND = [
    "{}", "{}", "{}", "{}", "linear(0, 0.1) for {T} then {}", "warmup({T}) * ({})",
    "cycle({}, every={T}, growth={g})", "{} for 37% then 0.01", "0.5 * ({})",
]  # fmt: skip
# Random integers, not rates; recurrences do not stand in cycles.
PLAIN = {"noise", "normal_noise", "scramble", "recur", "time_based"}


def load() -> dict[str, Any]:
    return json.loads(FIGURES.read_text(encoding="utf-8")) if FIGURES.exists() else {}


def save(figures: dict[str, Any]) -> None:
    """One row a line, so that differences can be read."""
    parts = []
    for name, rows in figures.items():
        if isinstance(rows, list):
            lines = [json.dumps(row) for row in rows]
        else:
            lines = [f"{json.dumps(key)}: {json.dumps(row)}" for key, row in rows.items()]
        ends = "[]" if isinstance(rows, list) else "{}"
        body = ",\n  ".join(lines)
        parts.append(f" {json.dumps(name)}: {ends[0]}\n  {body}\n {ends[1]}")
    FIGURES.write_text("{\n" + ",\n".join(parts) + "\n}\n", encoding="utf-8", newline="\n")


@dataclass(frozen=True)
class Case:
    """A schedule on a run, and steps to look at."""

    text: str
    run: Timeline
    steps: NDArray[np.int64]


class Draw:
    """Random parameters of one function, always the same ones."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.rng = np.random.default_rng([ord(letter) for letter in name])

    def of(self, options: list[str]) -> str:
        text = options[int(self.rng.integers(len(options)))]
        return text.format(10 ** self.rng.uniform(-4, 0)) if ":" in text else text

    def time(self) -> str:
        x = self.rng.random()
        forms = [f"{1 + int(9 * x)}ep", f"{5 * (1 + int(9 * x))}%", f"{int(10 ** (1 + 4 * x))}st",
                 f"{0.5 + 7 * x:.3g}ep", f"{x + 0.5:.4g}%", "333.5st"]  # fmt: skip
        return self.of(forms)

    def filled(self, text: str) -> str:
        """A template: {r} a rate, {n} a whole number, {f} a real one, {T} a time, {g} a growth."""
        choices = {
            "{r}": lambda: self.of(RATES), "{n}": lambda: str(int(self.rng.integers(1, 2000))),
            "{f}": lambda: f"{self.rng.uniform(1.1, 50):.3g}", "{T}": self.time,
            "{t}": lambda: str(int(self.rng.integers(1, 30))),
            "{g}": lambda: self.of(["1", "2", "1.5"]),
        }  # fmt: skip
        for key, choose in choices.items():
            while key in text:
                text = text.replace(key, choose(), 1)
        return text

    def argument(self, name: str, kind: str) -> str:
        match kind:
            case "time":
                return self.time()
            case "schedule":
                return self.of(SCHEDULES)
            case "times" | "numbers":
                return self.of(LISTS.get(name, LISTS["milestones"]))
        return self.of(NUMBERS.get(f"{self.name} {name}", NUMBERS.get(name, RATES)))

    def call(self) -> str:
        if self.name in BUILT_IN:
            return self.filled(self.of(BUILT_IN[self.name]))
        given = [f"{each.name}={self.argument(each.name, each.type)}"
                 for each in signatures()[self.name].parameters
                 if each.default is None or self.rng.random() < 0.6]  # fmt: skip
        return f"{self.name}({', '.join(given)})"

    def text(self) -> str:
        around = "{}" if self.name in PLAIN else self.of(AROUND)
        return self.filled(around.replace("{}", self.call()))

    def steps(self, run: Timeline, text: str, count: int) -> NDArray[np.int64]:
        """Small ones, both sides of epochs, percents and boundaries, ends, tails, random ones."""
        total, epoch = run.total_steps or 1, run.steps_per_epoch or 1
        quarter = count // 4
        uniform = self.rng.integers(0, total, quarter)
        far = 10 ** self.rng.uniform(0, np.log10(LAST), quarter)
        edges = np.concatenate([
            epoch * self.rng.integers(1, LAST // epoch, quarter // 8),
            epoch * np.arange(1, quarter // 8),
            total * np.arange(1, 101) // 100,
            self.changes(text, run, total, quarter // 4),
            2 ** np.arange(1, 40),
        ])  # fmt: skip
        near = np.concatenate([edges + d for d in (-1, 0, 1)])
        ends = [np.arange(quarter // 8), total - np.arange(quarter // 8), LAST - np.arange(9)]
        steps = np.concatenate([uniform, far.astype(np.int64), near, *ends])
        return np.unique(steps[(steps >= 0) & (steps <= LAST)]).astype(np.int64)

    def changes(self, text: str, run: Timeline, total: int, count: int) -> NDArray[np.int64]:
        """The steps at which the rate changes most: its restarts and boundaries, by bisection."""
        schedule = Schedule(text)
        grid = np.unique(np.linspace(0, min(3 * total, LAST), 4096).astype(np.int64))
        jumps = np.argsort(-np.abs(np.diff(schedule.values(run, grid))), kind="stable")[:count]
        low, high = grid[:-1][jumps], grid[1:][jumps]
        while (high - low).max() > 1:
            middle = (low + high) // 2
            a, b, c = (schedule.values(run, each) for each in (low, middle, high))
            before = np.abs(b - a) > np.abs(c - b)
            low, high = np.where(before, low, middle), np.where(before, middle, high)
        return high


def cases(name: str, many: int, steps: int) -> Iterator[Case]:
    """`many` cases of about `steps` steps for a function; refused parameters are drawn again."""
    draw, signature = Draw(name), signatures()[name]
    made = 0
    for run in [*RUNS] * many:
        text = signature.example if made == 0 else draw.text()
        try:
            Schedule(text).bind(run)
        except ScheduleError:
            continue
        if made == many:
            return
        made += 1
        yield Case(text, run, draw.steps(run, text, steps))


@dataclass(frozen=True)
class Exact:
    """The oracle's answer for a case: the float32, and the real number as first + second."""

    known: NDArray[np.bool_]
    single: NDArray[np.float32]
    first: NDArray[np.float64]
    second: NDArray[np.float64]
    undecided: int


def exact(case: Case) -> Exact:
    oracle = Oracle(case.text, case.run)
    answers = [oracle.exactly(step) for step in case.steps.tolist()]
    known = np.array([answer is not None for answer in answers])
    rows = np.array([answer or (0.0, 0.0, 0.0) for answer in answers], np.float64)
    return Exact(known, rows[:, 0].astype(np.float32), rows[:, 1], rows[:, 2], oracle.undecided)


def off(got: NDArray[Any], real: Exact, kind: type) -> NDArray[np.float64]:
    """How far `got` is from the real number, in units in the last place (ulp) of `kind`.

    At most 0.5 where the rounding is correct; a rate below the smallest normal float32 counts in
    the units of that one, and 0 is right for it.
    """
    with np.errstate(all="ignore"):
        size = np.maximum(np.abs(real.first), np.finfo(np.float32).tiny)
        unit = np.exp2(np.floor(np.log2(size)) - np.finfo(kind).nmant)
        away = np.abs((np.asarray(got, np.float64) - real.first) - real.second) / unit
    away[np.isnan(away)] = np.inf
    far = np.isinf(real.single) & (got == real.single)
    away[~real.known | far | ((real.single == 0) & (got == 0))] = 0
    return away


def rates(case: Case) -> NDArray[np.float64]:
    return Schedule(case.text).values(case.run, case.steps)


def rounded(values: NDArray[np.float64]) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):
        return values.astype(np.float32)


def measure(name: str, many: int, steps: int) -> dict[str, Any]:
    """The row of a function: pairs, how many of them are wrong, and the worst of all."""
    row: dict[str, Any] = {"pairs": 0, "undecided": 0, "wrong": 0, "ulp32": 0.0, "ulp64": 0.0}
    for case in cases(name, many, steps):
        real, values = exact(case), rates(case)
        single = rounded(values)
        wrong = real.known & (single != real.single)
        row["pairs"] += int(real.known.sum())
        row["undecided"] += real.undecided
        row["wrong"] += int(wrong.sum())
        for key, away in (
            ("ulp32", off(single, real, np.float32)),
            ("ulp64", np.where(single == 0, 0, off(values, real, np.float64))),
        ):
            worst = int(away.argmax())
            if away[worst] > row[key]:
                row[key] = float(away[worst])
                row[f"at {key}"] = [case.text, case.run.total_steps, int(case.steps[worst])]
    return row
