"""Source map of a YAML scalar: from the characters of its text to those of the file.

A mistake in a schedule is shown where it stands, whatever the quoting, folding and escapes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from lrdsl.errors.diagnostics import Span

# What YAML folds, strips or indents: no character of these is ever located by itself.
_BLANK = " \t\r\n\x85\u2028\u2029"
_PROPERTIES = r"(?:[&!]\S*[ \t\r\n]+)*"  # anchor and tag
_HEADER = r"[|>][^\r\n]*"
_SINGLE = r"''|[^']"
_DOUBLE = r"(?s)\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|\r\n|.)|[^\"\\]"
_ESCAPES = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r",
    "e": "\x1b", "N": "\x85", "_": "\xa0", "L": "\u2028", "P": "\u2029",
}  # fmt: skip

# A character of the text, and the range of the file that spells it.
Spelled = tuple[str, int, int]


@dataclass(frozen=True, eq=False)
class SourceMap:
    """The scalar that stands in `source[start:end]` and that YAML reads as `text`.

    style: how it is quoted: `'`, `"`, `|`, `>`, or nothing. Where the characters are is worked
    out when somebody asks, which is for few scalars.
    """

    source: str
    start: int
    end: int
    text: str = ""
    style: str | None = None

    @property
    def whole(self) -> Span:
        """The range of the scalar in the file, at least one character."""
        return Span(self.start, max(self.end, self.start + 1))

    @property
    def is_exact(self) -> bool:
        """Whether it is known where each character stands."""
        return bool(self._begins_and_ends[0])

    def in_file(self, inside: Span) -> Span:
        """The range in the file of a range of the text; the whole scalar where that is unknown."""
        begins, ends = self._begins_and_ends
        if not begins:
            return self.whole
        start = begins[min(inside.start, len(begins) - 1)]
        end = ends[min(inside.end, len(ends)) - 1] if inside.end else start
        return Span(start, max(end, start + 1))

    @cached_property
    def _begins_and_ends(self) -> tuple[list[int], list[int]]:
        """Where each character of the text, and what follows the last, begins and ends."""
        spelled = [each for each in self._spelled() if each[0] not in _BLANK]
        text = [char for char in self.text if char not in _BLANK]
        if not spelled or [char for char, _, _ in spelled] != text:
            return [], []
        begins, ends, count = [], [], 0
        for char in self.text:
            if char in _BLANK:  # counts as standing behind the character before it
                behind = spelled[count - 1][2] if count else spelled[0][1]
                begins.append(behind)
                ends.append(behind)
            else:
                begins.append(spelled[count][1])
                ends.append(spelled[count][2])
                count += 1
        return [*begins, spelled[-1][2]], ends

    def _spelled(self) -> Iterator[Spelled]:
        """The characters that the file spells, blanks as they come."""
        source, start, end = self.source, self.start, self.end
        match self.style:
            case "'" | '"' as quote:
                if end - start < 2 or source[start] != quote or source[end - 1] != quote:
                    return
                pattern = re.compile(_SINGLE if quote == "'" else _DOUBLE)
                for each in pattern.finditer(source, start + 1, end - 1):
                    yield _unescaped(each[0], quote), each.start(), each.end()
                return
            case "|" | ">":
                header = re.compile(_HEADER).match(source, start, end)
                start = header.end() if header else end
        for offset in range(start, end):
            yield source[offset], offset, offset + 1


def map_scalar(source: str, start: int, end: int, text: str, style: str | None) -> SourceMap:
    """The map of a scalar that YAML found in `source[start:end]`, anchor and tag included."""
    properties = re.compile(_PROPERTIES).match(source, start, end)
    start = properties.end() if properties else start
    end = start + len(source[start:end].rstrip(_BLANK))
    return SourceMap(source, start, end, text, style)


def _unescaped(spelled: str, quote: str) -> str:
    if quote == "'" or spelled[0] != "\\":
        return spelled[0]
    if spelled[1] in "xuU" and len(spelled) > 2:
        code = int(spelled[2:], 16)
        return chr(code) if code < 0x110000 else "\n"
    return _ESCAPES.get(spelled[1], spelled[1])
