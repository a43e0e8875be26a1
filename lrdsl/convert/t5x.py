"""The factors of T5X, multiplied."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from lrdsl.convert.build import build_schedule
from lrdsl.convert.call_syntax import Spec, bind, did_you_mean, read_value, shown
from lrdsl.convert.numbers import number, number_text, numbers_text, steps_text
from lrdsl.convert.templates import Arguments, fill, read_table
from lrdsl.schedule import Schedule


def from_t5x(factors: str, /, **arguments: Any) -> Schedule:
    """A factor string of T5X: `from_t5x("constant * linear_warmup * rsqrt_decay")`.

    The arguments are those of `create_learning_rate_scheduler`.
    """
    table = read_table("t5x")
    names = [name.strip() for name in factors.split("*")]
    for name in names:
        if name not in ("constant", *table["factors"]):
            near = did_you_mean(name, ["constant", *table["factors"]])
            raise ValueError(f"T5X has no factor {shown(name)}{near}")
    bound = bind(read_value(table["signature"]), Spec("t5x", (), arguments))
    lowest = numbers_text(bound["min_learning_rate"], "min_learning_rate")
    scale = number(bound["base_learning_rate"], "base_learning_rate") ** names.count("constant")
    templates = [table["factors"][name] for name in names if name != "constant"]
    product = " * ".join(f"({each})" for each in _filled(templates, bound, scale))
    text = f"max({lowest}, {product})"
    if bound["step_offset"]:
        text = f"at({text}, max(t - {steps_text(bound['step_offset'], 'step_offset')}, 0st))"
    return build_schedule(text)


def _filled(templates: Sequence[str], bound: Arguments, scale: Fraction) -> list[str]:
    """The factors as expressions; the last one that has a `{scale}` holds the constant."""
    holders = [place for place, text in enumerate(templates) if "{scale}" in text]
    if not holders:
        return [number_text(scale), *(fill(text, bound) for text in templates)]
    return [
        fill(text, {**bound, "scale": scale if place == holders[-1] else 1})
        for place, text in enumerate(templates)
    ]
