"""The Keras side: a registered LearningRateSchedule that is saved as its text, and a callback."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Self

import keras
import numpy as np
from pydantic import BaseModel, ConfigDict

from lrdsl import schedule as schedules
from lrdsl.engines.numpy import compile_numpy
from lrdsl.errors.diagnostics import ScheduleError
from lrdsl.rates.array import LIMIT
from lrdsl.rates.form import Lowering
from lrdsl.rates.run_checks import check_rates
from lrdsl.timeline import Timeline

# Longer runs are left to `Schedule.check`: an optimizer should be made in no time.
CHECKED_STEPS = LIMIT


class _Options(BaseModel):
    """What an `lrdsl.keras.Schedule` is besides the schedule, validated."""

    model_config = ConfigDict(strict=True, title="lrdsl.keras.Schedule")

    timeline: Timeline | None = None
    lowering: Lowering | None = None


@keras.saving.register_keras_serializable(package="lrdsl")
class Schedule(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
    """A schedule for any Keras optimizer: `Adam(lrdsl.keras.Schedule("0.1 * 0.5^epoch", ...))`.

    expr, params, library: as in `lrdsl.Schedule`; a saved model holds the texts of a library.
    timeline: an `lrdsl.Timeline`, or a mapping of its fields.
    lowering: "table" (of the rates of a run of up to 4,194,304 steps) or "analytic" (the
        formula); None chooses by the run: see `lrdsl.rates.form.choose_form`.

    Raises ScheduleError at once, also for a rate that is NaN, infinite or negative somewhere in
    a run of up to 1,048,576 steps, and pydantic's ValidationError for what is of another type.
    Called with a step (an int, or an integer tensor of any shape) it gives a float32 tensor of
    that shape, made of graph ops only; the tensors are those of Keras' backend (tensorflow, jax
    or torch). Under `gradient_accumulation_steps=N` Keras counts micro-batches; with
    `Timeline(accumulate=N)` N of them are one step.
    """

    def __init__(
        self,
        expr: str | float,
        params: Mapping[str, float | int | str] | None = None,
        timeline: Timeline | Mapping[str, int] | None = None,
        library: Mapping[str, str] | schedules.Paths | None = None,
        lowering: Lowering | None = None,
    ) -> None:
        super().__init__()
        self.schedule = schedules.Schedule(expr, params, library)
        options = _Options(timeline=timeline, lowering=lowering)  # type: ignore[arg-type]
        self.timeline, self.lowering = options.timeline or Timeline(), options.lowering
        _refuse_faults(self.schedule, self.timeline)
        self._compiled = _compile(self.schedule, self.timeline, lowering)

    def __call__(self, step: Any) -> Any:
        return self._compiled(step)

    def get_config(self) -> dict[str, Any]:
        """The text, the parameters, the timeline and library texts: all that the schedule is."""
        config = {
            "expr": self.schedule.expr,
            "params": dict(self.schedule.params),
            "timeline": self.timeline.model_dump(exclude_none=True),
        }
        given = {"library": dict(self.schedule.library), "lowering": self.lowering}
        return config | {name: value for name, value in given.items() if value}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """The schedule of a saved configuration, in which `library` holds texts: reads no file."""
        options = _Options.model_validate(config)
        rest = {name: each for name, each in config.items() if name not in _Options.model_fields}
        schedule = schedules.Schedule(rest)
        return cls(
            schedule.expr, schedule.params, options.timeline, schedule.library, options.lowering
        )

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_compiled"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._compiled = _compile(self.schedule, self.timeline, self.lowering)

    def __repr__(self) -> str:
        return f"Schedule({str(self.schedule)!r})"


def _compile(
    schedule: schedules.Schedule, run: Timeline, lowering: Lowering | None
) -> Callable[[Any], Any]:
    """A function from the optimizer's count to a rate, of the backend that Keras runs on."""
    form, accumulate = schedule.form(run, lowering), run.accumulate
    match keras.backend.backend():
        case "tensorflow":
            from lrdsl.engines.tensorflow import compile_tensorflow

            return compile_tensorflow(form.ir, form.formula, form.covered, accumulate)
        case "jax":
            from lrdsl.engines.jax import compile_jax

            return _of_arrays(compile_jax(form.ir, accumulate))
        case "torch":
            from lrdsl.engines.torch import compile_torch

            return _of_arrays(compile_torch(form.ir, accumulate))
        case _:  # backends that do not train, but load models
            rates = compile_numpy(form.formula)
            return _of_arrays(lambda step: np.float32(rates.at(np.asarray(step) // accumulate)))


def _of_arrays(rate: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda step: rate(step.value if isinstance(step, keras.Variable) else step)


def _refuse_faults(schedule: schedules.Schedule, run: Timeline) -> None:
    compiled = schedule.bind(run)
    if run.total_steps is None or run.total_steps > CHECKED_STEPS:
        return
    found = check_rates(compiled.ir, run.total_steps, schedule.span)
    if any(each.severity == "error" for each in found):
        raise ScheduleError(found, schedule.expr)


class _PerEpoch(keras.callbacks.Callback):  # type: ignore[misc]
    """Sets the optimizer's rate at the start of each epoch to the schedule's value there."""

    def __init__(self, schedule: schedules.Schedule, run: Timeline) -> None:
        super().__init__()
        self.schedule, self.run = schedule, run

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        optimizer = self.model.optimizer
        rate = getattr(optimizer, "inner_optimizer", optimizer)._learning_rate
        if isinstance(rate, keras.optimizers.schedules.LearningRateSchedule):
            raise ValueError(
                "the optimizer already has a schedule, so a callback cannot set its rate: "
                "create it with a number, or leave the callback out"
            )

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        steps_per_epoch = self.run.steps_per_epoch or 1
        rate = self.schedule.value(epoch * steps_per_epoch, self.run)
        self.model.optimizer.learning_rate = rate

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if logs is not None:
            logs["learning_rate"] = float(self.model.optimizer.learning_rate)


def callback(schedule: schedules.Schedule, run: Timeline) -> keras.callbacks.Callback:
    """A callback that changes the rate once per epoch, like Keras' LearningRateScheduler."""
    if run.steps_per_epoch is None:
        raise ValueError("a callback works by epochs: give the timeline `steps_per_epoch`")
    schedule.bind(run)
    return _PerEpoch(schedule, run)
