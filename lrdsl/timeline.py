"""The run that a schedule is bound to: how long an epoch, the run and a step are."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

# Steps are exact up to here: over 10^12.
LAST_STEP = 2**40

Count = Annotated[int, Field(gt=0, le=LAST_STEP)]


class Timeline(BaseModel):
    """Lengths of a training run; all optional, contradictions refused.

    steps_per_epoch: optimizer updates in an epoch.
    epochs: epochs in the run.
    total_steps: optimizer updates in the run; `steps_per_epoch * epochs` unless given.
    batch_size: samples in one update (with accumulation, of all its micro-batches together).
    tokens_per_step: tokens in one update.
    accumulate: micro-batches per update, Keras' `gradient_accumulation_steps`.
    """

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    steps_per_epoch: Count | None = None
    epochs: Count | None = None
    total_steps: Count | None = None
    batch_size: Count | None = None
    tokens_per_step: Count | None = None
    accumulate: Count = 1

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
