"""What the rate of one step costs outside TensorFlow: torch, JAX and plain Python."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from typing import Any

from benchmarks.hlo import instructions
from benchmarks.options import Options
from benchmarks.tables import Cell, Measurement, Row, Table
from benchmarks.timer import Task, interleaved
from lrdsl import Schedule, Timeline

STEPS = 1_000_000  # schedulers are stepped so often that they must not run out
RUN = Timeline(total_steps=STEPS)
WARM = STEPS // 10
PEAK, END = 0.1, 0.001

LINEAR = "linear(0.01, 0.1, over=10%)"
COSINE = "cosine_annealing(0.1, 0.001)"
WARM_COSINE = "linear(0.001, 0.1) for 10% then cosine(0.1, 0.001)"
EXPONENTIAL = "0.1 * 0.999999^step"
MULTISTEP = "multistep(0.1, 0.1, [30%, 60%, 80%])"


def measure(options: Options) -> list[Measurement]:
    """Plain Python; torch's schedulers and optax' where they are installed."""
    tables = [partial(_python, options)]
    if find_spec("torch"):
        tables.append(partial(_torch, options))
    if find_spec("jax") and find_spec("optax"):
        tables.append(partial(_jax, options))
    return tables


# Plain Python


def _python(options: Options) -> Table:
    """A value at one step, the step being another each time."""
    rows: dict[str, dict[str, Cell]] = {}
    texts = {
        "exponential": (EXPONENTIAL, "0.1 * 0.999999 ** step"),
        "cosine": (COSINE, "0.001 + 0.0495 * (1 + cos(pi * step / 1000000))"),
    }
    for column, (text, formula) in texts.items():
        tasks = _evaluators(text, formula)
        times = interleaved(tasks, seconds=options.seconds(3), rounds=options.rounds(31))
        for name in tasks:
            rows.setdefault(name, {})[column] = times.ratio(name, "Python function")
            rows[name][f"{column} us"] = times.median(name) * 1e6
    wanted = ("simpleeval", "numexpr", "torch", "optax")
    skipped = [name for name in wanted if not find_spec(name)]
    notes = [f"{name} is missing: `pip install {name}`." for name in skipped]
    columns = [each for column in texts for each in (column, f"{column} us")]
    listed = [Row(name, cells) for name, cells in rows.items()]
    return Table("One step: Python", "a Python function of the formula", columns, listed, notes)


def _evaluators(text: str, formula: str) -> dict[str, Task]:
    import numpy as np

    names = {"cos": math.cos, "pi": math.pi}
    function = eval(f"lambda step: {formula}", names)
    code = compile(formula, "formula", "eval")
    schedule = Schedule(text)
    steps = np.arange(1000)
    count = _counter()
    tasks: dict[str, Task] = {
        "Python function": lambda: function(count()),
        "eval of compiled code": lambda: eval(code, names, {"step": count()}),
        "lrdsl, value": lambda: schedule.value(count(), RUN),
        "lrdsl, values of 1,000": lambda: schedule.values(RUN, steps),
    }
    tasks |= _other_evaluators(formula, count)
    assert math.isclose(function(1234), schedule.value(1234, RUN), rel_tol=1e-9)
    return tasks


def _other_evaluators(formula: str, count: Callable[[], int]) -> dict[str, Task]:
    tasks: dict[str, Task] = {}
    if find_spec("simpleeval"):
        import simpleeval

        reader = simpleeval.SimpleEval(functions={"cos": math.cos})
        parsed = reader.parse(formula)

        def evaluate() -> Any:
            reader.names = {"step": count(), "pi": math.pi}
            return reader.eval(formula, previously_parsed=parsed)

        tasks["simpleeval, parsed before"] = evaluate
    if find_spec("numexpr"):
        import numexpr

        tasks["numexpr"] = lambda: numexpr.evaluate(
            formula, local_dict={"step": count(), "pi": math.pi}
        )
    return tasks


def _counter() -> Callable[[], int]:
    step = 0

    def count() -> int:
        nonlocal step
        step = (step + 7919) % STEPS
        return step

    return count


# torch


def _torch(options: Options) -> Table:
    rows, failed = [], []
    for name, text, make in _torch_peers():
        try:
            rows.append(_torch_row(name, text, make, options))
        except Exception as error:  # a peer that cannot be imported leaves the others alone
            failed.append(f"{name}: {type(error).__name__}: {str(error).splitlines()[0]}")
        if options.quick and len(rows) == 2:
            break
    return Table(
        "One step: torch schedulers", "the peer's scheduler",
        ["peer us", "lrdsl us", "lrdsl / peer"], rows,
        ["`step()` of a scheduler of an optimizer with one parameter group.", *failed],
    )  # fmt: skip


def _torch_row(
    name: str, text: str, make: Callable[[Any], Callable[[], Any]], options: Options
) -> Row:
    lr = Schedule(text)
    peer, mine = make(_optimizer()), lr.to_torch(_optimizer(), RUN).step
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        times = interleaved(
            {"peer": peer, "lrdsl": mine}, seconds=options.seconds(1), rounds=options.rounds(31)
        )
    return Row(f"{name}: `{text}`", {
        "peer us": times.median("peer") * 1e6, "lrdsl us": times.median("lrdsl") * 1e6,
        "lrdsl / peer": times.ratio("lrdsl", "peer"),
    })  # fmt: skip


def _optimizer() -> Any:
    import torch

    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(3))], lr=PEAK)


def _torch_peers() -> Iterator[tuple[str, str, Callable[[Any], Callable[[], Any]]]]:
    """Name, our text, and a function from an optimizer to a step of the scheduler."""
    from torch.optim import lr_scheduler as built

    def warm(optimizer: Any) -> Any:
        first = built.LinearLR(optimizer, 0.01, total_iters=WARM)
        rest = built.CosineAnnealingLR(optimizer, STEPS - WARM, END)
        return built.SequentialLR(optimizer, [first, rest], [WARM]).step

    def factor(step: int) -> float:
        if step < WARM:
            return 0.01 + 0.99 * step / WARM
        return 0.01 + 0.495 * (1 + math.cos(math.pi * (step - WARM) / (STEPS - WARM)))

    marks = [STEPS * k // 10 for k in (3, 6, 8)]
    yield "LambdaLR", WARM_COSINE, lambda o: built.LambdaLR(o, factor).step
    yield "SequentialLR", WARM_COSINE, warm
    yield "CosineAnnealingLR", COSINE, lambda o: built.CosineAnnealingLR(o, STEPS, END).step
    yield "ExponentialLR", EXPONENTIAL, lambda o: built.ExponentialLR(o, 0.999999).step
    yield "LinearLR", LINEAR, lambda o: built.LinearLR(o, 0.1, total_iters=WARM).step
    yield "MultiStepLR", MULTISTEP, lambda o: built.MultiStepLR(o, marks).step
    yield "StepLR", "step_decay(0.1, 0.1, every=10%)", lambda o: built.StepLR(o, WARM).step
    yield "PolynomialLR", "polynomial(0.1)", lambda o: built.PolynomialLR(o, STEPS).step
    yield (
        "CosineAnnealingWarmRestarts",
        "cosine_restarts(0.1, 0.001, every=10%)",
        (lambda o: built.CosineAnnealingWarmRestarts(o, WARM, eta_min=END).step),
    )
    yield (
        "CyclicLR",
        "triangular(0.001, 0.1, half=100st)",
        (lambda o: built.CyclicLR(o, END, PEAK, 100, cycle_momentum=False).step),
    )
    yield (
        "OneCycleLR",
        "one_cycle(0.1)",
        (lambda o: built.OneCycleLR(o, PEAK, total_steps=10 * STEPS, cycle_momentum=False).step),
    )
    yield from _hub_peers()


def _hub_peers() -> Iterator[tuple[str, str, Callable[[Any], Callable[[], Any]]]]:
    def transformers(optimizer: Any) -> Any:
        from transformers import get_cosine_schedule_with_warmup

        return get_cosine_schedule_with_warmup(optimizer, WARM, STEPS).step

    def timm(optimizer: Any) -> Any:
        from timm.scheduler import CosineLRScheduler

        scheduler = CosineLRScheduler(
            optimizer, t_initial=STEPS - WARM, lr_min=END, warmup_t=WARM, warmup_lr_init=END,
            warmup_prefix=True, t_in_epochs=False,
        )  # fmt: skip
        count = _counter()
        return lambda: scheduler.step_update(count())

    yield "transformers cosine", "linear(0, 0.1) for 10% then cosine(0.1)", transformers
    yield "timm CosineLRScheduler", WARM_COSINE, timm


# JAX


def _jax(options: Options) -> Table:
    rows = [_jax_row(*pair, options) for pair in _optax_pairs(options)]
    return Table(
        "One step: optax schedules", "optax' schedule",
        ["optax us, jit", "lrdsl / optax, jit", "lrdsl / optax, no jit", "optax XLA instructions",
         "lrdsl XLA instructions"], rows,
        ["Of an int32 step; JAX as it is by default, without 64 bits, in which lrdsl still gives "
         "the rates rounded once from float64."],
    )  # fmt: skip


def _jax_row(name: str, peer: Any, text: str, options: Options) -> Row:
    import jax

    step = jax.numpy.asarray(1234, jax.numpy.int32)
    both = {"optax": peer, "lrdsl": Schedule(text).to_jax(RUN)}
    seconds, rounds = options.seconds(1.5), options.rounds(31)

    def task(call: Callable[[Any], Any]) -> Task:
        return lambda: jax.block_until_ready(call(step))

    compiled = {each: jax.jit(call) for each, call in both.items()}
    jit = interleaved(
        {each: task(call) for each, call in compiled.items()}, seconds=seconds, rounds=rounds
    )
    eager = interleaved(
        {each: task(call) for each, call in both.items()}, seconds=seconds, rounds=rounds
    )
    cells: dict[str, Cell] = {
        "optax us, jit": jit.median("optax") * 1e6,
        "lrdsl / optax, jit": jit.ratio("lrdsl", "optax"),
        "lrdsl / optax, no jit": eager.ratio("lrdsl", "optax"),
    }
    for each, call in compiled.items():
        text_of = call.lower(step).compile().as_text()
        cells[f"{each} XLA instructions"] = instructions(text_of)
    return Row(f"{name}: `{text}`", cells)


def _optax_pairs(options: Options) -> Iterator[tuple[str, Any, str]]:
    import optax

    yield (
        "warmup_cosine_decay_schedule",
        optax.warmup_cosine_decay_schedule(END, PEAK, WARM, STEPS, END),
        WARM_COSINE,
    )
    if options.quick:
        return
    yield "constant_schedule", optax.constant_schedule(PEAK), "0.1"
    yield "linear_schedule", optax.linear_schedule(0.01, PEAK, WARM), LINEAR
    yield (
        "cosine_decay_schedule",
        optax.cosine_decay_schedule(PEAK, STEPS, 0.01),
        ("cosine(0.1, 0.001)"),
    )
    yield (
        "exponential_decay",
        optax.exponential_decay(PEAK, 1000, 0.99),
        ("exponential(0.1, 0.99, every=1000st)"),
    )
    yield (
        "polynomial_schedule",
        optax.polynomial_schedule(PEAK, END, 2, STEPS),
        ("polynomial(0.1, 0.001, power=2)"),
    )
    parts = {STEPS * k // 10: 0.1 for k in (3, 6, 8)}
    yield "piecewise_constant_schedule", optax.piecewise_constant_schedule(PEAK, parts), MULTISTEP
    many = {STEPS * k // 100: 0.97 for k in range(1, 100)}
    yield (
        "piecewise_constant_schedule, 100 parts",
        (optax.piecewise_constant_schedule(PEAK, many)),
        "step_decay(0.1, 0.97, every=1%)",
    )
