"""Graph algorithms on the calls between definitions, without recursion: chains may be long."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

T = TypeVar("T")

Graph = Mapping[str, Sequence[str]]  # from each definition to those that it calls


def strong_components(graph: Graph) -> dict[str, str]:
    """The strongly connected components, as a representative of each node (Kosaraju).

    Two definitions are in one component if each calls the other, directly or through others:
    a component of several is recursive. Takes time linear in the number of calls.
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
    """Give `mark` to what is reachable from `start` without passing what has a mark already."""
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name in graph and name not in marks:
            marks[name] = mark
            waiting += graph[name]


def _postorder(graph: Graph) -> list[str]:
    """All nodes in the order in which a depth-first search leaves them."""
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
