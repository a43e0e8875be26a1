"""Where a GPU would run each operation of a schedule, and what would have to be copied for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from typing import Any

import keras
import tensorflow as tf
from graphs import FREE, executed_nodes
from tensorflow.python.framework import kernels, op_def_registry

from benchmarks.options import Options
from benchmarks.rows import CONSTANT, KERAS, LOWERINGS, OTHERS, RUN, ours, trio
from benchmarks.tables import Cell, Goal, Measurement, Row, Table
from lrdsl.language.library import standard_library

NOTES = [
    "Seen: the graphs, after TensorFlow's optimiser, and the kernels that this build of TensorFlow "
    "has registered for GPUs, with the arguments that they want in host memory. Derived: the "
    "rest. Nothing here ran on a GPU. Chains of unary operations, which TensorFlow fuses on CPUs, "
    "are counted one by one.",
    "A copy: a tensor made in device memory and wanted in host memory by the operation behind it, "
    "or the other way round. A copy to the host also waits for all that is queued. Handles of "
    "variables are always on the host, and are no data.",
    "The optimizer's count itself has kernels on the GPU (`VarHandleOp`, `AssignAddVariableOp` "
    "for int64), so it is read there.",
]


def measure(options: Options) -> list[Measurement]:
    """Copies and kernels of each schedule, then each operation that our schedules execute."""
    graphs = cache(lambda: dict(_graphs(options)))
    return [lambda: _of_schedules(graphs()), lambda: _of_operations(graphs())]


def _graphs(options: Options) -> Iterator[tuple[str, list[Any]]]:
    """The nodes of each schedule, by row."""
    yield f"{CONSTANT}: lrdsl", _nodes(ours("0.1"))
    for name in list(KERAS)[:2] if options.quick else KERAS:
        yield from ((f"{name}: {each}", _nodes(made)) for each, made in trio(name).items())
    if options.quick:
        return
    for name, (text, run) in OTHERS.items():
        for kind in LOWERINGS:
            yield f"{name}: {kind}", _nodes(ours(text, kind, run))
    run = RUN.model_copy(update={"batch_size": 32, "tokens_per_step": 1000})
    examples = [function.example for function in standard_library().values()]
    for kind in LOWERINGS:
        nodes = [
            _renamed(node, f"{place}/")
            for place, text in enumerate(examples)
            for node in _nodes(ours(text, kind, run))
        ]
        yield f"all {len(examples)} named schedules together: {kind}", nodes


def _nodes(schedule: Any) -> list[Any]:
    count = keras.Variable(3, dtype="int64", trainable=False)
    nodes = executed_nodes(lambda: schedule(count))
    return [each for node in nodes for each in _apart(node)]


def _renamed(node: Any, prefix: str) -> Any:
    """The node as one of several graphs."""
    node.name = prefix + node.name
    node.input[:] = [prefix + each for each in node.input if not each.startswith("^")]
    return node


def _apart(node: Any) -> Iterator[Any]:
    """A chain that is fused on CPUs, and only there, as the operations it is made of."""
    if node.op != "_UnaryOpsComposition":
        yield node
        return
    names = [each.decode() for each in node.attr["op_names"].list.s]
    for place, op in enumerate(names):
        last = place == len(names) - 1
        part = tf.compat.v1.NodeDef(name=node.name if last else f"{node.name}/{place}", op=op)
        part.input.append(f"{node.name}/{place - 1}" if place else node.input[0])
        part.attr["T"].CopyFrom(node.attr["T"])
        yield part


def _of_schedules(graphs: dict[str, list[Any]]) -> Table:
    rows = []
    for name, nodes in graphs.items():
        copies = _copies(nodes)
        placed = [_where(node) for node in nodes if node.op not in FREE]
        cells: dict[str, Cell] = {
            "kernels on the GPU": placed.count("GPU"),
            "no GPU kernel": placed.count("none"),
            "copies": len(copies),
            "of": ", ".join(sorted(set(copies))),
        }
        goals = [Goal("copies", "<=", 0)] if "lrdsl" in name else []
        rows.append(Row(name, cells, goals))
    return Table(
        "On a GPU: kernels and copies of one rate, without XLA (derived)",
        "none",
        ["kernels on the GPU", "no GPU kernel", "copies", "of"],
        rows,
        NOTES,
    )


def _of_operations(graphs: dict[str, list[Any]]) -> Table:
    """Every operation with its types, as our schedules execute it."""
    seen: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for name, nodes in graphs.items():
        if "lrdsl" in name:
            for node in nodes:
                if node.op not in FREE:
                    seen[node.op, _types(node)].append(node)
    rows = []
    for (op, types), nodes in sorted(seen.items(), key=lambda item: item[0]):
        kernel = _kernel(nodes[0])
        wanted = [] if kernel is None else [str(each) for each in kernel.host_memory_arg]
        rows.append(Row(f"{op} {types}".strip(), {
            "GPU kernel": "none" if kernel is None else "yes",
            "arguments on the host": ", ".join(wanted),
            "why that is no copy": _reason(op, wanted),
        }))  # fmt: skip
    return Table(
        "On a GPU: every operation that lrdsl's graphs execute",
        "none",
        ["GPU kernel", "arguments on the host", "why that is no copy"],
        rows,
        ["`DEFAULT` kernels, which serve every device, count as GPU kernels."],
    )


def _reason(op: str, wanted: list[str]) -> str:
    if not wanted:
        return "nothing is wanted on the host"
    if wanted == ["resource"]:
        return "a handle"
    return "see the copies above; none where these are int32 constants, which live on the host"


def _types(node: Any) -> str:
    """The types of a node, as its attributes have them."""
    found = {name: value.type for name, value in sorted(node.attr.items()) if value.type}
    shown = (f"{name}={tf.as_dtype(value).name}" for name, value in found.items() if name != "_")
    return ", ".join(each for each in shown if not each.startswith("_"))


def _where(node: Any) -> str:
    """GPU, host (all of its tensors are there, as for int32) or none."""
    kernel = _kernel(node)
    if kernel is None:
        return "none"
    definition = op_def_registry.get(node.op)
    outputs = [each.name for each in definition.output_arg]
    on_host = outputs and all(each in kernel.host_memory_arg for each in outputs)
    return "host" if on_host else "GPU"


def _kernel(node: Any) -> Any:
    """The kernel that a GPU would run: one for GPUs, or one for every device."""
    listed = kernels.get_registered_kernels_for_op(node.op).kernel
    for device in ("GPU", "DEFAULT"):
        for kernel in listed:
            if kernel.device_type == device and _fits(kernel, node):
                return kernel
    return None


def _fits(kernel: Any, node: Any) -> bool:
    return all(
        node.attr[each.name].type in each.allowed_values.list.type for each in kernel.constraint
    )


def _copies(nodes: list[Any]) -> list[str]:
    """The edges between host and device memory, as `producer -> consumer.argument`."""
    by_name = {node.name: node for node in nodes}
    found = []
    for node in nodes:
        kernel = _kernel(node)
        definition = op_def_registry.get(node.op)
        if kernel is None or definition is None:
            continue
        data = [each for each in node.input if not each.startswith("^")]
        for argument, source in zip(_arguments(definition, node), data, strict=True):
            name, _, output = source.partition(":")
            producer = by_name[name]
            if argument.type == tf.resource.as_datatype_enum or producer.op == "_Arg":
                continue
            if _on_host(producer, int(output or 0)) != (argument.name in kernel.host_memory_arg):
                found.append(f"{producer.op} -> {node.op}.{argument.name}")
    return found


def _arguments(definition: Any, node: Any) -> list[Any]:
    """The argument of each input; one that is a list stands several times."""
    found = []
    for each in definition.input_arg:
        found += [each] * (node.attr[each.number_attr].i if each.number_attr else 1)
    return found


def _on_host(producer: Any, output: int) -> bool:
    kernel, definition = _kernel(producer), op_def_registry.get(producer.op)
    if kernel is None or definition is None:
        return kernel is None
    outputs = list(definition.output_arg)
    name = outputs[min(output, len(outputs) - 1)].name
    return name in kernel.host_memory_arg
