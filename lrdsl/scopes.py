"""Where an expression is read: what names stand for, on which clock, at which step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lrdsl.clocks import Frame
from lrdsl.errors.diagnostics import Diagnostic, Span
from lrdsl.language.library import STANDARD, Function, Library
from lrdsl.syntax.tree import Node
from lrdsl.values import Exact, Value


class Refused(Exception):
    """Problems that show only with a timeline, or while values are built."""

    def __init__(self, found: Sequence[Diagnostic]) -> None:
        super().__init__()
        self.found = list(found)


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """What names stand for, and where a problem is shown when the text is a library's."""

    names: Mapping[str, Thunk]
    library: Library = STANDARD
    site: Span | None = None
    outer: str = ""  # the function that the text calls
    function: Function | None = None  # the one whose body this is


@dataclass(frozen=True, slots=True, eq=False)
class Thunk:
    """An expression with the scope and clock it is read in; a schedule brings no clock."""

    node: Node
    scope: Scope
    frame: Frame | None
    type: str = "number"

    def at(self, place: Place) -> Place:
        """Where it is read when its name stands at `place`."""
        return Place(self.scope, self.frame or place.frame, place.step)


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A scope, a clock, and the run's step."""

    scope: Scope
    frame: Frame
    step: Exact


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number, or a time in steps."""

    value: Value
    time: bool = False
