"""`lrdsl-train` for real: small runs on the digits, and what they leave behind."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("hydra")
pytest.importorskip("sklearn")
pytest.importorskip("tensorboard")

import numpy as np
from omegaconf import OmegaConf

from lrdsl import Schedule, Timeline, hydra
from lrdsl.resources import resource_dir
from lrdsl.training.comparison import Job, label, read_jobs, table
from lrdsl.training.files import whole
from lrdsl.training.settings import RunError, plan, read_settings

SMALL = ("data.limit=300", "trainer.batch_size=30", "trainer.epochs=2", "model.hidden=[16]")
STEPS = 8  # 300 images, a fifth for validation, 30 in a batch
OPTIMIZERS = {"sgd", "momentum", "adam", "adamw"}
NAMED = sorted(file.stem for file in (resource_dir("conf") / "lrdsl/schedule").glob("*.yaml"))
EXPERIMENTS = sorted(file.stem for file in (resource_dir("conf") / "experiment").glob("*.yaml"))

Rows = list[dict[str, str]]


def train(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "lrdsl.training.app", *words]
    inherited = {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}  # JAX sets it
    return subprocess.run(
        command, cwd=folder, env={**inherited, **environment}, capture_output=True, text=True,
        check=False, timeout=300,
    )  # fmt: skip


def rows(file: Path) -> Rows:
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def refusal(folder: Path, *words: str) -> str:
    """The message of a command that stops at once: exit code 1, no traceback, no TensorFlow."""
    done = train(folder, *words)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr and "epoch 1/" not in done.stdout
    return done.stderr


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """One run with a schedule that changes at every step: its folder, stdout, stderr."""
    folder = tmp_path_factory.mktemp("one")
    words = ["schedule=linear(0.05, 0.1) * 0.5^floor(epoch/1)", "hydra.run.dir=here"]
    done = train(folder, *SMALL, *words)
    assert done.returncode == 0, done.stderr
    return folder / "here", done.stdout, done.stderr


def test_a_run_leaves_its_records(one: tuple[Path, str, str]) -> None:
    folder, out, err = one
    names = {path.name for path in folder.iterdir()}
    assert names == {
        ".hydra", "history.csv", "history.png", "lr.csv", "model.keras", "summary.json",
        "tensorboard", "train.log",
    }  # fmt: skip
    assert err == ""
    last = out.strip().splitlines()[-1]
    accuracy = float(rows(folder / "history.csv")[-1]["val_accuracy"])
    assert last.startswith(f"validation accuracy {accuracy:.4f}") and last.endswith("in here")
    assert out.count("\nepoch ") == 2 and "lr 0." in out
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["timeline"]["total_steps"] == 2 * STEPS
    assert summary["val_accuracy"] == pytest.approx(accuracy)
    assert (folder / "history.png").read_bytes().startswith(b"\x89PNG")


def test_the_rates_are_those_that_were_applied(one: tuple[Path, str, str]) -> None:
    folder = one[0]
    expected = Schedule("linear(0.05, 0.1) * 0.5^floor(epoch/1)").values(
        Timeline(steps_per_epoch=STEPS, epochs=2, batch_size=30)
    )
    steps = rows(folder / "lr.csv")
    assert [int(row["step"]) for row in steps] == list(range(2 * STEPS))
    assert [float(row["epoch"]) for row in steps] == [step / STEPS for step in range(2 * STEPS)]
    rates = [np.float32(row["learning_rate"]) for row in steps]
    assert rates == list(expected.astype(np.float32))
    history = rows(folder / "history.csv")
    assert [row["epoch"] for row in history] == ["1", "2"]
    assert [row["step"] for row in history] == [str(STEPS), str(2 * STEPS)]
    assert [np.float32(row["first_learning_rate"]) for row in history] == [rates[0], rates[STEPS]]
    # The last rate used in the epoch, not the next one, which Keras would log.
    assert [np.float32(row["learning_rate"]) for row in history] == [rates[STEPS - 1], rates[-1]]
    for name in ("loss", "accuracy", "val_loss", "val_accuracy"):
        assert all(np.isfinite(float(row[name])) for row in history)


def test_tensorboard_has_the_rate_of_every_step(one: tuple[Path, str, str]) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(one[0] / "tensorboard"))
    events.Reload()
    rate = [(event.step, event.value) for event in events.Scalars("learning_rate")]
    written = [(int(r["step"]), float(r["learning_rate"])) for r in rows(one[0] / "lr.csv")]
    assert rate == [(step, pytest.approx(value, rel=1e-6)) for step, value in written]
    assert [event.step for event in events.Scalars("val_accuracy")] == [STEPS, 2 * STEPS]


def test_the_saved_model_knows_its_schedule_and_its_clock(one: tuple[Path, str, str]) -> None:
    code = (
        "import keras, lrdsl.keras; model = keras.models.load_model('model.keras');"
        "print(model.input_shape, int(model.optimizer.iterations),"
        " float(model.optimizer.learning_rate))"
    )
    out = subprocess.check_output([sys.executable, "-c", code], cwd=one[0], text=True, stderr=-3)
    after = Schedule("linear(0.05, 0.1) * 0.5^floor(epoch/1)").value(
        2 * STEPS, Timeline(steps_per_epoch=STEPS, epochs=2)
    )
    assert out.split() == [
        "(None,",
        "8,",
        "8,",
        "1)",
        str(2 * STEPS),
        str(float(np.float32(after))),
    ]


def test_broken_schedules_stop_before_data_and_tensorflow(tmp_path: Path) -> None:
    # Data that is loaded, or a TensorFlow that is imported, would fail differently: there is
    # no such folder, and a module of this name comes first.
    (tmp_path / "tensorflow.py").write_text("raise SystemExit('tensorflow was imported')")
    told = refusal(tmp_path, "schedule=0.1 * flor(epoch)", "data=fashion_mnist")
    assert "error[LRD010]: unknown function `flor`" in told
    assert "1 | 0.1 * flor(epoch)\n  |       ^^^^\n" in told and "did you mean `floor`?" in told
    assert "Error executing job" not in told and "HYDRA_FULL_ERROR" not in told
    assert "no schedule is called `cosin`" in refusal(tmp_path, "schedule=cosin")
    told = refusal(tmp_path, "-m", "schedule=0.1,coz(epoch),2^,cosine")
    assert told.count("error[") == 2 and not (tmp_path / "multirun").exists()
    # Only the timeline, which comes from the data, shows that this is below zero.
    told = refusal(tmp_path, *SMALL, "schedule=0.1 - 0.01 * step")
    assert "error[" in told and "tensorflow was imported" not in told
    assert "^" in told
    told = refusal(tmp_path, *SMALL, "schedule=null")
    assert "`schedule` is missing" in told


WRONG = {
    "trainer.epochs=-1": "`trainer.epochs` is `-1`",
    "trainer.epochs=many": "`trainer.epochs` is `many`",
    "trainer.batch_size=500": "`trainer.batch_size` 500 is more than the 240 training images",
    "trainer.accumulate=20": "`trainer.accumulate` 20 is more than the 240 training images",
    "trainer.validation_split=1": "`trainer.validation_split` is `1`",
    "trainer.device=tpu": "`trainer.device` is `tpu`",
    "trainer.mixed_precision=int8": "`trainer.mixed_precision` is `int8`",
    "+trainer.batchsize=3": "`trainer.batchsize` is not a key",
    "data.name=cifar": "`data.name` must be one of",
    "optimizer.name=lion": "`optimizer.name` must be one of",
    "trainer.seed=${nothing}": "nothing",
}


@pytest.mark.parametrize("word", WRONG)
def test_a_wrong_value_is_one_clear_line(word: str, tmp_path: Path) -> None:
    told = refusal(tmp_path, *SMALL, word)
    assert WRONG[word] in told
    assert len(told.strip().splitlines()) <= 3


def test_what_only_keras_can_refuse_is_clear_too(tmp_path: Path) -> None:
    home = {"KERAS_HOME": str(tmp_path / "keras"), "https_proxy": "http://127.0.0.1:9"}
    done = train(tmp_path, "data=fashion_mnist", "trainer.epochs=1", **home)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "`fashion_mnist` cannot be downloaded" in done.stderr
    assert str(tmp_path / "keras/datasets/fashion-mnist") in done.stderr
    assert "data=digits" in done.stderr
    import keras

    if not keras.distribution.list_devices("gpu"):
        told = refusal(tmp_path, *SMALL, "trainer.device=gpu")
        assert "`trainer.device` is `gpu`" in told and "none" in told


def test_a_dataset_in_its_place_is_used(tmp_path: Path) -> None:
    """Files of the real format and size, with images of our own."""
    import gzip

    folder = tmp_path / "keras/datasets/fashion-mnist"
    folder.mkdir(parents=True)
    for part, count in (("train", 60_000), ("t10k", 10)):
        labels = bytes(index % 10 for index in range(count))
        with gzip.open(folder / f"{part}-labels-idx1-ubyte.gz", "wb", 1) as file:
            file.write(bytes(8) + labels)
        with gzip.open(folder / f"{part}-images-idx3-ubyte.gz", "wb", 1) as file:
            file.write(bytes(16))
            for label_ in labels:
                file.write(bytes([label_ * 25]) * 784)
    words = ["data=fashion_mnist", "data.limit=600", "trainer.epochs=1", "model.hidden=[8]"]
    done = train(tmp_path, *words, "hydra.run.dir=here", KERAS_HOME=str(tmp_path / "keras"))
    assert done.returncode == 0, done.stderr
    assert len(rows(tmp_path / "here/lr.csv")) == 8


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Variants of a small run, in one process each: the folder of the run."""
    folder = tmp_path_factory.mktemp("many")

    def start(name: str, *words: str) -> Path:
        done = train(folder, *SMALL, *words, f"hydra.run.dir={name}")
        assert done.returncode == 0, done.stdout + done.stderr
        (folder / name / "stdout").write_text(done.stdout)
        return folder / name

    return start


LINE = "schedule=linear(0.1, 0.01)"


def test_runs_with_one_seed_are_equal(many: Callable[..., Path]) -> None:
    words = ("schedule=cosine", "schedule.params.peak=0.2")
    first, again, other = (
        [(row["loss"], row["val_loss"]) for row in rows(many(name, *words, seed) / "history.csv")]
        for name, seed in (
            ("a", "trainer.seed=5"),
            ("b", "trainer.seed=5"),
            ("c", "trainer.seed=6"),
        )
    )
    assert first == again != other


def test_accumulation_counts_updates(many: Callable[..., Path]) -> None:
    words = ("trainer.batch_size=10", "trainer.accumulate=5", "trainer.steps_per_execution=3")
    folder = many("accumulate", *words, LINE, "optimizer=adam")
    # 240 images are 24 batches of 10; only whole updates of 5 batches are made.
    timeline = Timeline(steps_per_epoch=4, epochs=2, batch_size=50, accumulate=5)
    rates = [np.float32(row["learning_rate"]) for row in rows(folder / "lr.csv")]
    assert rates == list(Schedule("linear(0.1, 0.01)").values(timeline).astype(np.float32))
    assert [row["step"] for row in rows(folder / "history.csv")] == ["4", "8"]


@pytest.mark.parametrize(
    "words",
    [
        ("trainer.mixed_precision=bfloat16", "trainer.jit=true", "optimizer=adamw"),
        ("trainer.mixed_precision=float16", "trainer.jit=false", "trainer.device=cpu"),
        ("trainer.steps_per_execution=3", "trainer.progress=bar", "optimizer=momentum"),
        ("trainer.validation_split=0", "trainer.progress=none", "trainer.batch_size=37"),
    ],
    ids=" ".join,
)
def test_the_trainer_does_what_it_is_told(
    words: tuple[str, ...], many: Callable[..., Path]
) -> None:
    folder = many(words[0].partition(".")[2].replace("=", "_"), *words, LINE)
    summary = json.loads((folder / "summary.json").read_text())
    total = summary["timeline"]["total_steps"]
    rates = [np.float32(row["learning_rate"]) for row in rows(folder / "lr.csv")]
    timeline = Timeline(steps_per_epoch=total // 2, epochs=2)
    assert rates == list(Schedule("linear(0.1, 0.01)").values(timeline).astype(np.float32))
    out = (folder / "stdout").read_text()
    assert ("epoch 1/2" in out) == ("progress" not in " ".join(words))
    if "trainer.validation_split=0" in words:
        assert [row["val_accuracy"] for row in rows(folder / "history.csv")] == ["", ""]
        assert out.strip().splitlines()[-1].startswith("accuracy ")
        assert total == 2 * 9  # 300 images in batches of 37, the last one smaller


def test_a_loss_that_is_not_a_number_ends_the_run(many: Callable[..., Path]) -> None:
    folder = many("nan", "schedule=1e30", "trainer.epochs=4", "optimizer=sgd")
    last = (folder / "stdout").read_text().strip().splitlines()[-1]
    assert last.startswith("stopped in epoch 1: the loss is not a number")
    assert len(rows(folder / "history.csv")) == 1


def test_an_interrupted_run_keeps_its_records(tmp_path: Path) -> None:
    import signal

    command = [sys.executable, "-m", "lrdsl.training.app", "data=synthetic", "trainer.epochs=999"]
    process = subprocess.Popen(
        [*command, "hydra.run.dir=here"], cwd=tmp_path, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("epoch "):
            break
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130 and "interrupted" in err and "Traceback" not in err
    history = rows(tmp_path / "here/history.csv")
    assert len(rows(tmp_path / "here/lr.csv")) == int(history[-1]["step"])
    assert (tmp_path / "here/model.keras").is_file()
    assert not list((tmp_path / "here").glob(".*draft*"))


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Every experiment on the digits, and one job that cannot work."""
    folder = tmp_path_factory.mktemp("sweep")
    words = ["data=digits", "data.limit=300", "trainer.epochs=2", "hydra.sweep.dir=sweep"]
    done = train(folder, "-m", f"+experiment={','.join(EXPERIMENTS)}", *words)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "sweep", done.stdout


def test_experiments_run_on_the_digits_and_are_compared(sweep: tuple[Path, str]) -> None:
    folder, out = sweep
    assert len(EXPERIMENTS) >= 7
    compared = rows(folder / "comparison.csv")
    assert [row["run"] for row in compared] == [f"experiment={name}" for name in EXPERIMENTS]
    assert all(float(row["val_accuracy"]) >= 0 and not row["error"] for row in compared)
    assert all((folder / row["folder"] / "history.png").is_file() for row in compared)
    assert (folder / "comparison.png").read_bytes().startswith(b"\x89PNG")
    printed = out[out.index("\njob  run") :].splitlines()
    assert all(any(f"experiment={name}" in line for line in printed) for name in EXPERIMENTS)
    assert "comparison.png and comparison.csv are in sweep" in printed[-1]
    accuracy = [float(line.split()[2]) for line in printed[2 : 2 + len(EXPERIMENTS)]]
    assert accuracy == sorted(accuracy, reverse=True)


def test_experiments_are_the_tutorials(sweep: tuple[Path, str]) -> None:
    """The formulas of the tutorials in plain Python, against what was applied."""
    timeline = Timeline(steps_per_epoch=125, epochs=100)  # 8,000 of 10,000 images by 64
    decayed = [0.01]
    for epoch in range(1, 100):
        decayed.append(decayed[-1] / (1 + 0.01 / 100 * epoch))
    formulas: dict[str, Callable[[int], float]] = {
        "fashion_constant": lambda step: 0.01,
        "fashion_time_based": lambda step: decayed[step // 125],
        "fashion_step": lambda step: 0.01 * 0.5 ** (step // 125 // 10),
        "fashion_exponential": lambda step: 0.01 * np.exp(-0.1 * (step // 125)),
        "piecewise": lambda step: 0.1,
    }
    for row in rows(sweep[0] / "comparison.csv"):
        name = row["run"].partition("=")[2]
        steps = np.arange(0, 12_500, 7)
        if name in formulas:
            values = Schedule(row["schedule"]).values(timeline, steps)
            expected = [formulas[name](int(step)) for step in steps]
            np.testing.assert_allclose(values, expected, rtol=1e-12)
    applied = {row["run"]: row for row in rows(sweep[0] / "comparison.csv")}
    assert float(applied["experiment=fashion_step"]["first_learning_rate"]) == 0.01


def test_other_jobs_of_a_sweep_go_on_when_one_fails(tmp_path: Path) -> None:
    words = [f"schedule=0.1*0.5^floor(epoch/1), {LINE.partition('=')[2]},cosine"]
    words += ["trainer.epochs=1,-1", "hydra.sweep.dir=sweep"]
    done = train(tmp_path, "-m", *SMALL, *words)
    assert done.returncode == 1
    assert done.stderr.count("`trainer.epochs` is `-1`") == 3 and "Traceback" not in done.stderr
    compared = rows(tmp_path / "sweep/comparison.csv")
    assert [bool(row["error"]) for row in compared] == [False] * 3 + [True] * 3
    assert [bool(row["val_accuracy"]) for row in compared] == [True] * 3 + [False] * 3
    assert done.stdout.count("failed") == 4 and "6 runs, 3 failed" in done.stdout
    assert (tmp_path / "sweep/comparison.png").is_file()
    assert len(read_jobs(tmp_path / "sweep")) == 6


def test_jobs_are_named_by_what_differs(tmp_path: Path) -> None:
    def job(*overrides: str, error: str = "") -> Job:
        history = [] if error else [dict.fromkeys(("val_accuracy", "epoch"), "1")]
        return Job(tmp_path, overrides, "0.1", error, history)

    jobs = [job("+experiment=a", "n=1"), job("+experiment=b", "n=1")]
    assert label(jobs) == ["experiment=a", "experiment=b"]
    assert label([job("schedule='a^b'", "n=1")]) == ["schedule=a^b n=1"]
    assert label([job(), job()]) == ["0.1", "0.1"]
    assert label([]) == []
    assert table([]).split()[:2] == ["job", "run"]


@pytest.mark.parametrize("name", NAMED)
def test_every_named_schedule_fits_a_run(name: str) -> None:
    """Long, short and very short runs: no errors, finite rates."""
    file = resource_dir("conf") / f"lrdsl/schedule/{name}.yaml"
    schedule = Schedule(OmegaConf.to_container(OmegaConf.load(file)))
    for steps, epochs in ((100, 90), (23, 2), (20, 1)):
        run = Timeline(steps_per_epoch=steps, epochs=epochs, batch_size=64)
        assert [d for d in schedule.check(run) if d.severity == "error"] == []
        values = schedule.values(run)
        assert np.isfinite(values).all() and (values >= 0).all() and values.max() > 0


def test_every_config_of_every_group_is_valid() -> None:
    from hydra import compose, initialize_config_module

    assert hydra.slug  # imported, so that `${lrdsl:...}` means something
    conf = resource_dir("conf")
    groups = ("data", "model", "optimizer", "trainer")
    words = [f"{g}={file.stem}" for g in groups for file in sorted((conf / g).glob("*.yaml"))]
    assert {f"optimizer={name}" for name in OPTIMIZERS} <= set(words)
    assert {"data=digits", "data=mnist", "data=synthetic", "model=cnn", "model=mlp"} <= set(words)
    with initialize_config_module("lrdsl.conf", version_base="1.3"):
        for word in [*words, *(f"+experiment={name}" for name in EXPERIMENTS)]:
            settings = read_settings(
                OmegaConf.to_container(compose("config", [word]), resolve=True)
            )
            assert word.startswith("+") or word.partition("=")[2] in ("default", *_names(settings))
        cnn = read_settings(
            OmegaConf.to_container(compose("config", ["+experiment=mnist_cnn"]), resolve=True)
        )
    timeline = plan(60_000, cnn.trainer).timeline
    assert (timeline.steps_per_epoch, timeline.total_steps) == (1000, 16_000)


def _names(settings: object) -> list[str]:
    return [getattr(settings, group).name for group in ("data", "model", "optimizer")]


def test_a_file_is_whole_or_not_there(tmp_path: Path) -> None:
    file = tmp_path / "file.txt"
    with whole(file) as draft:
        draft.write_text("first")
    with pytest.raises(RuntimeError), whole(file) as draft:
        draft.write_text("half")
        raise RuntimeError
    assert file.read_text() == "first" and list(tmp_path.iterdir()) == [file]


def test_the_plan_follows_keras(one: tuple[Path, str, str]) -> None:
    from lrdsl.training.settings import Trainer

    trainer = Trainer(epochs=3, batch_size=64, validation_split=0.2)
    planned = plan(1797, trainer)
    assert (planned.train, planned.validation, planned.batches) == (1437, 360, 23)
    assert planned.timeline == Timeline(steps_per_epoch=23, epochs=3, batch_size=64)
    with pytest.raises(RunError, match="more than the 8 training images"):
        plan(10, trainer)


@pytest.mark.parametrize("accumulate", [1, 4])
def test_recorded_rates_are_those_that_moved_the_weight(accumulate: int, tmp_path: Path) -> None:
    """The gradient of this loss is 1, so that each update moves the weight by the rate."""
    import keras

    from lrdsl.training.recorder import Recorder

    timeline = Timeline(steps_per_epoch=6, epochs=2, accumulate=accumulate)
    schedule = Schedule("linear(0.5, 0.25) * 0.5^floor(epoch)")
    options = {"gradient_accumulation_steps": accumulate} if accumulate > 1 else {}
    dense = keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")
    model = keras.Sequential([keras.Input((1,)), dense])
    optimizer = keras.optimizers.SGD(schedule.to_keras(timeline), **options)
    model.compile(optimizer, loss=lambda wanted, got: keras.ops.mean(got))
    weights = [0.0]
    watch = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: weights.append(float(dense.kernel[0, 0]))
    )
    recorder = Recorder(tmp_path, schedule, timeline, lines=False)
    ones = np.ones((6 * accumulate, 1), "float32")
    model.fit(ones, ones, batch_size=1, epochs=2, verbose=0, callbacks=[watch, recorder])
    recorder.close()
    moved = -np.diff(weights[::accumulate])
    recorded = [float(row["learning_rate"]) for row in rows(tmp_path / "lr.csv")]
    np.testing.assert_allclose(recorded, moved, rtol=1e-5)
