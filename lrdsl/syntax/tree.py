"""The tree of a text: small immutable nodes whose span takes no part in equality."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

from lrdsl.errors.diagnostics import Span

if TYPE_CHECKING:
    from fractions import Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    span: Span = field(compare=False)
    height: int = field(default=1, compare=False, repr=False)
    size: int = field(default=1, compare=False, repr=False)


def _rational(text: str) -> Fraction:
    from fractions import Fraction

    # not Fraction("0e999999999"), which computes the power
    return Fraction(text.replace("_", "")) if float(text) else Fraction(0)


@dataclass(frozen=True, slots=True)
class Number(Node):
    text: str

    @property
    def value(self) -> Fraction:
        return _rational(self.text)


@dataclass(frozen=True, slots=True)
class Time(Node):
    text: str
    unit: str

    @property
    def value(self) -> Fraction:
        return _rational(self.text)


@dataclass(frozen=True, slots=True)
class Name(Node):
    name: str


@dataclass(frozen=True, slots=True)
class Interpolation(Node):
    """`${...}` that nobody resolved yet; files are checked with it as an unknown value."""

    text: str


@dataclass(frozen=True, slots=True)
class Bad(Node):
    """A word that cannot mean anything, kept so that checking goes on behind it."""

    text: str


@dataclass(frozen=True, slots=True)
class Argument(Node):
    name: str | None
    value: Node


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A function or operator applied to arguments.

    `+` and `*` take any number of operands (a long sum must not nest); `a - b` is
    `+(a, -(b))` and `a / b` is `*(a, /(b))`, so `-` and `/` have one operand.
    """

    name: str
    arguments: tuple[Argument, ...]
    name_span: Span = field(compare=False)

    @property
    def operands(self) -> tuple[Node, ...]:
        return tuple(argument.value for argument in self.arguments)


@dataclass(frozen=True, slots=True)
class Comparison(Node):
    """A chain `a < b <= c`: operators stand between neighbouring operands."""

    operators: tuple[str, ...]
    operands: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class List(Node):
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Part(Node):
    body: Node
    duration: Node | None


@dataclass(frozen=True, slots=True)
class Sequence(Node):
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Binding(Node):
    name: str
    value: Node
    name_span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Program(Node):
    body: Node
    bindings: tuple[Binding, ...]


@dataclass(frozen=True, slots=True)
class Parameter(Node):
    name: str
    type: str
    default: Node | None


@dataclass(frozen=True, slots=True)
class Definition(Node):
    name: str
    parameters: tuple[Parameter, ...]
    body: Node
    name_span: Span = field(compare=False)


def nodes_of(node: Node) -> Iterator[Node]:
    """A node and all below it, in the order of the text."""
    waiting = [node]
    while waiting:
        each = waiting.pop()
        yield each
        values = [getattr(each, field.name) for field in fields(each)]
        below = [x for value in values for x in (value if isinstance(value, tuple) else (value,))]
        waiting += [child for child in reversed(below) if isinstance(child, Node)]
