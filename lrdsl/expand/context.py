"""Where an expression is read: what names stand for, on which clock, at which step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from lrdsl.errors.diagnostics import Diagnostic, Label, Span
from lrdsl.expand.clocks import Clock, Frame, clock_of
from lrdsl.expand.rationals import ONE, NotFinite, Truth, Value, scale, whole
from lrdsl.ir.builder import Builder
from lrdsl.ir.ops import Op
from lrdsl.language.library import STANDARD, Function, Library
from lrdsl.syntax.tree import Node, Time
from lrdsl.syntax.units import UNITS, missing_length

if TYPE_CHECKING:
    from lrdsl.timeline import Timeline

MAX_WORK = 100_000  # parts of the expanded text: operations, and what takes as long as they
_NODE, _FRAME = 3, 12  # parts that reading a node and making a clock count as
MAX_NESTED = 2_000  # levels of it
MAX_CALLS = 5_000_000  # of the recurrences of one text: operations times windows


class Refused(Exception):
    """Problems that show only with a timeline, or while values are built."""

    def __init__(self, found: Sequence[Diagnostic]) -> None:
        super().__init__()
        self.found = list(found)


class TooMuchWork(Exception):
    """A recurrence of more operations than are left."""


@dataclass(frozen=True, slots=True, eq=False)
class Recurrence:
    """What a table is made of: `first`, then `following` of the value before, at each window.

    Window w begins at step `start + ceil(w * every)`.
    """

    first: Op
    following: Op
    start: int
    every: Fraction
    windows: int


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """What names stand for, and where a problem is shown when the text is a library's.

    `site` is the call in the user's text, `outer` the function that it calls, `function` the
    one whose body this is.
    """

    names: Mapping[str, Thunk]
    library: Library = STANDARD
    site: Span | None = None
    outer: str = ""
    function: Function | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Thunk:
    """An expression with the scope and the clock it is read in; a schedule brings no clock."""

    node: Node
    scope: Scope
    frame: Frame | None
    type: str = "number"

    def at(self, place: Place) -> Place:
        """Where it is read when its name stands at `place`."""
        return Place(self.scope, self.frame or place.frame, place.step)


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A scope, a clock, and the run's step: a constant, or an integer operation."""

    scope: Scope
    frame: Frame
    step: Value


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number, or a time in steps."""

    value: Value
    time: bool = False


Tabulate = Callable[[Recurrence, int], tuple[Sequence[float], int]]


@dataclass
class Context:
    """What a text is read with on one run, and what is left of its limits.

    `read` gives the quantity of a node at a place, and calls back what is here. `tabulate` gives
    the values of a recurrence, one a window, and how many operations it took; it may take so
    many and raises `TooMuchWork` beyond.
    """

    run: Timeline
    library: Library
    read: Callable[[Context, Node, Place], Quantity]
    tabulate: Tabulate
    ir: Builder = field(default_factory=Builder)
    memo: dict[tuple[object, ...], Quantity | Refused] = field(default_factory=dict)
    conditions: dict[tuple[object, ...], Truth] = field(default_factory=dict)
    clocks: dict[tuple[Frame, Value], Clock] = field(default_factory=dict)
    frames: dict[tuple[object, ...], Frame] = field(default_factory=dict)
    restarts: set[tuple[Fraction, Fraction]] = field(default_factory=set)
    work: int = MAX_WORK
    nested: int = 0
    calls: int = MAX_CALLS
    warnings: list[Diagnostic] = field(default_factory=list)

    def frame(
        self, parent: Frame | None, *, start: Fraction = Fraction(0),
        length: Fraction | None = None, every: Fraction | None = None, growth: Fraction = ONE,
        prev: Op | None = None,
    ) -> Frame:  # fmt: skip
        """A frame; equal ones are one object."""
        key = (id(parent), start, length, every, growth, prev)
        if key not in self.frames:
            self.work -= _FRAME
            self.frames[key] = Frame(parent, start, length, every, growth, prev)
        return self.frames[key]

    def clock(self, place: Place) -> Clock:
        return self._clock(place.frame, place.step)

    def _clock(self, frame: Frame, step: Value) -> Clock:
        key = frame, step
        if key not in self.clocks:
            outer = lambda parent: self._clock(parent, step)  # noqa: E731
            self.clocks[key] = clock_of(self.ir, frame, step, outer)
        return self.clocks[key]

    def start_of(self, frame: Frame) -> Fraction | None:
        """The step at which a clock begins, if that is one step."""
        start = self._clock(frame, whole(self.ir.step())).start
        return start if isinstance(start, Fraction) else None

    def number(self, node: Node, place: Place) -> Value:
        return self.quantity(node, place).value

    def time(self, node: Node, place: Place) -> Value:
        """A time in steps; a bare number counts epochs."""
        got = self.quantity(node, place)
        if got.time:
            return got.value
        epoch = self.needed("steps_per_epoch", node, place.scope, "a number of epochs")
        return scale(self.ir, got.value, Fraction(epoch))

    def fixed(self, node: Node, place: Place, what: str, *, time: bool = False) -> Fraction:
        """A value that is the same for the whole run."""
        read = self.time if time else self.number
        value = read(node, place)
        if not isinstance(value, Fraction):
            message = f"{what} must be the same at every step"
            raise self.refused("LRD105", message, node, place.scope)
        return value

    def spend(self, work: int, node: Node, place: Place) -> None:
        """Count work; raises Refused when there is too much of it."""
        self.work -= work
        if self.exhausted or self.nested > MAX_NESTED:
            limit = f"{MAX_WORK:,} parts" if self.exhausted else f"{MAX_NESTED:,} levels"
            message = f"this expands to more than {limit}"
            raise self.refused("LRD912", message, node, place.scope)

    @property
    def exhausted(self) -> bool:
        return self.work < self.ir.size

    def quantity(self, node: Node, place: Place) -> Quantity:
        self.nested += 1
        try:
            self.spend(_NODE, node, place)
            return self.read(self, node, place)
        except NotFinite as error:
            raise self.refused("LRD202", str(error), node, place.scope) from None
        finally:
            self.nested -= 1

    def all(self, readers: Sequence[Callable[[], Quantity]]) -> list[Quantity]:
        """Every operand, so that the problems of all are collected before stopping."""
        results, found = [], []
        for reader in readers:
            try:
                results.append(reader())
            except Refused as refused:
                found += [each for each in refused.found if each not in found]
                if self.exhausted:
                    break
        if found:
            raise Refused(found)
        return results

    def operands(self, nodes: Sequence[Node], place: Place) -> list[Quantity]:
        return self.all([lambda n=n: self.quantity(n, place) for n in nodes])  # type: ignore[misc]

    def refused(
        self, code: str, message: str, node: Node, scope: Scope, help: str | None = None
    ) -> Refused:
        """The error of a node; of a library's, at the call in the user's text."""
        if scope.site is None or scope.function is None:
            return Refused([Diagnostic(code, message, node.span, help=help)])
        labels: tuple[Label, ...] = ()
        if scope.function.name in self.library.own:
            labels = (Label(scope.function.in_file(node.span), "", scope.function.source),)
        part = " ".join(scope.function.text[node.span.start : node.span.end].split())
        at = "" if not part or part in message else f", at `{part}`"
        message = f"in `{scope.outer}`{at}: {message}"
        return Refused([Diagnostic(code, message, scope.site, help=help, labels=labels)])

    def needed(self, name: str, node: Node, scope: Scope, what: str) -> int:
        """A field of the timeline, or the error that names it."""
        value: int | None = getattr(self.run, name)
        if value is not None:
            return value
        message = missing_length(what, name, epochs_known=self.run.epochs is not None)
        raise self.refused("LRD403", message, node, scope)

    def steps(self, node: Time, scope: Scope) -> Fraction:
        """A literal time in steps."""
        unit = UNITS[node.unit]
        if unit.length is None:
            return unit.steps(node.value)
        what = f"`{node.text}{node.unit}`"
        return unit.steps(node.value, self.needed(unit.length, node, scope, what))
