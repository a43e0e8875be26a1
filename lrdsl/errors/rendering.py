"""Diagnostics to text for people: the frame with carets, safe for any terminal."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

from lrdsl.errors.diagnostics import Diagnostic, Label, Source, Span

_BIDI = {0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)}


def visible(text: str) -> str:
    """`text` with every character that could steer a terminal written as an escape."""
    return "".join(_escape(char) for char in text)


def _escape(char: str) -> str:
    code = ord(char)
    if char == "\t":
        return " "
    if code < 0x20 or 0x7F <= code < 0xA0:
        return f"\\x{code:02x}"
    if code in _BIDI or 0xD800 <= code < 0xE000 or code in (0x2028, 0x2029):
        return f"\\u{code:04x}"
    return char


def width(text: str) -> int:
    """Terminal cells of an already visible text."""
    return sum(_cells(char) for char in text)


def _cells(char: str) -> int:
    import unicodedata

    if unicodedata.combining(char) or unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


class Lines:
    """A text's line table: offset to (line, column), both from 1, columns in code points."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.starts = [0]
        for offset, char in enumerate(text):
            if char == "\n" or (char == "\r" and text[offset + 1 : offset + 2] != "\n"):
                self.starts.append(offset + 1)

    def position(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self.starts, offset)
        return line, offset - self.starts[line - 1] + 1

    def line(self, number: int) -> str:
        start = self.starts[number - 1]
        end = self.starts[number] if number < len(self.starts) else len(self.text)
        return self.text[start:end].rstrip("\r\n")


def render_all(diagnostics: Iterable[Diagnostic], text: str, name: str) -> str:
    """Every diagnostic of one text, in order of position, a blank line between them."""
    lines = Lines(text)
    ordered = sorted(diagnostics, key=lambda found: (found.span, found.code))
    return "\n\n".join(render(found, lines, name) for found in ordered)


def render(found: Diagnostic, lines: Lines, name: str) -> str:
    """One diagnostic: what is wrong, where, a caret under it, and what to type."""
    here = found.source
    if here is not None:
        name, lines, schedule = here.name, Lines(here.text), (name, lines)
    else:
        schedule = (name, lines)
    line, column = lines.position(found.span.start)
    places = [(label, _place(label, here, lines, schedule)) for label in found.labels]
    last = [line, *(where[1].position(label.span.start)[0] for label, where in places)]
    gutter = " " * len(str(max(last)))
    out = [
        f"{found.severity}[{found.code}]: {visible(found.message)}",
        f"{gutter}--> {visible(name)}:{line}:{column}",
        f"{gutter} |",
        *_frame(found.span, "^", "", lines, gutter),
    ]
    for label, (other, its_lines) in sorted(places, key=lambda place: place[0].span):
        frame = _frame(label.span, "-", label.text, its_lines, gutter)
        if its_lines is not lines:
            at = "{}:{}".format(*its_lines.position(label.span.start))
            out += [f"{gutter}::: {visible(other)}:{at}", f"{gutter} |", *frame]
        else:
            out += frame[frame[0] == out[-2] :]
    if found.help:
        out.append(f"{gutter} = help: {visible(found.help)}")
    return "\n".join(out)


def _place(
    label: Label, here: Source | None, lines: Lines, schedule: tuple[str, Lines]
) -> tuple[str, Lines]:
    """The text that a label stands in."""
    if label.source == here:
        return "", lines
    return schedule if label.source is None else (label.source.name, Lines(label.source.text))


# A long line is shown as a window around the mark.
_WINDOW = 100


def _frame(span: Span, mark: str, note: str, lines: Lines, gutter: str) -> list[str]:
    number, column = lines.position(span.start)
    raw = lines.line(number)
    start = column - 1
    end = min(start + max(span.end - span.start, 1), max(len(raw), column))
    left = max(0, start - _WINDOW // 2) if len(raw) > _WINDOW else 0
    shown = visible(raw[left : left + _WINDOW])
    before = ("..." if left else "") + visible(raw[left:start])
    marks = mark * max(width(visible(raw[start : min(end, left + _WINDOW)])), 1)
    source = f"{'...' if left else ''}{shown}{'...' if left + _WINDOW < len(raw) else ''}"
    return [
        f"{number:>{len(gutter)}} | {source}",
        f"{gutter} | {' ' * width(before)}{marks} {visible(note)}".rstrip(),
    ]
