"""The schedules of Keras, TensorFlow 1 and TensorFlow Addons, and what each is here."""

from __future__ import annotations

from lrdsl.convert.templates import (
    CALLABLE,
    METRIC,
    Arguments,
    by,
    increasing,
    items,
    number,
    numbers,
    table,
    times,
)

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
        return numbers(values[0], "values")
    # Keras changes one step after the boundary.
    later = [number(each, "boundaries") // 1 + 1 for each in boundaries]
    return f"piecewise({times(later, 'boundaries')}, {numbers(values, 'values')})"


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
KERAS_NAMES = {"initial_learning_rate": "rate", "learning_rate": "rate"}
_RANDOM = "is random; write the same without noise, plus `noise(seed)` times what you want of it"
KERAS_REFUSED = {
    "ReduceLROnPlateau": METRIC,
    "LearningRateScheduler": f"{CALLABLE}, with `recur` where it needs the rate before and "
    "`hold` where it must stay the same for an epoch",
    "CyclicalLearningRate": f"{CALLABLE}: `triangular(...)`, `triangular2(...)` or `exp_range`",
    "NoisyLinearCosineDecay": _RANDOM,
    "noisy_linear_cosine_decay": _RANDOM,
}
