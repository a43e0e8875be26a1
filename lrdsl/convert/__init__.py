"""Schedules of other libraries as expressions: Keras, torch, optax, transformers, T5X, Caffe."""

from lrdsl.convert.caffe import from_caffe
from lrdsl.convert.keras import from_keras
from lrdsl.convert.optax import from_optax
from lrdsl.convert.peers import convert
from lrdsl.convert.t5x import from_t5x
from lrdsl.convert.torch import from_torch
from lrdsl.convert.transformers import from_transformers

__all__ = [
    "convert",
    "from_caffe",
    "from_keras",
    "from_optax",
    "from_t5x",
    "from_torch",
    "from_transformers",
]
