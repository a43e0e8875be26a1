"""JAX: exact rates from 32-bit counts in jit, vmap and scan, and training with optax."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from engines import bits, units_apart

from lrdsl import Schedule, Timeline

jax = pytest.importorskip("jax")
jnp = jax.numpy

RUN = Timeline(steps_per_epoch=391, epochs=90)
TEXTS = [
    "linear(0, 0.1) for 5ep then cosine(0.1, 0.001)",
    "0.1 * 0.5^floor(epoch / 10)",
    "piecewise([30, 60, 80], [0.1, 0.01, 0.001, 1e-4])",
    "cycle(cosine(0.5^lap, 1e-5), every=10ep, growth=2)",
    "recur(0.01, prev / (1 + 0.001 * epoch))",
    "0.1 * sqrt(step) - 0.3",
    "0.1 * log(step + 1)^1.7 * (2 + sin(step))",
    "0.5^step",
    "0.3",
]
STEPS = np.arange(0, 35_190, 23)


def expected(schedule: Schedule, steps: Any = STEPS) -> Any:
    return bits(schedule.values(RUN, steps).astype(np.float32))


def scanned(rate: Callable[[Any], Any]) -> Any:
    def body(count: Any, _: None) -> tuple[Any, Any]:
        return count + 23, rate(count)

    return jax.lax.scan(body, jnp.int32(0), None, length=len(STEPS))[1]


TRANSFORMS: dict[str, Callable[[Callable[[Any], Any]], Any]] = {
    "plain": lambda rate: rate(jnp.asarray(STEPS, jnp.int32)),
    "numpy": lambda rate: rate(STEPS),
    "jit": lambda rate: jax.jit(rate)(jnp.asarray(STEPS, jnp.int32)),
    "vmap": lambda rate: jax.vmap(rate)(jnp.asarray(STEPS, jnp.int32)),
    "vmap of jit": lambda rate: jax.vmap(jax.jit(rate))(jnp.asarray(STEPS, jnp.int32)),
    "jit of vmap": lambda rate: jax.jit(jax.vmap(rate))(jnp.asarray(STEPS, jnp.int32)),
    "scan": scanned,
    "jit of scan": lambda rate: jax.jit(lambda: scanned(rate))(),
    "unsigned": lambda rate: jax.jit(rate)(jnp.asarray(STEPS, jnp.uint32)),
}


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("text", TEXTS)
def test_exact_with_jax_as_it_comes(text: str, transform: str) -> None:
    assert jax.dtypes.canonicalize_dtype(np.int64) == np.int32  # 64 bits are off outside
    schedule = Schedule(text)
    rates = TRANSFORMS[transform](schedule.to_jax(RUN))
    assert rates.dtype == jnp.float32 and rates.shape == STEPS.shape
    wrong = np.flatnonzero(bits(rates) != expected(schedule))
    assert wrong.size == 0, STEPS[wrong[:5]]
    assert jnp.zeros(1).dtype == jnp.float32  # and still are


@pytest.mark.parametrize("text", TEXTS)
def test_every_step_of_a_run(text: str) -> None:
    schedule = Schedule(text)
    steps = np.arange(RUN.total_steps or 0)
    got = bits(jax.jit(schedule.to_jax(RUN))(jnp.asarray(steps, jnp.int32)))
    assert np.array_equal(got, expected(schedule, steps))


@pytest.mark.parametrize("text", TEXTS)
def test_exact_with_64_bits_and_strict_types(text: str) -> None:
    schedule = Schedule(text)
    steps = np.array([0, 391, 35_189, 70_379])
    with (
        jax.enable_x64(True),
        jax.numpy_dtype_promotion("strict"),
        jax.numpy_rank_promotion("raise"),
    ):
        rates = jax.jit(schedule.to_jax(RUN))(jnp.asarray(steps))
        late = jax.jit(schedule.to_jax(RUN, "analytic"))(jnp.asarray([0, 35_189, 2**31 + 5]))
    assert rates.dtype == late.dtype == jnp.float32
    assert np.array_equal(bits(rates), expected(schedule, steps))
    values = schedule.values(RUN, [0, 35_189, 2**31 + 5])
    assert units_apart(late, values.astype(np.float32)).max() <= 1


def test_steps_of_any_kind_and_shape() -> None:
    schedule = Schedule("piecewise([16777217st, 3000000000st], [1, 2, 3])")
    rate = schedule.to_jax(Timeline())
    assert [float(rate(step)) for step in (0, 16777216, 16777217, 10**12)] == [1, 1, 2, 3]
    assert rate(np.int64(3 * 10**9)) == 3
    grid = np.array([[0, 16777216], [16777217, 2**31 - 1]], np.int32)
    assert rate(grid).shape == (2, 2)
    assert Schedule("0.3").to_jax(RUN)(grid).shape == (2, 2)


@pytest.mark.parametrize(("lowering", "sines"), [(None, 0), ("analytic", 1)])
def test_a_run_is_read_and_a_formula_computed(lowering: Any, sines: int) -> None:
    text = "linear(0, 0.1) for 5ep then cosine(0.1, 0)"
    program = jax.jit(Schedule(text).to_jax(RUN, lowering)).lower(jnp.int32(0)).as_text()
    assert program.count("stablehlo.sine") == sines
    assert "custom_call" not in program and "while" not in program


def test_a_gradient_passes_by() -> None:
    rate = Schedule("0.1 * 0.5^epoch").to_jax(RUN)
    slope = jax.grad(lambda x, count: x * rate(count))
    assert float(jax.jit(slope)(1.0, jnp.int32(391))) == np.float32(0.05)


def test_optax_moves_a_weight_by_the_sum_of_the_rates() -> None:
    optax = pytest.importorskip("optax")
    optimizer = optax.sgd(Schedule("0.5^step").to_jax(Timeline()))

    @jax.jit
    def update(weight: Any, state: Any) -> Any:
        updates, state = optimizer.update(jnp.float32(1), state)
        return optax.apply_updates(weight, updates), state

    weight = jnp.float32(0)
    state = optimizer.init(weight)
    for done in range(1, 6):
        weight, state = update(weight, state)
        assert weight.dtype == jnp.float32
        assert float(weight) == -sum(0.5**step for step in range(done))


def test_optax_trains_with_the_rate_of_each_step() -> None:
    """The same weights as with the rates as a table, in a scan over the whole run."""
    optax = pytest.importorskip("optax")
    run = Timeline(steps_per_epoch=20, epochs=5)
    schedule = Schedule("linear(0, 0.1) for 1ep then cosine(0.1, 0.001)")
    table = jnp.asarray(schedule.values(run), jnp.float32)
    x = jnp.asarray(np.random.default_rng(0).normal(size=(64, 8)), jnp.float32)

    def loss(weights: Any) -> Any:
        return jnp.mean((x @ weights - x[:, :1]) ** 2)

    def train(rate: Callable[[Any], Any]) -> tuple[Any, Any]:
        optimizer = optax.inject_hyperparams(optax.adam)(learning_rate=rate)

        def body(carry: Any, _: None) -> tuple[Any, Any]:
            weights, state = carry
            updates, state = optimizer.update(jax.grad(loss)(weights), state, weights)
            return (optax.apply_updates(weights, updates), state), state.hyperparams

        weights = jnp.zeros((8, 1))
        start = (weights, optimizer.init(weights))
        (weights, _), used = jax.jit(lambda: jax.lax.scan(body, start, None, length=100))()
        return weights, used["learning_rate"]

    (weights, used), (wanted, _) = train(schedule.to_jax(run)), train(lambda count: table[count])
    assert np.array_equal(used, table)
    assert np.array_equal(weights, wanted) and float(loss(weights)) < 1e-3


def test_optax_counts_updates_not_micro_batches() -> None:
    optax = pytest.importorskip("optax")
    rate = Schedule("0.5^step").to_jax(Timeline())
    optimizer = optax.MultiSteps(optax.sgd(rate), every_k_schedule=4)
    weight = jnp.float32(0)
    state = optimizer.init(weight)
    for micro in range(1, 13):
        updates, state = optimizer.update(jnp.float32(1), state)
        weight = optax.apply_updates(weight, updates)
        assert float(weight) == -sum(0.5**step for step in range(micro // 4))


def test_optax_joins_it_with_its_own() -> None:
    optax = pytest.importorskip("optax")
    warmup = Schedule("linear(0, 0.1, over=10st)").to_jax(Timeline())
    joined = optax.join_schedules([warmup, optax.constant_schedule(0.1)], [10])
    after = optax.join_schedules([optax.constant_schedule(0.1), warmup], [10])
    assert [float(joined(step)) for step in (0, 5, 30)] == pytest.approx([0, 0.05, 0.1])
    assert [float(after(step)) for step in (0, 10, 15)] == pytest.approx([0.1, 0, 0.05])
