"""The call graph of a library's definitions: what calls what, followed without recursion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

T = TypeVar("T")

Graph = Mapping[str, Sequence[str]]  # from each name to those that it calls


def strong_components(graph: Graph) -> dict[str, str]:
    """From each name to one of its strongly connected component, by Kosaraju's algorithm.

    Two names are in one component where each calls the other, directly or through others.
    Takes time linear in the number of calls.
    """
    callers: dict[str, list[str]] = {name: [] for name in graph}
    for name, called in graph.items():
        for each in called:
            callers[each].append(name)
    component: dict[str, str] = {}
    for name in reversed(_postorder(graph)):
        mark_reached(callers, name, name, component)
    return component


def mark_reached(graph: Graph, start: str, mark: T, marks: dict[str, T]) -> None:
    """Give `mark` to a name and all that it calls, but to none, nor through one, that has any."""
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name in graph and name not in marks:
            marks[name] = mark
            waiting += graph[name]


def _postorder(graph: Graph) -> list[str]:
    """Every name behind those that it calls, as a depth-first search leaves them."""
    order: list[str] = []
    seen: set[str] = set()
    waiting = [(name, False) for name in graph]
    while waiting:
        name, left = waiting.pop()
        if left:
            order.append(name)
        elif name not in seen:
            seen.add(name)
            waiting.append((name, True))
            waiting += [(each, False) for each in graph[name]]
    return order
