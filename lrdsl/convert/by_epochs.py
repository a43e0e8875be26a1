"""A schedule by steps to the same schedule by epochs, for a `scheduler.step()` once per epoch."""

from __future__ import annotations

from dataclasses import replace

from lrdsl.convert.simplification import map_children, read_node
from lrdsl.syntax import tree
from lrdsl.syntax.formatter import format_node
from lrdsl.syntax.tree import Node, nodes_of

# Schedules that change only at the times they are given: by epochs they are the same text.
_STEPWISE = {"step_decay", "multistep", "piecewise", "+", "-", "*", "/"}
# Those that change at every step, however long it is: by epochs they are held for each epoch.
_SCALABLE = {*_STEPWISE, "linear", "cosine", "cosine_annealing", "cosine_restarts", "polynomial",
             "interp", "triangular", "triangular2"}  # fmt: skip


def by_epochs(node: Node) -> Node:
    """The schedule whose rate in epoch k is the rate of `node` at step k."""
    node = _stepwise(node)
    calls = {each.name for each in nodes_of(node) if isinstance(each, tree.Call)}
    if calls <= _STEPWISE:
        return _in_epochs(node)
    if calls <= _SCALABLE:
        return read_node(f"hold({format_node(_in_epochs(node))})")
    return read_node(f"at({format_node(node)}, floor(epoch) * 1st)")


def _stepwise(node: Node) -> Node:
    """With `step_decay` for an `exponential` that is the same at whole steps."""
    node = map_children(node, _stepwise)
    if isinstance(node, tree.Call) and node.name == "exponential":
        every = [each for each in node.arguments if each.name == "every"]
        if every and every[0].value == read_node("1st"):
            return replace(node, name="step_decay")
    return node


def _in_epochs(node: Node) -> Node:
    if isinstance(node, tree.Time) and node.unit == "st":
        return replace(node, unit="ep")
    return map_children(node, _in_epochs)
