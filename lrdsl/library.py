"""Library files: text to signatures and bodies, each parsed when somebody calls it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from functools import cache, cached_property

from lrdsl import tree
from lrdsl.diagnostics import Source, Span
from lrdsl.functions import BUILTINS, Parameter, Signature
from lrdsl.resources import read_resource

_HEAD = re.compile(r"^([A-Za-z_][A-Za-z0-9_]*)\s*\(", re.MULTILINE)


@dataclass(frozen=True)
class Function:
    """One definition of a library file; `offset` is where `text` begins in the file."""

    name: str
    doc: str
    example: str
    text: str = field(repr=False)
    offset: int
    source: Source = field(repr=False)

    @cached_property
    def definition(self) -> tree.Definition:
        from lrdsl.parser import parse_definition

        return parse_definition(self.text, self.source.name)

    @cached_property
    def signature(self) -> Signature:
        parameters = tuple(
            Parameter(each.name, each.type, self._text(each.default))  # type: ignore[arg-type]
            for each in self.definition.parameters
        )
        return Signature(self.name, parameters, "number", self.doc, self.example)

    @cached_property
    def calls(self) -> frozenset[str]:
        """The names of all functions that the definition calls."""
        return frozenset(
            node.name for node in nodes_of(self.definition) if isinstance(node, tree.Call)
        )

    def in_file(self, span: Span) -> Span:
        """A span of the definition as one of its file."""
        return Span(span.start + self.offset, span.end + self.offset)

    def _text(self, node: tree.Node | None) -> str | None:
        return None if node is None else self.text[node.span.start : node.span.end]


def nodes_of(node: tree.Node) -> Iterator[tree.Node]:
    """A node and all below it."""
    yield node
    for each in fields(node):
        value = getattr(node, each.name)
        for child in value if isinstance(value, tuple) else (value,):
            if isinstance(child, tree.Node):
                yield from nodes_of(child)


def read_library(text: str, file: str) -> list[Function]:
    """The functions of a library text, in order, unparsed.

    A definition begins at the left margin and ends before the next one's comment.
    """
    source = Source(file, text)
    heads = list(_HEAD.finditer(text))
    starts = [_comment_start(text, head.start()) for head in heads]
    functions = []
    for head, start, end in zip(heads, starts, [*starts[1:], len(text)], strict=False):
        lines = [line.lstrip("# ").rstrip() for line in text[start : head.start()].splitlines()]
        examples = [line[9:] for line in lines if line.startswith("example: ")]
        doc = " ".join(line for line in lines if not line.startswith("example: "))
        body = text[head.start() : end].rstrip()
        functions.append(Function(head[1], doc, "".join(examples), body, head.start(), source))
    return functions


def _comment_start(text: str, offset: int) -> int:
    """Where the comment directly above the line at `offset` begins."""
    while True:
        previous = text.rfind("\n", 0, max(offset - 1, 0)) + 1
        if offset == 0 or not text.startswith("#", previous) or previous == offset:
            return offset
        offset = previous


@cache
def standard_library() -> dict[str, Function]:
    """The functions of `grammar/library.lrs`."""
    functions = read_library(read_resource("grammar", "library.lrs"), "library.lrs")
    return {function.name: function for function in functions}


@dataclass(frozen=True, eq=False)
class Library:
    """What a text can call: a user's definitions, the built-ins, the standard library."""

    own: Mapping[str, Function] = field(default_factory=dict)

    def function(self, name: str) -> Function | None:
        """A definition by its name; the user's own go before built-ins."""
        if name in self.own:
            return self.own[name]
        return None if name in BUILTINS else standard_library().get(name)

    def signature(self, name: str) -> Signature | None:
        function = self.function(name)
        return function.signature if function else BUILTINS.get(name)

    def names(self) -> list[str]:
        return [*self.own, *BUILTINS, *standard_library()]

    def seen_by(self, function: Function) -> Library:
        """What the body of a definition can call: the standard ones know no user's."""
        return (
            self if function.name in self.own and self.own[function.name] is function else STANDARD
        )


STANDARD = Library()
