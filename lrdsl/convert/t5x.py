"""The factors of T5X, and what each is here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lrdsl.convert.build import build_schedule
from lrdsl.convert.call_syntax import Spec, bind, did_you_mean, read_value, shown
from lrdsl.convert.numbers import number, number_text, numbers_text, steps_text
from lrdsl.convert.templates import Arguments, fill
from lrdsl.schedule import Schedule

_SIGNATURE = (
    "factors(base_learning_rate=0.5, warmup_steps=1000, decay_factor=0.5, steps_per_decay=20000, "
    "steps_per_cycle=100000, step_offset=0, min_learning_rate=1e-08)"
)
# `{scale}` is a place for the constant.
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


def from_t5x(factors: str, /, **arguments: Any) -> Schedule:
    """A factor string of T5X: `from_t5x("constant * linear_warmup * rsqrt_decay")`.

    The arguments are those of `create_learning_rate_scheduler`.
    """
    names = [name.strip() for name in factors.split("*")]
    for name in names:
        if name not in T5X and name != "constant":
            near = did_you_mean(name, ["constant", *T5X])
            raise ValueError(f"T5X has no factor {shown(name)}{near}")
    bound = bind(read_value(_SIGNATURE), Spec("t5x", (), arguments))
    lowest = numbers_text(bound["min_learning_rate"], "min_learning_rate")
    text = f"max({lowest}, {' * '.join(f'({each})' for each in _filled(names, bound))})"
    if bound["step_offset"]:
        text = f"at({text}, max(t - {steps_text(bound['step_offset'], 'step_offset')}, 0st))"
    return build_schedule(text)


def _filled(names: Sequence[str], bound: Arguments) -> list[str]:
    """The factors as expressions; the last one that has a `{scale}` holds the constant."""
    base = number(bound["base_learning_rate"], "base_learning_rate")
    scale = base ** names.count("constant")
    factors = [name for name in names if name != "constant"]
    holders = [place for place, name in enumerate(factors) if "{scale}" in T5X[name]]
    if not holders:
        return [number_text(scale), *(fill(T5X[name], bound) for name in factors)]
    return [
        fill(T5X[name], {**bound, "scale": scale if place == holders[-1] else 1})
        for place, name in enumerate(factors)
    ]
