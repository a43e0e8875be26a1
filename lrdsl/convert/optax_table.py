"""The schedules of optax, and what each is here."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import accumulate
from typing import Any

from lrdsl.convert.call_syntax import Spec, bind, shown
from lrdsl.convert.templates import (
    METRIC,
    Arguments,
    Template,
    by,
    fill,
    items,
    number,
    numbers,
    sequence,
    table,
    times,
)


def _with_peak_first(expression: str) -> Template:
    """optax' exponent of the cosine; 1 is the plain cosine."""
    return by("exponent", {1: expression, ...: (
        "{end_value} + ({init_value} - {end_value}) * cosine(1, over={decay_steps:st})^({exponent})"
    )})  # fmt: skip


def _scales(a: Arguments) -> dict[Any, Fraction]:
    scales = a["boundaries_and_scales"] or {}
    if not isinstance(scales, Mapping):
        raise ValueError(f"`boundaries_and_scales` maps steps to scales, not {shown(scales)}")
    found = {number(at, "boundaries_and_scales"): number(scale, "boundaries_and_scales")
             for at, scale in scales.items()}  # fmt: skip
    if any(scale < 0 or at < 0 for at, scale in found.items()):
        raise ValueError("`boundaries_and_scales` has steps and scales that are not negative")
    return dict(sorted(found.items()))


def _optax_constants(a: Arguments) -> str:
    scales = _scales(a)
    if len(set(scales.values())) == 1:
        scale = next(iter(scales.values()))
        return f"multistep({{init_value}}, {numbers(scale, '')}, {times(list(scales), '')})"
    values = list(accumulate([number(a["init_value"], "init_value"), *scales.values()],
                             lambda value, scale: value * scale))  # fmt: skip
    if not scales:
        return "{init_value}"
    return f"piecewise({times(list(scales), '')}, {numbers(values, '')})"


def _optax_points(a: Arguments) -> str:
    """Lines or half cosines through the points; a scale at step 0 acts at once."""
    points, value = {Fraction(0): number(a["init_value"], "init_value")}, Fraction(1)
    value = points[Fraction(0)]
    for at, scale in _scales(a).items():
        value *= scale
        points[at] = value
    at, values = list(points), list(points.values())
    if len(points) == 1:
        return numbers(value, "init_value")
    if a["interpolate_type"] == "linear":
        return f"interp({times(at, '')}, {numbers(values, '')})"
    pairs = list(zip(at, at[1:], values, values[1:], strict=False))
    arcs = [f"cosine({numbers(low, '')}, {numbers(high, '')}, over={times(end - start, '')})"
            for start, end, low, high in pairs]  # fmt: skip
    return sequence(arcs, at[1:-1], "boundaries_and_scales")


def _interpolated(a: Arguments) -> str:
    by("interpolate_type", {"linear": "", "cosine": ""})(a)
    return _optax_points(a)


def _optax_one_cycle(kind: str) -> Template:
    def points(a: Arguments) -> str:
        # The positions are computed as optax does, in floats.
        steps = float(number(a["transition_steps"], "transition_steps"))
        div = number(a["div_factor"], "div_factor")
        final = number(a["final_div_factor"], "final_div_factor")
        scales = {int(float(number(a["pct_start"], "pct_start")) * steps): div}
        if kind == "linear":
            scales[int(float(number(a["pct_final"], "pct_final")) * steps)] = 1 / div
        scales[int(steps)] = 1 / final if kind == "linear" else 1 / (div * final)
        low = number(a["peak_value"], "peak_value") / div
        return _optax_points({"interpolate_type": kind, "init_value": low,
                              "boundaries_and_scales": scales})  # fmt: skip

    return points


def _optax_exponential(a: Arguments) -> str:
    """`init_value` up to `transition_begin`, then the decay, clipped at `end_value`."""
    rate = number(a["decay_rate"], "decay_rate")
    if number(a["transition_steps"], "transition_steps") <= 0 or rate == 0:
        return numbers(a["init_value"], "init_value")
    decay = fill(by("staircase", {
        False: "exponential({init_value}, {decay_rate}, every={transition_steps:st})",
        True: "step_decay({init_value}, {decay_rate}, every={transition_steps:st})",
    }), a)  # fmt: skip
    first = number(a["init_value"], "init_value")
    if a["end_value"] is not None:
        end, clip = number(a["end_value"], "end_value"), max if rate < 1 else min
        decay = f"{clip.__name__}({numbers(end, '')}, {decay})"
        first = clip(first, end)
    begin = max(number(a["transition_begin"], "transition_begin"), Fraction(0))
    return f"{numbers(first, '')} for {times(begin, '', zero=True)} then {decay}"


def _optax_polynomial(a: Arguments) -> str:
    if number(a["transition_steps"], "transition_steps") <= 0:
        return "{init_value}"
    begin = max(number(a["transition_begin"], "transition_begin"), Fraction(0))
    return f"{{init_value}} for {times(begin, '', zero=True)} then " + (
        "polynomial({init_value}, {end_value}, power={power}, over={transition_steps:st})"
    )


def _optax_cosine(a: Arguments) -> str:
    first = number(a["init_value"], "init_value")
    a = {**a, "end_value": first * number(a["alpha"], "alpha")}
    return fill(_with_peak_first("cosine({init_value}, {end_value}, over={decay_steps:st})"), a)


def _optax_warmup_cosine(a: Arguments) -> str:
    warmup = number(a["warmup_steps"], "warmup_steps")
    length = number(a["decay_steps"], "decay_steps") - warmup
    if length <= 0:
        raise ValueError("`decay_steps` is the whole length, more than `warmup_steps`")
    peak = number(a["peak_value"], "peak_value")
    cosine = fill(
        _with_peak_first("cosine({init_value}, {end_value}, over={decay_steps:st})"),
        {"init_value": peak, "end_value": a["end_value"] if peak else 0,
         "exponent": a["exponent"], "decay_steps": length},
    )  # fmt: skip
    return f"linear({{init_value}}, {{peak_value}}) for {{warmup_steps:st0}} then {cosine}"


def _optax_warmup_exponential(a: Arguments) -> str:
    decay = _optax_exponential({**a, "init_value": a["peak_value"]})
    return f"linear({{init_value}}, {{peak_value}}) for {{warmup_steps:st0}} then ({decay})"


def _optax_sgdr(a: Arguments) -> str:
    row, name = OPTAX["warmup_cosine_decay_schedule"], "warmup_cosine_decay_schedule"
    cycles, ends = [], [Fraction(0)]
    for each in items(a["cosine_kwargs"], "cosine_kwargs"):
        if not isinstance(each, Mapping):
            raise ValueError(f"`cosine_kwargs` is a list of mappings, not of {shown(each)}")
        cycles.append(fill(row.template, bind(row.signature, Spec(name, (), each))))
        ends.append(ends[-1] + number(each["decay_steps"], "decay_steps"))
    return sequence(cycles, ends[1:-1], "cosine_kwargs")


OPTAX = table({
    "constant_schedule(value)": "{value}",
    "linear_schedule(init_value, end_value, transition_steps, transition_begin=0)":
        lambda a: fill(_optax_polynomial, {**a, "power": 1}),
    "polynomial_schedule(init_value, end_value, power, transition_steps, transition_begin=0)":
        _optax_polynomial,
    "exponential_decay(init_value, transition_steps, decay_rate, transition_begin=0, "
    "staircase=False, end_value=None)": _optax_exponential,
    "cosine_decay_schedule(init_value, decay_steps, alpha=0.0, exponent=1.0)": _optax_cosine,
    "warmup_constant_schedule(init_value, peak_value, warmup_steps)":
        lambda a: fill(_optax_polynomial, {
            **a, "end_value": a["peak_value"], "power": 1, "transition_begin": 0,
            "transition_steps": a["warmup_steps"]}),
    "warmup_cosine_decay_schedule(init_value, peak_value, warmup_steps, decay_steps, "
    "end_value=0.0, exponent=1.0)": _optax_warmup_cosine,
    "warmup_exponential_decay_schedule(init_value, peak_value, warmup_steps, transition_steps, "
    "decay_rate, transition_begin=0, staircase=False, end_value=None)": _optax_warmup_exponential,
    "piecewise_constant_schedule(init_value, boundaries_and_scales=None)": _optax_constants,
    "piecewise_interpolate_schedule(interpolate_type, init_value, boundaries_and_scales=None)":
        _interpolated,
    "linear_onecycle_schedule(transition_steps, peak_value, pct_start=0.3, pct_final=0.85, "
    "div_factor=25.0, final_div_factor=10000.0)": _optax_one_cycle("linear"),
    "cosine_onecycle_schedule(transition_steps, peak_value, pct_start=0.3, div_factor=25.0, "
    "final_div_factor=10000.0)": _optax_one_cycle("cosine"),
    "sgdr_schedule(cosine_kwargs)": _optax_sgdr,
    "join_schedules(schedules, boundaries)":
        lambda a: sequence(a["schedules"], a["boundaries"], "boundaries"),
})  # fmt: skip
OPTAX_REFUSED = {
    "reduce_on_plateau": METRIC,
    "inject_hyperparams": "wraps an optimizer; convert the schedule inside it",
}
