"""One emission of a rate in each graph, however often optimizers ask for it."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

import tensorflow as tf

Tensor = Any
Emit = Callable[[Tensor], Tensor]


def variable_of(step: Any) -> Any:
    """The `tf.Variable` that a step is, also inside a Keras variable, or None.

    Distributed variables are none: each replica reads its own.
    """
    inner = getattr(step, "value", step)
    variable = step if callable(inner) else inner  # tf.Variable.value is a method
    distributed = isinstance(variable, tf.distribute.DistributedValues)
    return variable if isinstance(variable, tf.Variable) and not distributed else None


def emitted_once(key: Hashable, step: Any, emit: Emit) -> Tensor:
    """`emit(step)`, or what it gave before in this graph if `step` cannot have changed since.

    An optimizer with weight decay asks for the rate once per variable. A variable may have
    changed when anything but a read has taken its handle since; where the order of operations
    is set by hand, or the handle has other names, the rate is emitted anew, and so it is for
    a distributed variable, which each replica reads for itself. What was emitted is kept in the
    graph itself, so that it lives no longer.
    """
    graph = tf.compat.v1.get_default_graph()
    variable = variable_of(step)
    unknown = variable is None and not isinstance(step, tf.Tensor)
    if unknown or not hasattr(graph, "capture") or graph._current_control_dependencies():
        return emit(tf.convert_to_tensor(step))
    source = graph.capture(step if variable is None else variable.handle)
    emissions = _kept(graph)
    place = key, source.ref(), graph._get_control_flow_context()
    users = _users(source)
    if place in emissions:
        rate, before = emissions[place]
        if variable is None or all(_reads(graph, name) for name in users - before):
            emissions[place] = rate, users
            return rate
    rate = emit(tf.convert_to_tensor(step))
    if not any(_passes_on(user) for user in source.consumers()):
        emissions[place] = rate, _users(source)
    return rate


def shared_constant(table: Any) -> Tensor:
    """An array as a constant, one on each device of a graph however many rates read it."""
    graph = tf.compat.v1.get_default_graph()
    if tf.executing_eagerly() or graph._current_control_dependencies():
        return tf.constant(table)
    device = tf.constant(0).device  # where it would be made
    place = id(table), device, graph._get_control_flow_context()
    if place not in _kept(graph):
        _kept(graph)[place] = (
            tf.constant(table),
            table,
        )  # whose id is its own while it is kept
    return _kept(graph)[place][0]


def _kept(graph: Any) -> dict[Any, Any]:
    """What was emitted in a graph."""
    if not hasattr(graph, "_lrdsl_emissions"):
        graph._lrdsl_emissions = {}
    kept: dict[Any, Any] = graph._lrdsl_emissions
    return kept


def _users(source: Tensor) -> frozenset[str]:
    return frozenset(user.name for user in source.consumers())


def _reads(graph: Any, name: str) -> bool:
    return bool(graph.get_operation_by_name(name).type == "ReadVariableOp")


def _passes_on(user: Any) -> bool:
    """Whether it gives the handle another name, under which it may be written to."""
    return any(output.dtype == tf.resource for output in user.outputs)
