"""The schedulers of torch over an optimizer of one rate, also inside each other."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any

from lrdsl.convert.build import build_schedule
from lrdsl.convert.call_syntax import Code, Spec, bind, read_spec, with_arguments
from lrdsl.convert.numbers import items, number, numbers_of, numbers_text, steps_text
from lrdsl.convert.templates import CALLABLE, Arguments, Table, sequence
from lrdsl.schedule import Schedule


def _one_cycle(a: Arguments) -> Arguments:
    """The length of the run and, where its lines are straight, the expression."""
    if a["total_steps"] is None:
        if a["epochs"] is None or a["steps_per_epoch"] is None:
            raise ValueError("`OneCycleLR` needs `total_steps`, or `epochs` and `steps_per_epoch`")
        epochs, length = numbers_of(a, "epochs", "steps_per_epoch")
        a = {**a, "total_steps": epochs * length}
    straight = a["anneal_strategy"] == "linear"
    return {"total_steps": a["total_steps"], "lines": _lines(a) if straight else ""}


def _lines(a: Arguments) -> str:
    """Through the ends of torch's phases, which need not be whole steps."""
    names = ("total_steps", "pct_start", "max_lr", "div_factor", "final_div_factor")
    steps, rise, peak, div, final = numbers_of(a, *names)
    low = peak / div
    at, values = [Fraction(0), rise * steps - 1, steps - 1], [low, peak, low / final]
    if a["three_phase"]:
        at.insert(2, 2 * rise * steps - 2)
        values.insert(2, low)
    if any(later <= earlier for earlier, later in pairwise(at)):
        raise ValueError("`pct_start` leaves a phase without a step, which torch divides by")
    return f"interp({steps_text(at, 'total_steps')}, {numbers_text(values, 'max_lr')})"


def _cyclic(a: Arguments) -> Arguments:
    return {"step_size_down": a["step_size_up"]} if a["step_size_down"] is None else {}


def _multistep(a: Arguments) -> Arguments:
    milestones = items(a["milestones"], "milestones")
    return {"milestones": sorted(number(each, "milestones") for each in milestones)}


def _multiplicative(a: Arguments) -> Arguments:
    if isinstance(a["lr_lambda"], Code) or callable(a["lr_lambda"]):
        raise ValueError(
            f"`MultiplicativeLR` {CALLABLE} in `recur(lr, prev * FACTOR, every=1st)`; "
            "a constant factor is given as a number"
        )
    return {}


TORCH = Table(
    "torch",
    {
        "MultiStepLR": _multistep,
        "OneCycleLR": _one_cycle,
        "CyclicLR": _cyclic,
        "MultiplicativeLR": _multiplicative,
        "SequentialLR": lambda a: {
            "joined": sequence(a["schedulers"], a["milestones"], "milestones")
        },
        "ChainedScheduler": lambda a: {"product": " * ".join(f"({e})" for e in a["schedulers"])},
    },
)
# What has no effect on the rate.
_IGNORED = ("last_epoch", "verbose", "cycle_momentum", "base_momentum", "max_momentum")
# Each changes the rate by a factor that does not depend on the rate, so that a chain of them is
# their product.
_FACTORS = (
    "StepLR", "MultiStepLR", "ExponentialLR", "ConstantLR", "LinearLR", "PolynomialLR",
    "MultiplicativeLR",
)  # fmt: skip
# What torch starts afresh at a milestone; the others go on from the rate before, or change it.
_RESTARTABLE = (
    "StepLR", "MultiStepLR", "ExponentialLR", "ConstantLR", "LinearLR", "PolynomialLR",
    "CosineAnnealingLR", "CosineAnnealingWarmRestarts",
)  # fmt: skip


def from_torch(
    spec: Any, /, lr: float | None = None, *, per_epoch: bool = False, **arguments: Any
) -> Schedule:
    """A scheduler of torch: `from_torch("StepLR(step_size=30)", lr=0.1)`.

    spec: a call as text, or the name with `arguments` apart.
    lr: the rate of the optimizer.
    per_epoch: `scheduler.step()` is called once per epoch, not after every update.
    """
    text = _text(with_arguments(read_spec(spec, "a torch scheduler"), arguments), lr)
    return build_schedule(text, per_epoch=per_epoch)


def _text(spec: Spec, lr: float | None) -> str:
    """The expression of a scheduler over an optimizer of this rate."""
    bound = bind(TORCH.signature(spec), spec, _IGNORED)
    if lr is None and "max_lr" not in bound:
        raise ValueError(f"`{spec.name}` needs `lr`, the rate of the optimizer")
    if "schedulers" in bound:
        bound["schedulers"] = _inner_texts(spec.name, bound["schedulers"], lr)
    return TORCH.text(spec, {**bound, "lr": lr})


def _inner_texts(outer: str, schedulers: Any, lr: float | None) -> list[str]:
    """The schedulers inside another; a product has the rate only once."""
    specs = [read_spec(each, "a torch scheduler") for each in items(schedulers, "schedulers")]
    if not specs:
        raise ValueError("`schedulers` is empty")
    chained = outer == "ChainedScheduler"
    for place, each in enumerate(specs):
        TORCH.signature(each)  # which raises where there is none
        if each.name not in (_FACTORS if chained else _RESTARTABLE) and (chained or place):
            raise ValueError(
                f"`{each.name}` inside `{outer}` goes on from the rate that the others leave; "
                "convert it by itself and join the expressions with `then` or `*`"
            )
    return [_text(each, 1 if chained and place else lr) for place, each in enumerate(specs)]
