"""The text of a filled template to the schedule that a person would have written."""

from __future__ import annotations

from dataclasses import replace

from lrdsl.convert.simplification import map_children, read_node, tidy
from lrdsl.schedule import Schedule
from lrdsl.syntax import tree
from lrdsl.syntax.formatter import format_node
from lrdsl.syntax.tree import Node, nodes_of
from lrdsl.timeline import Timeline

# Long enough for every length that another library may be given.
_LONG_RUN = Timeline(steps_per_epoch=10_000, epochs=10_000_000)
# Schedules that change only at the times they are given: by epochs they are the same text.
_STEPWISE = {"step_decay", "multistep", "piecewise", "+", "-", "*", "/"}
# Those that change at every step, however long it is: by epochs they are held for each epoch.
_SCALABLE = {*_STEPWISE, "linear", "cosine", "cosine_annealing", "cosine_restarts", "polynomial",
             "interp", "triangular", "triangular2"}  # fmt: skip


def build_schedule(text: str, *, per_epoch: bool = False) -> Schedule:
    """The schedule, simplified; raises ScheduleError for what the language refuses in a run.

    per_epoch: the step of the text becomes the epoch.
    """
    body = tidy(read_node(text))
    schedule = Schedule(_by_epochs(body) if per_epoch else format_node(body))
    schedule.bind(_LONG_RUN)
    return schedule


def _by_epochs(node: Node) -> str:
    """The schedule whose rate in epoch k is the rate of `node` at step k."""
    node = _stepwise(node)
    calls = {each.name for each in nodes_of(node) if isinstance(each, tree.Call)}
    if calls <= _STEPWISE:
        return format_node(_in_epochs(node))
    if calls <= _SCALABLE:
        return f"hold({format_node(_in_epochs(node))})"
    return f"at({format_node(node)}, floor(epoch) * 1st)"


def _stepwise(node: Node) -> Node:
    """With `step_decay` for an `exponential` that is the same at whole steps."""
    node = map_children(node, _stepwise)
    if isinstance(node, tree.Call) and node.name == "exponential":
        every = [each.value for each in node.arguments if each.name == "every"]
        if every == [read_node("1st")]:
            return replace(node, name="step_decay")
    return node


def _in_epochs(node: Node) -> Node:
    if isinstance(node, tree.Time) and node.unit == "st":
        return replace(node, unit="ep")
    return map_children(node, _in_epochs)
