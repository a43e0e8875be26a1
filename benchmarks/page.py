"""Tables as Markdown, and the page of results: one section for each subject."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.timer import Ratio

Cell = int | float | str | Ratio | None  # a number is of the unit that its column names

HEAD = """\
# Results

Written by `python -m benchmarks`, which `README.md` in this folder describes; not edited by hand.

A ratio is the median over pairs of measurements, the reference right before or after each; the
brackets hold the middle half of the pairs. Below 1 is cheaper than the reference. Other work ran
on the machine at the same time, so ratios count, not milliseconds. Counts are exact.
"""


@dataclass(frozen=True)
class Row:
    """A row: its name, a cell for each column that it has, and what some should be at most."""

    name: str
    cells: Mapping[str, Cell]
    goals: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Table:
    """Rows of one comparison, and a note that says what is compared with what."""

    title: str
    note: str
    columns: Sequence[str]
    rows: Sequence[Row]


def section(subject: str, versions: str, tables: Sequence[Table]) -> str:
    """The text of a subject: a heading, what it was measured with, and its tables."""
    return "\n\n".join([f"## {subject}", versions, *map(_table, tables)]) + "\n"


def replace_sections(page: str, fresh: Mapping[str, str], order: Sequence[str]) -> str:
    """The page with some sections new and the others as they were."""
    parts = re.split(r"(?m)^(?=## )", page)[1:]
    kept = {part.split(maxsplit=2)[1]: part.rstrip() + "\n" for part in parts} | dict(fresh)
    return "\n".join([HEAD, *(kept[each] for each in order if each in kept)])


def _table(table: Table) -> str:
    return "\n".join([f"### {table.title}\n", f"{table.note}\n", *_grid(table)])


def _grid(table: Table) -> Iterator[str]:
    goals = any(row.goals for row in table.rows)
    yield _line(["", *table.columns, *["goal"] * goals])
    yield _line(["---", *["---:"] * len(table.columns), *["---"] * goals])
    for row in table.rows:
        shown = [show(row.cells.get(column)) for column in table.columns]
        yield _line([row.name, *shown, *["; ".join(_outcomes(row))] * goals])


def _outcomes(row: Row) -> Iterator[str]:
    for column, limit in row.goals.items():
        cell = row.cells[column]
        found = cell.median if isinstance(cell, Ratio) else cell
        met = isinstance(found, int | float) and found <= limit
        yield f"`{column}` at most {show(limit)}: {'met' if met else '**missed**'}"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def show(cell: Cell) -> str:
    """A cell as text: counts in full, other numbers to three digits, a ratio with quartiles."""
    match cell:
        case Ratio(median, low, high):
            return f"{show(median)} [{show(low)}, {show(high)}]"
        case int():
            return f"{cell:,}"
        case float() if cell and abs(cell) < 1000:
            return f"{cell:.{max(0, 2 - math.floor(math.log10(abs(cell))))}f}"
        case float():
            return f"{cell:,.0f}"
    return cell or ""
