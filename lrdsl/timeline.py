"""The run that a schedule is bound to: how long an epoch, the run and a step are."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

# Steps are exact up to here: over 10^12.
LAST_STEP = 2**40


def plain_number(value: Any) -> Any:
    """A NumPy scalar as the int or float64 that it holds; anything else as it is.

    Strict validation knows Python's numbers only, and importing NumPy to ask would be slow.
    """
    if type(value) in (int, float) or not isinstance(value, Real):
        return value
    match getattr(getattr(value, "dtype", None), "kind", None):  # a time span is a Real, too
        case "i" | "u":
            return int(value)  # type: ignore[call-overload]
        case "f":
            return float(value)
    return value


def as_dict(value: Any) -> Any:
    """A mapping as a dict, ValueError where it cannot be read; anything else as it is.

    A value of a config may be missing, or not to be resolved, and says so as it is read.
    """
    if not isinstance(value, Mapping):
        return value
    try:
        return dict(value.items())
    except Exception as error:
        raise ValueError(str(error)) from None


Count = Annotated[int, BeforeValidator(plain_number), Field(gt=0, le=LAST_STEP)]


class Timeline(BaseModel):
    """Lengths of a training run; all optional, contradictions refused.

    steps_per_epoch: optimizer updates in an epoch.
    epochs: epochs in the run.
    total_steps: optimizer updates in the run; `steps_per_epoch * epochs` unless given.
    batch_size: samples in one update (with accumulation, of all its micro-batches together).
    tokens_per_step: tokens in one update.
    accumulate: micro-batches per update, Keras' `gradient_accumulation_steps`.

    Whole numbers from 1 to 2^40, of Python or NumPy; anything else is a `ValidationError`.
    """

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    steps_per_epoch: Count | None = None
    epochs: Count | None = None
    total_steps: Count | None = None
    batch_size: Count | None = None
    tokens_per_step: Count | None = None
    accumulate: Count = 1

    @model_validator(mode="before")
    @classmethod
    def _accept(cls, value: Any) -> Any:
        return as_dict(value)

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.steps_per_epoch and self.epochs:
            product = self.steps_per_epoch * self.epochs
            if self.total_steps is None:
                if product > LAST_STEP:
                    raise ValueError(f"{product:,} steps are more than {LAST_STEP:,}")
                object.__setattr__(self, "total_steps", product)
            elif self.total_steps != product:
                raise ValueError(
                    f"total_steps is {self.total_steps:,}, but {self.epochs:,} epochs of "
                    f"{self.steps_per_epoch:,} steps are {product:,}: leave one of them out"
                )
        return self
