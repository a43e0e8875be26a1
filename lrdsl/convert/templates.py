"""Tables of other libraries' schedules, in `LIBRARY.yaml`: templates, filled with arguments."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache, cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from lrdsl.convert.call_syntax import Spec, did_you_mean, read_value, shown
from lrdsl.convert.numbers import increasing, number, numbers_text, steps_text

Arguments = Mapping[str, Any]
# A text with `{name}` for a number, `{name:st}` for a length of time, `{name:st0}` for one that
# may be 0, and `{name:text}` for a text as it is; `{parameter: {value: template}}`, a choice by
# the value of one argument, `else` standing for every other; or a list, one after the other.
Template = str | Mapping[str, Mapping[Any, Any]] | list[Any]

# Why some have no template.
METRIC = (
    "depends on a metric and not on the step alone, so no expression is the same; lower the "
    "rate at fixed times with `multistep`, or keep it as a callback over a constant rate"
)
CALLABLE = "calls a function of yours; write what it computes as an expression of `step`"

_FIELD = re.compile(r"\{(\w+)(?::(\w+))?\}")


@cache
def read_table(library: str) -> Mapping[str, Any]:
    """The table of a library, the file of its name beside this one."""
    file = Path(__file__).with_name(f"{library.lower()}.yaml")
    return yaml.safe_load(file.read_text(encoding="utf-8"))  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Table:
    """The schedules of a library: its file has the signature of each there, and its template here.

    computed: by name, functions from the arguments to more of them, which the template needs.
    """

    library: str
    computed: Mapping[str, Callable[[Arguments], Arguments]] = field(default_factory=dict)

    @cached_property
    def rows(self) -> dict[str, tuple[Spec, Template]]:
        """Signature and template by name."""
        schedules = read_table(self.library)["schedules"]
        calls = [(read_value(call), template) for call, template in schedules.items()]
        return {call.name: (call, template) for call, template in calls}

    def signature(self, spec: Spec) -> Spec:
        """That of a schedule; ValueError for one that is unknown or has no expression."""
        refused = read_table(self.library)["refused"]
        if spec.name in refused:
            reason = refused[spec.name].format(metric=METRIC, callable=CALLABLE)
            raise ValueError(f"`{spec.name}` {reason}")
        if spec.name not in self.rows:
            near = did_you_mean(spec.name, [*self.rows, *refused])
            known = f"; known are {', '.join(f'`{name}`' for name in self.rows)}"
            raise ValueError(f"{self.library} has no schedule {shown(spec.name)}{near or known}")
        return self.rows[spec.name][0]

    def text(self, spec: Spec, arguments: Arguments) -> str:
        """The expression of a schedule with these arguments."""
        _, template = self.rows[spec.name]
        try:
            if spec.name in self.computed:
                arguments = {**arguments, **self.computed[spec.name](arguments)}
            return fill(template, arguments)
        except (ZeroDivisionError, OverflowError):
            raise ValueError("the arguments divide by zero, or are too large") from None


def fill(template: Template, arguments: Arguments) -> str:
    """The text of a template, each field filled in."""
    match template:
        case str():
            return _FIELD.sub(lambda each: _field(each[1], arguments[each[1]], each[2]), template)
        case list():
            return "".join(fill(each, arguments) for each in template)
    ((name, templates),) = template.items()
    return fill(_chosen(name, templates, arguments[name]), arguments)


def _field(name: str, value: Any, form: str | None) -> str:
    match form:
        case None:
            return numbers_text(value, name)
        case "text":
            return str(value)
    return steps_text(value, name, zero=form == "st0")


def _chosen(name: str, templates: Mapping[Any, Template], value: Any) -> Template:
    """The template for the value of an argument."""
    if isinstance(value, str | bool | int | float | None) and value in templates:
        return templates[value]
    if "else" in templates:
        return templates["else"]
    names = [each for each in templates if isinstance(each, str)]
    near = did_you_mean(value, names) if isinstance(value, str) else ""
    options = " or ".join(f"`{each}`" for each in templates)
    raise ValueError(f"`{name}` is {options}, not {shown(value)}{near}")


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
