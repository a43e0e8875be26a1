"""Library files: text to signatures and bodies, each parsed when somebody calls it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache, cached_property

from lrdsl import tree
from lrdsl.functions import Parameter, Signature
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
    file: str

    @cached_property
    def definition(self) -> tree.Definition:
        from lrdsl.parser import parse_definition

        return parse_definition(self.text, self.file)

    @cached_property
    def signature(self) -> Signature:
        parameters = tuple(
            Parameter(each.name, each.type, self._source(each.default))  # type: ignore[arg-type]
            for each in self.definition.parameters
        )
        return Signature(self.name, parameters, "number", self.doc, self.example)

    def _source(self, node: tree.Node | None) -> str | None:
        return None if node is None else self.text[node.span.start : node.span.end]


def read_library(text: str, file: str) -> dict[str, Function]:
    """The functions of a library text by name, in order, unparsed.

    A definition begins at the left margin and ends before the next one's comment.
    """
    heads = list(_HEAD.finditer(text))
    ends = [_comment_start(text, head.start()) for head in heads[1:]] + [len(text)]
    functions = {}
    for head, end in zip(heads, ends, strict=True):
        comment = text[_comment_start(text, head.start()) : head.start()]
        lines = [line.lstrip("# ").rstrip() for line in comment.splitlines()]
        examples = [line[9:] for line in lines if line.startswith("example: ")]
        doc = " ".join(line for line in lines if not line.startswith("example: "))
        functions[head[1]] = Function(
            head[1], doc, "".join(examples), text[head.start() : end].rstrip(), head.start(), file
        )
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
    return read_library(read_resource("grammar", "library.lrs"), "library.lrs")
