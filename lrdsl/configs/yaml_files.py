"""YAML text to the schedules in it, each with its place; and to what is wrong with the rest."""

from __future__ import annotations

import operator
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import yaml
from yaml.nodes import MappingNode, ScalarNode, SequenceNode

from lrdsl.configs.schedule_sites import UNKNOWN, Slot, is_expression
from lrdsl.configs.source_map import Place, place
from lrdsl.configs.yaml_scalars import (
    NUMBERS,
    QUOTE,
    UNREADABLE,
    UNTAGGED,
    is_balanced,
    is_number,
    not_text,
    read_parameter,
    read_value,
    refused_parameter,
    resolve,
    split_call,
)
from lrdsl.errors.diagnostics import Diagnostic, ScheduleError, Span
from lrdsl.language.params import parameter_node

KEYS = ("schedule", "lr", "learning_rate")
MAX_NESTING = 100
# What libyaml says from 0.2.6 on, at 1,000 levels, to which it reads ahead.
_LIMIT = "exceeded maximum nesting depth"

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TEXT = "tag:yaml.org,2002:str"
_NOT_PRINTABLE = yaml.reader.Reader.NON_PRINTABLE

Found = Slot | Diagnostic


def find_schedules(source: str, *, group: bool = False) -> Iterator[Found]:
    """The schedules of a YAML text, and the places where something else stands instead.

    With `group`, the text is a file of the config group `lrdsl/schedule`.
    """
    bad = _NOT_PRINTABLE.search(source)
    if bad:
        message = f"the YAML cannot be read: U+{ord(bad[0]):04X} must not stand in it"
        yield Diagnostic("LRD501", message, Span(bad.start(), bad.end()))
        return
    documents, wrong = _compose(source)
    for document in documents:
        yield from _Finder(source).document(document, group)
    if wrong:
        yield wrong


def _compose(source: str) -> tuple[list[Any], Diagnostic | None]:
    """The documents of a YAML text, and why there are no more of them."""
    documents: list[Any] = []
    try:
        loader = _composer(_Loader) if _is_flat(source) else _guarded(_Loader)
        for document in yaml.compose_all(source, Loader=loader):
            documents.append(document)
        return documents, None
    except _TooDeep as error:
        return [], error.diagnostic()
    except yaml.composer.ComposerError as error:
        # A wrong alias leaves the documents before it; wrong syntax leaves nothing certain.
        unread = _syntax_error(source)
        return ([], unread) if unread else (documents, _unreadable(error, source))
    except UNREADABLE as error:
        deep = _too_deep(source) if getattr(error, "problem", None) == _LIMIT else None
        return [], deep or _unreadable(error, source)


def _too_deep(source: str) -> Diagnostic | None:
    """Where the loader that has no limit of its own sees too many levels."""
    try:
        for _ in yaml.compose_all(source, Loader=_guarded(yaml.SafeLoader)):
            pass
    except _TooDeep as error:
        return error.diagnostic()
    except UNREADABLE:
        pass
    return None


def _syntax_error(source: str) -> Diagnostic | None:
    try:
        for _ in yaml.parse(source, Loader=_Loader):
            pass
    except UNREADABLE as error:
        return _unreadable(error, source)
    return None


class _TooDeep(Exception):
    def __init__(self, at: int) -> None:
        super().__init__(f"YAML nested more than {MAX_NESTING} levels deep")
        self.at = at

    def diagnostic(self) -> Diagnostic:
        return Diagnostic("LRD917", str(self), Span(self.at, self.at + 1))


@cache
def _composer(loader: Any) -> Any:
    """A loader whose nodes have no tags yet, for texts that nest no deeper than is allowed."""

    class Composer(loader):  # type: ignore[misc]
        # Called around each node; functions of C that take what they are given, and do nothing.
        descend_resolver = operator.is_
        ascend_resolver = bool

        def resolve(self, kind: Any, value: Any, implicit: Any) -> str:
            """Of few scalars anybody asks the tag; to resolve all takes longer than to compose."""
            return UNTAGGED if kind is ScalarNode and implicit[0] else _TEXT

    return Composer


@cache
def _guarded(loader: Any) -> Any:
    """The same for any text: it refuses to exhaust the stack."""

    class Guarded(_composer(loader)):  # type: ignore[misc]
        depth = 0

        def descend_resolver(self, parent: Any, index: Any) -> None:
            self.depth += 1
            if self.depth > MAX_NESTING + 1:
                raise _TooDeep(parent.start_mark.index)

        def ascend_resolver(self) -> None:
            self.depth -= 1

    return Guarded


def _is_flat(source: str) -> bool:
    """Whether there are too few of the characters, one of which begins each level of nesting."""
    return sum(map(source.count, "-?:[{")) <= MAX_NESTING


# A line that holds a schedule, whose text YAML may have taken for something else.
_ENTRY = r"(schedule|lr|learning_rate|expr)[\"']?\s*:"


def _unreadable(error: Exception, source: str) -> Diagnostic:
    mark: Any = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or type(error).__name__
    at = min(mark.index, len(source.rstrip())) if mark else 0
    line = source[source.rfind("\n", 0, at) + 1 :].partition("\n")[0]
    help_ = QUOTE if re.search(_ENTRY, line) else None
    message = f"the YAML cannot be read: {problem}"
    return Diagnostic("LRD501", message, Span(at, at + 1), help=help_)


class _Finder:
    """Walks one document's node graph, each node once."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.seen: set[tuple[int, bool]] = set()

    def document(self, node: Any, group: bool) -> Iterator[Found]:
        pairs = _pairs(node)
        if group and "expr" in pairs:
            yield from self.schedule(pairs["expr"][1], pairs)
        elif isinstance(node, MappingNode):
            # Under `hydra` is Hydra's own configuration, where a value may be a sweep.
            for key, (_, value) in pairs.items():
                if _is_slot(key):
                    yield from self.slot(value)
                elif key != "hydra":
                    yield from self.walk(value)
        else:
            yield from self.walk(node)

    def new(self, node: Any, slot: bool = False) -> bool:
        """Whether a node is met for the first time in this role."""
        known = (id(node), slot) in self.seen
        self.seen.add((id(node), slot))
        return not known

    def walk(self, node: Any) -> Iterator[Found]:
        if isinstance(node, ScalarNode) or not self.new(node):
            return
        if isinstance(node, SequenceNode):
            for item in node.value:
                if not isinstance(item, ScalarNode):
                    yield from self.walk(item)
            return
        for key, (_, value) in _pairs(node).items():
            if _is_slot(key):
                yield from self.slot(value)
            elif not isinstance(value, ScalarNode):
                yield from self.walk(value)

    def slot(self, node: Any) -> Iterator[Found]:
        """The value of a key that a schedule stands behind."""
        if not self.new(node, slot=True):
            return
        if isinstance(node, ScalarNode):
            yield from self.scalar(node)
        elif isinstance(node, SequenceNode):
            yield from self.sequence(node, strict=False)
        elif "expr" in (pairs := _pairs(node)):
            yield from self.schedule(pairs["expr"][1], pairs)
        else:
            yield from self.walk(node)

    def schedule(self, node: Any, pairs: Mapping[str, tuple[Any, Any]]) -> Iterator[Found]:
        """A mapping of `expr` and `params`."""
        params: dict[str, Any] = {}
        spans: dict[str, Span] = {}
        for name, (key, value) in _pairs(pairs.get("params", (None, None))[1]).items():
            params[name], spans[name] = read_parameter(value), self.place(key).whole
            if isinstance(params[name], str) and "${" in params[name]:
                continue
            try:
                parameter_node(name, params[name])
            except ScheduleError:
                yield refused_parameter(name, value, self.place(value).whole)
                params[name] = UNKNOWN
        if isinstance(node, SequenceNode):
            yield from self.sequence(node, strict=True)
        elif isinstance(node, ScalarNode):
            for found in self.scalar(node, strict=True):
                if isinstance(found, Slot):
                    found = replace(found, params=params, param_spans=spans)
                yield found

    def scalar(self, node: Any, strict: bool = False) -> Iterator[Found]:
        where = self.place(node)
        resolve(node)
        if node.tag != _TEXT:
            found = not_text(node, where.whole, strict)
            if found:
                yield found
            elif node.tag in NUMBERS:
                yield Slot(
                    str(read_value(node)), Place(where.whole.start, where.whole.end), strict=True
                )
        elif self.split(node, where):
            yield split_call("mapping", where.whole)
        else:
            yield Slot(node.value, where, node.style or "", strict)

    def split(self, node: Any, where: Place) -> bool:
        """`{lr: min(0.1, 0.2)}`: the comma ended the value inside the call."""
        follows = self.source[where.whole.end : where.whole.end + 1]
        return not node.style and follows == "," and not is_balanced(node.value)

    def sequence(self, node: Any, strict: bool) -> Iterator[Found]:
        """A list, where it is not somebody else's: of mappings, of plain numbers, of names."""
        items = [item for item in node.value if isinstance(item, ScalarNode)]
        texts = [item.value for item in items if resolve(item).endswith(":str")]
        whole = self.place(node).whole
        if any(not is_balanced(text) for text in texts):
            yield split_call("list", whole)
        elif strict or (
            len(items) == len(node.value)
            and any(is_expression(text) and not is_number(text) for text in texts)
        ):
            message = "a schedule is an expression, a name or a number, not a list"
            help_ = "a schedule of several values is `piecewise([30, 60], [0.1, 0.01, 0.001])`"
            severity = "error" if strict else "warning"
            yield Diagnostic("LRD018", message, whole, severity, help_)  # type: ignore[arg-type]
        else:
            yield from self.walk(node)

    def place(self, node: Any) -> Place:
        start, end = node.start_mark.index, node.end_mark.index
        if isinstance(node, ScalarNode):
            return place(self.source, start, end, node.value, node.style)
        return Place(start, end)


def _is_slot(key: str) -> bool:
    """`lr`, and `optimizer.lr` as well."""
    return key.endswith(KEYS) and key.rpartition(".")[2] in KEYS


def _pairs(node: Any) -> dict[str, tuple[Any, Any]]:
    """Key and value nodes of a mapping by the key's text; merged ones (`<<`) first."""
    if not isinstance(node, MappingNode):
        return {}
    own = {pair[0].value: pair for pair in node.value if isinstance(pair[0], ScalarNode)}
    if "<<" not in own:
        return own
    merged = own.pop("<<")[1]
    pairs: dict[str, tuple[Any, Any]] = {}
    for each in merged.value if isinstance(merged, SequenceNode) else [merged]:
        if isinstance(each, MappingNode):
            pairs |= {pair[0].value: pair for pair in each.value if isinstance(pair[0], ScalarNode)}
    return pairs | own
