"""The values of `params`, which come from outside of the text, as literals of its tree."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping
from dataclasses import replace
from math import isfinite
from typing import Any

from lrdsl.errors.diagnostics import Diagnostic, ScheduleError, Span
from lrdsl.syntax import tree
from lrdsl.syntax.parser import parse

Parameters = Mapping[str, float | int | str]


def parameter_node(name: str, value: Any) -> tree.Number | tree.Time:
    """A finite number, or a number or time as text (`5ep`), as a literal.

    NumPy's scalars are numbers, truth values are not. Raises ScheduleError (LRD017).
    """
    node = _time_node(value) if isinstance(value, str) else _number_node(value)
    if node is None:
        must = "it must be a number or a time such as `5ep`"
        found = Diagnostic(
            "LRD017", f"the parameter `{name}` is {_shown(value)}; {must}", Span(0, 1)
        )
        raise ScheduleError([found], _shown(value), f"params.{name}")
    return node


def _shown(value: Any) -> str:
    return reprlib.repr(value)  # of anything, however long or deep


def _number_node(value: Any) -> tree.Number | None:
    if type(value) not in (int, float):
        from lrdsl.timeline import plain_number  # which loads pydantic

        value = plain_number(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return tree.Number(repr(value), span=Span(0, 0)) if isfinite(value) else None
    except OverflowError:  # an integer that float64 cannot hold
        return None


def _time_node(text: str) -> tree.Number | tree.Time | None:
    try:
        node = parse(text).body
    except ScheduleError:
        return None
    sign = ""
    if isinstance(node, tree.Call) and node.name == "-":
        sign, node = "-", node.operands[0]
    if not isinstance(node, tree.Number | tree.Time):
        return None
    return replace(node, text=sign + node.text, span=Span(0, 0))
