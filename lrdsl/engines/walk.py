"""The walk over the IR that all engines share: operations to function calls on registers.

An engine is a table from the names of operations to functions of its library. Registers are
allocated by liveness: one is used again when nothing needs its value any more, so that scratch
memory does not grow with the text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lrdsl.ir.ops import WITH_DATA, Op, in_order

Functions = Mapping[str, Callable[..., Any]]


_STEP, _PREV = 0, 1  # the registers of what has no operands and is given


@dataclass(frozen=True, slots=True)
class Instruction:
    """A function of the values in some registers, and of data if it has any, into a register."""

    function: Callable[..., Any]
    operands: tuple[int, ...]
    data: tuple[Any, ...]
    result: int


@dataclass(frozen=True, slots=True)
class Walk:
    """Instructions in order, the number of registers, and the register of the whole result."""

    instructions: tuple[Instruction, ...]
    registers: int
    result: int

    def run(self, step: Any, prev: Any = None) -> Any:
        """The value at a step, or at an array of steps."""
        registers = [step, prev, *[None] * (self.registers - 2)]
        for each in self.instructions:
            operands = [registers[i] for i in each.operands]
            registers[each.result] = each.function(*operands, *each.data)
        return registers[self.result]


def _data(op: Op) -> Any:
    return op.data


def walk(root: Op, functions: Functions, load: Callable[[Op], Any] = _data) -> Walk:
    """The instructions that compute `root` by the functions of an engine.

    `load` makes an engine's value of the data of an operation.
    """
    order = in_order(root)
    register = _allocated(order)
    instructions = tuple(
        Instruction(
            functions[op.name],
            tuple(register[arg] for arg in op.args),
            (load(op),) if op.name in WITH_DATA else (),
            register[op],
        )
        for op in order
        if op.name not in ("step", "prev")
    )
    return Walk(instructions, max(*register.values(), _PREV) + 1, register[root])


def _allocated(order: list[Op]) -> dict[Op, int]:
    """A register for each operation, not that of a value which is still needed."""
    uses = Counter(arg for op in order for arg in op.args)
    register: dict[Op, int] = {}
    free: list[int] = []
    top = _PREV + 1
    for op in order:
        if op.name in ("step", "prev"):
            register[op] = _STEP if op.name == "step" else _PREV
            continue
        for arg in op.args:
            uses[arg] -= 1
            if not uses[arg] and register[arg] > _PREV:
                free.append(register[arg])
        if not free:
            free.append(top)
            top += 1
        register[op] = free.pop()
    return register
