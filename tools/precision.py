"""Make the tables and pictures of `docs/precision.md`: `python tools/precision.py`, two minutes.

What a rate should be is the float64 of NumPy; a unit is the distance between a float32 and the
next one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from drawing import Axis, Line, drawing, stairs

from lrdsl import Schedule, Timeline

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

DOCS = Path(__file__).parents[1] / "docs"
EPOCH, RUN = 391, Timeline(steps_per_epoch=391, epochs=90)
LONG = Timeline(total_steps=50_000_000)
RESTARTS = "cosine_restarts(0.1, 0.001, every={}st, growth={})"

Rates = Callable[[Any], Any]  # from an array of steps to their float32 rates

FORMULAS = (
    "0.05 + 0.04 * sin(pi * progress * 30)",
    "cosine(0.1)",
    "0.1 * 0.01^progress",
    "0.1 * 0.97^floor(step / 10000)",
    "noam(512, over=4000st)",
    "inverse_time(0.1, 0.5, every=1000st)",
    "cosine_restarts(0.1, 0.001, every=1000st, growth=2)",
)


def ours(text: str, steps: Any, run: Timeline = LONG) -> Any:
    """Our rates in float64."""
    return Schedule(text).values(run, np.asarray(steps))


def units(rates: Any, right: Any) -> Any:
    """How many units float32 rates are from float64 ones."""
    nearest = np.abs(right).astype(np.float32)
    return np.abs(rates.astype(np.float64) - right) / np.spacing(nearest).astype(np.float64)


# Steps one by one, as a training loop asks for them


def in_graph(schedule: Any, xla: bool = False) -> Rates:
    """Rates by a `tf.function`."""
    import tensorflow as tf

    def every(steps: Any) -> Any:
        size = steps.shape[0]
        rates = tf.TensorArray(tf.float32, size, element_shape=())

        def body(i: Any, rates: Any) -> Any:
            return i + 1, rates.write(i, schedule(steps[i]))

        return tf.while_loop(lambda i, _: i < size, body, (0, rates))[1].stack()

    function = tf.function(every, autograph=False, jit_compile=xla, reduce_retracing=True)
    return lambda steps: function(tf.constant(steps, tf.int64)).numpy()


def in_jax(schedule: Any) -> Rates:
    """Rates by `jax.jit`."""
    import jax

    every = jax.jit(lambda steps: jax.lax.map(schedule, steps))
    return lambda steps: np.asarray(every(np.asarray(steps, np.int32)))


# Tables


def tables() -> dict[str, str]:
    """The generated parts of the page, by the name of their place."""
    return {"engines": _engines(), "peers": "\n".join(_peers())}


def _engines() -> str:
    """Formulas at 200,000 late steps: random ones of the second half, and the last."""
    total = LONG.total_steps or 0
    random = np.random.default_rng(0).integers(total // 2, total, 100_000)
    steps = np.concatenate([random, np.arange(total - 100_000, total)])
    away = []
    for text in FORMULAS:
        expected = _place(ours(text, steps).astype(np.float32))
        made = Schedule(text)
        rate = made.to_tf(LONG)
        for rates in in_graph(rate), in_graph(rate, xla=True), in_jax(made.to_jax(LONG)):
            away.append(np.abs(_place(rates(steps)) - expected))
    differ = sum(np.count_nonzero(each) for each in away)
    most = max(int(each.max()) for each in away)
    said = f"{differ:,} differ, by at most {most} units" if differ else "none differs"
    return f"Of {sum(each.size for each in away):,} float32 rates, {said} from NumPy's."


def _place(rates: Any) -> Any:
    """Where positive float32 numbers stand among all of them."""
    return np.ascontiguousarray(rates).view(np.int32).astype(np.int64)


def _peers() -> Iterator[str]:
    """Peers at every step of a usual run: what is not the float64 rounded once."""
    steps = np.arange(RUN.total_steps or 0)
    yield "| peer | here | rates that are others | largest distance, units | relative |"
    yield "|---|---|---:|---:|---:|"
    for name, text, rates in _compared():
        right = ours(text, steps, RUN)
        found = rates(steps)
        wrong = np.count_nonzero(found != right.astype(np.float32)) / steps.size
        away = units(found, right).max()
        some = right > 0
        relative = (np.abs(found - right)[some] / right[some]).max()
        yield f"| {name} | `{text}` | {wrong:.0%} | {_short(away)} | {_short(relative)} |"


def _compared() -> Iterator[tuple[str, str, Rates]]:
    import optax
    from keras.optimizers import schedules as keras

    total, every = RUN.total_steps or 0, 2 * EPOCH
    warm = "linear(0, 0.1) for 5ep then cosine(0.1, 1e-5)"
    peers = [
        (keras.ExponentialDecay(0.1, every, 0.96), "exponential(0.1, 0.96, every=2ep)"),
        (keras.PolynomialDecay(0.1, total, 0.001, power=2.0), "polynomial(0.1, 0.001, power=2)"),
        (
            keras.CosineDecay(0.0, total - 5 * EPOCH, 1e-4, warmup_target=0.1, warmup_steps=1955),
            warm,
        ),
        (keras.CosineDecayRestarts(0.1, 1000, 1.0, alpha=0.01), RESTARTS.format(1000, 1)),
    ]
    for schedule, text in peers:
        yield f"Keras `{type(schedule).__name__}`", text, in_graph(schedule)
    for name, arguments, text in [
        ("exponential_decay", (0.1, every, 0.96), "exponential(0.1, 0.96, every=2ep)"),
        ("polynomial_schedule", (0.1, 0.001, 2, total), "polynomial(0.1, 0.001, power=2)"),
        ("warmup_cosine_decay_schedule", (0.0, 0.1, 5 * EPOCH, total, 1e-5), warm),
    ]:
        yield f"optax `{name}`", text, in_jax(getattr(optax, name)(*arguments))


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2g}"


# Pictures

RATE = Axis("rate", [(0, "0"), (0.05, "0.05"), (0.1, "0.1")], 0, 0.1)


def pictures() -> dict[str, str]:
    """The SVG text of each picture, by file name."""
    return {
        "steps.svg": _steps(), "restart.svg": _restart(),
        "tail.svg": _tail(), "errors.svg": _errors(),
    }  # fmt: skip


def _steps() -> str:
    from keras.optimizers.schedules import CosineDecayRestarts

    after, steps = list(range(161)), np.arange(161) + 2**26
    theirs = in_graph(CosineDecayRestarts(0.1, 40, 1.0, alpha=0.01))(steps)
    lines = [
        Line("Keras CosineDecayRestarts", "peer", *stairs(after, theirs)),
        Line("lrdsl", "lrdsl", *stairs(after, ours(RESTARTS.format(40, 1), steps))),
    ]
    x = Axis("steps after 67,108,864 (2²⁶)", [(k, str(k)) for k in range(0, 161, 40)], 0, 161)
    return drawing("A cosine of 40 steps where float32 knows every 8th step", x, RATE, lines)


def _restart() -> str:
    from keras.optimizers.schedules import CosineDecayRestarts

    beside, steps = list(range(-8, 9)), np.arange(-8, 9) + 4_095_000
    theirs = in_graph(CosineDecayRestarts(0.1, 1000, 2.0, alpha=0.01))(steps)
    lines = [
        Line("Keras CosineDecayRestarts, tf.function", "peer", *stairs(beside, theirs)),
        Line("lrdsl", "lrdsl", *stairs(beside, ours(RESTARTS.format(1000, 2), steps))),
    ]
    x = Axis("steps from the restart at 4,095,000", [(k, str(k)) for k in range(-8, 9, 4)], -8, 9)
    return drawing("A restart that comes two steps early in a graph", x, RATE, lines)


def _tail() -> str:
    from keras.optimizers.schedules import CosineDecay

    total = 100_000
    steps = np.arange(total - 60, total)
    left = [total - int(step) for step in steps]
    lines = [
        Line("Keras CosineDecay, tf.function", "peer", left,
             in_graph(CosineDecay(0.1, total))(steps)),
        Line("lrdsl", "lrdsl", left, ours("cosine(0.1)", steps, Timeline(total_steps=total))),
    ]  # fmt: skip
    x = Axis("steps left, of 100,000", [(60, "60"), (40, "40"), (20, "20"), (1, "1")], 60, 1)
    ticks = [(1e-7, "10⁻⁷"), (1e-8, "10⁻⁸"), (1e-9, "10⁻⁹"), (1e-10, "10⁻¹⁰"), (1e-11, "0")]
    y = Axis("rate", ticks, 1e-11, 1e-7, log=True)
    return drawing("The last 60 of 100,000 steps of a cosine", x, y, lines)


def _errors() -> str:
    from keras.optimizers import schedules as keras

    edges = np.geomspace(1, 1e10, 61)
    random = np.random.default_rng(0).uniform(edges[:-1], edges[1:], (40, 60))
    steps = random.astype(np.int64)
    peers = [
        ("Keras CosineDecayRestarts(0.1, 1000)", "peer", RESTARTS.format(1000, 1),
         keras.CosineDecayRestarts(0.1, 1000, 1.0, alpha=0.01)),
        ("Keras ExponentialDecay(0.1, 10⁷, 0.999)", "other",
         "exponential(0.1, 0.999, every=1e7st)", keras.ExponentialDecay(0.1, 10**7, 0.999)),
    ]  # fmt: skip
    lines = []
    for name, kind, text, schedule in peers:
        found = in_graph(schedule)(steps.ravel()).reshape(steps.shape)
        away = units(found, ours(text, steps)).max(axis=0)
        lines.append(Line(name, kind, edges[1:].tolist(), away.tolist()))
    lines.append(Line("half a unit: rounded once", "lrdsl", [1, 1e10], [0.5, 0.5]))
    x = Axis("step", [(1, "1"), (1e3, "10³"), (1e6, "10⁶"), (2**24, "2²⁴"), (1e10, "10¹⁰")],
             1, 1e10, log=True)  # fmt: skip
    y = Axis("units", [(0.5, "½"), (1e3, "10³"), (1e6, "10⁶"), (1e9, "10⁹")], 0.1, 2e9, log=True)
    return drawing("How far the float32 of two Keras schedules is off", x, y, lines)


def fill_in(page: str, parts: dict[str, str]) -> str:
    """The page with the text between each pair of marks new."""
    for name, text in parts.items():
        mark = rf"(<!-- {name}: [^>]*-->\n).*?(<!-- end -->)"
        fresh = f"\n{text}\n\n".replace("\\", r"\\")
        page, found = re.subn(mark, rf"\1{fresh}\2", page, flags=re.S)
        assert found == 1, name
    return page


if __name__ == "__main__":
    for name, text in pictures().items():
        (DOCS / "precision" / name).write_text(text, encoding="utf-8")
    page = DOCS / "precision.md"
    page.write_text(fill_in(page.read_text(encoding="utf-8"), tables()), encoding="utf-8")
