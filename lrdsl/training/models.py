"""Settings to Keras models and optimizers."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, optimizers

from lrdsl.training.settings import Adam, AdamW, Cnn, Mlp, Momentum, RunError, Sgd


def build_model(model: Mlp | Cnn, shape: tuple[int, ...], classes: int) -> keras.Model:
    """An untrained classifier of images of one shape."""
    try:
        hidden = _mlp_layers(model) if isinstance(model, Mlp) else _cnn_layers(model)
    except ValueError as error:
        raise RunError(f"error: `model`: {' '.join(str(error).split())}") from None
    # In float32 under mixed precision too, or the loss is rounded.
    output = layers.Dense(classes, activation="softmax", dtype="float32")
    return keras.Sequential([keras.Input(shape), *hidden, output], name=model.name)


def _mlp_layers(model: Mlp) -> list[keras.Layer]:
    dense = [layers.Dense(units, activation=model.activation) for units in model.hidden]
    return [layers.Flatten(), *dense]


def _cnn_layers(model: Cnn) -> list[keras.Layer]:
    if len(model.filters) != len(model.kernels):
        raise RunError("error: `model.filters` and `model.kernels` must be of one length")
    out: list[keras.Layer] = []
    for filters, kernel in zip(model.filters, model.kernels, strict=True):
        out.append(layers.Conv2D(filters, kernel, padding="same", activation=model.activation))
        out.append(layers.MaxPooling2D(2, padding="same"))
    out.append(layers.Flatten())
    for units in model.dense:
        out += [layers.Dense(units, activation=model.activation), layers.Dropout(model.dropout)]
    return out


_OPTIMIZERS = {
    "sgd": optimizers.SGD,
    "momentum": optimizers.SGD,
    "adam": optimizers.Adam,
    "adamw": optimizers.AdamW,
}


def build_optimizer(
    optimizer: Sgd | Momentum | Adam | AdamW, rate: Any, accumulate: int
) -> keras.Optimizer:
    """The optimizer, driven by `rate`."""
    options = optimizer.model_dump(exclude={"name"})
    if accumulate > 1:
        options["gradient_accumulation_steps"] = accumulate
    return _OPTIMIZERS[optimizer.name](rate, **options)
