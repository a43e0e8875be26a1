"""An oracle: what a schedule is over the reals, straight from its tree.

It shares the parser and the library with lrdsl and nothing else: no expander, no engine. Times,
boundaries and laps are rationals; the rest is rational as far as it goes, then intervals.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from mpmath import libmp
from reals import NoValue, Pi, Real, Reals, Undecided

from lrdsl import Timeline
from lrdsl.language.builtins import BUILTINS
from lrdsl.language.library import STANDARD, Function, Library
from lrdsl.syntax import tree
from lrdsl.syntax.parser import parse
from lrdsl.syntax.tree import Node

HALF = Fraction(1, 2)
LONGEST = 2**41  # growing cycles restart up to this step
MOST_BITS = 1600
ENOUGH = 384  # bits after which a condition that is still open gives both its branches
# Rationals of more digits than this are no longer kept exact in a recurrence.
_LONG = 600

At = Callable[[int], Any]


@dataclass(frozen=True, slots=True)
class Code:
    """A function of the run's step; `time` values are in steps."""

    at: At
    time: bool = False
    constant: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """The clock of a part: `t` of the run's step, and what else is known there."""

    t: At
    span: Code
    start: int | None = 0  # the step at which t is 0, where there is only one
    lap: At | None = None
    prev: At | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    names: Mapping[str, Thunk]
    library: Library


@dataclass(frozen=True, slots=True, eq=False)
class Thunk:
    """An argument or a name, with where it is read; without a frame, on the clock of its use."""

    node: Node
    scope: Scope
    frame: Frame | None
    type: str = "number"


class Oracle:
    """The exact values of one expression on one run."""

    def __init__(self, text: str, run: Timeline, library: Library = STANDARD) -> None:
        self.run = run
        self.reals = Reals()
        self.undecided = 0
        self.forced: dict[tuple[Thunk, Frame], Code] = {}
        program = parse(text)
        frame = Frame(lambda step: step, self.field("total_steps", time=True))
        names: dict[str, Thunk] = {}
        for binding in program.bindings:
            names[binding.name] = Thunk(binding.value, Scope(dict(names), library), None)
        self.code = self.compile(program.body, Scope(names, library), frame)

    def exactly(self, step: int) -> tuple[float, float, float] | None:
        """The float32 of a step, and the real number as the sum of two float64.

        None where the expression has no value, or where 1,600 bits do not decide it.
        """
        usual = self.reals.bits
        try:
            while True:
                try:
                    return self.reals.rounded(self.code.at(step))
                except Undecided:
                    if self.reals.bits >= MOST_BITS:
                        self.undecided += 1
                        return None
                    self.reals.raise_to(self.reals.bits * 2)
        except NoValue:
            return None
        finally:
            if self.reals.bits != usual:
                self.reals.raise_to(usual)

    # codes

    def once(self, code: Code) -> Code:
        """The last value kept, since a name is often read more than once."""
        kept: list[Any] = [None, None, None]

        def at(step: int) -> Any:
            bits = self.reals.bits
            if kept[0] != step or kept[1] != bits:
                kept[2] = code.at(step)
                kept[0], kept[1] = step, bits
            return kept[2]

        return replace(code, at=at)

    def fold(self, code: Code) -> Code:
        """A constant, computed once at each precision."""
        if not code.constant:
            return code
        kept: dict[int, Any] = {}

        def at(step: int) -> Any:
            bits = self.reals.bits
            if bits not in kept:
                kept[bits] = code.at(0)
            return kept[bits]

        return replace(code, at=at)

    def make(self, function: Callable[..., Any], *codes: Code, time: bool = False) -> Code:
        """A function of what the codes give; constant when they are."""
        constant = all(code.constant for code in codes)
        match [code.at for code in codes]:
            case [one]:
                return self.fold(Code(lambda step: function(one(step)), time, constant))
            case [one, two]:
                at: At = lambda step: function(one(step), two(step))  # noqa: E731
            case every:
                at = lambda step: function(*[each(step) for each in every])  # noqa: E731
        return self.fold(Code(at, time, constant))

    def field(self, name: str, *, time: bool = False) -> Code:
        value = getattr(self.run, name)

        def at(step: int) -> Any:
            if value is None:
                raise NoValue
            return value

        return Code(at, time, constant=True)

    def in_steps(self, code: Code) -> Code:
        """A time; a bare number counts epochs."""
        if code.time:
            return code
        epoch = self.field("steps_per_epoch")
        return self.make(self.reals.multiply, code, epoch, time=True)

    def number(self, node: Node, scope: Scope, frame: Frame) -> Code:
        return self.compile(node, scope, frame)

    def time(self, node: Node, scope: Scope, frame: Frame) -> Code:
        return self.in_steps(self.compile(node, scope, frame))

    def fixed(self, code: Code) -> Any:
        """A constant; as a rational number, to 96 bits where it is none."""
        assert code.constant
        value = code.at(0)
        if isinstance(value, int | Fraction):
            return Fraction(value)
        return Fraction(*libmp.to_rational(self.reals.interval(value)[0]))

    # nodes

    def compile(self, node: Node, scope: Scope, frame: Frame) -> Code:
        match node:
            case tree.Number():
                value = node.value
                return Code(lambda step: value, constant=True)
            case tree.Time():
                return self.fold(self.literal(node))
            case tree.Name():
                return self.name(node.name, scope, frame)
            case tree.Sequence():
                return self.sequence(node, scope, frame)
            case tree.Call():
                function = scope.library.function(node.name)
                if function is None:
                    return self.builtin(node, scope, frame)
                return self.library_call(function, node, scope, frame)
        raise AssertionError(node)

    def literal(self, node: tree.Time) -> Code:
        run, value = self.run, node.value
        scales = {
            "ep": run.steps_per_epoch,
            "st": 1,
            "%": run.total_steps and Fraction(run.total_steps, 100),
            "tok": run.tokens_per_step and Fraction(1, run.tokens_per_step),
            "sa": run.batch_size and Fraction(1, run.batch_size),
        }
        scale = scales[node.unit]

        def at(step: int) -> Any:
            if scale is None:
                raise NoValue
            return value * scale

        return Code(at, time=True, constant=True)

    def name(self, name: str, scope: Scope, frame: Frame) -> Code:
        if name in scope.names:
            return self.force(scope.names[name], frame)
        step = Code(lambda step: step)
        match name:
            case "step":
                return step
            case "epoch":
                return self.make(self.reals.divide, step, self.field("steps_per_epoch"))
            case "progress":
                return self.make(self.reals.divide, step, self.field("total_steps"))
            case "steps_per_epoch" | "total_steps" | "batch_size":
                return self.field(name)
            case "total_epochs":
                ends = self.field("total_steps"), self.field("steps_per_epoch")
                return self.field("epochs") if self.run.epochs else self.make(_over, *ends)
            case "t":
                return Code(frame.t, time=True)
            case "span":
                return replace(frame.span, time=True)
            case "pi":
                return Code(lambda step: Pi(Fraction(1)), constant=True)
            case "lap":
                assert frame.lap is not None
                return Code(frame.lap)
        assert name == "prev" and frame.prev is not None
        return Code(frame.prev)

    def force(self, thunk: Thunk, frame: Frame) -> Code:
        frame = thunk.frame or frame
        if (thunk, frame) not in self.forced:
            code = self.compile(thunk.node, thunk.scope, frame)
            code = self.in_steps(code) if thunk.type == "time" else code
            self.forced[thunk, frame] = code if code.constant else self.once(code)
        return self.forced[thunk, frame]

    def arguments(self, names: list[str], call: tree.Call) -> dict[str, Node]:
        given = dict(zip(names, (a.value for a in call.arguments if not a.name), strict=False))
        return given | {a.name: a.value for a in call.arguments if a.name}

    def library_call(self, function: Function, node: tree.Call, scope: Scope, frame: Frame) -> Code:
        parameters = function.definition.parameters
        given = self.arguments([each.name for each in parameters], node)
        library = scope.library.seen_by(function)
        names: dict[str, Thunk] = {}
        for each in parameters:
            own = None if each.type == "schedule" else frame
            if each.name in given:
                names[each.name] = Thunk(given[each.name], scope, own, each.type)
            else:
                assert each.default is not None
                home = Scope(dict(names), library)
                names[each.name] = Thunk(each.default, home, own, each.type)
        return self.compile(function.definition.body, Scope(names, library), frame)

    # parts and cycles

    def sequence(self, node: tree.Sequence, scope: Scope, frame: Frame) -> Code:
        lengths = [None if part.duration is None else self.time(part.duration, scope, frame)
                   for part in node.parts]  # fmt: skip
        bounds = [0]
        total: Real = 0
        for length in lengths:
            if length is not None:
                total = self.reals.add(total, self.fixed(length))
                bounds.append(self.reals.floor(self.reals.add(total, HALF)))
        starts, codes = [], []
        for index, part in enumerate(node.parts):
            last = index + 1 == len(node.parts)
            if not last and bounds[index + 1] == bounds[index]:
                continue
            known = bounds[index + 1] if index + 1 < len(bounds) else None
            starts.append(bounds[index])
            codes.append(self.compile(part.body, scope, self.part(frame, bounds[index], known)))
        ats, later = [code.at for code in codes], starts[1:]
        if len(ats) == 1:
            return codes[0]
        return Code(lambda step: ats[bisect_right(later, frame.t(step))](step))

    def part(self, frame: Frame, start: int, end: int | None) -> Frame:
        outer = frame.t
        if end is None:
            begin = Code(lambda step: -start, constant=True)
            span = self.make(self.reals.add, frame.span, begin, time=True)
        else:
            span = Code(lambda step: end - start, True, constant=True)
        first = None if frame.start is None else frame.start + start
        return replace(frame, t=lambda step: outer(step) - start, span=span, start=first)

    def cycle(self, given: dict[str, Node], scope: Scope, frame: Frame) -> Code:
        every = self.fixed(self.time(given["every"], scope, frame))
        growth = Fraction(1)
        if "growth" in given:
            growth = self.fixed(self.number(given["growth"], scope, frame))
        if growth == 1:
            begins, length = self.regular(every, frame.t), Code(lambda step: every, True, True)
        else:
            begins, length = self.growing(every, growth, frame.t)
        kept = self.once(Code(begins)).at
        outer = frame.t
        inner = Frame(lambda step: outer(step) - kept(step)[1], length, None,
                      lambda step: kept(step)[0], frame.prev)  # fmt: skip
        return self.compile(given["expr"], scope, inner)

    def regular(self, every: Fraction, t: At) -> At:
        """The lap and its first step: the last whole one whose rounded start is not above t."""
        p, q = every.numerator, every.denominator

        def begins(step: int) -> tuple[int, int]:
            lap = -(-(2 * t(step) + 1) * q // (2 * p)) - 1
            return lap, (2 * lap * p + q) // (2 * q)

        return begins

    def growing(self, every: Fraction, growth: Fraction, t: At) -> tuple[At, Code]:
        starts, lengths = [Fraction(0)], [every]
        while starts[-1] <= LONGEST:
            starts.append(starts[-1] + lengths[-1])
            lengths.append(lengths[-1] * growth)
        whole = [(start + HALF).__floor__() for start in starts]

        def begins(step: int) -> tuple[int, int]:
            lap = max(bisect_right(whole, t(step)) - 1, 0)
            return lap, whole[lap]

        return begins, Code(lambda step: lengths[begins(step)[0]], time=True)

    def moved(self, given: dict[str, Node], scope: Scope, frame: Frame) -> Code:
        moment = self.time(given["time"], scope, frame).at
        inner = self.number(given["expr"], scope, frame).at
        now, reals = frame.t, self.reals

        def at(step: int) -> Any:
            return inner(step + reals.floor(reals.add(moment(step), HALF)) - now(step))

        return Code(at)

    def recur(self, given: dict[str, Node], scope: Scope, frame: Frame) -> Code:
        every = Fraction(self.run.steps_per_epoch or 1)
        if "every" in given:
            every = self.fixed(self.time(given["every"], scope, frame))
        assert self.run.total_steps is not None and frame.start is not None
        windows = max(1, -((frame.start - self.run.total_steps) // every))
        values: dict[int, list[Any]] = {}  # by precision
        inside = replace(frame, prev=lambda step: values[self.reals.bits][-1])
        first = self.number(given["first"], scope, frame).at
        following = self.number(given["next"], scope, inside).at

        def at(step: int) -> Any:
            index = min(max(frame.t(step) // every, 0), windows - 1)
            table = values.setdefault(self.reals.bits, [])
            while len(table) <= index:
                begin = frame.start - (-(len(table) * every)).__floor__()
                table.append(self.shortened((following if table else first)(begin)))
            return table[index]

        return Code(at)

    def shortened(self, value: Real) -> Real:
        exact = isinstance(value, int | Fraction)
        return self.reals.interval(value) if exact and _bits(value) > _LONG else value

    # calls

    def builtin(self, node: tree.Call, scope: Scope, frame: Frame) -> Code:
        reals = self.reals
        match node.name:
            case "*" | "/":
                return self.product(node, scope, frame)
            case "if":
                return self.choice(node, scope, frame)
            case "cycle" | "at" | "recur" | "piecewise" | "interp" | "pick" | "passed":
                names = [each.name for each in BUILTINS[node.name].parameters]
                given = self.arguments(names, node)
                special = {"cycle": self.cycle, "at": self.moved, "recur": self.recur}
                return special.get(node.name, self.listed)(given, scope, frame)
        codes = [self.compile(each, scope, frame) for each in self.operands(node)]
        time = codes[0].time and node.name != "//"
        match node.name:
            case "+" | "min" | "max":
                fold = {"+": reals.add, "min": reals.least, "max": reals.most}[node.name]
                total = codes[0]
                for code in codes[1:]:
                    total = self.make(fold, total, code, time=time)
                return total
            case "clamp":
                raised = self.make(reals.most, codes[0], codes[1], time=time)
                return self.make(reals.least, raised, codes[2], time=time)
        return self.make(self.functions()[node.name], *codes, time=time)

    def operands(self, node: tree.Call) -> tuple[Node, ...]:
        signature = BUILTINS.get(node.name)
        if signature is None or signature.variadic:
            return node.operands
        return tuple(self.arguments([each.name for each in signature.parameters], node)[each.name]
                     for each in signature.parameters)  # fmt: skip

    def functions(self) -> dict[str, Callable[..., Any]]:
        reals = self.reals
        return {
            "-": reals.negative, "^": reals.power, "abs": reals.absolute, "sqrt": reals.sqrt,
            "floor": reals.floor, "ceil": lambda a: -reals.floor(reals.negative(a)),
            "round": reals.round, "exp": reals.exp, "log": reals.log, "sin": reals.sin,
            "cos": reals.cos, "tanh": reals.tanh, "mod": self.remainder,
            "//": lambda a, b: reals.floor(reals.divide(a, b)),
        }  # fmt: skip

    def remainder(self, a: Real, b: Real) -> Real:
        reals = self.reals
        if isinstance(a, int | Fraction) and isinstance(b, int | Fraction) and b:
            return a % b
        times = reals.floor(reals.divide(a, b))
        return reals.add(a, reals.negative(reals.multiply(b, times)))

    def product(self, node: tree.Call, scope: Scope, frame: Frame) -> Code:
        total, dimension = None, 0
        for each in node.operands if node.name == "*" else (node,):
            divides = isinstance(each, tree.Call) and each.name == "/"
            code = self.compile(each.operands[0] if divides else each, scope, frame)
            dimension += -code.time if divides else code.time
            if total is None:
                total = self.make(_inverse, code) if divides else code
            else:
                combine = self.reals.divide if divides else self.reals.multiply
                total = self.make(combine, total, code)
        assert total is not None
        return replace(total, time=dimension == 1)

    def choice(self, node: tree.Call, scope: Scope, frame: Frame) -> Code:
        yes, test, no = node.operands
        condition = self.truth(test, scope, frame)
        if condition.constant:
            return self.compile(yes if condition.at(0) else no, scope, frame)
        a, b = self.compile(yes, scope, frame), self.compile(no, scope, frame)
        holds, one, two = condition.at, a.at, b.at

        def at(step: int) -> Any:
            try:
                return one(step) if holds(step) else two(step)
            except Undecided:
                if self.reals.bits < ENOUGH:
                    raise
                return self.reals.either(one(step), two(step))

        return Code(at, a.time)

    def truth(self, node: Node, scope: Scope, frame: Frame) -> Code:
        match node:
            case tree.Comparison(operators=operators, operands=operands):
                codes = [self.compile(each, scope, frame) for each in operands]
                tests = [
                    self.make(self.comparison(operator), left, right)
                    for operator, left, right in zip(operators, codes, codes[1:], strict=False)
                ]
                return self.make(lambda *each: all(each), *tests)
            case tree.Call(name="not" | "and" | "or" as name):
                tests = [self.truth(each, scope, frame) for each in node.operands]
                combine = {"and": lambda *a: all(a), "or": lambda *a: any(a), "not": _not}[name]
                return self.make(combine, *tests)
            case tree.Call(name="if"):
                yes, test, no = (self.truth(each, scope, frame) for each in node.operands)
                return self.make(lambda a, b, c: a if b else c, yes, test, no)
        assert isinstance(node, tree.Name)
        thunk = scope.names[node.name]
        return self.truth(thunk.node, thunk.scope, thunk.frame or frame)

    def comparison(self, operator: str) -> Callable[[Real, Real], bool]:
        reals = self.reals
        return {
            "<": reals.less,
            "<=": lambda a, b: not reals.less(b, a),
            ">": lambda a, b: reals.less(b, a),
            ">=": lambda a, b: not reals.less(a, b),
            "==": reals.equal,
            "!=": lambda a, b: not reals.equal(a, b),
        }[operator]

    # lists

    def items(self, node: Node, scope: Scope, frame: Frame, *, time: bool) -> list[Any]:
        while isinstance(node, tree.Name):
            thunk = scope.names[node.name]
            node, scope, frame = thunk.node, thunk.scope, thunk.frame or frame
        assert isinstance(node, tree.List)
        read = self.time if time else self.number
        codes = [read(each, scope, frame) for each in node.items]
        return [self.fixed(code) if time else code.at(0) for code in codes]

    def listed(self, given: dict[str, Node], scope: Scope, frame: Frame) -> Code:
        t, reals = frame.t, self.reals
        if "index" in given:
            values = self.items(given["values"], scope, frame, time=False)
            index = self.number(given["index"], scope, frame).at
            last = len(values) - 1
            return Code(lambda step: values[min(max(reals.floor(index(step)), 0), last)])
        moments = given.get("times") or given["boundaries"]
        times = sorted(self.items(moments, scope, frame, time=True))
        if "values" not in given:
            return Code(lambda step: bisect_right(times, t(step)))
        values = self.items(given["values"], scope, frame, time=False)
        if "boundaries" in given:
            return Code(lambda step: values[bisect_right(times, t(step))])
        return Code(lambda step: self.between(times, values, t(step)))

    def between(self, times: list[Fraction], values: list[Any], t: int) -> Any:
        place = bisect_right(times, t)
        if place in (0, len(times)):
            return values[max(place - 1, 0)]
        share = (t - times[place - 1]) / (times[place] - times[place - 1])
        rise = self.reals.add(values[place], self.reals.negative(values[place - 1]))
        return self.reals.add(values[place - 1], self.reals.multiply(rise, share))


def _over(a: int, b: int) -> Fraction:
    return Fraction(a, b)


def _inverse(a: Any) -> Any:
    raise AssertionError("a product begins with no division")


def _not(a: bool) -> bool:
    return not a


def _bits(value: int | Fraction) -> int:
    return value.numerator.bit_length() + value.denominator.bit_length()
