"""The factors of T5X and the policies of Caffe, and what each is here."""

from __future__ import annotations

from fractions import Fraction

from lrdsl.convert.templates import METRIC, Arguments, number, table, times

T5X_SIGNATURE = (
    "factors(base_learning_rate=0.5, warmup_steps=1000, decay_factor=0.5, steps_per_decay=20000, "
    "steps_per_cycle=100000, step_offset=0, min_learning_rate=1e-08)"
)
# `{scale}` is the constant, in the last factor that can hold it.
T5X = {
    "linear_warmup": "warmup({warmup_steps:st})",
    "linear_decay": "{base_learning_rate} * "
                    "min(step / {warmup_steps}, 1 + {decay_factor} * ({warmup_steps} - step))",
    "rsqrt_decay": "1 / sqrt(max(step, {warmup_steps}))",
    "rsqrt_normalized_decay": "rsqrt({scale}, over={warmup_steps:st})",
    "decay_every": "step_decay({scale}, {decay_factor}, every={steps_per_decay:st})",
    "cosine_decay": "({scale} for {warmup_steps:st0} then "
                    "cosine_restarts({scale}, every={steps_per_cycle:st}))",
}  # fmt: skip


def _caffe_multistep(a: Arguments) -> str:
    """Caffe takes at most one value per iteration, in the order of the file."""
    at: list[Fraction] = []
    values = a["stepvalue"] if isinstance(a["stepvalue"], list) else [a["stepvalue"]]
    for value in values:
        at.append(max([number(value, "stepvalue"), *(each + 1 for each in at[-1:])]))
    return f"multistep({{base_lr}}, {{gamma}}, {times(at, 'stepvalue')})"


CAFFE = table({
    "fixed(base_lr)": "{base_lr}",
    "step(base_lr, gamma, stepsize)": "step_decay({base_lr}, {gamma}, every={stepsize:st})",
    "exp(base_lr, gamma)": "exponential({base_lr}, {gamma}, every=1st)",
    "inv(base_lr, gamma, power)": "inverse_time({base_lr}, {gamma}, every=1st, power={power})",
    "multistep(base_lr, gamma, stepvalue)": _caffe_multistep,
    "poly(base_lr, power, max_iter)": "polynomial({base_lr}, power={power}, over={max_iter:st})",
    "sigmoid(base_lr, gamma, stepsize)": "sigmoid({base_lr}, -{gamma}, middle={stepsize:st})",
})  # fmt: skip
CAFFE_REFUSED = {"plateau": METRIC}
