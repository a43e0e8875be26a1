"""Overrides with a schedule itself put for its name, where other words change numbers in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lrdsl.configs.hydra_grammar import parse_override, spelled
from lrdsl.configs.hydra_words import OVERRIDE, is_schedule_key, key_of, override_indices

# From the name of a schedule to its `expr` and `params`; None where there is none of this name.
Named = Callable[[str], Mapping[str, Any] | None]


def spell_out(words: list[str], keys: Sequence[str], named: Named) -> list[str]:
    """`lr=cosine lr.params.peak=1` with the mapping of `cosine` put for its name.

    Hydra merges a mapping into the one that stands there, so `++lr=null` goes before, also where
    a word gives the whole mapping itself.
    """
    multirun = any(word in ("-m", "--multirun") for word in words)
    for index in list(override_indices(words)):
        match = OVERRIDE.fullmatch(words[index])
        if not match or match[1] == "~" or not is_schedule_key(match[2], keys):
            continue
        inside = [i for i in override_indices(words) if key_of(words[i]).startswith(f"{match[2]}.")]
        value = _value(words[index], [key_of(words[i]) for i in inside], named)
        empty = f"++{match[2]}=null"
        if not match[1] and _is_whole(words[index]) and empty not in words:
            return spell_out([*words[:index], empty, *words[index:]], keys, named)
        if value and (inside or not multirun):
            new = [f"++{match[2]}=null", f"{match[2]}={value}"]
            first = min([index, *inside])
            rest = words[first:index] + words[index + 1 :]
            return spell_out([*words[:first], *new, *rest], keys, named)
    return words


def _is_whole(word: str) -> bool:
    """Whether a word gives a schedule as a mapping with all of it: `KEY={expr: ..., ...}`."""
    override = parse_override(word)
    if override is None or override.is_sweep_override():
        return False
    value = override.value()
    return isinstance(value, Mapping) and "expr" in value


def _value(word: str, inside: Sequence[str], named: Named) -> str | None:
    """The value of `word` with every name, and every text that is given numbers, spelled out."""
    override = parse_override(word)
    if override is None or not (override.is_choice_sweep() or not override.is_sweep_override()):
        return None
    value: Any = override.value()
    items = list(value.list) if override.is_choice_sweep() and hasattr(value, "list") else [value]
    texts = [getattr(item, "text", item) for item in items]
    schedules = [_schedule(text, inside, named) for text in texts]
    if schedules == texts:
        return None
    return ",".join(spelled(schedule) for schedule in schedules)


def _schedule(text: Any, inside: Sequence[str], named: Named) -> Any:
    """The mapping of a name, or of an expression some of whose params the keys `inside` give."""
    if not isinstance(text, str):
        return text
    params = {key.rpartition(".")[2]: None for key in inside if ".params." in key}
    known = named(text)
    if known is not None:
        return known
    return {"expr": text, "params": params} if params else text
