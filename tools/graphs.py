"""The operations of a TensorFlow function that are executed, after TensorFlow's optimiser."""

from __future__ import annotations

from collections import Counter
from typing import Any

import tensorflow as tf
from tensorflow.python.eager import context

# Nodes that compute nothing: what is known, what is handed over, and order. What the optimiser
# fuses on CPUs, `_UnaryOpsComposition` or `_FusedMatMul`, is one node that computes.
FREE = frozenset({
    "Const", "HostConst", "Placeholder", "Identity", "IdentityN", "NoOp",
    "_Arg", "_DeviceArg", "_Retval", "_DeviceRetval",
})  # fmt: skip


def executed_ops(function: Any, *args: Any) -> Counter[str]:
    """How often each operation stands in the graphs that a call of `function` executes.

    function: a `tf.function`, or anything that can be one, without variables to create; it is
    called once, with `args`, for real. Raises what it raises.

    Counted are the compute nodes of the partition graphs in the RunMetadata of that call: what
    is left after pruning, constant folding, inlining and lowering of conditionals (`If` becomes
    Switch and Merge; both branches count), reads of variables included. The body of a loop
    counts once. A function compiled by XLA is one node.
    """
    return Counter(node.op for node in executed_nodes(function, *args) if node.op not in FREE)


def executed_nodes(function: Any, *args: Any) -> list[Any]:
    """All nodes of those graphs, with their devices and attributes, as NodeDef."""
    # A function that has run before is not instantiated, hence not reported, again: call it
    # from a new one, into which it is inlined.
    fresh = tf.function(lambda *inputs: function(*inputs), autograph=False)
    concrete = fresh.get_concrete_function(*args)
    context.enable_run_metadata()
    try:
        context.export_run_metadata()  # what earlier calls may have left
        concrete(*(arg for arg in args if tf.is_tensor(arg)))
        metadata = context.export_run_metadata()
    finally:
        context.disable_run_metadata()
    graphs = [graph for each in metadata.function_graphs for graph in each.partition_graphs]
    return [node for graph in graphs for node in graph.node]
