"""The schedules of optax, also inside each other."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import accumulate
from operator import mul
from typing import Any

from lrdsl.convert.build import build_schedule
from lrdsl.convert.call_syntax import Spec, bind, read_spec, shown, with_arguments
from lrdsl.convert.numbers import items, number, numbers_of, numbers_text, steps_text
from lrdsl.convert.templates import Arguments, Table, fill, sequence
from lrdsl.schedule import Schedule


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
    scales, first = _scales(a), number(a["init_value"], "init_value")
    if not scales:
        return numbers_text(first)
    at = steps_text(list(scales))
    if len(set(scales.values())) == 1:
        return (
            f"multistep({numbers_text(first)}, {numbers_text(next(iter(scales.values())))}, {at})"
        )
    return f"piecewise({at}, {numbers_text(list(accumulate(scales.values(), mul, initial=first)))})"


def _points(a: Arguments) -> tuple[list[Fraction], list[Fraction]]:
    """Steps, from 0, and the rates there; a scale at step 0 acts at once."""
    first, scales = number(a["init_value"], "init_value"), _scales(a)
    rates = accumulate(scales.values(), mul, initial=first)
    points = dict(zip([Fraction(0), *scales], rates, strict=True))
    return list(points), list(points.values())


def _lines(a: Arguments) -> str:
    at, values = _points(a)
    if len(at) == 1:
        return numbers_text(values[0])
    return f"interp({steps_text(at)}, {numbers_text(values)})"


def _arcs(a: Arguments) -> str:
    """Half cosines through the points."""
    at, values = _points(a)
    if len(at) == 1:
        return numbers_text(values[0])
    arcs = [
        f"cosine({numbers_text(low)}, {numbers_text(high)}, over={steps_text(end - start)})"
        for start, end, low, high in zip(at, at[1:], values, values[1:], strict=False)
    ]
    return sequence(arcs, at[1:-1], "boundaries_and_scales")


def _one_cycle(a: Arguments, *, straight: bool) -> dict[str, Any]:
    """Up to the peak and down again, as points; their places are computed in floats, as there."""
    steps, div, final, rise = numbers_of(
        a, "transition_steps", "div_factor", "final_div_factor", "pct_start"
    )
    scales = {int(float(rise) * float(steps)): div}
    if straight:
        scales[int(float(number(a["pct_final"], "pct_final")) * float(steps))] = 1 / div
    scales[int(steps)] = 1 / final if straight else 1 / (div * final)
    low = number(a["peak_value"], "peak_value") / div
    return {"init_value": low, "boundaries_and_scales": scales}


def _exponential(a: Arguments) -> str:
    """`init_value` up to `transition_begin`, then the decay, clipped at `end_value`."""
    rate, steps = numbers_of(a, "decay_rate", "transition_steps")
    if steps <= 0 or rate == 0:
        return "{init_value}"
    curves = {
        False: "exponential({init_value}, {decay_rate}, every={transition_steps:st})",
        True: "step_decay({init_value}, {decay_rate}, every={transition_steps:st})",
    }
    decay = fill({"staircase": curves}, a)
    first = number(a["init_value"], "init_value")
    if a["end_value"] is not None:
        end, clip = number(a["end_value"], "end_value"), max if rate < 1 else min
        decay = f"{clip.__name__}({numbers_text(end)}, {decay})"
        first = clip(first, end)
    return f"{numbers_text(first)} for {_begin(a)} then {decay}"


def _begin(a: Arguments) -> str:
    begin = number(a["transition_begin"], "transition_begin")
    return steps_text(max(begin, Fraction(0)), zero=True)


def _polynomial(a: Arguments) -> str:
    if number(a["transition_steps"], "transition_steps") <= 0:
        return "{init_value}"
    return f"{{init_value}} for {_begin(a)} then " + (
        "polynomial({init_value}, {end_value}, power={power}, over={transition_steps:st})"
    )


def _cosine(a: Arguments) -> str:
    first, alpha = numbers_of(a, "init_value", "alpha")
    return fill(_COSINE, {**a, "end_value": first * alpha})


_COSINE = {
    "exponent": {
        1: "cosine({init_value}, {end_value}, over={decay_steps:st})",
        "else": "{end_value} + ({init_value} - {end_value}) * "
        "cosine(1, over={decay_steps:st})^({exponent})",
    }
}


def _warmup_cosine(a: Arguments) -> str:
    warmup, whole = numbers_of(a, "warmup_steps", "decay_steps")
    if whole <= warmup:
        raise ValueError("`decay_steps` is the whole length, more than `warmup_steps`")
    peak = number(a["peak_value"], "peak_value")
    end = a["end_value"] if peak else 0
    decay = {"init_value": peak, "end_value": end, "decay_steps": whole - warmup}
    cosine = fill(_COSINE, {**a, **decay})
    return f"linear({{init_value}}, {{peak_value}}) for {{warmup_steps:st0}} then {cosine}"


def _warmup_exponential(a: Arguments) -> str:
    decay = fill(_exponential, {**a, "init_value": a["peak_value"]})
    return f"linear({{init_value}}, {{peak_value}}) for {{warmup_steps:st0}} then ({decay})"


def _warmup_constant(a: Arguments) -> str:
    ramp = {"end_value": a["peak_value"], "transition_steps": a["warmup_steps"]}
    return fill(_polynomial, {**a, **ramp, "transition_begin": 0, "power": 1})


def _sgdr(a: Arguments) -> str:
    name, cycles, ends = "warmup_cosine_decay_schedule", [], [Fraction(0)]
    for each in items(a["cosine_kwargs"], "cosine_kwargs"):
        if not isinstance(each, Mapping):
            raise ValueError(f"`cosine_kwargs` is a list of mappings, not of {shown(each)}")
        cycles.append(_text(Spec(name, (), each)))
        ends.append(ends[-1] + number(each["decay_steps"], "decay_steps"))
    return sequence(cycles, ends[1:-1], "cosine_kwargs")


OPTAX = Table(
    "optax",
    {
        "linear_schedule": lambda a: fill(_polynomial, {**a, "power": 1}),
        "polynomial_schedule": _polynomial,
        "exponential_decay": _exponential,
        "cosine_decay_schedule": _cosine,
        "warmup_constant_schedule": _warmup_constant,
        "warmup_cosine_decay_schedule": _warmup_cosine,
        "warmup_exponential_decay_schedule": _warmup_exponential,
        "piecewise_constant_schedule": _constants,
        "piecewise_interpolate_schedule": {"interpolate_type": {"linear": _lines, "cosine": _arcs}},
        "linear_onecycle_schedule": lambda a: _lines(_one_cycle(a, straight=True)),
        "cosine_onecycle_schedule": lambda a: _arcs(_one_cycle(a, straight=False)),
        "sgdr_schedule": _sgdr,
        "join_schedules": lambda a: sequence(a["schedules"], a["boundaries"], "boundaries"),
    },
)


def from_optax(spec: Any, /, **arguments: Any) -> Schedule:
    """A schedule of optax: `from_optax("cosine_decay_schedule(0.1, decay_steps=1000)")`.

    spec: a call as text, or the name with `arguments` apart; in `join_schedules`, a list of them.
    """
    return build_schedule(_text(with_arguments(read_spec(spec, "an optax schedule"), arguments)))


def _text(spec: Spec) -> str:
    signature, template = OPTAX.find(spec)
    bound = bind(signature, spec)
    if "schedules" in bound:
        schedules = items(bound["schedules"], "schedules")
        bound["schedules"] = [_text(read_spec(each, "an optax schedule")) for each in schedules]
    return fill(template, bound)
