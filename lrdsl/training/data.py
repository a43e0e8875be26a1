"""Images and labels by name, and how many there are before anything is loaded."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lrdsl.training.settings import RunError, Shipped, Synthetic

if TYPE_CHECKING:
    import numpy as np

    Images = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]

_SIZES = {"digits": 1_797, "mnist": 60_000, "fashion_mnist": 60_000}
# Where keras.datasets looks for what it would else download.
_FILES = {
    "mnist": "mnist.npz",
    "fashion_mnist": "fashion-mnist/{train,t10k}-{images-idx3,labels-idx1}-ubyte.gz",
}
_TIMEOUT = 15


def count_images(data: Shipped | Synthetic) -> int:
    """How many images `load_images` will give."""
    size = data.images if isinstance(data, Synthetic) else _SIZES[data.name]
    return min(size, data.limit or size)


def count_classes(data: Shipped | Synthetic) -> int:
    return data.classes if isinstance(data, Synthetic) else 10


def load_images(data: Shipped | Synthetic, seed: int) -> Images:
    """Images of (n, height, width, 1) between 0 and 1, and their classes from 0."""
    if isinstance(data, Synthetic):
        images, labels = _make(data, seed)
    elif data.name == "digits":
        from sklearn.datasets import load_digits

        digits = load_digits()
        images, labels = digits.images / 16, digits.target
    else:
        images, labels = _download(data.name)
    return images[: data.limit, ..., None].astype("float32"), labels[: data.limit].astype("int32")


def _make(data: Synthetic, seed: int) -> Images:
    import numpy as np

    random = np.random.default_rng(seed)
    patterns = random.random((data.classes, data.size, data.size), dtype="float32")
    labels = random.integers(data.classes, size=data.images)
    noise = random.random((data.images, data.size, data.size), dtype="float32")
    return (patterns[labels] + noise) / 2, labels


def _download(name: str) -> Images:
    import keras

    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_TIMEOUT)
    try:
        (images, labels), _ = getattr(keras.datasets, name).load_data()
    except Exception as error:  # urllib, sockets, SSL, broken archives: many classes, one remedy
        folder = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "datasets"
        why, file = " ".join(str(error).split()), folder / _FILES[name]
        help_ = f"put `{file}` there yourself, or write `data=digits`"
        message = f"error: `{name}` cannot be downloaded: {why}\n  = help: {help_}"
        raise RunError(message) from error
    finally:
        socket.setdefaulttimeout(before)
    if len(images) != _SIZES[name]:
        raise RunError(f"error: `{name}` has {len(images)} images instead of {_SIZES[name]}")
    return images / 255, labels
