"""The tables of built-in functions and names: types, documentation, other tools' counterparts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# `quantity` is a number or a time, the same for all such parameters of a call.
ParameterType = Literal["number", "time", "numbers", "times", "schedule", "quantity"]
PARAMETER_TYPES = ("number", "time", "numbers", "times", "schedule")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a function, as its documentation shows it."""

    name: str
    type: ParameterType = "number"
    default: str | None = None
    doc: str = ""

    def __str__(self) -> str:
        kind = "" if self.type in ("number", "quantity") else f": {self.type}"
        return self.name + kind + ("" if self.default is None else f" = {self.default}")


@dataclass(frozen=True, slots=True)
class Peer:
    """Another tool's counterpart: its name, an example written in this language, differences."""

    tool: str
    name: str
    expr: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Signature:
    """The signature and documentation of a built-in or library function."""

    name: str
    parameters: tuple[Parameter, ...]
    result: ParameterType = "number"
    doc: str = ""
    example: str = ""
    variadic: bool = False  # the last parameter may be repeated
    group: str = ""
    peers: tuple[Peer, ...] = ()
    epochs: int = 100  # length of the run that the plot of the example shows

    def __str__(self) -> str:
        inside = ", ".join(map(str, self.parameters)) + (", ..." if self.variadic else "")
        return f"{self.name}({inside})"

    @property
    def required(self) -> int:
        """How many arguments a call has at least."""
        return sum(parameter.default is None for parameter in self.parameters)


def _number(name: str, doc: str, example: str, of: str = "a number") -> Signature:
    return Signature(name, (Parameter("x", doc=of),), "number", doc, example, group=NUMBERS)


def _quantity(
    name: str, meanings: dict[str, str], doc: str, example: str, *, variadic: bool = False
) -> Signature:
    parameters = tuple(Parameter(each, "quantity", doc=doc) for each, doc in meanings.items())
    return Signature(name, parameters, "quantity", doc, example, variadic, NUMBERS, epochs=20)


def _special(
    group: str,
    name: str,
    parameters: tuple[Parameter, ...],
    doc: str,
    example: str,
    epochs: int = 100,
) -> Signature:
    peers = _PEERS.get(name, ())
    return Signature(name, parameters, "number", doc, example, False, group, peers, epochs)


TIME, LISTS, NUMBERS = "built-in: time", "built-in: lists", "built-in: numbers"
_PEERS = {
    "piecewise": (
        Peer("Keras", "PiecewiseConstantDecay", "piecewise([101st, 201st], [0.1, 0.05, 0.01])",
             "changes one step after its boundaries, here 100 and 200"),
        Peer("TF1", "piecewise_constant", "piecewise([101st, 201st], [0.1, 0.05, 0.01])",
             "changes one step after its boundaries, here 100 and 200"),
        Peer("TFM", "PiecewiseConstantDecayWithOffset",
             "piecewise([101st, 201st], [0.1, 0.05, 0.01])", "as Keras'"),
        Peer("Paddle", "PiecewiseDecay", "piecewise([100st, 200st], [0.1, 0.05, 0.01])"),
        Peer("optax", "piecewise_constant_schedule", "piecewise([30, 60], [0.1, 0.01, 0.005])",
             "its scales multiply, here {30: 0.1, 60: 0.5} in epochs"),
        Peer("fvcore", "MultiStepParamScheduler", "piecewise([30, 60], [0.1, 0.01, 0.001])"),
        Peer("fvcore", "StepParamScheduler", "piecewise([25%, 50%, 75%], [0.1, 0.05, 0.02, 0.01])",
             "its values share the run equally"),
        Peer("fairseq", "fixed", "piecewise([1, 2, 10], [0.1, 0.05, 0.01, 0.001])",
             "its epochs count from 1; after its list, it goes on falling"),
    ),
    "interp": (
        Peer("optax", "piecewise_interpolate_schedule", "interp([0st, 500st, 9000st], [0, 0.1, 0])",
             "linear; its scales multiply"),
        Peer("optax", "linear_onecycle_schedule",
             "interp([0%, 30%, 85%, 100%], [0.004, 0.1, 0.004, 4e-7])"),
    ),
    "cycle": (
        Peer("optax", "sgdr_schedule", "cycle(linear(0, 0.1) for 1ep then cosine(0.1), every=10ep)",
             "of equal cycles"),
    ),
    "recur": (
        Peer("torch", "MultiplicativeLR", "recur(0.1, prev * 0.95)",
             "one of its steps is an epoch here"),
        Peer("Paddle", "MultiplicativeDecay", "recur(0.1, prev * 0.95)",
             "one of its steps is an epoch here"),
        Peer("Keras", "LearningRateScheduler", "recur(0.1, prev * 0.95 if epoch >= 10 else prev)",
             "of a function of the epoch and the rate before"),
    ),
}  # fmt: skip

BUILTINS = {
    signature.name: signature
    for signature in (
        _quantity("abs", {"x": "a number or a time"}, "The value without its sign.",
                  "abs(epoch - 5)"),
        _quantity("min", {"a": "a number or a time", "b": "another of the same type"},
                  "The smallest argument.", "min(0.1, 0.01 * epoch)", variadic=True),
        _quantity("max", {"a": "a number or a time", "b": "another of the same type"},
                  "The largest argument.", "max(1e-5, 0.1 - 0.01 * epoch)", variadic=True),
        _quantity("clamp",
                  {"x": "a number or a time", "low": "the least result", "high": "the greatest"},
                  "`x`, but at least `low` and at most `high`.",
                  "clamp(0.1 - 0.01 * epoch, 0.01, 0.05)"),
        _number("floor", "The largest whole number that is not above `x`; exact for clocks.",
                "0.1 * 0.5^floor(epoch / 10)"),
        _number("ceil", "The smallest whole number that is not below `x`; exact for clocks.",
                "0.1 * 0.5^ceil(epoch / 10)"),
        _number("round", "The nearest whole number, ties to the even one, as in Python.",
                "0.1 * 0.5^round(epoch / 10)"),
        _number("sqrt", "The square root.", "0.1 / sqrt(1 + epoch)", "a number that is at least 0"),
        _number("exp", "e to the power of `x`.", "0.01 * exp(-0.1 * epoch)"),
        _number("log", "The natural logarithm.", "0.1 / (1 + log(1 + epoch))", "a number above 0"),
        _number("sin", "The sine of `x` in radians.", "0.1 * sin(pi / 2 * (1 - progress))"),
        _number("cos", "The cosine of `x` in radians.", "0.05 * (1 + cos(pi * progress))"),
        _number("tanh", "The hyperbolic tangent.", "0.1 * (1 - tanh(3 * progress))"),
        _quantity("mod", {"a": "a number or a time", "b": "what divides it, of the same type"},
                  "The remainder of floor division, with the sign of `b`.",
                  "0.1 * 0.9^mod(epoch, 5)"),
        _special(LISTS, "piecewise",
                  (Parameter("boundaries", "times", doc="when the value changes"),
                   Parameter("values", "numbers", doc="the values between the boundaries")),
                  "One more value than boundaries; the value changes at its boundary (`t >= b`).",
                  "piecewise([30, 60], [0.1, 0.01, 0.001])"),
        _special(LISTS, "interp",
                  (Parameter("times", "times", doc="where the points are"),
                   Parameter("values", "numbers", doc="the value of each point")),
                  "Straight lines through the points; flat before the first and after the last.",
                  "interp([0, 5, 80], [0, 0.1, 0.001])"),
        _special(LISTS, "pick",
                  (Parameter("values", "numbers", doc="what to choose from"),
                   Parameter("index", doc="which of them, from 0")),
                  "The value at `index`, from 0, rounded down and kept inside the list.",
                  "pick([0.1, 0.05, 0.02], epoch / 20)"),
        _special(LISTS, "passed", (Parameter("times", "times", doc="the moments to count"),),
                  "How many of the times are reached.", "0.1 * 0.1^passed([30, 60, 80])"),
        _special(TIME, "cycle",
                 (Parameter("expr", "schedule", doc="what each period runs"),
                  Parameter("every", "time", doc="how long the first period lasts"),
                  Parameter("growth", "number", "1", "how many times longer each one is")),
                 "`expr` again and again, its clock restarted `every` so often; each period is "
                 "`growth` times the one before.", "cycle(cosine(0.1, 0), every=10ep, growth=2)"),
        _special(TIME, "at",
                 (Parameter("expr", "schedule", doc="what to evaluate"),
                  Parameter("time", "time", doc="when, on the clock of the place of the call")),
                 "The value of `expr` at another moment, all clocks moved together.",
                 "at(0.1 * 0.5^epoch, t - 2ep if t > 2ep else 0ep)", epochs=10),
        _special(TIME, "recur",
                 (Parameter("first", doc="the value of the first window"),
                  Parameter("next", "schedule", doc="the next value, made of `prev`"),
                  Parameter("every", "time", "1ep", "how long a window is")),
                 "`first`, and in every later window `next` of the value before, `prev`.",
                 "recur(0.01, prev / (1 + 0.0001 * epoch))"),
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class BuiltinName:
    """A name that the language gives; one with `inside` has a value only in that function."""

    name: str
    type: Literal["number", "time"]
    doc: str
    inside: str | None = None


NAMES = {
    each.name: each
    for each in (
        BuiltinName("step", "number", "optimizer updates made so far; 0 at the first update"),
        BuiltinName("epoch", "number",
                    "`step / steps_per_epoch`; exactly k at the start of epoch k"),
        BuiltinName("progress", "number", "`step / total_steps`"),
        BuiltinName("steps_per_epoch", "number", "updates in an epoch"),
        BuiltinName("total_steps", "number", "updates in the run"),
        BuiltinName("total_epochs", "number", "epochs in the run"),
        BuiltinName("batch_size", "number", "samples in an update"),
        BuiltinName("t", "time", "time since the current part began"),
        BuiltinName("span", "time",
                    "how long the current part lasts; at top level, the run"),
        BuiltinName("lap", "number", "inside `cycle`: which repetition this is, from 0", "cycle"),
        BuiltinName("prev", "number", "inside `recur`: the value before", "recur"),
        BuiltinName("pi", "number", "3.14159..."),
    )
}  # fmt: skip
LOCAL_NAMES = frozenset(each.name for each in NAMES.values() if each.inside)

RESERVED = ("for", "then", "where", "if", "else", "and", "or", "not")
