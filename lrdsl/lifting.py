"""Integers in float64, which holds them exactly: fewer operations where the step is cast anyway."""

from __future__ import annotations

import struct
from collections import Counter
from functools import lru_cache

from lrdsl.core import LARGEST_EXACT, Op, in_order
from lrdsl.graph import FUSED, MOVED, Graph
from lrdsl.shapes import rounded_up

# float32 holds every integer up to here.
SINGLE = 2**24

# Boundaries that are searched by distances to points: more take longer than a binary search.
NEAREST = 512
# Up to here, quarters are exact in float64, and squares of distances that differ by one differ.
_FAR = 2**44

# The data of a maximum of a difference and 0, which TensorFlow runs as one op with a sine of it.
RELU = "relu"


def lifted(core: Op) -> Op:
    """The same with sums, clamps and searches of integers in float64."""
    return _Lifting(_shifted_searches(core)).root


def in_float32(boundaries: tuple[int, ...]) -> bool:
    """Whether float32 holds them all."""
    return all(struct.unpack("f", struct.pack("f", each))[0] == each for each in boundaries)


@lru_cache(maxsize=64)
def points(boundaries: tuple[int, ...]) -> tuple[float, ...] | None:
    """One point for each count of boundaries, 0 first: the nearest to an integer x is that of x.

    So each boundary b, at b - 1/2, is in the middle between two points: the first one decides
    all, and where each has to lie between its boundaries says what it can be. None if it cannot
    be, or float64 may not tell which is nearer.
    """
    if len(boundaries) > NEAREST or max(map(abs, boundaries)) >= _FAR:
        return None
    halves = [2 * each - 1 for each in boundaries]
    # in quarters, point k is shifts[k] + first where k is even, and shifts[k] - first where odd
    shifts = [0]
    for half in halves:
        shifts.append(4 * half - shifts[-1])
    least, most = -4 * _FAR, 2 * halves[0]
    for k in range(1, len(shifts)):
        low = 2 * halves[k - 1]
        high = 2 * halves[k] if k < len(halves) else 4 * _FAR
        if k % 2:
            least, most = max(least, shifts[k] - high), min(most, shifts[k] - low)
        else:
            least, most = max(least, low - shifts[k]), min(most, high - shifts[k])
    if least >= most:
        return None
    first = (max(least, most - 2 * halves[-1] - 8) + most) // 2  # not far from the boundaries
    return tuple((shift - first if k % 2 else shift + first) / 4 for k, shift in enumerate(shifts))


def _shifted_searches(core: Op) -> Op:
    """With restarts of periods that double as a search among numbers that float32 holds.

    They begin at d (2^k - 1), so that adding d to the step makes them d 2^k; so it does to the
    ends of the laps.
    """
    graph = Graph()
    made: dict[int, Op] = {}
    shifts: dict[int, tuple[Op, Op, int]] = {}
    for op in in_order(core):
        args = [made[id(arg)] for arg in op.args]
        if op.name == "count" and (shift := _shift(op.data)):
            moved = graph.add(args[0], graph.integer(shift))
            boundaries = tuple(each + shift for each in op.data)
            made[id(op)] = graph.make("count", moved, data=boundaries, low=op.low, high=op.high)
            shifts[id(made[id(op)])] = args[0], moved, shift
        elif (end := _end_of_lap(op, args, shifts)) is not None:
            table, moved, shift = end
            ends = graph.take(table.args[0], tuple(each + shift for each in table.data))
            made[id(op)] = graph.make("sub", ends, moved, low=op.low, high=op.high)
        else:
            made[id(op)] = graph.copied(op, args)
    return made[id(core)]


def _shift(boundaries: tuple[int, ...]) -> int:
    """What makes them numbers that float32 holds; 0 if nothing has to, or does."""
    if len(boundaries) < 2 or boundaries[-1] < SINGLE or in_float32(boundaries):
        return 0
    shift = boundaries[1] - 2 * boundaries[0]
    return shift if in_float32(tuple(each + shift for each in boundaries)) else 0


def _end_of_lap(
    op: Op, args: list[Op], shifts: dict[int, tuple[Op, Op, int]]
) -> tuple[Op, Op, int] | None:
    """The table, the shifted step and its shift, where an integer is the end less the step."""
    if op.name != "sub" or op.dtype != "int" or args[0].name != "take":
        return None
    searched, moved, shift = shifts.get(id(args[0].args[0]), (None, op, 0))
    return (args[0], moved, shift) if searched is args[1] else None


class _Lifting:
    """Rebuilds operations; `floats` holds those integers that are in float64, too."""

    def __init__(self, core: Op) -> None:
        self.graph = Graph()
        self.made: dict[int, Op] = {}
        self.floats: dict[int, Op] = {}
        order = in_order(core)
        self.uses = Counter(id(arg) for op in order for arg in set(op.args))
        for op in order:
            args = [self._chosen(op, arg) for arg in op.args]
            if op.name == "count" and id(op.args[0]) in self.floats:
                args = self._searched(op, args)
            shorter = self._outwards(op, args) or self._summed(op)
            self.made[id(op)] = shorter or self.graph.copied(op, args)
            if op.dtype == "int" and (exact := self._as_float(op)) is not None:
                self.floats[id(op)] = exact
        self.root = self.made[id(core)]

    def _chosen(self, user: Op, arg: Op) -> Op:
        """The operand in float64 throughout, if no compiler would merge that with its user."""
        exact = self.floats.get(id(arg.args[0])) if arg.name == "cast" else None
        merged = MOVED.get(user.name, frozenset())
        if user.name != "add":  # a fused product and sum is exact here
            merged |= FUSED.get(user.name, frozenset())
        return self.made[id(arg)] if exact is None or exact.name in merged else exact

    def _outwards(self, op: Op, args: list[Op]) -> Op | None:
        """c max(x, 0) as max(c x, 0), which is one op with a function of it."""
        match op.name, args:
            case "mul", [Op("max", (x, zero), "relu"), Op("number") as c] if c.data > 0:
                if self.uses[id(op.args[0])] == 1:
                    product = self.graph.make("mul", x, c)
                    return self.graph.make("max", product, zero, data=RELU)
        return None

    def _summed(self, op: Op) -> Op | None:
        """sin(((end - x) + more) / y)^2 with ((x - end) - more) / -y, whose sum is one op."""
        match op:
            case Op("mul", (Op("sin", (Op("div", (total, y)),)) as wave, other)) if wave is other:
                chain = [wave, wave.args[0], total]
            case _:
                return None
        match total:
            case Op("add", (Op("cast", (Op("sub") as distance,)), more)):
                exact = self.floats.get(id(distance))
            case _:
                return None
        if exact is None or exact.name != "sub" or any(self.uses[id(each)] > 1 for each in chain):
            return None
        end, x = exact.args
        tables = end, self.made[id(more)], self.made[id(y)]
        if any(each.name != "take" for each in tables):
            return None
        end, more, y = map(self._negative, tables)
        total = self.graph.make("add", x, end, more)
        wave = self.graph.make("sin", self.graph.make("div", total, y))
        return self.graph.make("mul", wave, wave)

    def _negative(self, table: Op) -> Op:
        return self.graph.take(table.args[0], tuple(-each for each in table.data))

    def _searched(self, op: Op, args: list[Op]) -> list[Op]:
        """The operand of a search; in float64 where int64 would take a longer one."""
        x = op.args[0]
        short = max(map(abs, op.data)) < SINGLE or not (
            in_float32(op.data) or (max(-x.low, x.high) < _FAR and points(op.data))
        )
        return args if short else [self.floats[id(x)]]

    def _as_float(self, op: Op) -> Op | None:
        """An exact integer in float64, or None; its zero has no sign, as that of an integer."""
        if max(-op.low, op.high) >= LARGEST_EXACT:
            return None
        laps = rounded_up(op)
        if laps is not None and id(laps[0]) in self.floats:
            return self._rounded_up(*laps)
        if op.name == "take":
            return self.graph.take(self.made[id(op.args[0])], tuple(map(float, op.data)))
        if any(id(arg) not in self.floats for arg in op.args):
            return None
        args = [self.floats[id(arg)] for arg in op.args]
        match op.name:
            case "step":
                return self.graph.make("cast", self.made[id(op)])
            case "integer":
                return self.graph.number(float(op.data))
            case "sub" if (x := self._up_to(op)) is not None:
                rest = self.graph.make("sub", args[0], x)
                return self.graph.make("max", rest, self.graph.number(0.0), data=RELU)
            case "add" | "sub" | "min" | "max":
                return self.graph.make(op.name, *args)
            case "mul" if op.args[0] is not op.args[1] and all(arg.low > 0 for arg in op.args):
                return self.graph.make("mul", *args)
        return None

    def _rounded_up(self, x: Op, lap: int) -> Op:
        """x rounded up to whole laps, at least one; -mod(x, -lap) is what is left of one."""
        x = self.graph.make("max", self.floats[id(x)], self.graph.number(1.0))
        rest = self.graph.make("mod", x, self.graph.number(-float(lap)), dtype="float")
        return self.graph.make("sub", x, rest)

    def _up_to(self, op: Op) -> Op | None:
        """x, in float64, where an integer is c - min(x, c)."""
        limit, least = op.args
        if least.name != "min" or limit not in least.args or self.uses[id(least)] > 1:
            return None
        x = least.args[least.args[0] is limit]
        return self.floats[id(x)] if max(-x.low, x.high) < LARGEST_EXACT else None
