"""Values to operations of the core tree: integers where they are exact, else float64."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from math import gcd, lcm
from typing import NamedTuple

from lrdsl.constants import PI, flushed, tidy, to_float
from lrdsl.core import LARGEST_EXACT, Op, TooLarge
from lrdsl.graph import Graph
from lrdsl.shapes import ODD, straight
from lrdsl.values import Choice, Exact, Scaled, Table, Value, constant, constant_of, negated


def fitted(factor: Fraction, result: Callable[[float], float], wanted: float) -> tuple[float, bool]:
    """The factor, or a neighbour, as the float64 whose result is nearest, and whether it is it."""
    near = to_float(factor)
    numbers = near, math.nextafter(near, math.inf), math.nextafter(near, -math.inf)
    best = min(numbers, key=lambda number: abs(result(number) - wanted))
    return best, result(best) == wanted


class WholePower(NamedTuple):
    """(n / d)^p as `scale` * n^p, a division less; n^p is `top` where n is d.

    The fraction is n / d, from 0 to 1, and p its exponent, above 0, so the power is from 0 to 1.
    """

    power: Op
    scale: Fraction
    top: float
    fraction: Exact
    exponent: Fraction


class Lowering:
    """Makes the operations of one graph that compute given values."""

    def __init__(self) -> None:
        self.graph = Graph()
        # What some float operations are made of, for sums in which they cancel.
        self.ratios: dict[Op, tuple[Exact, Exact]] = {}
        self.shares: dict[Op, tuple[Exact, Table]] = {}  # of laps that are no whole steps
        self.sines: dict[Op, Exact] = {}
        self.roots: dict[Op, Exact] = {}
        self.powers: dict[Op, tuple[Exact, Fraction]] = {}  # exponent, logarithm of the base
        self.whole: dict[Op, WholePower] = {}
        self.sums: dict[Op, tuple[Fraction, Scaled]] = {}
        self.rests: dict[Op, tuple[Fraction, Scaled]] = {}  # as sums; computed otherwise
        self.begins: dict[Op, Fraction] = {}  # what some divisors are at the first step

    def integer(self, op: Op) -> Exact:
        """An int64 operation as a value."""
        if op.name == "integer":
            return constant(op.data)
        return Exact(Fraction(0), ((op, Fraction(1)),))

    # exact values to integers

    def whole_parts(self, values: Sequence[Exact]) -> tuple[list[Op], Fraction]:
        """Integers n and one unit u with value = n * u for each; raises TooLarge."""
        numbers = [n for v in values for n in (v.constant, *(c for _, c in v.terms))]
        denominator = lcm(*(n.denominator for n in numbers))
        divisor = gcd(*(n.numerator * (denominator // n.denominator) for n in numbers)) or 1
        unit = Fraction(divisor, denominator)
        return [self.integer_sum(value, unit) for value in values], unit

    def integer_sum(self, value: Exact, unit: Fraction) -> Op:
        graph, base = self.graph, int(value.constant / unit)
        parts = self._tables_merged([(op, int(factor / unit)) for op, factor in value.terms])
        up = [graph.scale(op, factor) for op, factor in parts if factor > 0]
        down = [graph.scale(op, -factor) for op, factor in parts if factor < 0]
        if base > 0 or not up:
            up.append(graph.integer(base))
        elif base < 0:
            down.append(graph.integer(-base))
        total = up[0]
        for op in up[1:]:
            total = graph.add(total, op)
        for op in down:
            total = graph.subtract(total, op)
        return total

    def _tables_merged(self, parts: list[tuple[Op, int]]) -> list[tuple[Op, int]]:
        """The terms of a sum, with one table instead of several that are read at one index."""
        tables: dict[Op, list[tuple[Op, int]]] = {}
        for op, factor in parts:
            if op.name == "take":
                tables.setdefault(op.args[0], []).append((op, factor))
        for index, same in tables.items():
            if len(same) > 1:
                rows = zip(
                    *([factor * each for each in op.data] for op, factor in same), strict=True
                )
                merged = self.graph.take(index, tuple(map(sum, rows)))
                parts = [(merged, 1), *(part for part in parts if part not in same)]
        return parts

    def primitive(self, value: Exact) -> tuple[Op, Fraction]:
        """value = integer operation * unit (pi apart), the integer mostly positive."""
        (op,), unit = self.whole_parts([value])
        if op.high <= 0 and op.low < 0:
            (op,), unit = self.whole_parts([negated(value)])
            unit = -unit
        return op, unit

    def exact(self, value: Value) -> Exact | None:
        """`value` as a rational combination of integers, where it is one."""
        match value:
            case Exact(pi=0):
                return value
            case Table(index, values):
                unit = Fraction(1, lcm(*(v.denominator for v in values)))
                try:
                    op = self.graph.take(index, tuple(int(v / unit) for v in values))
                except TooLarge:
                    return None
                return Exact(Fraction(0), ((op, unit),))
            case Choice(test, yes, no):
                return self._exact_choice(test, self.exact(yes), self.exact(no))
        return None

    def _exact_choice(self, test: Op, yes: Exact | None, no: Exact | None) -> Exact | None:
        if yes is None or no is None:
            return None
        try:
            (a, b), unit = self.whole_parts([yes, no])
            return Exact(Fraction(0), ((self.graph.select(test, a, b), unit),))
        except TooLarge:
            return None

    # values to float64 operations

    def real(self, value: Value) -> Op:
        """`value` as a float64 operation."""
        graph = self.graph
        known = constant_of(value)
        if known is not None:
            return graph.number(to_float(known))
        match value:
            case Exact():
                return self._real_exact(value)
            case Scaled(factor, op) if op.name == "div":
                return self._scaled_quotient(factor, *op.args)
            case Scaled():
                return self.multiple(value)
            case Table(index, values):
                return graph.take(index, tuple(to_float(v) for v in values))
            case Choice(test, yes, no):
                return graph.select(test, self.real(yes), self.real(no))

    def _scaled_quotient(self, factor: Fraction, top: Op, bottom: Op) -> Op:
        """factor * top / bottom; the factor goes into a table."""
        table = bottom.args[0] if bottom.name == "cast" else bottom
        if factor not in (0, 1) and table.name == "take":
            values = tuple(to_float(tidy(Fraction(each) / factor)) for each in table.data)
            return self.graph.real("div", top, self.graph.take(table.args[0], values))
        if top.name == "number":
            return self.graph.real(
                "div", self._dividend(factor * Fraction(top.data), bottom), bottom
            )
        numerator = self.graph.times(top, self.graph.number(to_float(factor)))
        return self.graph.real("div", numerator, bottom)

    def _dividend(self, number: Fraction, bottom: Op) -> Op:
        """The number, so that its quotient is right where the divisor begins."""
        begin = self.begins.get(bottom)
        if begin is None:
            return self.graph.number(to_float(number))
        first, wanted = to_float(begin), to_float(number / begin)
        return self.graph.number(fitted(number, lambda a: a / first, wanted)[0])

    def multiple(self, value: Scaled, more: Fraction = Fraction(0), *, final: bool = False) -> Op:
        """factor * operation, to which `more` is going to be added.

        A power of a fraction n / d becomes one of n, if the sum is still right where n is d, or
        if it is the result of a schedule, which is rounded to float32 anyway.
        """
        factor, op = value.factor, value.op
        if op in self.whole:
            power, scale, top, *_ = self.whole[op]
            wanted, shift = to_float(factor + more), to_float(more)
            a, arrives = fitted(factor * scale, lambda a: a * top + shift, wanted)
            if arrives or (final and factor * more >= 0):
                return self.graph.times(power, self.graph.number(a))
        number, shift = to_float(factor), to_float(more)
        if final and more:
            number, _ = fitted(factor, lambda a: a + shift, to_float(factor + more))
        return self.graph.times(op, self.graph.number(number))

    def _real_exact(self, value: Exact) -> Op:
        try:
            op, unit = self.primitive(value)
        except TooLarge:
            return self._real_sum(value)
        factor = to_float(unit * PI**value.pi)
        return self.graph.times(self.graph.make("cast", op), self.graph.number(factor))

    def _real_sum(self, value: Exact) -> Op:
        """A combination whose integers would leave int64, added up in float64."""
        graph, scale = self.graph, PI**value.pi
        total = None
        for op, factor in value.terms:
            number = graph.number(to_float(factor * scale))
            part = graph.times(graph.make("cast", op), number)
            total = part if total is None else graph.real("add", total, part)
        assert total is not None
        if value.constant == 0:
            return total
        return graph.real("add", total, graph.number(to_float(value.constant * scale)))

    def root(self, value: Value) -> Op:
        """`value` as the result of a schedule; an exact one is rounded once, by a division."""
        known = constant_of(value)
        if known is not None:  # compilers that fold it do not flush it
            return self.graph.number(flushed(to_float(known)))
        match value:
            case Choice(test, yes, no):
                return self.graph.select(test, self.root(yes), self.root(no))
            case Table(index, values):
                return self.graph.take(index, tuple(flushed(to_float(v)) for v in values))
            case Exact(pi=0) if value.terms:
                return self.quotient(value, final=True)
            case Scaled(_, op) if op in self.whole:
                return self.multiple(value, final=True)
            case Scaled(1, op) if op in self.sums:
                more, rest = self.sums[op]
                if rest.op.name != "div":
                    product = self.multiple(rest, more, final=True)
                    return self.graph.real("add", self.graph.number(to_float(more)), product)
        return self.real(value)

    def quotient(self, value: Exact, *, final: bool = False) -> Op:
        """numerator / denominator, so that 1955 / 1955 is 1, which 1955 * (1 / 1955) may not be.

        Compilers turn a division by a constant into a product. The result of a schedule may
        suffer that (`ratio`) unless it can fall on the middle of two float32, which takes a
        numerator of 2^24 times the odd part of the denominator; a `quotient` is kept from it.
        Where that part is so large that a rate may be as near to a middle as float64 can tell,
        a line is a product and a sum, in every engine: an operation less.
        """
        try:
            op, unit = self.primitive(value)
            op = self.graph.scale(op, unit.numerator)
        except TooLarge:
            return self.real(value)
        denominator = unit.denominator
        odd = denominator // (denominator & -denominator)
        line = self._line(op, denominator) if final and odd >= ODD else None
        if line is not None:
            return line
        if odd == 1 or denominator >= LARGEST_EXACT:
            factor = self.graph.number(to_float(Fraction(1, denominator)))
            return self.graph.times(self.graph.make("cast", op), factor)
        safe = max(-op.low, op.high) < odd * 2**24
        return self.graph.make("ratio" if final and safe else "quotient", op, data=denominator)

    def _line(self, op: Op, denominator: int) -> Op | None:
        """(k x + c) / d as a x + b, if nothing cancels; best the same at the largest x."""
        line = straight(op)
        if line is None:
            return None
        graph, (x, factor, shift) = self.graph, line
        slope, b = Fraction(factor, denominator), to_float(Fraction(shift, denominator))
        wanted = to_float(slope * x.high + Fraction(shift, denominator))
        a, _ = fitted(slope, lambda a: a * x.high + b, wanted)
        product = graph.times(graph.make("cast", x), graph.number(a))
        return graph.real("add", product, graph.number(b)) if b else product

    def split(self, value: Value) -> tuple[Fraction, Op | None]:
        """value = rational * float operation (None for 1)."""
        known = constant_of(value)
        if known is not None:
            return known, None
        match value:
            case Scaled(factor, op):
                return factor, op
            case Exact(pi=0):
                return Fraction(1), self.quotient(value)
        return Fraction(1), self.real(value)

    def root_split(self, value: Value) -> tuple[Fraction, Op | None]:
        """As `split`, with the unit of an exact value in the rational: for roots and divisors."""
        if isinstance(value, Exact) and value.terms:
            try:
                op, unit = self.primitive(value)
            except TooLarge:
                return self.split(value)
            scale = tidy(unit * PI**value.pi)
            line = straight(op)
            if line is None or not line[2]:
                return scale, self.graph.make("cast", op)
            x, factor, shift = line  # k (x + c / k), of which nothing cancels
            begin = Fraction(shift, factor)
            number = self.graph.number(to_float(begin))
            total = self.graph.real("add", self.graph.make("cast", x), number)
            self.begins[total] = begin
            return scale * factor, total
        return self.split(value)
