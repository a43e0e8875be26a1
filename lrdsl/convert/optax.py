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
from lrdsl.convert.templates import Arguments, Table, sequence
from lrdsl.schedule import Schedule


def _delay(a: Arguments) -> Arguments:
    """When a curve begins; one of no steps is a constant."""
    steps, begin = numbers_of(a, "transition_steps", "transition_begin")
    return {"constant": steps <= 0, "begin": max(begin, Fraction(0))}


def _decay(a: Arguments, start: str = "init_value") -> Arguments:
    """An exponential from the rate `start`, clipped at `end_value`, also before it begins."""
    rate, first = numbers_of(a, "decay_rate", start)
    delay = _delay(a)
    found = {**delay, "constant": delay["constant"] or rate == 0, "start": first, "first": first}
    if a["end_value"] is not None:
        bound = max if rate < 1 else min
        first = bound(first, number(a["end_value"], "end_value"))
        found |= {"first": first, "bound": bound.__name__}
    return found


def _cosine(a: Arguments) -> Arguments:
    start, alpha = numbers_of(a, "init_value", "alpha")
    return {"start": start, "end": start * alpha}


def _warmup_cosine(a: Arguments) -> Arguments:
    warmup, whole, peak, end = numbers_of(
        a, "warmup_steps", "decay_steps", "peak_value", "end_value"
    )
    if whole <= warmup:
        raise ValueError("`decay_steps` is the whole length, more than `warmup_steps`")
    return {"start": peak, "end": end if peak else 0, "decay_steps": whole - warmup}


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


def _levels(a: Arguments) -> Arguments:
    """The steps at which the rate changes, and the rates between them."""
    scales, first = _scales(a), number(a["init_value"], "init_value")
    different = set(scales.values())
    return {
        "scales": "different" if len(different) > 1 else "equal" if different else "none",
        "scale": next(iter(different), None),
        "at": list(scales),
        "rates": list(accumulate(scales.values(), mul, initial=first)),
    }


def _points(a: Arguments) -> Arguments:
    """Steps, from 0, and the rates there; a scale at step 0 acts at once."""
    levels = _levels(a)
    points = dict(zip([Fraction(0), *levels["at"]], levels["rates"], strict=True))
    at, rates = list(points), list(points.values())
    arcs = [
        f"cosine({numbers_text(low)}, {numbers_text(high)}, over={steps_text(end - start)})"
        for start, end, low, high in zip(at, at[1:], rates, rates[1:], strict=False)
    ]
    joined = sequence(arcs, at[1:-1], "boundaries_and_scales") if arcs else ""
    return {"at": at, "rates": rates, "first": rates[0], "constant": not arcs, "arcs": joined}


def _one_cycle(a: Arguments) -> Arguments:
    """Up to the peak and down again, as points; their places are computed in floats, as there."""
    steps, div, final, rise, peak = numbers_of(
        a, "transition_steps", "div_factor", "final_div_factor", "pct_start", "peak_value"
    )
    scales = {int(float(rise) * float(steps)): div}
    if "pct_final" in a:  # along lines, and back at the first rate before the end
        scales[int(float(number(a["pct_final"], "pct_final")) * float(steps))] = 1 / div
        scales[int(steps)] = 1 / final
    else:
        scales[int(steps)] = 1 / (div * final)
    return _points({"init_value": peak / div, "boundaries_and_scales": scales})


def _sgdr(a: Arguments) -> Arguments:
    name, cycles, ends = "warmup_cosine_decay_schedule", [], [Fraction(0)]
    for each in items(a["cosine_kwargs"], "cosine_kwargs"):
        if not isinstance(each, Mapping):
            raise ValueError(f"`cosine_kwargs` is a list of mappings, not of {shown(each)}")
        cycles.append(_text(Spec(name, (), each)))
        ends.append(ends[-1] + number(each["decay_steps"], "decay_steps"))
    return {"joined": sequence(cycles, ends[1:-1], "cosine_kwargs")}


OPTAX = Table(
    "optax",
    {
        "linear_schedule": _delay,
        "polynomial_schedule": _delay,
        "exponential_decay": _decay,
        "cosine_decay_schedule": _cosine,
        "warmup_constant_schedule": lambda a: {"constant": numbers_of(a, "warmup_steps")[0] <= 0},
        "warmup_cosine_decay_schedule": _warmup_cosine,
        "warmup_exponential_decay_schedule": lambda a: _decay(a, "peak_value"),
        "piecewise_constant_schedule": _levels,
        "piecewise_interpolate_schedule": _points,
        "linear_onecycle_schedule": _one_cycle,
        "cosine_onecycle_schedule": _one_cycle,
        "sgdr_schedule": _sgdr,
        "join_schedules": lambda a: {
            "joined": sequence(a["schedules"], a["boundaries"], "boundaries")
        },
    },
)


def from_optax(spec: Any, /, **arguments: Any) -> Schedule:
    """A schedule of optax: `from_optax("cosine_decay_schedule(0.1, decay_steps=1000)")`.

    spec: a call as text, or the name with `arguments` apart; in `join_schedules`, a list of them.
    """
    return build_schedule(_text(with_arguments(read_spec(spec, "an optax schedule"), arguments)))


def _text(spec: Spec) -> str:
    bound = bind(OPTAX.signature(spec), spec)
    if "schedules" in bound:
        schedules = items(bound["schedules"], "schedules")
        bound["schedules"] = [_text(read_spec(each, "an optax schedule")) for each in schedules]
    return OPTAX.text(spec, bound)
