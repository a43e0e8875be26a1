"""Tree and timeline to core tree: names, library calls and clocks are gone, the step remains."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING

from lrdsl.arithmetic import Arithmetic
from lrdsl.clocks import Clock, Frame, clock_of
from lrdsl.conditions import choose
from lrdsl.constants import NotFinite
from lrdsl.core import Op
from lrdsl.errors.diagnostics import Diagnostic, Label, Span
from lrdsl.language.arguments import match_arguments
from lrdsl.language.library import STANDARD, Function, Library
from lrdsl.language.params import Parameters, parameter_node
from lrdsl.lists import listed
from lrdsl.moments import timed
from lrdsl.operators import compute, product, truth
from lrdsl.scopes import Place, Quantity, Refused, Scope, Thunk
from lrdsl.sequences import sequence
from lrdsl.syntax import tree
from lrdsl.syntax.tree import Node
from lrdsl.values import Exact, Table, Truth, Value, constant, constant_of, negated

if TYPE_CHECKING:
    from lrdsl.timeline import Timeline

__all__ = ["Expander", "Refused", "Scope", "expand"]

MAX_WORK = 100_000

# Where the value of a parameter stands; its problems are shown where its name does.
NOWHERE = Span(0, 0)

# Timeline fields: what lacks, and what to give.
_NEEDS = {
    "steps_per_epoch": ("the length of an epoch", "give `steps_per_epoch`"),
    "total_steps": ("the length of the run", "give `epochs` or `total_steps`"),
    "batch_size": ("the samples in a step", "give `batch_size`"),
    "tokens_per_step": ("the tokens in a step", "give `tokens_per_step`"),
}


def expand(
    program: tree.Program, params: Parameters, run: Timeline, library: Library = STANDARD
) -> tuple[Op, list[Diagnostic]]:
    """The core tree of a checked text on a timeline, and warnings; raises `Refused`."""
    expander = Expander(run, library)
    return expander.program(program, params), expander.warnings


@dataclass
class Expander:
    """What is read of one text on one run, into one graph."""

    run: Timeline
    library: Library = STANDARD
    arithmetic: Arithmetic = field(default_factory=Arithmetic)
    memo: dict[tuple[object, ...], Quantity] = field(default_factory=dict)
    conditions: dict[tuple[object, ...], Truth] = field(default_factory=dict)
    work: int = 0
    warnings: list[Diagnostic] = field(default_factory=list)

    def program(self, program: tree.Program, params: Parameters) -> Op:
        graph = self.arithmetic.graph
        step = self.arithmetic.integer(graph.step())
        frame = Frame(length=self.run.total_steps)
        empty = Scope({}, self.library)
        names = {
            name: Thunk(parameter_node(name, value), empty, frame) for name, value in params.items()
        }
        for binding in program.bindings:
            scope = Scope(dict(names), self.library)  # read on the clock of where the name stands
            names.setdefault(binding.name, Thunk(binding.value, scope, None))
        with _deep_stack():
            value = self.number(program.body, Place(Scope(names, self.library), frame, step))
            try:
                return self.arithmetic.root(value)
            except NotFinite as error:
                raise Refused([Diagnostic("LRD202", str(error), program.body.span)]) from None

    def clock(self, place: Place) -> Clock:
        return clock_of(place.frame, place.step, self.arithmetic)

    def number(self, node: Node, place: Place) -> Value:
        return self.quantity(node, place).value

    def time(self, node: Node, place: Place) -> Value:
        """A time in steps; a bare number counts epochs."""
        got = self.quantity(node, place)
        if got.time:
            return got.value
        epoch = self.needed("steps_per_epoch", node, place.scope, "a number of epochs")
        return self.arithmetic.scale(got.value, Fraction(epoch))

    def fixed(self, node: Node, place: Place, what: str, *, time: bool = False) -> Fraction:
        """A value that is the same for the whole run."""
        read = self.time if time else self.number
        known = constant_of(read(node, place))
        if known is None:
            message = f"{what} must be the same at every step"
            raise self.refused("LRD105", message, node, place.scope)
        return known

    def quantity(self, node: Node, place: Place) -> Quantity:
        self.work += 1
        if self.work > MAX_WORK:
            message = f"this expands to more than {MAX_WORK:,} parts"
            raise self.refused("LRD912", message, node, place.scope)
        try:
            return self.read(node, place)
        except NotFinite as error:
            raise self.refused("LRD202", str(error), node, place.scope) from None

    def read(self, node: Node, place: Place) -> Quantity:
        match node:
            case tree.Number():
                return Quantity(constant(node.value))
            case tree.Time():
                return Quantity(constant(self.steps(node, place.scope)), time=True)
            case tree.Name():
                return self.name(node, place)
            case tree.Sequence():
                return Quantity(sequence(self, node, place))
            case tree.Call():
                return self.call(node, place)
            case tree.Interpolation():
                raise self.refused("LRD106", f"`{node.text}` is not resolved", node, place.scope)
        raise AssertionError(node)

    def all(self, readers: Sequence[Callable[[], Quantity]]) -> list[Quantity]:
        """Every operand, so that the problems of all are collected before stopping."""
        results, found = [], []
        for reader in readers:
            try:
                results.append(reader())
            except Refused as refused:
                found += refused.found
        if found:
            raise Refused(found)
        return results

    def operands(self, nodes: Sequence[Node], place: Place) -> list[Quantity]:
        return self.all([lambda n=n: self.quantity(n, place) for n in nodes])  # type: ignore[misc]

    def refused(
        self, code: str, message: str, node: Node, scope: Scope, help: str | None = None
    ) -> Refused:
        if scope.site is None or scope.function is None:
            return Refused([Diagnostic(code, message, node.span, help=help)])
        labels: tuple[Label, ...] = ()
        if scope.function.name in self.library.own:
            labels = (Label(scope.function.in_file(node.span), "", scope.function.source),)
        message = f"in `{scope.outer}`: {message}"
        return Refused([Diagnostic(code, message, scope.site, help=help, labels=labels)])

    def needed(self, name: str, node: Node, scope: Scope, what: str) -> int:
        """A field of the timeline, or the error that names it."""
        value: int | None = getattr(self.run, name)
        if value is not None:
            return value
        lacks, give = _NEEDS[name]
        if name == "total_steps" and self.run.epochs is not None:
            give = "give `steps_per_epoch` or `total_steps`"
        raise self.refused("LRD403", f"{what} needs {lacks}: {give}", node, scope)

    def steps(self, node: tree.Time, scope: Scope) -> Fraction:
        value, what = node.value, f"`{node.text}{node.unit}`"
        match node.unit:
            case "ep":
                return value * self.needed("steps_per_epoch", node, scope, what)
            case "%":
                return value * self.needed("total_steps", node, scope, what) / 100
            case "tok":
                return value / self.needed("tokens_per_step", node, scope, what)
            case "sa":
                return value / self.needed("batch_size", node, scope, what)
        return value

    def name(self, node: tree.Name, place: Place) -> Quantity:
        thunk = place.scope.names.get(node.name)
        if thunk is not None:
            if thunk.node.span == NOWHERE:
                here = replace(thunk.node, span=node.span)
                return self.quantity(here, thunk.at(place))
            return self.force(thunk, place)
        clock = self.clock(place)
        what = f"`{node.name}`"
        scale = self.arithmetic.scale
        match node.name:
            case "step":
                return Quantity(place.step)
            case "epoch":
                epoch = self.needed("steps_per_epoch", node, place.scope, what)
                return Quantity(scale(place.step, Fraction(1, epoch)))
            case "progress":
                total = self.needed("total_steps", node, place.scope, what)
                return Quantity(scale(place.step, Fraction(1, total)))
            case "steps_per_epoch" | "total_steps" | "batch_size" as name:
                return Quantity(constant(self.needed(name, node, place.scope, what)))
            case "total_epochs":
                return Quantity(constant(self.total_epochs(node, place.scope)))
            case "t":
                return Quantity(clock.t, time=True)
            case "span":
                return Quantity(self.span(clock, node, place), time=True)
            case "pi":
                return Quantity(Exact(Fraction(1), (), 1))
            case "lap" if clock.lap is not None:
                return Quantity(clock.lap)
            case "prev" if clock.prev is not None:
                return Quantity(clock.prev)
        home = "cycle" if node.name == "lap" else "recur"
        message = f"`{node.name}` has a meaning only inside `{home}`"
        raise self.refused("LRD016", message, node, place.scope)

    def total_epochs(self, node: Node, scope: Scope) -> Fraction:
        if self.run.epochs is not None:
            return Fraction(self.run.epochs)
        total = self.needed("total_steps", node, scope, "`total_epochs`")
        return Fraction(total, self.needed("steps_per_epoch", node, scope, "`total_epochs`"))

    def span(self, clock: Clock, node: Node, place: Place) -> Value:
        if clock.span is None:
            self.needed("total_steps", node, place.scope, "`span`")
            raise AssertionError
        laps = clock.span.values if isinstance(clock.span, Table) else (constant_of(clock.span),)
        for lap, length in enumerate(laps):
            if length is not None and length < 0:
                where, many = f"in lap {lap}, " if len(laps) > 1 else "", ceil(-length)
                steps = f"{many:,} step{'s' if many > 1 else ''}"
                message = f"{where}the parts before this one are {steps} too long"
                help_ = "shorten them, or give this part its own length"
                raise self.refused("LRD306", message, node, place.scope, help_)
        return clock.span

    def force(self, thunk: Thunk, place: Place) -> Quantity:
        place = thunk.at(place)
        key = (thunk, place.frame, place.step)
        if key not in self.memo:
            if thunk.type == "time":
                value = self.time(thunk.node, place)
                self.memo[key] = Quantity(value, time=True)
            else:
                self.memo[key] = self.quantity(thunk.node, place)
        return self.memo[key]

    def call(self, node: tree.Call, place: Place) -> Quantity:
        function = place.scope.library.function(node.name)
        if function is None:
            return self.builtin(node, place)
        return self.library_call(function, node, place)

    def library_call(self, function: Function, node: tree.Call, place: Place) -> Quantity:
        """The body, its parameters bound to the arguments on the caller's clock."""
        given, _ = match_arguments(function.signature, node)
        library = self.library.seen_by(function)
        site, outer = place.scope.site or node.span, place.scope.outer or function.name
        names: dict[str, Thunk] = {}
        for parameter in function.definition.parameters:
            own = place.frame if parameter.type != "schedule" else None
            if parameter.name in given:
                value = given[parameter.name][0].value
                names[parameter.name] = Thunk(value, place.scope, own, parameter.type)
            else:
                assert parameter.default is not None
                # a default may use the parameters before it
                home = Scope(dict(names), library, site, outer, function)
                names[parameter.name] = Thunk(parameter.default, home, own, parameter.type)
        inside = Scope(names, library, site, outer, function)
        return self.quantity(function.definition.body, replace(place, scope=inside))

    def builtin(self, node: tree.Call, place: Place) -> Quantity:
        match node.name:
            case "*" | "/":
                return product(self, node, place)
            case "if":
                yes, test, no = node.operands
                condition = truth(self, test, place)
                if isinstance(condition, bool):  # what is never chosen need not make sense
                    return self.quantity(yes if condition else no, place)
                a, b = self.operands((yes, no), place)
                return Quantity(choose(self.arithmetic, condition, a.value, b.value), a.time)
            case "piecewise" | "interp" | "pick" | "passed":
                return Quantity(listed(self, node, place))
            case "cycle" | "at" | "recur":
                return Quantity(timed(self, node, place))
        operands = self.operands(node.operands, place)
        values = [operand.value for operand in operands]
        return Quantity(
            compute(self.arithmetic, node.name, values), operands[0].time and node.name != "//"
        )

    def start_of(self, frame: Frame) -> Fraction | None:
        """The step at which a clock begins, if that is one step."""
        root = self.arithmetic.integer(self.arithmetic.graph.step())
        now = clock_of(frame, root, self.arithmetic).t
        return constant_of(self.arithmetic.add([root, negated(now)]))


@contextmanager
def _deep_stack() -> Iterator[None]:
    """Room for 64 levels of nested library calls; Python calls do not use the C stack."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, 20_000))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
