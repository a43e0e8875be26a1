"""Where the characters of a YAML scalar stand in its file, whatever the quoting and folding."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lrdsl.diagnostics import Span

# What YAML folds, strips or indents: no character of these is ever located by itself.
_BLANK = " \t\r\n\x85\u2028\u2029"
_PROPERTIES = re.compile(r"(?:[&!]\S*[ \t\r\n]+)*")
_HEADER = re.compile(r"[|>][^\r\n]*")
_SINGLE = re.compile(r"''|[^']")
_DOUBLE = re.compile(
    r"\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|\r\n|.)|[^\"\\]", re.DOTALL
)
_ESCAPES = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r",
    "e": "\x1b", "N": "\x85", "_": "\xa0", "L": "\u2028", "P": "\u2029",
}  # fmt: skip

Unit = tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class Place:
    """A scalar's text in its file: its whole range, and each character's where it is certain."""

    whole: Span
    begins: tuple[int, ...] = ()
    ends: tuple[int, ...] = ()

    def span(self, inside: Span) -> Span:
        """The range in the file of a range of the text."""
        if not self.begins:
            return self.whole
        start = self.begins[min(inside.start, len(self.begins) - 1)]
        end = self.ends[min(inside.end, len(self.ends)) - 1] if inside.end else start
        return Span(start, max(end, start + 1))


def place(source: str, start: int, end: int, value: str, style: str | None) -> Place:
    """The place of the scalar that YAML found in source[start:end], properties included."""
    properties = _PROPERTIES.match(source, start, end)
    start = properties.end() if properties else start
    end = start + len(source[start:end].rstrip(_BLANK))
    whole = Span(start, max(end, start + 1))
    units = [unit for unit in _units(source, start, end, style) if unit[0] not in _BLANK]
    if not units or [unit[0] for unit in units] != [char for char in value if char not in _BLANK]:
        return Place(whole)
    return Place(whole, *_offsets(value, units))


def _units(source: str, start: int, end: int, style: str | None) -> Iterator[Unit]:
    """The characters that the source spells, each with its range; blanks as they come."""
    match style:
        case "'" | '"':
            if end - start < 2 or source[start] != style or source[end - 1] != style:
                return
            pattern = _SINGLE if style == "'" else _DOUBLE
            for unit in pattern.finditer(source, start + 1, end - 1):
                yield _unescaped(unit[0], style), unit.start(), unit.end()
        case "|" | ">":
            header = _HEADER.match(source, start, end)
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
