"""Templates of expressions: rows of a table, filled with the arguments of a peer's schedule."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from types import EllipsisType
from typing import Any

from lrdsl.convert.call_syntax import Code, Spec, did_you_mean, read_value, shown
from lrdsl.convert.simplification import number_text

Arguments = Mapping[str, Any]
# A text with `{name}` for a number, `{name:st}` for a length of time, `{name:st0}` for one that
# may be 0, and `{name:text}` for a text as it is; or a function from the arguments to such a text.
Template = str | Callable[[Arguments], str]

# Why some have no template.
METRIC = (
    "depends on a metric and not on the step alone, so no expression is the same; lower the "
    "rate at fixed times with `multistep`, or keep it as a callback over a constant rate"
)
CALLABLE = "calls a function of yours; write what it computes as an expression of `step`"

_FIELD = re.compile(r"\{(\w+)(?::(\w+))?\}")


@dataclass(frozen=True)
class Row:
    """One schedule of a peer: how it is called there, and what it is here."""

    signature: Spec
    template: Template


def table(rows: Mapping[str, Template]) -> dict[str, Row]:
    """Rows by name, from templates by the text of the peer's own signature."""
    signatures = [read_value(text) for text in rows]
    return {
        signature.name: Row(signature, template)
        for signature, template in zip(signatures, rows.values(), strict=True)
    }


def fill(template: Template, arguments: Arguments) -> str:
    """The text of a template, each field filled in."""
    try:
        text = template(arguments) if callable(template) else template
    except (ZeroDivisionError, OverflowError):
        raise ValueError("the arguments divide by zero, or are too large") from None
    return _FIELD.sub(lambda match: _field(match[1], arguments, match[2]), text)


def _field(name: str, arguments: Arguments, form: str | None) -> str:
    value = arguments[name]
    if form == "text":
        return str(value)
    return times(value, name, zero=form == "st0") if form else numbers(value, name)


def by(parameter: str, templates: Mapping[Any, Template]) -> Callable[[Arguments], str]:
    """The template for the value of one argument; `...` stands for every other value."""

    def choose(arguments: Arguments) -> str:
        value = arguments[parameter]
        known: Mapping[Any, Template] = templates
        if isinstance(value, str | bool | int | float | None) and value in known:
            return fill(known[value], arguments)
        if ... in known:
            return fill(known[...], arguments)
        raise ValueError(_not_one_of(parameter, value, known))

    return choose


def _not_one_of(name: str, value: object, known: Mapping[Any, Any]) -> str:
    names = [each for each in known if isinstance(each, str)]
    near = did_you_mean(value, names) if isinstance(value, str) else ""
    options = " or ".join(f"`{each}`" for each in known if not isinstance(each, EllipsisType))
    return f"`{name}` is {options}, not {shown(value)}{near}"


def numbers(value: object, name: str) -> str:
    """A number, or a list of numbers, as text."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(numbers(each, name) for each in value)}]"
    return number_text(number(value, name))


def times(value: object, name: str, *, zero: bool = False) -> str:
    """A number of steps, or a list of them, as text."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(times(each, name, zero=True) for each in value)}]"
    steps = number(value, name)
    if steps < 0 or (steps == 0 and not zero):
        least = "at least 0" if zero else "more than 0"
        raise ValueError(f"`{name}` is a number of steps, {least}, not {number_text(steps)}")
    return f"{number_text(steps) if steps.denominator == 1 else repr(float(steps))}st"


def number(value: object, name: str) -> Fraction:
    """The number that a person meant: 0.1 is a tenth, 0.3333333333333333 a third."""
    if value is None or isinstance(value, Code | Spec | str | list | tuple | Mapping):
        what = "missing" if value is None else f"a number, not {shown(value)}"
        raise ValueError(f"`{name}` is {what}")
    if isinstance(value, Fraction | int):
        return Fraction(value)
    exact = float(value)  # type: ignore[arg-type]
    if not math.isfinite(exact):
        raise ValueError(f"`{name}` is {exact}; a rate is finite")
    if len(repr(exact)) > 12:
        simple = Fraction(exact).limit_denominator(1000)
        if float(simple) == exact:
            return simple
    return Fraction(repr(exact))


def items(value: object, name: str) -> list[Any]:
    """The items of a list."""
    if isinstance(value, list | tuple):
        return list(value)
    raise ValueError(f"`{name}` is a list, not {shown(value)}")


def increasing(value: object, name: str) -> list[Any]:
    """A list of step numbers, each larger than the one before."""
    steps = items(value, name)
    if any(number(later, name) <= number(earlier, name) for earlier, later in pairwise(steps)):
        raise ValueError(f"`{name}` must increase: {shown(steps)}")
    return steps


def sequence(bodies: Sequence[str], ends: object, name: str) -> str:
    """Bodies one after the other, each on its own clock; `ends` are the steps between them."""
    between = increasing(ends, name)
    if len(between) != len(bodies) - 1:
        raise ValueError(
            f"`{name}` has one step number less than there are schedules: "
            f"{len(bodies) - 1}, not {len(between)}"
        )
    steps = [Fraction(0), *(number(each, name) for each in between)]
    lengths = [later - earlier for earlier, later in pairwise(steps)]
    parts = [
        f"({body}) for {times(length, name, zero=True)}"
        for body, length in zip(bodies, lengths, strict=False)
    ]
    return " then ".join([*parts, f"({bodies[-1]})"])
