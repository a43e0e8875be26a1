"""What schedules weigh: their objects, what they are compiled to, and their graphs."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from typing import Any

from benchmarks.options import Options
from benchmarks.rows import CONSTANT, KERAS, PEER, PIECEWISE_100, RUN, WARM_COSINE, ours, trio
from benchmarks.tables import Measurement, Row, Table
from lrdsl import Schedule, Timeline

COUNT = 100


def measure(options: Options) -> list[Measurement]:
    """Objects, and where TensorFlow is, graphs of a training step."""
    count = 10 if options.quick else COUNT
    graphs = [partial(_graphs, options)] if find_spec("tensorflow") else []
    return [partial(_objects, count), *graphs]


def _objects(count: int) -> Table:
    rows = [
        Row("Timeline", {"kB": _size(lambda k: Timeline(steps_per_epoch=k + 1, epochs=9), count)})
    ]
    for name in (WARM_COSINE, PIECEWISE_100):
        made = [Schedule(f"{KERAS[name].text} + 0.00{k + 1}") for k in range(2 * count)]
        texts = iter(made)
        rows.append(Row(f"Schedule: {name}", {
            "kB": _size(lambda k, n=name: Schedule(f"{KERAS[n].text} + 0.1{k + 1}"), count)
        }))  # fmt: skip
        rows.append(Row(f"core tree: {name}", {
            "kB": _size(lambda k, rest=texts: next(rest).bind(RUN), count)
        }))  # fmt: skip
    return Table(
        "Memory: objects", "none", ["kB"], rows,
        [f"What Python keeps for one of {count} different objects, by tracemalloc."],
    )  # fmt: skip


def _size(make: Callable[[int], Any], count: int) -> float:
    """Kilobytes that stay allocated for one object."""
    make(count)  # what is made once, such as tables of the parser
    gc.collect()
    tracemalloc.start()
    try:
        kept = [make(k) for k in range(count)]
        gc.collect()
        return tracemalloc.get_traced_memory()[0] / len(kept) / 1e3
    finally:
        tracemalloc.stop()


def _graphs(options: Options) -> Table:
    from benchmarks.measures.training import REFERENCE, step_of

    variables = 6 if options.quick else 42
    rows = []
    base = 0
    for name, rate in _rates(REFERENCE):
        if variables == 42 and name == f"{PIECEWISE_100}: {PEER}":
            continue  # half a minute and more
        step = step_of("AdamW", variables, False, rate)
        graph = step.get_concrete_function().graph.as_graph_def()
        base = base or graph.ByteSize()
        cells = {"kB": graph.ByteSize() / 1e3, "nodes": len(graph.node)}
        rows.append(Row(name, {**cells, "/ constant": graph.ByteSize() / base}))
    return Table(
        f"Memory: graph of a training step, AdamW, {variables} variables",
        "Keras' constant rate", ["kB", "nodes", "/ constant"], rows,
        ["The GraphDef as traced, forward and backward pass included, the tables of ours, too."],
    )  # fmt: skip


def _rates(reference: str) -> Iterator[tuple[str, Any]]:
    yield reference, 0.1
    yield f"{CONSTANT}: lrdsl", ours("0.1")
    for name in (WARM_COSINE, PIECEWISE_100):
        yield from ((f"{name}: {each}", made) for each, made in trio(name).items())
