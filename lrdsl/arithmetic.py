"""Values on their way to the core tree: exact while they are rational in the step.

An exact value is a rational combination of int64 operations, so that constants fold in
rationals, `floor` and comparisons are integer arithmetic, and nothing cancels. What is not
rational is a float64 operation times a rational that is rounded once, at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import gcd, lcm

from lrdsl import constants
from lrdsl.constants import PI, NotFinite, tidy, to_float
from lrdsl.core import LARGEST, Graph, Op, TooLarge

# A function of an integer with at most this many values becomes a table of them.
SMALL = 1024


@dataclass(frozen=True, slots=True)
class Exact:
    """(constant + sum of coefficient * integer operation) * pi^pi."""

    constant: Fraction
    terms: tuple[tuple[Op, Fraction], ...] = ()
    pi: int = 0


@dataclass(frozen=True, slots=True)
class Scaled:
    """factor * float operation."""

    factor: Fraction
    op: Op


@dataclass(frozen=True, slots=True)
class Choice:
    """One of two values."""

    test: Op
    yes: Value
    no: Value


@dataclass(frozen=True, slots=True)
class Table:
    """The value at an index that is always inside."""

    index: Op
    values: tuple[Fraction, ...]


Value = Exact | Scaled | Choice | Table
Truth = bool | Op

ZERO, ONE, TWO, HALF = (Exact(Fraction(x)) for x in (0, 1, 2, Fraction(1, 2)))


def constant(value: Fraction | int) -> Exact:
    return Exact(Fraction(value))


def constant_of(value: Value) -> Fraction | None:
    """The number that `value` is at every step, or None."""
    if isinstance(value, Exact) and not value.terms:
        return tidy(value.constant * PI**value.pi) if value.pi else value.constant
    return None


class Arithmetic:
    """The operations of the language on values, building one graph."""

    def __init__(self) -> None:
        self.graph = Graph()

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
        return [self._integer_sum(value, unit) for value in values], unit

    def _integer_sum(self, value: Exact, unit: Fraction) -> Op:
        graph, base = self.graph, int(value.constant / unit)
        parts = [(op, int(factor / unit)) for op, factor in value.terms]
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

    def primitive(self, value: Exact) -> tuple[Op, Fraction]:
        """value = integer operation * unit (pi apart), the integer mostly positive."""
        (op,), unit = self.whole_parts([value])
        if op.high <= 0 and op.low < 0:
            (op,), unit = self.whole_parts([_negated(value)])
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
                return graph.real("div", self._numerator(op.args[0], factor), op.args[1])
            case Scaled(factor, op):
                return graph.times(op, graph.number(to_float(factor)))
            case Table(index, values):
                return graph.take(index, tuple(to_float(v) for v in values))
            case Choice(test, yes, no):
                return graph.select(test, self.real(yes), self.real(no))

    def _numerator(self, op: Op, factor: Fraction) -> Op:
        if op.name == "number":
            return self.graph.number(to_float(factor * Fraction(op.data)))
        return self.graph.times(op, self.graph.number(to_float(factor)))

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
        match value:
            case Choice(test, yes, no):
                return self.graph.select(test, self.root(yes), self.root(no))
            case Exact(pi=0) if value.terms:
                return self._quotient(value, final=True)
        return self.real(value)

    def _quotient(self, value: Exact, *, final: bool = False) -> Op:
        """numerator / denominator, so that 1955 / 1955 is 1, which 1955 * (1 / 1955) may not be.

        Compilers turn a division by a constant into a product. The result of a schedule may
        suffer that (`ratio`) unless it can fall on the middle of two float32, which takes a
        numerator of 2^24 times the odd part of the denominator; a `quotient` is kept from it.
        """
        try:
            op, unit = self.primitive(value)
            op = self.graph.scale(op, unit.numerator)
        except TooLarge:
            return self.real(value)
        denominator = unit.denominator
        odd = denominator // (denominator & -denominator)
        if odd == 1 or denominator >= 2**53:
            factor = self.graph.number(to_float(Fraction(1, denominator)))
            return self.graph.times(self.graph.make("cast", op), factor)
        safe = max(-op.low, op.high) < odd * 2**24
        return self.graph.make("ratio" if final and safe else "quotient", op, data=denominator)

    def _split(self, value: Value) -> tuple[Fraction, Op | None]:
        """value = rational * float operation (None for 1)."""
        known = constant_of(value)
        if known is not None:
            return known, None
        match value:
            case Scaled(factor, op):
                return factor, op
            case Exact(pi=0):
                return Fraction(1), self._quotient(value)
        return Fraction(1), self.real(value)

    def _root_split(self, value: Value) -> tuple[Fraction, Op | None]:
        """As `_split`, with the unit of an exact value in the rational: for roots and divisors."""
        if isinstance(value, Exact) and value.terms:
            try:
                op, unit = self.primitive(value)
                return tidy(unit * PI**value.pi), self.graph.make("cast", op)
            except TooLarge:
                pass
        return self._split(value)

    # the operations

    def add(self, values: Sequence[Value]) -> Value:
        """The sum; exact as far as it can be."""
        if len(values) == 1:
            return values[0]
        simple = self._add_constants(values)
        if simple is not None:
            return simple
        total, others = self._add_exact(values)
        merged: dict[int, Scaled] = {}
        for value in others:
            scaled = value if isinstance(value, Scaled) else Scaled(Fraction(1), self.real(value))
            before = merged.get(id(scaled.op))
            factor = scaled.factor + (before.factor if before else 0)
            merged[id(scaled.op)] = Scaled(tidy(factor), scaled.op)
        left = [scaled for scaled in merged.values() if scaled.factor]
        if not left:
            return total
        if total == ZERO and len(left) == 1:
            return left[0]
        parts = [self.real(scaled) for scaled in left]
        if total != ZERO:
            parts.insert(0, self.real(total))
        op = parts[0]
        for part in parts[1:]:
            op = self.graph.real("add", op, part)
        return Scaled(Fraction(1), op)

    def _add_constants(self, values: Sequence[Value]) -> Value | None:
        """A choice or table plus constants stays one."""
        known = [constant_of(value) for value in values]
        rest = [v for v, k in zip(values, known, strict=True) if k is None]
        if len(rest) != 1 or isinstance(rest[0], Exact | Scaled):
            return None
        total = sum((k for k in known if k is not None), Fraction(0))
        return self.each(rest[0], lambda v: self.add([v, constant(total)]), total.__add__)

    def _add_exact(self, values: Sequence[Value]) -> tuple[Exact, list[Value]]:
        """The sum of those that are exact with the same power of pi, and the others."""
        candidates = [v if isinstance(v, Exact) else self.exact(v) for v in values]
        powers = {c.pi for c in candidates if c is not None and (c.constant or c.terms)}
        if any(c is None for c in candidates) or len(powers) > 1:
            # something is a float anyway, so tables and choices may be, too
            candidates = [v if isinstance(v, Exact) else None for v in values]
        chosen = 0 if 0 in powers or not powers else min(powers)
        mine = [c for c in candidates if c is not None and c.pi == chosen]
        others = [v for v, c in zip(values, candidates, strict=True) if c is None or c.pi != chosen]
        return _sum(mine, chosen), others

    def each(
        self, value: Value, deep: Callable[[Value], Value], flat: Callable[[Fraction], Fraction]
    ) -> Value:
        """A function of a choice or table as a choice or table of its values."""
        match value:
            case Choice(test, yes, no):
                return self.choose(test, deep(yes), deep(no))
            case Table(index, values):
                return Table(index, tuple(flat(v) for v in values))
        raise AssertionError(value)

    def scale(self, value: Value, factor: Fraction) -> Value:
        if factor == 0:
            return ZERO
        match value:
            case Exact(base, terms, pi):
                scaled = tuple((op, tidy(f * factor)) for op, f in terms)
                return Exact(tidy(base * factor), scaled, pi)
            case Scaled(before, op):
                return Scaled(tidy(before * factor), op)
        return self.each(value, lambda v: self.scale(v, factor), lambda v: tidy(v * factor))

    def multiply(self, a: Value, b: Value) -> Value:
        for one, other in ((a, b), (b, a)):
            if isinstance(one, Exact) and not one.terms:
                if isinstance(other, Exact) and one.constant:
                    scaled = self.scale(other, one.constant)
                    assert isinstance(scaled, Exact)
                    return Exact(scaled.constant, scaled.terms, scaled.pi + one.pi)
                known = constant_of(one)
                assert known is not None
                return self.scale(other, known)
        if isinstance(a, Exact) and isinstance(b, Exact):
            try:
                (left, u), (right, v) = self.primitive(a), self.primitive(b)
                product = self.graph.multiply(left, right)
                return Exact(Fraction(0), ((product, u * v),), a.pi + b.pi)
            except TooLarge:
                pass
        (f, x), (g, y) = self._split(a), self._split(b)
        assert x is not None and y is not None
        return Scaled(tidy(f * g), self.graph.times(x, y))

    def divide(self, a: Value, b: Value) -> Value:
        if isinstance(b, Exact) and not b.terms:
            if b.constant == 0:
                raise NotFinite("division by zero")
            return self.multiply(a, Exact(1 / b.constant, (), -b.pi))
        if isinstance(b, Choice | Table) and constant_of(a) is not None:
            try:
                return self.each(
                    b,
                    lambda v: self.divide(a, v),
                    lambda v: constant_of(a) / v,  # type: ignore[operator]
                )
            except (NotFinite, ZeroDivisionError):
                pass
        f, x = self._split(a)
        g, y = self._root_split(b)
        assert y is not None
        numerator = self.graph.number(1.0) if x is None else x
        return Scaled(tidy(f / g), self.graph.real("div", numerator, y))

    def power(self, base: Value, exponent: Value) -> Value:
        b, e = constant_of(base), constant_of(exponent)
        if b is not None and e is not None:
            return constant(tidy(constants.power(b, e)))
        if e is not None:
            return self._constant_exponent(base, e)
        if b is not None and b > 0:
            return self._constant_base(b, exponent)
        return Scaled(Fraction(1), self.graph.real("pow", self.real(base), self.real(exponent)))

    def _constant_exponent(self, base: Value, exponent: Fraction) -> Value:
        graph = self.graph
        if exponent < 0:
            return self.divide(ONE, self._constant_exponent(base, -exponent))
        if exponent == 0:
            return ONE
        if exponent.denominator == 1 and exponent <= 8:
            half = self._constant_exponent(base, Fraction(exponent // 2)) if exponent > 1 else base
            square = self.multiply(half, half) if exponent > 1 else half
            return self.multiply(square, base) if exponent > 1 and exponent % 2 else square
        if exponent == Fraction(1, 2):
            factor, op = self._root_split(base)
            if factor > 0 and op is not None:
                return Scaled(constants.power(factor, exponent), graph.real("sqrt", op))
            return Scaled(Fraction(1), graph.real("sqrt", self.real(base)))
        number = graph.number(to_float(exponent))
        known = self._quotient(base) if isinstance(base, Exact) and not base.pi else self.real(base)
        return Scaled(Fraction(1), graph.real("pow", known, number))

    def _constant_base(self, base: Fraction, exponent: Value) -> Value:
        """base^exponent: a table for few exponents, powers of `base` for whole ones, else 2^x."""
        graph = self.graph
        if base == 1:
            return ONE
        table = self.tabulate(exponent, lambda x: tidy(constants.power(base, x)))
        if table is not None:
            return table
        if isinstance(exponent, Exact) and exponent.pi == 0:
            numbers = [exponent.constant, *(factor for _, factor in exponent.terms)]
            if all(number.denominator == 1 for number in numbers):
                try:
                    op = self._integer_sum(exponent, Fraction(1))
                    power = graph.real("pow", graph.number(to_float(base)), graph.make("cast", op))
                    return Scaled(Fraction(1), power)
                except TooLarge:
                    pass
        doublings = constants.log(base) / constants.log(Fraction(2))
        power = graph.real("pow", graph.number(2.0), self.real(self.scale(exponent, doublings)))
        return Scaled(Fraction(1), power)

    def tabulate(self, value: Value, function: Callable[[Fraction], Fraction]) -> Value | None:
        """A function of a value that takes few values, as a table of its results."""
        try:
            match value:
                case Table(index, values):
                    return Table(index, tuple(function(v) for v in values))
                case Choice(test, yes, no):
                    a, b = self.tabulate(yes, function), self.tabulate(no, function)
                    return None if a is None or b is None else self.choose(test, a, b)
                case Exact(base, (), 0):
                    return constant(function(base))
                case Exact(base, ((op, factor),), 0) if op.high - op.low < SMALL:
                    results = (function(base + factor * k) for k in range(op.low, op.high + 1))
                    shift = self.graph.integer(-op.low)
                    return Table(self.graph.add(op, shift), tuple(results))
        except NotFinite:
            pass
        return None

    def exp(self, value: Value) -> Value:
        known = constant_of(value)
        if known is not None:
            return constant(constants.exp(known))
        # 2^x, because pow is the same function in every engine and exp is not
        scaled = self.scale(value, 1 / constants.log(Fraction(2)))
        power = self.graph.real("pow", self.graph.number(2.0), self.real(scaled))
        return Scaled(Fraction(1), power)

    def log(self, value: Value) -> Value:
        known = constant_of(value)
        if known is not None:
            return constant(constants.log(known))
        return Scaled(Fraction(1), self.graph.real("log", self.real(value)))

    def tanh(self, value: Value) -> Value:
        # 1 - 2 / (e^2x + 1): engines differ in their tanh
        grown = self.add([self.exp(self.scale(value, Fraction(2))), ONE])
        return self.add([ONE, self.scale(self.divide(TWO, grown), Fraction(-1))])

    def sin(self, value: Value) -> Value:
        if isinstance(value, Exact) and value.pi == 1:
            if not value.terms:
                return constant(constants.sin_pi(value.constant))
            value = self._reduced(value)
        known = constant_of(value)
        if known is not None:
            return constant(constants.sin(known))
        return Scaled(Fraction(1), self.graph.make("sin", self.real(value)))

    def cos(self, value: Value) -> Value:
        if isinstance(value, Exact) and (value.pi == 1 or not value.terms):
            turns = Exact(Fraction(1, 2), (), 1)
            if value.pi == 1:
                return self.sin(Exact(value.constant + Fraction(1, 2), value.terms, 1))
            known = constant_of(value)
            assert known is not None
            return constant(constants.sin(known + PI * turns.constant))
        return Scaled(Fraction(1), self.graph.make("cos", self.real(value)))

    def _reduced(self, value: Exact) -> Value:
        """pi * n / d brought into [-pi / 2, pi / 2] in integers, where the sine is the same."""
        try:
            op, unit = self.primitive(value)
            if max(-op.low, op.high) * abs(unit) <= HALF.constant:
                return value
            graph, n, d = self.graph, abs(unit.numerator), unit.denominator
            turned = graph.add(graph.scale(op, 2 * n), graph.integer(3 * d))
            folded = graph.absolute(graph.subtract(graph.mod(turned, 4 * d), graph.integer(2 * d)))
            angle = graph.subtract(folded, graph.integer(d))
        except TooLarge:
            return value
        sign = 1 if unit > 0 else -1
        return Exact(Fraction(0), ((angle, Fraction(sign, 2 * d)),), 1)

    def floor(self, value: Value) -> Value:
        whole = self._floor_exact(value)
        if whole is not None:
            return self.integer(whole)
        return Scaled(Fraction(1), self.graph.make("floor", self.real(value)))

    def _floor_exact(self, value: Value) -> Op | None:
        exact = self.exact(value)
        if exact is None:
            return None
        if not exact.terms:
            return self.graph.integer(exact.constant.__floor__())
        try:
            (op,), unit = self.whole_parts([exact])
            return self.graph.floordiv(self.graph.scale(op, unit.numerator), unit.denominator)
        except TooLarge:
            return None

    def ceil(self, value: Value) -> Value:
        return self.scale(self.floor(self.scale(value, Fraction(-1))), Fraction(-1))

    def round(self, value: Value) -> Value:
        """To the nearest integer, ties to even: floor(x + 1/2), less 1 on an odd tie."""
        exact = self.exact(value)
        if exact is None:
            return Scaled(Fraction(1), self.graph.make("round", self.real(value)))
        up = self.floor(self.add([exact, HALF]))
        tie = self.equal(self.add([up, self.scale(exact, Fraction(-1))]), HALF)
        odd = self.equal(self.modulo(up, TWO), ONE)
        lowered = self.add([up, constant(-1)])
        return self.choose(self.both(tie, odd), lowered, up)

    def nearest(self, value: Value) -> Value:
        """To the nearest whole step, ties up."""
        return self.floor(self.add([value, HALF]))

    def modulo(self, a: Value, b: Value) -> Value:
        """a - b * floor(a / b)."""
        x, period = self.exact(a), constant_of(b)
        if period == 0:
            raise NotFinite("division by zero")
        if x is not None and period is not None and period > 0:
            if not x.terms:
                return constant(x.constant % period)
            try:
                (op, whole), unit = self.whole_parts([x, constant(period)])
                return self.scale(self.integer(self.graph.mod(op, whole.data)), unit)
            except TooLarge:
                pass
        times = self.floor(self.divide(a, b))
        return self.add([a, self.scale(self.multiply(b, times), Fraction(-1))])

    def minimum(self, a: Value, b: Value) -> Value:
        return self._extreme(a, b, "min", self.graph.least, min)

    def maximum(self, a: Value, b: Value) -> Value:
        return self._extreme(a, b, "max", self.graph.most, max)

    def _extreme(
        self, a: Value, b: Value, name: str, integers: Callable[[Op, Op], Op],
        numbers: Callable[[Fraction, Fraction], Fraction],
    ) -> Value:  # fmt: skip
        x, y = constant_of(a), constant_of(b)
        if x is not None and y is not None:
            return constant(numbers(x, y))
        p, q = self.exact(a), self.exact(b)
        if p is not None and q is not None:
            try:
                (m, n), unit = self.whole_parts([p, q])
                chosen = integers(m, n)
                if chosen is m or chosen is n:
                    return a if chosen is m else b
                return self.scale(self.integer(chosen), unit)
            except TooLarge:
                pass
        return Scaled(Fraction(1), self.graph.make(name, self.real(a), self.real(b)))

    def absolute(self, value: Value) -> Value:
        exact = self.exact(value)
        if exact is not None:
            if not exact.terms:
                return constant(abs(exact.constant))
            try:
                whole, unit = self.primitive(exact)
                return self.scale(self.integer(self.graph.absolute(whole)), abs(unit))
            except TooLarge:
                pass
        return Scaled(Fraction(1), self.graph.make("abs", self.real(value)))

    # conditions

    def less(self, a: Value, b: Value, *, equal: bool = False) -> Truth:
        """a < b, or a <= b."""
        name = "le" if equal else "lt"
        sides = self._sides(a, b)
        if isinstance(sides, Fraction):
            return sides <= 0 if equal else sides < 0
        left, right = sides
        if left.dtype == right.dtype == "int":
            if left.high < right.low or (equal and left.high == right.low):
                return True
            if left.low > right.high or (not equal and left.low == right.high):
                return False
        return self.graph.make(name, left, right)

    def equal(self, a: Value, b: Value) -> Truth:
        sides = self._sides(a, b)
        if isinstance(sides, Fraction):
            return sides == 0
        return self.graph.make("eq", *sides)

    def _sides(self, a: Value, b: Value) -> Fraction | tuple[Op, Op]:
        """Two operations that compare as a and b do, or the constant a - b."""
        x, y = constant_of(a), constant_of(b)
        if x is not None and y is not None:
            return x - y
        p, q = self.exact(a), self.exact(b)
        if p is not None and q is not None:
            difference = _sum([p, _negated(q)], 0)
            if not difference.terms:
                return difference.constant
            moving = Exact(Fraction(0), difference.terms)
            try:
                fixed = constant(-difference.constant)
                (left, right), _ = self.whole_parts([moving, fixed])
                return left, right
            except TooLarge:
                pass
        return self.real(a), self.real(b)

    def both(self, a: Truth, b: Truth) -> Truth:
        if isinstance(a, bool):
            return b if a else False
        if isinstance(b, bool):
            return a if b else False
        return self.graph.make("and", a, b)

    def either(self, a: Truth, b: Truth) -> Truth:
        return self.negate(self.both(self.negate(a), self.negate(b)))

    def negate(self, a: Truth) -> Truth:
        if isinstance(a, bool):
            return not a
        return a.args[0] if a.name == "not" else self.graph.make("not", a)

    def choose(self, test: Truth, yes: Value, no: Value) -> Value:
        if isinstance(test, bool):
            return yes if test else no
        if yes == no:
            return yes
        if test.name == "not":
            test, yes, no = test.args[0], no, yes
        return Choice(test, yes, no)

    # tables

    def count(self, time: Exact, boundaries: Sequence[Fraction]) -> Exact:
        """How many of the ascending boundaries are <= time."""
        try:
            (op,), unit = self.whole_parts([time])
        except TooLarge:
            op, unit = self.bounded(time, -LARGEST, LARGEST), Fraction(1)
        first = tuple(-((-boundary / unit).__floor__()) for boundary in boundaries)
        return self.integer(self.graph.count(op, first))

    def read(self, index: Exact, values: Sequence[Fraction]) -> Value:
        """The value at an integer index that is inside the list."""
        if not index.terms:
            return constant(values[int(index.constant)])
        if len(set(values)) == 1:
            return constant(values[0])
        (op, factor), *_ = index.terms
        assert factor == 1 and len(index.terms) == 1
        shifted = self.graph.add(op, self.graph.integer(int(index.constant)))
        return Table(shifted, tuple(values))

    def bounded(self, value: Value, low: int, high: int) -> Op:
        """A number rounded down and kept in [low, high], as an int64."""
        graph = self.graph
        whole = self._floor_exact(value)
        if whole is not None:
            return graph.least(graph.most(whole, graph.integer(low)), graph.integer(high))
        kept = graph.make("max", self.real(value), graph.number(float(low)))
        kept = graph.make("min", kept, graph.number(float(high)))
        return graph.make("whole", graph.make("floor", kept), low=low, high=high)

    def index(self, value: Value, length: int) -> Exact:
        """A number rounded down and kept in [0, length)."""
        return self.integer(self.bounded(value, 0, length - 1))


def _negated(value: Exact) -> Exact:
    return Exact(-value.constant, tuple((op, -f) for op, f in value.terms), value.pi)


def _sum(values: Sequence[Exact], pi: int) -> Exact:
    total = sum((value.constant for value in values), Fraction(0))
    factors: dict[int, tuple[Op, Fraction]] = {}
    for value in values:
        for op, factor in value.terms:
            before = factors.get(id(op), (op, Fraction(0)))[1]
            factors[id(op)] = (op, tidy(before + factor))
    terms = tuple(term for term in factors.values() if term[1])
    return Exact(tidy(total), terms, pi if terms or total else 0)
