"""The operations of the language on values; what is exact stays exact."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from lrdsl import constants
from lrdsl.constants import PI, NotFinite, tidy, to_float
from lrdsl.core import LARGEST, Op, TooLarge
from lrdsl.lowering import Lowering
from lrdsl.values import (
    HALF,
    ONE,
    TWO,
    ZERO,
    Choice,
    Exact,
    Scaled,
    Table,
    Truth,
    Value,
    add_exact,
    constant,
    constant_of,
    negated,
)

# A function of an integer with at most this many values becomes a table of them.
SMALL = 1024

# A value of more choices than this becomes one operation.
LARGEST_CHOICE = 64


class Arithmetic(Lowering):
    """The operations of the language on values, building one graph."""

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
            total, scaled = self._opened(total, scaled)
            before = merged.get(id(scaled.op))
            factor = scaled.factor + (before.factor if before else 0)
            merged[id(scaled.op)] = Scaled(tidy(factor), scaled.op)
        left = [scaled for scaled in merged.values() if scaled.factor]
        if not left:
            return total
        if len(left) == 1:
            whole = left[0] if total == ZERO else self._uncancelled(total, left[0])
            if whole is not None:
                return whole
        parts = [self.real(scaled) for scaled in left]
        if total != ZERO:
            parts.insert(0, self.real(total))
        op = parts[0]
        for part in parts[1:]:
            op = self.graph.real("add", op, part)
        return Scaled(Fraction(1), op)

    def _opened(self, total: Exact, value: Scaled) -> tuple[Exact, Scaled]:
        """A sum inside a sum: its whole number goes to the constants, as in 1 - tanh(x)."""
        op = value.op.args[0] if value.op.name == "guard" else value.op
        if total.pi or op.name != "add" or op.args[0].name != "number":
            return total, value
        number, rest = op.args
        if not float(number.data).is_integer():
            return total, value
        factor, rest = (-value.factor, rest.args[0]) if rest.name == "neg" else (value.factor, rest)
        moved = constant(value.factor * int(number.data))
        return add_exact([total, moved], 0), Scaled(factor, rest)

    def _uncancelled(self, total: Exact, value: Scaled) -> Value | None:
        """constant + value without the digits that the sum would lose near 0; None: as it is."""
        c, f = total.constant, value.factor
        if total.terms or total.pi:
            return None
        try:
            if value.op in self.ratios:  # c + f a / b = (c b + f a) / b
                a, b = self.ratios[value.op]
                return self._ratio(add_exact([self._times(a, f), self._times(b, c)], 0), b)
            if value.op in self.sines and abs(f) == abs(c):  # 1 + sin(x) = 2 sin(pi / 4 + x / 2)^2
                half = self._times(self.sines[value.op], f / c / 2)
                root = self.sin(add_exact([half, Exact(Fraction(1, 4), (), 1)], 1))
                return self.scale(self.multiply(root, root), 2 * c)
            if value.op in self.roots and c * f < 0:
                return self._conjugate(c, value)
            if value.op in self.powers and c * f < 0:
                return self._shifted(c, value)
        except TooLarge:
            pass
        return None

    def _conjugate(self, c: Fraction, value: Scaled) -> Value | None:
        """c + f sqrt(x) = (c^2 - f^2 x) / (c - f sqrt(x)), where f^2 is rational to 50 digits."""
        square = value.factor**2
        near = square.limit_denominator(LARGEST)
        if abs(near - square) * 10**50 > square:
            return None
        terms = self._times(self.roots[value.op], -near)
        numerator = add_exact([constant(c * c), terms], 0)
        op, unit = self.primitive(numerator)
        top = Scaled(unit, self.graph.make("cast", op))
        bottom = self.graph.real(
            "add", self.graph.number(to_float(c)), self.real(Scaled(-value.factor, value.op))
        )
        return self.divide(top, Scaled(Fraction(1), bottom))

    def _shifted(self, c: Fraction, value: Scaled) -> Value | None:
        """c + f b^x = c (1 - b^(x - z)), 0 where x is z, if that is a simple fraction."""
        exponent, logarithm = self.powers[value.op]
        zero = constants.log(-c / value.factor) / logarithm
        near = zero.limit_denominator(SMALL)
        if near == 0 or abs(near - zero) * 10**50 > 1:
            return None
        power = self._power_of_three(add_exact([exponent, constant(-near)], 0), logarithm)
        return self.scale(self.add([power, constant(-1)]), -c)

    def _times(self, value: Exact, factor: Fraction) -> Exact:
        scaled = self.scale(value, factor)
        assert isinstance(scaled, Exact)
        return scaled

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
        return add_exact(mine, chosen), others

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
        top, bottom = self.exact(a), self.exact(b)
        if top is not None and top.terms and bottom is not None:
            try:
                ratio = self._ratio(top, bottom)
                if ratio is not None:
                    return ratio
            except TooLarge:
                pass
        f, x = self._split(a)
        g, y = self._root_split(b)
        assert y is not None
        numerator = self.graph.number(1.0) if x is None else x
        return Scaled(tidy(f / g), self.graph.real("div", numerator, y))

    def _ratio(self, a: Exact, b: Exact) -> Value | None:
        """a / b as integers over positive integers, with one rounding; raises TooLarge."""
        if a == b:
            return ONE
        (top, bottom), _ = self.whole_parts([a, b])
        if bottom.low <= 0:
            return None
        graph = self.graph
        op = graph.real("div", graph.make("cast", top), graph.make("cast", bottom))
        self.ratios[op] = a, b
        return Scaled(Fraction(1), op)

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
            factor, op = self._fraction(base) or self._root_split(base)
            if factor > 0 and op is not None:
                root = graph.real("sqrt", op)
                if isinstance(base, Exact) and not base.pi:
                    self.roots[root] = self._times(base, 1 / factor)
                return Scaled(constants.power(factor, exponent), root)
            return Scaled(Fraction(1), graph.real("sqrt", self.real(base)))
        number = graph.number(to_float(exponent))
        known = self._quotient(base) if isinstance(base, Exact) and not base.pi else self.real(base)
        return Scaled(Fraction(1), graph.real("pow", known, number))

    def _fraction(self, value: Value) -> tuple[Fraction, Op] | None:
        """A value of at most 1 as a quotient: its root is 1 where it is, so that a ramp arrives."""
        if not isinstance(value, Exact) or value.pi:
            return None
        try:
            op, unit = self.primitive(value)
        except TooLarge:
            return None
        return (Fraction(1), self._quotient(value)) if op.high * unit == 1 else None

    def _constant_base(self, base: Fraction, exponent: Value) -> Value:
        """base^exponent: a table for few exponents, powers of `base` for whole ones, else 3^x."""
        graph = self.graph
        if base == 1:
            return ONE
        table = self.tabulate(exponent, lambda x: tidy(constants.power(base, x)))
        if table is not None:
            return table
        # near 1, the rounding of the base would grow with the exponent
        steep = abs(constants.log(base)) > HALF.constant or base == Fraction(float(base))
        if isinstance(exponent, Exact) and exponent.pi == 0 and steep:
            numbers = [exponent.constant, *(factor for _, factor in exponent.terms)]
            if all(number.denominator == 1 for number in numbers):
                try:
                    op = self._integer_sum(exponent, Fraction(1))
                    power = graph.real("pow", graph.number(to_float(base)), graph.make("cast", op))
                    return Scaled(Fraction(1), power)
                except TooLarge:
                    pass
        return self._power_of_three(exponent, constants.log(base))

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
        return self._power_of_three(value, Fraction(1))

    def _power_of_three(self, value: Value, logarithm: Fraction) -> Value:
        """e^(logarithm * value) as 3^x, because pow is the same function in every engine.

        exp is not, and compilers replace powers of 2 and 10 by yet other functions.
        """
        scaled = self.scale(value, logarithm / constants.log(Fraction(3)))
        power = self.graph.real("pow", self.graph.number(3.0), self.real(scaled))
        if isinstance(value, Exact) and not value.pi:
            self.powers[power] = value, logarithm
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
        op = self.graph.make("sin", self.real(value))
        if isinstance(value, Exact) and value.pi == 1:
            self.sines[op] = value
        return Scaled(Fraction(1), op)

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
            low, high = sorted((op.low * unit, op.high * unit))
            if -low <= HALF.constant >= high:
                return value
            if low >= HALF.constant and high <= 3 * HALF.constant:  # sin(pi - x)
                return add_exact([Exact(Fraction(1), (), 1), negated(value)], 1)
            graph, n, d = self.graph, abs(unit.numerator), unit.denominator
            turned = graph.add(graph.scale(op, 2 * n), graph.integer(3 * d))
            folded = graph.absolute(graph.subtract(graph.mod(turned, 4 * d), graph.integer(2 * d)))
            angle = graph.subtract(folded, graph.integer(d))
        except TooLarge:
            return value
        sign = 1 if unit > 0 else -1
        return Exact(Fraction(0), ((angle, Fraction(sign, 2 * d)),), 1)

    def floor(self, value: Value) -> Value:
        known = constant_of(value)
        if known is not None:  # of any size
            return constant(known.__floor__())
        whole = self._floor_exact(value)
        if whole is not None:
            return self.integer(whole)
        return Scaled(Fraction(1), self.graph.make("floor", self.real(value)))

    def _floor_exact(self, value: Value, *, up: bool = False) -> Op | None:
        """floor, or with `up` ceil, in integers."""
        exact = self.exact(value)
        if exact is None:
            return None
        try:
            if not exact.terms:
                return self.graph.integer(exact.constant.__floor__())
            (op,), unit = self.whole_parts([exact])
            top = self.graph.scale(op, unit.numerator)
            if up:
                top = self.graph.add(top, self.graph.integer(unit.denominator - 1))
            return self.graph.floordiv(top, unit.denominator)
        except TooLarge:
            return None

    def ceil(self, value: Value) -> Value:
        exact = self.exact(value)
        if exact is not None and exact.terms:
            whole = self._floor_exact(exact, up=True)
            if whole is not None:
                return self.integer(whole)
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
                chosen = m if m.name == name and n in m.args else integers(m, n)
                if chosen is m or chosen is n:
                    return a if chosen is m else b
                return self.scale(self.integer(chosen), unit)
            except TooLarge:
                pass
        ratio = self._extreme_ratio(a, b, name, integers, numbers)
        if ratio is not None:
            return ratio
        return Scaled(Fraction(1), self.graph.make(name, self.real(a), self.real(b)))

    def _extreme_ratio(
        self, a: Value, b: Value, name: str, integers: Callable[[Op, Op], Op],
        numbers: Callable[[Fraction, Fraction], Fraction],
    ) -> Value | None:  # fmt: skip
        """min(x / y, c) as min(x, c y) / y, which stays a ratio of integers."""
        for value, other in ((a, b), (b, a)):
            c = constant_of(other)
            if isinstance(value, Scaled) and value.op in self.ratios and c is not None:
                top, bottom = self.ratios[value.op]
                left, right = self._times(top, value.factor), self.scale(bottom, c)
                chosen = self._extreme(left, right, name, integers, numbers)
                try:
                    return self._ratio(chosen, bottom) if isinstance(chosen, Exact) else None
                except TooLarge:
                    return None
        return None

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
        sides = self._sides(a, b)
        if isinstance(sides, Fraction):
            return sides <= 0 if equal else sides < 0
        if isinstance(sides[1], Op):
            return self.graph.make("le" if equal else "lt", *sides)
        op, unit, limit = sides
        if unit > 0:  # op < limit: below the next integer
            return self._below(op, limit.__floor__() if equal else limit.__ceil__() - 1)
        above = limit.__ceil__() if equal else limit.__floor__() + 1
        return self.negate(self._below(op, above - 1))

    def _below(self, op: Op, last: int) -> Truth:
        """op <= last, in integers."""
        if op.high <= last or op.low > last:
            return op.high <= last
        return self.graph.make("le", op, self.graph.integer(last))

    def equal(self, a: Value, b: Value) -> Truth:
        sides = self._sides(a, b)
        if isinstance(sides, Fraction):
            return sides == 0
        if isinstance(sides[1], Op):
            return self.graph.make("eq", *sides)
        op, _, limit = sides
        if limit.denominator != 1 or not op.low <= limit <= op.high:
            return False
        return self.graph.make("eq", op, self.graph.integer(int(limit)))

    def _sides(
        self, a: Value, b: Value
    ) -> Fraction | tuple[Op, Op] | tuple[Op, Fraction, Fraction]:
        """What decides between a and b: the constant a - b; an integer, the sign of its unit
        and the limit to compare it with, however long its digits; or two float operations."""
        x, y = constant_of(a), constant_of(b)
        if x is not None and y is not None:
            return x - y
        p, q = self.exact(a), self.exact(b)
        if p is not None and q is not None:
            difference = add_exact([p, negated(q)], 0)
            if not difference.terms:
                return difference.constant
            try:
                op, unit = self.primitive(Exact(Fraction(0), difference.terms))
                return op, unit, -difference.constant / unit
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
        choice = Choice(test, yes, no)
        return choice if choice.size <= LARGEST_CHOICE else self.collapsed(choice)

    def collapsed(self, choice: Choice) -> Value:
        """One operation instead of a tree, which shared names would let grow exponentially."""
        exact = self.exact(choice)
        return exact if exact is not None else Scaled(Fraction(1), self.real(choice))

    # tables

    def count(self, time: Exact, boundaries: Sequence[Fraction]) -> Exact:
        """How many of the ascending boundaries are <= time."""
        try:
            (op,), unit = self.whole_parts([time])
        except TooLarge:
            op, unit = self.bounded(time, -(2**62), 2**62), Fraction(1)
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
