"""YAML text to its schedule sites: where schedules stand in it, or something that is none."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from lrdsl.configs.recognition import is_balanced, is_expression, is_name, is_number, is_slot
from lrdsl.configs.source_map import SourceMap, map_scalar
from lrdsl.configs.yaml_tree import (
    YamlMapping,
    YamlNode,
    YamlScalar,
    YamlSequence,
    pairs_of,
    range_of,
    read_documents,
)
from lrdsl.configs.yaml_values import (
    NUMBERS,
    TEXT,
    list_for_schedule,
    not_text,
    read_parameter,
    read_value,
    refused_parameter,
    split_call,
    tag_of,
)
from lrdsl.errors.diagnostics import Diagnostic, ScheduleError, Span
from lrdsl.language.params import parameter_node

UNKNOWN = "${}"  # the value of a parameter that is wrong, which is reported by itself
_UNUSED_PARAMETER = r"the parameter `(.*)` is never used"


@dataclass(frozen=True)
class ScheduleSite:
    """A schedule of a file: its text, its params, and where both stand.

    strict: nothing else than a schedule can be meant there.
    """

    text: str
    source_map: SourceMap
    strict: bool = False
    params: Mapping[str, Any] = field(default_factory=dict)
    param_spans: Mapping[str, Span] = field(default_factory=dict)

    @property
    def is_resolved(self) -> bool:
        """Whether no `${...}` stands in it or in its params."""
        return not any("${" in str(each) for each in (self.text, *self.params.values()))

    @property
    def is_name(self) -> bool:
        """Whether it may be the name of a schedule, or something of another tool."""
        return not self.strict and is_name(self.text)

    def locate(self, found: Diagnostic) -> Diagnostic | None:
        """A problem of the text as one of the file, an unused parameter where it is given.

        None for the parameter of a wrong value, of which enough is said.
        """
        unused = re.fullmatch(_UNUSED_PARAMETER, found.message) if found.code == "LRD013" else None
        if not unused or unused[1] not in self.params:
            return found.moved(self.source_map.in_file)
        if self.params[unused[1]] == UNKNOWN:
            return None
        return replace(found, span=self.param_spans[unused[1]])


Found = ScheduleSite | Diagnostic
Pairs = Mapping[str, tuple[YamlScalar, YamlNode]]


def find_schedules(source: str, *, group: bool = False) -> list[Found]:
    """The schedules of a YAML text, and what is wrong where one should be.

    group: the text is a file of the config group `lrdsl/schedule`, which is a schedule itself.
    """
    documents, unreadable = read_documents(source)
    finder = _Finder(source)
    for document in documents:
        finder.visit_document(document, group)
    return [*finder.found, *unreadable]


class _Finder:
    """Walks the trees of a text, each node once in each role: aliases may lead in circles."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.found: list[Found] = []
        self.seen: set[tuple[int, bool]] = set()

    def visit_document(self, root: YamlNode, group: bool) -> None:
        pairs = pairs_of(root)
        if group and "expr" in pairs:
            self.visit_schedule(pairs)
        elif pairs:
            # Under `hydra` is Hydra's own configuration, where a value may be a sweep.
            self.visit_values({key: pair for key, pair in pairs.items() if key != "hydra"})
        else:
            self.visit(root)

    def visit(self, node: YamlNode) -> None:
        """A node that is not a schedule itself."""
        if isinstance(node, YamlScalar) or self.is_known(node):
            return
        if isinstance(node, YamlMapping):
            self.visit_values(pairs_of(node))
        else:
            for item in node.items:
                self.visit(item)

    def visit_values(self, pairs: Pairs) -> None:
        for key, (_, value) in pairs.items():
            if is_slot(key):
                self.visit_slot(value)
            elif not isinstance(value, YamlScalar):
                self.visit(value)

    def is_known(self, node: YamlNode, slot: bool = False) -> bool:
        known = (id(node), slot) in self.seen
        self.seen.add((id(node), slot))
        return known

    def visit_slot(self, node: YamlNode) -> None:
        """The value of a key behind which a schedule stands."""
        if self.is_known(node, slot=True):
            return
        if isinstance(node, YamlScalar):
            if site := self.site_of(node):
                self.found.append(site)
        elif isinstance(node, YamlSequence):
            self.visit_list(node)
        elif "expr" in (pairs := pairs_of(node)):
            self.visit_schedule(pairs)
        else:
            self.visit(node)

    def visit_schedule(self, pairs: Pairs) -> None:
        """A mapping of `expr` and `params`."""
        given = pairs_of(pairs["params"][1]) if "params" in pairs else {}
        params = {name: self.parameter(name, value) for name, (_, value) in given.items()}
        spans = {name: self.source_map(key).whole for name, (key, _) in given.items()}
        expr = pairs["expr"][1]
        if isinstance(expr, YamlSequence):
            self.visit_list(expr, strict=True)
        elif isinstance(expr, YamlScalar) and (site := self.site_of(expr, strict=True)):
            self.found.append(replace(site, params=params, param_spans=spans))

    def parameter(self, name: str, node: YamlNode) -> float | int | str:
        value = read_parameter(node)
        if isinstance(value, str) and "${" in value:
            return value
        try:
            parameter_node(name, value)
        except ScheduleError:
            self.found.append(refused_parameter(name, node, self.source_map(node).whole))
            return UNKNOWN
        return value

    def site_of(self, scalar: YamlScalar, strict: bool = False) -> ScheduleSite | None:
        """The site of a text or a number; anything else is a problem, or nobody's."""
        where, tag = self.source_map(scalar), tag_of(scalar)
        if tag != TEXT:
            problem = not_text(scalar, where.whole, strict)
        else:
            problem = split_call("mapping", where.whole) if self.is_split(scalar, where) else None
        if problem:
            self.found.append(problem)
        elif tag == TEXT:
            return ScheduleSite(scalar.value, where, strict)
        elif tag in NUMBERS:  # whose text here need not be the file's
            return ScheduleSite(str(read_value(scalar)), replace(where, text=""), strict=True)
        return None

    def is_split(self, scalar: YamlScalar, where: SourceMap) -> bool:
        """`{lr: min(0.1, 0.2)}`: the comma ended the value inside the call."""
        follows = self.source[where.end : where.end + 1]
        return not scalar.style and follows == "," and not is_balanced(scalar.value)

    def visit_list(self, node: YamlSequence, strict: bool = False) -> None:
        """A list, which may be somebody else's: of mappings, of plain numbers, of names."""
        scalars = [item for item in node.items if isinstance(item, YamlScalar)]
        texts = [item.value for item in scalars if tag_of(item) == TEXT]
        span = self.source_map(node).whole
        if not all(map(is_balanced, texts)):
            self.found.append(split_call("list", span))
        elif strict:
            self.found.append(list_for_schedule(span, "error"))
        elif len(scalars) == len(node.items) and any(
            is_expression(text) and not is_number(text) for text in texts
        ):
            self.found.append(list_for_schedule(span, "warning"))
        else:
            self.visit(node)

    def source_map(self, node: YamlNode) -> SourceMap:
        start, end = range_of(node)
        if isinstance(node, YamlScalar):
            return map_scalar(self.source, start, end, node.value, node.style)
        return SourceMap(self.source, start, end)
