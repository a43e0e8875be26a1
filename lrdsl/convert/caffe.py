"""The policies of Caffe, and what each is here."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

from lrdsl.convert.build import build_schedule
from lrdsl.convert.call_syntax import Spec, bind
from lrdsl.convert.numbers import number, steps_text
from lrdsl.convert.templates import METRIC, Arguments, fill, find_row, table
from lrdsl.schedule import Schedule


def _multistep(a: Arguments) -> str:
    """Caffe takes at most one value per iteration, in the order of the file."""
    at: list[Fraction] = []
    values = a["stepvalue"] if isinstance(a["stepvalue"], list) else [a["stepvalue"]]
    for value in values:
        at.append(max([number(value, "stepvalue"), *(each + 1 for each in at[-1:])]))
    return f"multistep({{base_lr}}, {{gamma}}, {steps_text(at, 'stepvalue')})"


CAFFE = table({
    "fixed(base_lr)": "{base_lr}",
    "step(base_lr, gamma, stepsize)": "step_decay({base_lr}, {gamma}, every={stepsize:st})",
    "exp(base_lr, gamma)": "exponential({base_lr}, {gamma}, every=1st)",
    "inv(base_lr, gamma, power)": "inverse_time({base_lr}, {gamma}, every=1st, power={power})",
    "multistep(base_lr, gamma, stepvalue)": _multistep,
    "poly(base_lr, power, max_iter)": "polynomial({base_lr}, power={power}, over={max_iter:st})",
    "sigmoid(base_lr, gamma, stepsize)": "sigmoid({base_lr}, -{gamma}, middle={stepsize:st})",
})  # fmt: skip
_REFUSED = {"plateau": METRIC}


def from_caffe(policy: str, /, **arguments: Any) -> Schedule:
    """A policy of Caffe: the text of a solver, or the `lr_policy` with the numbers apart."""
    name = policy
    if ":" in policy:
        found = _read_prototxt(policy)
        if "lr_policy" not in found:
            raise ValueError("the solver has no `lr_policy`")
        name, arguments = str(found["lr_policy"]), {**found, **arguments}
    row = find_row("Caffe", CAFFE, _REFUSED, Spec(name))
    names = [each.text for each in row.signature.arguments]
    if ":" in policy:  # a solver holds more than the rate
        arguments = {each: value for each, value in arguments.items() if each in names}
    return build_schedule(fill(row.template, bind(row.signature, Spec(name, (), arguments))))


def _read_prototxt(text: str) -> dict[str, Any]:
    """The fields of a solver; `stepvalue` may be repeated."""
    found: dict[str, Any] = {"stepvalue": []}
    lines = re.sub(r"#.*", "", text)
    for name, value in re.findall(r"(\w+)\s*:\s*(\"[^\"]*\"|'[^']*'|[^\s,;]+)", lines):
        if name == "stepvalue":
            found[name].append(_scalar(value))
        else:
            found[name] = _scalar(value)
    return {name: value for name, value in found.items() if value != []}


def _scalar(text: str) -> Any:
    try:
        return float(text) if re.search(r"[.eE]", text) else int(text)
    except ValueError:
        return text.strip("\"'")
