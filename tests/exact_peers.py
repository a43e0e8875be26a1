"""How far the schedules of Keras, optax and torch are off, on the same steps as ours.

Run by hand where the libraries are installed; each run rewrites the rows of those it finds:

    python tests/exact_peers.py
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

import numpy as np
from exact_cases import Case, Draw, exact, load, off, rates, rounded, save
from numpy.typing import NDArray

from lrdsl import Timeline

RUN = Timeline(steps_per_epoch=391, epochs=90)
TOTAL, EPOCH = 35_190, 391
BANDS = {"early": (0, 2**24), "late": (2**24, 10**12)}

Rates = Callable[[NDArray[np.int64]], Any]


@dataclass(frozen=True)
class Peer:
    """A schedule of another library, and what it is here."""

    name: str
    text: str
    make: Callable[[], Any]


def keras_peers() -> Iterator[Peer]:
    from keras.optimizers import schedules as s

    every = 10 * EPOCH
    yield Peer("ExponentialDecay", "exponential(0.1, 0.96, every=2ep)",
               lambda: s.ExponentialDecay(0.1, 2 * EPOCH, 0.96))  # fmt: skip
    yield Peer("ExponentialDecay, staircase", "step_decay(0.1, 0.96, every=2ep)",
               lambda: s.ExponentialDecay(0.1, 2 * EPOCH, 0.96, staircase=True))  # fmt: skip
    yield Peer("ExponentialDecay, staircase of 41 steps", "step_decay(0.1, 0.999, every=41st)",
               lambda: s.ExponentialDecay(0.1, 41, 0.999, staircase=True))  # fmt: skip
    yield Peer("InverseTimeDecay, staircase", "inverse_time(0.1, 0.5, staircase=1)",
               lambda: s.InverseTimeDecay(0.1, EPOCH, 0.5, staircase=True))  # fmt: skip
    yield Peer("PolynomialDecay", "polynomial(0.1, 0.001, power=2)",
               lambda: s.PolynomialDecay(0.1, TOTAL, 0.001, power=2.0))  # fmt: skip
    yield Peer("PolynomialDecay, cycle", "polynomial_cycle(0.1, 0.001, power=2, over=10ep)",
               lambda: s.PolynomialDecay(0.1, every, 0.001, power=2.0, cycle=True))  # fmt: skip
    yield Peer("CosineDecay", "cosine(0.1)", lambda: s.CosineDecay(0.1, TOTAL))
    warm = {"warmup_target": 0.1, "warmup_steps": 5 * EPOCH}
    yield Peer("CosineDecay, warm-up", "linear(0, 0.1) for 5ep then cosine(0.1)",
               lambda: s.CosineDecay(0.0, 85 * EPOCH, **warm))  # fmt: skip
    yield Peer("CosineDecayRestarts", "cosine_restarts(0.1, 0.001, every=1000st)",
               lambda: s.CosineDecayRestarts(0.1, 1000, t_mul=1.0, alpha=0.01))  # fmt: skip
    yield Peer("CosineDecayRestarts, t_mul=2",
               "cosine_restarts(0.1, 0.001, every=1000st, growth=2)",
               lambda: s.CosineDecayRestarts(0.1, 1000, t_mul=2.0, alpha=0.01))  # fmt: skip
    yield Peer("PiecewiseConstantDecay", "piecewise([11731st, 23461st], [0.1, 0.01, 0.001])",
               lambda: s.PiecewiseConstantDecay([11730, 23460], [0.1, 0.01, 0.001]))  # fmt: skip


def optax_peers() -> Iterator[Peer]:
    import optax as o

    yield Peer("exponential_decay", "exponential(0.1, 0.96, every=2ep)",
               lambda: o.exponential_decay(0.1, 2 * EPOCH, 0.96))  # fmt: skip
    yield Peer("exponential_decay, staircase", "step_decay(0.1, 0.96, every=2ep)",
               lambda: o.exponential_decay(0.1, 2 * EPOCH, 0.96, staircase=True))  # fmt: skip
    yield Peer("polynomial_schedule", "polynomial(0.1, 0.001, power=2)",
               lambda: o.polynomial_schedule(0.1, 0.001, 2, TOTAL))  # fmt: skip
    yield Peer("linear_schedule", "linear(0.1, 0)", lambda: o.linear_schedule(0.1, 0.0, TOTAL))
    yield Peer("cosine_decay_schedule", "cosine(0.1)", lambda: o.cosine_decay_schedule(0.1, TOTAL))
    yield Peer("warmup_cosine_decay_schedule", "linear(0, 0.1) for 5ep then cosine(0.1)",
               lambda: o.warmup_cosine_decay_schedule(0.0, 0.1, 5 * EPOCH, TOTAL))  # fmt: skip
    yield Peer("piecewise_constant_schedule", "piecewise([30, 60], [0.1, 0.01, 0.001])",
               lambda: o.piecewise_constant_schedule(0.1, {11730: 0.1, 23460: 0.1}))  # fmt: skip


def torch_peers() -> Iterator[Peer]:
    from torch.optim import lr_scheduler as s

    yield Peer("ExponentialLR", "exponential(0.1, 0.9999, every=1st)",
               lambda: lambda o: s.ExponentialLR(o, 0.9999))  # fmt: skip
    yield Peer("StepLR", "step_decay(0.1, 0.96, every=2ep)",
               lambda: lambda o: s.StepLR(o, 2 * EPOCH, 0.96))  # fmt: skip
    yield Peer("LinearLR", "linear(0.001, 0.1)",
               lambda: lambda o: s.LinearLR(o, 0.01, 1.0, TOTAL))  # fmt: skip
    yield Peer("PolynomialLR", "polynomial(0.1, power=2)",
               lambda: lambda o: s.PolynomialLR(o, TOTAL, 2))  # fmt: skip
    yield Peer("CosineAnnealingLR", "cosine_annealing(0.1)",
               lambda: lambda o: s.CosineAnnealingLR(o, TOTAL))  # fmt: skip
    yield Peer("CosineAnnealingWarmRestarts", "cosine_restarts(0.1, every=10ep, growth=2)",
               lambda: lambda o: s.CosineAnnealingWarmRestarts(o, 10 * EPOCH, 2))  # fmt: skip


def keras_eager(schedule: Any) -> Rates:
    import tensorflow as tf

    return lambda steps: [schedule(tf.constant(step, tf.int64)).numpy() for step in steps]


def keras_graph(schedule: Any) -> Rates:
    """A tf.function that asks for one step after another, as a training loop does."""
    import tensorflow as tf

    @tf.function(input_signature=[tf.TensorSpec([None], tf.int64)])
    def every(steps: Any) -> Any:
        rates = tf.TensorArray(tf.float32, tf.size(steps))
        for i in tf.range(tf.size(steps)):
            rates = rates.write(i, schedule(steps[i]))
        return rates.stack()

    return lambda steps: every(steps).numpy()


def optax_jit(schedule: Any) -> Rates:
    import jax

    every = jax.jit(lambda steps: jax.lax.map(schedule, steps))
    return lambda steps: np.asarray(every(steps.astype(np.int32)))


def torch_steps(make: Any) -> Rates:
    """One `step()` after another, as they are written: the rates are float64."""
    import torch

    def every(steps: NDArray[np.int64]) -> Any:
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
        scheduler = make(optimizer)
        found = []
        for _ in range(int(steps.max()) + 1):
            found.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            scheduler.step()
        return np.array(found, np.float64)[steps].astype(np.float32)

    return every


# Library, mode, schedules, how they are asked, how many steps and up to where.
MODES: list[tuple[str, str, Any, Any, int, int]] = [
    ("keras", "eager", keras_peers, keras_eager, 1_000, 10**12),
    ("keras", "tf.function", keras_peers, keras_graph, 20_000, 10**12),
    ("optax", "jit", optax_peers, optax_jit, 20_000, 2**31 - 1),
    ("torch", "step()", torch_peers, torch_steps, 20_000, 100_000),
]


def row(library: str, mode: str, peer: Peer, ask: Any, many: int, last: int) -> dict[str, Any]:
    """Shares of wrong float32 and the worst error in ulp, before and after step 2^24."""
    steps = Draw(peer.name).steps(RUN, peer.text, many)
    case = Case(peer.text, RUN, steps[steps <= last])
    real = exact(case)
    got = np.asarray(ask(peer.make())(case.steps), np.float32)
    mine = rounded(rates(case))
    found: dict[str, Any] = {"peer": library, "mode": mode, "name": peer.name, "text": peer.text}
    for band, (low, high) in BANDS.items():
        inside = (case.steps >= low) & (case.steps < high) & real.known
        if inside.any():
            wrong, away = got != real.single, off(got, real, np.float32)
            found[band] = {
                "steps": int(inside.sum()),
                "wrong": int(wrong[inside].sum()),
                "ulp32": float(away[inside].max()),
                "ours": int((mine != real.single)[inside].sum()),
            }
    return found


def pictured() -> dict[str, Any]:
    """The rates of Keras that the pictures of docs/precision.md show."""
    from keras.optimizers import schedules as s

    shown: dict[str, Any] = {}
    restarts = s.CosineDecayRestarts(0.1, 1000, t_mul=2.0, alpha=0.01)
    steps = np.arange(4_094_980, 4_095_021)
    shown["restart"] = {"steps": steps.tolist(), "eager": floats(keras_eager(restarts)(steps)),
                        "graph": floats(keras_graph(restarts)(steps))}  # fmt: skip
    triangle = s.CosineDecayRestarts(0.1, 40, t_mul=1.0, alpha=0.01)
    steps = np.arange(2**26, 2**26 + 161)
    shown["steps"] = {"steps": steps.tolist(), "eager": floats(keras_eager(triangle)(steps))}
    tail = s.CosineDecay(0.1, 100_000)
    steps = np.arange(99_940, 100_000)
    shown["tail"] = {"steps": steps.tolist(), "graph": floats(keras_graph(tail)(steps))}
    smooth = s.ExponentialDecay(0.1, 10**7, 0.999)
    stairs = s.CosineDecayRestarts(0.1, 1000, t_mul=1.0, alpha=0.01)
    steps = np.unique(np.geomspace(1, 10**12, 1500).astype(np.int64))
    shown["errors"] = {"steps": steps.tolist(), "exponential": floats(keras_graph(smooth)(steps)),
                       "restarts": floats(keras_graph(stairs)(steps))}  # fmt: skip
    return shown


def floats(values: Any) -> list[float]:
    return [float(f"{value:.9g}") for value in values]


def main() -> None:
    figures = load()
    known = {f"{r['peer']} {r['mode']} {r['name']}": r for r in figures.get("peers", [])}
    versions = figures.setdefault("versions", {})
    for library, mode, peers, ask, many, last in MODES:
        needs = "tensorflow" if library == "keras" else library
        if not find_spec(needs):
            continue
        versions |= {name: version(name) for name in {library, needs}}
        for peer in peers():
            known[f"{library} {mode} {peer.name}"] = row(library, mode, peer, ask, many, last)
            print(known[f"{library} {mode} {peer.name}"])
    if find_spec("tensorflow"):
        figures["pictured"] = pictured()
    figures["peers"] = list(known.values())
    save(figures)


if __name__ == "__main__":
    main()
