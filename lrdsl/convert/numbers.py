"""Numbers and lists of a call's arguments: read as a person meant them, written short.

Each function takes the name of the argument for its message; it raises ValueError.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from itertools import pairwise
from typing import Any

from lrdsl.convert.call_syntax import Code, Spec, shown


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


def numbers_of(arguments: Mapping[str, Any], *names: str) -> list[Fraction]:
    """The numbers that the arguments of these names are."""
    return [number(arguments[name], name) for name in names]


def number_text(value: Fraction) -> str:
    """The shortest text of a number; a simple fraction that no float hits is `(1/3)`."""
    if value.denominator == 1 and abs(value) < 10**15:
        return str(value.numerator)
    text = repr(float(value))
    if len(text) > 12 and value.limit_denominator(1000) == value:
        return f"({value.numerator}/{value.denominator})"
    mantissa, e, exponent = text.partition("e")
    return f"{mantissa}e{int(exponent)}" if e else text


def numbers_text(value: object, name: str = "") -> str:
    """A number, or a list of numbers, as text."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(numbers_text(each, name) for each in value)}]"
    return number_text(number(value, name))


def steps_text(value: object, name: str = "", *, zero: bool = False) -> str:
    """A number of steps, or a list of them, as text."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(steps_text(each, name, zero=True) for each in value)}]"
    steps = number(value, name)
    if steps < 0 or (steps == 0 and not zero):
        least = "at least 0" if zero else "more than 0"
        raise ValueError(f"`{name}` is a number of steps, {least}, not {number_text(steps)}")
    return f"{number_text(steps) if steps.denominator == 1 else repr(float(steps))}st"


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
