"""The `lr_scheduler_type`s of transformers, and what each is here."""

from __future__ import annotations

from typing import Any

from lrdsl.convert.templates import METRIC, Arguments, Template, by, fill, number, table, times

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
        every = times(rest / cycles, "num_cycles")
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
    hold = f"span {warmup}- {times(decay, 'num_decay_steps')}"
    if a["num_stable_steps"] is not None:
        hold = times(a["num_stable_steps"], "num_stable_steps", zero=True)
    elif a["rest_steps"] is not None:
        hold = times(a["rest_steps"] - decay, "num_decay_steps", zero=True)
    rise, fall = (fill(by(f"{side}_type", kinds), a)
                  for side, kinds in (("warmup", _RISES), ("decay", _FALLS)))  # fmt: skip
    return fill(f"{rise} for {{warmup:text}} then {{lr}} for {hold} then ({fall})", a)


# What every type has, in the words of `get_scheduler`.
TRANSFORMERS_COMMON = "common(lr, num_warmup_steps=0, num_training_steps=None, warmup_ratio=None)"
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
TRANSFORMERS_REFUSED = {
    "reduce_lr_on_plateau": METRIC,
    "greedy": METRIC,
    "Adafactor": _ADAFACTOR,
    "AdafactorSchedule": _ADAFACTOR,
}
