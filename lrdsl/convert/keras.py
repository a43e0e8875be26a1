"""The schedules of Keras, TensorFlow 1 and TensorFlow Addons, and what each is here."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from typing import Any

from lrdsl.convert.build import build_schedule
from lrdsl.convert.call_syntax import Spec, bind, read_spec, with_arguments
from lrdsl.convert.numbers import increasing, items, number, number_text, numbers_text, steps_text
from lrdsl.convert.templates import CALLABLE, METRIC, Arguments, by, fill, find_row, table
from lrdsl.schedule import Schedule

# Keras and TF1 call the first argument differently; the rest is the same.
_EXPONENTIAL = by("staircase", {
    False: "exponential({rate}, {decay_rate}, every={decay_steps:st})",
    True: "step_decay({rate}, {decay_rate}, every={decay_steps:st})",
})  # fmt: skip
_NATURAL_EXP = "natural_exp({rate}, {decay_rate}, every={decay_steps:st}, staircase={staircase})"
_INVERSE_TIME = "inverse_time({rate}, {decay_rate}, every={decay_steps:st}, staircase={staircase})"
_POLYNOMIAL = by("cycle", {
    False: "polynomial({rate}, {end_learning_rate}, power={power}, over={decay_steps:st})",
    True: "polynomial_cycle({rate}, {end_learning_rate}, power={power}, over={decay_steps:st})",
})  # fmt: skip
_COSINE = "cosine({rate}, {rate} * {alpha}, over={decay_steps:st})"
_COSINE_RESTARTS = (
    "cosine_restarts({rate}, {rate} * {alpha}, every={first_decay_steps:st}, growth={t_mul}, "
    "scale={m_mul})"
)
_LINEAR_COSINE = (
    "linear_cosine({rate}, periods={num_periods}, alpha={alpha}, beta={beta}, "
    "over={decay_steps:st})"
)


def _piecewise(a: Arguments) -> str:
    boundaries = increasing(a["boundaries"], "boundaries")
    values = items(a["values"], "values")
    if len(values) != len(boundaries) + 1:
        raise ValueError("`values` has one more element than `boundaries`")
    if not boundaries:
        return numbers_text(values[0], "values")
    # Keras changes one step after the boundary.
    later = [number(each, "boundaries") // 1 + 1 for each in boundaries]
    return f"piecewise({steps_text(later, 'boundaries')}, {numbers_text(values, 'values')})"


KERAS = table({
    "ExponentialDecay(initial_learning_rate, decay_steps, decay_rate, staircase=False)":
        _EXPONENTIAL,
    "InverseTimeDecay(initial_learning_rate, decay_steps, decay_rate, staircase=False)":
        _INVERSE_TIME,
    "PolynomialDecay(initial_learning_rate, decay_steps, end_learning_rate=0.0001, power=1.0, "
    "cycle=False)": _POLYNOMIAL,
    "PiecewiseConstantDecay(boundaries, values)": _piecewise,
    "CosineDecay(initial_learning_rate, decay_steps, alpha=0.0, warmup_target=None, "
    "warmup_steps=0)": by("warmup_target", {
        None: _COSINE,
        ...: "linear({rate}, {warmup_target}) for {warmup_steps:st0} then "
             "cosine({warmup_target}, {warmup_target} * {alpha}, over={decay_steps:st})",
    }),
    "CosineDecayRestarts(initial_learning_rate, first_decay_steps, t_mul=2.0, m_mul=1.0, "
    "alpha=0.0)": _COSINE_RESTARTS,
    "LinearCosineDecay(initial_learning_rate, decay_steps, num_periods=0.5, alpha=0.0, "
    "beta=0.001)": _LINEAR_COSINE,
    # TensorFlow Addons
    "TriangularCyclicalLearningRate(initial_learning_rate, maximal_learning_rate, step_size, "
    "scale_mode='cycle')": by("scale_mode", {
        "cycle": "triangular({rate}, {maximal_learning_rate}, half={step_size:st})",
    }),
    "Triangular2CyclicalLearningRate(initial_learning_rate, maximal_learning_rate, step_size, "
    "scale_mode='cycle')": by("scale_mode", {
        "cycle": "triangular2({rate}, {maximal_learning_rate}, half={step_size:st})",
    }),
    "ExponentialCyclicalLearningRate(initial_learning_rate, maximal_learning_rate, step_size, "
    "scale_mode='iterations', gamma=1.0)": by("scale_mode", {
        "iterations": "exp_range({rate}, {maximal_learning_rate}, half={step_size:st}, "
                      "decay={gamma})",
    }),
    # TensorFlow 1
    "exponential_decay(learning_rate, global_step, decay_steps, decay_rate, staircase=False)":
        _EXPONENTIAL,
    "natural_exp_decay(learning_rate, global_step, decay_steps, decay_rate, staircase=False)":
        _NATURAL_EXP,
    "inverse_time_decay(learning_rate, global_step, decay_steps, decay_rate, staircase=False)":
        _INVERSE_TIME,
    "polynomial_decay(learning_rate, global_step, decay_steps, end_learning_rate=0.0001, "
    "power=1.0, cycle=False)": _POLYNOMIAL,
    "piecewise_constant(x, boundaries, values)": _piecewise,
    "piecewise_constant_decay(x, boundaries, values)": _piecewise,
    "cosine_decay(learning_rate, global_step, decay_steps, alpha=0.0)": _COSINE,
    "cosine_decay_restarts(learning_rate, global_step, first_decay_steps, t_mul=2.0, m_mul=1.0, "
    "alpha=0.0)": _COSINE_RESTARTS,
    "linear_cosine_decay(learning_rate, global_step, decay_steps, num_periods=0.5, alpha=0.0, "
    "beta=0.001)": _LINEAR_COSINE,
})  # fmt: skip
# What the templates call the first argument.
_NAMES = {"initial_learning_rate": "rate", "learning_rate": "rate"}
_RANDOM = "is random; write the same without noise, plus `noise(seed)` times what you want of it"
_REFUSED = {
    "ReduceLROnPlateau": METRIC,
    "LearningRateScheduler": f"{CALLABLE}, with `recur` where it needs the rate before and "
    "`hold` where it must stay the same for an epoch",
    "CyclicalLearningRate": f"{CALLABLE}: `triangular(...)`, `triangular2(...)` or `exp_range`",
    "NoisyLinearCosineDecay": _RANDOM,
    "noisy_linear_cosine_decay": _RANDOM,
}


def from_keras(source: Any, /, **arguments: Any) -> Schedule:
    """A Keras schedule: the object, its serialised mapping or JSON, or a call as text.

    Takes the configuration of an optimizer, too, for its learning rate. A rate that is an int,
    for which Keras computes in ints, is read as the float. Where `t_mul` makes the restarts of
    `CosineDecayRestarts` fall between steps, each is rounded to a step here, and a warning says so.
    """
    if isinstance(source, int | float):
        return Schedule(number_text(number(source, "learning_rate")))
    if isinstance(source, str) and source.lstrip().startswith("{"):
        source = _from_json(source)
    if not isinstance(source, str | Mapping | Spec) and hasattr(source, "get_config"):
        source = {"class_name": type(source).__name__, "config": source.get_config()}
    if isinstance(source, Mapping):
        return _from_configuration(source, arguments)
    return _from_call(with_arguments(read_spec(source, "a Keras schedule"), arguments))


def _from_configuration(source: Mapping[str, Any], arguments: Mapping[str, Any]) -> Schedule:
    """What `keras.saving.serialize_keras_object` gives of a schedule or an optimizer."""
    config = source.get("config", source)
    if not isinstance(config, Mapping) or "class_name" not in source:
        raise ValueError("a Keras configuration has `class_name` and `config`")
    if "learning_rate" in config:  # that of an optimizer
        return from_keras(config["learning_rate"])
    if "expr" in config:  # `lrdsl.keras.Schedule`
        return Schedule({name: config.get(name) for name in ("expr", "params", "library")})
    spec = Spec(str(source["class_name"]).rpartition(">")[2], (), config)
    return _from_call(with_arguments(spec, arguments))


def _from_call(spec: Spec) -> Schedule:
    row = find_row("Keras", KERAS, _REFUSED, spec)
    bound = bind(row.signature, spec, ignored=("name", "global_step"))
    renamed = {_NAMES.get(name, name): value for name, value in bound.items()}
    schedule = build_schedule(fill(row.template, renamed))
    if float(bound.get("t_mul", 1)) % 1:
        warnings.warn(
            "Keras restarts between steps where `t_mul` is no whole number; here each restart "
            "falls on a step, so rates near restarts differ",
            stacklevel=3,
        )
    return schedule


def _from_json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise ValueError(f"this is not JSON: {error}") from None
