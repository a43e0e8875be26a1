"""Shapes of integer operations that are known to be bounded, or are written otherwise."""

from __future__ import annotations

from lrdsl.core import Op

# Below this, a float32 rate of a line stays away from the middle of two others by more than the
# rounding of a product and a sum in float64: by 1 / (2^25 * the odd part of the denominator). From
# here on not even one division is sure to, so every engine takes the product and the sum.
ODD = 2**26


def lap_of(a: Op) -> tuple[Op, Op] | None:
    """The parts of a sum of an integer and a table that is read at a count of it."""
    if a.name == "add" and a.dtype == "int" and counted(*a.args):
        return a.args[0], a.args[1]
    return None


def counted(a: Op, b: Op) -> bool:
    index = b.args[0] if b.name == "take" and b.dtype == "int" else b
    return index.name == "count" and index.args[0] is a


def laps_range(a: Op, table: Op, sign: int = 1) -> tuple[int, int] | None:
    """The bounds of table + sign * a, if the table is read at a count of a; else None."""
    if not (table.name == "take" and counted(a, table)):
        return None
    bounds = table.args[0].data
    firsts, lasts = (a.low, *bounds), (*(each - 1 for each in bounds), a.high)
    ends = [
        value + sign * end
        for value, first, last in zip(table.data, firsts, lasts, strict=False)
        for end in (first, last)
        if first <= last
    ]
    return min(ends), max(ends)


def straight(a: Op) -> tuple[Op, int, int] | None:
    """x, k and c, where an integer is k x + c and nothing in it is negative; k is not 1."""
    match a:
        case Op("add", (Op("mul", (x, Op("integer", (), k))), Op("integer", (), c))):
            pass
        case Op("mul", (x, Op("integer", (), k))):
            c = 0
        case _:
            return None
    return (x, k, c) if x.low >= 0 < k and c >= 0 else None


def rounded_up(a: Op) -> tuple[Op, int] | None:
    """x >= 0 and d, where an integer is d * max(1, ceil(x / d))."""
    match a:
        case Op("mul", (Op("max", (one, Op("floordiv", (Op("add", (x, up)), lap)))), d)):
            if one.data == 1 and up.data == lap.data - 1 and d.data == lap.data and x.low >= 0:
                return x, d.data
    return None


def shifted(a: Op) -> int:
    """What an integer sum ends with."""
    ends = a.name == "add" and a.dtype == "int" and a.args[1].name == "integer"
    return int(a.args[1].data) if ends else 0
