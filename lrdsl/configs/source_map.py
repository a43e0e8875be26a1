"""Where the characters of a YAML scalar stand in its file, whatever the quoting and folding."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property

from lrdsl.errors.diagnostics import Span

# What YAML folds, strips or indents: no character of these is ever located by itself.
_BLANK = " \t\r\n\x85\u2028\u2029"
# Compiled where they are used, which for most is a file with a mistake.
_PROPERTIES = r"(?:[&!]\S*[ \t\r\n]+)*"
_HEADER = r"[|>][^\r\n]*"
_SINGLE = r"''|[^']"
_DOUBLE = r"(?s)\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|\r\n|.)|[^\"\\]"
_ESCAPES = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r",
    "e": "\x1b", "N": "\x85", "_": "\xa0", "L": "\u2028", "P": "\u2029",
}  # fmt: skip

Unit = tuple[str, int, int]


class Place:
    """A scalar's text in its file: its whole range, and each character's where it is certain.

    The characters are looked for when somebody asks, which is for few texts.
    """

    def __init__(
        self, start: int, end: int, source: str = "", value: str = "", style: str | None = None
    ) -> None:
        self.whole = Span(start, max(end, start + 1))
        self._scalar = source, start, end, style
        self._value = value

    @property
    def begins(self) -> tuple[int, ...]:
        """Where each character of the text and its end are, or () where that is not certain."""
        return self._offsets[0]

    def span(self, inside: Span) -> Span:
        """The range in the file of a range of the text."""
        begins, ends = self._offsets
        if not begins:
            return self.whole
        start = begins[min(inside.start, len(begins) - 1)]
        end = ends[min(inside.end, len(ends)) - 1] if inside.end else start
        return Span(start, max(end, start + 1))

    @cached_property
    def _offsets(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        if not self._value:
            return (), ()
        units = [unit for unit in _units(*self._scalar) if unit[0] not in _BLANK]
        spelled = [char for char in self._value if char not in _BLANK]
        if not units or [unit[0] for unit in units] != spelled:
            return (), ()
        return _offsets(self._value, units)


def place(source: str, start: int, end: int, value: str, style: str | None) -> Place:
    """The place of the scalar that YAML found in source[start:end], properties included."""
    properties = re.compile(_PROPERTIES).match(source, start, end)
    start = properties.end() if properties else start
    end = start + len(source[start:end].rstrip(_BLANK))
    return Place(start, end, source, value, style)


def _units(source: str, start: int, end: int, style: str | None) -> Iterator[Unit]:
    """The characters that the source spells, each with its range; blanks as they come."""
    match style:
        case "'" | '"':
            if end - start < 2 or source[start] != style or source[end - 1] != style:
                return
            pattern = _SINGLE if style == "'" else _DOUBLE
            for unit in re.compile(pattern).finditer(source, start + 1, end - 1):
                yield _unescaped(unit[0], style), unit.start(), unit.end()
        case "|" | ">":
            header = re.compile(_HEADER).match(source, start, end)
            for offset in range(header.end() if header else end, end):
                yield source[offset], offset, offset + 1
        case _:
            for offset in range(start, end):
                yield source[offset], offset, offset + 1


def _unescaped(text: str, style: str) -> str:
    if style == "'" or text[0] != "\\":
        return text[0]
    if text[1] in "xuU" and len(text) > 2:
        code = int(text[2:], 16)
        return chr(code) if code < 0x110000 else "\n"
    return _ESCAPES.get(text[1], text[1])


def _offsets(value: str, units: list[Unit]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Begin and end of every character; a blank is behind the character before it."""
    begins, ends, count = [], [], 0
    for char in value:
        if char in _BLANK:
            behind = units[count - 1][2] if count else units[0][1]
            begins.append(behind)
            ends.append(behind)
        else:
            begins.append(units[count][1])
            ends.append(units[count][2])
            count += 1
    begins.append(units[-1][2])
    return tuple(begins), tuple(ends)
