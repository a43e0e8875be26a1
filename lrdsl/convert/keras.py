"""The schedules of Keras, TensorFlow 1 and TensorFlow Addons: objects, configurations and calls."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from typing import Any

from lrdsl.convert.build import build_schedule
from lrdsl.convert.call_syntax import Spec, bind, read_spec, with_arguments
from lrdsl.convert.numbers import increasing, items, number, number_text
from lrdsl.convert.templates import Arguments, Table
from lrdsl.schedule import Schedule


def _piecewise(a: Arguments) -> Arguments:
    """Keras changes one step after the boundary; without one, there is the first value."""
    boundaries = increasing(a["boundaries"], "boundaries")
    values = items(a["values"], "values")
    if len(values) != len(boundaries) + 1:
        raise ValueError("`values` has one more element than `boundaries`")
    later = [number(each, "boundaries") // 1 + 1 for each in boundaries]
    return {"boundaries": later, "constant": not later, "first": number(values[0], "values")}


KERAS = Table(
    "Keras",
    dict.fromkeys(
        ("PiecewiseConstantDecay", "piecewise_constant", "piecewise_constant_decay"), _piecewise
    ),
)
# What the templates call the first argument.
_NAMES = {"initial_learning_rate": "rate", "learning_rate": "rate"}


def from_keras(source: Any, /, **arguments: Any) -> Schedule:
    """A Keras schedule: the object, its serialised mapping or JSON, or a call as text.

    Takes the configuration of an optimizer, too, for its learning rate. A rate that is an int,
    for which Keras computes in ints, is read as the float. Where `t_mul` makes the restarts of
    `CosineDecayRestarts` fall between steps, each is rounded to a step here, and a warning says so.
    """
    if isinstance(source, int | float):
        return Schedule(number_text(number(source, "learning_rate")))
    if isinstance(source, str) and source.lstrip().startswith("{"):
        try:
            source = json.loads(source)
        except ValueError as error:
            raise ValueError(f"this is not JSON: {error}") from None
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
    bound = bind(KERAS.signature(spec), spec, ignored=("name", "global_step"))
    renamed = {_NAMES.get(name, name): value for name, value in bound.items()}
    schedule = build_schedule(KERAS.text(spec, renamed))
    if float(bound.get("t_mul", 1)) % 1:
        warnings.warn(
            "Keras restarts between steps where `t_mul` is no whole number; here each restart "
            "falls on a step, so rates near restarts differ",
            stacklevel=3,
        )
    return schedule
