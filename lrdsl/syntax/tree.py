"""The abstract syntax tree: small frozen nodes, equal where they mean the same.

A span is where a node stands in its text; it takes no part in equality.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

from lrdsl.errors.diagnostics import Span

if TYPE_CHECKING:
    from fractions import Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """What all nodes have: a span, the levels below with their own, and the nodes in them."""

    span: Span = field(compare=False)
    height: int = field(default=1, compare=False, repr=False)
    size: int = field(default=1, compare=False, repr=False)


def _rational(text: str) -> Fraction:
    """The value of a decimal literal, exactly."""
    from fractions import Fraction

    # Fraction("0e999999999") would compute the power.
    return Fraction(text.replace("_", "")) if float(text) else Fraction(0)


@dataclass(frozen=True, slots=True)
class Number(Node):
    """A number without a unit, spelled as in the text."""

    text: str

    @property
    def value(self) -> Fraction:
        return _rational(self.text)


@dataclass(frozen=True, slots=True)
class Time(Node):
    """A number with a unit of time; `unit` is the name of a row of `units.UNITS`."""

    text: str
    unit: str

    @property
    def value(self) -> Fraction:
        return _rational(self.text)


@dataclass(frozen=True, slots=True)
class Name(Node):
    """A word that stands for a value: a clock, a param, a name after `where`, a parameter."""

    name: str


@dataclass(frozen=True, slots=True)
class Interpolation(Node):
    """OmegaConf's `${...}`, not resolved: an unknown value, where a config is checked."""

    text: str


@dataclass(frozen=True, slots=True)
class Bad(Node):
    """A word that cannot mean anything, kept so that what stands behind it is checked, too."""

    text: str


@dataclass(frozen=True, slots=True)
class Argument(Node):
    """One argument of a call, with the name of its parameter where that is given."""

    name: str | None
    value: Node


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A function or an operator, applied to arguments.

    `+` and `*` take any number of operands, so that a long sum does not nest. `a - b` is
    `+(a, -(b))` and `a / b` is `*(a, /(b))`: `-` and `/` have one operand.
    """

    name: str
    arguments: tuple[Argument, ...]
    name_span: Span = field(compare=False)

    @property
    def operands(self) -> tuple[Node, ...]:
        return tuple(argument.value for argument in self.arguments)


@dataclass(frozen=True, slots=True)
class Comparison(Node):
    """A chain such as `a < b <= c`: one operator less than operands."""

    operators: tuple[str, ...]
    operands: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class List(Node):
    """Elements in square brackets, as an argument."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Part(Node):
    """One part of a sequence; only the last may have no `for` that says how long it lasts."""

    body: Node
    duration: Node | None


@dataclass(frozen=True, slots=True)
class Sequence(Node):
    """Parts joined by `then`; one part with `for` is a sequence, too."""

    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Binding(Node):
    """A name after `where`, and its value."""

    name: str
    value: Node
    name_span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Program(Node):
    """A whole schedule."""

    body: Node
    bindings: tuple[Binding, ...]


@dataclass(frozen=True, slots=True)
class Parameter(Node):
    """A parameter of a definition; `type` is the word behind its colon, or `number`."""

    name: str
    type: str
    default: Node | None


@dataclass(frozen=True, slots=True)
class Definition(Node):
    """A function of a library file."""

    name: str
    parameters: tuple[Parameter, ...]
    body: Node
    name_span: Span = field(compare=False)


def nodes_of(node: Node) -> Iterator[Node]:
    """A node and all below it: depth first, in the order of the text."""
    waiting = [node]
    while waiting:
        each = waiting.pop()
        yield each
        values = [getattr(each, field.name) for field in fields(each)]
        below = [x for value in values for x in (value if isinstance(value, tuple) else (value,))]
        waiting += [child for child in reversed(below) if isinstance(child, Node)]
