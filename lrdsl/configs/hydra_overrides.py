"""Overrides as people type them to overrides in the quotes that Hydra's own grammar needs."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Sequence

from lrdsl.configs.hydra_grammar import (
    BINDING,
    bracketed,
    end_of_quote,
    hydra_call,
    is_accepted,
    quoted,
    split,
)
from lrdsl.configs.hydra_named import Named, spell_out
from lrdsl.configs.hydra_words import OVERRIDE, SCHEDULE_KEYS, is_schedule_key, override_indices

_PLAIN = re.compile(r"[\w.+-]+")
# What Hydra's grammar has only inside quotes, which its functions take off.
_NEEDS_QUOTES = re.compile(r"[\^<>!;#&~\"'\n]")


def rewrite(
    words: Sequence[str], keys: Sequence[str] = SCHEDULE_KEYS, named: Named | None = None
) -> list[str]:
    """The same command line, every expression quoted for Hydra; ordinary words stay as they are.

    With `named`, which looks up a named schedule, `KEY=NAME` becomes the schedule itself where
    that is needed to change a number inside it.
    """
    out = list(words)
    for index in override_indices(out):
        out[index] = rewrite_word(out[index], keys)
    return spell_out(out, keys, named) if named else out


def rewrite_word(word: str, keys: Sequence[str] = SCHEDULE_KEYS) -> str:
    """One override, with what Hydra refuses and the schedule language accepts in quotes."""
    match = OVERRIDE.fullmatch(word)
    if not match:
        return word
    is_ours = _is_anything if is_schedule_key(match[2], keys) else _is_expression
    value = _rewrite_value(match[3], is_ours)
    return word if value == match[3] else f"{match[1] or ''}{match[2]}={value}"


def _is_anything(item: str) -> bool:
    """Under a schedule's key a text with mistakes is quoted, too, and explained by lrdsl."""
    return True


def _is_expression(item: str) -> bool:
    from lrdsl.language.user_library import problems

    return not any(found.severity == "error" for found in problems(item, interpolations=True))


def _rewrite_value(value: str, is_ours: Callable[[str], bool]) -> str:
    call = hydra_call(value)
    if call and call[1] == "choice":
        # Hydra's choice() loses the quotes of its items; the comma form is the same sweep.
        items = split(call[2])
        if any(item[:1] in ("'", '"') or not is_accepted(item) for item in items):
            value = ",".join(items)
    if is_accepted(value):
        return value
    return ",".join(_rewrite_item(item, is_ours) for item in split(value))


def _rewrite_argument(argument: str, is_ours: Callable[[str], bool]) -> str:
    name = BINDING.match(argument)
    start = name.end() if name else 0
    return argument[:start].strip() + _rewrite_item(argument[start:].strip(), is_ours)


def _rewrite_item(item: str, is_ours: Callable[[str], bool]) -> str:
    if is_accepted(item):
        return item
    if call := hydra_call(item):
        return f"{call[1]}({','.join(_rewrite_argument(each, is_ours) for each in split(call[2]))})"
    if item[:1] + item[-1:] == "{}":
        pairs = (pair.partition(":") for pair in split(item[1:-1]))
        return bracketed("{}", (f"{k}:{_rewrite_item(v.strip(), is_ours)}" for k, _, v in pairs))
    if item[:1] + item[-1:] == "[]":
        return bracketed("[]", (_rewrite_item(each, is_ours) for each in split(item[1:-1])))
    return quoted(item) if is_ours(item) else item


def lost_in_call(word: str) -> str | None:
    """The Hydra function of this word that would lose the quotes of an expression, if any."""
    match = OVERRIDE.fullmatch(word)
    call = hydra_call(match[3]) if match else None
    if not call or not is_accepted(call[0]):
        return None
    items = (item for item in _flat(call[2]) if item[:1] in "\"'")
    return call[1] if any(_NEEDS_QUOTES.search(item[1:-1]) for item in items) else None


def _flat(arguments: str) -> Iterator[str]:
    """The arguments of a call, and those of the calls among them."""
    for item in split(arguments):
        call = hydra_call(item)
        yield from _flat(call[2]) if call else [item]


def quote(word: str) -> str:
    """`KEY=EXPR` as a shell and Hydra without our decorator need it."""
    match = OVERRIDE.fullmatch(word)
    if not match:
        raise ValueError(f"`{word}` is not an override; write `KEY=EXPR`")
    items = [item if _PLAIN.fullmatch(item) else _quote_item(item) for item in split(match[3])]
    return shlex.quote(f"{match[1] or ''}{match[2]}={','.join(items)}")


def _quote_item(item: str) -> str:
    already = item[:1] in ("'", '"') and end_of_quote(item, 0) == len(item) - 1 > 0
    return item if already else quoted(item, '"')
