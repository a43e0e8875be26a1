"""What a table is: rows of cells, each row with its goals; plain data, written as JSON."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

# A count, a number of the column's unit, a text, a Ratio's fields, or nothing.
Cell = int | float | str | dict[str, float] | None

COMPARED = {"<=": operator.le, ">=": operator.ge, "<": operator.lt}


@dataclass(frozen=True)
class Goal:
    """What a cell of the row should be: `Goal("eager", ">=", 5)`; `of` says against what."""

    column: str
    sign: str
    limit: float
    of: str = ""


@dataclass(frozen=True)
class Row:
    """A row: its name, a cell for each column that it has, and its goals."""

    name: str
    cells: dict[str, Cell]
    goals: list[Goal] = field(default_factory=list)


@dataclass(frozen=True)
class Table:
    """`reference`: what the ratios of the table are to. Columns and notes in their order."""

    title: str
    reference: str
    columns: list[str]
    rows: list[Row]
    notes: list[str] = field(default_factory=list)


# What a subject is asked for: functions that each give a table when their turn has come.
Measurement = Callable[[], Table]


def as_data(table: Table) -> dict[str, Any]:
    """The table as JSON has it."""
    return asdict(table)


def of_data(data: dict[str, Any]) -> Table:
    """The table that `as_data` was given."""
    rows = [
        Row(row["name"], row["cells"], [Goal(**goal) for goal in row["goals"]])
        for row in data["rows"]
    ]
    return Table(**{**data, "rows": rows})


def number_of(cell: Cell) -> float | None:
    """What a goal is compared with: the number, or the median of a ratio."""
    match cell:
        case {"ratio": ratio}:
            return ratio
        case int() | float():
            return float(cell)
    return None


def met(row: Row, goal: Goal) -> bool | None:
    """Whether the row meets the goal; None where it was not measured."""
    found = number_of(row.cells.get(goal.column))
    return None if found is None else bool(COMPARED[goal.sign](found, goal.limit))
