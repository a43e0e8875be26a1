"""The built-in functions and names, as tables: types, documentation and what people call them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# `quantity` is a number or a time, the same for all such parameters of a call.
Type = Literal["number", "time", "truth", "numbers", "times", "schedule", "quantity"]
PARAMETER_TYPES = ("number", "time", "numbers", "times", "schedule")


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    type: Type = "number"
    default: str | None = None

    def __str__(self) -> str:
        kind = "" if self.type in ("number", "quantity") else f": {self.type}"
        return self.name + kind + ("" if self.default is None else f" = {self.default}")


@dataclass(frozen=True, slots=True)
class Signature:
    """What a call of a function looks like; built-in and library functions alike."""

    name: str
    parameters: tuple[Parameter, ...]
    result: Type = "number"
    doc: str = ""
    example: str = ""
    variadic: bool = False  # the last parameter may be repeated

    def __str__(self) -> str:
        inside = ", ".join(map(str, self.parameters)) + (", ..." if self.variadic else "")
        return f"{self.name}({inside})"

    @property
    def required(self) -> int:
        return sum(parameter.default is None for parameter in self.parameters)


def _number(name: str, doc: str, example: str) -> Signature:
    return Signature(name, (Parameter("x"),), "number", doc, example)


def _quantity(
    name: str, names: str, doc: str, example: str, *, variadic: bool = False
) -> Signature:
    parameters = tuple(Parameter(each, "quantity") for each in names.split())
    return Signature(name, parameters, "quantity", doc, example, variadic)


_TIMES, _VALUES = Parameter("times", "times"), Parameter("values", "numbers")

BUILTINS = {
    signature.name: signature
    for signature in (
        _quantity("abs", "x", "The value without its sign.", "abs(epoch - 5)"),
        _quantity("min", "a b", "The smallest argument.", "min(0.1, 0.01 * epoch)", variadic=True),
        _quantity("max", "a b", "The largest argument.", "max(1e-5, 0.1 - 0.01 * epoch)",
                  variadic=True),
        _quantity("clamp", "x low high", "`x`, but at least `low` and at most `high`.",
                  "clamp(0.1 - 0.01 * epoch, 0.01, 0.05)"),
        _number("floor", "The largest whole number that is not above `x`; exact for clocks.",
                "0.1 * 0.5^floor(epoch / 10)"),
        _number("ceil", "The smallest whole number that is not below `x`; exact for clocks.",
                "0.1 * 0.5^ceil(epoch / 10)"),
        _number("round", "The nearest whole number, ties to the even one, as in Python.",
                "0.1 * 0.5^round(epoch / 10)"),
        _number("sqrt", "The square root.", "0.1 / sqrt(1 + epoch)"),
        _number("exp", "e to the power of `x`.", "0.01 * exp(-0.1 * epoch)"),
        _number("log", "The natural logarithm.", "0.1 / (1 + log(1 + epoch))"),
        _number("sin", "The sine of `x` in radians.", "0.1 * sin(pi / 2 * (1 - progress))"),
        _number("cos", "The cosine of `x` in radians.", "0.05 * (1 + cos(pi * progress))"),
        _number("tanh", "The hyperbolic tangent.", "0.1 * (1 - tanh(3 * progress))"),
        _quantity("mod", "a b", "The remainder of floor division, with the sign of `b`.",
                  "0.1 * 0.9^mod(epoch, 5)"),
        Signature("piecewise", (Parameter("boundaries", "times"), _VALUES), "number",
                  "One more value than boundaries; the value changes at its boundary (`t >= b`).",
                  "piecewise([30, 60], [0.1, 0.01, 0.001])"),
        Signature("interp", (_TIMES, _VALUES), "number",
                  "Straight lines through the points; flat before the first and after the last.",
                  "interp([0, 5, 80], [0, 0.1, 0.001])"),
        Signature("pick", (_VALUES, Parameter("index")), "number",
                  "The value at `index`, from 0, rounded down and kept inside the list.",
                  "pick([0.1, 0.05, 0.02], epoch / 20)"),
        Signature("passed", (_TIMES,), "number", "How many of the times are reached.",
                  "0.1 * 0.1^passed([30, 60, 80])"),
        Signature("cycle",
                  (Parameter("expr", "schedule"), Parameter("every", "time"),
                   Parameter("growth", "number", "1")), "number",
                  "`expr` again and again, its clock restarted `every` so often; each period is "
                  "`growth` times the one before.", "cycle(cosine(0.1, 0), every=10ep, growth=2)"),
        Signature("at", (Parameter("expr", "schedule"), Parameter("time", "time")), "number",
                  "The value of `expr` at another moment, all clocks moved together.",
                  "at(0.1 * 0.5^epoch, t - 2ep if t > 2ep else 0ep)"),
        Signature("recur",
                  (Parameter("first"), Parameter("next", "schedule"),
                   Parameter("every", "time", "1ep")), "number",
                  "`first`, and in every later window `next` of the value before, `prev`.",
                  "recur(0.01, prev / (1 + 0.0001 * epoch))"),
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Clock:
    """A name that the language gives: its type and the timeline fields that it needs."""

    name: str
    type: Literal["number", "time"]
    doc: str


NAMES = {
    clock.name: clock
    for clock in (
        Clock("step", "number", "optimizer updates made so far; 0 at the first update"),
        Clock("epoch", "number", "`step / steps_per_epoch`; exactly k at the start of epoch k"),
        Clock("progress", "number", "`step / total_steps`"),
        Clock("steps_per_epoch", "number", "updates in an epoch"),
        Clock("total_steps", "number", "updates in the run"),
        Clock("total_epochs", "number", "epochs in the run"),
        Clock("batch_size", "number", "samples in an update"),
        Clock("t", "time", "time since the current part began"),
        Clock("span", "time", "how long the current part lasts; at top level, the run"),
        Clock("lap", "number", "inside `cycle`: which repetition this is, from 0"),
        Clock("prev", "number", "inside `recur`: the value before"),
        Clock("pi", "number", "3.14159..."),
    )
}

RESERVED = ("for", "then", "where", "if", "else", "and", "or", "not")

# Other tools' words for what has another name here.
SYNONYMS = {
    "clip": "clamp", "clip_by_value": "clamp", "ln": "log", "steps": "step", "epochs": "epoch",
    "global_step": "step", "iteration": "step", "iterations": "step", "minimum": "min",
    "maximum": "max", "fmod": "mod", "cosine_decay": "cosine", "CosineDecay": "cosine",
    "exponential_decay": "exponential", "ExponentialDecay": "exponential", "step_lr": "step_decay",
    "PolynomialDecay": "polynomial", "InverseTimeDecay": "inverse_time", "poly": "polynomial",
    "PiecewiseConstantDecay": "piecewise", "CosineDecayRestarts": "cosine_restarts",
    "StepLR": "step_decay", "MultiStepLR": "multistep", "OneCycleLR": "one_cycle",
    "onecycle": "one_cycle", "int": "floor", "lr_prev": "prev", "lr": "prev", "scan": "recur",
    "warmup_steps": "warmup", "warm_up": "warmup", "num_epochs": "total_epochs",
    "max_steps": "total_steps", "T": "span", "u": "progress", "inverse_sqrt": "rsqrt",
}  # fmt: skip
