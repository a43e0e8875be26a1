"""The Keras schedule in real training: fit, save, load in a fresh process, copies, callbacks."""

from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

tf = pytest.importorskip("tensorflow")

import keras  # noqa: E402

import lrdsl.keras  # noqa: E402
from lrdsl import Schedule, ScheduleError, Timeline  # noqa: E402

RUN = Timeline(steps_per_epoch=10, epochs=4)
TEXT = "linear(0.01, peak) for 1ep then cosine(peak, 0.001)"
PARAMS = {"peak": 0.1}
X = np.random.default_rng(0).normal(size=(320, 8)).astype(np.float32)
Y = X[:, :1] * 2 - X[:, 1:2]


def rate(step: int) -> np.float32:
    return np.float32(Schedule(TEXT, PARAMS).value(step, RUN))


class Rates(keras.callbacks.Callback):
    """What the optimizer's rate is after each batch: the rate of the next update."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[float] = []

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self.seen.append(float(self.model.optimizer.learning_rate))


def model_with(optimizer: keras.optimizers.Optimizer, **options: Any) -> keras.Model:
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.layers.Input((8,)), keras.layers.Dense(1)])
    model.compile(optimizer, "mse", **options)
    return model


OPTIMIZERS = {
    "sgd": keras.optimizers.SGD,
    "adam": keras.optimizers.Adam,
    "adamw": keras.optimizers.AdamW,
}


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("options", [{}, {"jit_compile": True}, {"steps_per_execution": 5}],
                         ids=["graph", "xla", "multi-step"])  # fmt: skip
def test_fit(name: str, options: dict[str, Any]) -> None:
    schedule = Schedule(TEXT, PARAMS).to_keras(RUN)
    model = model_with(OPTIMIZERS[name](schedule), **options)
    rates = Rates()
    model.fit(X, Y, batch_size=32, epochs=2, verbose=0, callbacks=[rates])
    assert int(model.optimizer.iterations) == 20
    stride = options.get("steps_per_execution", 1)
    assert rates.seen == [rate(step) for step in range(stride, 21, stride)]


def test_the_updates_use_the_rate_of_their_step() -> None:
    """SGD on a loss with gradient 1 moves a weight by the sum of the rates."""
    weight = keras.Variable(0.0)
    optimizer = keras.optimizers.SGD(Schedule("0.5^step").to_keras(Timeline()))
    optimizer.build([weight])
    step = tf.function(lambda: optimizer.apply([tf.constant(1.0)]))
    for _ in range(4):
        step()
    assert float(weight) == -(1 + 0.5 + 0.25 + 0.125)


def test_mixed_precision() -> None:
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = model_with(keras.optimizers.Adam(Schedule(TEXT, PARAMS).to_keras(RUN)))
        history = model.fit(X, Y, batch_size=32, epochs=2, verbose=0)
    finally:
        keras.config.set_dtype_policy("float32")
    assert np.isfinite(history.history["loss"]).all()
    inner = getattr(model.optimizer, "inner_optimizer", model.optimizer)
    # an overflowing step is skipped and does not advance the clock
    assert 15 <= int(inner.iterations) <= 20
    assert float(inner.learning_rate) == rate(int(inner.iterations))


def test_accumulated_micro_batches_are_one_step() -> None:
    """Keras hands its schedule the count of micro-batches."""
    run = Timeline(steps_per_epoch=10, epochs=4, accumulate=4)
    weight = keras.Variable(0.0)
    optimizer = keras.optimizers.SGD(
        Schedule("0.5^step").to_keras(run), gradient_accumulation_steps=4
    )
    optimizer.build([weight])
    for micro in range(1, 13):
        optimizer.apply([tf.constant(1.0)])
        assert float(weight) == -sum(0.5**step for step in range(micro // 4))


def test_copies_are_the_same_schedule() -> None:
    schedule = Schedule(TEXT, PARAMS).to_keras(RUN)
    used = float(schedule(15))
    config = schedule.get_config()
    assert config["expr"] == TEXT and config["params"] == PARAMS
    assert config["timeline"]["steps_per_epoch"] == 10
    copies = [
        type(schedule).from_config(config),
        copy.copy(schedule),
        copy.deepcopy(schedule),
        pickle.loads(pickle.dumps(schedule)),
        keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(schedule)),
    ]
    assert [float(each(15)) for each in copies] == [used] * len(copies)
    optimizer = keras.optimizers.Adam(schedule)
    clone = type(optimizer).from_config(optimizer.get_config())
    assert float(clone.learning_rate) == rate(0)


FRESH = """
import sys, keras
{imports}
model = keras.models.load_model(sys.argv[1])
print(float(model.optimizer.learning_rate).hex(), int(model.optimizer.iterations))
"""


def fresh(imports: str, path: Path) -> subprocess.CompletedProcess[str]:
    code = FRESH.format(imports=imports)
    return subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, timeout=300
    )


def test_a_saved_model_reloads_in_a_fresh_process(tmp_path: Path) -> None:
    model = model_with(keras.optimizers.Adam(Schedule(TEXT, PARAMS).to_keras(RUN)))
    model.fit(X, Y, batch_size=32, epochs=1, verbose=0)
    path = tmp_path / "model.keras"
    model.save(path)
    loaded = fresh("import lrdsl.keras", path)
    assert loaded.stdout.split() == [float(rate(10)).hex(), "10"], loaded.stderr
    refused = fresh("", path)
    assert refused.returncode != 0 and "lrdsl" in refused.stderr


def test_a_model_saved_by_version_0_1_goes_on() -> None:
    """Its schedule has params, a library, laps that grow and a warm-up."""
    model = keras.models.load_model(Path(__file__).parent / "fixtures" / "model_0.1.keras")
    schedule = model.optimizer._learning_rate
    rates = ["0x1.0624dep-11", "0x1.3851ecp-5", "0x1.ae147ap-6", "0x1.b82268p-5", "0x1.4f29a6p-4"]
    assert [float(schedule(step)) for step in (0, 5, 10, 25, 39)] == list(map(float.fromhex, rates))
    assert int(model.optimizer.iterations) == 10
    x = np.ones((32, 4), np.float32)
    model.fit(x, x[:, :1], batch_size=8, epochs=1, verbose=0)
    assert float(model.optimizer.learning_rate) == float(schedule(14))


def test_training_resumes_bit_for_bit(tmp_path: Path) -> None:
    whole = model_with(keras.optimizers.Adam(Schedule(TEXT, PARAMS).to_keras(RUN)))
    whole.fit(X, Y, batch_size=32, epochs=2, shuffle=False, verbose=0)
    half = model_with(keras.optimizers.Adam(Schedule(TEXT, PARAMS).to_keras(RUN)))
    half.fit(X, Y, batch_size=32, epochs=1, shuffle=False, verbose=0)
    half.save(tmp_path / "half.keras")
    resumed = keras.models.load_model(tmp_path / "half.keras")
    resumed.fit(X, Y, batch_size=32, epochs=1, shuffle=False, verbose=0)
    for expected, got in zip(whole.get_weights(), resumed.get_weights(), strict=True):
        assert np.array_equal(expected, got)


def test_the_callback_gives_what_a_keras_callback_gives() -> None:
    class Seen(keras.callbacks.Callback):
        def __init__(self) -> None:
            super().__init__()
            self.rates: list[float] = []

        def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
            self.rates.append(float(self.model.optimizer.learning_rate))

    formulas = {
        "0.01 * 0.5^floor(epoch / 2)": lambda epoch, lr: 0.01 * 0.5 ** (epoch // 2),
        "0.01 * exp(-0.1 * epoch)": lambda epoch, lr: 0.01 * float(np.exp(-0.1 * epoch)),
        "recur(0.01, prev / (1 + 0.1 * epoch))": lambda epoch, lr: lr / (1 + 0.1 * epoch),
        "piecewise([1, 3], [0.1, 0.06, 0.02])": lambda epoch, lr: (0.1, 0.06, 0.06, 0.02)[epoch],
    }
    for text, formula in formulas.items():
        seen = []
        for make in (
            lambda text=text: Schedule(text).to_callback(RUN),
            lambda formula=formula: keras.callbacks.LearningRateScheduler(formula),
        ):
            model, rates = model_with(keras.optimizers.SGD(0.01)), Seen()
            model.fit(X, Y, epochs=4, verbose=0, callbacks=[make(), rates])
            seen.append(rates.rates)
        assert seen[0] == pytest.approx(seen[1], rel=2e-7), text
        assert len(set(seen[0])) > 1


def test_the_callback_says_why_it_cannot_work() -> None:
    with pytest.raises(ValueError, match="give the timeline `steps_per_epoch`"):
        Schedule("0.1").to_callback(Timeline())
    model = model_with(keras.optimizers.SGD(Schedule("0.1").to_keras(RUN)))
    with pytest.raises(ValueError, match="the optimizer already has a schedule"):
        model.fit(X, Y, verbose=0, callbacks=[Schedule("0.1").to_callback(RUN)])


@pytest.mark.parametrize(
    ("expr", "text"),
    [
        ("0.1 * flor(epoch)", "did you mean `floor`"),
        ("0.1 - 0.01 * step", "negative at step 11"),
        ("(5 - step)^0.5", "NaN at step 6"),
        ("5% / 1st", "needs the length of the run"),
    ],
)
def test_no_optimizer_is_made_with_a_broken_schedule(expr: str, text: str) -> None:
    run = Timeline(steps_per_epoch=10) if "%" in expr else RUN
    with pytest.raises(ScheduleError, match=text):
        lrdsl.keras.Schedule(expr, timeline=run)


def test_a_schedule_from_plain_config() -> None:
    schedule = lrdsl.keras.Schedule("0.1 * 0.5^epoch", timeline={"steps_per_epoch": 10})
    assert float(schedule(10)) == np.float32(0.05)
    assert float(lrdsl.keras.Schedule(0.1)(0)) == np.float32(0.1)
    assert repr(schedule) == "Schedule('0.1 * 0.5^epoch')"


@pytest.mark.parametrize("text", [
    "linear(0, 0.1) for 1ep then cosine(0.1, 0)", "piecewise([1, 2], [0.1, 0.01, 0.001])",
    "recur(0.1, prev * 0.95)", "0.01",
])  # fmt: skip
def test_building_a_schedule_makes_no_ops_until_it_is_called(text: str) -> None:
    with tf.Graph().as_default() as graph:
        schedules = [Schedule(text).to_keras(RUN), lrdsl.keras.Schedule(text, timeline=RUN)]
        function = Schedule(text).to_tf(RUN)
        assert graph.get_operations() == []
        for call in (*schedules, function):
            before = len(graph.get_operations())
            call(tf.constant(3, tf.int64))
            assert len(graph.get_operations()) > before


def test_arguments_may_be_scalars_of_numpy() -> None:
    run = {"steps_per_epoch": np.int64(10), "accumulate": np.int32(2)}
    schedule = lrdsl.keras.Schedule("a * 0.5^epoch", {"a": np.float32(0.5)}, run)
    config = schedule.get_config()
    assert config == {
        "expr": "a * 0.5^epoch",
        "params": {"a": 0.5},
        "timeline": {"steps_per_epoch": 10, "accumulate": 2},
    }
    assert json.loads(json.dumps(config)) == config
    assert float(schedule(20)) == 0.25
    assert lrdsl.keras.Schedule(np.float64(0.1)).get_config()["expr"] == "0.1"


WRONG = [
    *({"timeline": each} for each in (5, [1], "x", 0, "", False, [], np.int64(3), b"x")),
    *({"timeline": {name: 3}} for name in ("epohcs", 1, None)),
    *({"timeline": {"epochs": each}} for each in ("3", 0, 3.0, True, [3], 10**30)),
    *({"lowering": each} for each in ("x", "", 5, True, ["table"], {}, b"table")),
    *({"params": each} for each in ([1], 5, "a", {1: 2}, {"a": None})),
    *({"library": each} for each in (5, [5], {"a": 5}, {5: "a"})),
    *({"expr": each} for each in (None, True, [], b"1", "flor(1)", float("nan"))),
]


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_arguments_of_other_types_are_refused(wrong: dict[str, Any]) -> None:
    given = {"expr": "0.1", "timeline": {"total_steps": 10}, **wrong}
    for make in (lrdsl.keras.Schedule, lambda **config: lrdsl.keras.Schedule.from_config(config)):
        with pytest.raises((ScheduleError, ValidationError)):
            make(**given)


@pytest.mark.parametrize(
    "config",
    [5, None, [], "x", {}, {1: 2}, {"expr": "1", "x": 2}, {"expr": "1", "self": 2}],
    ids=str,
)
def test_a_wrong_configuration_is_refused(config: Any) -> None:
    with pytest.raises((ScheduleError, ValidationError)):
        lrdsl.keras.Schedule.from_config(config)
