"""The form in which a schedule runs: a constant, a search among few levels, a table or a formula.

All but the formula are made of the array of the run, so that no engine computes a rate.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, get_args

import numpy as np

from lrdsl.ir.builder import Builder
from lrdsl.ir.ops import Op
from lrdsl.rates.array import LIMIT, covered, run_array

Lowering = Literal["table", "analytic"]
FormName = Literal["constant", "steps", "table", "analytic"]

LEVELS = 1024  # of a search: XLA compares the step with each of them
LONGEST_TABLE = 2**22  # that is made where it is asked for


class NoTable(ValueError):
    """A table was asked for, but the run's length is unknown or too long."""


@dataclass(frozen=True, slots=True)
class Form:
    """How the rates of a run are found.

    ir: float32 rates for a search or a table, float64 for a constant or a formula.
    formula: the operations of the expression, right at every step.
    covered: how many steps `ir` is right at; None means every one.
    """

    name: FormName
    ir: Op
    formula: Op
    covered: int | None = None


@lru_cache(maxsize=16)
def choose_form(formula: Op, total_steps: int | None, lowering: Lowering | None = None) -> Form:
    """The smallest form of a schedule on a run of so many steps (None: of unknown length).

    A run of up to `LIMIT` steps is an array of its rates, and of as many steps again where they
    fit; what comes after has the last rate. `lowering`: "table" makes one of up to
    `LONGEST_TABLE` steps, "analytic" the formula. Raises ValueError for another lowering, and
    NoTable.
    """
    if lowering not in (None, *get_args(Lowering)):
        raise ValueError(f"a lowering is 'table' or 'analytic', not {lowering!r}")
    if formula.name == "number":
        return Form("constant", formula, formula)
    if lowering == "table":
        _refuse_length(total_steps)
    elif lowering == "analytic" or total_steps is None or total_steps > LIMIT:
        return Form("analytic", formula, formula)
    assert total_steps is not None
    return _of_array(formula, run_array(formula, covered(total_steps)))


def _refuse_length(total_steps: int | None) -> None:
    if total_steps is None:
        raise NoTable("a table needs the length of the run: give `epochs` or `total_steps`")
    if total_steps > LONGEST_TABLE:
        limit = f"the limit is {LONGEST_TABLE:,}"
        raise NoTable(f"a table of {total_steps:,} steps is too long; {limit}")


def _of_array(formula: Op, rates: Any) -> Form:
    """The run-length form of the rates where they have few levels, else all of them."""
    bits, builder = rates.view(np.int32), Builder()
    starts = np.flatnonzero(np.append(True, bits[1:] != bits[:-1]))
    if starts.size == 1:
        return Form("constant", builder.number(float(rates[0])), formula, rates.size)
    if starts.size <= LEVELS:
        index = builder.searchsorted(builder.step(), tuple(starts[1:].tolist()))
        ir = builder.take(index, rates[starts], "float")
        return Form("steps", ir, formula, rates.size)
    index = builder.least(builder.step(), builder.integer(rates.size - 1))
    return Form("table", builder.take(index, rates, "float"), formula, rates.size)
