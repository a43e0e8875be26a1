"""The schedulers of torch, and what each is here."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any

from lrdsl.convert.build import build_schedule
from lrdsl.convert.call_syntax import Code, Spec, bind, read_spec, with_arguments
from lrdsl.convert.numbers import items, number, numbers_text, steps_text
from lrdsl.convert.templates import CALLABLE, METRIC, Arguments, by, fill, find_row, sequence, table
from lrdsl.schedule import Schedule


def _one_cycle_linear(a: Arguments) -> str:
    """Straight lines through the ends of torch's phases, which need not be whole steps."""
    steps, rise = number(a["total_steps"], "total_steps"), number(a["pct_start"], "pct_start")
    peak = number(a["max_lr"], "max_lr")
    low = peak / number(a["div_factor"], "div_factor")
    last = low / number(a["final_div_factor"], "final_div_factor")
    points = [(Fraction(0), low), (rise * steps - 1, peak)]
    if a["three_phase"]:
        points.append((2 * rise * steps - 2, low))
    points.append((steps - 1, last))
    if any(later[0] <= earlier[0] for earlier, later in pairwise(points)):
        raise ValueError("`pct_start` leaves a phase without a step, which torch divides by")
    at, values = ([point[side] for point in points] for side in (0, 1))
    return f"interp({steps_text(at, 'total_steps')}, {numbers_text(values, 'max_lr')})"


def _one_cycle(a: Arguments) -> str:
    if a["total_steps"] is None:
        if a["epochs"] is None or a["steps_per_epoch"] is None:
            raise ValueError("`OneCycleLR` needs `total_steps`, or `epochs` and `steps_per_epoch`")
        whole = (number(a[name], name) for name in ("epochs", "steps_per_epoch"))
        a = {**a, "total_steps": next(whole) * next(whole)}
    return fill(by("anneal_strategy", {
        "cos": "one_cycle({max_lr}, rise={pct_start}, div={div_factor}, "
               "final_div={final_div_factor}, over={total_steps:st}, three_phase={three_phase})",
        "linear": _one_cycle_linear,
    }), a)  # fmt: skip


def _multistep(a: Arguments) -> str:
    milestones = items(a["milestones"], "milestones")
    at = sorted(number(each, "milestones") for each in milestones)
    return f"multistep({{lr}}, {{gamma}}, {steps_text(at, 'milestones')})"


def _multiplicative(a: Arguments) -> str:
    if isinstance(a["lr_lambda"], Code) or callable(a["lr_lambda"]):
        raise ValueError(
            f"`MultiplicativeLR` {CALLABLE} in `recur(lr, prev * FACTOR, every=1st)`; "
            "a constant factor is given as a number"
        )
    return "exponential({lr}, {lr_lambda}, every=1st)"


TORCH = table({
    "StepLR(step_size, gamma=0.1)": "step_decay({lr}, {gamma}, every={step_size:st})",
    "MultiStepLR(milestones, gamma=0.1)": _multistep,
    "ExponentialLR(gamma)": "exponential({lr}, {gamma}, every=1st)",
    "ConstantLR(factor=1/3, total_iters=5)": "{lr} * {factor} for {total_iters:st} then {lr}",
    "LinearLR(start_factor=1/3, end_factor=1.0, total_iters=5)":
        "linear({lr} * {start_factor}, {lr} * {end_factor}, over={total_iters:st})",
    "PolynomialLR(total_iters=5, power=1.0)":
        "polynomial({lr}, power={power}, over={total_iters:st})",
    "CosineAnnealingLR(T_max, eta_min=0.0)": "cosine_annealing({lr}, {eta_min}, half={T_max:st})",
    "CosineAnnealingWarmRestarts(T_0, T_mult=1, eta_min=0.0)":
        "cosine_restarts({lr}, {eta_min}, every={T_0:st}, growth={T_mult})",
    "OneCycleLR(max_lr, total_steps=None, epochs=None, steps_per_epoch=None, pct_start=0.3, "
    "anneal_strategy='cos', cycle_momentum=True, base_momentum=0.85, max_momentum=0.95, "
    "div_factor=25.0, final_div_factor=10000.0, three_phase=False)": _one_cycle,
    "CyclicLR(base_lr, max_lr, step_size_up=2000, step_size_down=None, mode='triangular', "
    "gamma=1.0)": lambda a: fill(by("mode", {
        name: f"{name}({{base_lr}}, {{max_lr}}, half={{step_size_up:st}}, "
              f"down={{step_size_down:st}}{', decay={gamma}' * (name == 'exp_range')})"
        for name in ("triangular", "triangular2", "exp_range")
    }), {**a, "step_size_down": a["step_size_up"] if a["step_size_down"] is None
             else a["step_size_down"]}),
    "MultiplicativeLR(lr_lambda)": _multiplicative,
    "SWALR(swa_lr, anneal_epochs=10, anneal_strategy='cos')":
        by("anneal_epochs", {0: "{swa_lr}", ...: by("anneal_strategy", {
            "cos": "cosine({lr}, {swa_lr}, over={anneal_epochs:st})",
            "linear": "linear({lr}, {swa_lr}, over={anneal_epochs:st})",
        })}),
    "SequentialLR(schedulers, milestones)":
        lambda a: sequence(a["schedulers"], a["milestones"], "milestones"),
    "ChainedScheduler(schedulers)": lambda a: " * ".join(f"({each})" for each in a["schedulers"]),
})  # fmt: skip
_REFUSED = {
    "LambdaLR": f"{CALLABLE}: `lr * 0.95^epoch` for `lambda epoch: 0.95**epoch`",
    "ReduceLROnPlateau": METRIC,
}
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
    row = find_row("torch", TORCH, _REFUSED, spec)
    bound = bind(row.signature, spec, _IGNORED)
    if lr is None and "max_lr" not in bound:
        raise ValueError(f"`{spec.name}` needs `lr`, the rate of the optimizer")
    if "schedulers" in bound:
        bound["schedulers"] = _inner_texts(spec.name, bound["schedulers"], lr)
    return fill(row.template, {**bound, "lr": lr})


def _inner_texts(outer: str, schedulers: Any, lr: float | None) -> list[str]:
    """The schedulers inside another; a product has the rate only once."""
    specs = [read_spec(each, "a torch scheduler") for each in items(schedulers, "schedulers")]
    if not specs:
        raise ValueError("`schedulers` is empty")
    chained = outer == "ChainedScheduler"
    for place, each in enumerate(specs):
        find_row("torch", TORCH, _REFUSED, each)  # which raises where there is none
        if each.name not in (_FACTORS if chained else _RESTARTABLE) and (chained or place):
            raise ValueError(
                f"`{each.name}` inside `{outer}` goes on from the rate that the others leave; "
                "convert it by itself and join the expressions with `then` or `*`"
            )
    return [_text(each, 1 if chained and place else lr) for place, each in enumerate(specs)]
