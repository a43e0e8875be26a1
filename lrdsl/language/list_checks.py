"""Checks of list arguments: their lengths, and the order of boundaries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from lrdsl.errors.diagnostics import Diagnostic, Label, Span
from lrdsl.syntax import tree
from lrdsl.syntax.tree import Node

if TYPE_CHECKING:
    from fractions import Fraction

# Functions with `values` for the elements of another list: its name, the word for an element,
# and how many more values than elements there are.
_PAIRED = {"piecewise": ("boundaries", "boundary", 1), "interp": ("times", "time", 0)}


def list_problems(function: str, lists: Mapping[str, tree.List]) -> list[Diagnostic]:
    """The problems of the lists in a call of a function, which are given by parameter."""
    paired, noun, more = _PAIRED.get(function, ("", "", 0))
    found = [
        Diagnostic("LRD301", f"`{name}` of `{function}` is empty", each.span)
        for name, each in lists.items()
        if not each.items and not (name == paired and more)
    ]
    times, values = lists.get(paired), lists.get("values")
    if times and values and values.items and (times.items or more):
        found += _count_problem(noun, len(times.items), more, values)
    return found + boundary_problems(_comparable(times.items)) if times else found


def _count_problem(noun: str, count: int, more: int, values: tree.List) -> list[Diagnostic]:
    wanted, got = count + more, len(values.items)
    if wanted == got:
        return []
    nouns = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    needs = f"1 {noun} needs" if count == 1 else f"{count} {nouns} need"
    message = f"{needs} {wanted} {'value' if wanted == 1 else 'values'}, got {got}"
    return [Diagnostic("LRD301", message, values.span)]


def boundary_problems(items: Sequence[tuple[Span, Fraction]]) -> list[Diagnostic]:
    """The problems of boundaries that do not increase from 0, each given with its place.

    Their values are times in one unit, here or in steps.
    """
    found = []
    for span, value in items:
        if value < 0:
            found.append(Diagnostic("LRD304", "a boundary is negative", span))
    for (before, first), (span, second) in pairwise(items):
        if second <= first:
            code, message = "LRD302", "boundaries must increase"
            if first == second:
                code, message = "LRD303", "a boundary is repeated"
            labels = (Label(before, "after this one"),) if span != before else ()
            found.append(Diagnostic(code, message, span, labels=labels))
    return found


def _comparable(items: Sequence[Node]) -> list[tuple[Span, Fraction]]:
    """The places and values of literal times in one unit; [] where only a timeline orders them."""
    found: list[tuple[Span, Fraction]] = []
    units = set()
    for item in items:
        inner, sign = item, 1
        if isinstance(item, tree.Call) and item.name == "-":
            inner, sign = item.operands[0], -1
        if not isinstance(inner, tree.Number | tree.Time):
            return []
        units.add(inner.unit if isinstance(inner, tree.Time) else "ep")
        found.append((item.span, sign * inner.value))
    return found if len(units) == 1 else []
