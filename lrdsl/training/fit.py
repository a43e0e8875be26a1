"""Training itself: settings and images to a fitted model."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import keras

from lrdsl import Schedule
from lrdsl.training.data import count_classes, load_images
from lrdsl.training.files import whole
from lrdsl.training.models import build_model, build_optimizer
from lrdsl.training.recorder import Recorder
from lrdsl.training.settings import Plan, RunError, Settings, Trainer


def train(settings: Settings, schedule: Schedule, plan: Plan, folder: Path) -> Recorder:
    """A trained and saved model; the recorder knows how it went.

    An interrupted training is saved as far as it came, and the interrupt goes on.
    """
    trainer = settings.trainer
    keras.backend.clear_session()
    keras.utils.set_random_seed(trainer.seed)
    precision = trainer.mixed_precision
    keras.mixed_precision.set_global_policy(f"mixed_{precision}" if precision else "float32")
    images, labels = load_images(settings.data, trainer.seed)
    recorder = Recorder(folder, schedule, plan.timeline, trainer.progress == "line")
    with _device(trainer.device):
        model = _compiled(settings, schedule, plan, images.shape[1:])
        try:
            _fit(model, images, labels, plan, trainer, recorder)
        finally:
            recorder.close()
            if recorder.rows:
                with whole(folder / "model.keras") as draft:
                    model.save(draft)
    return recorder


def _compiled(
    settings: Settings, schedule: Schedule, plan: Plan, shape: tuple[int, ...]
) -> keras.Model:
    trainer = settings.trainer
    model = build_model(settings.model, shape, count_classes(settings.data))
    rate = schedule.to_keras(plan.timeline)
    model.compile(
        optimizer=build_optimizer(settings.optimizer, rate, trainer.accumulate),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
        jit_compile=trainer.jit,
        steps_per_execution=trainer.steps_per_execution,
    )
    return model


def _fit(
    model: keras.Model, images: Any, labels: Any, plan: Plan, trainer: Trainer, recorder: Recorder
) -> None:
    last = len(images) - plan.validation
    validation = (images[last:], labels[last:]) if plan.validation else None
    model.fit(
        images[: plan.train],
        labels[: plan.train],
        batch_size=trainer.batch_size,
        epochs=trainer.epochs,
        validation_data=validation,
        callbacks=[recorder, keras.callbacks.TerminateOnNaN()],
        verbose=1 if trainer.progress == "bar" else 0,
    )


def _device(name: str) -> AbstractContextManager[Any]:
    if name == "auto":
        return nullcontext()
    device = name if ":" in name else f"{name}:0"
    if device.startswith("gpu") and device not in _gpus():
        have = ", ".join(f"`{each}`" for each in _gpus()) or "none"
        raise RunError(f"error: `trainer.device` is `{name}`; the GPUs that Keras sees: {have}")
    return keras.device(device)  # type: ignore[no-any-return]


def _gpus() -> list[str]:
    try:
        return [str(each).lower() for each in keras.distribution.list_devices("gpu")]
    except (ValueError, RuntimeError):
        return []
