"""Templates of expressions, in a table by another library's schedules, filled with arguments."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from types import EllipsisType
from typing import Any

from lrdsl.convert.call_syntax import Spec, did_you_mean, read_value, shown
from lrdsl.convert.numbers import increasing, number, numbers_text, steps_text

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
    """One schedule of another library: how it is called there, and what it is here."""

    signature: Spec
    template: Template


def table(rows: Mapping[str, Template]) -> dict[str, Row]:
    """Rows by name, from templates by the other library's own signature."""
    signatures = [read_value(text) for text in rows]
    return {
        signature.name: Row(signature, template)
        for signature, template in zip(signatures, rows.values(), strict=True)
    }


def find_row(library: str, rows: Mapping[str, Row], refused: Mapping[str, str], spec: Spec) -> Row:
    """The row of a schedule; raises ValueError for one that is unknown or has no expression.

    refused: by name, why there is none.
    """
    if spec.name in refused:
        raise ValueError(f"`{spec.name}` {refused[spec.name]}")
    if spec.name not in rows:
        near = did_you_mean(spec.name, [*rows, *refused])
        known = f"; known are {', '.join(f'`{name}`' for name in rows)}"
        raise ValueError(f"{library} has no schedule {shown(spec.name)}{near or known}")
    return rows[spec.name]


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
    return steps_text(value, name, zero=form == "st0") if form else numbers_text(value, name)


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
        f"({body}) for {steps_text(length, name, zero=True)}"
        for body, length in zip(bodies, lengths, strict=False)
    ]
    return " then ".join([*parts, f"({bodies[-1]})"])
