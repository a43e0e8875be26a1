"""The policies of Caffe, whose solvers are prototxt."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

from lrdsl.convert.build import build_schedule
from lrdsl.convert.call_syntax import Spec, bind
from lrdsl.convert.numbers import number
from lrdsl.convert.templates import Arguments, Table
from lrdsl.schedule import Schedule


def _in_turn(a: Arguments) -> Arguments:
    """Caffe takes at most one value per iteration, in the order of the file."""
    at: list[Fraction] = []
    for value in a["stepvalue"] if isinstance(a["stepvalue"], list) else [a["stepvalue"]]:
        at.append(max([number(value, "stepvalue"), *(each + 1 for each in at[-1:])]))
    return {"stepvalue": at}


CAFFE = Table("Caffe", {"multistep": _in_turn})


def from_caffe(policy: str, /, **arguments: Any) -> Schedule:
    """A policy of Caffe: the text of a solver, or the `lr_policy` with the numbers apart."""
    name, solver = policy, ":" in policy
    if solver:
        found = _read_prototxt(policy)
        if "lr_policy" not in found:
            raise ValueError("the solver has no `lr_policy`")
        name, arguments = str(found["lr_policy"]), {**found, **arguments}
    spec = Spec(name, (), arguments)
    # A solver holds more than the rate.
    bound = bind(CAFFE.signature(spec), spec, ignored=arguments if solver else ())
    return build_schedule(CAFFE.text(spec, bound))


def _read_prototxt(text: str) -> dict[str, Any]:
    """The fields of a solver; `stepvalue` may be repeated."""
    found: dict[str, Any] = {}
    lines = re.sub(r"#.*", "", text)
    for name, value in re.findall(r"(\w+)\s*:\s*(\"[^\"]*\"|'[^']*'|[^\s,;]+)", lines):
        if name == "stepvalue":
            found.setdefault(name, []).append(_scalar(value))
        else:
            found[name] = _scalar(value)
    return found


def _scalar(text: str) -> Any:
    try:
        return float(text) if re.search(r"[.eE]", text) else int(text)
    except ValueError:
        return text.strip("\"'")
