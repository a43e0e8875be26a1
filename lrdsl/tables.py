"""The form in which a schedule runs: a constant, a search in a few rates, a table, or formulas."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, get_args

import numpy as np

from lrdsl.core import LAST_STEP, Op
from lrdsl.engines.numpy import compile_numpy
from lrdsl.graph import Graph
from lrdsl.intervals import tail
from lrdsl.pieces import pieces

Lowering = Literal["table", "analytic"]
Form = Literal["constant", "steps", "table", "analytic"]

# A table of every step: up to here it costs a quarter of a megabyte and no time to build.
TABLE = 65_536
# A search among more boundaries is left to schedules that are too long for a table: XLA compares
# the step with each of them.
SEARCHED = 1024
# And a table that is asked for.
LARGEST_TABLE = 4_194_304


class NoTable(ValueError):
    """A table was asked for, but the schedule never ends, or not soon enough."""


@dataclass(frozen=True, slots=True)
class Lowered:
    """A core tree with the same float32 rates, and its form.

    constant: one rate; steps: the rates of a few stretches, found by a search; table: a rate for
    every step; analytic: the operations of the expression.
    exact_until: the last step at which the rates are those of the expression; after it, a table
    goes on with its last rate.
    """

    core: Op
    form: Form
    exact_until: int = LAST_STEP


@lru_cache(maxsize=8)  # a table of four million rates takes 100 MB
def lowered(core: Op, total_steps: int | None = None, wanted: Lowering | None = None) -> Lowered:
    """The smallest form of a schedule on a run of `total_steps` (None: a run of any length).

    A run of up to 65,536 steps becomes a table, of as many steps again where it is not longer
    than that. `wanted` makes it a table (of up to 4,194,304 steps, or `NoTable` is raised) or
    the operations of the expression.
    """
    if wanted not in (None, *get_args(Lowering)):
        raise ValueError(f"a lowering is 'table' or 'analytic', not {wanted!r}")
    if core.name == "number":
        return Lowered(core, "constant")
    if wanted == "analytic":
        return Lowered(core, "analytic")
    for last, largest in _horizons(total_steps, wanted):
        found = _tabulated(core, last, largest)
        if found is not None:
            return found
    if wanted == "table":
        raise NoTable(_no_table(total_steps))
    return Lowered(core, "analytic")


def _horizons(total_steps: int | None, wanted: Lowering | None) -> list[tuple[int, int]]:
    """The last steps up to which a table may be exact, and its largest size, best first."""
    largest = TABLE if wanted is None else LARGEST_TABLE
    if total_steps is None:
        return [(LAST_STEP, largest)]
    lengths = (2 * total_steps, max(total_steps, TABLE))
    return [(LAST_STEP, TABLE), *((min(each, LAST_STEP) - 1, largest) for each in lengths)]


def _tabulated(core: Op, last: int, largest: int) -> Lowered | None:
    """The schedule up to the step `last`, and constant after it, as one search or table."""
    end = tail(core, last)
    known = pieces(core, 0, end)
    if known.level.all() and (known.starts.size <= SEARCHED or end >= largest):
        rates = _rates(core, known.starts)
        changes = _changes(rates)
        return _search(known.starts[changes], rates[changes], last)
    if end >= largest:
        return None
    rates = _rates(core, np.arange(end + 1))
    if _changes(rates).size == 1:
        return Lowered(Graph().number(float(rates[0])), "constant", last)
    graph = Graph()
    index = graph.least(graph.step(), graph.integer(end))
    return Lowered(graph.take(index, tuple(rates.tolist())), "table", last)


def _changes(rates: Any) -> Any:
    """Where a rate is not the one before; 0.0 and -0.0 are two rates."""
    bits = rates.view(np.int32)
    return np.flatnonzero(np.append(True, bits[1:] != bits[:-1]))


def _search(starts: Any, rates: Any, last: int) -> Lowered:
    graph = Graph()
    values = tuple(rates.tolist())
    if len(values) == 1:
        return Lowered(graph.number(values[0]), "constant", last)
    index = graph.count(graph.step(), tuple(starts[1:].tolist()))
    return Lowered(graph.take(index, values), "steps", last)


def _rates(core: Op, steps: Any) -> Any:
    """The float32 rates."""
    with np.errstate(over="ignore"):
        return compile_numpy(core)(steps).astype(np.float32)


def _no_table(total_steps: int | None) -> str:
    if total_steps is None:
        return "a table needs the length of the run: give `epochs` or `total_steps`"
    return f"a table of {total_steps:,} steps is too long; the limit is {LARGEST_TABLE:,}"
