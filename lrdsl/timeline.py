"""The run that a schedule is bound to: how long an epoch, the run and a step are."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, PositiveInt, model_validator


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

    steps_per_epoch: PositiveInt | None = None
    epochs: PositiveInt | None = None
    total_steps: PositiveInt | None = None
    batch_size: PositiveInt | None = None
    tokens_per_step: PositiveInt | None = None
    accumulate: PositiveInt = 1

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.steps_per_epoch and self.epochs:
            product = self.steps_per_epoch * self.epochs
            if self.total_steps is None:
                object.__setattr__(self, "total_steps", product)
            elif self.total_steps != product:
                raise ValueError(
                    f"total_steps is {self.total_steps:,}, but {self.epochs:,} epochs of "
                    f"{self.steps_per_epoch:,} steps are {product:,}: leave one of them out"
                )
        return self
