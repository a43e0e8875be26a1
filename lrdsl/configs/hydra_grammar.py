"""Values in Hydra's override grammar: split at commas, quoted, written, read by its own parser."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override

# `name(...)`, and the `name=` of an argument.
_CALL = re.compile(r"\s*([A-Za-z_]\w*)\s*\((.*)\)\s*", re.DOTALL)
BINDING = re.compile(r"\s*[A-Za-z_]\w*\s*=(?!=)")


def split(text: str) -> list[str]:
    """The items between top-level commas; a comma inside `where a = 1, b = 2` is not one."""
    items: list[str] = []
    for piece in _pieces(text):
        if items and BINDING.match(piece) and re.search(r"\bwhere\b", items[-1]):
            items[-1] += f",{piece}"
        else:
            items.append(piece)
    return [item.strip() for item in items]


def _pieces(text: str) -> Iterator[str]:
    """What stands between commas that are in no brackets and no quotes."""
    depth = start = position = 0
    while position < len(text):
        char = text[position]
        if char in "\"'":
            position = end_of_quote(text, position)
        depth = max(depth + (char in "([{") - (char in ")]}"), 0)
        if char == "," and depth == 0:
            yield text[start:position]
            start = position + 1
        position += 1
    yield text[start:]


def end_of_quote(text: str, start: int) -> int:
    """Where the quote at `start` closes; `start` itself when it never does."""
    match = re.compile(rf"{text[start]}(?:\\.|[^\\])*?{text[start]}", re.DOTALL).match(text, start)
    return match.end() - 1 if match else start


def quoted(text: str, mark: str = "'") -> str:
    """`text` as a quoted string of Hydra's grammar."""

    def escape(match: re.Match[str]) -> str:
        return match[1] * 2 + (f"\\{mark}" if match[2] else "")

    # Backslashes count only before a quote, the closing one included.
    return mark + re.sub(rf"(\\*)({mark}|\Z)", escape, text) + mark


def bracketed(brackets: str, items: Iterable[str]) -> str:
    """Items with commas between them and a pair of brackets around them."""
    return f"{brackets[0]}{','.join(items)}{brackets[1]}"


def spelled(value: Any) -> str:
    """A value of Python as text of Hydra's grammar."""
    match value:
        case str():
            return quoted(value)
        case Mapping():
            return bracketed("{}", (f"{key}:{spelled(each)}" for key, each in value.items()))
        case list() | tuple():
            return bracketed("[]", map(spelled, value))
        case None:
            return "null"
        case bool():
            return str(value).lower()
    return repr(value)


def hydra_call(value: str) -> re.Match[str] | None:
    """`value` as one call of a function of Hydra's, such as `shuffle(a, b)`."""
    call = _CALL.fullmatch(value)
    found = call and call[1] in _hydra_functions() and _closes_at_end(value)
    return call if found else None


def _closes_at_end(value: str) -> bool:
    """Whether the first bracket is closed by the last character: one call, not `f(x) * g(y)`."""
    depth = 0
    for offset, char in enumerate(value.rstrip()):
        depth += (char == "(") - (char == ")")
        if depth == 0 and char == ")":
            return offset == len(value.rstrip()) - 1
    return False


@cache
def _parser() -> Any:
    from hydra.core.override_parser.overrides_parser import OverridesParser

    return OverridesParser.create()


def _hydra_functions() -> Mapping[str, Any]:
    functions: Mapping[str, Any] = _parser().functions.functions
    return functions


def is_accepted(value: str) -> bool:
    """Whether Hydra can read a value as it stands."""
    return parse_override(f"key={value}") is not None


def parse_override(word: str) -> Override | None:
    """Hydra's own reading of a word; None when it has none."""
    from hydra.errors import HydraException

    parser = _parser()
    parse_rule = inspect.unwrap(type(parser).parse_rule)  # `lrdsl.hydra` may have wrapped it
    try:
        return parse_rule(parser, word, "override")
    except (HydraException, ValueError):
        return None
