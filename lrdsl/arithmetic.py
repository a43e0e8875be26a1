"""The arithmetic of the language on values; what is exact stays exact."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from lrdsl.cancelling import opened, uncancelled
from lrdsl.conditions import both, choose, equal
from lrdsl.constants import NotFinite, tidy
from lrdsl.core import Op, TooLarge
from lrdsl.lowering import Lowering
from lrdsl.sharp import sharp
from lrdsl.values import (
    HALF,
    ONE,
    TWO,
    ZERO,
    Choice,
    Exact,
    Scaled,
    Table,
    Value,
    add_exact,
    constant,
    constant_of,
)


class Arithmetic(Lowering):
    """The arithmetic of the language on values, building one graph."""

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
            total, scaled = opened(self, total, scaled)
            before = merged.get(id(scaled.op))
            factor = scaled.factor + (before.factor if before else 0)
            merged[id(scaled.op)] = Scaled(tidy(factor), scaled.op)
        left = [scaled for scaled in merged.values() if scaled.factor]
        if not left:
            return total
        if len(left) == 1:
            whole = left[0] if total == ZERO else uncancelled(self, total, left[0])
            if whole is not None:
                return whole
        more = constant_of(total) if len(left) == 1 else None
        if more is not None and left[0].op in self.whole:
            parts = [self.multiple(left[0], more)]
        else:
            parts = [self.real(scaled) for scaled in left]
        if total != ZERO:
            parts.insert(0, self.real(total))
        op = parts[0]
        for part in parts[1:]:
            op = self.graph.real("add", op, part)
        if more is not None:
            self.sums[op] = more, left[0]
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
        return add_exact(mine, chosen), others

    def each(
        self, value: Value, deep: Callable[[Value], Value], flat: Callable[[Fraction], Fraction]
    ) -> Value:
        """A function of a choice or table as a choice or table of its values."""
        match value:
            case Choice(test, yes, no):
                return choose(self, test, deep(yes), deep(no))
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

    def times(self, value: Exact, factor: Fraction) -> Exact:
        scaled = self.scale(value, factor)
        assert isinstance(scaled, Exact)
        return scaled

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
        (f, x), (g, y) = self.split(a), self.split(b)
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
                shared = isinstance(b, Table) and self._is_share(top, b)
                ratio = None if shared else self.ratio(top, bottom)
                if ratio is not None:
                    return ratio
            except TooLarge:
                pass
        f, x = self.split(a)
        g, y = self.root_split(b)
        assert y is not None
        if g == 0:
            raise NotFinite("division by zero")
        numerator = self.graph.number(1.0) if x is None else x
        op = self.graph.real("div", numerator, y)
        if top is not None and top.terms and isinstance(b, Table) and min(b.values) > 0:
            self.shares[op] = top, b
        return Scaled(tidy(f / g), op)

    def _is_share(self, time: Exact, lengths: Table) -> bool:
        """Whether these are laps of no whole steps, and the time in one: shorter than a ratio."""
        if all(each.denominator == 1 for each in lengths.values):
            return False
        op, unit = self.primitive(Exact(Fraction(0), time.terms))
        last = ((each - time.constant) / unit for each in lengths.values)
        table = self.graph.take(lengths.index, tuple(each.__floor__() for each in last))
        return self.graph.least(op, table) is op

    def ratio(self, a: Exact, b: Exact) -> Value | None:
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

    def floor(self, value: Value) -> Value:
        known = constant_of(value)
        if known is not None:  # of any size
            return constant(known.__floor__())
        whole = self.floor_exact(value)
        if whole is not None:
            return self.integer(whole)
        return Scaled(Fraction(1), self.graph.make("floor", self.real(sharp(self, value))))

    def floor_exact(self, value: Value, *, up: bool = False) -> Op | None:
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
            whole = self.floor_exact(exact, up=True)
            if whole is not None:
                return self.integer(whole)
        return self.scale(self.floor(self.scale(value, Fraction(-1))), Fraction(-1))

    def round(self, value: Value) -> Value:
        """To the nearest integer, ties to even: floor(x + 1/2), less 1 on an odd tie."""
        exact = self.exact(value)
        if exact is None:
            return Scaled(Fraction(1), self.graph.make("round", self.real(sharp(self, value))))
        up = self.floor(self.add([exact, HALF]))
        tie = equal(self, self.add([up, self.scale(exact, Fraction(-1))]), HALF)
        odd = equal(self, self.modulo(up, TWO), ONE)
        lowered = self.add([up, constant(-1)])
        return choose(self, both(self, tie, odd), lowered, up)

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
        a = sharp(self, a)
        times = self.floor(self.divide(a, b))
        return self.add([a, self.scale(self.multiply(b, times), Fraction(-1))])

    def count(self, time: Exact, boundaries: Sequence[Fraction]) -> Exact:
        """How many of the ascending boundaries are <= time."""
        start, passing = time.constant, Exact(Fraction(0), time.terms)
        try:
            (op,), unit = self.whole_parts([passing])
        except TooLarge:
            op, unit, start = self.bounded(time, -(2**62), 2**62), Fraction(1), Fraction(0)
        first = tuple(-((-(boundary - start) / unit).__floor__()) for boundary in boundaries)
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
        whole = self.floor_exact(value)
        if whole is not None:
            return graph.least(graph.most(whole, graph.integer(low)), graph.integer(high))
        kept = graph.make("max", self.real(sharp(self, value)), graph.number(float(low)))
        kept = graph.make("min", kept, graph.number(float(high)))
        return graph.make("whole", graph.make("floor", kept), low=low, high=high)

    def index(self, value: Value, length: int) -> Exact:
        """A number rounded down and kept in [0, length)."""
        return self.integer(self.bounded(value, 0, length - 1))
