"""The graph of a rate: how many ops it executes, which ones, and how often it is emitted."""

from __future__ import annotations

import gc
import resource
import weakref
from collections import Counter
from typing import Any

import numpy as np
import pytest
from functions import EXAMPLES

from lrdsl import Schedule, Timeline

tf = pytest.importorskip("tensorflow")
keras = pytest.importorskip("keras")

from graphs import executed_ops  # noqa: E402
from op_counts import counts, rows  # noqa: E402
from op_counts import executed as ops  # noqa: E402

RUN = Timeline(steps_per_epoch=391, epochs=90, batch_size=128, tokens_per_step=65_536)


def of_text(text: str, run: Timeline = RUN, lowering: Any = None) -> Counter[str]:
    return ops(Schedule(text).to_keras(run, lowering=lowering))


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["expr"])
def test_a_rate_takes_no_more_ops_than_it_did(row: dict[str, Any]) -> None:
    assert counts(row) == row["ops"], "python tools/regenerate.py"
    assert row["ops"]["ours"] <= 3


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_run_is_one_gather(name: str) -> None:
    text = EXAMPLES[name]
    rate = Schedule(text).to_keras(RUN)
    count = ops(rate)
    assert count.total() <= 3 and set(count) <= {
        "ReadVariableOp", "Minimum", "Bucketize", "GatherV2",
    }  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "0.1", "0.1 * 2^-3", "x / 3 where x = 0.3", "0.1 if 1 < 2 else step",
        "0.3 * mod(step + 1, 1)^1.5", "0.3 * -mod(step, 1)^0.7",
    ],
)  # fmt: skip
def test_a_constant_takes_no_ops(text: str) -> None:
    for lowering in (None, "table", "analytic"):
        assert of_text(text, Timeline(), lowering).total() == 0
    steps = tf.constant([[0, 1], [7, 10**9]], tf.int64)
    assert tf.function(Schedule(text).to_tf(Timeline()))(steps).shape == (2, 2)


@pytest.mark.parametrize(
    ("text", "most"),
    [
        ("0.01 * 0.5^floor(epoch/10)", 3),
        ("0.1 for 3ep then 0.2 for 5ep then 0.3 for 1ep then 0.05", 3),
        ("piecewise([1, 2], [1, 2, 3]) * 0.1^passed([4, 8]) + (0.1 if epoch < 7 else 0)", 3),
        ("cycle(0.1 * 0.5^lap, every=10ep, growth=2)", 5),
        ("hold(cosine(0.1, 0), every=3ep)", 3),
        ("piecewise([1, 200000], [0.1, 0.2, 0.3])", 5),
        ("recur(0.1, prev * 0.9)", 3),
    ],
)
def test_what_is_piecewise_constant_is_one_search(text: str, most: int) -> None:
    run = Timeline(steps_per_epoch=391, epochs=1000)
    count = of_text(text, run)
    assert count.total() <= most and count["GatherV2"] == 1
    assert set(count) <= {
        "ReadVariableOp", "Cast", "AddV2", "Bucketize", "GatherV2", "UpperBound", "Reshape",
    }  # fmt: skip


@pytest.mark.parametrize("parts", [3, 100, 1000])
def test_the_number_of_parts_does_not_matter(parts: int) -> None:
    values = [str(k) for k in range(parts)]
    boundaries = ", ".join(str(k) for k in range(1, parts))
    pieces = of_text(f"piecewise([{boundaries}], [{', '.join(values)}])")
    assert pieces == {"ReadVariableOp": 1, "Bucketize": 1, "GatherV2": 1}
    if parts <= 100:
        sequence = of_text(" then ".join([f"{each} for 1ep" for each in values[:-1]] + values[-1:]))
        assert sequence == pieces


@pytest.mark.parametrize("name", EXAMPLES)
def test_no_op_waits_for_the_host(name: str) -> None:
    """On a GPU, conditionals and int32 arithmetic are in the memory of the host."""
    for lowering in (None, "analytic"):
        rate = Schedule(EXAMPLES[name]).to_keras(RUN, lowering=lowering)
        graph = tf.function(rate).get_concrete_function(tf.TensorSpec([], tf.int64)).graph
        for op in graph.get_operations():
            assert op.type not in {"If", "StatelessIf", "While", "Switch", "PyFunc", "EagerPyFunc"}
            if op.type not in {
                "ArgMin", "Bucketize", "Cast", "Const", "GatherV2", "Identity", "Reshape",
            }:  # fmt: skip
                assert tf.int32 not in {each.dtype for each in op.inputs}, op.type
            assert not op.device


def optimizer_of(rate: Any, variables: int) -> tuple[Any, Any]:
    weights = [keras.Variable(np.ones((2, 2), "f")) for _ in range(variables)]
    optimizer = keras.optimizers.AdamW(rate)
    optimizer.build(weights)

    def step() -> None:
        optimizer.apply([tf.ones((2, 2))] * variables, weights)

    return optimizer, step


@pytest.mark.parametrize("lowering", ["table", "analytic"])
def test_weight_decay_does_not_copy_the_schedule(lowering: Any) -> None:
    text = "linear(0, 0.1) for 5ep then cosine(0.1, 0)"
    _, step = optimizer_of(Schedule(text).to_keras(RUN, lowering=lowering), 20)
    count = executed_ops(step)
    assert count["GatherV2"] + count["_UnaryOpsComposition"] == 1
    # a constant is read once for every variable, which 20 of them make more than the formula
    constant = executed_ops(optimizer_of(1e-3, 20)[1])
    assert count.total() < constant.total()


def test_a_second_update_in_one_graph_has_its_own_rate() -> None:
    optimizer, step = optimizer_of(Schedule("step * 0.125").to_keras(Timeline()), 3)

    @tf.function
    def three() -> list[Any]:
        rates = []
        for _ in range(3):
            rates += [optimizer.learning_rate, optimizer.learning_rate]
            step()
        return rates

    assert [float(each) for each in three()] == [0, 0, 0.125, 0.125, 0.25, 0.25]
    assert [float(each) for each in three()] == [0.375, 0.375, 0.5, 0.5, 0.625, 0.625]


def test_a_change_inside_a_nested_function_is_seen() -> None:
    count = tf.Variable(0, dtype=tf.int64)
    rate = Schedule("step * 0.125").to_tf(Timeline())
    later = tf.function(lambda: count.assign_add(4))

    @tf.function
    def both() -> tuple[Any, ...]:
        first = rate(count)
        later()
        second = rate(count)
        tf.cond(count > 2, lambda: count.assign_add(4), lambda: count.assign_add(0))
        return first, second, rate(count)

    assert [float(each) for each in both()] == [0, 0.5, 1]


@pytest.mark.parametrize("accumulate", [1, 2])
def test_one_emission_in_each_graph(accumulate: int) -> None:
    run = Timeline(accumulate=accumulate)
    rate = Schedule("exp(-step / 1000)").to_keras(run)
    count = keras.Variable(8, dtype="int64", trainable=False)

    @tf.function
    def twice() -> Any:
        return rate(count), rate(count)

    graph = twice.get_concrete_function().graph
    assert [op.type for op in graph.get_operations()].count("Exp") == 1
    expected = np.float32(Schedule("exp(-step / 1000)").value(8 // accumulate, run))
    assert [each.numpy() for each in twice()] == [expected, expected]


def test_a_graph_is_not_kept_alive() -> None:
    rate = Schedule("exp(-step / 999)").to_tf(Timeline())
    function = tf.function(rate)
    graph = function.get_concrete_function(tf.TensorSpec([], tf.int64)).graph
    watched = weakref.ref(graph)
    del graph, function
    gc.collect()
    assert watched() is None


def test_replicas_each_read_their_own_step() -> None:
    devices = tf.config.list_logical_devices("CPU")
    strategy = tf.distribute.MirroredStrategy([devices[0].name])
    with strategy.scope():
        optimizer, step = optimizer_of(Schedule("step * 0.125").to_keras(Timeline()), 2)
    run = tf.function(lambda: strategy.run(step))
    run()
    run()
    assert float(optimizer.learning_rate) == 0.25


def test_building_a_schedule_traces_nothing() -> None:
    with tf.Graph().as_default() as graph:
        Schedule("linear(0, 0.1) for 5ep then cosine(0.1, 0)").to_keras(RUN)
        Schedule("exp(-step / 1000)").to_tf(RUN)
        assert graph.get_operations() == []


def test_eager_rates_are_not_kept() -> None:
    """TensorFlow keeps every tensor that is made of a Python float: 800 bytes a step."""
    rate = Schedule("exp(-step / 1000000)").to_tf(Timeline())
    count = tf.Variable(0, dtype=tf.int64)

    def after(steps: int) -> int:
        for _ in range(steps):
            rate(count)
            count.assign_add(1)
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # in KiB

    before = after(2000)
    assert after(50_000) - before < 16_384


def test_an_eager_zero_has_its_sign() -> None:
    text = "-step"
    value = Schedule(text).to_tf(Timeline())(tf.constant(0, tf.int64)).numpy()
    assert np.signbit(value) == np.signbit(Schedule(text).value(0, Timeline()))


def test_outside_graphs_a_rate_is_exact_beyond_the_run() -> None:
    run = Timeline(total_steps=1000)
    schedule = Schedule("0.1 / (1 + step / 7)")
    rate = schedule.to_keras(run)
    graph = tf.function(rate)
    for step in (0, 1, 999, 1000, 1999):
        expected = np.float32(schedule.value(step, run))
        assert rate(step) == graph(tf.constant(step, tf.int64)) == expected
    assert rate(10**12) == np.float32(schedule.value(10**12, run))
    assert rate(tf.constant([10**12]))[0] == np.float32(schedule.value(10**12, run))
    assert graph(tf.constant(10**12)) == rate(1999)


def test_a_change_that_takes_no_handle_is_seen() -> None:
    count = tf.Variable(0, dtype=tf.int64)
    rate = Schedule("step * 0.125").to_tf(Timeline())

    def bump(_: Any) -> float:
        count.assign_add(4)
        return 0.0

    @tf.function
    def by_python() -> tuple[Any, ...]:
        first = rate(count)
        done = tf.py_function(bump, [first], tf.float32)
        with tf.control_dependencies([done]):
            return first, rate(count)

    @tf.function
    def by_another_name() -> list[Any]:
        alias = tf.identity(count.handle)
        rates = [rate(count)]
        for _ in range(2):
            tf.raw_ops.AssignAddVariableOp(resource=alias, value=tf.constant(4, tf.int64))
            rates.append(rate(count))
        return rates

    assert [float(each) for each in by_python()] == [0, 0.5]
    assert [float(each) for each in by_another_name()] == [0.5, 1, 1.5]


def test_inside_a_compiled_part_the_rate_is_emitted_there() -> None:
    count = tf.Variable(4, dtype=tf.int64)
    rate = Schedule("step * 0.125").to_tf(Timeline())

    @tf.function
    def parts() -> tuple[Any, ...]:
        [inside] = tf.xla.experimental.compile(lambda: rate(count))
        return inside, rate(count)

    assert [float(each) for each in parts()] == [0.5, 0.5]


def test_the_variables_of_a_replica_share_a_table() -> None:
    devices = tf.config.list_logical_devices("CPU")
    strategy = tf.distribute.MirroredStrategy([devices[0].name])
    with strategy.scope():
        rate = Schedule("linear(0, 0.1) for 5ep then cosine(0.1, 0)").to_keras(RUN)
        _, step = optimizer_of(rate, 3)
    function = tf.function(lambda: strategy.run(step))
    size = function.get_concrete_function().graph.as_graph_def().ByteSize()
    assert size < 400_000  # one table is 281,520 bytes


def test_xla_does_not_search_one_by_one() -> None:
    text = "floor(step / 3) * 1e-6"
    schedule, run = Schedule(text), Timeline(total_steps=180_000)
    rate = schedule.to_keras(run)
    assert ops(rate) == {"ReadVariableOp": 1, "Minimum": 1, "GatherV2": 1}
    steps = tf.range(180_000, dtype=tf.int64)
    values = tf.function(rate, jit_compile=True)(steps).numpy()
    assert np.array_equal(values, schedule.values(run).astype(np.float32))
