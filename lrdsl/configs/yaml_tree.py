"""YAML text to a tree of nodes for each of its documents, and why it cannot be read.

Built from the parser's events, because no value is wanted of a scalar but its text, style and
place, and because the nesting is limited, so that no file can exhaust the stack.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
)

from lrdsl.configs.recognition import SLOT_KEYS
from lrdsl.errors.diagnostics import Diagnostic, Span

MAX_NESTING = 100
QUOTE = "put the whole expression in single quotes"
# What reading a hostile file may raise; PyYAML lets some of Python's own errors through.
UNREADABLE = (yaml.YAMLError, ValueError, OverflowError)
_NESTING_LIMIT_OF_LIBYAML = "exceeded maximum nesting depth"  # its words, at 1,000 levels
_NOT_PRINTABLE = yaml.reader.Reader.NON_PRINTABLE
# A line whose value YAML may have taken for something else than the schedule that it is.
_SCHEDULE_LINE = rf"({'|'.join([*SLOT_KEYS, 'expr'])})[\"']?\s*:"

# A scalar is its event, which holds all that is wanted of it.
YamlScalar = ScalarEvent


@dataclass(eq=False, slots=True)
class YamlSequence:
    """A list: where it stands in the text, and its items."""

    start_mark: Any
    end_mark: Any
    items: list[YamlNode] = field(default_factory=list)


@dataclass(eq=False, slots=True)
class YamlMapping:
    """A mapping: where it stands in the text, and its keys and values in turn."""

    start_mark: Any
    end_mark: Any
    items: list[YamlNode] = field(default_factory=list)


YamlNode = YamlScalar | YamlSequence | YamlMapping


def range_of(node: Any) -> tuple[int, int]:
    """Where a node begins and ends in the text, its anchor and tag included."""
    return node.start_mark.index, node.end_mark.index


def pairs_of(node: YamlNode) -> dict[str, tuple[YamlScalar, YamlNode]]:
    """Key and value nodes of a mapping by the key's text, those of a merge (`<<`) included."""
    own = _own_pairs(node)
    if "<<" not in own:
        return own
    _, merged = own.pop("<<")
    pairs: dict[str, tuple[YamlScalar, YamlNode]] = {}
    for each in merged.items if isinstance(merged, YamlSequence) else [merged]:
        pairs |= _own_pairs(each)
    return pairs | own


def _own_pairs(node: YamlNode) -> dict[str, tuple[YamlScalar, YamlNode]]:
    if not isinstance(node, YamlMapping):
        return {}
    pairs = zip(node.items[::2], node.items[1::2], strict=True)
    return {key.value: (key, value) for key, value in pairs if isinstance(key, YamlScalar)}


def read_documents(source: str) -> tuple[list[YamlNode], list[Diagnostic]]:
    """The root of each document, and what is wrong; no documents where the syntax is wrong."""
    bad = _NOT_PRINTABLE.search(source)
    if bad:
        message = f"the YAML cannot be read: U+{ord(bad[0]):04X} must not stand in it"
        return [], [Diagnostic("LRD501", message, Span(bad.start(), bad.end()))]
    composer = _Composer(source)
    try:
        return composer.documents(), composer.found
    except _TooDeep as error:
        return [], [_too_deep(error.at)]
    except UNREADABLE as error:
        return [], [_unreadable(error, source)]


class _TooDeep(Exception):
    def __init__(self, at: int) -> None:
        self.at = at


class _Composer:
    """Events to nodes. An alias is the node of its anchor, so a tree may contain itself."""

    def __init__(self, source: str) -> None:
        self.source = source
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        self.events: Iterator[Any] = yaml.parse(source, Loader=loader)
        self.anchors: dict[str, YamlNode] = {}
        self.found: list[Diagnostic] = []

    def documents(self) -> list[YamlNode]:
        documents = []
        for event in self.events:
            if isinstance(event, NodeEvent):
                documents.append(self.node(event, 0))
                self.anchors = {}
        return documents

    def node(self, event: Any, depth: int) -> YamlNode:
        """The node that begins with this event, inside so many others."""
        if isinstance(event, AliasEvent):
            return self.aliased(event)
        if isinstance(event, YamlScalar):
            if event.anchor is not None:
                self.name(event, event)
            return event
        kind = YamlMapping if isinstance(event, MappingStartEvent) else YamlSequence
        node = kind(event.start_mark, event.end_mark)
        if event.anchor is not None:
            self.name(node, event)
        self.fill(node, depth + 1)
        return node

    def fill(self, node: YamlMapping | YamlSequence, depth: int) -> None:
        if depth > MAX_NESTING:
            raise _TooDeep(range_of(node)[0])
        for event in self.events:
            if isinstance(event, CollectionEndEvent):
                node.end_mark = event.end_mark
                return
            node.items.append(self.node(event, depth))

    def name(self, node: YamlNode, event: Any) -> None:
        if event.anchor in self.anchors:
            self.refuse("found duplicate anchor", event)
        self.anchors[event.anchor] = node

    def aliased(self, event: Any) -> YamlNode:
        """The node of the anchor; an empty list where there is none."""
        if event.anchor not in self.anchors:
            self.refuse("found undefined alias", event)
            return YamlSequence(event.start_mark, event.end_mark)
        return self.anchors[event.anchor]

    def refuse(self, problem: str, event: Any) -> None:
        self.found.append(_unreadable_at(problem, event.start_mark.index, self.source))


def _too_deep(at: int) -> Diagnostic:
    message = f"YAML nested more than {MAX_NESTING} levels deep"
    return Diagnostic("LRD917", message, Span(at, at + 1))


def _unreadable(error: Exception, source: str) -> Diagnostic:
    """What the parser says, where it says it."""
    mark: Any = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or type(error).__name__
    at = min(mark.index, len(source.rstrip())) if mark else 0
    if problem == _NESTING_LIMIT_OF_LIBYAML:
        return _too_deep(at)
    return _unreadable_at(problem, at, source)


def _unreadable_at(problem: str, at: int, source: str) -> Diagnostic:
    """A problem of the syntax, with the advice to quote where that may help."""
    line = source[source.rfind("\n", 0, at) + 1 :].partition("\n")[0]
    help_ = QUOTE if re.search(_SCHEDULE_LINE, line) else None
    message = f"the YAML cannot be read: {problem}"
    return Diagnostic("LRD501", message, Span(at, at + 1), help=help_)
