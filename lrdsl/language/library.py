"""Library files: a text to its functions, each of which is parsed when it is first used."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property

from lrdsl.errors.diagnostics import Source, Span
from lrdsl.language.builtins import BUILTINS, Parameter, Peer, Signature
from lrdsl.resources import read_resource
from lrdsl.syntax import tree

# Patterns are texts, compiled where they are used: most runs need the first one only.
_HEAD = r"^([A-Za-z_][A-Za-z0-9_]*)\s*\("
# `name: text` in a comment; lines that are indented below it belong to it.
_NOTE = r"# ?([A-Za-z_][A-Za-z0-9_]*):(?: +(.*)|$)"
_SHARED = r"(?m)^#  +([A-Za-z_][A-Za-z0-9_]*): +(.*)"
_NOTES = ("example", "group", "curve", "peers")
_PEER = r"(\S+) ([^=:]+?)(?: = ([^:]+))?(?:: (.*))?"


@dataclass(frozen=True)
class Function:
    """One definition of a library file; `offset` is where its `text` begins in the file.

    `comment` is the one above it; `shared` that at the head of the file, which explains
    parameters that many functions have.
    """

    name: str
    text: str = field(repr=False)
    offset: int
    source: Source = field(repr=False)
    comment: str = field(default="", repr=False)
    shared: str = field(default="", repr=False)

    @property
    def doc(self) -> str:
        """The prose of its comment."""
        return self._comment[0]

    @property
    def example(self) -> str:
        """A call of it, or "" where its comment has none."""
        return self.notes.get("example", "")

    @cached_property
    def notes(self) -> dict[str, str]:
        """The `name: text` lines of its comment: on parameters (or the file's), examples, peers."""
        return dict(re.findall(_SHARED, self.shared)) | self._comment[1]

    @cached_property
    def _comment(self) -> tuple[str, dict[str, str]]:
        return _read_comment(self.comment, self.text)

    @cached_property
    def definition(self) -> tree.Definition:
        from lrdsl.syntax.parser import parse_definition

        return parse_definition(self.text, self.source.name)

    @cached_property
    def signature(self) -> Signature:
        notes = self.notes
        parameters = tuple(
            Parameter(each.name, each.type, self._text(each.default), notes.get(each.name, ""))  # type: ignore[arg-type]
            for each in self.definition.parameters
        )
        epochs = re.fullmatch(r"([1-9][0-9]{0,3}) epochs?", notes.get("curve", ""))
        return Signature(
            self.name, parameters, "number", self.doc, self.example, group=notes.get("group", ""),
            peers=self._peers(), epochs=int(epochs[1]) if epochs else 100,
        )  # fmt: skip

    @cached_property
    def calls(self) -> tuple[tree.Call, ...]:
        """Every call in the definition, in the order of its text."""
        return tuple(node for node in tree.nodes_of(self.definition) if isinstance(node, tree.Call))

    def in_file(self, span: Span) -> Span:
        """A span of the definition as one of its file."""
        return Span(span.start + self.offset, span.end + self.offset)

    def _peers(self) -> tuple[Peer, ...]:
        lines = self.notes.get("peers", "").replace("\n", "; ").split("; ")
        found = [match for line in lines if (match := re.fullmatch(_PEER, line))]
        return tuple(
            Peer(each[1], each[2], each[3] or self.example, each[4] or "") for each in found
        )

    def _text(self, node: tree.Node | None) -> str | None:
        return None if node is None else self.text[node.span.start : node.span.end]


def read_library(text: str, file: str) -> list[Function]:
    """The functions of a library text, in order, unparsed.

    A definition begins at the left margin and ends before the next one's comment.
    """
    source = Source(file, text)
    heads = list(re.finditer(_HEAD, text, re.MULTILINE))
    starts = [_comment_start(text, head.start()) for head in heads]
    shared = text[: min(starts, default=0)]
    functions = []
    for head, start, end in zip(heads, starts, [*starts[1:], len(text)], strict=False):
        body, comment = text[head.start() : end].rstrip(), text[start : head.start()]
        functions.append(Function(head[1], body, head.start(), source, comment, shared))
    return functions


def _read_comment(comment: str, definition: str) -> tuple[str, dict[str, str]]:
    """A comment to its prose, and to its `name: text` lines by name."""
    parameters = re.split(r"\)\s*=", definition)[0]
    doc: list[str] = []
    notes: dict[str, str] = {}
    name = ""
    for line in comment.splitlines():
        text = line.lstrip("# ").rstrip()
        head = re.match(_NOTE, line)
        if head and (head[1] in _NOTES or re.search(rf"[(,]\s*{head[1]}\b", parameters)):
            name = head[1]
            notes[name] = (head[2] or "").rstrip()
        elif name and line.startswith("#  "):
            deeper = name != "peers" or line.startswith("#    ")
            notes[name] = (notes[name] + (" " if deeper else "\n") + text).strip()
        else:
            name = ""
            doc.append(text)
    return " ".join(doc), notes


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
        """The definition of a name; a user's go before built-ins, which have none."""
        if name in self.own:
            return self.own[name]
        return None if name in BUILTINS else standard_library().get(name)

    def signature(self, name: str) -> Signature | None:
        """The signature of a function, built-in or not; None where there is none."""
        function = self.function(name)
        return function.signature if function else BUILTINS.get(name)

    def names(self) -> list[str]:
        """Everything that can be called."""
        return [*self.own, *BUILTINS, *standard_library()]

    @property
    def files(self) -> tuple[tuple[str, str], ...]:
        """Name and text of the files that the user's definitions come from."""
        return tuple({each.source.name: each.source.text for each in self.own.values()}.items())

    def seen_by(self, function: Function) -> Library:
        """What the body of a definition can call: a standard one calls no user's."""
        return self if self.own.get(function.name) is function else STANDARD


STANDARD = Library()
