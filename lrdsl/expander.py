"""Tree and timeline to core tree: names, library calls and clocks are gone, the step remains."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import pairwise
from math import ceil
from typing import TYPE_CHECKING

from lrdsl import tree
from lrdsl.arithmetic import Arithmetic
from lrdsl.checker import Parameters, boundary_problems, match_arguments, parameter_node
from lrdsl.clocks import Clock, Frame, TooManyLaps, clock_of
from lrdsl.constants import NotFinite
from lrdsl.core import LAST_STEP, Op
from lrdsl.diagnostics import Diagnostic, Label, Span
from lrdsl.functions import BUILTINS, Parameter
from lrdsl.library import STANDARD, Function, Library
from lrdsl.tree import Node
from lrdsl.values import Exact, Table, Truth, Value, constant, constant_of, negated

if TYPE_CHECKING:
    from lrdsl.timeline import Timeline

MAX_WINDOWS = 1_000_000
MAX_WORK = 100_000

# Timeline fields: what lacks, and what to give.
_NEEDS = {
    "steps_per_epoch": ("the length of an epoch", "give `steps_per_epoch`"),
    "total_steps": ("the length of the run", "give `epochs` or `total_steps`"),
    "batch_size": ("the samples in a step", "give `batch_size`"),
    "tokens_per_step": ("the tokens in a step", "give `tokens_per_step`"),
}


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


@dataclass(frozen=True, slots=True)
class Quantity:
    value: Value
    time: bool = False


def expand(
    program: tree.Program, params: Parameters, run: Timeline, library: Library = STANDARD
) -> tuple[Op, list[Diagnostic]]:
    """The core tree of a checked text on a timeline, and warnings; raises `Refused`."""
    expander = Expander(run, library)
    return expander.program(program, params), expander.warnings


@dataclass
class Expander:
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
            value = self.number(program.body, Scope(names, self.library), frame, step)
            try:
                return self.arithmetic.root(value)
            except NotFinite as error:
                raise Refused([Diagnostic("LRD202", str(error), program.body.span)]) from None

    # reading nodes

    def number(self, node: Node, scope: Scope, frame: Frame, step: Exact) -> Value:
        return self.quantity(node, scope, frame, step).value

    def time(self, node: Node, scope: Scope, frame: Frame, step: Exact) -> Value:
        """A time in steps; a bare number counts epochs."""
        got = self.quantity(node, scope, frame, step)
        if got.time:
            return got.value
        epoch = self.needed("steps_per_epoch", node, scope, "a number of epochs")
        return self.arithmetic.scale(got.value, Fraction(epoch))

    def fixed(
        self, node: Node, scope: Scope, frame: Frame, step: Exact, what: str, *, time: bool = False
    ) -> Fraction:
        """A value that is the same for the whole run."""
        read = self.time if time else self.number
        known = constant_of(read(node, scope, frame, step))
        if known is None:
            message = f"{what} must be the same at every step"
            raise self.refused("LRD105", message, node, scope)
        return known

    def quantity(self, node: Node, scope: Scope, frame: Frame, step: Exact) -> Quantity:
        self.work += 1
        if self.work > MAX_WORK:
            message = f"this expands to more than {MAX_WORK:,} parts"
            raise self.refused("LRD912", message, node, scope)
        try:
            return self.read(node, scope, frame, step)
        except NotFinite as error:
            raise self.refused("LRD202", str(error), node, scope) from None

    def read(self, node: Node, scope: Scope, frame: Frame, step: Exact) -> Quantity:
        match node:
            case tree.Number():
                return Quantity(constant(node.value))
            case tree.Time():
                return Quantity(constant(self.steps(node, scope)), time=True)
            case tree.Name():
                return self.name(node, scope, frame, step)
            case tree.Sequence():
                return Quantity(self.sequence(node, scope, frame, step))
            case tree.Call():
                return self.call(node, scope, frame, step)
            case tree.Interpolation():
                raise self.refused("LRD106", f"`{node.text}` is not resolved", node, scope)
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

    def operands(
        self, nodes: Sequence[Node], scope: Scope, frame: Frame, step: Exact
    ) -> list[Quantity]:
        return self.all([lambda n=n: self.quantity(n, scope, frame, step) for n in nodes])  # type: ignore[misc]

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

    # the timeline

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

    # names

    def name(self, node: tree.Name, scope: Scope, frame: Frame, step: Exact) -> Quantity:
        thunk = scope.names.get(node.name)
        if thunk is not None:
            return self.force(thunk, frame, step)
        clock = clock_of(frame, step, self.arithmetic)
        what = f"`{node.name}`"
        scale = self.arithmetic.scale
        match node.name:
            case "step":
                return Quantity(step)
            case "epoch":
                epoch = self.needed("steps_per_epoch", node, scope, what)
                return Quantity(scale(step, Fraction(1, epoch)))
            case "progress":
                total = self.needed("total_steps", node, scope, what)
                return Quantity(scale(step, Fraction(1, total)))
            case "steps_per_epoch" | "total_steps" | "batch_size" as name:
                return Quantity(constant(self.needed(name, node, scope, what)))
            case "total_epochs":
                return Quantity(constant(self.total_epochs(node, scope)))
            case "t":
                return Quantity(clock.t, time=True)
            case "span":
                return Quantity(self.span(clock, node, scope), time=True)
            case "pi":
                return Quantity(Exact(Fraction(1), (), 1))
            case "lap" if clock.lap is not None:
                return Quantity(clock.lap)
            case "prev" if clock.prev is not None:
                return Quantity(clock.prev)
        home = "cycle" if node.name == "lap" else "recur"
        message = f"`{node.name}` has a meaning only inside `{home}`"
        raise self.refused("LRD016", message, node, scope)

    def total_epochs(self, node: Node, scope: Scope) -> Fraction:
        if self.run.epochs is not None:
            return Fraction(self.run.epochs)
        total = self.needed("total_steps", node, scope, "`total_epochs`")
        return Fraction(total, self.needed("steps_per_epoch", node, scope, "`total_epochs`"))

    def span(self, clock: Clock, node: Node, scope: Scope) -> Value:
        if clock.span is None:
            self.needed("total_steps", node, scope, "`span`")
            raise AssertionError
        laps = clock.span.values if isinstance(clock.span, Table) else (constant_of(clock.span),)
        for lap, length in enumerate(laps):
            if length is not None and length < 0:
                where = "" if len(laps) == 1 else f"in lap {lap}, "
                message = f"{where}the parts before this one are {ceil(-length):,} steps too long"
                help_ = "shorten them, or give this part its own length"
                raise self.refused("LRD306", message, node, scope, help_)
        return clock.span

    def force(self, thunk: Thunk, frame: Frame, step: Exact) -> Quantity:
        frame = thunk.frame or frame
        key = (thunk, frame, step)
        if key not in self.memo:
            if thunk.type == "time":
                value = self.time(thunk.node, thunk.scope, frame, step)
                self.memo[key] = Quantity(value, time=True)
            else:
                self.memo[key] = self.quantity(thunk.node, thunk.scope, frame, step)
        return self.memo[key]

    # sequences

    def sequence(self, node: tree.Sequence, scope: Scope, frame: Frame, step: Exact) -> Value:
        """The parts one after another, each on its own clock from its first step on."""
        clock = clock_of(frame, step, self.arithmetic)
        bounds = self.boundaries(node, scope, frame, step)
        readers, starts = [], []
        for index, part in enumerate(node.parts):
            start = bounds[index]
            length = bounds[index + 1] - start if index + 1 < len(bounds) else None
            if index + 1 < len(node.parts) and length == 0:
                continue  # a part of no step
            inner = Frame(parent=frame, start=Fraction(start), length=length)
            readers.append(lambda p=part, f=inner: self.quantity(p.body, scope, f, step))
            starts.append(start)
            if index and scope.site is None:
                self.begins(part, start, frame)
        results = [quantity.value for quantity in self.all(readers)]
        return self.switch(clock.t, starts[1:], results)

    def begins(self, part: tree.Part, start: int, frame: Frame) -> None:
        """A warning for a part that the run does not live to see."""
        total, base = self.run.total_steps, self.start_of(frame)
        if total is not None and base is not None and base + start >= total:
            message = f"this part is never reached: training ends at step {total:,}"
            self.warnings.append(Diagnostic("LRD306", message, part.body.span, "warning"))

    def boundaries(self, node: tree.Sequence, scope: Scope, frame: Frame, step: Exact) -> list[int]:
        """Where the parts begin (and, if it says so, the last one ends), in whole steps."""
        bounds, total = [0], Fraction(0)
        for part in node.parts:
            if part.duration is None:
                continue
            what = "the length of a part"
            length = self.fixed(part.duration, scope, frame, step, what, time=True)
            if length < 0:
                message = "a part cannot last a negative time"
                help_ = "the parts before it may be longer than the run"
                raise self.refused("LRD304", message, part.duration, scope, help_)
            total += length
            bounds.append((total + Fraction(1, 2)).__floor__())
        return bounds

    def switch(self, time: Exact, bounds: Sequence[int], values: Sequence[Value]) -> Value:
        """values[k] from bounds[k - 1] on: a table of constants, else a tree of choices."""
        if len(values) == 1:
            return values[0]
        known = [constant_of(value) for value in values]
        if None not in known:
            index = self.arithmetic.count(time, [Fraction(b) for b in bounds])
            return self.arithmetic.read(index, known)  # type: ignore[arg-type]
        middle = len(values) // 2
        test = self.arithmetic.less(time, constant(bounds[middle - 1]))
        early = self.switch(time, bounds[: middle - 1], values[:middle])
        late = self.switch(time, bounds[middle:], values[middle:])
        return self.arithmetic.choose(test, early, late)

    # calls

    def call(self, node: tree.Call, scope: Scope, frame: Frame, step: Exact) -> Quantity:
        function = scope.library.function(node.name)
        if function is None:
            return self.builtin(node, scope, frame, step)
        return self.library_call(function, node, scope, frame, step)

    def library_call(
        self, function: Function, node: tree.Call, scope: Scope, frame: Frame, step: Exact
    ) -> Quantity:
        """The body, its parameters bound to the arguments on the caller's clock."""
        given, _ = match_arguments(function.signature, node)
        library = self.library.seen_by(function)
        site, outer = scope.site or node.span, scope.outer or function.name
        names: dict[str, Thunk] = {}
        for parameter in function.definition.parameters:
            own = frame if parameter.type != "schedule" else None
            if parameter.name in given:
                value = given[parameter.name][0].value
                names[parameter.name] = Thunk(value, scope, own, parameter.type)
            else:
                assert parameter.default is not None
                # a default may use the parameters before it
                home = Scope(dict(names), library, site, outer, function)
                names[parameter.name] = Thunk(parameter.default, home, own, parameter.type)
        inside = Scope(names, library, site, outer, function)
        return self.quantity(function.definition.body, inside, frame, step)

    def builtin(self, node: tree.Call, scope: Scope, frame: Frame, step: Exact) -> Quantity:
        match node.name:
            case "*" | "/":
                return self.product(node, scope, frame, step)
            case "if":
                yes, test, no = node.operands
                condition = self.truth(test, scope, frame, step)
                if isinstance(condition, bool):  # what is never chosen need not make sense
                    return self.quantity(yes if condition else no, scope, frame, step)
                a, b = self.operands((yes, no), scope, frame, step)
                return Quantity(self.arithmetic.choose(condition, a.value, b.value), a.time)
            case "piecewise" | "interp" | "pick" | "passed":
                return Quantity(self.listed(node, scope, frame, step))
            case "cycle" | "at" | "recur":
                return Quantity(self.timed(node, scope, frame, step))
        operands = self.operands(node.operands, scope, frame, step)
        values = [operand.value for operand in operands]
        return Quantity(self.compute(node.name, values), operands[0].time and node.name != "//")

    def compute(self, name: str, values: list[Value]) -> Value:
        """A number function or operator on its operands."""
        a = self.arithmetic
        first = values[0]
        match name:
            case "+":
                return a.add(values)
            case "-":
                return a.scale(first, Fraction(-1))
            case "//":
                return a.floor(a.divide(first, values[1]))
            case "^":
                return a.power(first, values[1])
            case "min" | "max":
                function = a.minimum if name == "min" else a.maximum
                for value in values[1:]:
                    first = function(first, value)
                return first
            case "clamp":
                return a.minimum(a.maximum(first, values[1]), values[2])
            case "mod":
                return a.modulo(first, values[1])
            case "sqrt":
                return a.power(first, constant(Fraction(1, 2)))
            case "abs":
                return a.absolute(first)
        single: dict[str, Callable[[Value], Value]] = {
            "floor": a.floor, "ceil": a.ceil, "round": a.round, "exp": a.exp, "log": a.log,
            "sin": a.sin, "cos": a.cos, "tanh": a.tanh,
        }  # fmt: skip
        return single[name](first)

    def product(self, node: tree.Call, scope: Scope, frame: Frame, step: Exact) -> Quantity:
        """Constants first, so that they fold exactly; then from left to right."""
        inverse = [isinstance(n, tree.Call) and n.name == "/" for n in node.operands]
        inner = [
            n.operands[0] if i else n  # type: ignore[attr-defined]
            for n, i in zip(node.operands, inverse, strict=True)
        ]
        operands = self.operands(inner, scope, frame, step)
        power = sum(q.time * (-1 if i else 1) for q, i in zip(operands, inverse, strict=True))
        pairs = [(q.value, i) for q, i in zip(operands, inverse, strict=True)]
        pairs.sort(key=lambda pair: constant_of(pair[0]) is None)
        total: Value = constant(1)
        for value, divides in pairs:
            combine = self.arithmetic.divide if divides else self.arithmetic.multiply
            total = combine(total, value)
        return Quantity(total, power == 1)

    def truth(self, node: Node, scope: Scope, frame: Frame, step: Exact) -> Truth:
        a = self.arithmetic
        match node:
            case tree.Comparison(operators=operators, operands=nodes):
                values = [q.value for q in self.operands(nodes, scope, frame, step)]
                result: Truth = True
                for operator, left, right in zip(operators, values, values[1:], strict=False):
                    result = a.both(result, self.compare(operator, left, right))
                return result
            case tree.Call(name="not"):
                return a.negate(self.truth(node.operands[0], scope, frame, step))
            case tree.Call(name="and" | "or" as name):
                tests = [self.truth(n, scope, frame, step) for n in node.operands]
                result = tests[0]
                for test in tests[1:]:
                    result = a.both(result, test) if name == "and" else a.either(result, test)
                return result
            case tree.Call(name="if"):
                yes, test, no = (self.truth(n, scope, frame, step) for n in node.operands)
                return a.either(a.both(test, yes), a.both(a.negate(test), no))
            case tree.Name(name=name) if name in scope.names:
                return self.condition(scope.names[name], frame, step)
        raise AssertionError(node)

    def condition(self, thunk: Thunk, frame: Frame, step: Exact) -> Truth:
        frame = thunk.frame or frame
        key = (thunk, frame, step)
        if key not in self.conditions:
            self.conditions[key] = self.truth(thunk.node, thunk.scope, frame, step)
        return self.conditions[key]

    def compare(self, operator: str, left: Value, right: Value) -> Truth:
        a = self.arithmetic
        match operator:
            case "<":
                return a.less(left, right)
            case "<=":
                return a.less(left, right, equal=True)
            case ">":
                return a.less(right, left)
            case ">=":
                return a.less(right, left, equal=True)
            case "==":
                return a.equal(left, right)
        return a.negate(a.equal(left, right))

    # lists

    def listed(self, node: tree.Call, scope: Scope, frame: Frame, step: Exact) -> Value:
        given, _ = match_arguments(BUILTINS[node.name], node)
        a = self.arithmetic
        time = clock_of(frame, step, a).t
        lists = {
            parameter.name: self.items(
                parameter, given[parameter.name][0].value, scope, frame, step
            )
            for parameter in BUILTINS[node.name].parameters
            if parameter.type in ("numbers", "times")
        }
        match node.name:
            case "passed":
                return a.count(time, sorted(value for _, value in lists["times"]))
            case "pick":
                values = [value for _, value in lists["values"]]
                index = self.number(given["index"][0].value, scope, frame, step)
                return a.read(a.index(index, len(values)), values)
            case "piecewise":
                times = self.increasing(lists["boundaries"], scope)
                self.reached(lists["boundaries"], scope, frame)
                return a.read(a.count(time, times), [value for _, value in lists["values"]])
        times = self.increasing(lists["times"], scope)
        return self.interpolate(time, times, [value for _, value in lists["values"]])

    def items(
        self, parameter: Parameter, node: Node, scope: Scope, frame: Frame, step: Exact
    ) -> list[tuple[Node, Fraction]]:
        """The elements of a list argument: constants, times in steps."""
        while isinstance(node, tree.Name):
            thunk = scope.names[node.name]
            node, scope, frame = thunk.node, thunk.scope, thunk.frame or frame
        assert isinstance(node, tree.List)
        time = parameter.type == "times"
        readers = [
            lambda n=n: Quantity(
                constant(self.fixed(n, scope, frame, step, "an element of a list", time=time))
            )
            for n in node.items
        ]
        values = [constant_of(quantity.value) for quantity in self.all(readers)]
        return list(zip(node.items, values, strict=True))  # type: ignore[arg-type]

    def increasing(self, items: list[tuple[Node, Fraction]], scope: Scope) -> list[Fraction]:
        found = boundary_problems([(scope.site or node.span, value) for node, value in items])
        if found:
            raise Refused(found)
        return [value for _, value in items]

    def reached(self, items: list[tuple[Node, Fraction]], scope: Scope, frame: Frame) -> None:
        """A warning for each boundary that the run does not live to see."""
        total, start = self.run.total_steps, self.start_of(frame)
        if total is None or start is None:
            return
        late = [scope.site or node.span for node, value in items if start + value >= total]
        if late:
            message = f"this boundary is never reached: training ends at step {total:,}"
            labels = tuple(Label(span, "nor is this one") for span in late[1:] if not scope.site)
            self.warnings.append(Diagnostic("LRD305", message, late[0], "warning", labels=labels))

    def start_of(self, frame: Frame) -> Fraction | None:
        """The step at which a clock begins, if that is one step."""
        root = self.arithmetic.integer(self.arithmetic.graph.step())
        now = clock_of(frame, root, self.arithmetic).t
        return constant_of(self.arithmetic.add([root, negated(now)]))

    def interpolate(self, time: Exact, times: list[Fraction], values: list[Fraction]) -> Value:
        """Weights of both neighbours, so that nothing cancels: v0 (t1 - t) + v1 (t - t0)."""
        if len(times) == 1:
            return constant(values[0])
        a = self.arithmetic
        kept = a.minimum(a.maximum(time, constant(times[0])), constant(times[-1]))
        index = a.count(time, times[1:-1])
        pairs = list(pairwise(times))
        left = a.read(index, [v / (t1 - t0) for v, (t0, t1) in zip(values, pairs, strict=False)])
        right = a.read(
            index, [v / (t1 - t0) for v, (t0, t1) in zip(values[1:], pairs, strict=False)]
        )
        since = a.add([kept, a.scale(a.read(index, times[:-1]), Fraction(-1))])
        until = a.add([a.read(index, times[1:]), a.scale(kept, Fraction(-1))])
        return a.add([a.multiply(left, until), a.multiply(right, since)])

    # time

    def timed(self, node: tree.Call, scope: Scope, frame: Frame, step: Exact) -> Value:
        given, _ = match_arguments(BUILTINS[node.name], node)
        arguments = {name: each[0].value for name, each in given.items()}
        match node.name:
            case "at":
                return self.moved(arguments, scope, frame, step)
            case "cycle":
                return self.cycle(arguments, scope, frame, step)
        return self.recur(node, arguments, scope, frame, step)

    def moved(self, arguments: dict[str, Node], scope: Scope, frame: Frame, step: Exact) -> Value:
        a = self.arithmetic
        moment = a.nearest(self.time(arguments["time"], scope, frame, step))
        exact = a.exact(moment)
        if exact is None:
            exact = a.integer(a.bounded(moment, -LAST_STEP, LAST_STEP))
        now = clock_of(frame, step, a).t
        then = a.add([step, exact, a.scale(now, Fraction(-1))])
        assert isinstance(then, Exact)
        return self.number(arguments["expr"], scope, frame, then)

    def cycle(self, arguments: dict[str, Node], scope: Scope, frame: Frame, step: Exact) -> Value:
        node = arguments["every"]
        every = self.fixed(node, scope, frame, step, "the period", time=True)
        if every < 1:
            raise self.refused("LRD313", "the period is shorter than one step", node, scope)
        growth = Fraction(1)
        if "growth" in arguments:
            node = arguments["growth"]
            growth = self.fixed(node, scope, frame, step, "`growth`")
        if growth < 1:
            raise self.refused("LRD313", "`growth` is less than 1", node, scope)
        inner = Frame(parent=frame, every=every, growth=growth)
        try:
            clock_of(inner, step, self.arithmetic)
        except TooManyLaps:
            message = "`growth` is so close to 1 that the restarts fill no table"
            raise self.refused("LRD915", message, node, scope) from None
        return self.number(arguments["expr"], scope, inner, step)

    def recur(
        self, node: tree.Call, arguments: dict[str, Node], scope: Scope, frame: Frame, step: Exact
    ) -> Value:
        """A table of the recurrence over the run, read at the window of the step."""
        a = self.arithmetic
        start = self.window_start(node, scope, frame)
        every = Fraction(1)
        if "every" in arguments:
            every = self.fixed(
                arguments["every"], scope, frame, step, "the length of a window", time=True
            )
        else:
            every *= self.needed("steps_per_epoch", node, scope, "a window of `1ep`")
        if every < 1:
            raise self.refused("LRD313", "a window is shorter than one step", node, scope)
        windows = self.windows(node, scope, start, every)
        values = self.tabulate(node, arguments, scope, frame, start, every, windows)
        index = a.floor(a.scale(clock_of(frame, step, a).t, 1 / every))
        return a.read(a.index(index, windows), values)

    def window_start(self, node: tree.Call, scope: Scope, frame: Frame) -> int:
        """The step at which the clock of a recurrence begins."""
        start = self.start_of(frame)
        if start is None:
            message = "`recur` cannot stand inside `cycle`: its table would differ in every lap"
            raise self.refused("LRD105", message, node, scope)
        return int(start)

    def windows(self, node: tree.Call, scope: Scope, start: int, every: Fraction) -> int:
        total = self.needed("total_steps", node, scope, "`recur`")
        count = max(1, -((-(total - start)) // every).__floor__())
        if count > MAX_WINDOWS:
            message = f"a recurrence of {count:,} windows; the limit is {MAX_WINDOWS:,}"
            raise self.refused("LRD915", message, node, scope, "give a longer `every`")
        return int(count)

    def tabulate(
        self, node: tree.Call, arguments: dict[str, Node], scope: Scope, frame: Frame,
        start: int, every: Fraction, windows: int,
    ) -> list[Fraction]:  # fmt: skip
        from lrdsl.engines.python import compile_python

        a = self.arithmetic
        root = a.integer(a.graph.step())
        previous = a.graph.make("prev")
        inner = replace(frame, prev=previous)
        first, following = self.all([
            lambda: self.quantity(arguments["first"], scope, frame, root),
            lambda: self.quantity(arguments["next"], scope, inner, root),
        ])  # fmt: skip
        value = compile_python(a.real(first.value))(start)
        update = compile_python(a.real(following.value))
        values = [value]
        for window in range(1, windows):
            begin = start - (-(window * every)).__floor__()
            value = update(begin, value)
            values.append(value)
        if any(value != value or abs(value) == float("inf") for value in values):
            raise self.refused("LRD202", "the recurrence leaves float64", node, scope)
        return [Fraction(value) for value in values]


@contextmanager
def _deep_stack() -> Iterator[None]:
    """Room for 64 levels of nested library calls; Python calls do not use the C stack."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, 20_000))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
