"""Plans: a certified tree as NumPy calls on buffers that stay in the cache, block by block.

`runs` makes one for each stretch that moves and gives its values to `settling`, which asks the
reference where their float32 rounding is in doubt.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import Any, NamedTuple

import numpy as np

from lrdsl.certificates import Certificate, Slope
from lrdsl.core import LARGEST_EXACT, WITH_DATA, Op, in_order
from lrdsl.engines import actions
from lrdsl.engines.actions import ROW, Action
from lrdsl.engines.numpy import OPS, Array
from lrdsl.stretches import LONG

# Bytes that the buffers of two threads may take. Blocks are as long as that allows: the fewer
# calls, the less do threads wait for each other.
_SCRATCH = 1_300_000
# A table of powers spans at most e^50 to either side, so that none is inexact or infinite.
_STEEPEST = 50.0

_FAST: dict[str, Any] = {"sin": np.sin, "cos": np.cos, "log": np.log, "pow": np.power}
_DTYPES = {"int": np.int64, "float": np.float64, "bool": np.bool_}


class Affine(NamedTuple):
    """scale * power + shift, of a power that is computed by a series: one action for all."""

    power: Op
    scale: float = 1.0
    shift: float = 0.0


class Plan:
    """A certified tree as actions on slots: constants, and buffers that are used again.

    Slot 0 is the result, slot 1 lists the places that are in doubt. A plan is for blocks of
    adjacent steps, or of `scattered` ones. `block` is how many fit into the scratch, besides
    a buffer for the values of a `single` result, which is float32.
    """

    def __init__(
        self, certificate: Certificate, *, scattered: bool = False, single: bool = False
    ) -> None:
        self.special = certificate.special
        self.certificate = certificate
        self.scattered = scattered
        self.wasteful = scattered  # whether NumPy makes arrays of its own on the way
        self.dtypes: list[Any] = [None, None]  # of the slots; None for what is no buffer
        self.constants: dict[int, Any] = {}
        self.ramps: dict[tuple[int, str], int] = {}
        self.affine = self._affine()
        self.actions: list[Action] = []
        self._free: dict[str, list[int]] = {"int": [], "float": [0], "bool": []}
        self._build()
        self.spare = self._spare()
        self.buffer = self._added("float") if single else 0
        self.block = self._longest()
        for (factor, dtype), slot in self.ramps.items():
            self.constants[slot] = np.arange(self.block, dtype=_DTYPES[dtype])
            self.constants[slot] *= factor

    def workspace(self) -> list[Any]:
        """The slots of one thread."""
        return [
            self.constants.get(slot) if dtype is None else np.empty(self.block, dtype)
            for slot, dtype in enumerate(self.dtypes)
        ]

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
        return [slot[:n] if isinstance(slot, np.ndarray) else slot for slot in workspace]

    # building

    def _build(self) -> None:
        order = self._needed()
        last_use = {id(arg): index for index, op in enumerate(order) for arg in self._inputs(op)}
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
                out = self._allocate(op.dtype)
                self._release(place, dying)
            else:
                self._release(place, dying)
                out = self._allocate(op.dtype)
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
        return () if id(op) in self.affine else op.args

    def _affine(self) -> dict[int, Affine]:
        """Powers by a series, and their products and sums with numbers."""
        order = in_order(self.special.core)
        uses = Counter(id(arg) for op in order for arg in op.args)
        found: dict[int, Affine] = {}
        for op in order:
            if op.name == "pow" and op.args[0].name != "number" and self._shortcut(op):
                found[id(op)] = Affine(op)
            match op.name, sorted(op.args, key=lambda arg: arg.name == "number"):
                case (("mul" | "add"), [inner, number]) if number.name == "number":
                    known = found.get(id(inner))
                    if known is None or uses[id(inner)] > 1 or known.shift:
                        continue
                    if op.name == "add":
                        found[id(op)] = known._replace(shift=number.data)
                    elif known.scale == 1:
                        found[id(op)] = known._replace(scale=number.data)
        return found

    def _shortcut(self, op: Op) -> Slope | None:
        """The slope of a sine, cosine or power that a table is worth making for."""
        if self.scattered or self.special.high + 1 - self.special.low < LONG:
            return None
        slope = self.certificate.slope_of(op)
        if slope is not None and op.name == "pow" and op.args[0].name == "number":
            steepness = math.log(op.args[0].data) * slope.factor * slope.line.factor
            return slope if abs(steepness) * ROW < _STEEPEST else None
        return slope

    def _constant(self, value: Any) -> int:
        self.dtypes.append(None)
        self.constants[len(self.dtypes) - 1] = value
        return len(self.dtypes) - 1

    def _allocate(self, dtype: str) -> int:
        free = self._free[dtype]
        if free:
            return free.pop()
        return self._added(dtype)

    def _added(self, dtype: str) -> int:
        self.dtypes.append(_DTYPES[dtype])
        return len(self.dtypes) - 1

    def _spare(self) -> int:
        """A buffer of 8 bytes a step that nothing is in at the end."""
        free = [slot for slot in self._free["int"] + self._free["float"] if slot]
        return free[0] if free else self._allocate("int")

    def _release(self, place: dict[int, int], dying: dict[int, Op]) -> None:
        for op in dying.values():
            if op.name not in ("number", "integer"):
                self._free[op.dtype].append(place[id(op)])

    def _longest(self) -> int:
        """The steps of a block, whole rows of them. Two threads may be at work on two plans."""
        arrays = sum(dtype is not None for dtype in self.dtypes) + len(self.ramps)
        arrays += 2 * self.wasteful
        return max(1, _SCRATCH // (2 * 8 * arrays * ROW)) * ROW

    # actions

    def _action(self, op: Op, ins: list[int], out: int) -> Action:
        if id(op) in self.affine:
            power, scale, shift = self.affine[id(op)]
            slope = self._shortcut(power)
            assert slope is not None
            return actions.power_of_line(slope, power.args[1].data, scale, shift, out)
        slope = self._shortcut(op)
        if slope is not None and op.name == "pow":
            return actions.power(op.args[0].data, slope, out)
        if slope is not None:
            relative = self.certificate.keeps_relative(op)
            return actions.wave(op.name, slope, out, relative=relative)
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
            self.wasteful = True
            return actions.other(op, ins[0], out)
        return actions.ufunc(_FAST.get(op.name) or OPS[op.name], ins, out)

    def _doubt(self, op: Op, ins: list[int]) -> Action:
        spare = self._allocate("float")
        self._free["float"].append(spare)
        self.wasteful = True
        return actions.doubt(op.name, self.certificate.doubts[id(op)], ins, spare)

    def _line(self, op: Op, straight: Op, out: int) -> Action:
        factor, shift = self.special.lines[id(straight)]
        large = op.dtype == "float" and max(-straight.low, straight.high) >= LARGEST_EXACT // 2
        if self.scattered or large:
            return actions.any_line(factor, shift, out)
        if (factor, op.dtype) not in self.ramps:
            self.ramps[factor, op.dtype] = self._constant(None)
        ramp = self.ramps[factor, op.dtype]
        return actions.line(factor, shift, ramp, out, float if op.dtype == "float" else int)
