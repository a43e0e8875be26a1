"""What a branch knows of the step: clamps and comparisons that cannot matter in it go away."""

from __future__ import annotations

import math
from typing import NamedTuple

from lrdsl.constants import flushed
from lrdsl.core import LAST_STEP, WITH_DATA, Op, in_order
from lrdsl.engines.intervals import NAN, Interval, Table
from lrdsl.engines.intervals import OPS as INTERVALS
from lrdsl.engines.python import OPS as REFERENCE
from lrdsl.factors import scaled
from lrdsl.graph import Graph

Range = tuple[int, int]

EVERY: Range = (0, LAST_STEP)

# Operations that are looked at; more are left as they are.
MAX_WORK = 50_000


class Part(NamedTuple):
    """An operation or truth value, its bounds at some steps, and whether its zero is never -0.0."""

    op: Op | bool
    bounds: Interval
    plain: bool = False


def narrowed(core: Op) -> Op:
    """The same rates with fewer operations: a branch is right only at the steps that reach it."""
    if core.name == "number":
        return core
    narrowing = Narrowing()
    try:
        made = _op(narrowing.build(core, EVERY))
    except _TooMuch:
        return core
    return _rates(narrowing.graph, scaled(narrowing.graph, made, narrowing.bounds))


def _rates(graph: Graph, root: Op) -> Op:
    """With 0 for constant rates that float32 has no normal number for.

    What computes rates makes them 0, but compilers that know them beforehand do not.
    """
    made: dict[Op, Op] = {}
    rates = {root}
    for op in reversed(in_order(root)):
        if op in rates and op.name == "select":
            rates.update(op.args[1:])
    for op in in_order(root):
        match op.name, op.args:
            case "number", _ if op in rates:
                made[op] = graph.number(flushed(op.data))
            case "select", (test, yes, no) if op in rates:
                made[op] = graph.select(test, made[yes], made[no])
            case _:
                made[op] = op
    return made[root]


class _TooMuch(Exception):
    """Branches in branches for so many ranges of steps that it is not worth the time."""


class Narrowing:
    """Rebuilds operations, with the same bits at every step that reaches them.

    `known` holds what each has become for each range of steps.
    """

    def __init__(self) -> None:
        self.graph = Graph()
        self.work = 0
        self.known: dict[tuple[int, Range], Part] = {}
        self.ranges: dict[tuple[int, Range], tuple[Range, Range]] = {}

    def build(self, root: Op, steps: Range) -> Part:
        if (id(root), steps) in self.known:
            return self.known[id(root), steps]
        order = in_order(root)
        self.work += len(order)
        if self.work > MAX_WORK:
            raise _TooMuch
        for op in order:
            if (id(op), steps) not in self.known:
                self.known[id(op), steps] = self._rebuilt(op, steps)
        return self.known[id(root), steps]

    def bounds(self) -> dict[Op, Interval]:
        """Of what was made, wherever it is reached."""
        found: dict[Op, Interval] = {}
        for op, bounds, _ in self.known.values():
            if isinstance(op, Op):
                found[op] = INTERVALS["select"]((0, 1), found.get(op, bounds), bounds)
        return found

    def _rebuilt(self, op: Op, steps: Range) -> Part:
        if op.name == "step":
            return Part(self.graph.step(), steps, plain=True)
        args = [self.known[id(arg), steps] for arg in op.args]
        if op.name == "select":
            return self._select(op, args[0], steps)
        bounds = _bounds(op, args)
        if op.name == "take":  # is read at every step, so its index must be inside at all
            args = [self.build(op.args[0], EVERY)]
        plain = _plain(op, args, bounds)
        kept = self._folded(op, args, bounds, plain) or _kept(op, args)
        if kept is not None:
            return kept
        if op.dtype == "bool":
            return Part(self._truth(op, args), bounds)
        return Part(self.graph.anew(op, [_op(arg) for arg in args]), bounds, plain)

    def _select(self, op: Op, test: Part, steps: Range) -> Part:
        if isinstance(test.op, bool):
            return self.known[id(op.args[1 if test.op else 2]), steps]
        reached = self._ranges(test.op, steps)
        for branch, (low, high), other in zip(op.args[1:], reached, reached[::-1], strict=True):
            if low > high:
                return self.build(op.args[2 if branch is op.args[1] else 1], other)
        yes, no = map(self.build, op.args[1:], reached)
        bounds = INTERVALS["select"](test.bounds, yes.bounds, no.bounds)
        made = self.graph.select(test.op, _op(yes), _op(no))
        return Part(made, bounds, yes.plain and no.plain)

    def _ranges(self, root: Op, steps: Range) -> tuple[Range, Range]:
        """The steps at which a test may hold, and those at which it may not."""
        for op in in_order(root):
            if op.dtype == "bool" and (id(op), steps) not in self.ranges:
                known = [self.ranges[id(arg), steps] for arg in op.args if arg.dtype == "bool"]
                self.ranges[id(op), steps] = _reached(op, known, steps)
        return self.ranges[id(root), steps]

    def _folded(self, op: Op, args: list[Part], bounds: Interval, plain: bool) -> Part | None:
        """What its bounds say entirely; they do not say the sign of a zero."""
        low, high = bounds
        if low != high:
            return None
        if op.dtype == "bool":
            return Part(bool(low), bounds)
        if op.dtype == "int":
            return Part(self.graph.integer(low), bounds, plain=True)
        if low == 0 and not plain:
            operands = [arg.op for arg in args if isinstance(arg.op, Op)]
            if op.name in WITH_DATA or any(each.name != "number" for each in operands):
                return None
            low = REFERENCE[op.name](*(each.data for each in operands))
        return Part(self.graph.number(low), bounds, plain or low != 0)

    def _truth(self, op: Op, args: list[Part]) -> Op:
        undecided = [arg.op for arg in args if isinstance(arg.op, Op)]
        if op.name in ("and", "or") and len(undecided) == 1:
            return undecided[0]
        return self.graph.make(op.name, *undecided)


def _op(part: Part) -> Op:
    assert isinstance(part.op, Op)
    return part.op


def _bounds(op: Op, args: list[Part]) -> Interval:
    if op.name == "prev":
        return NAN
    data = Table(op.data) if op.name == "take" else op.data
    extra = (data,) if op.name in WITH_DATA else ()
    low, high = INTERVALS[op.name](*(arg.bounds for arg in args), *extra)
    if op.dtype == "int":  # some are known to be smaller than their operands allow
        return max(low, op.low), min(high, op.high)
    return low, high


def _kept(op: Op, args: list[Part]) -> Part | None:
    """The operand that an operation always is, if there is one."""
    match op.name, args:
        case "mod", [a, b] if a.bounds[0] >= 0 and a.bounds[1] < b.bounds[0]:
            return a
        case "abs", [a] if a.bounds[0] > 0 or (a.bounds[0] == 0 and a.plain):
            return a
        case ("min" | "max") as name, [a, b]:
            for one, other in ((a, b), (b, a)):
                below, above = (one, other) if name == "min" else (other, one)
                gap = above.bounds[0] - below.bounds[1]
                if gap > 0 or (gap == 0 and (one.bounds[1] != 0 or (a.plain and b.plain))):
                    return one
    return None


def _plain(op: Op, args: list[Part], bounds: Interval) -> bool:
    """Whether a zero of the result has no sign; where in doubt, it may have one."""
    match op.name:
        case "number":
            return math.copysign(1, op.data) > 0
        case "take":
            return all(math.copysign(1, value) > 0 for value in op.data)
        case "cast" | "integer":
            return True
        case "add":
            return any(arg.plain for arg in args)
        case (
            "ratio" | "quotient" | "guard" | "min" | "max" | "mul" | "div" | "pow" | "sqrt" | "sin"
        ):
            return bool(bounds[0] >= 0) and all(arg.plain and arg.bounds[0] >= 0 for arg in args)
    return op.dtype == "int"


def _reached(test: Op, known: list[tuple[Range, Range]], steps: Range) -> tuple[Range, Range]:
    low, high = steps
    match test.name, test.args:
        case "not", _ if known:
            return known[0][1], known[0][0]
        case "and", _ if len(known) == 2:
            first, second = known[0][0], known[1][0]
            return (max(first[0], second[0]), min(first[1], second[1])), steps
        case (("lt" | "le"), (a, b)) if a.name == "step" and b.name == "integer":
            last = b.data - (test.name == "lt")
            return (low, min(high, last)), (max(low, last + 1), high)
        case (("lt" | "le"), (a, b)) if b.name == "step" and a.name == "integer":
            first_step = a.data + (test.name == "lt")
            return (max(low, first_step), high), (low, min(high, first_step - 1))
    return steps, steps
