"""Schedules of other libraries as expressions: Keras, torch, optax, transformers, T5X, Caffe."""

from __future__ import annotations

import json
import math
import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from lrdsl.convert.call_syntax import Spec, bind, did_you_mean, read_spec, read_value, shown
from lrdsl.convert.keras_table import KERAS, KERAS_NAMES, KERAS_REFUSED
from lrdsl.convert.optax_table import OPTAX, OPTAX_REFUSED
from lrdsl.convert.other_tables import CAFFE, CAFFE_REFUSED, T5X, T5X_SIGNATURE
from lrdsl.convert.simplification import number_text, tidy_text
from lrdsl.convert.templates import Row, fill, items, number, times
from lrdsl.convert.torch_table import (
    TORCH,
    TORCH_FACTORS,
    TORCH_IGNORED,
    TORCH_REFUSED,
    TORCH_RESTARTABLE,
)
from lrdsl.convert.transformers_table import TRANSFORMERS, TRANSFORMERS_COMMON, TRANSFORMERS_REFUSED
from lrdsl.schedule import Schedule
from lrdsl.timeline import Timeline


def convert(library: str, source: Any, /, **arguments: Any) -> Schedule:
    """A schedule of `library` (`keras`, `torch`, ...), as its own function below takes it.

    Raises ValueError for what is unknown, and for what is no function of the step.
    """
    if library not in LIBRARIES:
        known = ", ".join(f"`{name}`" for name in LIBRARIES)
        near = did_you_mean(library, list(LIBRARIES))
        raise ValueError(f"no library {shown(library)}{near or f'; known are {known}'}")
    return LIBRARIES[library](source, **arguments)


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
        config = source.get("config", source)
        if not isinstance(config, Mapping) or "class_name" not in source:
            raise ValueError("a Keras configuration has `class_name` and `config`")
        if "learning_rate" in config:  # that of an optimizer
            return from_keras(config["learning_rate"])
        if "expr" in config:  # `lrdsl.keras.Schedule`
            return Schedule({name: config.get(name) for name in ("expr", "params", "library")})
        source = Spec(str(source["class_name"]).rpartition(">")[2], (), config)
    spec = _with(read_spec(source, "a Keras schedule"), arguments)
    row = _row("Keras", KERAS, KERAS_REFUSED, spec)
    bound = bind(row.signature, spec, ignored=("name", "global_step"))
    renamed = {KERAS_NAMES.get(name, name): value for name, value in bound.items()}
    schedule = _schedule(fill(row.template, renamed))
    if float(bound.get("t_mul", 1)) % 1:
        warnings.warn(
            "Keras restarts between steps where `t_mul` is no whole number; here each restart "
            "falls on a step, so rates near restarts differ",
            stacklevel=2,
        )
    return schedule


def _from_json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise ValueError(f"this is not JSON: {error}") from None


def from_torch(
    spec: Any, /, lr: float | None = None, *, per_epoch: bool = False, **arguments: Any
) -> Schedule:
    """A scheduler of torch: `from_torch("StepLR(step_size=30)", lr=0.1)`.

    spec: a call as text, or the name with `arguments` apart.
    lr: the rate of the optimizer.
    per_epoch: `scheduler.step()` is called once per epoch, not after every update.
    """
    text = _torch_text(_with(read_spec(spec, "a torch scheduler"), arguments), lr)
    return _schedule(text, per_epoch=per_epoch)


def _torch_text(spec: Spec, lr: float | None) -> str:
    row = _row("torch", TORCH, TORCH_REFUSED, spec)
    bound = bind(row.signature, spec, TORCH_IGNORED)
    if lr is None and "max_lr" not in bound:
        raise ValueError(f"`{spec.name}` needs `lr`, the rate of the optimizer")
    if "schedulers" in bound:
        bound["schedulers"] = _torch_texts(spec.name, bound["schedulers"], lr)
    return fill(row.template, {**bound, "lr": lr})


def _torch_texts(outer: str, schedulers: Any, lr: float | None) -> list[str]:
    """The schedulers inside another; a product has the rate only once."""
    specs = [read_spec(each, "a torch scheduler") for each in items(schedulers, "schedulers")]
    if not specs:
        raise ValueError("`schedulers` is empty")
    chained = outer == "ChainedScheduler"
    for place, each in enumerate(specs):
        if each.name in TORCH_REFUSED or each.name not in TORCH:
            _row("torch", TORCH, TORCH_REFUSED, each)
        if each.name not in (TORCH_FACTORS if chained else TORCH_RESTARTABLE) and (
            chained or place
        ):
            raise ValueError(
                f"`{each.name}` inside `{outer}` goes on from the rate that the others leave; "
                "convert it by itself and join the expressions with `then` or `*`"
            )
    return [_torch_text(each, 1 if chained and place else lr) for place, each in enumerate(specs)]


def from_optax(spec: Any, /, **arguments: Any) -> Schedule:
    """A schedule of optax: `from_optax("cosine_decay_schedule(0.1, decay_steps=1000)")`.

    spec: a call as text, or the name with `arguments` apart; in `join_schedules`, a list of them.
    """
    text = _optax_text(_with(read_spec(spec, "an optax schedule"), arguments))
    return _schedule(text)


def _optax_text(spec: Spec) -> str:
    row = _row("optax", OPTAX, OPTAX_REFUSED, spec)
    bound = bind(row.signature, spec)
    if "schedules" in bound:
        schedules = items(bound["schedules"], "schedules")
        specs = [read_spec(each, "an optax schedule") for each in schedules]
        bound["schedules"] = [_optax_text(each) for each in specs]
    return fill(row.template, bound)


def from_transformers(
    lr_scheduler_type: Any,
    /,
    lr: float | None = None,
    num_warmup_steps: float = 0,
    num_training_steps: int | None = None,
    warmup_ratio: float | None = None,
    **lr_scheduler_kwargs: Any,
) -> Schedule:
    """A schedule of transformers: `from_transformers("cosine", 5e-5, 100, 1000)`.

    Without `num_training_steps` it ends with the run. The warm-up of a `warmup_ratio` is then
    a percentage of the run, rounded to a step, where transformers rounds up; a number of warm-up
    steps below 1 is a ratio, as in TrainingArguments.
    """
    spec = read_spec(getattr(lr_scheduler_type, "value", lr_scheduler_type), "a type")
    row = _row("transformers", TRANSFORMERS, TRANSFORMERS_REFUSED, spec)
    common = {"lr": lr, "num_warmup_steps": num_warmup_steps,
              "num_training_steps": num_training_steps, "warmup_ratio": warmup_ratio}  # fmt: skip
    given = {name: value for name, value in common.items() if value not in (None, 0)}
    spec = _with(spec, {**given, **lr_scheduler_kwargs})
    known = read_value(TRANSFORMERS_COMMON)
    signature = Spec(
        spec.name,
        (*known.arguments, *row.signature.arguments),
        {**known.named, **row.signature.named},
    )
    bound = bind(signature, spec)
    return _schedule(fill(row.template, {**bound, **_warmup(bound)}))


def _warmup(bound: Mapping[str, Any]) -> dict[str, Any]:
    """The length of the warm-up and of what is left, as texts and, where known, as numbers."""
    ratio, steps, total = (
        bound[name] for name in ("warmup_ratio", "num_warmup_steps", "num_training_steps")
    )
    if ratio is not None and steps:
        raise ValueError("give one of `num_warmup_steps` and `warmup_ratio`")
    if ratio is None and 0 < number(steps, "num_warmup_steps") < 1:
        ratio = steps
    if ratio is not None and not 0 <= number(ratio, "warmup_ratio") < 1:
        raise ValueError(f"`warmup_ratio` is between 0 and 1, not {shown(ratio)}")
    if ratio is not None and total is None:
        percent = number_text(number(ratio, "warmup_ratio") * 100)
        return {"warmup": f"{percent}%", "warmup_steps": None, "rest": "span", "rest_steps": None}
    if ratio is not None:
        steps = math.ceil(total * ratio)
    warmup = times(steps, "num_warmup_steps", zero=True)
    if total is None:
        return {"warmup": warmup, "warmup_steps": steps, "rest": "span", "rest_steps": None}
    rest = max(number(total, "num_training_steps") - steps, 1)
    return {"warmup": warmup, "warmup_steps": steps, "rest": times(rest, "num_training_steps"),
            "rest_steps": rest}  # fmt: skip


def from_t5x(factors: str, /, **arguments: Any) -> Schedule:
    """A factor string of T5X: `from_t5x("constant * linear_warmup * rsqrt_decay")`.

    The arguments are those of `create_learning_rate_scheduler`.
    """
    names = [name.strip() for name in factors.split("*")]
    for name in names:
        if name not in T5X and name != "constant":
            near = did_you_mean(name, ["constant", *T5X])
            raise ValueError(f"T5X has no factor {shown(name)}{near}")
    bound = bind(read_value(T5X_SIGNATURE), Spec("t5x", (), arguments))
    scale = number(bound["base_learning_rate"], "base_learning_rate") ** names.count("constant")
    rest = [name for name in names if name != "constant"]
    holders = [place for place, name in enumerate(rest) if "{scale}" in T5X[name]]
    filled = [
        fill(T5X[name], {**bound, "scale": scale if place == max(holders, default=-1) else 1})
        for place, name in enumerate(rest)
    ]
    if not holders:
        filled.insert(0, number_text(scale))
    text = f"max({number_text(number(bound['min_learning_rate'], 'min_learning_rate'))}, "
    text += " * ".join(f"({each})" for each in filled) + ")"
    if bound["step_offset"]:
        text = f"at({text}, max(t - {times(bound['step_offset'], 'step_offset')}, 0st))"
    return _schedule(text)


def from_caffe(policy: str, /, **arguments: Any) -> Schedule:
    """A policy of Caffe: the text of a solver, or the `lr_policy` with the numbers apart."""
    name = policy
    if ":" in policy:
        found = _read_prototxt(policy)
        if "lr_policy" not in found:
            raise ValueError("the solver has no `lr_policy`")
        name, arguments = str(found["lr_policy"]), {**found, **arguments}
    row = _row("Caffe", CAFFE, CAFFE_REFUSED, Spec(name))
    names = [each.text for each in row.signature.arguments]
    if ":" in policy:  # a solver holds more than the rate
        arguments = {each: value for each, value in arguments.items() if each in names}
    return _schedule(fill(row.template, bind(row.signature, Spec(name, (), arguments))))


def _read_prototxt(text: str) -> dict[str, Any]:
    """The fields of a solver; `stepvalue` may be repeated."""
    found: dict[str, Any] = {"stepvalue": []}
    lines = re.sub(r"#.*", "", text)
    for name, value in re.findall(r"(\w+)\s*:\s*(\"[^\"]*\"|'[^']*'|[^\s,;]+)", lines):
        if name == "stepvalue":
            found[name].append(_scalar(value))
        else:
            found[name] = _scalar(value)
    return {name: value for name, value in found.items() if value != []}


def _scalar(text: str) -> Any:
    try:
        return float(text) if re.search(r"[.eE]", text) else int(text)
    except ValueError:
        return text.strip("\"'")


def _with(spec: Spec, arguments: Mapping[str, Any]) -> Spec:
    """A spec with more arguments, none of which it has already."""
    twice = sorted(spec.named.keys() & arguments.keys())
    if twice:
        raise ValueError(f"`{twice[0]}` of `{spec.name}` is given twice")
    return replace(spec, named={**spec.named, **arguments})


def _row(library: str, rows: Mapping[str, Row], refused: Mapping[str, str], spec: Spec) -> Row:
    if spec.name in refused:
        raise ValueError(f"`{spec.name}` {refused[spec.name]}")
    if spec.name not in rows:
        near = did_you_mean(spec.name, [*rows, *refused])
        known = f"; known are {', '.join(f'`{name}`' for name in rows)}"
        raise ValueError(f"{library} has no schedule {shown(spec.name)}{near or known}")
    return rows[spec.name]


def _schedule(text: str, *, per_epoch: bool = False) -> Schedule:
    """The schedule of a filled template; ScheduleError for what the language refuses in a run."""
    schedule = Schedule(tidy_text(text, per_epoch=per_epoch))
    schedule.bind(_LONG_RUN)
    return schedule


_LONG_RUN = Timeline(steps_per_epoch=10_000, epochs=10_000_000)

LIBRARIES: dict[str, Callable[..., Schedule]] = {
    "keras": from_keras,
    "torch": from_torch,
    "optax": from_optax,
    "transformers": from_transformers,
    "t5x": from_t5x,
    "caffe": from_caffe,
}
