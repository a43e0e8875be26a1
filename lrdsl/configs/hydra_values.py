"""Values in Hydra's override grammar, without Hydra: split at commas, and quoted."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

# An override: what it does (`+`, `++`, `~` or nothing), its key, its value.
OVERRIDE = re.compile(r"(\+\+?|~|)([A-Za-z_$][\w$./@:-]*)=(.*)", re.DOTALL)
# The `name=` of an argument.
BINDING = re.compile(r"\s*[A-Za-z_]\w*\s*=(?!=)")
_PLAIN = re.compile(r"[\w.+-]+")


def split(text: str) -> list[str]:
    """The items between top-level commas; a comma inside `where a = 1, b = 2` is not one."""
    items: list[str] = []
    start = 0
    for comma in (*_commas(text), len(text)):
        piece, start = text[start:comma], comma + 1
        if items and BINDING.match(piece) and re.search(r"\bwhere\b", items[-1]):
            items[-1] += f",{piece}"
        else:
            items.append(piece)
    return [item.strip() for item in items]


def _commas(text: str) -> Iterator[int]:
    """Where the commas are that stand in no brackets and in no quotes."""
    depth = position = 0
    while position < len(text):
        char = text[position]
        if char in "\"'":
            position = _end_of_quote(text, position)
        depth = max(depth + (char in "([{") - (char in ")]}"), 0)
        if char == "," and depth == 0:
            yield position
        position += 1


def _end_of_quote(text: str, start: int) -> int:
    """Where the quote at `start` closes; `start` itself when it never does."""
    match = re.compile(rf"{text[start]}(?:\\.|[^\\])*?{text[start]}", re.DOTALL).match(text, start)
    return match.end() - 1 if match else start


def quoted(text: str, mark: str = "'") -> str:
    """`text` as a quoted string of Hydra's grammar."""

    def escape(match: re.Match[str]) -> str:
        return match[1] * 2 + (f"\\{mark}" if match[2] else "")

    # Backslashes count only before a quote, the closing one included.
    return mark + re.sub(rf"(\\*)({mark}|\Z)", escape, text) + mark


def quote(word: str) -> str:
    """`KEY=EXPR` as a shell and Hydra without our decorator need it; ValueError for no override."""
    match = OVERRIDE.fullmatch(word)
    if not match:
        raise ValueError(f"`{word}` is not an override; write `KEY=EXPR`")
    items = [_quote_item(item) for item in split(match[3])]
    return shlex.quote(f"{match[1]}{match[2]}={','.join(items)}")


def _quote_item(item: str) -> str:
    already = item[:1] in ("'", '"') and _end_of_quote(item, 0) == len(item) - 1 > 0
    return item if already or _PLAIN.fullmatch(item) else quoted(item, '"')
