"""The schedules of optax, and what each is here."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import accumulate
from typing import Any

from lrdsl.convert.build import build_schedule
from lrdsl.convert.call_syntax import Spec, bind, read_spec, shown, with_arguments
from lrdsl.convert.numbers import items, number, numbers_text, steps_text
from lrdsl.convert.templates import METRIC, Arguments, Template, by, fill, find_row, sequence, table
from lrdsl.schedule import Schedule


def _with_exponent(expression: str) -> Template:
    """A cosine that optax may raise to a power; with the power 1 it is `expression`."""
    return by("exponent", {1: expression, ...: (
        "{end_value} + ({init_value} - {end_value}) * cosine(1, over={decay_steps:st})^({exponent})"
    )})  # fmt: skip


def _scales(a: Arguments) -> dict[Fraction, Fraction]:
    """The factors of the rate by the step from which they hold."""
    scales = a["boundaries_and_scales"] or {}
    if not isinstance(scales, Mapping):
        raise ValueError(f"`boundaries_and_scales` maps steps to scales, not {shown(scales)}")
    found = {number(at, "boundaries_and_scales"): number(scale, "boundaries_and_scales")
             for at, scale in scales.items()}  # fmt: skip
    if any(scale < 0 or at < 0 for at, scale in found.items()):
        raise ValueError("`boundaries_and_scales` has steps and scales that are not negative")
    return dict(sorted(found.items()))


def _constants(a: Arguments) -> str:
    scales = _scales(a)
    if len(set(scales.values())) == 1:
        scale = next(iter(scales.values()))
        return f"multistep({{init_value}}, {numbers_text(scale)}, {steps_text(list(scales))})"
    values = list(accumulate([number(a["init_value"], "init_value"), *scales.values()],
                             lambda value, scale: value * scale))  # fmt: skip
    if not scales:
        return "{init_value}"
    return f"piecewise({steps_text(list(scales))}, {numbers_text(values)})"


def _points(a: Arguments) -> str:
    """Lines or half cosines through the points; a scale at step 0 acts at once."""
    value = number(a["init_value"], "init_value")
    points = {Fraction(0): value}
    for step, scale in _scales(a).items():
        value *= scale
        points[step] = value
    at, values = list(points), list(points.values())
    if len(points) == 1:
        return numbers_text(value, "init_value")
    if a["interpolate_type"] == "linear":
        return f"interp({steps_text(at)}, {numbers_text(values)})"
    pairs = list(zip(at, at[1:], values, values[1:], strict=False))
    arcs = [
        f"cosine({numbers_text(low)}, {numbers_text(high)}, over={steps_text(end - start)})"
        for start, end, low, high in pairs
    ]
    return sequence(arcs, at[1:-1], "boundaries_and_scales")


def _interpolated(a: Arguments) -> str:
    by("interpolate_type", {"linear": "", "cosine": ""})(a)
    return _points(a)


def _one_cycle(kind: str) -> Template:
    """Up to the peak and down again, along lines or half cosines."""

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
        return _points({"interpolate_type": kind, "init_value": low,
                              "boundaries_and_scales": scales})  # fmt: skip

    return points


def _exponential(a: Arguments) -> str:
    """`init_value` up to `transition_begin`, then the decay, clipped at `end_value`."""
    rate = number(a["decay_rate"], "decay_rate")
    if number(a["transition_steps"], "transition_steps") <= 0 or rate == 0:
        return numbers_text(a["init_value"], "init_value")
    decay = fill(by("staircase", {
        False: "exponential({init_value}, {decay_rate}, every={transition_steps:st})",
        True: "step_decay({init_value}, {decay_rate}, every={transition_steps:st})",
    }), a)  # fmt: skip
    first = number(a["init_value"], "init_value")
    if a["end_value"] is not None:
        end, clip = number(a["end_value"], "end_value"), max if rate < 1 else min
        decay = f"{clip.__name__}({numbers_text(end)}, {decay})"
        first = clip(first, end)
    begin = max(number(a["transition_begin"], "transition_begin"), Fraction(0))
    return f"{numbers_text(first)} for {steps_text(begin, zero=True)} then {decay}"


def _polynomial(a: Arguments) -> str:
    if number(a["transition_steps"], "transition_steps") <= 0:
        return "{init_value}"
    begin = max(number(a["transition_begin"], "transition_begin"), Fraction(0))
    return f"{{init_value}} for {steps_text(begin, zero=True)} then " + (
        "polynomial({init_value}, {end_value}, power={power}, over={transition_steps:st})"
    )


def _cosine(a: Arguments) -> str:
    first = number(a["init_value"], "init_value")
    a = {**a, "end_value": first * number(a["alpha"], "alpha")}
    return fill(_with_exponent("cosine({init_value}, {end_value}, over={decay_steps:st})"), a)


def _warmup_cosine(a: Arguments) -> str:
    warmup = number(a["warmup_steps"], "warmup_steps")
    length = number(a["decay_steps"], "decay_steps") - warmup
    if length <= 0:
        raise ValueError("`decay_steps` is the whole length, more than `warmup_steps`")
    peak = number(a["peak_value"], "peak_value")
    cosine = fill(
        _with_exponent("cosine({init_value}, {end_value}, over={decay_steps:st})"),
        {"init_value": peak, "end_value": a["end_value"] if peak else 0,
         "exponent": a["exponent"], "decay_steps": length},
    )  # fmt: skip
    return f"linear({{init_value}}, {{peak_value}}) for {{warmup_steps:st0}} then {cosine}"


def _warmup_exponential(a: Arguments) -> str:
    decay = _exponential({**a, "init_value": a["peak_value"]})
    return f"linear({{init_value}}, {{peak_value}}) for {{warmup_steps:st0}} then ({decay})"


def _sgdr(a: Arguments) -> str:
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
        lambda a: fill(_polynomial, {**a, "power": 1}),
    "polynomial_schedule(init_value, end_value, power, transition_steps, transition_begin=0)":
        _polynomial,
    "exponential_decay(init_value, transition_steps, decay_rate, transition_begin=0, "
    "staircase=False, end_value=None)": _exponential,
    "cosine_decay_schedule(init_value, decay_steps, alpha=0.0, exponent=1.0)": _cosine,
    "warmup_constant_schedule(init_value, peak_value, warmup_steps)":
        lambda a: fill(_polynomial, {
            **a, "end_value": a["peak_value"], "power": 1, "transition_begin": 0,
            "transition_steps": a["warmup_steps"]}),
    "warmup_cosine_decay_schedule(init_value, peak_value, warmup_steps, decay_steps, "
    "end_value=0.0, exponent=1.0)": _warmup_cosine,
    "warmup_exponential_decay_schedule(init_value, peak_value, warmup_steps, transition_steps, "
    "decay_rate, transition_begin=0, staircase=False, end_value=None)": _warmup_exponential,
    "piecewise_constant_schedule(init_value, boundaries_and_scales=None)": _constants,
    "piecewise_interpolate_schedule(interpolate_type, init_value, boundaries_and_scales=None)":
        _interpolated,
    "linear_onecycle_schedule(transition_steps, peak_value, pct_start=0.3, pct_final=0.85, "
    "div_factor=25.0, final_div_factor=10000.0)": _one_cycle("linear"),
    "cosine_onecycle_schedule(transition_steps, peak_value, pct_start=0.3, div_factor=25.0, "
    "final_div_factor=10000.0)": _one_cycle("cosine"),
    "sgdr_schedule(cosine_kwargs)": _sgdr,
    "join_schedules(schedules, boundaries)":
        lambda a: sequence(a["schedules"], a["boundaries"], "boundaries"),
})  # fmt: skip
_REFUSED = {
    "reduce_on_plateau": METRIC,
    "inject_hyperparams": "wraps an optimizer; convert the schedule inside it",
}


def from_optax(spec: Any, /, **arguments: Any) -> Schedule:
    """A schedule of optax: `from_optax("cosine_decay_schedule(0.1, decay_steps=1000)")`.

    spec: a call as text, or the name with `arguments` apart; in `join_schedules`, a list of them.
    """
    text = _text(with_arguments(read_spec(spec, "an optax schedule"), arguments))
    return build_schedule(text)


def _text(spec: Spec) -> str:
    row = find_row("optax", OPTAX, _REFUSED, spec)
    bound = bind(row.signature, spec)
    if "schedules" in bound:
        schedules = items(bound["schedules"], "schedules")
        specs = [read_spec(each, "an optax schedule") for each in schedules]
        bound["schedules"] = [_text(each) for each in specs]
    return fill(row.template, bound)
