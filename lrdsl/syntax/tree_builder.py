"""The parser's reductions: the children of each rule of `lrdsl.lark` to a node of the tree.

Lark calls them while it parses, inner rules first, so that no depth of a text is a depth of
Python calls. Children are nodes and Lark's tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lrdsl.errors.diagnostics import Span
from lrdsl.syntax import tree
from lrdsl.syntax.limits import (
    MAX_DEPTH,
    MAX_ITEMS,
    TooLarge,
    make_node,
    number_problem,
)
from lrdsl.syntax.tree import Node
from lrdsl.syntax.units import SPELLINGS

if TYPE_CHECKING:
    from lark import Token

Children = Sequence[Any]


class TreeBuilder:
    """One method for each rule or alias of the grammar, as Lark's transformers have."""

    def start(self, children: Children) -> tree.Program:
        body: Node = children[0]
        bindings = tuple([each for each in children if isinstance(each, tree.Binding)])
        span = _from_to(body, children[-1])
        return make_node(tree.Program, span, (body, *bindings), body, bindings, deeper=0)

    def binding(self, children: Children) -> tree.Binding:
        name, _, value = children
        span = _from_to(name, value)
        return make_node(tree.Binding, span, (value,), name.value, value, _span(name))

    def definition(self, children: Children) -> tree.Definition:
        name, body = children[0], children[-1]
        parameters = tuple([each for each in children if isinstance(each, tree.Parameter)])
        fields = name.value, parameters, body, _span(name)
        return make_node(tree.Definition, _from_to(name, body), (*parameters, body), *fields)

    def parameter(self, children: Children) -> tree.Parameter:
        name, last = children[0], children[-1]
        typed = len(children) > 1 and children[1].type == "COLON"
        kind = children[2].value if typed else "number"
        default = last if isinstance(last, Node) else None
        below = [default] if default else ()
        return make_node(tree.Parameter, _from_to(name, last), below, name.value, kind, default)

    def body(self, children: Children) -> Node:
        first: Node = children[0]
        if len(children) == 1 and not isinstance(first, tree.Part):
            return first
        parts = tuple([_part(each) for each in children[::2]])
        return make_node(tree.Sequence, _from_to(first, parts[-1]), parts, parts)

    def part(self, children: Children) -> tree.Part:
        body, _, duration = children
        span = _from_to(body, duration)
        return make_node(tree.Part, span, (body, duration), body, duration, deeper=0)

    def choice(self, children: Children) -> tree.Call:
        yes, if_, test, _, no = children
        return _operation("if", _from_to(yes, no), [yes, test, no], _span(if_))

    def either(self, children: Children) -> tree.Call:
        return _joined("or", children[::2], _span(children[1]))

    def both(self, children: Children) -> tree.Call:
        return _joined("and", children[::2], _span(children[1]))

    def negation(self, children: Children) -> tree.Call:
        operator, operand = children
        return _prefixed(operator, operand)

    def comparison(self, children: Children) -> tree.Comparison:
        operators, operands = tuple([each.value for each in children[1::2]]), tuple(children[::2])
        span = _from_to(operands[0], operands[-1])
        return make_node(tree.Comparison, span, operands, operators, operands)

    def sum(self, children: Children) -> Node:
        return _chain("+", "-", children)

    def product(self, children: Children) -> Node:
        """Operators from left to right; `//` divides the whole product on its left."""
        pending: list[Any] = [children[0]]
        for operator, operand in zip(children[1::2], children[2::2], strict=True):
            if operator.value == "//":
                pending = [_joined("//", [_chain("*", "/", pending), operand], _span(operator))]
            else:
                pending += [operator, operand]
        return _chain("*", "/", pending)

    def signed(self, children: Children) -> Node:
        operator, operand = children
        return operand if operator.value == "+" else _prefixed(operator, operand)

    def power(self, children: Children) -> tree.Call:
        base, operator, exponent = children
        return _joined("^", [base, exponent], _span(operator))

    def number(self, children: Children) -> Node:
        token = children[0]
        cls = tree.Bad if number_problem(token.value) else tree.Number
        return cls(token.value, span=_span(token))

    def time(self, children: Children) -> Node:
        text: str = children[0].value
        before = text.rstrip(_UNIT_LETTERS)
        number, unit = before.rstrip(), SPELLINGS[text[len(before) :]]
        if number_problem(number):
            return self.bad(children)
        return tree.Time(number, unit.name, span=_span(children[0]))

    def name(self, children: Children) -> Node:
        return tree.Name(children[0].value, span=_span(children[0]))

    def interpolation(self, children: Children) -> Node:
        return tree.Interpolation(children[0].value, span=_span(children[0]))

    def bad(self, children: Children) -> Node:
        return tree.Bad(children[0].value, span=_span(children[0]))

    def call(self, children: Children) -> Node:
        name = children[0]
        if name.type != "NAME":
            return self.bad(children)
        arguments = tuple([each for each in children if isinstance(each, tree.Argument)])
        fields = name.value, arguments, _span(name)
        return make_node(tree.Call, _from_to(name, children[-1]), arguments, *fields)

    def argument(self, children: Children) -> tree.Argument:
        value = children[-1]
        name = children[0].value if len(children) > 1 else None
        span = _from_to(children[0], value)
        return make_node(tree.Argument, span, (value,), name, value, deeper=0)

    def list(self, children: Children) -> Node:
        items = tuple([each for each in children if isinstance(each, Node)])
        if len(items) > MAX_ITEMS:
            message = f"a list of {len(items):,} items; the limit is {MAX_ITEMS:,}"
            raise TooLarge("LRD914", message, items[MAX_ITEMS].span)
        return make_node(tree.List, _from_to(children[0], children[-1]), items, items)

    def group(self, children: Children) -> Node:
        """Parentheses leave no node, but they nest."""
        opening, body, closing = children
        if body.height >= MAX_DEPTH:
            message = f"nested more than {MAX_DEPTH} levels deep"
            raise TooLarge("LRD911", message, _span(opening))
        grouped: Node = replace(body, height=body.height + 1, span=_from_to(opening, closing))
        return grouped


_UNIT_LETTERS = "".join(SPELLINGS)


def _span(token: Any) -> Span:
    return Span(token.start_pos, token.end_pos)


def _from_to(first: Any, last: Any) -> Span:
    start = first.span.start if isinstance(first, Node) else first.start_pos
    return Span(start, last.span.end if isinstance(last, Node) else last.end_pos)


def _part(each: Node) -> tree.Part:
    if isinstance(each, tree.Part):
        return each
    return make_node(tree.Part, each.span, (each,), each, None, deeper=0)


def _operation(name: str, span: Span, operands: Sequence[Node], name_span: Span) -> tree.Call:
    arguments = tuple(
        [tree.Argument(None, x, span=x.span, height=x.height, size=x.size) for x in operands]
    )
    return make_node(tree.Call, span, arguments, name, arguments, name_span)


def _prefixed(operator: Token, operand: Node) -> tree.Call:
    return _operation(operator.value, _from_to(operator, operand), [operand], _span(operator))


def _joined(name: str, operands: Sequence[Node], name_span: Span) -> tree.Call:
    return _operation(name, _from_to(operands[0], operands[-1]), operands, name_span)


def _chain(name: str, inverse: str, children: Children) -> Node:
    """A row of sums or products as one call: `a - b + c` is `+(a, -(b), c)`."""
    operands: list[Node] = [children[0]]
    if len(children) == 1:
        return operands[0]
    for operator, operand in zip(children[1::2], children[2::2], strict=True):
        operands.append(_prefixed(operator, operand) if operator.value == inverse else operand)
    if len(operands) > MAX_ITEMS:
        span = operands[MAX_ITEMS].span
        raise TooLarge("LRD913", f"more than {MAX_ITEMS:,} operands in a row", span)
    return _joined(name, operands, _span(children[1]))
