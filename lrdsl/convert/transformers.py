"""The `lr_scheduler_type`s of transformers, which begin with a warm-up in steps or a ratio."""

from __future__ import annotations

import math
from typing import Any

from lrdsl.convert.build import build_schedule
from lrdsl.convert.call_syntax import Spec, bind, read_spec, read_value, shown, with_arguments
from lrdsl.convert.numbers import number, number_text, numbers_of, steps_text
from lrdsl.convert.templates import Arguments, Table
from lrdsl.schedule import Schedule


def _restarts(a: Arguments) -> Arguments:
    """How the cosines fit into the rest: whole ones are whole steps long."""
    rest, cycles = a["rest_steps"], number(a["num_cycles"], "num_cycles")
    if cycles == 1:
        return {"fit": "one"}
    if rest is None:
        return {"fit": "unknown"}
    if cycles.denominator == 1 and rest % cycles == 0:
        return {"fit": "whole", "every": steps_text(rest / cycles, "num_cycles")}
    return {"fit": "cut"}


def _inverse_sqrt(a: Arguments) -> Arguments:
    """The timescale, or None for that of the warm-up."""
    scale = a["timescale"]
    if scale is None and a["warmup"] == "0st":
        scale = 10_000
    return {"timescale": None if scale == a["warmup_steps"] else scale}


def _low(a: Arguments) -> Arguments:
    """The lowest rate, of which transformers wants exactly one of two spellings."""
    if (a["min_lr"] is None) == (a["min_lr_rate"] is None):
        raise ValueError("give one of `min_lr` and `min_lr_rate`")
    if a["min_lr"] is not None:
        return {"low": a["min_lr"]}
    lr, rate = numbers_of(a, "lr", "min_lr_rate")
    return {"low": lr * rate}


def _low_and_rise(a: Arguments) -> Arguments:
    steps = a["warmup_steps"]
    rise = f"{a['warmup']} - 1st" if steps is None else f"{max(steps - 1, 1)}st"
    return {**_low(a), "rise": rise}


def _stable(a: Arguments) -> Arguments:
    """The lowest rate, and how long the highest holds."""
    lr, ratio, decay = numbers_of(a, "lr", "min_lr_ratio", "num_decay_steps")
    warmup = "" if a["warmup"] == "0st" else f"- {a['warmup']} "
    hold = f"span {warmup}- {steps_text(decay, 'num_decay_steps')}"
    if a["num_stable_steps"] is not None:
        hold = steps_text(a["num_stable_steps"], "num_stable_steps", zero=True)
    elif a["rest_steps"] is not None:
        hold = steps_text(a["rest_steps"] - decay, "num_decay_steps", zero=True)
    return {"low": lr * ratio, "hold": hold}


TRANSFORMERS = Table(
    "transformers",
    {
        "cosine_with_restarts": _restarts,
        "inverse_sqrt": _inverse_sqrt,
        "cosine_with_min_lr": _low,
        "cosine_warmup_with_min_lr": _low_and_rise,
        "warmup_stable_decay": _stable,
    },
)
# What every type has, in the words of `get_scheduler`.
_COMMON = read_value("common(lr, num_warmup_steps=0, num_training_steps=None, warmup_ratio=None)")


def from_transformers(
    lr_scheduler_type: Any,
    /,
    lr: float | None = None,
    num_warmup_steps: float = 0,
    num_training_steps: int | None = None,
    warmup_ratio: float | None = None,
    **lr_scheduler_kwargs: Any,
) -> Schedule:
    """A schedule of transformers: `from_transformers("cosine", 5e-5, 100, 1000)`.

    Without `num_training_steps` it ends with the run. The warm-up of a `warmup_ratio` is then
    a percentage of the run, rounded to a step, where transformers rounds up; a number of warm-up
    steps below 1 is a ratio, as in TrainingArguments.
    """
    spec = read_spec(getattr(lr_scheduler_type, "value", lr_scheduler_type), "a type")
    common = {"lr": lr, "num_warmup_steps": num_warmup_steps,
              "num_training_steps": num_training_steps, "warmup_ratio": warmup_ratio}  # fmt: skip
    given = {name: value for name, value in common.items() if value not in (None, 0)}
    return build_schedule(_text(spec, {**given, **lr_scheduler_kwargs}))


def _text(spec: Spec, arguments: Arguments) -> str:
    own = TRANSFORMERS.signature(spec)
    required = (*_COMMON.arguments, *own.arguments)
    signature = Spec(own.name, required, {**_COMMON.named, **own.named})
    bound = bind(signature, with_arguments(spec, arguments))
    return TRANSFORMERS.text(spec, {**bound, **_lengths(bound)})


def _lengths(bound: Arguments) -> dict[str, Any]:
    """How long the warm-up and what follows it are, as texts and, where known, as numbers."""
    names = ("warmup_ratio", "num_warmup_steps", "num_training_steps")
    ratio, steps, total = (bound[name] for name in names)
    if ratio is not None and steps:
        raise ValueError("give one of `num_warmup_steps` and `warmup_ratio`")
    if ratio is None and 0 < number(steps, "num_warmup_steps") < 1:
        ratio = steps
    if ratio is not None:
        if not 0 <= number(ratio, "warmup_ratio") < 1:
            raise ValueError(f"`warmup_ratio` is between 0 and 1, not {shown(ratio)}")
        steps = None if total is None else math.ceil(total * ratio)
    if steps is None:
        warmup = f"{number_text(number(ratio, 'warmup_ratio') * 100)}%"
    else:
        warmup = steps_text(steps, "num_warmup_steps", zero=True)
    rest = None if total is None else max(number(total, "num_training_steps") - steps, 1)
    after = "span" if rest is None else steps_text(rest, "num_training_steps")
    return {"warmup": warmup, "warmup_steps": steps, "rest": after, "rest_steps": rest}
