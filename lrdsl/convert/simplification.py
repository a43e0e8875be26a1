"""Simplification of trees: from a filled template to what a person would have written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from fractions import Fraction
from typing import Any

from lrdsl.convert.numbers import number_text
from lrdsl.language.builtins import Parameter
from lrdsl.language.library import STANDARD
from lrdsl.syntax import tree
from lrdsl.syntax.parser import parse
from lrdsl.syntax.tree import Node


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
    match node:
        case tree.Number():
            return node.value
        case tree.Call(name="+" | "*" | "-" | "/"):
            values = [constant(each) for each in node.operands]
            if None in values:
                return None
            return _computed(node.name, [each for each in values if each is not None])
    return None


def _computed(name: str, values: list[Fraction]) -> Fraction | None:
    match name:
        case "-":
            return -values[0]
        case "/":
            return 1 / values[0] if values[0] else None
        case "+":
            return sum(values, Fraction(0))
    product = Fraction(1)
    for value in values:
        product *= value
    return product


def _arithmetic(node: tree.Call) -> Node:
    """Literals computed, and no `1 * x`, `x / 1`, `x + 0`, `x^1`."""
    value = constant(node)
    if value is not None:
        return read_node(number_text(value))
    if node.name == "^":
        base, power = node.operands
        return base if constant(power) == 1 else node
    times = [each for each in node.operands if isinstance(each, tree.Time)]
    rest = [constant(each) for each in node.operands if not isinstance(each, tree.Time)]
    if node.name == "*" and len(times) == 1 and None not in rest:
        scale = _computed("*", [times[0].value, *(each for each in rest if each is not None)])
        assert scale is not None
        return read_node(f"{float(scale)!r}".removesuffix(".0") + times[0].unit)
    neutral = 1 if node.name == "*" else 0
    kept = tuple(each for each in node.arguments if constant(each.value) != neutral)
    return kept[0].value if len(kept) == 1 else replace(node, arguments=kept)


def _call(node: tree.Call) -> Node:
    """A call without the arguments that are the defaults anyway."""
    signature = STANDARD.signature(node.name)
    if signature is None:
        return node
    parameters = {each.name: each for each in signature.parameters}
    given = {
        argument.name or signature.parameters[min(place, len(parameters) - 1)].name: argument.value
        for place, argument in enumerate(node.arguments)
    }
    kept = [
        argument
        for argument in node.arguments
        if argument.name is None or not _is_default(argument, parameters[argument.name], given)
    ]
    place = sum(argument.name is None for argument in kept) - 1
    while place >= 0 and not signature.variadic:
        if not _is_default(kept[place], signature.parameters[place], given):
            break
        del kept[place]
        place -= 1
    return _simpler(replace(node, arguments=tuple(kept)))


def _is_default(argument: tree.Argument, parameter: Parameter, given: dict[str, Node]) -> bool:
    if parameter.default is None:
        return False
    default = read_node(parameter.default)
    if isinstance(default, tree.Name) and default.name in given:
        return argument.value == given[default.name]
    number = constant(argument.value)
    return argument.value == default or (number is not None and number == constant(default))


def _simpler(node: tree.Call) -> Node:
    """Another function where that says the same."""
    names = {argument.name for argument in node.arguments}
    if node.name == "polynomial" and not names & {"power", "k"}:
        end = [] if len(node.arguments) > 1 and node.arguments[1].name is None else [_zero()]
        arguments = [node.arguments[0], *end, *node.arguments[1:]]
        return replace(node, name="linear", arguments=tuple(arguments))
    if node.name == "cosine_annealing" and "half" not in names:
        return replace(node, name="cosine")  # up again only after `span`, where the part is over
    return node


def _zero() -> tree.Argument:
    zero = read_node("0")
    return tree.Argument(None, zero, span=zero.span)


def _sequence(node: tree.Sequence) -> Node:
    """No parts of no length, and no sequences inside, where one can do without."""
    parts = [
        _part(inner) for part in node.parts if not _empty(part.duration) for inner in _flat(part)
    ]
    if len(parts) == 1 and parts[0].duration is None:
        return parts[0].body
    return replace(node, parts=tuple(parts))


def _flat(part: tree.Part) -> tuple[tree.Part, ...]:
    """The parts of a sequence that is a part itself; what is left of its time is the last one's."""
    if not isinstance(part.body, tree.Sequence):
        return (part,)
    *inner, last = part.body.parts
    if part.duration is None:
        return part.body.parts
    whole, *steps = [_steps(each) for each in (part.duration, *(each.duration for each in inner))]
    if whole is None or None in steps:
        return (part,)
    left = whole - sum(each for each in steps if each is not None)
    return (*inner, replace(last, duration=read_node(f"{left}st"))) if left > 0 else (part,)


def _steps(duration: Node | None) -> int | None:
    """A length that is a whole number of steps."""
    if isinstance(duration, tree.Time) and duration.unit == "st" and duration.value % 1 == 0:
        return int(duration.value)
    return None


def _part(part: tree.Part) -> tree.Part:
    """A part that does not repeat its length as `over`, which is `span` anyway."""
    body = part.body
    if not isinstance(body, tree.Call) or part.duration is None:
        return part
    signature = STANDARD.signature(body.name)
    spans = (
        {each.name for each in signature.parameters if each.default == "span"}
        if signature
        else set()
    )
    kept = tuple(each for each in body.arguments
                 if each.name not in spans or each.value != part.duration)  # fmt: skip
    return replace(part, body=_simpler(replace(body, arguments=kept)))


def _empty(duration: Node | None) -> bool:
    return isinstance(duration, tree.Time) and duration.value == 0
