"""Schedules of other libraries as expressions: Keras, torch, optax, transformers, T5X, Caffe."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lrdsl.convert.caffe import from_caffe
from lrdsl.convert.call_syntax import did_you_mean, shown
from lrdsl.convert.keras import from_keras
from lrdsl.convert.optax import from_optax
from lrdsl.convert.t5x import from_t5x
from lrdsl.convert.torch import from_torch
from lrdsl.convert.transformers import from_transformers
from lrdsl.schedule import Schedule

LIBRARIES: dict[str, Callable[..., Schedule]] = {
    "keras": from_keras,
    "torch": from_torch,
    "optax": from_optax,
    "transformers": from_transformers,
    "t5x": from_t5x,
    "caffe": from_caffe,
}
__all__ = [
    "convert",
    "from_caffe",
    "from_keras",
    "from_optax",
    "from_t5x",
    "from_torch",
    "from_transformers",
]


def convert(library: str, source: Any, /, **arguments: Any) -> Schedule:
    """A schedule of `library` (`keras`, `torch`, ...), as its own function takes it.

    Raises ValueError for what is unknown, and for what is no function of the step.
    """
    if library not in LIBRARIES:
        known = ", ".join(f"`{name}`" for name in LIBRARIES)
        near = did_you_mean(library, list(LIBRARIES))
        raise ValueError(f"no library {shown(library)}{near or f'; known are {known}'}")
    return LIBRARIES[library](source, **arguments)
