"""The `lr_scheduler_type`s of transformers, and what each is here."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from lrdsl.convert.build import build_schedule
from lrdsl.convert.call_syntax import Spec, bind, read_spec, read_value, shown, with_arguments
from lrdsl.convert.numbers import number, number_text, steps_text
from lrdsl.convert.templates import METRIC, Arguments, Template, by, fill, find_row, table
from lrdsl.schedule import Schedule

# `{warmup}` is a length of time, `{rest}` the length of what follows it.
_LINEAR_WARMUP = "linear(0, {lr}) for {warmup:text} then "


def _min_lr(a: Arguments) -> dict[str, Any]:
    """The lowest rate, of which transformers wants exactly one of two spellings."""
    if (a["min_lr"] is None) == (a["min_lr_rate"] is None):
        raise ValueError("give one of `min_lr` and `min_lr_rate`")
    rate = a["min_lr"]
    if rate is None:
        rate = number(a["lr"], "lr") * number(a["min_lr_rate"], "min_lr_rate")
    return {**a, "low": rate}


def _with_min_lr(a: Arguments) -> str:
    return fill(_LINEAR_WARMUP + "cosine_annealing({lr}, {low}, half={rest:text} / "
                "(2 * {num_cycles}))", _min_lr(a))  # fmt: skip


def _warmup_with_min_lr(a: Arguments) -> str:
    """Everything one step early: the first step is no longer at 0."""
    tail = "at(cosine_annealing({lr}, {low}, half={rest:text} / (2 * {num_cycles})), t + 1st)"
    if a["warmup"] == "0st":
        return fill(tail, _min_lr(a))
    warmup = "{lr} * warmup_from_one({warmup:text})"
    if a["warmup_lr_rate"] is not None:
        steps = a["warmup_steps"]
        over = "{warmup:text} - 1st" if steps is None else f"{max(steps - 1, 1)}st"
        warmup = f"linear({{lr}} * {{warmup_lr_rate}}, {{lr}}, over={over})"
    return fill(f"{warmup} for {{warmup:text}} then {tail}", _min_lr(a))


def _restarts(a: Arguments) -> str:
    """Cosines that fit into the rest, then 0; whole ones where they are whole steps long."""
    rest, cycles = a["rest_steps"], number(a["num_cycles"], "num_cycles")
    if cycles == 1:
        return _LINEAR_WARMUP + "cosine({lr}, over={rest:text})"
    if rest is None:
        return _LINEAR_WARMUP + "arc({lr}, 0, mod({num_cycles} * t / span, 1))"
    if cycles.denominator == 1 and rest % cycles == 0:
        every = steps_text(rest / cycles, "num_cycles")
        return _LINEAR_WARMUP + f"cosine_restarts({{lr}}, every={every}, limit={{num_cycles}})"
    return _LINEAR_WARMUP + (
        "arc({lr}, 0, mod({num_cycles} * t / {rest:text}, 1)) for {rest:text} then 0"
    )


def _inverse_sqrt(a: Arguments) -> str:
    steps, scale = a["warmup_steps"], a["timescale"]
    if scale is None and a["warmup"] != "0st":
        return "warmup({warmup:text}) * rsqrt({lr}, over={warmup:text})"
    a = {**a, "timescale": 10_000 if scale is None else scale}
    if steps is not None and steps == a["timescale"]:
        return "warmup({warmup:text}) * rsqrt({lr}, over={warmup:text})"
    return fill(_LINEAR_WARMUP + "inverse_time({lr}, 1, every={timescale:st}, power=0.5)", a)


_RISES: dict[str, Template] = {
    "linear": "linear({low}, {lr})",
    "cosine": "cosine({low}, {lr})",
    "1-sqrt": "polynomial({low}, {lr}, power=0.5)",
}
_FALLS: dict[str, Template] = {
    "linear": "linear({lr}, {low}, over={num_decay_steps:st})",
    "cosine": by("num_cycles", {
        0.5: "cosine({lr}, {low}, over={num_decay_steps:st})",
        ...: "cosine_annealing({lr}, {low}, half={num_decay_steps:st} / (2 * {num_cycles})) "
             "for {num_decay_steps:st} then {low}",
    }),
    "1-sqrt": "polynomial({lr}, {low}, k=0.5, over={num_decay_steps:st})",
}  # fmt: skip


def _stable(a: Arguments) -> str:
    lr, ratio = number(a["lr"], "lr"), number(a["min_lr_ratio"], "min_lr_ratio")
    a = {**a, "low": lr * ratio}
    decay = number(a["num_decay_steps"], "num_decay_steps")
    warmup = "" if a["warmup"] == "0st" else "- {warmup:text} "
    hold = f"span {warmup}- {steps_text(decay, 'num_decay_steps')}"
    if a["num_stable_steps"] is not None:
        hold = steps_text(a["num_stable_steps"], "num_stable_steps", zero=True)
    elif a["rest_steps"] is not None:
        hold = steps_text(a["rest_steps"] - decay, "num_decay_steps", zero=True)
    rise, fall = (fill(by(f"{side}_type", kinds), a)
                  for side, kinds in (("warmup", _RISES), ("decay", _FALLS)))  # fmt: skip
    return fill(f"{rise} for {{warmup:text}} then {{lr}} for {hold} then ({fall})", a)


# What every type has, in the words of `get_scheduler`.
_COMMON = "common(lr, num_warmup_steps=0, num_training_steps=None, warmup_ratio=None)"
TRANSFORMERS = table({
    "constant()": "{lr}",
    "constant_with_warmup()":
        by("warmup", {"0st": "{lr}", ...: "{lr} * warmup({warmup:text})"}),
    "linear()": _LINEAR_WARMUP + "linear({lr}, 0, over={rest:text})",
    "cosine(num_cycles=0.5)":
        _LINEAR_WARMUP + "cosine_annealing({lr}, half={rest:text} / (2 * {num_cycles}))",
    "cosine_with_restarts(num_cycles=1)": _restarts,
    "polynomial(lr_end=1e-07, power=1.0)":
        _LINEAR_WARMUP + "polynomial({lr}, {lr_end}, power={power}, over={rest:text})",
    "inverse_sqrt(timescale=None)": _inverse_sqrt,
    "cosine_with_min_lr(num_cycles=0.5, min_lr=None, min_lr_rate=None)": _with_min_lr,
    "cosine_warmup_with_min_lr(num_cycles=0.5, min_lr=None, min_lr_rate=None, "
    "warmup_lr_rate=None)": _warmup_with_min_lr,
    "warmup_stable_decay(num_decay_steps, num_stable_steps=None, warmup_type='linear', "
    "decay_type='cosine', min_lr_ratio=0, num_cycles=0.5)": _stable,
})  # fmt: skip
_ADAFACTOR = "computes its rate from the parameters; give it `relative_step=False` and a schedule"
_REFUSED = {
    "reduce_lr_on_plateau": METRIC,
    "greedy": METRIC,
    "Adafactor": _ADAFACTOR,
    "AdafactorSchedule": _ADAFACTOR,
}


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
    row = find_row("transformers", TRANSFORMERS, _REFUSED, spec)
    common = {"lr": lr, "num_warmup_steps": num_warmup_steps,
              "num_training_steps": num_training_steps, "warmup_ratio": warmup_ratio}  # fmt: skip
    given = {name: value for name, value in common.items() if value not in (None, 0)}
    spec = with_arguments(spec, {**given, **lr_scheduler_kwargs})
    known = read_value(_COMMON)
    signature = Spec(
        spec.name,
        (*known.arguments, *row.signature.arguments),
        {**known.named, **row.signature.named},
    )
    bound = bind(signature, spec)
    return build_schedule(fill(row.template, {**bound, **_warmup(bound)}))


def _warmup(bound: Mapping[str, Any]) -> dict[str, Any]:
    """The length of the warm-up and of what is left, as texts and, where known, as numbers."""
    ratio, steps, total = (
        bound[name] for name in ("warmup_ratio", "num_warmup_steps", "num_training_steps")
    )
    if ratio is not None and steps:
        raise ValueError("give one of `num_warmup_steps` and `warmup_ratio`")
    if ratio is None and 0 < number(steps, "num_warmup_steps") < 1:
        ratio = steps
    if ratio is not None and not 0 <= number(ratio, "warmup_ratio") < 1:
        raise ValueError(f"`warmup_ratio` is between 0 and 1, not {shown(ratio)}")
    if ratio is not None and total is None:
        percent = number_text(number(ratio, "warmup_ratio") * 100)
        return {"warmup": f"{percent}%", "warmup_steps": None, "rest": "span", "rest_steps": None}
    if ratio is not None:
        steps = math.ceil(total * ratio)
    warmup = steps_text(steps, "num_warmup_steps", zero=True)
    if total is None:
        return {"warmup": warmup, "warmup_steps": steps, "rest": "span", "rest_steps": None}
    rest = max(number(total, "num_training_steps") - steps, 1)
    return {"warmup": warmup, "warmup_steps": steps, "rest": steps_text(rest, "num_training_steps"),
            "rest_steps": rest}  # fmt: skip
