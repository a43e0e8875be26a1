"""The walk over the IR that all engines share: a plan of function calls on numbered slots.

An engine is a table from the names of operations to functions of its library. A slot is used again
when nothing needs its value any more, so that scratch memory does not grow with the text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lrdsl.ir.ops import WITH_DATA, Op, in_order

Functions = Mapping[str, Callable[..., Any]]


@dataclass(frozen=True, slots=True)
class Call:
    """A function of the values in some slots, and of data if it has any, into a slot."""

    function: Callable[..., Any]
    slots: tuple[int, ...]
    data: tuple[Any, ...]
    out: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Calls in order, how many slots they need, and the one that holds the result at the end."""

    calls: tuple[Call, ...]
    slots: int
    result: int

    def run(self, step: Any, prev: Any = None) -> Any:
        """The value at a step, or at an array of steps."""
        slots = [step, prev, *[None] * self.slots]
        for call in self.calls:
            slots[call.out] = call.function(*[slots[i] for i in call.slots], *call.data)
        return slots[self.result]


def _data(op: Op) -> Any:
    return op.data


def plan(root: Op, functions: Functions, load: Callable[[Op], Any] = _data) -> Plan:
    """The plan that computes `root` by the functions of an engine.

    `load` makes an engine's value of the data of an operation.
    """
    order = in_order(root)
    uses: dict[Op, int] = {}
    for op in order:
        for arg in op.args:
            uses[arg] = uses.get(arg, 0) + 1
    place: dict[Op, int] = {}
    free: list[int] = []
    calls, top = [], 2
    for op in order:
        if op.name in ("step", "prev"):
            place[op] = 0 if op.name == "step" else 1
            continue
        slots = tuple(place[arg] for arg in op.args)
        for arg in op.args:
            uses[arg] -= 1
            if not uses[arg] and place[arg] > 1:
                free.append(place[arg])
        if free:
            place[op] = free.pop()
        else:
            place[op], top = top, top + 1
        data = (load(op),) if op.name in WITH_DATA else ()
        calls.append(Call(functions[op.name], slots, data, place[op]))
    return Plan(tuple(calls), top - 2, place[root])
