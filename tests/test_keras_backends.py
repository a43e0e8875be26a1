"""The Keras schedule on Keras' JAX and torch backends: training, files, also across backends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lrdsl import Schedule, Timeline

# not imported here: Keras would want the library of its default backend
if find_spec("keras") is None:
    pytest.skip("needs keras", allow_module_level=True)

RUN = Timeline(steps_per_epoch=10, epochs=4)
TEXT = "linear(0.01, peak) for 1ep then cosine(peak, 0.001)"
SCHEDULE = Schedule(TEXT, {"peak": 0.1})
RATES = [float(np.float32(SCHEDULE.value(step, RUN))) for step in range(41)]

SHARED = """
import json, sys
import keras, numpy as np
import lrdsl.keras
from lrdsl import Schedule, Timeline

folder, text = sys.argv[1:]
backend = keras.backend.backend()
run = Timeline(steps_per_epoch=10, epochs=4)
schedule = Schedule(text, {"peak": 0.1})
found = {}
X = np.random.default_rng(0).normal(size=(320, 8)).astype(np.float32)
Y = X[:, :1] * 2 - X[:, 1:2]

class Rates(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        self.seen = []
    def on_train_batch_end(self, batch, logs=None):
        self.seen.append(float(self.model.optimizer.learning_rate))

def fit(model, epochs):
    rates = Rates()
    model.fit(X, Y, batch_size=32, epochs=epochs, shuffle=False, verbose=0, callbacks=[rates])
    return rates.seen

def weights(model):
    return [array.tolist() for array in model.get_weights()]
"""

TRAIN = """
def model_with(optimizer, **options):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.layers.Input((8,)), keras.layers.Dense(1)])
    model.compile(optimizer, "mse", **options)
    return model

found["fit"] = {}
for name in ("SGD", "Adam", "AdamW"):
    for jit in (False, True) if backend == "jax" else (False,):
        optimizer = getattr(keras.optimizers, name)(schedule.to_keras(run))
        found["fit"][f"{name} {jit}"] = fit(model_with(optimizer, jit_compile=jit), 2)

def moved(text, run, updates, **options):
    "SGD on a loss with gradient 1 moves a weight by the sum of the rates."
    weight = keras.Variable(0.0)
    optimizer = keras.optimizers.SGD(Schedule(text).to_keras(run), **options)
    optimizer.build([weight])
    seen = []
    for _ in range(updates):
        optimizer.apply([keras.ops.ones(())])
        seen.append(float(weight))
    return seen

found["moved"] = moved("0.5^step", Timeline(), 4)
accumulate = Timeline(accumulate=4)
found["accumulated"] = moved("0.5^step", accumulate, 12, gradient_accumulation_steps=4)
optimizer = keras.optimizers.SGD(
    schedule.to_keras(run.model_copy(update={"accumulate": 2})), gradient_accumulation_steps=2
)
found["accumulated fit"] = fit(model_with(optimizer), 4)

keras_schedule = schedule.to_keras(run)
grid = np.arange(40).reshape(4, 10)
values = keras_schedule(keras.ops.convert_to_tensor(grid, "int32"))
found["dtype"], found["shape"] = keras.backend.standardize_dtype(values.dtype), values.shape
found["grid"] = keras.ops.convert_to_numpy(values).ravel().tolist()
found["numbers"] = [float(keras_schedule(step)) for step in (0, 17, 10**12)]

whole = model_with(keras.optimizers.Adam(schedule.to_keras(run)))
fit(whole, 2)
found["whole"] = weights(whole)
half = model_with(keras.optimizers.Adam(schedule.to_keras(run)))
fit(half, 1)
half.save(f"{folder}/{backend}.keras")

callback = model_with(keras.optimizers.SGD(0.01))
each = Schedule("0.1 * 0.5^epoch").to_callback(run)
history = callback.fit(X, Y, batch_size=32, epochs=3, verbose=0, callbacks=[each])
found["callback"] = history.history["learning_rate"]
"""

# Under torch, Keras writes the names of its own optimizers for torch into a file.
LOAD = """
from pathlib import Path
for path in sorted(Path(folder).glob("*.keras")):
    names = {"Adam": keras.optimizers.Adam} if path.stem != backend else {}
    model = keras.models.load_model(path, custom_objects=names)
    optimizer = model.optimizer
    found[path.stem] = {
        "now": float(optimizer.learning_rate), "iterations": int(optimizer.iterations),
        "rates": fit(model, 1), "weights": weights(model),
    }
"""

LAST = """
found["tensorflow"] = "tensorflow" in sys.modules
print(json.dumps(found))
"""


def run_under(backend: str, code: str, folder: Path) -> dict[str, Any]:
    """What a script finds in a fresh process, on one of Keras' backends."""
    done = subprocess.run(
        [sys.executable, "-c", SHARED + code + LAST, str(folder), TEXT],
        env={**os.environ, "KERAS_BACKEND": backend, "JAX_PLATFORMS": "cpu"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return dict(json.loads(done.stdout.splitlines()[-1]))


BACKENDS = [name for name in ("jax", "torch") if find_spec(name)]


def need(*names: str) -> None:
    """Skips a test without these libraries; it does not import them, only its processes do."""
    for name in names:
        if find_spec(name) is None:
            pytest.skip(f"needs {name}")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def trained(folder: Path) -> dict[str, dict[str, Any]]:
    return {backend: run_under(backend, TRAIN, folder) for backend in BACKENDS}


@pytest.fixture(scope="module")
def loaded(trained: dict[str, Any], folder: Path) -> dict[str, dict[str, Any]]:
    return {backend: run_under(backend, LOAD, folder) for backend in BACKENDS}


@pytest.fixture(params=["jax", "torch"])
def backend(request: pytest.FixtureRequest) -> str:
    need(request.param)
    return str(request.param)


def test_fit(backend: str, trained: dict[str, Any]) -> None:
    """Keras shows the rate of the next update."""
    fits = trained[backend]["fit"]
    assert len(fits) == (6 if backend == "jax" else 3)
    for name, seen in fits.items():
        assert seen == RATES[1:21], name


def test_the_updates_use_the_rate_of_their_step(backend: str, trained: dict[str, Any]) -> None:
    assert trained[backend]["moved"] == [-1, -1.5, -1.75, -1.875]


def test_accumulated_micro_batches_are_one_step(backend: str, trained: dict[str, Any]) -> None:
    expected = [-sum(0.5**step for step in range(micro // 4)) for micro in range(1, 13)]
    assert trained[backend]["accumulated"] == expected
    assert trained[backend]["accumulated fit"] == [RATES[micro // 2] for micro in range(1, 41)]


def test_tensors_are_of_the_backend(backend: str, trained: dict[str, Any]) -> None:
    found = trained[backend]
    assert found["dtype"] == "float32" and found["shape"] == [4, 10]
    assert found["grid"] == RATES[:40]
    assert found["numbers"] == [RATES[0], RATES[17], RATES[40]]


def test_the_callback(backend: str, trained: dict[str, Any]) -> None:
    assert trained[backend]["callback"] == pytest.approx([0.1, 0.05, 0.025], rel=1e-7)


def test_nothing_of_ours_loads_tensorflow(backend: str, trained: dict[str, Any]) -> None:
    """Keras loads it, where it is installed."""
    assert trained[backend]["tensorflow"] == (find_spec("tensorflow") is not None)


def test_training_resumes_in_another_process(
    backend: str, trained: dict[str, Any], loaded: dict[str, Any]
) -> None:
    found = loaded[backend][backend]
    assert (found["now"], found["iterations"]) == (RATES[10], 10)
    assert found["rates"] == RATES[11:21]
    assert found["weights"] == trained[backend]["whole"]


def test_a_model_goes_on_under_another_backend(
    trained: dict[str, Any], loaded: dict[str, Any]
) -> None:
    need("jax", "torch")
    for saved, under in (("jax", "torch"), ("torch", "jax")):
        found = loaded[under][saved]
        assert (found["now"], found["iterations"]) == (RATES[10], 10)
        assert found["rates"] == RATES[11:21]
        for got, wanted in zip(found["weights"], trained[saved]["whole"], strict=True):
            np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-5)


def test_a_backend_that_does_not_train(tmp_path: Path) -> None:
    need("jax")  # Keras' NumPy backend borrows from it
    code = 'found["rates"] = schedule.to_keras(run)(np.arange(41)).tolist()'
    assert run_under("numpy", code, tmp_path)["rates"] == RATES
