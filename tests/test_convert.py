"""Schedules of other libraries become expressions: exact, short, and refused where they must be."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from test_peers import PEERS, tolerance

import lrdsl.keras
from lrdsl import Schedule, Timeline
from lrdsl.cli import main
from lrdsl.convert import (
    convert,
    from_caffe,
    from_keras,
    from_optax,
    from_t5x,
    from_torch,
    from_transformers,
)
from lrdsl.convert.caffe import CAFFE
from lrdsl.convert.call_syntax import read_arguments
from lrdsl.convert.keras import KERAS
from lrdsl.convert.optax import OPTAX
from lrdsl.convert.torch import TORCH
from lrdsl.convert.transformers import TRANSFORMERS

RUN = Timeline()
FACTORS = ("base_learning_rate={b}, warmup_steps={w}, decay_factor={df}, steps_per_decay={spd}, "
           "steps_per_cycle={spc}, min_learning_rate={m}")  # fmt: skip
CLR = "base_lr={lo}, max_lr={hi}, step_size_up={U:.0f}, step_size_down={D:.0f}"
ONE = "max_lr={M}, total_steps={N}, pct_start={p}, div_factor={d}, final_div_factor={D}"
TRI = "initial_learning_rate={lo}, maximal_learning_rate={hi}, step_size={k}"
WSD = "num_decay_steps={d}, num_stable_steps={h}, min_lr_ratio={r}, num_cycles={c}"
RISES, FALLS = ("linear", "cosine", "1-sqrt"), ("linear", "cosine", "1-sqrt")

# For each row of `peers.json`, by its peer (and, of transformers, its kind): library and call. The
# names in braces are parameters of the row; what the row fixes is written out.
SPECS: dict[str, tuple[str, str]] = {
    "T5X constant * linear_warmup * rsqrt_decay": ("t5x", FACTORS),
    "T5X constant * linear_warmup * rsqrt_normalized_decay": ("t5x", FACTORS),
    "T5X constant * decay_every": ("t5x", FACTORS),
    "T5X constant*linear_warmup*cosine_decay": ("t5x", FACTORS),
    "T5X linear_decay": ("t5x", FACTORS),
    "T5X constant * rsqrt_decay": ("t5x", FACTORS),
    "optax polynomial_schedule": ("optax", "polynomial_schedule({a}, {z}, {p}, {T}, {o})"),
    "optax piecewise_constant_schedule (>=)":
        ("optax", "piecewise_constant_schedule({a}, {{10: 0.5, 20: 0.1}})"),
    "optax exponential_decay stair+end":
        ("optax", "exponential_decay({a}, {T}, {d}, {o}, staircase=True, end_value={z})"),
    "optax cosine_decay_schedule":
        ("optax", "cosine_decay_schedule({a}, decay_steps={T}, alpha={al}, exponent={e})"),
    "optax": ("optax", "warmup_cosine_decay_schedule(init_value={i}, peak_value={p}, "
                       "warmup_steps={w}, decay_steps={N}, end_value={z})"),
    "optax piecewise_interpolate linear":
        ("optax", "piecewise_interpolate_schedule('linear', 200., {{5: 1.5, 10: 0.25}})"),
    "optax linear_onecycle":
        ("optax", "linear_onecycle_schedule(10, 1000., 0.3, 0.7, 10., 100.)"),
    "Keras ExponentialDecay": ("keras", "ExponentialDecay({b}, {n}, {r})"),
    "Keras ExponentialDecay staircase":
        ("keras", "ExponentialDecay({b}, {n}, {r}, staircase=True)"),
    "Keras InverseTimeDecay": ("keras", "InverseTimeDecay({b}, {n}, {r})"),
    "Keras InverseTimeDecay staircase":
        ("keras", "InverseTimeDecay({b}, {n}, {r}, staircase=True)"),
    "Keras PolynomialDecay": ("keras", "PolynomialDecay({b}, {n}, {e}, power={p})"),
    "Keras PolynomialDecay cycle":
        ("keras", "PolynomialDecay({b}, {n}, {e}, power={p}, cycle=True)"),
    "Keras PiecewiseConstantDecay": ("keras", "PiecewiseConstantDecay({bs}, {v})"),
    "Keras CosineDecay": ("keras", "CosineDecay({b}, {n}, alpha={a})"),
    "Keras CosineDecay warmup (decay_steps EXCL warmup)":
        ("keras", "CosineDecay({i}, {n}, {a}, warmup_target={t}, warmup_steps={w})"),
    **{f"Keras CosineDecayRestarts t={t} m={m}":
        ("keras", "CosineDecayRestarts({b}, {T}, t_mul={tm}, m_mul={mm}, alpha={a})")
       for t, m in ((1.0, 0.5), (2.0, 0.5), (1.5, 0.9))},
    "TF1 linear_cosine_decay":
        ("keras", "linear_cosine_decay({b}, step, {n}, num_periods={k}, alpha={al}, beta={be})"),
    "TF1 natural_exp_decay": ("keras", "natural_exp_decay({b}, global_step, {n}, {r})"),
    "TF1 natural_exp_decay staircase":
        ("keras", "natural_exp_decay({b}, global_step, {n}, {r}, staircase=True)"),
    "TF1 piecewise_constant": ("keras", "tf.train.piecewise_constant(x, {bs}, {v})"),
    "TFA Triangular": ("keras", f"TriangularCyclicalLearningRate({TRI})"),
    "TFA Triangular2": ("keras", f"Triangular2CyclicalLearningRate({TRI})"),
    "TFA Exponential(float step)":
        ("keras", f"ExponentialCyclicalLearningRate({TRI}, gamma={{g}})"),
    "torch ConstantLR": ("torch", "ConstantLR({f}, {n})"),
    "torch LinearLR": ("torch", "LinearLR({s0}, {s1}, {n})"),
    "torch StepLR": ("torch", "StepLR({k}, gamma={g})"),
    "torch MultiStepLR(dups)": ("torch", "MultiStepLR({ms}, gamma={g})"),
    "torch ExponentialLR": ("torch", "ExponentialLR({g})"),
    "torch PolynomialLR": ("torch", "PolynomialLR({n}, power={p})"),
    "torch CosineAnnealingLR": ("torch", "CosineAnnealingLR({T}, eta_min={m})"),
    **{f"torch CosineAnnealingWarmRestarts {T},{m}":
        ("torch", "CosineAnnealingWarmRestarts({T0}, T_mult={mul}, eta_min={m})")
       for T, m in ((7, 1), (3, 2), (5, 3))},
    **{f"torch OneCycleLR {how} three_phase={three}":
        ("torch", f"OneCycleLR({ONE}, anneal_strategy={how!r}, three_phase={three})")
       for how in ("cos", "linear") for three in (False, True)},
    "torch CyclicLR triangular asym": ("torch", f"CyclicLR({CLR})"),
    "torch CyclicLR triangular2": ("torch", f"CyclicLR({CLR}, mode='triangular2')"),
    "torch CyclicLR exp_range": ("torch", f"CyclicLR({CLR}, mode='exp_range', gamma={{g}})"),
    "torch SequentialLR(Linear,Cosine)":
        ("torch", "SequentialLR([LinearLR(0.1, total_iters={m}), CosineAnnealingLR({T})], [{m}])"),
    "torch MultiplicativeLR": ("torch", "MultiplicativeLR({g})"),
    "torch SWALR cos": ("torch", "SWALR({s}, anneal_epochs={n})"),
    "HF constant_with_warmup": ("transformers", "constant_with_warmup()"),
    "HF linear": ("transformers", "linear()"),
    "HF (rises again after N) cosine": ("transformers", "cosine(num_cycles={c})"),
    "HF cosine_hard_restarts": ("transformers", "cosine_with_restarts(num_cycles={c})"),
    "HF polynomial": ("transformers", "polynomial(lr_end={e}, power={p})"),
    "HF inverse_sqrt": ("transformers", "inverse_sqrt(timescale={ts})"),
    "HF cosine_with_min_lr": ("transformers", "cosine_with_min_lr(min_lr_rate={r})"),
    "HF cosine_warmup_with_min_lr":
        ("transformers", "cosine_warmup_with_min_lr(min_lr_rate={r}, warmup_lr_rate={r0})"),
    "HF cosine_warmup_with_min_lr(None)":
        ("transformers", "cosine_warmup_with_min_lr(min_lr_rate={r})"),
    **{f"HF warmup_stable_decay {rise}/{fall}":
        ("transformers",
         f"warmup_stable_decay({WSD}, warmup_type={rise!r}, decay_type={fall!r})")
       for rise in RISES for fall in FALLS},
}  # fmt: skip
IN_SCOPE = ("T5X", "optax", "Keras", "TF1", "TFA", "torch", "HF")
A_FUNCTION = "torch MultiplicativeLR e->1/(1+e)"


def key(peer: dict[str, Any]) -> str:
    name: str = peer["peer"]
    return f"{name} {peer['kind']}" if name in ("HF", "HF (rises again after N)") else name


def converted(peer: dict[str, Any]) -> Schedule:
    library, template = SPECS[key(peer)]
    numbers = peer["params"]
    call = template.format(**numbers)
    if library == "t5x":
        factors = peer["peer"].removeprefix("T5X ")
        return convert(library, factors, **dict(_pair(each) for each in call.split(", ")))
    more: dict[str, Any] = {}
    if library == "torch":
        more["lr"] = numbers.get("b")
    if library == "transformers":
        more = {"lr": numbers.get("b", 1.0), "num_warmup_steps": numbers["w"]}
        more |= {"num_training_steps": numbers["N"]} if "N" in numbers else {}
    return convert(library, call, **more)


def _pair(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    return name, float(value)


ROWS = [peer for peer in PEERS if peer["peer"].startswith(IN_SCOPE) and key(peer) != A_FUNCTION]


def test_every_row_in_scope_is_converted() -> None:
    assert {key(peer) for peer in ROWS} == set(SPECS)
    assert len(ROWS) == 70


@pytest.mark.parametrize("peer", ROWS, ids=key)
def test_rows(peer: dict[str, Any]) -> None:
    schedule = converted(peer)
    values = schedule.values(RUN, peer["steps"])
    # transformers' rows are multiples of a rate; a peer's 0 is sometimes 1e-17
    scale = peer["params"].get("b", 1.0) if peer["peer"].startswith("HF") else 1.0
    expected = scale * np.asarray(peer["values"])
    np.testing.assert_allclose(values, expected, rtol=tolerance(peer), atol=1e-16)
    assert str(schedule) == schedule.expr
    assert len(schedule.expr) <= 100


TEXTS = [
    ("torch", "StepLR(optimizer, step_size=30)", {"lr": 0.1}, "step_decay(0.1, 0.1, every=30st)"),
    ("torch", "torch.optim.lr_scheduler.ConstantLR()", {"lr": 0.3}, "0.1 for 5st then 0.3"),
    ("torch", "LinearLR()", {"lr": 1}, "linear(1 / 3, 1, over=5st)"),
    ("torch", "OneCycleLR(0.1, epochs=10, steps_per_epoch=391)", {}, "one_cycle(0.1, over=3910st)"),
    ("torch", "CyclicLR(0.1, 1, 4, cycle_momentum=False)", {}, "triangular(0.1, 1, half=4st)"),
    ("torch", "SWALR(0.05, 0)", {"lr": 1}, "0.05"),
    ("torch", "SWALR(0.05, 8, 'linear')", {"lr": 1}, "linear(1, 0.05, over=8st)"),
    ("torch", "PolynomialLR(2 * 45)", {"lr": 1}, "linear(1, 0, over=90st)"),
    ("torch", "ChainedScheduler([ConstantLR(0.1, 20), ExponentialLR(0.9)])", {"lr": 2},
     "(0.2 for 20st then 2) * exponential(1, 0.9, every=1st)"),
    ("torch", "SequentialLR(opt, [LinearLR(opt, 0.1, total_iters=8), "
     "CosineAnnealingLR(opt, T_max=20)], milestones=[8])", {"lr": 0.1},
     "linear(0.01, 0.1) for 8st then cosine_annealing(0.1, half=20st)"),
    ("optax", "optax.constant_schedule(1e-3)", {}, "0.001"),
    ("optax", "linear_schedule(1, 0.5, 0)", {}, "1"),
    ("optax", "polynomial_schedule(1, 0, 1, 10, transition_begin=5)", {},
     "1 for 5st then linear(1, 0, over=10st)"),
    ("optax", "exponential_decay(0.1, 10, 0.5, staircase=True)", {},
     "step_decay(0.1, 0.5, every=10st)"),
    ("optax", "exponential_decay(0.1, 10, 1.5, 3, end_value=0.2)", {},
     "0.1 for 3st then min(0.2, exponential(0.1, 1.5, every=10st))"),
    ("optax", "piecewise_constant_schedule(1, {30: 0.1, 60: 0.1})", {},
     "multistep(1, 0.1, [30st, 60st])"),
    ("optax", "piecewise_constant_schedule(0.1)", {}, "0.1"),
    ("optax", "piecewise_interpolate_schedule('cosine', 1, {10: 0.5, 30: 0.2})", {},
     "cosine(1, 0.5) for 10st then cosine(0.5, 0.1, over=20st)"),
    ("optax", "cosine_onecycle_schedule(100, 1.0)", {},
     "cosine(0.04, 1) for 30st then cosine(1, 4e-6, over=70st)"),
    ("optax", "warmup_constant_schedule(0.01, 0.1, 5)", {}, "linear(0.01, 0.1, over=5st)"),
    ("optax", "warmup_exponential_decay_schedule(0, 1, 30, 10, 0.9, transition_begin=5)", {},
     "linear(0, 1) for 30st then 1 for 5st then exponential(1, 0.9, every=10st)"),
    ("optax", "join_schedules([linear_schedule(0, 1, 10), cosine_decay_schedule(1, 90)], [10])",
     {}, "linear(0, 1) for 10st then cosine(1, over=90st)"),
    ("optax", "sgdr_schedule([dict(init_value=0, peak_value=1, warmup_steps=2, decay_steps=10), "
     "dict(init_value=0, peak_value=0.5, warmup_steps=0, decay_steps=20)])", {},
     "linear(0, 1) for 2st then cosine(1) for 8st then cosine(0.5, over=20st)"),
    ("transformers", "constant", {"lr": 5e-5}, "5e-5"),
    ("transformers", "cosine", {"lr": 5e-5, "warmup_ratio": 0.06},
     "linear(0, 5e-5) for 6% then cosine(5e-5)"),
    ("transformers", "cosine", {"lr": 5e-5, "warmup_ratio": 0.06, "num_training_steps": 110},
     "linear(0, 5e-5) for 7st then cosine_annealing(5e-5, half=103st)"),
    ("transformers", "cosine", {"lr": 1, "num_warmup_steps": 0.05, "num_cycles": 1},
     "linear(0, 1) for 5% then cosine_annealing(1, half=span / 2)"),
    ("transformers", "linear", {"lr": 2e-5}, "linear(2e-5, 0)"),
    ("transformers", "cosine_with_restarts",
     {"lr": 1, "num_warmup_steps": 10, "num_training_steps": 100, "num_cycles": 3},
     "linear(0, 1) for 10st then cosine_restarts(1, every=30st, limit=3)"),
    ("transformers", "inverse_sqrt", {"lr": 1, "num_warmup_steps": 10},
     "warmup(10st) * rsqrt(1, over=10st)"),
    ("transformers", "inverse_sqrt", {"lr": 1}, "inverse_time(1, 1, every=10000st, power=0.5)"),
    ("transformers", "warmup_stable_decay", {"lr": 1, "warmup_ratio": 0.1, "num_decay_steps": 20},
     "linear(0, 1) for 10% then 1 for span - 10% - 20st then cosine(1, over=20st)"),
    ("t5x", "constant * linear_warmup * rsqrt_decay", {},
     "max(1e-8, 0.5 * warmup(1000st) / sqrt(max(step, 1000)))"),
    ("t5x", "constant*decay_every", {"step_offset": 50},
     "at(max(1e-8, step_decay(0.5, 0.5, every=20000st)), max(t - 50st, 0st))"),
    ("caffe", "fixed", {"base_lr": 0.01}, "0.01"),
    ("caffe", 'base_lr: 0.01 # the start\nlr_policy: "step"\ngamma: 0.1\nstepsize: 100000\n'
     "momentum: 0.9", {}, "step_decay(0.01, 0.1, every=100000st)"),
    ("caffe", "exp", {"base_lr": 0.01, "gamma": 0.99}, "exponential(0.01, 0.99, every=1st)"),
    ("caffe", "lr_policy: 'inv' base_lr: 1e-2 gamma: 1e-4 power: 0.75", {},
     "inverse_time(0.01, 0.0001, every=1st, power=0.75)"),
    ("caffe", 'lr_policy: "multistep" base_lr: 1 gamma: 0.1 stepvalue: 10 stepvalue: 10', {},
     "multistep(1, 0.1, [10st, 11st])"),
    ("caffe", "poly", {"base_lr": 1, "power": 2, "max_iter": 9},
     "polynomial(1, power=2, over=9st)"),
    ("caffe", "sigmoid", {"base_lr": 1, "gamma": 0.1, "stepsize": 50},
     "sigmoid(1, -0.1, middle=50st)"),
    ("keras", "ExponentialDecay(1, 1000, 0.96, staircase=True)", {},
     "step_decay(1, 0.96, every=1000st)"),
    ("keras", "PolynomialDecay(0.1, 1000.0)", {}, "linear(0.1, 0.0001, over=1000st)"),
    ("keras", "PiecewiseConstantDecay([], [0.1])", {}, "0.1"),
    ("keras", "CosineDecay(0.1, 100, alpha=0.3)", {}, "cosine(0.1, 0.03, over=100st)"),
    ("keras", "cosine_decay_restarts(0.1, global_step, 100)", {},
     "cosine_restarts(0.1, every=100st, growth=2)"),
]  # fmt: skip


@pytest.mark.parametrize(("library", "source", "arguments", "text"), TEXTS)
def test_texts(library: str, source: str, arguments: dict[str, Any], text: str) -> None:
    assert convert(library, source, **arguments).expr == text


@pytest.mark.parametrize(
    ("policy", "formula"),
    [
        ("exp", lambda s: 0.1 * 0.9**s),
        ("inv", lambda s: 0.1 * (1 + 0.9 * s) ** -0.75),
        ("step", lambda s: 0.1 * 0.9 ** (s // 7)),
        ("poly", lambda s: 0.1 * (1 - s / 60) ** 0.75),
        ("sigmoid", lambda s: 0.1 / (1 + np.exp(-0.9 * (s - 7.0)))),
    ],
)
def test_caffe_by_its_formulas(policy: str, formula: Any) -> None:
    numbers = "base_lr: 0.1 gamma: 0.9 power: 0.75 stepsize: 7 max_iter: 60"
    schedule = from_caffe(f'lr_policy: "{policy}" {numbers}')
    steps = np.arange(60)
    np.testing.assert_allclose(schedule.values(RUN, steps), formula(steps), rtol=1e-12)


def test_a_name_and_arguments_apart() -> None:
    together = from_torch("StepLR(30, gamma=0.5)", lr=0.1)
    assert from_torch("StepLR", lr=0.1, step_size=30, gamma=0.5) == together
    assert from_torch(("StepLR", {"step_size": 30, "gamma": 0.5}), 0.1) == together
    ramp = {"init_value": 0, "end_value": 1, "transition_steps": 5}
    parts: list[Any] = [("linear_schedule", ramp), "constant_schedule(1)"]
    joined = from_optax("join_schedules", schedules=parts, boundaries=[5])
    assert joined.expr == "linear(0, 1) for 5st then 1"


@pytest.mark.parametrize(
    ("call", "text"),
    [
        ("StepLR(30)", "step_decay(1, 0.1, every=30ep)"),
        ("MultiStepLR([30, 60])", "multistep(1, 0.1, [30ep, 60ep])"),
        ("ExponentialLR(0.9)", "step_decay(1, 0.9, every=1ep)"),
        ("CosineAnnealingLR(20)", "hold(cosine_annealing(1, half=20ep))"),
        ("SequentialLR([LinearLR(0.1, total_iters=4), CosineAnnealingWarmRestarts(3, 2)], [4])",
         "hold(linear(0.1, 1) for 4ep then cosine_restarts(1, every=3ep, growth=2))"),
        ("OneCycleLR(1, 10)", "at(one_cycle(1, over=10st), floor(epoch) * 1st)"),
        ("CyclicLR(0.1, 1, 4, mode='exp_range', gamma=0.9)",
         "at(exp_range(0.1, 1, half=4st, decay=0.9), floor(epoch) * 1st)"),
    ],
)  # fmt: skip
def test_a_scheduler_stepped_once_per_epoch(call: str, text: str) -> None:
    per_epoch = from_torch(call, lr=1, per_epoch=True)
    assert per_epoch.expr == text
    values = per_epoch.values(Timeline(steps_per_epoch=7, epochs=10))
    expected = from_torch(call, lr=1).values(RUN, np.arange(10)).repeat(7)
    np.testing.assert_allclose(values, expected, rtol=1e-12, atol=1e-16)


schedules = keras.optimizers.schedules


def random_keras(rng: random.Random) -> Any:
    """A schedule of Keras whose restarts fall on whole steps (elsewhere Keras is wrong, too)."""
    rate, steps, other = rng.uniform(1e-4, 1), rng.randint(1, 60), rng.uniform(0.1, 0.9)
    warmup = {"warmup_target": rng.uniform(0.1, 2), "warmup_steps": rng.randint(0, 50)}
    boundaries = sorted(rng.sample(range(200), rng.randint(1, 5)))
    flag = rng.random() < 0.5
    makers: list[Callable[[], Any]] = [
        lambda: schedules.ExponentialDecay(rate, steps, other, staircase=flag),
        lambda: schedules.InverseTimeDecay(rate, steps, other, staircase=flag),
        lambda: schedules.PolynomialDecay(rate, steps, rate / 7, rng.choice([1.0, 2.0, 0.5]), flag),
        lambda: schedules.PiecewiseConstantDecay(
            boundaries, [rng.random() for _ in range(len(boundaries) + 1)]),
        lambda: schedules.CosineDecay(rate, steps, alpha=other, **(warmup if flag else {})),
        lambda: schedules.CosineDecayRestarts(
            rate, steps, t_mul=rng.choice([1.0, 2.0]), m_mul=other, alpha=0.5 * flag),
    ]  # fmt: skip
    return rng.choice(makers)()


def trusted(theirs: Any, steps: Any) -> Any:
    """The steps at which Keras' float32 is right: not where it searches a growing restart."""
    config = theirs.get_config()
    if config.get("t_mul") != 2.0:
        return steps
    starts = [config["first_decay_steps"] * (2**lap - 1) for lap in range(12)]
    return steps[~np.isin(steps, starts)]


@pytest.mark.parametrize("seed", range(60))
def test_objects_of_keras(seed: int) -> None:
    theirs = random_keras(random.Random(seed))
    ours = from_keras(theirs)
    steps = trusted(theirs, np.arange(200))
    expected = np.array([float(theirs(np.float32(step))) for step in steps])
    peak = max(expected.max(), 1e-9)
    np.testing.assert_allclose(ours.values(RUN, steps), expected, rtol=2e-5, atol=3e-6 * peak)
    saved = schedules.serialize(theirs)
    assert from_keras(saved) == from_keras(json.dumps(saved)) == ours
    optimizer = keras.optimizers.SGD(theirs)
    assert from_keras(keras.optimizers.serialize(optimizer)) == ours


def test_other_objects_of_keras() -> None:
    mine = Schedule("0.1 * drop^epoch", params={"drop": 0.5})
    run = Timeline(steps_per_epoch=10)
    assert from_keras(lrdsl.keras.Schedule(mine.expr, mine.params, run)) == mine
    assert from_keras(keras.optimizers.serialize(keras.optimizers.SGD(0.25))).expr == "0.25"


def test_converting_a_configuration_needs_no_keras(tmp_path: Path) -> None:
    config = schedules.serialize(schedules.ExponentialDecay(0.1, 10, 0.5))
    code = (
        "import sys\nfrom lrdsl.convert import from_keras\n"
        f"assert from_keras({config!r}).expr == 'exponential(0.1, 0.5, every=10st)'\n"
        "assert not {'keras', 'tensorflow', 'torch'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


REFUSED = [
    ("torch", "ReduceLROnPlateau('min')", "depends on a metric .* `multistep`"),
    ("torch", "LambdaLR(lr_lambda=lambda e: 0.95**e)", "calls a function of yours"),
    ("torch", "MultiplicativeLR(lambda e: 1 / (1 + e))", r"recur\(lr, prev"),
    ("torch", "StepLR(gamma=0.1)", r"needs `step_size`; it is `StepLR\(step_size, gamma=0.1\)`"),
    ("torch", "StepLR(30, gama=0.1)", r"no argument `gama` \(did you mean `gamma`\?\)"),
    ("torch", "StepLR(30, 0.1, 7, 8)", "takes 2 arguments, not 4"),
    ("torch", "StepLR(30, step_size=30)", "`step_size` .* is given twice"),
    ("torch", "SteppLR(30)", r"torch has no schedule `SteppLR` \(did you mean `StepLR`\?\)"),
    ("torch", "Quux(30)", "known are `StepLR`, `MultiStepLR`"),
    ("torch", "StepLR(0)", "`step_size` is a number of steps, more than 0"),
    ("torch", "StepLR('30')", "`step_size` is a number, not `30`"),
    ("torch", "StepLR(1e999)", "`step_size` is inf"),
    ("torch", "StepLR(size)", "`step_size` is a number, not `size`"),
    ("torch", "StepLR(30", "cannot be read"),
    ("torch", "StepLR(9**9**9)", "cannot be computed"),
    ("torch", "StepLR(1 / 0)", "cannot be computed"),
    ("torch", "StepLR(*args)", "write the arguments out"),
    ("torch", "30", "is written as a call"),
    ("torch", "(" * 3000, "cannot be read"),
    ("torch", "x" * 10_001, "limit is 10,000"),
    ("torch", "CyclicLR(0.1, 1, mode='triangular3')", "`triangular2` or .* not `triangular3`"),
    ("torch", "OneCycleLR(0.1)", "`total_steps`, or `epochs` and `steps_per_epoch`"),
    ("torch", "OneCycleLR(1, 10, pct_start=0.1, anneal_strategy='linear')", "without a step"),
    ("torch", "SequentialLR([StepLR(3), StepLR(4)], [5, 6])", "one step number less"),
    ("torch", "SequentialLR([StepLR(3), ReduceLROnPlateau()], [5])", "depends on a metric"),
    ("torch", "SequentialLR([StepLR(3), MultiplicativeLR(0.5)], [5])", "goes on from the rate"),
    ("torch", "ChainedScheduler([StepLR(3), CosineAnnealingLR(4)])", "goes on from the rate"),
    ("torch", "ChainedScheduler(3)", "`schedulers` is a list"),
    ("optax", "inject_hyperparams(adam)", "wraps an optimizer"),
    (
        "optax",
        "join_schedules([constant_schedule(1), constant_schedule(2)], [5, 4])",
        "must increase",
    ),
    ("optax", "join_schedules([warmup], [])", "no schedule `warmup`"),
    ("optax", "piecewise_interpolate_schedule('square', 1, {5: 2})", "`linear` or `cosine`"),
    ("optax", "piecewise_constant_schedule(1, {5: -2})", "not negative"),
    ("optax", "warmup_cosine_decay_schedule(0, 1, 10, 10)", "more than `warmup_steps`"),
    ("transformers", "greedy", "depends on a metric"),
    ("transformers", "reduce_lr_on_plateau", "depends on a metric"),
    ("transformers", "Adafactor", "relative_step=False"),
    ("transformers", "cosine_with_min_lr", "one of `min_lr` and `min_lr_rate`"),
    ("transformers", "cosine(warmup_steps=5)", "did you mean `num_warmup_steps`"),
    ("transformers", "cosine(num_warmup_steps=5, warmup_ratio=0.1)", "give one of"),
    ("transformers", "cosine(warmup_ratio=5)", "between 0 and 1"),
    ("t5x", "constant * rsqrt", "did you mean `rsqrt_decay`"),
    ("caffe", "plateau", "depends on a metric"),
    ("caffe", "base_lr: 0.1", "no `lr_policy`"),
    ("caffe", 'base_lr: 0.1 lr_policy: "step"', "needs `gamma` and `stepsize`"),
    ("keras", "PiecewiseConstantDecay([10, 5], [1.0, 0.5, 0.1])", "must increase"),
    ("keras", "PiecewiseConstantDecay([5], [1.0])", "one more element"),
    ("keras", "NoisyLinearCosineDecay(0.1, 100)", "is random"),
    ("keras", "LearningRateScheduler(f)", "`recur` .* `hold`"),
    ("keras", "CosineDecayRestarts(0.1, 10, t_mul=0.5)", "less than 1"),
    ("keras", '{"config": {}}', "has `class_name` and `config`"),
    ("keras", "{", "not JSON"),
    ("tensorflow", "x", "no library `tensorflow`; known are `keras`, `torch`"),
]


@pytest.mark.parametrize(("library", "source", "message"), REFUSED)
def test_refusals(library: str, source: str, message: str) -> None:
    more = {"lr": 0.1} if library in ("torch", "transformers") else {}
    with pytest.raises(ValueError, match=message):
        convert(library, source, **more)


def test_the_rate_of_the_optimizer_is_asked_for() -> None:
    with pytest.raises(ValueError, match="needs `lr`"):
        from_torch("StepLR(3)")
    with pytest.raises(ValueError, match="needs `lr`"):
        from_transformers("cosine")
    with pytest.raises(ValueError, match="no argument `learning_rate`"):
        from_t5x("constant", learning_rate=1)


def test_no_code_of_a_spec_runs(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    for call in (f"StepLR(open({str(mark)!r}, 'w'))", f"open({str(mark)!r}, 'w')"):
        with pytest.raises(ValueError):
            from_torch(call, lr=0.1)
    assert not mark.exists()


COMMANDS = [
    (["torch", "StepLR(step_size=30)", "lr=0.1"], 0, "step_decay(0.1, 0.1, every=30st)\n"),
    (["torch", "StepLR(30)", "lr=0.1", "per_epoch=True"], 0, "step_decay(0.1, 0.1, every=30ep)\n"),
    (["torch", "SWALR(0.1, anneal_epochs=5)", "lr=1", "anneal_strategy=linear"], 0,
     "linear(1, 0.1, over=5st)\n"),
    (["transformers", "cosine", "lr=5e-5", "num_warmup_steps=100", "num_training_steps=1000"], 0,
     "linear(0, 5e-5) for 100st then cosine_annealing(5e-5, half=900st)\n"),
    (["torch", "StepLR(30)", "lr"], 2, "`lr` is given without `NAME=`"),
    (["torch", "StepLR(30)", "lr=1", "lr=2"], 2, "`lr=2` is given twice"),
    (["torch", "StepLR(30)", "spec=1", "lr=1"], 2, "no argument `spec`"),
    (["torch", "SteppLR(30)"], 2, "did you mean `StepLR`?"),
    (["keras", "missing.json"], 2, "`missing.json` cannot be read: No such file"),
    (["torch", "St\x1b[2JLR()"], 2, "cannot be read"),
    (["torch"], 2, "usage: lrdsl convert"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "code", "text"), COMMANDS)
def test_command(
    words: list[str], code: int, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["convert", *words]) == code
    shown = capsys.readouterr()
    assert text in (shown.err if code else shown.out)
    assert "\x1b" not in shown.err and "LRD999" not in shown.err


def run_convert(*words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lrdsl", "convert", *words],
        input=stdin, capture_output=True, text=True, timeout=60,
    )  # fmt: skip


def test_command_reads_files(tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    config.write_text(json.dumps(schedules.serialize(schedules.CosineDecay(0.1, 50))))
    done = run_convert("keras", str(config))
    assert (done.returncode, done.stdout, done.stderr) == (0, "cosine(0.1, over=50st)\n", "")
    solver = 'base_lr: 0.01\nlr_policy: "step"\ngamma: 0.1\nstepsize: 100\n'
    done = run_convert("caffe", "-", stdin=solver)
    assert (done.returncode, done.stdout) == (0, "step_decay(0.01, 0.1, every=100st)\n")
    config.write_bytes(b"\xff")
    assert run_convert("keras", str(config)).returncode == 2


TABLES = {
    "keras": KERAS, "torch": TORCH, "optax": OPTAX, "transformers": TRANSFORMERS, "caffe": CAFFE,
}  # fmt: skip
ODD = [
    "None", "'x'", "[]", "{}", "[1, 'a']", "{'a': 1}", "[[1]]", "lambda: 0", "-1", "0", "2.5",
    "1e999", "True", "[3, 2]", "[StepLR(3)]", "f(1)", "10**30", "1e-300", "{5: None}",
]  # fmt: skip


@pytest.mark.parametrize("library", TABLES)
def test_odd_arguments_are_refused_with_a_sentence(library: str) -> None:
    """Whatever the arguments are, there is an expression or a ValueError, nothing else."""
    rng = random.Random(0)
    sensible = ["0.1", "10", "[5, 9]", "{5: 0.5}", "[0.1, 0.2, 0.3]", "'linear'"]
    done = 0
    for name, (signature, _) in TABLES[library].rows.items():
        names = [code.text for code in signature.arguments] + list(signature.named)
        for _ in range(60):
            chosen = {each: rng.choice(sensible) for each in names if rng.random() < 0.8}
            if chosen:
                chosen[rng.choice(list(chosen))] = rng.choice(ODD)
            words = [f"{key}={value}" for key, value in chosen.items()]
            more = read_arguments(words) if library == "caffe" else {}
            if library in ("torch", "transformers"):
                more["lr"] = 0.1
            source = name if library == "caffe" else f"{name}({', '.join(words)})"
            try:
                done += bool(convert(library, source, **more))
            except ValueError as error:
                assert str(error)
    assert done > 5


def test_a_restart_between_steps_is_warned_of() -> None:
    text = "CosineDecayRestarts(1.0, 8, t_mul=1.5)"
    with pytest.warns(UserWarning, match="rates near restarts differ"):
        assert str(from_keras(text)) == "cosine_restarts(1, every=8st, growth=1.5)"
    words = [sys.executable, "-m", "lrdsl", "convert", "keras", text]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0 and done.stderr.startswith("warning: Keras restarts between steps")


def test_a_schedule_of_ours_keeps_its_library() -> None:
    ours = lrdsl.keras.Schedule("twice(0.1)", library={"m.lrs": "twice(x) = 2 * x\n"})
    assert from_keras(ours).value(0, Timeline()) == 0.2
