"""How many operations TensorFlow executes for one rate, counted into `tests/op_counts.yaml`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import yaml

from lrdsl import Schedule, Timeline

FILE = Path(__file__).parents[1] / "tests" / "op_counts.yaml"
RUN = Timeline(steps_per_epoch=10_000, epochs=100)


def rows() -> list[dict[str, Any]]:
    """The schedules that Keras has, too, with the counts that were taken last."""
    return list(yaml.safe_load(FILE.read_text(encoding="utf-8")))


def files() -> dict[Path, str]:
    """The file, counted anew."""
    head = FILE.read_text(encoding="utf-8").partition("- keras")[0]
    counted = [{**row, "ops": counts(row)} for row in rows()]
    return {FILE: head + yaml.safe_dump(counted, sort_keys=False, width=98)}


def counts(row: dict[str, Any]) -> dict[str, int]:
    """The operations of a row: of Keras' class, of ours on `RUN`, and of ours as the formula."""
    from keras.optimizers import schedules

    fields = dict(row["keras"])
    rates = {
        "keras": getattr(schedules, fields.pop("class"))(**fields),
        "ours": Schedule(row["expr"]).to_keras(RUN),
        "analytic": Schedule(row["expr"]).to_keras(RUN, lowering="analytic"),
    }
    return {name: executed(rate).total() for name, rate in rates.items()}


def executed(rate: Any) -> Counter[str]:
    """The operations of one rate, the read of the optimizer's count included."""
    import keras
    from graphs import executed_ops

    count = keras.Variable(5, dtype="int64", trainable=False)
    return executed_ops(lambda: rate(count))
