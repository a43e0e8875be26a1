"""Simplification of trees: from a filled template to what a person would have written."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import fields, replace
from fractions import Fraction
from typing import Any

from lrdsl.convert.numbers import number_text
from lrdsl.language.arguments import Given, match_arguments
from lrdsl.language.builtins import Parameter
from lrdsl.language.library import STANDARD
from lrdsl.syntax import tree
from lrdsl.syntax.parser import parse
from lrdsl.syntax.tree import Node

_OPERATIONS: dict[str, Callable[[list[Fraction]], Any]] = {
    "+": sum,
    "*": math.prod,
    "-": lambda values: -values[0],
    "/": lambda values: 1 / values[0] if values[0] else None,
}


def tidy(node: Node) -> Node:
    """The same schedule, simpler; from the leaves up."""
    node = map_children(node, tidy)
    match node:
        case tree.Call(name="+" | "*" | "^"):
            return _arithmetic(node)
        case tree.Call():
            return _call(node)
        case tree.Sequence():
            return _sequence(node)
    return node


def map_children(node: Node, change: Callable[[Node], Node]) -> Node:
    """A node with every node directly below it changed."""
    changes: dict[str, Any] = {}
    for each in fields(node):
        value = getattr(node, each.name)
        if isinstance(value, Node):
            changes[each.name] = change(value)
        elif isinstance(value, tuple):
            changes[each.name] = tuple(
                change(item) if isinstance(item, Node) else item for item in value
            )
    return replace(node, **changes)


def read_node(text: str) -> Node:
    """The tree of an expression without `where`."""
    return parse(text).body


def constant(node: Node) -> Fraction | None:
    """The value of literal arithmetic."""
    if isinstance(node, tree.Number):
        return node.value
    if not isinstance(node, tree.Call) or node.name not in _OPERATIONS:
        return None
    values = [value for each in node.operands if (value := constant(each)) is not None]
    return _OPERATIONS[node.name](values) if len(values) == len(node.operands) else None


def _arithmetic(node: tree.Call) -> Node:
    """Literals computed, and no `1 * x`, `x / 1`, `x + 0`, `x^1`."""
    if (value := constant(node)) is not None:
        return read_node(number_text(value))
    if node.name == "^":
        base, power = node.operands
        return base if constant(power) == 1 else node
    times = [each for each in node.operands if isinstance(each, tree.Time)]
    factors = [value for each in node.operands if (value := constant(each)) is not None]
    if node.name == "*" and len(times) == 1 and len(factors) == len(node.operands) - 1:
        scale = float(math.prod(factors, start=times[0].value))
        return read_node(f"{scale!r}".removesuffix(".0") + times[0].unit)
    neutral = 1 if node.name == "*" else 0
    kept = tuple(each for each in node.arguments if constant(each.value) != neutral)
    return kept[0].value if len(kept) == 1 else replace(node, arguments=kept)


def _call(node: tree.Call) -> Node:
    """A call without the arguments that are the defaults anyway."""
    signature = STANDARD.signature(node.name)
    if signature is None:
        return node
    given, _ = match_arguments(signature, node)
    needless = set()
    for parameter in reversed([each for each in signature.parameters if each.name in given]):
        argument = given[parameter.name][0]
        if _is_default(argument.value, parameter, given):
            needless.add(id(argument))
        elif argument.name is None:
            break  # those before it hold its place
    kept = tuple(argument for argument in node.arguments if id(argument) not in needless)
    return _simpler(replace(node, arguments=kept))


def _is_default(value: Node, parameter: Parameter, given: Given) -> bool:
    if parameter.default is None:
        return False
    default = read_node(parameter.default)
    if isinstance(default, tree.Name) and default.name in given:
        return value == given[default.name][0].value
    number = constant(value)
    return value == default or (number is not None and number == constant(default))


def _simpler(node: tree.Call) -> Node:
    """Another function where that says the same."""
    names = {argument.name for argument in node.arguments}
    if node.name == "polynomial" and not names & {"power", "k"}:
        first, *rest = node.arguments
        if not rest or rest[0].name is not None:
            rest = [tree.Argument(None, zero := read_node("0"), span=zero.span), *rest]
        return replace(node, name="linear", arguments=(first, *rest))
    if node.name == "cosine_annealing" and "half" not in names:
        return replace(node, name="cosine")  # up again only after `span`, where the part is over
    return node


def _sequence(node: tree.Sequence) -> Node:
    """No parts of no length, and no sequences inside, where one can do without."""
    parts = [_part(inner) for part in node.parts for inner in _flat(part)]
    if len(parts) == 1 and parts[0].duration is None:
        return parts[0].body
    return replace(node, parts=tuple(parts))


def _flat(part: tree.Part) -> tuple[tree.Part, ...]:
    """The parts of a sequence that is a part itself; what is left of its time is the last one's."""
    if isinstance(part.duration, tree.Time) and part.duration.value == 0:
        return ()
    if not isinstance(part.body, tree.Sequence):
        return (part,)
    *inner, last = part.body.parts
    if part.duration is None:
        return part.body.parts
    left = _steps(part) - sum(map(_steps, inner))
    return (*inner, replace(last, duration=read_node(f"{left:.0f}st"))) if left > 0 else (part,)


def _steps(part: tree.Part) -> float:
    """How long a part is, where that is a whole number of steps; NaN where it is not."""
    match part.duration:
        case tree.Time(unit="st", value=value) if value % 1 == 0:
            return float(value)
    return math.nan


def _part(part: tree.Part) -> tree.Part:
    """A part that does not repeat its length as `over`, which is `span` anyway."""
    body = part.body
    if not isinstance(body, tree.Call) or not (signature := STANDARD.signature(body.name)):
        return part
    spans = {each.name for each in signature.parameters if each.default == "span"}
    kept = tuple(each for each in body.arguments
                 if each.name not in spans or each.value != part.duration)  # fmt: skip
    return replace(part, body=_simpler(replace(body, arguments=kept)))
