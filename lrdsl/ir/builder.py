"""The IR builder: makes operations, shares equal ones (hash-consing) and folds constants.

Integers carry bounds, so that one that could leave int64 is refused (`TooLarge`) when it is made;
the caller goes on in float64.
"""

from __future__ import annotations

from typing import Any

from lrdsl.ir.ops import LARGEST, LAST_STEP, OPERATIONS, DType, Op, TableData


class TooLarge(Exception):
    """An integer would leave int64 at some step."""


class Builder:
    """Makes the operations of one expression; the same one on the same operands is made once."""

    def __init__(self) -> None:
        self._made: dict[tuple[Any, ...], Op] = {}

    @property
    def size(self) -> int:
        """How many operations were made."""
        return len(self._made)

    def make(
        self, name: str, *args: Op, data: Any = None, dtype: DType | None = None,
        low: int = 0, high: int = 0,
    ) -> Op:  # fmt: skip
        """An operation as it is; raises TooLarge for an integer whose bounds are beyond int64."""
        declared = OPERATIONS[name]
        kind: Any = dtype or (args[-1].dtype if declared == "=" else declared)
        if kind == "int":
            if low < -LARGEST or high > LARGEST:
                raise TooLarge
            if low == high and name != "integer":
                return self.integer(low)
        # an array is itself; 0.0 and -0.0 are two numbers
        content = data if isinstance(data, int | tuple | None) else id(data)
        key = (name, args, repr(data) if isinstance(data, float) else content, kind)
        made = self._made.get(key)
        if made is None:
            made = self._made[key] = Op(name, args, data, kind, low, high)
        return made

    def step(self) -> Op:
        """The number of updates made, the one input."""
        return self.make("step", low=0, high=LAST_STEP)

    def integer(self, value: int) -> Op:
        """An int64 constant."""
        return self.make("integer", data=value, low=value, high=value)

    def number(self, value: float) -> Op:
        """A float64 constant."""
        return self.make("number", data=float(value))

    # integers

    def add(self, a: Op, b: Op) -> Op:
        """Integer sum; the constants of a sum of constants are one."""
        if a.name == "integer":
            a, b = b, a
        if b.name == "integer":
            if b.data == 0:
                return a
            if a.name == "add" and a.args[1].name == "integer":
                return self.add(a.args[0], self.integer(a.args[1].data + b.data))
        return self.make("add", a, b, low=a.low + b.low, high=a.high + b.high)

    def subtract(self, a: Op, b: Op) -> Op:
        """Integer difference."""
        if b.name == "integer":
            return self.add(a, self.integer(-b.data))
        if a is b:
            return self.integer(0)
        return self.make("sub", a, b, low=a.low - b.high, high=a.high - b.low)

    def multiply(self, a: Op, b: Op) -> Op:
        """Integer product; the factors of a product of constants are one."""
        if a.name == "integer":
            a, b = b, a
        if b.name == "integer":
            if b.data == 1:
                return a
            if a.name == "mul" and a.args[1].name == "integer":
                return self.multiply(a.args[0], self.integer(a.args[1].data * b.data))
        ends = [x * y for x in (a.low, a.high) for y in (b.low, b.high)]
        return self.make("mul", a, b, low=min(ends), high=max(ends))

    def scale(self, a: Op, factor: int) -> Op:
        """Integer multiple."""
        if factor == 1:
            return a
        if abs(factor) > LARGEST:
            raise TooLarge
        return self.multiply(a, self.integer(factor))

    def floordiv(self, a: Op, divisor: int) -> Op:
        """Integer quotient, rounded down."""
        if divisor == 1:
            return a
        low, high = a.low // divisor, a.high // divisor
        return self.make("floordiv", a, self.integer(divisor), low=low, high=high)

    def mod(self, a: Op, divisor: int) -> Op:
        """Remainder of floor division; the operand itself where it is always in [0, divisor)."""
        if a.low >= 0 and a.high < divisor:
            return a
        return self.make("mod", a, self.integer(divisor), low=0, high=divisor - 1)

    def least(self, a: Op, b: Op) -> Op:
        """The smaller of two integers, or the one that always is."""
        if a.high <= b.low:
            return a
        if b.high <= a.low:
            return b
        return self.make("min", a, b, low=min(a.low, b.low), high=min(a.high, b.high))

    def most(self, a: Op, b: Op) -> Op:
        """The larger of two integers, or the one that always is."""
        if a.low >= b.high:
            return a
        if b.low >= a.high:
            return b
        return self.make("max", a, b, low=max(a.low, b.low), high=max(a.high, b.high))

    def absolute(self, a: Op) -> Op:
        """Integer without its sign."""
        if a.low >= 0:
            return a
        return self.make("abs", a, low=0, high=max(-a.low, a.high))

    def searchsorted(self, a: Op, boundaries: tuple[int, ...]) -> Op:
        """How many of the ascending boundaries are <= an integer, of those it can reach."""
        passed = sum(each <= a.low for each in boundaries)
        ahead = tuple(each for each in boundaries[passed:] if each <= a.high)
        if not ahead:
            return self.integer(passed)
        found = self.make("searchsorted", a, data=ahead, low=0, high=len(ahead))
        return self.add(found, self.integer(passed))

    def take(self, index: Op, values: TableData, dtype: DType) -> Op:
        """A table of int64 or float64 read at an index that is always inside it."""
        low, high = (min(values), max(values)) if dtype == "int" else (0, 0)
        return self.make("take", index, data=values, dtype=dtype, low=low, high=high)

    def to_int(self, a: Op, low: int, high: int) -> Op:
        """A float that is whole and from `low` to `high`, as an int64."""
        return self.make("to_int", a, low=low, high=high)

    # truth

    def below(self, a: Op, last: int) -> Op | bool:
        """a <= last, decided by the bounds where they can."""
        if a.high <= last or a.low > last:
            return a.high <= last
        return self.make("le", a, self.integer(last))

    def where(self, test: Op, a: Op, b: Op) -> Op:
        """One of two operations of one type."""
        if a is b:
            return a
        return self.make("where", test, a, b, low=min(a.low, b.low), high=max(a.high, b.high))
