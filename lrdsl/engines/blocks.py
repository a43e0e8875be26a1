"""Special trees evaluated in blocks of steps: NumPy's functions into buffers that stay in cache.

What NumPy computes otherwise than libm is checked against its certificate: where the float32
rounding is in doubt, the reference decides.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lrdsl.certificates import Certificate, Slope
from lrdsl.core import WITH_DATA, Op, in_order
from lrdsl.engines import actions
from lrdsl.engines.actions import Action
from lrdsl.engines.numpy import OPS, Array
from lrdsl.specialising import LARGEST_EXACT

# Steps at a time, at most. Long blocks have fewer calls, where threads wait for each other.
BLOCK = 32_768
_SMALLEST_BLOCK = 2_048
# Bytes that the buffers of two threads and the tables may take.
_SCRATCH = 1_300_000
# Stretches from here on are worth a table of sines or powers.
TABLE_FROM = 65_536
# A table of powers spans at most e^50 to either side, so that none is inexact or infinite.
_STEEPEST = 50.0

_FAST: dict[str, Any] = {"sin": np.sin, "cos": np.cos, "log": np.log, "pow": np.power}
_DTYPES = {"int": np.int64, "float": np.float64, "bool": np.bool_}


class Plan:
    """A certified tree as actions on slots: constants, and buffers that are used again.

    Slot 0 is the result, slot 1 lists the places that are in doubt. A plan is for blocks of
    adjacent steps, or of `scattered` ones.
    """

    def __init__(self, certificate: Certificate, block: int, *, scattered: bool) -> None:
        self.special = certificate.special
        self.certificate = certificate
        self.block = block
        self.scattered = scattered
        self.dtypes: list[Any] = [np.float64, None]  # of the slots; None for what is no buffer
        self.constants: dict[int, Any] = {}
        self.actions: list[Action] = []
        self.tables = 0
        self._ramps: dict[tuple[int, str], Array] = {}
        self._free: dict[str, list[int]] = {"int": [], "float": [0], "bool": []}
        self._build()

    @property
    def scratch(self) -> int:
        """Bytes, about, that tables, two workspaces and what NumPy makes besides take."""
        buffers = sum(dtype is not None for dtype in self.dtypes) - 1
        return 8 * self.block * (self.tables + len(self._ramps) + 2 * (buffers + 1))

    def workspace(self) -> list[Any]:
        """The slots of one thread."""
        slots: list[Any] = [None, []]
        for slot, dtype in enumerate(self.dtypes[2:], 2):
            slots.append(self.constants[slot] if dtype is None else np.empty(self.block, dtype))
        return slots

    def run(self, workspace: list[Any], steps: Array | int, out: Array) -> list[Array]:
        """The values at `steps`, or from that one on, into `out`: at most `block` of them.

        Returns the places whose values are wrong if a comparison or a rounding is.
        """
        n = out.size
        slots = workspace if n == self.block else self._cut(workspace, n)
        slots[0] = out
        slots[1] = []
        for action in self.actions:
            action(slots, steps, n)
        return slots[1]  # type: ignore[no-any-return]

    def _cut(self, workspace: list[Any], n: int) -> list[Any]:
        pairs = zip(workspace, self.dtypes, strict=True)
        return [slot if dtype is None or slot is None else slot[:n] for slot, dtype in pairs]

    # building

    def _build(self) -> None:
        order = self._needed()
        last_use: dict[int, int] = {}
        for index, op in enumerate(order):
            for arg in self._inputs(op):
                last_use[id(arg)] = index
        place: dict[int, int] = {}
        for index, op in enumerate(order):
            if op.name in ("number", "integer"):
                place[id(op)] = self._constant(op.data)
                continue
            ins = [place[id(arg)] for arg in self._inputs(op)]
            if id(op) in self.certificate.doubts:
                self.actions.append(self._doubt(op, ins))
            dying = {id(a): a for a in self._inputs(op) if last_use[id(a)] == index}
            if op.name == "select":  # its operands are read after the result is begun
                out = self._allocate(op)
                self._release(place, dying)
            else:
                self._release(place, dying)
                out = self._allocate(op)
            place[id(op)] = out
            self.actions.append(self._action(op, ins, out))
        root = place[id(order[-1])]
        if root:
            self.actions.append(actions.copy(root, 0))

    def _needed(self) -> list[Op]:
        wanted = {id(self.special.core)}
        order = in_order(self.special.core)
        for op in reversed(order):
            if id(op) in wanted:
                wanted |= {id(arg) for arg in self._inputs(op)}
        return [op for op in order if id(op) in wanted]

    def _inputs(self, op: Op) -> tuple[Op, ...]:
        """The operands that the action of `op` reads."""
        straight = op.args[0] if op.name == "cast" else op
        if id(straight) in self.special.lines or self._shortcut(op) is not None:
            return ()
        return op.args

    def _shortcut(self, op: Op) -> Slope | None:
        """The slope of a sine or a power that a table is worth making for."""
        if self.scattered or self.special.high - self.special.low < TABLE_FROM:
            return None
        slope = self.certificate.slope_of(op)
        if slope is not None and op.name == "pow":
            steepness = math.log(op.args[0].data) * slope.factor * slope.line.factor
            return slope if abs(steepness) * self.block < _STEEPEST else None
        return slope

    def _constant(self, value: Any) -> int:
        self.dtypes.append(None)
        self.constants[len(self.dtypes) - 1] = value
        return len(self.dtypes) - 1

    def _allocate(self, op: Op) -> int:
        free = self._free[op.dtype]
        if free:
            return free.pop()
        self.dtypes.append(_DTYPES[op.dtype])
        return len(self.dtypes) - 1

    def _release(self, place: dict[int, int], dying: dict[int, Op]) -> None:
        for op in dying.values():
            if self.dtypes[place[id(op)]] is not None:
                self._free[op.dtype].append(place[id(op)])

    # actions

    def _action(self, op: Op, ins: list[int], out: int) -> Action:
        slope = self._shortcut(op)
        if slope is not None and op.name == "sin":
            spare = self._allocate(op)
            self._free["float"].append(spare)
            self.tables += 4
            return actions.sine(self.block, slope, out, spare)
        if slope is not None:
            self.tables += 1
            return actions.power(self.block, op.args[0].data, slope, out)
        straight = op.args[0] if op.name == "cast" else op
        if id(straight) in self.special.lines:
            return self._line(op, straight, out)
        if op.name == "pow" and self.certificate.by_logarithm(op):
            return actions.by_logarithm(ins[0], op.args[1].data, out)
        if op.name == "select":
            return actions.select(ins, out)
        if op.name == "cast":
            return actions.copy(ins[0], out)
        if op.name in WITH_DATA or op.name == "whole":
            return actions.other(op, ins[0], out)
        return actions.ufunc(_FAST.get(op.name) or OPS[op.name], ins, out)

    def _doubt(self, op: Op, ins: list[int]) -> Action:
        spare = self._allocate(Op("number"))
        self._free["float"].append(spare)
        return actions.doubt(op.name, self.certificate.doubts[id(op)], ins, spare)

    def _line(self, op: Op, straight: Op, out: int) -> Action:
        """A straight line: a ramp, plus its first value in the block."""
        factor, shift = self.special.lines[id(straight)]
        if self.scattered:
            return lambda slots, steps, n: np.copyto(slots[out], steps * factor + shift)
        if op.dtype == "float" and max(-straight.low, straight.high) >= LARGEST_EXACT // 2:
            return lambda slots, start, n: np.copyto(
                slots[out], np.arange(start, start + n) * factor + shift
            )
        ramp = self._ramp(factor, op.dtype)
        number = float if op.dtype == "float" else int
        return lambda slots, start, n: np.add(
            ramp[:n], number(factor * start + shift), out=slots[out]
        )

    def _ramp(self, factor: int, dtype: str) -> Array:
        key = factor, dtype
        if key not in self._ramps:
            self._ramps[key] = (np.arange(self.block) * factor).astype(_DTYPES[dtype])
        return self._ramps[key]


def plan_of(certificate: Certificate, *, scattered: bool = False) -> Plan:
    """A plan whose blocks are as long as its scratch allows."""
    draft = Plan(certificate, 1, scattered=scattered)
    block = BLOCK
    while draft.scratch * block > _SCRATCH and block > _SMALLEST_BLOCK:
        block //= 2
    return Plan(certificate, block, scattered=scattered)
